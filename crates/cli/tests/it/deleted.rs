//! What the engineer had deleted leaves the server, whatever is in the way just then.

use crate::{
    parts::{FRAGMENT, PAUSE, gaps, parts, post, send},
    support::{Place, files, until},
};
use domain::{SessionId, recording::GapKind};
use serde_json::json;
use std::fs;
use storage::Db;

#[tokio::test]
async fn everything_deleted_is_gone_though_the_disk_was_away() {
    let place = Place::new();
    let pairing = place.pair("Harbour");
    let server = place.serve().await;
    let device = pairing.at(&server);
    let session: SessionId = device.start().await.id;
    device.captions(session, "WEBVTT\n\n00:01.000 --> 00:03.000\nI close the valve.\n").await;
    // Nobody says that the pause is over; and behind it a part is lost.
    post(&device, session, "pause", json!({ "at_seconds": 10 })).await;
    let parts = parts();
    let second = parts.iter().position(|part| part.start >= PAUSE.0 + PAUSE.1).unwrap();
    let (first, lost) = (&parts[..6], &parts[second + 3]);
    for part in first.iter().chain(&parts[second..second + 7]).filter(|part| part.number != lost.number) {
        send(&device, session, part).await;
    }
    post(&device, session, "stop", json!({ "at_seconds": 100 })).await;
    device.done(session).await;
    let db = Db::open_sqlite(&place.data().join("trainar.db")).await.unwrap();
    let found: Vec<_> =
        gaps(&db, &pairing, session).await.iter().map(|g| (g.kind, g.span.start.round() as u64)).collect();
    assert_eq!(found, [(GapKind::Paused, 5 * FRAGMENT), (GapKind::Missing, lost.start)]);

    let objects = place.data().join("objects").join(format!("tenants/{}", pairing.tenant));
    let (made, arrived) = (objects.join(format!("sessions/{session}")), objects.join("uploads"));
    assert!(files(&made).len() > 1, "{:?}", files(&made));
    let away = place.file("away");
    fs::rename(&arrived, &away).unwrap();
    fs::write(&arrived, "not a folder").unwrap();
    post(&device, session, "deletions", json!({ "from_seconds": 0, "to_seconds": 1000 })).await;
    let state = device.done(session).await;
    assert_eq!(state["failure_reason"], "no_recording", "{state}");
    assert_eq!(state["failure_detail"], "The engineer had the whole recording deleted.");
    assert_eq!(files(&away).len(), 12);
    // As if the disk was back, after the server was killed.
    server.kill();
    fs::remove_file(&arrived).unwrap();
    fs::rename(&away, &arrived).unwrap();
    let server = place.serve().await;
    until("what was deleted is gone", async || {
        // The headers are left, in which nothing is to be seen.
        (files(&arrived).len() == 2 && files(&made).is_empty()).then_some(())
    })
    .await;
    let state = pairing.at(&server).done(session).await;
    assert_eq!(state["failure_detail"], "The engineer had the whole recording deleted.");
    server.stop();
    place.is_tidy();
}
