//! A sentence model that is configured, and one that is broken.

use crate::support::{Place, captions, sample};
use serde_json::Value;
use std::{
    fs,
    path::{Path, PathBuf},
};
use testkit::sentence_model::write;

/// What the log says when the model is used.
const USED: &str = "sentence embeddings";

fn model(place: &Place) -> PathBuf {
    write(&place.file(""), "tiny", 5).unwrap()
}

fn text(path: &Path) -> &str {
    path.to_str().unwrap()
}

/// What was found in the sample, with its warnings and the log.
fn process(place: &Place) -> (Vec<Value>, Vec<Value>, String) {
    let (vtt, sample) = (place.write("captions.vtt", captions()), sample());
    let ran = place.run(&["process", text(&sample), "--captions", text(&vtt), "--json"]);
    assert_eq!(ran.code, 0, "{ran}");
    let report: Value = serde_json::from_str(&ran.stdout).unwrap_or_else(|e| panic!("{e}: {ran}"));
    let list = |key: &str| report[key].as_array().unwrap().clone();
    (list("procedures"), list("warnings"), ran.stderr)
}

#[test]
fn a_recording_is_processed_with_the_model_and_without_a_broken_one() {
    let place = Place::new().set("LOG", "info");
    let (plain, warnings, log) = process(&place);
    assert!(warnings.is_empty() && !log.contains(USED), "{warnings:?} {log}");

    let folder = model(&place);
    let place = place.set("EMBEDDING__MODEL", text(&folder));
    let (found, warnings, log) = process(&place);
    assert!(!found.is_empty() && warnings.is_empty() && log.contains(USED), "{warnings:?} {log}");
    let doctor = place.run(&["doctor"]);
    assert!(doctor.code == 0 && doctor.stdout.contains("vectors of 32 numbers"), "{doctor}");

    let weights = folder.join("model.safetensors");
    let whole = fs::read(&weights).unwrap();
    fs::write(&weights, &whole[..whole.len() - 100]).unwrap();
    let (found, warnings, log) = process(&place);
    assert_eq!(found, plain, "the words alone count");
    let warning = warnings[0].as_str().unwrap();
    assert!(warning.starts_with("the sentence model was not used: "), "{warning}");
    assert!(warning.contains("model.safetensors is damaged") && !log.contains(USED), "{warning} {log}");
    let doctor = place.run(&["doctor"]);
    assert!(doctor.code == 1 && doctor.stdout.contains("FAIL  sentences"), "{doctor}");
    place.is_tidy();
}

#[test]
fn a_model_in_the_data_folder_goes_by_its_name() {
    let place = Place::new();
    let models = place.data().join("models");
    fs::create_dir_all(&models).unwrap();
    write(&models, "tiny", 5).unwrap();
    let place = place.set("EMBEDDING__MODEL", "tiny").set("LOG", "info");
    let (_, warnings, log) = process(&place);
    assert!(warnings.is_empty() && log.contains(USED), "{warnings:?} {log}");
    let place = place.set("EMBEDDING__MODEL", "other");
    let (_, warnings, _) = process(&place);
    assert!(warnings[0].as_str().unwrap().contains("models/other"), "{warnings:?}");
}

#[test]
fn a_transcript_alone_is_cut_with_the_model_that_is_named() {
    let place = Place::new();
    let folder = model(&place);
    let vtt = place.write("captions.vtt", captions());
    let extract = ["extract", "--captions", text(&vtt), "--json"];
    let timed = |arguments: &[&str]| {
        let ran = place.run(arguments);
        assert_eq!(ran.code, 0, "{ran}");
        let report: Value = serde_json::from_str(&ran.stdout).unwrap_or_else(|e| panic!("{e}: {ran}"));
        assert!(!report["procedures"].as_array().unwrap().is_empty(), "{ran}");
        report["timings"]["embed"].is_number()
    };
    assert!(!timed(&extract));
    assert!(timed(&[&extract[..], &["--embedding-model", text(&folder)]].concat()));
    let ran = place.run(&[&extract[..], &["--embedding-model", "/nowhere"]].concat());
    assert_eq!((ran.code, ran.stdout.as_str()), (1, ""), "{ran}");
    assert!(ran.stderr.starts_with("error: there is no folder /nowhere"), "{ran}");
}

#[tokio::test]
async fn processing_again_takes_the_model_that_was_configured_since() {
    let mut place = Place::new();
    let folder = model(&place);
    let pairing = place.pair("Harbour");
    let server = place.serve().await;
    let device = pairing.at(&server);
    let session = device.record(&sample(), Some(&captions())).await;
    device.done(session).await;
    assert!(!server.stop().contains(USED));

    // And after it was taken out of the settings the words alone count again.
    for (model, used) in [(text(&folder), true), ("", false)] {
        place = place.set("EMBEDDING__MODEL", model);
        let server = place.serve().await;
        let id = session.to_string();
        let again = place.run(&["session", "process-again", "--tenant", "Harbour", &id]);
        assert_eq!(again.code, 0, "{again}");
        let state = pairing.at(&server).done(session).await;
        assert_eq!(state["status"], "completed", "{state}");
        let log = server.stop();
        assert_eq!(log.contains(USED), used, "{log}");
    }
    place.is_tidy();
}
