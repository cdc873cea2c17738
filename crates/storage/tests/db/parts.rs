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
    DbError, Rule,
    db::{
        breaks::{Break, Deletion, MOST},
        sessions::{ALL_DELETED, Stop},
        uploads::{NewUpload, Upload, UploadState},
    },
};

/// Part `part` of two seconds.
pub fn part(part: u32) -> NewUpload {
    let place = Place { part, run: 1, start_ms: u64::from(part - 1) * 2000, duration_ms: Some(2000) };
    NewUpload { place, announced_sha256: Some(hash()), ..new_upload(Some(10)) }
}

pub fn hash() -> String {
    "a".repeat(64)
}

pub async fn arrives(
    place: &crate::harness::Place,
    session: &Session,
    number: u32,
    now: i64,
) -> Result<Upload, DbError> {
    let key = format!("{}/{number}", session.id);
    place.db.create_arrived_upload(session.tenant_id, session.id, part(number), (&key, &hash()), at(now)).await
}

pub async fn stop(place: &crate::harness::Place, crew: &Crew, session: &Session, stop: Stop, now: i64) -> Session {
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
        assert_eq!(gone, Deletion::Deleted(vec![2, 3]));
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
        assert_eq!(gone, Deletion::Deleted(vec![1]));
        is(place, &session, failed(FailureReason::NoRecording)).await;
        assert_eq!(place.now(&session).await.failure_detail.as_deref(), Some(ALL_DELETED));
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

#[tokio::test(flavor = "multi_thread")]
async fn a_pause_that_nobody_ended_ends_where_the_next_run_begins() {
    on_both(async |place| {
        let crew = place.crew("acme").await;
        let session = place.recording(&crew, at(0)).await;
        let (tenant, id) = (crew.tenant, session.id);
        let paused = async || place.db.session_overview(tenant, id).await.unwrap().unwrap().paused;
        let arrives = async |part, run, start_ms, duration_ms| {
            let place_of = Place { part, run, start_ms, duration_ms: Some(duration_ms) };
            let new = NewUpload { place: place_of, ..new_upload(Some(10)) };
            place.db.create_upload(tenant, id, new, at(1)).await.unwrap();
        };
        place.db.pause(tenant, id, 10_000, at(1)).await.unwrap();
        // The recorder took a moment to stop; and a header says nothing of when its run begins.
        arrives(1, 1, 8_000, 2_000).await;
        arrives(2, 1, 10_000, 300).await;
        arrives(3, 2, 0, 0).await;
        let breaks = async || {
            let found = place.db.breaks(tenant, id).await.unwrap();
            found.iter().map(|b| (b.start_ms, b.end_ms)).collect::<Vec<_>>()
        };
        assert!(paused().await);
        assert_eq!(breaks().await, [(10_000, None)]);
        // The newest first.
        arrives(9, 3, 90_000, 2_000).await;
        arrives(4, 2, 30_000, 2_000).await;
        assert!(!paused().await);
        assert_eq!(breaks().await, [(10_000, Some(30_000))]);
        // The next pause is ended; that says nothing of the one before.
        place.db.pause(tenant, id, 50_000, at(2)).await.unwrap();
        for _ in 0..2 {
            place.db.resume(tenant, id, 60_000, at(2)).await.unwrap();
        }
        place.db.pause(tenant, id, 95_000, at(2)).await.unwrap();
        assert_eq!(breaks().await, [(10_000, Some(30_000)), (50_000, Some(60_000)), (95_000, None)]);
        let end = Stop { at_seconds: Some(99.5), ..Stop::with_parts(Some(9)) };
        stop(place, &crew, &session, end, 200).await;
        assert_eq!(breaks().await[2], (95_000, Some(99_500)));
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_recording_comes_in_parts_or_in_one_piece_as_what_came_first() {
    on_both(async |place| {
        let crew = place.crew("acme").await;
        let (tenant, whole) = (crew.tenant, || new_upload(Some(10)));
        let rule = |result: Result<Upload, DbError>| match result {
            Err(DbError::Rule(rule)) => rule,
            other => panic!("{other:?}"),
        };
        let in_parts = place.recording(&crew, at(0)).await;
        arrives(place, &in_parts, 2, 1).await.unwrap();
        let refused = place.db.create_upload(tenant, in_parts.id, whole(), at(1)).await;
        assert_eq!(rule(refused), Rule::WholeAfterParts);
        arrives(place, &in_parts, 1, 1).await.unwrap();

        let in_one = place.recording(&crew, at(0)).await;
        let upload = place.upload(&in_one, Some(10), at(0)).await;
        assert_eq!(rule(arrives(place, &in_one, 2, 1).await), Rule::PartAfterWhole);
        // What was begun and thrown away decides nothing.
        place.db.terminate_upload(tenant, upload.id).await.unwrap();
        arrives(place, &in_one, 2, 1).await.unwrap();

        let with_deletion = place.recording(&crew, at(0)).await;
        place.db.delete_stretch(tenant, with_deletion.id, (0, 1000), at(1)).await.unwrap();
        let arrived = ("key", hash());
        for refused in [
            place.db.create_upload(tenant, with_deletion.id, whole(), at(1)).await,
            place.db.create_arrived_upload(tenant, with_deletion.id, whole(), (arrived.0, &arrived.1), at(1)).await,
        ] {
            assert_eq!(rule(refused), Rule::WholeAfterDeletion);
        }
        assert_eq!(arrives(place, &with_deletion, 2, 1).await.unwrap().state, UploadState::Complete);
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn of_two_numbers_of_parts_the_larger_counts() {
    on_both(async |place| {
        let crew = place.crew("acme").await;
        for told in [[1, 3], [3, 1]] {
            let session = place.recording(&crew, at(0)).await;
            arrives(place, &session, 1, 1).await.unwrap();
            for parts in told {
                stop(place, &crew, &session, Stop::with_parts(Some(parts)), 2).await;
            }
            arrives(place, &session, 2, 3).await.unwrap();
            assert_eq!(place.db.awaited_parts(crew.tenant, session.id).await.unwrap(), 1);
            arrives(place, &session, 3, 3).await.unwrap();
            is(place, &session, PROCESSING).await;
            processed(place, &crew, at(4)).await;
        }
        // One that was done waits for the rest; one that was told of too many is told which will never come.
        let session = place.recording(&crew, at(0)).await;
        stop(place, &crew, &session, Stop::with_parts(Some(0)), 2).await;
        is(place, &session, failed(FailureReason::NoRecording)).await;
        stop(place, &crew, &session, Stop::with_parts(Some(2)), 3).await;
        is(place, &session, UPLOADING).await;
        arrives(place, &session, 1, 4).await.unwrap();
        stop(place, &crew, &session, Stop { missing: vec![2], ..Stop::with_parts(Some(1)) }, 5).await;
        is(place, &session, PROCESSING).await;
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_session_has_a_bounded_number_of_breaks() {
    on_both(async |place| {
        let crew = place.crew("acme").await;
        let session = place.recording(&crew, at(0)).await;
        let (tenant, id) = (crew.tenant, session.id);
        let many = format!(
            "WITH RECURSIVE c(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM c WHERE n < {MOST}) \
             INSERT INTO session_breaks (session_id, tenant_id, kind, start_ms, end_ms) \
             SELECT {}, {}, 'paused', n, n FROM c",
            place.id(id),
            place.id(tenant)
        );
        place.sql(&many).await.unwrap();
        let refused = |error: DbError| matches!(error, DbError::Rule(Rule::TooManyBreaks));
        assert!(refused(place.db.pause(tenant, id, MOST + 1, at(1)).await.unwrap_err()));
        assert!(refused(place.db.delete_stretch(tenant, id, (5, 6), at(1)).await.unwrap_err()));
        assert!(place.db.pause(tenant, id, 7, at(1)).await.unwrap(), "sent again");
        assert!(place.db.resume(tenant, id, 8, at(1)).await.unwrap());
    })
    .await;
}
