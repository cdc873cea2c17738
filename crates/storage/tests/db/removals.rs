//! What was deleted: nothing of it is shown, and that its objects are to go is remembered until they have gone.

use crate::{
    harness::{Crew, Place, at, new_upload, on_both},
    parts::{arrives, hash, stop},
    recordings::{part as recorded, recording, said},
    session_life::{PROCESSING, RECORDING, UPLOADING, failed, is, processed},
};
use domain::{
    Span,
    job::{JobState, Step},
    recording::Place as Where,
    session::{FailureReason, Session},
};
use storage::db::{
    breaks::Deletion,
    jobs::Lease,
    procedures::Outcome,
    recordings::{Added, UtteranceOrigin},
    sessions::{ALL_DELETED, Stop},
    uploads::{NewUpload, UploadState},
};
use uuid::Uuid;

/// A session that goes on, of which three parts have arrived.
async fn of_three_parts(place: &Place, crew: &Crew) -> Session {
    let session = place.recording(crew, at(0)).await;
    for number in [1, 2, 3] {
        arrives(place, &session, number, 1).await.unwrap();
    }
    session
}

/// A stopped session of three parts, which waits for a worker.
async fn stopped(place: &Place, crew: &Crew) -> Session {
    let session = of_three_parts(place, crew).await;
    stop(place, crew, &session, Stop::with_parts(Some(3)), 2).await
}

async fn delete(place: &Place, session: &Session, from_ms: u64, to_ms: u64, now: i64) -> Vec<u32> {
    match place.db.delete_stretch(session.tenant_id, session.id, (from_ms, to_ms), at(now)).await.unwrap() {
        Deletion::Deleted(parts) => parts,
        other => panic!("{other:?}"),
    }
}

async fn due(place: &Place, now: i64) -> usize {
    place.db.due_removals(at(now)).await.unwrap().len()
}

async fn header(place: &Place, session: &Session, number: u32, now: i64) {
    let header = Where { part: number, run: 1, start_ms: 0, duration_ms: Some(0) };
    let new = NewUpload { place: header, announced_sha256: Some(hash()), ..new_upload(Some(10)) };
    place.db.create_arrived_upload(session.tenant_id, session.id, new, ("header", &hash()), at(now)).await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn the_session_is_processed_again_once_what_was_made_is_gone() {
    on_both(async |place| {
        let crew = place.crew("acme").await;
        let session = stopped(place, &crew).await;
        let (tenant, id, worker) = (crew.tenant, session.id, Uuid::now_v7());
        processed(place, &crew, at(3)).await;
        place.db.save_recording(tenant, &recording(id, 6.0), &[recorded(1)], at(3)).await.unwrap();
        assert_eq!(due(place, 4).await, 0);
        assert_eq!(delete(place, &session, 0, 1000, 5).await, [1]);
        is(place, &session, PROCESSING).await;
        assert_eq!(place.db.recording(tenant, id).await.unwrap(), None);
        assert!(place.claim(worker, at(6)).await.is_none(), "what was made is still there");
        assert_eq!(due(place, 6).await, 1);

        // Whoever removes holds it as long as it is renewed, and dies; another goes on.
        let dead = place.db.claim_removal(tenant, id, at(6)).await.unwrap().unwrap();
        assert!(dead.results && place.db.renew_removal(&dead, at(20)).await.unwrap());
        assert_eq!((place.db.claim_removal(tenant, id, at(34)).await.unwrap(), due(place, 34).await), (None, 0));
        let removal = place.db.claim_removal(tenant, id, at(36)).await.unwrap().unwrap();
        // It was only asleep: it cannot end or give back what another does.
        assert!(!place.db.renew_removal(&dead, at(37)).await.unwrap());
        assert!(!place.db.finish_removal(&dead, at(37)).await.unwrap());
        place.db.postpone_removal(&dead, at(38)).await.unwrap();
        assert_eq!(due(place, 39).await, 0);
        assert!(place.claim(worker, at(39)).await.is_none());
        // The disk is away for a while.
        place.db.postpone_removal(&removal, at(500)).await.unwrap();
        assert_eq!((due(place, 499).await, due(place, 500).await), (0, 1));
        let removal = place.db.claim_removal(tenant, id, at(500)).await.unwrap().unwrap();
        assert_eq!(removal.attempts, 1);
        // More is deleted meanwhile: this removal may have passed it by.
        assert_eq!(delete(place, &session, 2000, 2500, 501).await, [2]);
        assert!(!place.db.finish_removal(&removal, at(502)).await.unwrap());
        assert!(place.claim(worker, at(503)).await.is_none());
        let removal = place.db.claim_removal(tenant, id, at(503)).await.unwrap().unwrap();
        assert!(place.db.finish_removal(&removal, at(504)).await.unwrap());
        let job = place.claim(worker, at(505)).await.unwrap();
        assert_eq!(place.db.renew_lease(&job, worker, at(600)).await.unwrap(), Lease::Held);
        assert!(place.db.approve(&job, worker, &Outcome::default(), at(506)).await.unwrap());

        // Once more, for what was on its way then; no job waits for that.
        assert_eq!((due(place, 1000).await, due(place, 1500).await), (0, 1));
        assert!(place.db.process_again(tenant, id, at(1500)).await.unwrap());
        assert!(place.claim(worker, at(1500)).await.is_some());
        let last = place.db.claim_removal(tenant, id, at(1500)).await.unwrap().unwrap();
        assert!(!last.results && place.db.finish_removal(&last, at(1501)).await.unwrap());
        assert_eq!(place.number("SELECT count(*) FROM removals").await, 0);
        // Asked for again, nothing is left to do.
        assert_eq!(delete(place, &session, 0, 1000, 1502).await, [0; 0]);
        assert_eq!(place.number("SELECT count(*) FROM removals").await, 0);
    })
    .await;
}

/// A session of many deletions does not pay for all of them with each.
#[tokio::test(flavor = "multi_thread")]
async fn the_objects_of_a_part_are_looked_for_twice_and_no_more() {
    on_both(async |place| {
        let crew = place.crew("acme").await;
        let session = of_three_parts(place, &crew).await;
        let (tenant, id) = (crew.tenant, session.id);
        let sweeps = async || {
            let deleted = place.db.deleted_uploads(tenant, id).await.unwrap();
            deleted.iter().map(|upload| (upload.part, upload.sweeps)).collect::<Vec<_>>()
        };
        let sweep = async |now| {
            let removal = place.db.claim_removal(tenant, id, at(now)).await.unwrap().unwrap();
            assert!(place.db.finish_removal(&removal, at(now)).await.unwrap());
        };
        assert_eq!(delete(place, &session, 0, 10, 2).await, [1]);
        assert_eq!(sweeps().await, [(1, 0)]);
        sweep(3).await;
        assert_eq!(delete(place, &session, 2000, 2010, 4).await, [2]);
        assert_eq!(sweeps().await, [(1, 1), (2, 0)]);
        sweep(5).await;
        assert_eq!(sweeps().await, [(1, 1), (2, 1)]);
        assert_eq!(due(place, 2000).await, 1);
        sweep(2000).await;
        assert_eq!((sweeps().await, due(place, 9000).await), (vec![(1, 2), (2, 2)], 0));
        assert_eq!(delete(place, &session, 4000, 4010, 9001).await, [3]);
        assert_eq!(sweeps().await, [(1, 2), (2, 2), (3, 0)]);
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_worker_that_runs_shows_nothing_of_what_was_deleted() {
    on_both(async |place| {
        let crew = place.crew("acme").await;
        let session = stopped(place, &crew).await;
        let (tenant, id, worker) = (crew.tenant, session.id, Uuid::now_v7());
        for settles in [true, false] {
            let job = place.claim(worker, at(if settles { 3 } else { 10 })).await.unwrap();
            let start = if settles { 0 } else { 2000 };
            assert_eq!(delete(place, &session, start, start + 1, 4).await.len(), 1);
            assert_eq!(place.db.renew_lease(&job, worker, at(99)).await.unwrap(), Lease::Outdated);
            // It writes until it sees that.
            place.db.save_recording(tenant, &recording(id, 6.0), &[recorded(1)], at(5)).await.unwrap();
            place.db.begin_step(tenant, id, Step::Receive, "old", at(5)).await.unwrap();
            place.db.replace_transcript(tenant, id, &[said(1.0, "secret")]).await.unwrap();
            assert_eq!(place.db.claim_removal(tenant, id, at(5)).await.unwrap(), None, "it may write objects too");
            if settles {
                let outcome = Outcome { summary: Some("secret".into()), ..Outcome::default() };
                assert!(place.db.approve(&job, worker, &outcome, at(6)).await.unwrap());
            } else {
                assert!(place.db.retry_job(&job, worker, "a stretch was deleted", at(6)).await.unwrap());
            }
            is(place, &session, PROCESSING).await;
            assert_eq!(place.now(&session).await.summary, None);
            assert!(place.claim(worker, at(7)).await.is_none());
            let removal = place.db.claim_removal(tenant, id, at(7)).await.unwrap().unwrap();
            assert!(place.db.finish_removal(&removal, at(8)).await.unwrap());
            assert_eq!(place.db.recording(tenant, id).await.unwrap(), None);
            assert_eq!(place.db.steps(tenant, id).await.unwrap(), []);
            assert_eq!(place.db.utterances(tenant, id, UtteranceOrigin::Pipeline).await.unwrap(), []);
        }
        place.counters_are_right().await;
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn words_go_with_what_they_were_said_in_whichever_comes_first() {
    on_both(async |place| {
        let crew = place.crew("acme").await;
        let session = of_three_parts(place, &crew).await;
        let (tenant, id) = (crew.tenant, session.id);
        let add = async |spoken: &[(u32, f64)]| {
            let spoken: Vec<_> = spoken.iter().map(|(n, start)| (*n, said(*start, "word"))).collect();
            place.db.add_utterances(tenant, id, UtteranceOrigin::Device, &spoken).await.unwrap()
        };
        let starts = async || {
            let found = place.db.utterances(tenant, id, UtteranceOrigin::Device).await.unwrap();
            found.iter().map(|u| u.start).collect::<Vec<_>>()
        };
        assert_eq!(
            add(&[(1, 0.0), (2, 2.2), (3, 3.5), (4, 4.5), (5, 90.0)]).await,
            Added { utterances: 5, left_out: 0 }
        );
        // The second part goes whole, and with it what was said in it outside of the stretch.
        assert_eq!(delete(place, &session, 3000, 3100, 2).await, [2]);
        assert_eq!(place.db.deleted_spans(tenant, id).await.unwrap(), [Span::new(2.0, 4.0)]);
        let kept: Vec<_> = starts().await;
        assert!(kept.contains(&4.5) && !kept.iter().any(|start| (2.0..4.0).contains(start)), "{kept:?}");
        let again = add(&[(2, 2.2), (6, 3.9), (7, 5.0)]).await;
        assert_eq!((again.left_out, again.utterances), (2, kept.len() as u64 + 1));
        // Nothing is left: no words are, and none are taken.
        assert_eq!(delete(place, &session, 0, 6000, 3).await, [1, 3]);
        stop(place, &crew, &session, Stop::with_parts(Some(3)), 4).await;
        is(place, &session, failed(FailureReason::NoRecording)).await;
        assert_eq!((add(&[(8, 70.0)]).await, starts().await), (Added { utterances: 0, left_out: 1 }, vec![]));
    })
    .await;
}

/// Deletion, words, part, in this order: the part is refused, and the words go that were said beside the stretch in it.
#[tokio::test(flavor = "multi_thread")]
async fn words_go_with_a_part_that_is_refused() {
    on_both(async |place| {
        let crew = place.crew("acme").await;
        let (tenant, worker) = (crew.tenant, Uuid::now_v7());
        for (brings_bytes, is_processed) in [(true, false), (false, false), (true, true), (false, true)] {
            let session = place.recording(&crew, at(0)).await;
            let id = session.id;
            arrives(place, &session, 1, 1).await.unwrap();
            delete(place, &session, 2500, 3500, 2).await;
            let spoken = [(1, said(1.0, "kept")), (2, said(3.6, "secret")), (3, said(4.5, "kept"))];
            let added = place.db.add_utterances(tenant, id, UtteranceOrigin::Device, &spoken).await.unwrap();
            assert_eq!(added, Added { utterances: 3, left_out: 0 });
            for now in [3, 2000] {
                let first = place.db.claim_removal(tenant, id, at(now)).await.unwrap().unwrap();
                assert!(place.db.finish_removal(&first, at(now)).await.unwrap());
            }
            assert_eq!(due(place, 3000).await, 0);
            if is_processed {
                place.db.end_silent_sessions(crate::silence::LIMITS, at(3000)).await.unwrap();
                let job = place.claim(worker, at(3001)).await.unwrap();
                place.db.replace_transcript(tenant, id, &[said(3.6, "secret")]).await.unwrap();
                let outcome = Outcome { summary: Some("secret".into()), ..Outcome::default() };
                assert!(place.db.approve(&job, worker, &outcome, at(3002)).await.unwrap());
            }
            let refused = if brings_bytes {
                arrives(place, &session, 2, 3003).await.unwrap()
            } else {
                place.db.create_upload(tenant, id, crate::parts::part(2), at(3003)).await.unwrap()
            };
            assert_eq!(refused.state, UploadState::Deleted);
            let left = place.db.utterances(tenant, id, UtteranceOrigin::Device).await.unwrap();
            assert_eq!(left.iter().map(|u| u.start).collect::<Vec<_>>(), [1.0, 4.5]);
            assert_eq!(place.db.utterances(tenant, id, UtteranceOrigin::Pipeline).await.unwrap(), []);
            assert_eq!((place.now(&session).await.summary, due(place, 3003).await), (None, 1));
            let removal = place.db.claim_removal(tenant, id, at(3003)).await.unwrap().unwrap();
            assert_eq!(removal.results, is_processed);
            assert!(place.db.finish_removal(&removal, at(3004)).await.unwrap());
            // One that lies within the stretch takes nothing with it, and nothing is to be looked for.
            let within = Where { part: 3, run: 1, start_ms: 2600, duration_ms: Some(100) };
            let within = NewUpload { place: within, ..crate::parts::part(3) };
            assert_eq!(place.db.create_upload(tenant, id, within, at(3005)).await.unwrap().state, UploadState::Deleted);
            assert_eq!(due(place, 3006).await, 0);
        }
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_session_of_which_everything_was_deleted_says_so() {
    on_both(async |place| {
        let crew = place.crew("acme").await;
        let ends = async |session: &Session| {
            is(place, session, failed(FailureReason::NoRecording)).await;
            assert_eq!(place.now(session).await.failure_detail.as_deref(), Some(ALL_DELETED));
            assert!(!place.db.process_again(crew.tenant, session.id, at(99)).await.unwrap());
        };
        // With a header that is left, before it is stopped.
        let session = place.recording(&crew, at(0)).await;
        header(place, &session, 1, 1).await;
        arrives(place, &session, 2, 1).await.unwrap();
        assert_eq!(delete(place, &session, 0, 9000, 2).await, [2]);
        is(place, &session, RECORDING).await;
        stop(place, &crew, &session, Stop::with_parts(Some(2)), 3).await;
        ends(&session).await;
        // While the last part arrives, which ends the wait for it.
        let session = place.recording(&crew, at(0)).await;
        header(place, &session, 1, 1).await;
        place.db.create_upload(crew.tenant, session.id, crate::parts::part(2), at(1)).await.unwrap();
        stop(place, &crew, &session, Stop::with_parts(Some(2)), 2).await;
        is(place, &session, UPLOADING).await;
        assert_eq!(delete(place, &session, 0, 9000, 3).await, [2]);
        ends(&session).await;
        // After it was processed; and nobody ever stopped it.
        for is_stopped in [true, false] {
            let session = place.recording(&crew, at(0)).await;
            arrives(place, &session, 1, 1).await.unwrap();
            if is_stopped {
                stop(place, &crew, &session, Stop::with_parts(Some(1)), 2).await;
            } else {
                place.db.end_silent_sessions(crate::silence::LIMITS, at(1000)).await.unwrap();
            }
            processed(place, &crew, at(1001)).await;
            delete(place, &session, 0, 2000, 1002).await;
            if !is_stopped {
                is(place, &session, RECORDING).await;
                place.db.end_silent_sessions(crate::silence::LIMITS, at(3000)).await.unwrap();
            }
            ends(&session).await;
        }
        // While it is processed: that the worker then fails changes nothing.
        let session = place.recording(&crew, at(0)).await;
        arrives(place, &session, 1, 1).await.unwrap();
        stop(place, &crew, &session, Stop::with_parts(Some(1)), 2).await;
        let worker = Uuid::now_v7();
        let job = place.claim(worker, at(3)).await.unwrap();
        delete(place, &session, 0, 2000, 4).await;
        place.db.fail_processing(&job, worker, JobState::Failed, "an object is missing", at(5)).await.unwrap();
        ends(&session).await;
        // The device deleted its copies itself and never sent them.
        for with_header in [true, false] {
            let session = place.recording(&crew, at(0)).await;
            if with_header {
                header(place, &session, 1, 1).await;
            }
            delete(place, &session, 0, 4000, 2).await;
            let missing = if with_header { vec![2, 3] } else { vec![1, 2, 3] };
            stop(place, &crew, &session, Stop { missing, ..Stop::with_parts(Some(3)) }, 3).await;
            ends(&session).await;
        }
        // A header alone, of which nothing was deleted, is looked at: the device may not know better.
        let session = place.recording(&crew, at(0)).await;
        header(place, &session, 1, 1).await;
        stop(place, &crew, &session, Stop::with_parts(Some(1)), 2).await;
        is(place, &session, PROCESSING).await;
    })
    .await;
}
