//! Devices that go silent, what the housekeeping makes of it, and what comes after all.

use crate::{
    harness::{At, Place, at, on_both},
    session_life::{PROCESSING, RECORDING, UPLOADING, failed, is, jobs_are, processed, stop},
};
use domain::{
    job::JobState,
    session::{FailureReason, Phase, SessionStatus},
};
use sea_orm::{ConnectionTrait, TransactionTrait};
use storage::db::{procedures::Outcome, sessions::PhaseLimits};
use uuid::Uuid;

pub const LIMITS: PhaseLimits = PhaseLimits { heartbeat_seconds: 120.0, upload_seconds: 86_400.0 };

#[tokio::test(flavor = "multi_thread")]
async fn silent_while_recording_with_something_here_processes_what_arrived() {
    on_both(async |place| {
        let crew = place.crew("acme").await;
        let session = place.recording(&crew, at(0)).await;
        let upload = place.upload(&session, Some(10), at(0)).await;
        place.append(&upload, 0, 4, at(10)).await.unwrap();
        assert_eq!(place.db.end_silent_sessions(LIMITS, at(130)).await.unwrap(), 0, "bytes are a sign of life");
        assert_eq!(place.db.end_silent_sessions(LIMITS, at(131)).await.unwrap(), 1);
        is(place, &session, PROCESSING).await;
        assert!(place.now(&session).await.ended_abnormally);
        jobs_are(place, &session, &[JobState::Ready]).await;
        assert_eq!(place.db.end_silent_sessions(LIMITS, at(9999)).await.unwrap(), 0);
        processed(place, &crew, at(140)).await;
        is(place, &session, failed(FailureReason::EndedAbnormally)).await;

        // The device comes back and goes on: that opens the session again.
        place.append(&upload, 4, 5, at(200)).await.unwrap();
        is(place, &session, RECORDING).await;
        place.append(&upload, 9, 1, at(201)).await.unwrap();
        is(place, &session, RECORDING).await;
        // And says that it was stopped: then nothing was abnormal.
        stop(place, &session, Some(1), at(202)).await;
        is(place, &session, PROCESSING).await;
        jobs_are(place, &session, &[JobState::Ready, JobState::Done]).await;
        processed(place, &crew, at(210)).await;
        is(place, &session, (SessionStatus::Completed, Phase::Done, None)).await;
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_stop_after_the_silence_waits_for_the_rest() {
    on_both(async |place| {
        let crew = place.crew("acme").await;
        let session = place.recording(&crew, at(0)).await;
        let upload = place.upload(&session, Some(10), at(0)).await;
        place.append(&upload, 0, 4, at(10)).await.unwrap();
        place.db.end_silent_sessions(LIMITS, at(200)).await.unwrap();
        processed(place, &crew, at(210)).await;
        stop(place, &session, Some(1), at(300)).await;
        is(place, &session, UPLOADING).await;
        assert_eq!(place.now(&session).await.completed_at, None);
        place.append(&upload, 4, 6, at(301)).await.unwrap();
        is(place, &session, PROCESSING).await;
    })
    .await;
}

/// A stop is a sign of life: a device that was away for days has its time to upload from then on.
#[tokio::test(flavor = "multi_thread")]
async fn a_stop_after_a_long_silence_leaves_time_to_upload() {
    on_both(async |place| {
        let crew = place.crew("acme").await;
        let session = place.recording(&crew, at(0)).await;
        let days = 3 * 86_400;
        stop(place, &session, Some(1), at(days)).await;
        assert_eq!(place.db.end_silent_sessions(LIMITS, at(days + 1)).await.unwrap(), 0);
        is(place, &session, UPLOADING).await;
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn silent_while_recording_with_nothing_here_fails_at_once() {
    on_both(async |place| {
        let crew = place.crew("acme").await;
        let bare = place.recording(&crew, at(0)).await;
        let begun = place.recording(&crew, at(0)).await;
        place.upload(&begun, Some(10), at(0)).await;
        let alive = place.recording(&crew, at(100)).await;
        assert_eq!(place.db.end_silent_sessions(LIMITS, at(121)).await.unwrap(), 2);
        for session in [&bare, &begun] {
            is(place, session, failed(FailureReason::EndedAbnormally)).await;
            assert_eq!(place.now(session).await.completed_at, Some(at(121)));
            jobs_are(place, session, &[]).await;
        }
        is(place, &alive, RECORDING).await;
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn silent_while_uploading() {
    on_both(async |place| {
        let crew = place.crew("acme").await;
        let (nothing, part) = (place.recording(&crew, at(0)).await, place.recording(&crew, at(0)).await);
        let upload = place.upload(&part, Some(10), at(0)).await;
        place.append(&upload, 0, 4, at(1)).await.unwrap();
        for session in [&nothing, &part] {
            stop(place, session, Some(1), at(2)).await;
        }
        assert_eq!(place.db.end_silent_sessions(LIMITS, at(1000)).await.unwrap(), 0, "uploading has a longer limit");
        assert_eq!(place.db.end_silent_sessions(LIMITS, at(86_403)).await.unwrap(), 2);
        is(place, &nothing, failed(FailureReason::NoRecording)).await;
        is(place, &part, PROCESSING).await;
        processed(place, &crew, at(86_410)).await;
        is(place, &part, failed(FailureReason::EndedAbnormally)).await;
    })
    .await;
}

/// The housekeeping has seen the silence and waits for the row while a heartbeat is being written.
#[tokio::test(flavor = "multi_thread")]
async fn a_heartbeat_that_comes_in_time_saves_the_session() {
    on_both(async |place| {
        let crew = place.crew("acme").await;
        let session = place.recording(&crew, at(0)).await;
        let heartbeat = place.raw.begin().await.unwrap();
        let beat = format!("UPDATE sessions SET last_heartbeat_at = {} WHERE id = {}", at(130).0, place.id(session.id));
        heartbeat.execute_unprepared(&beat).await.unwrap();
        let db = place.db.clone();
        let housekeeping = tokio::spawn(async move { db.end_silent_sessions(LIMITS, at(131)).await.unwrap() });
        until_somebody_waits(place).await;
        heartbeat.commit().await.unwrap();
        assert_eq!(housekeeping.await.unwrap(), 0);
        is(place, &session, RECORDING).await;
    })
    .await;
}

/// The same with a stop: it moves the session on, and the housekeeping must not undo it.
#[tokio::test(flavor = "multi_thread")]
async fn a_stop_that_comes_in_time_saves_the_session() {
    on_both(async |place| {
        let crew = place.crew("acme").await;
        let sessions = futures::future::join_all((0..30).map(|_| place.recording(&crew, at(0)))).await;
        let db = place.db.clone();
        let housekeeping = tokio::spawn(async move { db.end_silent_sessions(LIMITS, at(131)).await.unwrap() });
        for session in &sessions {
            stop(place, session, Some(1), at(131)).await;
        }
        housekeeping.await.unwrap();
        for session in &sessions {
            is(place, session, UPLOADING).await;
        }
    })
    .await;
}

/// On PostgreSQL, until a statement waits for a lock. On SQLite nobody can see that; the outcome is the same.
async fn until_somebody_waits(place: &Place) {
    if let At::Postgres { .. } = place.at {
        while place.number("SELECT count(*) FROM pg_locks WHERE NOT granted").await == 0 {
            tokio::task::yield_now().await;
        }
    }
}

/// Bytes that arrive while a worker is at what had arrived before are not forgotten.
#[tokio::test(flavor = "multi_thread")]
async fn the_rest_that_arrives_while_the_first_part_is_processed_is_processed_too() {
    on_both(async |place| {
        let crew = place.crew("acme").await;
        let session = place.recording(&crew, at(0)).await;
        let upload = place.upload(&session, Some(10), at(0)).await;
        place.append(&upload, 0, 4, at(10)).await.unwrap();
        place.db.end_silent_sessions(LIMITS, at(200)).await.unwrap();
        let worker = Uuid::now_v7();
        let job = place.claim(worker, at(201)).await.unwrap();
        place.append(&upload, 4, 6, at(202)).await.unwrap();
        jobs_are(place, &session, &[JobState::Running]).await;
        assert!(place.db.approve(&job, worker, &Outcome::default(), at(203)).await.unwrap());
        is(place, &session, PROCESSING).await;
        jobs_are(place, &session, &[JobState::Ready, JobState::Done]).await;
        place.counters_are_right().await;
        // This time all of it is there.
        processed(place, &crew, at(204)).await;
        is(place, &session, failed(FailureReason::EndedAbnormally)).await;
        jobs_are(place, &session, &[JobState::Done, JobState::Done]).await;
    })
    .await;
}

/// What the worker reads when it begins again is all there is: nothing has to be done a third time.
#[tokio::test(flavor = "multi_thread")]
async fn the_rest_that_arrives_before_an_attempt_begins_belongs_to_it() {
    on_both(async |place| {
        let crew = place.crew("acme").await;
        let session = place.recording(&crew, at(0)).await;
        let upload = place.upload(&session, Some(10), at(0)).await;
        place.append(&upload, 0, 4, at(10)).await.unwrap();
        place.db.end_silent_sessions(LIMITS, at(200)).await.unwrap();
        let worker = Uuid::now_v7();
        let job = place.claim(worker, at(201)).await.unwrap();
        place.append(&upload, 4, 6, at(202)).await.unwrap();
        place.db.retry_job(&job, worker, "no disk", at(203)).await.unwrap();
        let job = place.claim(worker, at(203)).await.unwrap();
        assert!(place.db.approve(&job, worker, &Outcome::default(), at(204)).await.unwrap());
        jobs_are(place, &session, &[JobState::Done]).await;
        is(place, &session, failed(FailureReason::EndedAbnormally)).await;
    })
    .await;
}
