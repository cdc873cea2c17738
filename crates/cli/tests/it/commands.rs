//! The commands beside the pipeline, and what a log does not say.

use crate::support::{Dashboard, Pairing, Place, captions, sample};
use std::{fs, path::Path};

const REFERENCE: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../../docs/reference");

#[test]
fn the_printed_settings_can_be_used_as_they_are() {
    let place = Place::new();
    let printed = place.run(&["config"]);
    assert_eq!((printed.code, printed.stderr.as_str()), (0, ""), "{printed}");
    let file = place.write("trainar.toml", &printed.stdout);
    let doctor = place.run(&["--config", file.to_str().unwrap(), "doctor"]);
    assert_eq!(doctor.code, 0, "{doctor}");
    let empty = place.write("empty.toml", "");
    assert_eq!(place.run(&["--config", empty.to_str().unwrap(), "config"]).code, 0);
}

#[test]
fn a_setting_that_is_not_known_is_refused_by_name() {
    let place = Place::new();
    for (text, said) in [
        ("[server]\nprot = 1\n", "prot"),
        ("colour = \"red\"\n", "colour"),
        ("[server]\ntls = \"perhaps\"\n", "tls"),
        ("[processing]\ngranularity = \"tiny\"\n", "granularity"),
        ("[server\n", "trainar"),
    ] {
        let file = place.write("trainar.toml", text);
        let ran = place.run(&["--config", file.to_str().unwrap(), "doctor"]);
        assert_eq!((ran.code, ran.stdout.as_str()), (1, ""), "{ran}");
        assert!(ran.stderr.starts_with("error: ") && ran.stderr.contains(said), "{text}: {ran}");
    }
    let ran = Place::new().set("SERVER__PROT", "1").run(&["doctor"]);
    assert!(ran.code == 1 && ran.stderr.contains("prot"), "{ran}");
    let ran = place.run(&["--config", "/nowhere.toml", "doctor"]);
    assert!(ran.code == 1 && ran.stderr.contains("/nowhere.toml does not exist"), "{ran}");
}

#[test]
fn the_doctor_finds_nothing_on_a_good_installation() {
    let place = Place::new();
    let ran = place.run(&["doctor"]);
    assert_eq!((ran.code, ran.stderr.as_str()), (0, ""), "{ran}");
    for door in ["data", "database", "objects", "ffmpeg", "speech", "port"] {
        assert!(ran.stdout.lines().any(|l| l.starts_with(&format!("ok    {door}"))), "{door}: {ran}");
    }
}

/// The doctor's only complaint, at `door`, with these words.
#[track_caller]
fn complains(place: &Place, door: &str, words: &str) {
    let ran = place.run(&["doctor"]);
    assert_eq!(ran.code, 1, "{ran}");
    let complaint = ran.stdout.lines().find(|l| l.starts_with(&format!("FAIL  {door}")));
    let complaint = complaint.unwrap_or_else(|| panic!("no complaint about {door}: {ran}"));
    assert!(complaint.contains(words), "{ran}");
}

#[test]
fn the_doctor_says_which_door_is_closed() {
    let place = Place::new();
    let file = place.write("a-file", "");
    let under_a_file = file.join("data").display().to_string();
    complains(&Place::new().set("DATA_DIR", &under_a_file), "data", "cannot create");
    complains(&Place::new().set("DATA_DIR", "/proc/trainar"), "data", "cannot create");
    complains(&Place::new().set("MEDIA__FFMPEG", "/nowhere/ffmpeg"), "ffmpeg", "/nowhere/ffmpeg");
    complains(&Place::new().set("SPEECH__WHISPER_MODEL", "/nowhere/model.bin"), "speech", "/nowhere/model.bin");
    complains(&Place::new().set("DATABASE__URL", "postgres:///x?host=/nowhere"), "database", "PostgreSQL");
    let s3 = testkit::S3::start();
    let right = || {
        Place::new()
            .set("OBJECTS__ENDPOINT", &s3.endpoint)
            .set("OBJECTS__BUCKET", &s3.bucket)
            .set("OBJECTS__ACCESS_KEY", &s3.access_key)
            .set("OBJECTS__SECRET_KEY", &s3.secret_key)
    };
    let good = right().run(&["doctor"]);
    assert!(good.code == 0 && good.stdout.contains("S3 bucket recordings"), "{good}");
    complains(&right().set("OBJECTS__SECRET_KEY", "wrong-secret-key"), "objects", "");
    assert!(!right().set("OBJECTS__SECRET_KEY", "wrong-secret-key").run(&["doctor"]).stdout.contains("wrong-secret"));
    complains(&right().set("OBJECTS__ENDPOINT", "http://127.0.0.1:9"), "objects", "");
}

#[tokio::test]
async fn the_doctor_sees_that_the_port_is_taken() {
    let place = Place::new();
    let server = place.serve().await;
    let taken = server.base().strip_prefix("http://").unwrap().to_owned();
    complains(&Place::new().set("SERVER__LISTEN", &taken), "port", "cannot listen");
    let second = Place::new().set("SERVER__LISTEN", &taken).run(&["serve"]);
    assert!(second.code == 1 && second.stderr.contains("choose another with --listen"), "{second}");
    server.stop();
}

#[test]
fn the_reference_is_what_the_program_says_of_itself() {
    let place = Place::new();
    let dir = place.file("reference");
    let ran = place.run(&["reference", dir.to_str().unwrap()]);
    assert_eq!(ran.code, 0, "{ran}");
    for name in ["config.toml", "command-line.md", "openapi.json"] {
        let written = fs::read_to_string(dir.join(name)).unwrap();
        let kept = fs::read_to_string(Path::new(REFERENCE).join(name)).unwrap();
        assert!(kept == written, "docs/reference/{name} is old; run `make reference`");
    }
}

#[tokio::test]
async fn no_secret_is_ever_logged() {
    let place = Place::new().set("LOG", "debug,hyper=trace,reqwest=trace,sqlx=debug");
    let place = place.set("DATABASE__URL", "").set("OBJECTS__SECRET_KEY", "hush-hush");
    let pairing = place.pair("Harbour");
    let server = place.serve().await;
    let device = pairing.at(&server);
    let session = device.record(&sample(), Some(&captions())).await;
    device.completed(session).await;
    let dashboard = Dashboard::sign_in(&server, &pairing).await;
    let media = dashboard.media(&dashboard.page(&format!("/sessions/{session}")).await);
    assert!(!media.is_empty());
    for address in &media {
        assert_eq!(device.http.get(address).send().await.unwrap().status(), 200, "{address}");
    }
    let mut wrong = pairing.clone();
    wrong.token = "not-a-real-token-but-secret".into();
    let refused = wrong.at(&server).client.start_session(&glasses::StartSession::default()).await.unwrap_err();
    assert!(refused.to_string().contains("401"), "{refused}");

    let key: String = fs::read(place.data().join("secret.key")).unwrap().iter().map(|b| format!("{b:02x}")).collect();
    let signature = media[0].split("signature=").nth(1).unwrap().to_owned();
    let log = server.stop();
    assert!(log.contains(&session.to_string()) && log.contains("\"DEBUG\""), "the log says nothing");
    for secret in
        [&pairing.token, Pairing::PASSWORD, "horse", "hush-hush", &wrong.token, &key, &signature, "signature="]
    {
        let line = log.lines().find(|line| line.contains(secret));
        assert!(line.is_none(), "{secret} is in the log: {line:?}");
    }
    // What is kept of the token is its hash.
    let rows = fs::read(place.data().join("trainar.db")).unwrap();
    assert!(!rows.windows(pairing.token.len()).any(|w| w == pairing.token.as_bytes()), "the token is in the database");
}
