//! A disk that fills up: nothing that was acknowledged is lost, and work goes on once there is room.

use crate::support::{Disk, Outcome, Place, Rows, captions, sample, sha256, until};
use std::fs;

fn on(disk: &Disk, place: Place) -> Place {
    place.set("DATA_DIR", disk.path().join("data").to_str().unwrap())
}

#[tokio::test]
async fn while_uploading() {
    let place = Place::new();
    let Some(disk) = Disk::mount("16m") else { return };
    let place = on(&disk, place);
    let pairing = place.pair("Harbour");
    let server = place.serve().await;
    let device = pairing.at(&server);
    // The sample, and much that no player looks at.
    let mut bytes = fs::read(sample()).unwrap();
    bytes.extend((20_u32 << 20).to_be_bytes());
    bytes.extend(b"free");
    bytes.resize(bytes.len() + (20 << 20) - 8, 0x55);
    let outside = tempfile::tempdir().unwrap();
    let file = outside.path().join("large.mp4");
    fs::write(&file, &bytes).unwrap();

    let started = device.start().await;
    device.captions(started.id, &captions()).await;
    let mut uploader = device.uploader();
    uploader.piece_bytes = 1 << 20;
    uploader.backoff.give_up_after = Some(3);
    let about = [("filename", "large.mp4")];
    let (mut location, mut acknowledged) = (String::new(), 0);
    let full = uploader
        .upload(&started.upload_url, &file, &about, None, |p| (location, acknowledged) = (p.location.into(), p.sent))
        .await
        .unwrap_err();
    assert!(matches!(full, glasses::GlassesError::Refused { status: 507, .. }), "{full}");
    assert!(acknowledged > 1 << 20, "{acknowledged}");
    // It is alive, and says that it cannot work.
    assert_eq!(device.state(started.id).await["arrived"]["bytes"], acknowledged);

    disk.resize("128m");
    let mut first = None;
    let goes_on = uploader.upload(&started.upload_url, &file, &about, Some(&location), |p| {
        first.get_or_insert(p.sent);
    });
    goes_on.await.unwrap();
    assert!(first.unwrap() >= acknowledged, "{first:?} of {acknowledged}");
    device.stop(started.id, 1).await;
    device.completed(started.id).await;
    server.stop();
    let outcome = Outcome::on_disk(&place.data(), pairing.tenant, started.id).await;
    assert_eq!(outcome.source(), sha256(&file));
    place.is_tidy();
}

#[tokio::test]
async fn while_processing() {
    let place = Place::new();
    let Some(disk) = Disk::mount("64m") else { return };
    let place = on(&disk, place).set("SERVER__WORK", "false");
    let pairing = place.pair("Harbour");
    let server = place.serve().await;
    let session = pairing.at(&server).record(&sample(), Some(&captions())).await;
    server.stop();
    let place = place.set("SERVER__WORK", "true");
    let sessions = place.copy();

    // Room for the rows, not for another copy of the recording.
    let ballast = disk.fill(1_200_000);
    let server = place.serve().await;
    let mut rows = Rows::open(&place.data()).await;
    let said = until("the attempt fails", async || {
        rows.text("SELECT error FROM jobs WHERE error IS NOT NULL AND state = 'ready'").await
    })
    .await;
    assert!(said.contains("full"), "{said}");
    let device = pairing.at(&server);
    assert_eq!(device.state(session).await["status"], "in_progress");
    fs::remove_file(ballast).unwrap();
    device.completed(session).await;
    server.stop();
    place.is_tidy();

    // Undisturbed, on another disk, it comes to the same.
    let server = sessions.serve().await;
    pairing.at(&server).done(session).await;
    server.stop();
    let found = Outcome::on_disk(&place.data(), pairing.tenant, session).await;
    assert_eq!(found, Outcome::on_disk(&sessions.data(), pairing.tenant, session).await);
}

#[tokio::test]
async fn while_processing_for_too_long() {
    let place = Place::new();
    let Some(disk) = Disk::mount("64m") else { return };
    let place = on(&disk, place).set("SERVER__WORK", "false").set("PROCESSING__ATTEMPTS", "1");
    let pairing = place.pair("Harbour");
    let server = place.serve().await;
    let session = pairing.at(&server).record(&sample(), Some(&captions())).await;
    server.stop();
    let place = place.set("SERVER__WORK", "true");
    let ballast = disk.fill(1_200_000);
    let server = place.serve().await;
    let device = pairing.at(&server);
    let state = device.done(session).await;
    assert_eq!((&state["status"], &state["failure_reason"]), (&"failed".into(), &"processing_error".into()), "{state}");
    assert!(state["failure_detail"].as_str().unwrap().contains("full"), "{state}");
    // The recording is kept: with room again it can be processed again.
    fs::remove_file(ballast).unwrap();
    let again = place.run(&["session", "process-again", "--tenant", "Harbour", &session.to_string()]);
    assert_eq!(again.code, 0, "{again}");
    device.completed(session).await;
    server.stop();
    place.is_tidy();
}

#[test]
fn while_fetching_a_model() {
    let place = Place::new();
    let (folder, sha256) = crate::models::stick(&place);
    let Some(disk) = Disk::mount("5m") else { return };
    let place = on(&disk, place);
    let fetch = ["models", "fetch", "tiny.en", "--from", &folder, "--sha256", &sha256];
    let full = place.run(&fetch);
    assert!(full.code == 1 && full.stderr.contains("make room and run the same command again"), "{full}");
    assert!(place.data().join("models/ggml-tiny.en.bin.part").exists());
    disk.resize("20m");
    let done = place.run(&fetch);
    assert_eq!(done.code, 0, "{done}");
    assert!(!done.stderr.contains(" 0.0 MB of"), "it began anew: {done}");
}
