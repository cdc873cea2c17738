//! A backup is taken while the server works, and the installation goes on elsewhere where it was.

use crate::{
    parts::{parts, said, send},
    support::{Dashboard, Outcome, Place, Ran, captions, sample},
};
use domain::SessionId;
use serde_json::json;
use std::{
    fs,
    sync::atomic::{AtomicBool, Ordering},
};

#[tokio::test(flavor = "multi_thread")]
async fn an_installation_goes_on_elsewhere_from_its_backup() {
    let place = Place::new();
    let pairing = place.pair("Harbour");
    let server = place.serve().await;
    let device = pairing.at(&server);
    let done = device.record(&sample(), Some(&captions())).await;
    device.completed(done).await;

    // Half of one session is here when the backups are taken, others come and are processed meanwhile.
    let half: SessionId = device.start().await.id;
    device.captions(half, &said()).await;
    let parts = parts();
    let (first, rest) = parts.split_at(parts.len() / 2);
    for part in first {
        send(&device, half, part).await;
    }
    let folder = place.file("backups").display().to_string();
    let over = AtomicBool::new(false);
    let busy = async {
        let mut began = Vec::new();
        for _ in 0..2 {
            began.push(device.record(&sample(), Some(&captions())).await);
        }
        over.store(true, Ordering::SeqCst);
        began
    };
    let backups = async {
        loop {
            let last = over.load(Ordering::SeqCst);
            let command = place.command(&["backup", "--to", &folder]);
            let taken = tokio::task::spawn_blocking(move || Ran::of(command, "")).await.unwrap();
            // 2 would say that rows speak of objects that are not there.
            assert_eq!(taken.code, 0, "{taken}");
            if last {
                return;
            }
        }
    };
    let (began, ()) = tokio::join!(busy, backups);
    server.kill();

    let elsewhere = Place::new();
    let checked = elsewhere.run(&["restore", "--from", &folder, "--check"]);
    assert!(checked.code == 0 && checked.stdout.contains("every byte"), "{checked}");
    let restored = elsewhere.json(&["restore", "--from", &folder], "");
    assert!(restored["rows"].as_u64() > Some(50), "{restored}");
    assert_eq!(
        fs::read(elsewhere.data().join("secret.key")).unwrap(),
        fs::read(place.data().join("secret.key")).unwrap()
    );
    elsewhere.is_tidy();
    let outcome = async |place: &Place| {
        let mut outcome = Outcome::on_disk(&place.data(), pairing.tenant, done).await;
        // What arrived of other sessions goes on changing.
        outcome.objects.retain(|key, _| key.contains("/S/"));
        assert!(outcome.objects.len() > 3, "{:?}", outcome.objects);
        outcome
    };
    assert_eq!(outcome(&elsewhere).await, outcome(&place).await);

    // The device, which only knows its token, goes on with the session that was half delivered.
    let server = elsewhere.serve().await;
    let device = pairing.at(&server);
    for part in rest {
        send(&device, half, part).await;
    }
    device.stop(half, parts.len() as u32).await;
    device.completed(half).await;
    // What was being processed is processed to its end.
    for session in began {
        device.completed(session).await;
    }
    Dashboard::sign_in(&server, &pairing).await;
    server.stop();

    let again = elsewhere.run(&["restore", "--from", &folder]);
    assert!(again.code == 1 && again.stderr.contains("empty"), "{again}");
}

#[tokio::test]
async fn what_cannot_be_a_backup_is_told() {
    let place = Place::new();
    place.pair("Harbour");
    let none = place.run(&["restore", "--from", &place.file("none").display().to_string()]);
    assert!(none.code == 1 && none.stderr.contains("there is none"), "{none}");
    let inside = place.data().join("backups").display().to_string();
    let within = place.run(&["backup", "--to", &inside]);
    assert!(within.code == 1 && within.stderr.contains("within the data folder"), "{within}");

    // The key of another installation is not written over.
    let folder = place.file("backups").display().to_string();
    let taken = place.json(&["backup", "--to", &folder], "");
    assert_eq!(taken["missing"], json!([]), "{taken}");
    let other = Place::new();
    other.pair("Quay");
    let server = other.serve().await;
    server.stop();
    let refused = other.run(&["restore", "--from", &folder]);
    assert!(refused.code == 1 && refused.stderr.contains("another installation"), "{refused}");
}
