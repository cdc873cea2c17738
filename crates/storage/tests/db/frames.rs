//! Camera frames live and die with the recording of their session.

use crate::harness::{Place, at, on_both};
use bytes::Bytes;
use domain::{FixedClock, recording::Keys, session::Session};
use storage::{
    DbError, Rule,
    db::{frames::MOST, sessions::Stop},
    frames::remove_ended,
    objects::Objects,
};

async fn taken(place: &Place, objects: &Objects, session: &Session, now: i64) -> u64 {
    let number = place.db.begin_frame(session.tenant_id, session.id, 4, at(now)).await.unwrap().unwrap();
    let key = Keys { tenant: session.tenant_id, session: session.id }.frame(number);
    objects.put(&key, Bytes::from_static(b"jpeg")).await.unwrap();
    number
}

fn refused(found: Result<Option<u64>, DbError>, rule: Rule) {
    assert!(matches!(&found, Err(DbError::Rule(said)) if *said == rule), "{found:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn frames_go_when_their_session_is_over_and_once_more_later() {
    on_both(async |place| {
        let crew = place.crew("acme").await;
        let (session, beside) = (place.recording(&crew, at(0)).await, place.recording(&crew, at(0)).await);
        let folder = tempfile::tempdir().unwrap();
        let objects = Objects::disk(folder.path()).unwrap();
        let (db, tenant, id) = (&place.db, crew.tenant, session.id);
        let clock = FixedClock(at(10).0.into());
        assert_eq!(taken(place, &objects, &session, 1).await, 1);
        refused(db.begin_frame(tenant, id, 4, at(1)).await, Rule::FrameTooSoon);
        assert_eq!(taken(place, &objects, &session, 2).await, 2);
        taken(place, &objects, &beside, 2).await;
        assert_eq!(remove_ended(db, &objects, &clock).await.unwrap(), 0, "both run");

        // The wearer has a stretch deleted: what the camera saw goes, and a new one is taken.
        db.delete_stretch(tenant, id, (0, 9000), at(9)).await.unwrap();
        assert!(!db.keeps_frame(tenant, id, 2).await.unwrap());
        assert_eq!(remove_ended(db, &objects, &clock).await.unwrap(), 2);
        assert_eq!(taken(place, &objects, &session, 10).await, 3);
        assert_eq!(objects.list("").await.unwrap().len(), 2);
        assert!(db.keeps_frame(tenant, id, 3).await.unwrap());

        db.stop_session(tenant, id, &Stop::with_parts(Some(0)), at(11)).await.unwrap();
        refused(db.begin_frame(tenant, id, 4, at(12)).await, Rule::NotRecording);
        assert!(!db.keeps_frame(tenant, id, 3).await.unwrap());
        assert_eq!(remove_ended(db, &objects, &clock).await.unwrap(), 1);
        assert_eq!(remove_ended(db, &objects, &clock).await.unwrap(), 0);
        // Somebody was still writing it, and died.
        let late = Keys { tenant, session: id }.frame(3);
        objects.put(&late, Bytes::from_static(b"jpeg")).await.unwrap();
        clock.advance(1000.0);
        assert_eq!(remove_ended(db, &objects, &clock).await.unwrap(), 3);
        assert_eq!(place.number("SELECT count(*) FROM frames").await, 1, "of the one that runs");
        assert_eq!(objects.list("").await.unwrap().len(), 1);
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_session_has_so_many_frames_and_no_more() {
    on_both(async |place| {
        let crew = place.crew("acme").await;
        let session = place.recording(&crew, at(0)).await;
        let (id, tenant) = (place.id(session.id), place.id(crew.tenant));
        let rows: Vec<_> = (1..=MOST).map(|n| format!("({id}, {tenant}, {n}, 4, 0)")).collect();
        let insert =
            format!("INSERT INTO frames (session_id, tenant_id, number, bytes, created_at) VALUES {}", rows.join(", "));
        place.sql(&insert).await.unwrap();
        refused(place.db.begin_frame(crew.tenant, session.id, 4, at(1)).await, Rule::TooManyFrames);
    })
    .await;
}
