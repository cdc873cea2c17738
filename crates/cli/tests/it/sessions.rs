//! Sessions that do not go as planned.

use crate::support::{Outcome, Place, Rows, captions, fragmented_sample, sample};
use std::{fs, path::PathBuf};

/// The first two thirds of the sample, as a device leaves it that dies.
fn torn(place: &Place) -> PathBuf {
    let bytes = fs::read(fragmented_sample()).unwrap();
    place.write("torn.mp4", &bytes[..bytes.len() * 2 / 3])
}

#[tokio::test]
async fn a_device_that_falls_silent_loses_nothing_that_arrived() {
    let place = Place::new().set("LIMITS__HEARTBEAT_SECONDS", "1");
    let pairing = place.pair("Harbour");
    let server = place.serve().await;
    let device = pairing.at(&server);
    let started = device.start().await;
    device.captions(started.id, &captions()).await;
    // The length is never declared: the device dies before it knows.
    let bytes = fs::read(torn(&place)).unwrap();
    let create = device.request(reqwest::Method::POST, &started.upload_url);
    let create = create.header("Tus-Resumable", "1.0.0").header("Upload-Defer-Length", "1").send().await.unwrap();
    let location = create.headers()["location"].to_str().unwrap().to_owned();
    let append = device.request(reqwest::Method::PATCH, &location).header("Tus-Resumable", "1.0.0");
    let append = append.header("Upload-Offset", "0").header("Content-Type", "application/offset+octet-stream");
    assert_eq!(append.body(bytes).send().await.unwrap().status(), 204);

    let state = device.done(started.id).await;
    assert_eq!((&state["status"], &state["failure_reason"]), (&"failed".into(), &"ended_abnormally".into()), "{state}");
    assert!(state["failure_detail"].as_str().unwrap().ends_with('.'), "{state}");
    assert!(state["procedures"].as_u64().unwrap() >= 1, "{state}");
    let seconds = state["duration_seconds"].as_f64().unwrap();
    assert!((40.0..80.0).contains(&seconds), "{state}");
    let first = Outcome::on_disk(&place.data(), pairing.tenant, started.id).await;
    assert!(first.recording.contains("recording.mp4"), "{}", first.recording);

    // Processed again it comes to the same.
    let again = place.run(&["session", "process-again", "--tenant", "Harbour", &started.id.to_string()]);
    assert_eq!(again.code, 0, "{again}");
    let state = device.done(started.id).await;
    assert_eq!(state["failure_reason"], "ended_abnormally", "{state}");
    server.stop();
    assert_eq!(Outcome::on_disk(&place.data(), pairing.tenant, started.id).await, first);
    place.is_tidy();
}

#[tokio::test]
async fn a_session_without_a_recording_says_so() {
    let place = Place::new().set("LIMITS__HEARTBEAT_SECONDS", "1").set("LIMITS__UPLOAD_IDLE_HOURS", "0.0005");
    let pairing = place.pair("Harbour");
    let server = place.serve().await;
    let device = pairing.at(&server);
    let (stopped, promised, silent) = (device.start().await, device.start().await, device.start().await);
    device.stop(stopped.id, 0).await;
    device.stop(promised.id, 1).await;
    for (session, reason) in
        [(stopped.id, "no_recording"), (promised.id, "no_recording"), (silent.id, "ended_abnormally")]
    {
        let state = device.done(session).await;
        assert_eq!((&state["status"], &state["failure_reason"]), (&"failed".into(), &reason.into()), "{state}");
        assert!(state["failure_detail"].as_str().unwrap().ends_with('.'), "{state}");
        let again = place.run(&["session", "process-again", "--tenant", "Harbour", &session.to_string()]);
        assert_eq!(again.code, 1, "{again}");
    }
    server.stop();
}

#[tokio::test]
async fn processing_that_is_called_off_can_begin_again() {
    let place = Place::new();
    let pairing = place.pair("Harbour");
    let server = place.serve().await;
    let device = pairing.at(&server);
    let undisturbed = device.record(&sample(), Some(&captions())).await;
    device.done(undisturbed).await;
    let expected = Outcome::on_disk(&place.data(), pairing.tenant, undisturbed).await;
    let session = device.record(&sample(), Some(&captions())).await;
    let id = session.to_string();
    let cancel = place.run(&["session", "cancel", "--tenant", "Harbour", &id]);
    assert_eq!(cancel.code, 0, "{cancel}");
    let state = device.done(session).await;
    assert_eq!((&state["status"], &state["failure_reason"]), (&"failed".into(), &"processing_error".into()), "{state}");
    assert!(state["failure_detail"].as_str().unwrap().contains("called off"), "{state}");
    // The recording is kept.
    let again = place.run(&["session", "process-again", "--tenant", "Harbour", &id]);
    assert_eq!(again.code, 0, "{again}");
    device.completed(session).await;
    let found = Outcome::on_disk(&place.data(), pairing.tenant, session).await;
    assert_eq!(found, expected);
    let mut rows = Rows::open(&place.data()).await;
    let running = "SELECT tenant_id FROM tenant_queues WHERE running <> 0";
    assert_eq!(rows.text(running).await, None, "a called-off job still counts as running");

    let other = place.run(&["session", "cancel", "--tenant", "Nobody", &id]);
    assert!(other.code == 1 && other.stderr.contains("there is Harbour"), "{other}");
    server.stop();
    place.is_tidy();
}
