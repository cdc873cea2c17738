//! A tenant leaves an installation while its server works, and goes on in another one; other programs can read what left.

use crate::{
    parts::{parts, said, send},
    support::{Dashboard, Outcome, Pairing, Place, captions, sample, until},
};
use domain::SessionId;
use reqwest::{StatusCode, header};
use serde_json::Value;
use std::{
    fs,
    path::{Path, PathBuf},
    process::{Command, Stdio},
};
use testkit::{Postgres, S3};

/// What another program reads of a ZIP.
fn unzipped(zip: &Path, file: &str) -> String {
    let read = Command::new("unzip").arg("-p").arg(zip).arg(file).output().unwrap();
    assert!(read.status.success(), "{file}: {}", String::from_utf8_lossy(&read.stderr));
    String::from_utf8(read.stdout).unwrap()
}

/// Two other programs find nothing wrong with it.
fn is_whole(zip: &Path) {
    for program in [&["unzip", "-tq"][..], &["python3", "-m", "zipfile", "-t"]] {
        let ran = Command::new(program[0]).args(&program[1..]).arg(zip).output().unwrap();
        let said = String::from_utf8_lossy(&ran.stdout).into_owned();
        assert!(ran.status.success() && !said.contains("bad"), "{program:?}: {said}");
    }
}

fn export(place: &Place, tenant: &str, name: &str) -> PathBuf {
    let zip = place.file(name);
    let done = place.json(&["export", "tenant", "--tenant", tenant, "--to", &zip.display().to_string()], "");
    assert_eq!(done["missing"], serde_json::json!([]), "{done}");
    assert_eq!(done["file_bytes"].as_u64().unwrap(), fs::metadata(&zip).unwrap().len());
    is_whole(&zip);
    zip
}

/// The counts and hashes of everything but the audit log, in which an export and an import are noted.
fn identity(zip: &Path) -> (Value, Value) {
    let mut manifest: Value = serde_json::from_str(&unzipped(zip, "manifest.json")).unwrap();
    manifest["tables"].as_array_mut().unwrap().retain(|table| table["name"] != "audit_entries");
    (manifest["tables"].clone(), manifest["objects"].clone())
}

#[tokio::test(flavor = "multi_thread")]
async fn a_tenant_moves_to_other_machines_and_back_and_goes_on_there() {
    let place = Place::new();
    let pairing = place.pair("Harbour");
    place.pair("Quay");
    let server = place.serve().await;
    let device = pairing.at(&server);
    let done = device.record(&sample(), Some(&captions())).await;
    device.completed(done).await;
    // Half of another session is here when the tenant leaves.
    let half: SessionId = device.start().await.id;
    device.captions(half, &said()).await;
    let parts = parts();
    let (first, rest) = parts.split_at(parts.len() / 2);
    for part in first {
        send(&device, half, part).await;
    }
    let zip = export(&place, "Harbour", "harbour.zip");
    let person = place.file("sam.zip");
    let told = place
        .json(&["export", "person", "--tenant", "Harbour", &pairing.email, "--to", &person.display().to_string()], "");
    assert_eq!(told["sessions"], 2, "{told}");
    is_whole(&person);
    let index = unzipped(&person, "index.html");
    assert!(index.contains("Sam") && index.contains(&pairing.email), "{index}");
    let rows: Value = serde_json::from_str(&unzipped(&person, "data/sessions.json")).unwrap();
    assert_eq!(rows.as_array().unwrap().len(), 2);
    server.stop();
    place.is_tidy();
    let index = unzipped(&zip, "index.html");
    assert!(index.contains("<h1>Harbour</h1>") && index.contains("Watch"), "{index}");
    for secret in [Pairing::PASSWORD, "$argon2", "Quay", &pairing.token] {
        let found = Command::new("grep").args(["-q", "--text", "--fixed-strings", secret]).arg(&zip).status().unwrap();
        assert_eq!(found.code(), Some(1), "{secret:?} is in the export");
    }

    // To PostgreSQL and S3, where it is there, and from there to a folder again.
    let mut zip_again = zip.clone();
    if let Some(postgres) = Postgres::start() {
        let s3 = S3::start();
        let other = Place::new()
            .set("DATABASE__URL", &postgres.url())
            .set("OBJECTS__ENDPOINT", &s3.endpoint)
            .set("OBJECTS__BUCKET", &s3.bucket)
            .set("OBJECTS__ACCESS_KEY", &s3.access_key)
            .set("OBJECTS__SECRET_KEY", &s3.secret_key);
        let checked = other.json(&["import", &zip.display().to_string(), "--check"], "");
        assert_eq!(checked, other.json(&["import", &zip.display().to_string()], ""));
        zip_again = place.file("again.zip");
        fs::copy(export(&other, "Harbour", "again.zip"), &zip_again).unwrap();
        assert_eq!(identity(&zip_again), identity(&zip));
    }
    let elsewhere = Place::new();
    elsewhere.json(&["import", &zip_again.display().to_string()], "");
    elsewhere.is_tidy();
    assert_eq!(identity(&export(&elsewhere, "Harbour", "third.zip")), identity(&zip));
    let again = elsewhere.run(&["import", &zip_again.display().to_string()]);
    assert!(again.code == 1 && again.stderr.contains("is here already"), "{again}");
    let outcome = async |place: &Place| {
        let mut outcome = Outcome::on_disk(&place.data(), pairing.tenant, done).await;
        outcome.objects.retain(|key, _| key.contains("/S/"));
        assert!(outcome.objects.len() > 3, "{:?}", outcome.objects);
        outcome
    };
    assert_eq!(outcome(&elsewhere).await, outcome(&place).await);

    // The device only learns the new address, and ends what it had begun.
    let server = elsewhere.serve().await;
    let device = pairing.at(&server);
    for part in rest {
        send(&device, half, part).await;
    }
    device.stop(half, parts.len() as u32).await;
    device.completed(half).await;

    // Nobody's password came along: a link sets one.
    let link = elsewhere.json(&["user", "link", "--tenant", "Harbour", &pairing.email], "");
    let token = link["url"].as_str().unwrap().split_once("token=").unwrap().1.to_owned();
    let password = Pairing::PASSWORD.replace(' ', "+");
    let form = format!("token={token}&password={password}&again={password}");
    let set = device.http.post(format!("{}/set-password", server.base())).body(form);
    let set = set.header(header::CONTENT_TYPE, "application/x-www-form-urlencoded").send().await.unwrap();
    assert!(set.status().is_success(), "{}", set.status());
    let dashboard = Dashboard::sign_in(&server, &pairing).await;
    let page = dashboard.page(&format!("/sessions/{done}")).await;
    let film = dashboard.media(&page).into_iter().find(|address| address.contains("kind=mp4")).expect("the film");
    let part = device.http.get(&film).header(header::RANGE, "bytes=4-7").send().await.unwrap();
    assert_eq!(part.status(), StatusCode::PARTIAL_CONTENT);
    assert_eq!(&part.bytes().await.unwrap()[..], b"ftyp");
    server.stop();
}

/// Killed while it copies, nothing of it is to be seen, and it can be done again.
#[tokio::test(flavor = "multi_thread")]
async fn an_import_that_is_killed_leaves_nothing_and_is_done_again() {
    let place = Place::new();
    let pairing = place.pair("Harbour");
    let folder = place.data().join(format!("objects/tenants/{}/sessions/0", pairing.tenant));
    fs::create_dir_all(&folder).unwrap();
    for number in 0..400 {
        fs::write(folder.join(format!("{number:03}.mp4")), format!("film {number}")).unwrap();
    }
    let zip = export(&place, "Harbour", "harbour.zip");

    let other = Place::new();
    let mut command = other.command(&["import", &zip.display().to_string()]);
    command.stdout(Stdio::null()).stderr(Stdio::null());
    let mut child = testkit::die_with_owner(&mut command, libc::SIGKILL).spawn().unwrap();
    let copied = other.data().join(format!("objects/tenants/{}/sessions/0", pairing.tenant));
    until("the first object is copied", async || copied.join("003.mp4").exists().then_some(())).await;
    child.kill().unwrap();
    child.wait().unwrap();
    assert!(!copied.join("399.mp4").exists(), "it was over before it was killed");
    let none = other.run(&["export", "tenant", "--tenant", "Harbour", "--to", "x.zip"]);
    assert!(none.code == 1 && none.stderr.contains("there is no tenant yet"), "{none}");
    // Another file of the same tenant may be what comes next: what the first one left is no part of it.
    fs::write(copied.join("left.mp4"), "left").unwrap();

    let done = other.json(&["import", &zip.display().to_string()], "");
    assert_eq!(done["objects"], 400);
    assert!(!copied.join("left.mp4").exists());
    other.is_tidy();
    assert_eq!(identity(&export(&other, "Harbour", "again.zip")), identity(&zip));
}

#[tokio::test]
async fn what_cannot_be_exported_or_imported_is_told() {
    let place = Place::new();
    place.pair("Harbour");
    let there = place.write("there.zip", "somebody's");
    let taken = place.run(&["export", "tenant", "--tenant", "Harbour", "--to", &there.display().to_string()]);
    assert!(taken.code == 1 && taken.stderr.contains("is there already"), "{taken}");
    assert_eq!(fs::read(&there).unwrap(), b"somebody's");
    let no_zip = place.run(&["import", &there.display().to_string()]);
    assert!(no_zip.code == 1 && no_zip.stderr.contains("it is no whole ZIP"), "{no_zip}");
    let nowhere = place.file("none/x.zip").display().to_string();
    let nowhere = place.run(&["export", "tenant", "--tenant", "Harbour", "--to", &nowhere]);
    assert!(nowhere.code == 1 && nowhere.stderr.contains("No such file"), "{nowhere}");
    let person = place.file("nobody.zip").display().to_string();
    let nobody = place.run(&["export", "person", "--tenant", "Harbour", "nobody@example.com", "--to", &person]);
    assert!(nobody.code == 1 && nobody.stderr.contains("has no user nobody@example.com"), "{nobody}");
    // Into a folder, under a name of its own.
    let folder = place.file("exports");
    fs::create_dir(&folder).unwrap();
    let done = place.json(&["export", "tenant", "--tenant", "Harbour", "--to", &folder.display().to_string()], "");
    let file = done["file"].as_str().unwrap();
    assert!(file.contains("/harbour-2") && file.ends_with("Z.zip"), "{file}");
}
