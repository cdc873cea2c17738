//! A recording that comes in parts: out of order, twice, late, deleted, and never.

use crate::{
    harness::{Crew, at, new_upload, on_both},
    session_life::{PROCESSING, RECORDING, UPLOADING, failed, is, jobs_are, processed},
    silence::LIMITS,
};
use domain::{
    job::JobState,
    recording::{GapKind, Place},
    session::{FailureReason, Phase, Session, SessionStatus},
};
use storage::{
    DbError,
    db::{
        breaks::{Break, Deletion},
        sessions::Stop,
        uploads::{NewUpload, Upload, UploadState},
    },
};

/// Part `part` of two seconds.
fn part(part: u32) -> NewUpload {
    let place = Place { part, run: 1, start_ms: u64::from(part - 1) * 2000, duration_ms: Some(2000) };
    NewUpload { place, announced_sha256: Some(hash()), ..new_upload(Some(10)) }
}

fn hash() -> String {
    "a".repeat(64)
}

async fn arrives(place: &crate::harness::Place, session: &Session, number: u32, now: i64) -> Result<Upload, DbError> {
    let key = format!("{}/{number}", session.id);
    place.db.create_arrived_upload(session.tenant_id, session.id, part(number), (&key, &hash()), at(now)).await
}

async fn stop(place: &crate::harness::Place, crew: &Crew, session: &Session, stop: Stop, now: i64) -> Session {
    place.db.stop_session(crew.tenant, session.id, &stop, at(now)).await.unwrap().unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_session_is_processed_when_every_part_is_here_in_whatever_order() {
    on_both(async |place| {
        let crew = place.crew("acme").await;
        let session = place.recording(&crew, at(0)).await;
        arrives(place, &session, 3, 1).await.unwrap();
        stop(place, &crew, &session, Stop::with_parts(Some(4)), 2).await;
        is(place, &session, UPLOADING).await;
        arrives(place, &session, 1, 3).await.unwrap();
        assert!(matches!(arrives(place, &session, 1, 3).await, Err(DbError::Exists(_))), "sent twice");
        arrives(place, &session, 4, 4).await.unwrap();
        let arrived = place.db.session_overview(crew.tenant, session.id).await.unwrap().unwrap().arrived;
        assert_eq!((arrived.percent(), arrived.parts, arrived.bytes), (Some(75), 3, 30));
        is(place, &session, UPLOADING).await;
        arrives(place, &session, 2, 5).await.unwrap();
        is(place, &session, PROCESSING).await;
        jobs_are(place, &session, &[JobState::Ready]).await;
        let parts: Vec<_> = place.db.uploads_of(crew.tenant, session.id).await.unwrap();
        assert_eq!(parts.iter().map(|u| u.place.part).collect::<Vec<_>>(), [1, 2, 3, 4]);
        processed(place, &crew, at(9)).await;
        is(place, &session, (SessionStatus::Completed, Phase::Done, None)).await;
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn parts_that_will_never_come_are_not_waited_for() {
    on_both(async |place| {
        let crew = place.crew("acme").await;
        let session = place.recording(&crew, at(0)).await;
        arrives(place, &session, 1, 1).await.unwrap();
        // Part 2 began to arrive and is lost with the device's disk.
        place.db.create_upload(crew.tenant, session.id, part(2), at(1)).await.unwrap();
        let first = Stop { missing: vec![3], at_seconds: Some(5.0), ..Stop::with_parts(Some(3)) };
        assert_eq!(stop(place, &crew, &session, first.clone(), 60).await.stopped_at, Some(at(5)));
        is(place, &session, UPLOADING).await;
        stop(place, &crew, &session, first, 61).await;
        is(place, &session, UPLOADING).await;
        let more = Stop { missing: vec![2], ..Stop::with_parts(Some(3)) };
        assert_eq!(stop(place, &crew, &session, more, 62).await.stopped_at, Some(at(5)), "the first stop counts");
        is(place, &session, PROCESSING).await;

        let nothing = place.recording(&crew, at(0)).await;
        stop(place, &crew, &nothing, Stop { missing: vec![1, 2], ..Stop::with_parts(Some(2)) }, 3).await;
        is(place, &nothing, failed(FailureReason::NoRecording)).await;
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_comes_late_opens_the_session_again() {
    on_both(async |place| {
        let crew = place.crew("acme").await;
        let session = place.recording(&crew, at(0)).await;
        arrives(place, &session, 1, 1).await.unwrap();
        assert_eq!(place.db.end_silent_sessions(LIMITS, at(200)).await.unwrap(), 1);
        processed(place, &crew, at(201)).await;
        is(place, &session, failed(FailureReason::EndedAbnormally)).await;
        // The network is back and the session still runs.
        assert!(place.db.heartbeat(crew.tenant, session.id, at(300)).await.unwrap());
        is(place, &session, RECORDING).await;
        // It stops, and the device is away for longer than anybody waits.
        stop(place, &crew, &session, Stop::with_parts(Some(3)), 310).await;
        is(place, &session, UPLOADING).await;
        assert_eq!(place.db.end_silent_sessions(LIMITS, at(310 + 999_999)).await.unwrap(), 1);
        processed(place, &crew, at(1_000_400)).await;
        is(place, &session, failed(FailureReason::EndedAbnormally)).await;
        assert!(place.now(&session).await.failure_detail.unwrap().contains("never sent the whole recording"));
        // A week later it delivers.
        arrives(place, &session, 3, 1_700_000).await.unwrap();
        is(place, &session, UPLOADING).await;
        arrives(place, &session, 2, 1_700_001).await.unwrap();
        is(place, &session, PROCESSING).await;
        processed(place, &crew, at(1_700_002)).await;
        is(place, &session, (SessionStatus::Completed, Phase::Done, None)).await;
        assert!(place.db.heartbeat(crew.tenant, session.id, at(1_700_003)).await.unwrap());
        is(place, &session, (SessionStatus::Completed, Phase::Done, None)).await;
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_device_that_says_it_crashed_ends_abnormally_with_all_it_had() {
    on_both(async |place| {
        let crew = place.crew("acme").await;
        let session = place.recording(&crew, at(0)).await;
        arrives(place, &session, 1, 1).await.unwrap();
        stop(place, &crew, &session, Stop { crashed: true, ..Stop::with_parts(Some(2)) }, 5).await;
        is(place, &session, UPLOADING).await;
        arrives(place, &session, 2, 6).await.unwrap();
        is(place, &session, PROCESSING).await;
        processed(place, &crew, at(7)).await;
        is(place, &session, failed(FailureReason::EndedAbnormally)).await;
        assert!(place.now(&session).await.failure_detail.unwrap().contains("Everything that it had saved is here"));
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_deleted_stretch_is_gone_whatever_comes_later() {
    on_both(async |place| {
        let crew = place.crew("acme").await;
        let session = place.recording(&crew, at(0)).await;
        for number in [1, 2, 3] {
            arrives(place, &session, number, 1).await.unwrap();
        }
        // 3 s to 6.5 s: the second, third and fourth, of which the last has not come yet.
        let gone = place.db.delete_stretch(crew.tenant, session.id, (3000, 6500), at(2)).await.unwrap();
        let keys = [2, 3].map(|n| format!("{}/{n}", session.id)).to_vec();
        assert_eq!(gone, Deletion::Deleted(vec![2, 3], keys, false));
        assert_eq!(arrives(place, &session, 4, 3).await.unwrap().state, UploadState::Deleted);
        let begun = place.db.create_upload(crew.tenant, session.id, part(5), at(3)).await.unwrap();
        assert_eq!(begun.state, UploadState::Open);
        let states: Vec<_> = place
            .db
            .uploads_of(crew.tenant, session.id)
            .await
            .unwrap()
            .into_iter()
            .map(|u| (u.state, u.received))
            .collect();
        let deleted = (UploadState::Deleted, 0);
        assert_eq!(states, [(UploadState::Complete, 10), deleted, deleted, deleted, (UploadState::Open, 0)]);
        assert_eq!(place.db.reopen_upload(crew.tenant, begun.id, at(9)).await.unwrap().map(|u| u.id), Some(begun.id));
        stop(place, &crew, &session, Stop { missing: vec![5], ..Stop::with_parts(Some(5)) }, 8).await;
        is(place, &session, PROCESSING).await;
        processed(place, &crew, at(9)).await;

        // Once processed, it is processed again without, and nothing that was made with it is left.
        let gone = place.db.delete_stretch(crew.tenant, session.id, (0, 1), at(10)).await.unwrap();
        assert_eq!(gone, Deletion::Deleted(vec![1], vec![format!("{}/1", session.id)], true));
        is(place, &session, PROCESSING).await;
        assert_eq!(place.db.procedures(crew.tenant, session.id).await.unwrap(), []);
        assert_eq!(place.db.recording(crew.tenant, session.id).await.unwrap(), None);

        let one_piece = place.recording(&crew, at(0)).await;
        place.upload(&one_piece, Some(10), at(0)).await;
        let refused = place.db.delete_stretch(crew.tenant, one_piece.id, (0, 1000), at(1)).await.unwrap();
        assert_eq!(refused, Deletion::OnePiece);
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_part_counts_when_its_bytes_are_what_was_announced() {
    on_both(async |place| {
        let crew = place.crew("acme").await;
        let session = place.recording(&crew, at(0)).await;
        stop(place, &crew, &session, Stop::with_parts(Some(1)), 1).await;
        let upload = place.db.create_upload(crew.tenant, session.id, part(1), at(1)).await.unwrap();
        let upload = place.append(&upload, 0, 10, at(2)).await.unwrap();
        assert!(upload.is_unverified());
        is(place, &session, UPLOADING).await;
        let other = "b".repeat(64);
        assert_eq!(place.db.verify_upload(crew.tenant, upload.id, &other, at(3)).await.unwrap(), None);
        let keys = place.db.restart_upload(crew.tenant, upload.id, at(3)).await.unwrap();
        assert_eq!(keys, [format!("{}/0", upload.id)]);
        assert_eq!(place.db.verify_upload(crew.tenant, upload.id, &hash(), at(3)).await.unwrap(), None, "empty again");
        place.append(&upload, 0, 10, at(4)).await.unwrap();
        let verified = place.db.verify_upload(crew.tenant, upload.id, &hash(), at(5)).await.unwrap().unwrap();
        assert_eq!((verified.state, verified.sha256), (UploadState::Complete, Some(hash())));
        is(place, &session, PROCESSING).await;
        assert_eq!(place.db.restart_upload(crew.tenant, upload.id, at(6)).await.unwrap(), [] as [String; 0]);
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn pauses_are_noted_once() {
    on_both(async |place| {
        let crew = place.crew("acme").await;
        let session = place.recording(&crew, at(0)).await;
        let (tenant, id) = (crew.tenant, session.id);
        let paused = async || place.db.session_overview(tenant, id).await.unwrap().unwrap().paused;
        for _ in 0..2 {
            assert!(place.db.pause(tenant, id, 1000, at(1)).await.unwrap());
            assert!(paused().await);
        }
        for _ in 0..2 {
            assert!(place.db.resume(tenant, id, 4000, at(4)).await.unwrap());
            assert!(!paused().await);
        }
        assert!(place.db.pause(tenant, id, 1000, at(5)).await.unwrap(), "sent again by a device that lost the answer");
        assert!(!paused().await);
        place.db.pause(tenant, id, 6000, at(6)).await.unwrap();
        let pause = |start_ms, end_ms| Break { kind: GapKind::Paused, start_ms, end_ms };
        assert_eq!(place.db.breaks(tenant, id).await.unwrap(), [pause(1000, Some(4000)), pause(6000, None)]);
        assert!(!place.db.pause(tenant, uuid::Uuid::now_v7().into(), 1, at(1)).await.unwrap());
    })
    .await;
}
