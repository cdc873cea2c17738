//! What has reached its age goes, part by part, once, and of sessions that are over only.

use crate::{
    harness::{Crew, Place, at, on_both},
    parts::{arrives, stop},
    recordings::{part as recorded, recording, said},
    session_life::{PROCESSING, is},
    wall::outcome,
};
use bytes::Bytes;
use domain::{
    FixedClock,
    audit::{Action, Actor},
    job::Step,
    recording::Keys,
    retention::{Kept, Removed, Retention},
    session::Session,
};
use storage::{
    DbError, Rule,
    db::{
        audit::AuditFilter,
        recordings::{Added, Tracks, UtteranceOrigin},
        retention::Counts,
        sessions::Stop,
        uploads::UploadState,
    },
    objects::Objects,
    removal::{remove_due, uploads_prefix},
};
use uuid::Uuid;

pub const DAY: i64 = 86_400;

/// A session of a minute that ended `now`, with a recording in parts, a procedure and words.
pub async fn done(place: &Place, crew: &Crew, now: i64) -> Session {
    let session = place.recording(crew, at(now - 60)).await;
    arrives(place, &session, 1, now).await.unwrap();
    stop(place, crew, &session, Stop::with_parts(Some(1)), now).await;
    made(place, crew, &session, now).await;
    place.now(&session).await
}

/// What a worker makes of a session that waits.
async fn made(place: &Place, crew: &Crew, session: &Session, now: i64) {
    let (tenant, id, worker) = (crew.tenant, session.id, Uuid::now_v7());
    let job = place.claim(worker, at(now)).await.unwrap();
    place.db.save_recording(tenant, &recording(id, 2.0), &[recorded(1)], at(now)).await.unwrap();
    let tracks = Tracks { captions: Some("c".into()), ..Tracks::default() };
    place.db.save_tracks(tenant, id, tracks).await.unwrap();
    place.db.replace_transcript(tenant, id, &[said(1.0, "hello")]).await.unwrap();
    place.db.begin_step(tenant, id, Step::Transcribe, "h", at(now)).await.unwrap();
    place.db.end_step(tenant, id, Step::Transcribe, Ok("\"hello\""), at(now)).await.unwrap();
    assert!(place.db.approve(&job, worker, &outcome(), at(now)).await.unwrap());
}

pub async fn keep(place: &Place, crew: &Crew, recording: u32, clips: u32, transcript: u32) {
    let days = |days| Some(days).filter(|days| *days > 0);
    let retention =
        Retention { recording_days: days(recording), clips_days: days(clips), transcript_days: days(transcript) };
    place.db.set_retention(crew.tenant, retention, &retention.set_by(Actor::operator()), at(0)).await.unwrap();
    assert_eq!(place.db.tenant(crew.tenant).await.unwrap().unwrap().retention, retention);
}

fn counts<const N: usize>(counts: [(Kept, u64); N]) -> Counts {
    counts.into()
}

#[tokio::test(flavor = "multi_thread")]
async fn each_part_goes_at_its_own_age() {
    on_both(async |place| {
        let (crew, other) = (place.crew("acme").await, place.crew("other").await);
        let (tenant, session) = (crew.tenant, done(place, &crew, 0).await);
        let (young, theirs) = (done(place, &crew, DAY).await, done(place, &other, 0).await);
        let running = place.recording(&crew, at(0)).await;
        let waiting = place.processing(&crew, at(0)).await;
        let aged = place.db.remove_aged(at(1000 * DAY)).await.unwrap();
        assert_eq!(aged, [], "nothing is set");
        keep(place, &crew, 30, 20, 10).await;
        let retention = place.db.tenant(tenant).await.unwrap().unwrap().retention;

        assert_eq!(place.db.remove_aged(at(10 * DAY)).await.unwrap(), []);
        assert_eq!(place.db.count_aged(tenant, retention, at(10 * DAY)).await.unwrap(), Counts::new());
        let transcript = counts([(Kept::Transcript, 1)]);
        assert_eq!(place.db.count_aged(tenant, retention, at(10 * DAY + 1)).await.unwrap(), transcript);
        assert_eq!(place.db.remove_aged(at(10 * DAY + 1)).await.unwrap(), [(tenant, transcript)]);
        assert_eq!(place.db.remove_aged(at(10 * DAY + 2)).await.unwrap(), []);
        let now = place.now(&session).await;
        assert_eq!(now.removed, Removed { transcript: Some(at(10 * DAY + 1)), ..Removed::default() });
        assert_eq!(place.db.utterances(tenant, session.id, UtteranceOrigin::Pipeline).await.unwrap(), []);
        let kept = place.db.recording(tenant, session.id).await.unwrap().unwrap();
        assert_eq!((kept.video_key.as_str(), kept.captions_key), ("v", None));
        assert!(place.db.steps(tenant, session.id).await.unwrap().is_empty(), "they hold words");
        // What the device has heard and sends now is not kept.
        let late = [(7, said(1.0, "late"))];
        let added = place.db.add_utterances(tenant, session.id, UtteranceOrigin::Device, &late).await.unwrap();
        assert_eq!(added, Added { utterances: 0, left_out: 1 });

        place.db.remove_aged(at(20 * DAY + 1)).await.unwrap();
        let procedures = place.db.procedures(tenant, session.id).await.unwrap();
        assert_eq!(procedures.len(), 1, "its name stays");
        assert_eq!((&procedures[0].video_key, &procedures[0].thumbnail_key), (&None, &None));
        assert!(place.db.recording(tenant, session.id).await.unwrap().is_some());

        place.db.remove_aged(at(30 * DAY + 1)).await.unwrap();
        assert_eq!(place.db.recording(tenant, session.id).await.unwrap(), None);
        assert_eq!(place.db.procedures(tenant, session.id).await.unwrap(), procedures);
        let now = place.now(&session).await;
        assert_eq!(
            (now.status, now.duration_seconds, now.removed.recording),
            (session.status, Some(2.0), Some(at(30 * DAY + 1)))
        );
        let again = place.db.process_again(tenant, session.id, at(31 * DAY)).await;
        assert!(matches!(again, Err(DbError::Rule(Rule::RemovedByAge))), "{again:?}");

        // A part that the device finds now, and its last word, change nothing.
        let late = arrives(place, &session, 2, 31 * DAY).await.unwrap();
        assert_eq!((late.state, late.received), (UploadState::Deleted, 0));
        assert!(place.db.heartbeat(tenant, session.id, at(31 * DAY)).await.unwrap());
        stop(place, &crew, &session, Stop::with_parts(Some(3)), 31 * DAY).await;
        assert_eq!(place.now(&session).await.status, session.status);
        let ledger = format!("SELECT count(*) FROM minute_transactions WHERE session_id = {}", place.id(session.id));
        assert_eq!(place.number(&ledger).await, 1, "its minutes stay");

        let removed = place.now(&young).await.removed;
        assert_eq!((removed.recording, removed.clips.is_some()), (None, true), "a day younger");
        assert_eq!(place.now(&theirs).await, theirs);
        for untouched in [running, waiting] {
            assert_eq!(place.now(&untouched).await, untouched);
        }
        let filter = AuditFilter { action: Some(Action::RemovedByAge.to_string()), ..AuditFilter::default() };
        let noted = place.db.audit_page(tenant, &filter, None, 9).await.unwrap().entries;
        let noted: Vec<_> = noted.iter().map(|e| serde_json::to_string(&e.detail).unwrap()).collect();
        let (first, then) = (r#"{"transcript":1}"#, r#"{"clips":1,"transcript":1}"#);
        assert_eq!(
            noted,
            [r#"{"clips":1,"recording":1}"#, then, first],
            "once each, with the one that is a day younger"
        );
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_objects_of_a_part_go_with_it_and_once_more_later() {
    on_both(async |place| {
        let crew = place.crew("acme").await;
        let session = done(place, &crew, 0).await;
        let (tenant, id) = (crew.tenant, session.id);
        let folder = tempfile::tempdir().unwrap();
        let objects = Objects::disk(folder.path()).unwrap();
        let prefix = Keys { tenant, session: id }.prefix();
        let put = async |name: &str| {
            let key = if name.starts_with("part") {
                format!("{}/{name}", uploads_prefix(tenant, id))
            } else {
                format!("{prefix}/{name}")
            };
            objects.put(&key, Bytes::from_static(b"film")).await.unwrap();
        };
        let left = async || {
            let keys = objects.list("").await.unwrap();
            keys.iter().map(|key| key.split_once(&id.to_string()).unwrap().1[1..].to_owned()).collect::<Vec<_>>()
        };
        for name in ["recording.mp4", "poster.jpg", "procedures/001.mp4", "captions.vtt", "steps/transcript.json"] {
            put(name).await;
        }
        put("part-0000001-x").await;
        let clock = FixedClock((at(0).0 + (10 * DAY + 1) * 1_000_000).into());
        keep(place, &crew, 20, 0, 10).await;
        place.db.remove_aged(at(10 * DAY + 1)).await.unwrap();
        assert_eq!(remove_due(&place.db, &objects, &clock).await.unwrap(), 1);
        assert_eq!(left().await, ["poster.jpg", "procedures/001.mp4", "recording.mp4", "part-0000001-x"]);
        // Somebody was still writing it.
        put("captions.vtt").await;
        clock.advance(901.0);
        assert_eq!(remove_due(&place.db, &objects, &clock).await.unwrap(), 1);
        assert_eq!(left().await, ["poster.jpg", "procedures/001.mp4", "recording.mp4", "part-0000001-x"]);
        assert_eq!(place.number("SELECT count(*) FROM removals").await, 0);

        place.db.remove_aged(at(20 * DAY + 1)).await.unwrap();
        clock.advance(10.0 * DAY as f64);
        remove_due(&place.db, &objects, &clock).await.unwrap();
        assert_eq!(left().await, ["procedures/001.mp4"]);
    })
    .await;
}

/// The recording is kept and grows: it is processed again, after what went has gone, and what is made goes again.
#[tokio::test(flavor = "multi_thread")]
async fn what_is_made_of_a_late_part_goes_again() {
    on_both(async |place| {
        let crew = place.crew("acme").await;
        let session = done(place, &crew, 0).await;
        let (tenant, id) = (crew.tenant, session.id);
        keep(place, &crew, 0, 10, 0).await;
        place.db.remove_aged(at(11 * DAY)).await.unwrap();
        stop(place, &crew, &session, Stop::with_parts(Some(2)), 11 * DAY).await;
        arrives(place, &session, 2, 11 * DAY).await.unwrap();
        is(place, &session, PROCESSING).await;
        assert!(place.claim(Uuid::now_v7(), at(11 * DAY)).await.is_none(), "the old clips have yet to go");
        let removal = place.db.claim_removal(tenant, id, at(11 * DAY)).await.unwrap().unwrap();
        assert!(removal.aged);
        assert!(place.db.finish_removal(&removal, at(11 * DAY)).await.unwrap());
        made(place, &crew, &session, 11 * DAY).await;
        assert_eq!(place.now(&session).await.removed, Removed::default());
        assert_eq!(place.db.remove_aged(at(12 * DAY)).await.unwrap(), [], "it ended when the last of it arrived");
        assert_eq!(place.db.remove_aged(at(22 * DAY)).await.unwrap(), [(tenant, counts([(Kept::Clips, 1)]))]);
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn servers_that_sweep_at_once_take_each_session_once() {
    on_both(async |place| {
        let crew = place.crew("acme").await;
        for _ in 0..7 {
            done(place, &crew, 0).await;
        }
        keep(place, &crew, 1, 1, 1).await;
        let other = place.at.open().await;
        let race = [&place.db, &other, &place.db, &other].map(|db| db.remove_aged(at(2 * DAY)));
        let found = futures::future::join_all(race).await.into_iter().flat_map(Result::unwrap);
        let sum: u64 = found.flat_map(|(_, counts)| counts.into_values()).sum();
        assert_eq!(sum, 21);
        let filter = AuditFilter { action: Some(Action::RemovedByAge.to_string()), ..AuditFilter::default() };
        assert_eq!(place.db.audit_page(crew.tenant, &filter, None, 9).await.unwrap().entries.len(), 1);
    })
    .await;
}
