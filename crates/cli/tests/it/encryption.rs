//! With the operator's key nothing of a session lies in the object store in clear, and everything works as before.

use crate::support::{Dashboard, Outcome, Place, Ran, captions, files, holding, sample};
use reqwest::{StatusCode, header};
use std::{
    fs,
    os::unix::fs::PermissionsExt,
    path::{Path, PathBuf},
};
use storage::{encryption::Keys, objects::Objects};

/// A place with a key of its own in a file apart.
fn with_key(place: Place) -> (Place, PathBuf) {
    let file = place.file("trainar.keys");
    let made = place.run(&["encryption", "new-key", file.to_str().unwrap()]);
    assert_eq!((made.code, made.stderr.as_str()), (0, ""), "{made}");
    assert_eq!(fs::metadata(&file).unwrap().permissions().mode() & 0o777, 0o600);
    (place.set("ENCRYPTION__KEY_FILE", file.to_str().unwrap()), file)
}

/// Files of the folder with 600 bytes of the recording in them, any word that was said, or any mark of a file that the
/// pipeline makes.
fn in_clear(folder: &Path) -> Vec<String> {
    let recording = fs::read(sample()).unwrap();
    let pieces = recording.as_chunks::<32>().0.iter().filter(|p| p.iter().any(|b| *b != p[0])).step_by(16);
    let spoken = captions();
    let words =
        spoken.lines().filter(|line| line.len() > 12 && !line.contains("-->")).map(|line| &line.as_bytes()[..12]);
    let marks = [&b"ftypisom"[..], b"WEBVTT", b"JFIF", b"\"utterances\"", b"\"start_seconds\"", b"moov"];
    let wanted: Vec<&[u8]> = pieces.map(|piece| &piece[..]).chain(words).chain(marks).collect();
    holding(folder, &wanted)
}

#[tokio::test(flavor = "multi_thread")]
async fn a_session_is_processed_played_and_rewritten_and_none_of_it_lies_in_clear() {
    let (place, file) = with_key(Place::new());
    let pairing = place.pair("Harbour");
    let server = place.serve().await;
    let device = pairing.at(&server);
    let session = device.record(&sample(), Some(&captions())).await;
    device.completed(session).await;

    // A browser jumps about in it.
    let dashboard = Dashboard::sign_in(&server, &pairing).await;
    let page = dashboard.page(&format!("/sessions/{session}")).await;
    let media = dashboard.media(&page);
    let video = media.iter().find(|address| address.contains("kind=mp4")).unwrap();
    let recording = fs::read(sample()).unwrap();
    let ask = async |range: &str| {
        let answer = reqwest::Client::new().get(video).header(header::RANGE, range).send().await.unwrap();
        (
            answer.status(),
            answer.headers()[header::CONTENT_RANGE].to_str().unwrap().to_owned(),
            answer.bytes().await.unwrap(),
        )
    };
    let whole = reqwest::get(video).await.unwrap().bytes().await.unwrap();
    let size = whole.len();
    for (range, from, to) in [
        ("bytes=0-1".to_owned(), 0, 2),
        ("bytes=0-".into(), 0, size),
        (format!("bytes={}-", size - 100), size - 100, size),
        ("bytes=-500".into(), size - 500, size),
        ("bytes=65530-65545".into(), 65_530, 65_546),
        (format!("bytes=100000-{}", size * 2), 100_000, size),
    ] {
        let (status, told, bytes) = ask(&range).await;
        assert_eq!(status, StatusCode::PARTIAL_CONTENT, "{range}");
        assert_eq!(told, format!("bytes {from}-{}/{size}", to - 1));
        assert!(bytes == whole[from..to], "{range}");
    }
    let (status, told, _) = ask(&format!("bytes={size}-")).await;
    assert_eq!((status, told), (StatusCode::RANGE_NOT_SATISFIABLE, format!("bytes */{size}")));
    server.stop();

    let objects = place.data().join("objects");
    assert!(files(&objects).len() > 8);
    assert_eq!(in_clear(&objects), [""; 0]);
    assert!(!fs::read(place.data().join("secret.key")).unwrap().is_empty());
    place.is_tidy();

    // The same session without a key comes to the same.
    let open = Place::new();
    let other = open.pair("Harbour");
    let server = open.serve().await;
    let device = other.at(&server);
    let same = device.record(&sample(), Some(&captions())).await;
    device.completed(same).await;
    server.stop();
    assert!(!in_clear(&open.data().join("objects")).is_empty(), "the scan finds what it looks for");
    let expected = Outcome::on_disk(&open.data(), other.tenant, same).await;
    assert_eq!(expected.source(), crate::support::sha256(&sample()));
    let opened = async |place: &Place| {
        let keys = Keys::parse(&fs::read_to_string(&file).unwrap()).unwrap();
        let objects = Objects::disk(&place.data().join("objects")).unwrap().encrypted(keys).await.unwrap();
        let db = storage::Db::open_sqlite(&place.data().join("trainar.db")).await.unwrap();
        Outcome::read(&db, &objects, pairing.tenant, session).await
    };
    assert_eq!(opened(&place).await, expected);
    drop(recording);

    // The key is changed; nothing starts without the old one until everything is encrypted by the new one.
    let old = fs::read_to_string(&file).unwrap();
    let rotated = place.run(&["encryption", "new-key", "--rotate", file.to_str().unwrap()]);
    assert_eq!(rotated.code, 0, "{rotated}");
    let both = fs::read_to_string(&file).unwrap();
    let new = both.lines().next().unwrap();
    fs::write(&file, new).unwrap();
    let refused = place.run(&["serve"]);
    assert!(refused.code == 1 && refused.stderr.contains("put that key back"), "{refused}");
    fs::write(&file, &both).unwrap();
    let server = place.serve().await;
    let busy = place.run(&["encryption", "rewrite"]);
    assert!(busy.code == 1 && busy.stderr.contains("stop all of them first"), "{busy}");
    server.stop();
    let done = place.json(&["encryption", "rewrite"], "");
    assert!(done["objects"].as_u64() > Some(8) && done["left"].as_array().unwrap().is_empty(), "{done}");
    fs::write(&file, new).unwrap();
    assert_eq!(opened(&place).await, expected);
    place.serve().await.stop();
    fs::write(&file, old).unwrap();
    let refused = place.run(&["serve"]);
    assert!(refused.code == 1 && refused.stderr.contains("is not among the keys that are set"), "{refused}");
}

#[tokio::test(flavor = "multi_thread")]
async fn an_installation_without_a_key_gets_one_later_and_its_backup_needs_it() {
    let place = Place::new();
    let pairing = place.pair("Harbour");
    let server = place.serve().await;
    let device = pairing.at(&server);
    let session = device.record(&sample(), Some(&captions())).await;
    device.completed(session).await;
    server.stop();
    let before = Outcome::on_disk(&place.data(), pairing.tenant, session).await;
    let secret = fs::read(place.data().join("secret.key")).unwrap();
    assert_eq!(secret.len(), 32);

    let (place, file) = with_key(place);
    let doctor = place.run(&["doctor"]);
    assert!(doctor.stdout.contains("rewrite` encrypts them"), "{doctor}");
    // What is there is shown as before.
    let server = place.serve().await;
    let dashboard = Dashboard::sign_in(&server, &pairing).await;
    let page = dashboard.page(&format!("/sessions/{session}")).await;
    for address in dashboard.media(&page) {
        assert_eq!(reqwest::get(&address).await.unwrap().status(), StatusCode::OK, "{address}");
    }
    server.stop();
    let sealed = fs::read(place.data().join("secret.key")).unwrap();
    assert!(sealed.starts_with(b"trainar-sealed-1:"), "the installation's key is sealed at the next start");
    assert!(!in_clear(&place.data().join("objects")).is_empty());
    place.json(&["encryption", "rewrite"], "");
    assert_eq!(in_clear(&place.data().join("objects")), [""; 0]);
    let status = place.json(&["encryption", "status"], "");
    assert_eq!(status["not_encrypted"], 0, "{status}");
    let doctor = place.run(&["doctor"]);
    assert!(doctor.code == 0 && doctor.stdout.contains("every object is encrypted"), "{doctor}");

    let folder = place.file("backups");
    let taken = place.json(&["backup", "--to", folder.to_str().unwrap()], "");
    assert_eq!(taken["missing"].as_array().unwrap().len(), 0, "{taken}");
    assert_eq!(in_clear(&folder.join("blobs")), [""; 0]);
    let generation = files(&folder.join("generations"));
    let key = generation.iter().find(|path| path.ends_with("secret.key")).unwrap();
    assert_eq!(fs::read(key).unwrap(), sealed);

    let elsewhere = Place::new();
    let refused = elsewhere.run(&["restore", "--from", folder.to_str().unwrap()]);
    assert!(refused.code == 1 && refused.stderr.contains("no key is set"), "{refused}");
    let elsewhere = elsewhere.set("ENCRYPTION__KEY_FILE", file.to_str().unwrap());
    elsewhere.json(&["restore", "--from", folder.to_str().unwrap()], "");
    let server = elsewhere.serve().await;
    Dashboard::sign_in(&server, &pairing).await;
    server.stop();
    let keys = Keys::parse(&fs::read_to_string(&file).unwrap()).unwrap();
    let objects = Objects::disk(&elsewhere.data().join("objects")).unwrap().encrypted(keys).await.unwrap();
    let db = storage::Db::open_sqlite(&elsewhere.data().join("trainar.db")).await.unwrap();
    assert_eq!(Outcome::read(&db, &objects, pairing.tenant, session).await, before);

    // Nobody goes on in clear by taking the setting away.
    let without = place.set("ENCRYPTION__KEY_FILE", "");
    for command in [&["serve"][..], &["work"], &["doctor"], &["backup", "--to", "/nowhere"]] {
        let refused = without.run(command);
        let said = format!("{}{}", refused.stdout, refused.stderr);
        assert!(refused.code == 1 && said.contains("no key is set"), "{command:?}: {refused}");
    }
}

#[test]
fn a_key_that_protects_nothing_is_refused() {
    let place = Place::new();
    let inside = place.data().join("keys");
    fs::create_dir_all(place.data()).unwrap();
    let refused = |place: &Place, words: &str| {
        let ran = place.run(&["serve"]);
        assert!(ran.code == 1 && ran.stderr.contains(words) && !ran.stderr.contains("hush"), "{words}: {ran}");
    };
    let place = place.set("ENCRYPTION__KEY_FILE", "/nowhere/keys");
    refused(&place, "cannot read /nowhere/keys");
    assert_eq!(place.run(&["encryption", "new-key", inside.to_str().unwrap()]).code, 0);
    let place = place.set("ENCRYPTION__KEY_FILE", inside.to_str().unwrap());
    refused(&place, "lies in the data folder");
    let file = place.write("keys", "hush hush\n");
    let place = place.set("ENCRYPTION__KEY_FILE", file.to_str().unwrap());
    refused(&place, "line 1 is no key");
    place.write("keys", "trainar-key-1:aHVzaA==\n");
    refused(&place, "too short");
    place.write("keys", format!("trainar-key-1:{}=\n", "A".repeat(43)));
    refused(&place, "too weak");
    let place = place.set("ENCRYPTION__KEYS", "hush");
    refused(&place, "both set");

    let Ran { code, stdout, .. } = place.run(&["encryption", "new-key"]);
    assert_eq!(code, 0);
    let place = place.set("ENCRYPTION__KEY_FILE", "").set("ENCRYPTION__KEYS", stdout.trim());
    assert_eq!(place.run(&["doctor"]).code, 0);
    let again = place.run(&["encryption", "new-key", file.to_str().unwrap()]);
    assert!(again.code == 1 && again.stderr.contains("--rotate"), "{again}");
}
