//! The life of a session: from start to done, through everything that devices do.

use crate::harness::{Crew, Place, at, on_both};
use domain::{
    Timestamp,
    job::JobState,
    session::{FailureReason, Phase, Session, SessionStatus},
};
use storage::db::{
    jobs::CALLED_OFF,
    procedures::Outcome,
    sessions::{NewSession, Stop},
};
use uuid::Uuid;

fn keyed(key: Option<&str>) -> NewSession {
    NewSession { name: "Boiler service".into(), task_id: None, idempotency_key: key.map(Into::into), started_at: None }
}

pub fn where_it_is(session: &Session) -> (SessionStatus, Phase, Option<FailureReason>) {
    (session.status, session.phase, session.failure_reason)
}

pub const RECORDING: (SessionStatus, Phase, Option<FailureReason>) =
    (SessionStatus::InProgress, Phase::Recording, None);
pub const UPLOADING: (SessionStatus, Phase, Option<FailureReason>) =
    (SessionStatus::InProgress, Phase::Uploading, None);
pub const PROCESSING: (SessionStatus, Phase, Option<FailureReason>) =
    (SessionStatus::InProgress, Phase::Processing, None);
pub fn failed(reason: FailureReason) -> (SessionStatus, Phase, Option<FailureReason>) {
    (SessionStatus::Failed, Phase::Done, Some(reason))
}

pub async fn stop(place: &Place, session: &Session, recordings: Option<u32>, now: Timestamp) -> Session {
    place.db.stop_session(session.tenant_id, session.id, &Stop::with_parts(recordings), now).await.unwrap().unwrap()
}

pub async fn is(place: &Place, session: &Session, expected: (SessionStatus, Phase, Option<FailureReason>)) {
    assert_eq!(where_it_is(&place.now(session).await), expected);
}

pub async fn jobs_are(place: &Place, session: &Session, expected: &[JobState]) {
    assert_eq!(place.job_states(session.tenant_id, session.id).await, expected);
}

/// Claims and approves the job of the only session that has one.
pub async fn processed(place: &Place, crew: &Crew, now: Timestamp) {
    let worker = Uuid::now_v7();
    let job = place.claim(worker, now).await.unwrap();
    assert_eq!(job.tenant_id, crew.tenant);
    assert!(place.db.approve(&job, worker, &Outcome::default(), now).await.unwrap());
}

#[tokio::test(flavor = "multi_thread")]
async fn the_same_key_of_the_same_seat_starts_one_session() {
    on_both(async |place| {
        let (crew, other) = (place.crew("acme").await, place.crew("other").await);
        let (first, new) = place.db.start_session(&crew.seat, keyed(Some("k")), at(0)).await.unwrap();
        assert!(new);
        assert_eq!(where_it_is(&first), RECORDING);
        assert_eq!(place.now(&first).await, first, "what is returned is what is kept");
        let (again, new) = place.db.start_session(&crew.seat, keyed(Some("k")), at(5)).await.unwrap();
        assert_eq!((again, new), (first.clone(), false));
        let theirs = place.db.start_session(&other.seat, keyed(Some("k")), at(5)).await.unwrap();
        assert!(theirs.1 && theirs.0.id != first.id);
        for key in [None, None, Some("l")] {
            assert!(place.db.start_session(&crew.seat, keyed(key), at(6)).await.unwrap().1);
        }
        assert_eq!(place.number("SELECT count(*) FROM sessions").await, 5);
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn requests_with_one_key_at_once_start_one_session() {
    on_both(async |place| {
        let crew = place.crew("acme").await;
        let race = (0..8).map(|_| place.db.start_session(&crew.seat, keyed(Some("k")), at(0)));
        let started: Vec<_> = futures::future::join_all(race).await.into_iter().map(Result::unwrap).collect();
        assert_eq!(started.iter().filter(|(_, new)| *new).count(), 1);
        assert!(started.iter().all(|(session, _)| session.id == started[0].0.id));
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_heartbeat_is_noted_and_one_of_no_session_is_not() {
    on_both(async |place| {
        let crew = place.crew("acme").await;
        let session = place.recording(&crew, at(0)).await;
        assert!(place.db.heartbeat(crew.tenant, session.id, at(30)).await.unwrap());
        assert_eq!(place.now(&session).await.last_heartbeat_at, at(30));
        assert!(!place.db.heartbeat(crew.tenant, Uuid::now_v7().into(), at(30)).await.unwrap());
        assert_eq!(
            place.db.stop_session(crew.tenant, Uuid::now_v7().into(), &Stop::with_parts(None), at(30)).await.unwrap(),
            None
        );
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn stopped_before_any_video_was_committed() {
    on_both(async |place| {
        let crew = place.crew("acme").await;
        let session = place.recording(&crew, at(0)).await;
        let stopped = stop(place, &session, Some(0), at(9)).await;
        assert_eq!(where_it_is(&stopped), failed(FailureReason::NoRecording));
        assert_eq!((stopped.stopped_at, stopped.completed_at), (Some(at(9)), Some(at(9))));
        assert_eq!(stop(place, &session, Some(0), at(20)).await, stopped, "stopping twice does no harm");
        jobs_are(place, &session, &[]).await;
        // The device had counted wrongly: what it uploads after all is taken.
        let upload = place.upload(&session, Some(4), at(30)).await;
        is(place, &session, UPLOADING).await;
        place.append(&upload, 0, 4, at(31)).await.unwrap();
        is(place, &session, PROCESSING).await;
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_last_byte_after_the_stop_puts_down_one_job() {
    on_both(async |place| {
        let crew = place.crew("acme").await;
        let session = place.recording(&crew, at(0)).await;
        assert_eq!(where_it_is(&stop(place, &session, None, at(9)).await), UPLOADING);
        let upload = place.upload(&session, Some(10), at(10)).await;
        is(place, &session, UPLOADING).await;
        place.append(&upload, 0, 9, at(11)).await.unwrap();
        is(place, &session, UPLOADING).await;
        jobs_are(place, &session, &[]).await;
        place.append(&upload, 9, 1, at(12)).await.unwrap();
        is(place, &session, PROCESSING).await;
        jobs_are(place, &session, &[JobState::Ready]).await;
        stop(place, &session, None, at(13)).await;
        jobs_are(place, &session, &[JobState::Ready]).await;
        assert_eq!(place.now(&session).await.updated_at, at(12), "a second stop is no change");
    })
    .await;
}

/// The phase and the job are one fact: where the job cannot be written, the last byte is not taken either.
#[tokio::test(flavor = "multi_thread")]
async fn without_its_job_the_last_byte_does_not_count() {
    on_both(async |place| {
        let crew = place.crew("acme").await;
        let session = place.recording(&crew, at(0)).await;
        let upload = place.upload(&session, Some(10), at(0)).await;
        stop(place, &session, None, at(9)).await;
        place.sql("ALTER TABLE jobs RENAME TO jobs_away").await.unwrap();
        let chunk = storage::db::uploads::Chunk { start: 0, bytes: 10, key: "k".into() };
        let failed = place.db.append_chunk(crew.tenant, upload.id, chunk, at(99), at(10)).await;
        assert!(failed.is_err());
        place.sql("ALTER TABLE jobs_away RENAME TO jobs").await.unwrap();
        is(place, &session, UPLOADING).await;
        assert_eq!(place.db.upload(crew.tenant, upload.id).await.unwrap(), Some(upload.clone()));
        place.append(&upload, 0, 10, at(11)).await.unwrap();
        jobs_are(place, &session, &[JobState::Ready]).await;
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_upload_that_is_complete_first_waits_for_the_stop() {
    on_both(async |place| {
        let crew = place.crew("acme").await;
        let session = place.recording(&crew, at(0)).await;
        let upload = place.upload(&session, Some(10), at(0)).await;
        place.append(&upload, 0, 10, at(1)).await.unwrap();
        is(place, &session, RECORDING).await;
        jobs_are(place, &session, &[]).await;
        assert_eq!(where_it_is(&stop(place, &session, Some(1), at(9)).await), PROCESSING);
        jobs_are(place, &session, &[JobState::Ready]).await;
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_deferred_length_is_the_last_thing_to_come() {
    on_both(async |place| {
        let crew = place.crew("acme").await;
        let session = place.recording(&crew, at(0)).await;
        let upload = place.upload(&session, None, at(0)).await;
        place.append(&upload, 0, 10, at(1)).await.unwrap();
        stop(place, &session, Some(1), at(2)).await;
        is(place, &session, UPLOADING).await;
        place.append(&upload, 10, 5, at(3)).await.unwrap();
        is(place, &session, UPLOADING).await;
        place.db.declare_length(crew.tenant, upload.id, 15, at(4)).await.unwrap().unwrap();
        is(place, &session, PROCESSING).await;
        jobs_are(place, &session, &[JobState::Ready]).await;
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_empty_upload_is_complete_at_once() {
    on_both(async |place| {
        let crew = place.crew("acme").await;
        let session = place.recording(&crew, at(0)).await;
        place.upload(&session, Some(0), at(0)).await;
        is(place, &session, RECORDING).await;
        let stopped = stop(place, &session, Some(1), at(2)).await;
        assert_eq!(where_it_is(&stopped), failed(FailureReason::NoRecording));
        jobs_are(place, &session, &[]).await;
        assert!(!place.db.process_again(crew.tenant, session.id, at(4)).await.unwrap(), "there are no bytes");

        let stopped_first = place.recording(&crew, at(0)).await;
        stop(place, &stopped_first, Some(1), at(2)).await;
        place.upload(&stopped_first, Some(0), at(3)).await;
        is(place, &stopped_first, failed(FailureReason::NoRecording)).await;
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn processed_again_from_what_is_kept() {
    on_both(async |place| {
        let crew = place.crew("acme").await;
        let session = place.processing(&crew, at(0)).await;
        assert!(!place.db.process_again(crew.tenant, session.id, at(1)).await.unwrap(), "it is being processed");
        place.db.begin_step(crew.tenant, session.id, domain::job::Step::Receive, "h", at(1)).await.unwrap();
        processed(place, &crew, at(2)).await;
        assert!(place.db.process_again(crew.tenant, session.id, at(3)).await.unwrap());
        is(place, &session, PROCESSING).await;
        jobs_are(place, &session, &[JobState::Ready, JobState::Done]).await;
        assert_eq!(place.db.steps(crew.tenant, session.id).await.unwrap(), [], "every step runs again");
        processed(place, &crew, at(4)).await;
        is(place, &session, (SessionStatus::Completed, Phase::Done, None)).await;

        let empty = place.recording(&crew, at(0)).await;
        stop(place, &empty, Some(0), at(1)).await;
        assert!(!place.db.process_again(crew.tenant, empty.id, at(2)).await.unwrap(), "there is nothing to process");
        assert!(!place.db.process_again(crew.tenant, Uuid::now_v7().into(), at(2)).await.unwrap());
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn called_off_while_it_waits_and_while_it_runs() {
    on_both(async |place| {
        let crew = place.crew("acme").await;
        let session = place.processing(&crew, at(0)).await;
        place.db.cancel_processing(crew.tenant, session.id, at(1)).await.unwrap();
        is(place, &session, failed(FailureReason::ProcessingError)).await;
        assert_eq!(place.now(&session).await.failure_detail.as_deref(), Some(CALLED_OFF));
        jobs_are(place, &session, &[JobState::Cancelled]).await;
        let worker = Uuid::now_v7();
        assert_eq!(place.claim(worker, at(2)).await, None);

        assert!(place.db.process_again(crew.tenant, session.id, at(3)).await.unwrap());
        assert_eq!(place.now(&session).await.failure_detail, None);
        let job = place.claim(worker, at(4)).await.unwrap();
        place.db.cancel_processing(crew.tenant, session.id, at(5)).await.unwrap();
        is(place, &session, PROCESSING).await;
        let lease = place.db.renew_lease(&job, worker, at(20)).await.unwrap();
        assert_eq!(lease, storage::db::jobs::Lease::CancelRequested);
        let ended = place.db.fail_processing(&job, worker, JobState::Cancelled, CALLED_OFF, at(6)).await.unwrap();
        assert!(ended);
        is(place, &session, failed(FailureReason::ProcessingError)).await;
        jobs_are(place, &session, &[JobState::Cancelled, JobState::Cancelled]).await;
        place.counters_are_right().await;
        // Nothing to call off: nothing happens.
        let before = place.everything().await;
        place.db.cancel_processing(crew.tenant, session.id, at(7)).await.unwrap();
        assert_eq!(place.everything().await, before);
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn changes_are_told_oldest_first_and_only_after_the_time_asked() {
    on_both(async |place| {
        let crew = place.crew("acme").await;
        let (first, second) = (place.recording(&crew, at(0)).await, place.recording(&crew, at(1)).await);
        stop(place, &first, None, at(5)).await;
        let changed = |since| place.db.sessions_changed(crew.tenant, since);
        assert_eq!(changed(at(0)).await.unwrap(), [(second.id, at(1)), (first.id, at(5))]);
        assert_eq!(changed(at(1)).await.unwrap(), [(first.id, at(5))]);
        place.db.heartbeat(crew.tenant, second.id, at(9)).await.unwrap();
        assert_eq!(changed(at(5)).await.unwrap(), [], "a heartbeat changes nothing that is shown");
    })
    .await;
}
