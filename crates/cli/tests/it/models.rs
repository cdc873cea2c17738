//! `trainar models`: a model comes from a folder, is verified, is used by its name.

use crate::support::{Place, sha256};
use std::fs;
use testkit::whisper_model::{Say, write_model};

/// A folder with a small model under the name of a known one, and its checksum.
pub fn stick(place: &Place) -> (String, String) {
    let folder = place.file("stick");
    fs::create_dir_all(&folder).unwrap();
    let model = folder.join("ggml-tiny.en.bin");
    write_model(&model, &[Say::Time(0.0), Say::Text(" Hello"), Say::Time(2.0)]).unwrap();
    (folder.display().to_string(), sha256(&model))
}

#[test]
fn the_list_says_what_there_is_and_what_is_here() {
    let place = Place::new();
    let listed = place.run(&["models", "list"]);
    assert_eq!((listed.code, listed.stderr.as_str()), (0, ""), "{listed}");
    for words in ["base.en", "148.0 MB", "small.en-q5_1", "MIT", "all-MiniLM-L6-v2", "91.3 MB", "Apache-2.0"] {
        assert!(listed.stdout.contains(words), "{words}: {listed}");
    }
    let verified = place.run(&["models", "verify"]);
    assert!(verified.code == 0 && verified.stdout.contains("no model is in"), "{verified}");
}

#[test]
fn a_fetched_model_is_used_by_its_name() {
    let place = Place::new().set("SPEECH__WHISPER_MODEL", "tiny.en");
    let before = place.run(&["doctor"]);
    assert!(before.code == 1 && before.stdout.contains("fetch it with `trainar models fetch tiny.en`"), "{before}");

    let (folder, sha256) = stick(&place);
    let fetched = place.run(&["models", "fetch", "tiny.en", "--from", &folder, "--sha256", &sha256]);
    assert_eq!(fetched.code, 0, "{fetched}");
    let lines: Vec<&str> = fetched.stderr.lines().collect();
    assert!(lines.len() > 5 && lines.iter().all(|line| line.starts_with("ggml-tiny.en.bin ")), "{fetched}");
    let (done, total) = lines[lines.len() - 1]["ggml-tiny.en.bin ".len()..].split_once(" of ").unwrap();
    assert_eq!(done, total, "{fetched}");
    assert!(place.data().join("models/ggml-tiny.en.bin").exists());

    let listed = place.run(&["models", "list"]);
    let line = listed.stdout.lines().find(|line| line.trim_start().starts_with("tiny.en ")).unwrap();
    let model = place.data().join("models/ggml-tiny.en.bin");
    let size = format!("{:.1} MB", fs::metadata(&model).unwrap().len() as f64 / 1e6);
    assert!(line.contains(" fetched ") && line.contains(&size) && !line.contains("verified"), "{line}");
    let verified = place.run(&["models", "verify"]);
    assert!(verified.code == 0 && verified.stdout.starts_with("ok    tiny.en"), "{verified}");
    if cfg!(feature = "whisper") {
        let after = place.run(&["doctor"]);
        assert!(after.code == 0 && after.stdout.contains("whisper.cpp with the model"), "{after}");
    }
}

#[test]
fn a_file_that_was_tampered_with_is_never_called_verified() {
    let place = Place::new().set("SPEECH__WHISPER_MODEL", "tiny.en");
    let (folder, sha256) = stick(&place);
    assert_eq!(place.run(&["models", "fetch", "tiny.en", "--from", &folder, "--sha256", &sha256]).code, 0);
    let model = place.data().join("models/ggml-tiny.en.bin");
    let good = fs::read(&model).unwrap();
    let mut other = good.clone();
    other[..4].copy_from_slice(b"GGUF");
    for (bytes, here) in [(&other[..], "fetched"), (&good[..good.len() / 2], "changed, verify it")] {
        fs::write(&model, bytes).unwrap();
        let listed = place.run(&["models", "list"]);
        let line = listed.stdout.lines().find(|line| line.trim_start().starts_with("tiny.en ")).unwrap();
        assert!(line.contains(here) && !line.contains("verified"), "{line}");
        let verified = place.run(&["models", "verify"]);
        assert!(verified.code == 1 && verified.stdout.contains("models fetch tiny.en"), "{verified}");
        if cfg!(feature = "whisper") {
            let doctor = place.run(&["doctor"]);
            let complaint = doctor.stdout.lines().find(|line| line.starts_with("FAIL  speech")).unwrap();
            assert!(doctor.code == 1 && complaint.contains("cannot be loaded: "), "{doctor}");
            assert!(complaint.contains("fetch it again with `trainar models fetch tiny.en`"), "{doctor}");
        }
    }
    let again = place.run(&["models", "fetch", "tiny.en", "--from", &folder, "--sha256", &sha256]);
    assert!(again.code == 0 && fs::read(&model).unwrap() == good, "{again}");
}

#[test]
fn what_is_wrong_is_told_and_nothing_is_left_of_it() {
    let place = Place::new();
    let (folder, _) = stick(&place);
    // The right name, but not the file that this program knows.
    let other = place.run(&["models", "fetch", "tiny.en", "--from", &folder]);
    assert!(other.code == 1 && other.stderr.contains("but the model has 77704715"), "{other}");
    let zeros = "0".repeat(64);
    let wrong = place.run(&["models", "fetch", "tiny.en", "--from", &folder, "--sha256", &zeros]);
    assert!(wrong.code == 1 && wrong.stderr.contains("thrown away"), "{wrong}");
    let left: Vec<_> = fs::read_dir(place.data().join("models")).unwrap().collect();
    assert!(left.is_empty(), "{left:?}");

    for (arguments, said) in [
        (&["models", "fetch", "huge"][..], "trainar models list"),
        (&["models", "fetch", "base.en", "--from", "/nowhere"][..], "/nowhere/ggml-base.en.bin has no such file"),
        (&["models", "fetch", "base.en", "--from", "ftp://host"][..], "neither http(s)://"),
        (&["models", "fetch", "base.en", "--from", "http://127.0.0.1:1"][..], "127.0.0.1:1"),
    ] {
        let ran = place.run(arguments);
        assert!(ran.code == 1 && ran.stderr.contains(said), "{ran}");
    }
    let verified = place.run(&["models", "verify", "base.en"]);
    assert!(verified.code == 1 && verified.stdout.contains("trainar models fetch base.en"), "{verified}");
}
