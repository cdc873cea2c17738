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
    FixedClock, Span,
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
        breaks::Deletion,
        procedures::Outcome,
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

/// Nothing is made of the recording again: what touches the stretch goes, and what was said of the whole.
#[tokio::test(flavor = "multi_thread")]
async fn a_stretch_deleted_once_the_recording_went_takes_what_touches_it() {
    on_both(async |place| {
        let crew = place.crew("acme").await;
        let session = place.recording(&crew, at(0)).await;
        let (tenant, id, worker, keys) =
            (crew.tenant, session.id, Uuid::now_v7(), Keys { tenant: crew.tenant, session: session.id });
        for number in [1, 2, 3] {
            arrives(place, &session, number, 1).await.unwrap();
        }
        stop(place, &crew, &session, Stop::with_parts(Some(3)), 2).await;
        let job = place.claim(worker, at(3)).await.unwrap();
        place.db.save_recording(tenant, &recording(id, 6.0), &[recorded(1)], at(3)).await.unwrap();
        place.db.replace_transcript(tenant, id, &[said(0.5, "goes"), said(4.5, "stays")]).await.unwrap();
        place.db.add_utterances(tenant, id, UtteranceOrigin::Device, &[(1, said(1.8, "goes"))]).await.unwrap();
        let procedure = |number: u32, start_seconds: f64| {
            let [mut found] = outcome().procedures.try_into().unwrap();
            (found.number, found.draft.start_seconds, found.draft.end_seconds) =
                (number, start_seconds, start_seconds + 1.0);
            found.video_key = Some(keys.clip(number as usize, "mp4"));
            found.thumbnail_key = Some(keys.thumbnail(number as usize));
            found
        };
        let found = Outcome {
            procedures: vec![procedure(1, 1.5), procedure(2, 4.5)],
            summary: Some("All.".into()),
            ..outcome()
        };
        assert!(place.db.approve(&job, worker, &found, at(4)).await.unwrap());
        let folder = tempfile::tempdir().unwrap();
        let objects = Objects::disk(folder.path()).unwrap();
        let clips: Vec<_> = [1, 2].into_iter().flat_map(|n| [keys.thumbnail(n), keys.clip(n, "mp4")]).collect();
        for key in clips.iter().chain([&keys.playable("mp4")]) {
            objects.put(key, Bytes::from_static(b"film")).await.unwrap();
        }
        let captions = "WEBVTT\n\n00:00.500 --> 00:01.000\ngoes\n\n00:04.500 --> 00:05.000\nstays\n";
        objects.put(&keys.captions(), captions.into()).await.unwrap();
        keep(place, &crew, 10, 0, 0).await;
        place.db.remove_aged(at(11 * DAY)).await.unwrap();
        let clock = FixedClock((at(11 * DAY).0).into());
        remove_due(&place.db, &objects, &clock).await.unwrap();
        assert_eq!(objects.list("").await.unwrap(), [&[keys.captions()], &clips[..]].concat());
        assert_eq!(place.db.deleted_spans(tenant, id).await.unwrap(), []);
        let before = place.now(&session).await;

        // The device comes out of a drawer and says what its wearer said then. It says it twice.
        for again in [0, 1] {
            let deleted = place.db.delete_stretch(tenant, id, (500, 1000), at(12 * DAY + again)).await.unwrap();
            assert_eq!(deleted, Deletion::Deleted(vec![]));
        }
        assert_eq!(place.db.deleted_spans(tenant, id).await.unwrap(), [Span::new(0.0, 2.0)], "all of its part");
        let left = place.db.procedures(tenant, id).await.unwrap();
        assert_eq!(left.iter().map(|p| p.number).collect::<Vec<_>>(), [2]);
        let words = place.db.utterances(tenant, id, UtteranceOrigin::Pipeline).await.unwrap();
        assert_eq!(words, [said(4.5, "stays")]);
        assert_eq!(place.db.utterances(tenant, id, UtteranceOrigin::Device).await.unwrap(), []);
        let now = place.now(&session).await;
        assert_eq!((now.status, now.phase, now.duration_seconds), (before.status, before.phase, Some(6.0)));
        assert_eq!((before.summary.as_deref(), now.summary), (Some("All."), None), "it told of all");
        clock.advance(DAY as f64 + 1.0);
        remove_due(&place.db, &objects, &clock).await.unwrap();
        assert_eq!(objects.list("").await.unwrap(), [&[keys.captions()], &clips[2..]].concat());
        let captions = objects.get(&keys.captions()).await.unwrap().unwrap();
        let captions = String::from_utf8(captions.into()).unwrap();
        assert!(captions.contains("stays") && !captions.contains("goes"), "{captions}");
        let late = [(7, said(5.0, "kept")), (8, said(1.0, "not kept"))];
        let added = place.db.add_utterances(tenant, id, UtteranceOrigin::Device, &late).await.unwrap();
        assert_eq!(added, Added { utterances: 1, left_out: 1 });
    })
    .await;
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
