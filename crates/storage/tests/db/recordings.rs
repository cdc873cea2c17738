//! Recordings and what was said in them.

use crate::harness::{at, on_both};
use domain::{
    SessionId,
    recording::MediaInfo,
    utterance::{Speaker, Utterance, Word},
};
use storage::{
    DbError,
    db::recordings::{Part, Recording, Tracks, UtteranceOrigin},
};

pub fn recording(session: SessionId, duration_seconds: f64) -> Recording {
    let media_info = MediaInfo {
        container: "matroska,webm".into(),
        duration_seconds,
        bytes: 10,
        video: None,
        audio: None,
        captions_stream: None,
        warnings: vec!["cut off".into()],
        gaps: Vec::new(),
    };
    Recording {
        session_id: session,
        duration_seconds,
        media_info,
        video_key: "v".into(),
        poster_key: None,
        captions_key: None,
        chapters_key: None,
    }
}

pub fn part(number: u32) -> Part {
    Part {
        number,
        offset_seconds: 0.0,
        bytes: 10,
        sha256: "0".repeat(64),
        container: "matroska,webm".into(),
        key: format!("part {number}"),
    }
}

pub fn said(start: f64, text: &str) -> Utterance {
    let word = Word { text: text.into(), start, end: start + 0.5, confidence: 0.5 };
    Utterance {
        speaker: Speaker::Assistant,
        start,
        end: start + 0.5,
        text: text.into(),
        confidence: 0.25,
        words: vec![word],
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_recording_is_written_again_with_its_parts_and_tracks() {
    on_both(async |place| {
        let crew = place.crew("acme").await;
        let session = place.processing(&crew, at(0)).await;
        let (db, tenant, id) = (&place.db, crew.tenant, session.id);
        assert_eq!(db.recording(tenant, id).await.unwrap(), None);
        db.save_recording(tenant, &recording(id, 8.0), &[part(1), part(2)], at(1)).await.unwrap();
        db.save_recording(tenant, &recording(id, 9.5), &[part(1)], at(2)).await.unwrap();
        assert_eq!(db.recording(tenant, id).await.unwrap(), Some(recording(id, 9.5)));
        assert_eq!(db.parts(tenant, id).await.unwrap(), [part(1)]);
        let session = place.now(&session).await;
        assert_eq!((session.duration_seconds, session.updated_at), (Some(9.5), at(2)));

        let tracks = Tracks { poster: Some("p".into()), captions: Some("c".into()), chapters: None };
        db.save_tracks(tenant, id, tracks).await.unwrap();
        db.save_tracks(tenant, id, Tracks { chapters: Some("h".into()), ..Tracks::default() }).await.unwrap();
        let kept = db.recording(tenant, id).await.unwrap().unwrap();
        let keys = (kept.poster_key.as_deref(), kept.captions_key.as_deref(), kept.chapters_key.as_deref());
        assert_eq!(keys, (Some("p"), Some("c"), Some("h")));
        let bad = Part { sha256: "short".into(), ..part(1) };
        let refused = db.save_recording(tenant, &recording(id, 1.0), &[bad], at(3)).await;
        assert!(matches!(refused, Err(DbError::Refused(_))), "{refused:?}");
        assert_eq!(db.recording(tenant, id).await.unwrap(), Some(kept), "all or nothing");
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_warning_takes_the_place_of_the_one_about_the_same() {
    on_both(async |place| {
        let crew = place.crew("acme").await;
        let session = place.processing(&crew, at(0)).await;
        let (db, tenant, id) = (&place.db, crew.tenant, session.id);
        db.replace_warning(tenant, id, "the model", Some("the model is gone")).await.unwrap();
        assert_eq!(db.recording(tenant, id).await.unwrap(), None);
        db.save_recording(tenant, &recording(id, 8.0), &[part(1)], at(1)).await.unwrap();
        let warnings = async || db.recording(tenant, id).await.unwrap().unwrap().media_info.warnings;
        for (warning, expected) in [
            (Some("the model is gone"), vec!["cut off", "the model is gone"]),
            (Some("the model is gone"), vec!["cut off", "the model is gone"]),
            (Some("the model is damaged"), vec!["cut off", "the model is damaged"]),
            (None, vec!["cut off"]),
            (None, vec!["cut off"]),
        ] {
            db.replace_warning(tenant, id, "the model", warning).await.unwrap();
            assert_eq!(warnings().await, expected);
        }
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn utterances_sent_twice_are_kept_once_and_both_origins_stay_apart() {
    on_both(async |place| {
        let crew = place.crew("acme").await;
        let session = place.recording(&crew, at(0)).await;
        let (db, tenant, id) = (&place.db, crew.tenant, session.id);
        let add = |spoken: Vec<(u32, Utterance)>| async move {
            db.add_utterances(tenant, id, UtteranceOrigin::Device, &spoken).await.unwrap().utterances
        };
        assert_eq!(add(vec![]).await, 0);
        assert_eq!(add(vec![(1, said(5.0, "later")), (0, said(1.0, "first"))]).await, 2);
        assert_eq!(add(vec![(1, said(9.0, "another")), (2, said(9.0, "last"))]).await, 3);
        assert_eq!(add(vec![(0, said(9.0, "another"))]).await, 3);
        let device = db.utterances(tenant, id, UtteranceOrigin::Device).await.unwrap();
        assert_eq!(device, [said(1.0, "first"), said(5.0, "later"), said(9.0, "last")]);

        let many: Vec<_> = (0..1203).map(|n| said(f64::from(n), "word")).collect();
        db.replace_transcript(tenant, id, &many).await.unwrap();
        assert_eq!(db.utterances(tenant, id, UtteranceOrigin::Pipeline).await.unwrap(), many);
        db.replace_transcript(tenant, id, &many[..2]).await.unwrap();
        assert_eq!(db.utterances(tenant, id, UtteranceOrigin::Pipeline).await.unwrap(), many[..2]);
        let backwards = [Utterance { end: 0.0, ..said(3.0, "no") }];
        let refused = db.replace_transcript(tenant, id, &backwards).await;
        assert!(matches!(refused, Err(DbError::Refused(_))), "{refused:?}");
        assert_eq!(db.utterances(tenant, id, UtteranceOrigin::Pipeline).await.unwrap(), many[..2], "all or nothing");
        assert_eq!(db.utterances(tenant, id, UtteranceOrigin::Device).await.unwrap(), device);
    })
    .await;
}
