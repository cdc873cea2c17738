//! `trainar process`: one recording, without a server.

use crate::support::{Place, captions, ffmpeg, ffprobe, sample, seconds_of, sha256};
use serde_json::Value;
use std::{
    collections::BTreeSet,
    fs,
    os::unix::fs::{MetadataExt, PermissionsExt},
    path::Path,
};

#[test]
fn a_recording_becomes_procedures_and_stays_as_it_was() {
    let place = Place::new();
    let file = place.file("boiler service.mp4");
    fs::copy(sample(), &file).unwrap();
    let vtt = place.write("captions.vtt", captions());
    let (hash, before) = (sha256(&file), fs::metadata(&file).unwrap());
    let out = place.file("out");
    let arguments = ["process", path(&file), "--captions", path(&vtt), "--out", path(&out), "--json"];
    let ran = place.run(&arguments);
    assert_eq!(ran.code, 0, "{ran}");
    assert_eq!(ran.stderr, "", "a person at a terminal reads nothing but the result");
    // One object and nothing else.
    let report: Value = serde_json::from_str(&ran.stdout).unwrap_or_else(|e| panic!("{e}: {ran}"));
    for key in ["status", "failure_reason", "duration_seconds", "score", "criteria", "summary", "procedures", "timings"]
    {
        assert!(report.get(key).is_some(), "no {key}: {ran}");
    }
    assert_eq!((&report["status"], &report["failure_reason"]), (&"completed".into(), &Value::Null), "{ran}");
    assert!((report["duration_seconds"].as_f64().unwrap() - 100.0).abs() < 0.5, "{ran}");
    assert!(report["score"].as_u64().is_some_and(|score| score <= 100), "{ran}");
    assert_eq!(report["timings"].as_object().unwrap().len(), 9, "{ran}");
    let procedures = report["procedures"].as_array().unwrap();
    assert!((2..=4).contains(&procedures.len()), "{ran}");
    let mut last = 0.0;
    for p in procedures {
        let keys: BTreeSet<&str> = p.as_object().unwrap().keys().map(String::as_str).collect();
        let expected = ["procedure_name", "description", "start_seconds", "end_seconds", "video", "thumbnail"];
        assert_eq!(keys, BTreeSet::from(expected));
        let (start, end) = (p["start_seconds"].as_f64().unwrap(), p["end_seconds"].as_f64().unwrap());
        assert!(last <= start && start < end && end <= 100.5, "{p}");
        last = start;
        let video = Path::new(p["video"].as_str().unwrap());
        // A copy begins at the keyframe before; the sample has one every 2 s.
        assert!((seconds_of(video) - (end - start)).abs() < 3.0, "{p} lasts {}", seconds_of(video));
        assert_eq!(ffprobe("stream=codec_name", video), "h264\naac");
        assert_eq!(ffprobe("stream=codec_name", Path::new(p["thumbnail"].as_str().unwrap())), "mjpeg");
    }
    for entry in fs::read_dir(&out).unwrap() {
        let entry = entry.unwrap();
        let mode = entry.metadata().unwrap().permissions().mode() & 0o7777;
        assert!(entry.file_type().unwrap().is_file(), "{:?} is left", entry.path());
        assert_eq!(mode, 0o644, "{:?}", entry.path());
    }
    for name in ["captions.vtt", "chapters.vtt", "poster.jpg", "recording.mp4"] {
        assert!(out.join(name).is_file(), "no {name}");
    }
    assert_eq!(fs::read_dir(&out).unwrap().count(), 4 + 2 * procedures.len());

    let after = fs::metadata(&file).unwrap();
    assert_eq!(sha256(&file), hash);
    let facts = |m: &fs::Metadata| (m.mtime(), m.mtime_nsec(), m.mode(), m.nlink(), m.len());
    assert_eq!(facts(&after), facts(&before));
    place.is_tidy();

    // Again into the same folder, and for people.
    let people = place.run(&["process", path(&file), "--captions", path(&vtt), "--out", path(&out)]);
    assert_eq!(people.code, 0, "{people}");
    assert!(people.stdout.starts_with("Completed (1m 40s)"), "{people}");
    assert_eq!(fs::read_dir(&out).unwrap().count(), 4 + 2 * procedures.len());
    assert!(!people.stdout.contains('{'), "{people}");
}

#[test]
fn a_recording_without_work_is_rejected() {
    let place = Place::new();
    let dark = place.file("dark.mp4");
    let room = "-f lavfi -i anoisesrc=a=0.003:r=16000:seed=7";
    ffmpeg(&format!("-f lavfi -i color=black:s=320x180:r=10 {room} -t 40 -g 20 -c:v libx264 -c:a aac"), &dark);
    let ran = place.run(&["process", path(&dark), "--json"]);
    assert_eq!(ran.code, 2, "{ran}");
    let report: Value = serde_json::from_str(&ran.stdout).unwrap_or_else(|e| panic!("{e}: {ran}"));
    assert_eq!((&report["status"], &report["procedures"]), (&"failed".into(), &Value::Array(Vec::new())), "{ran}");
    assert_eq!(report["failure_reason"], "camera_occluded", "{ran}");
    assert!(report["failure_detail"].as_str().unwrap().starts_with("The camera was covered"), "{ran}");
    place.is_tidy();
}

#[test]
fn what_is_the_machines_fault_is_an_error() {
    let place = Place::new();
    let vtt = place.write("captions.vtt", captions());
    let file = sample();
    let out_in_a_file = vtt.join("out");
    for arguments in [
        &["process"][..],
        &["process", "/nowhere/at/all.mp4"],
        &["process", "/dev"],
        &["process", path(&file), "--captions", "/nowhere/captions.vtt"],
        &["process", path(&file), "--captions", path(&file)],
        &["process", path(&file), "--out", path(&out_in_a_file)],
        &["process", path(&file), "--what"],
    ] {
        let ran = place.run(arguments);
        assert_eq!((ran.code, ran.stdout.as_str()), (1, ""), "{arguments:?}: {ran}");
        assert!(ran.stderr.starts_with("error: "), "{arguments:?}: {ran}");
        place.is_tidy();
    }
    // A broken tool is no fault of the recording.
    let ran = Place::new().set("MEDIA__FFMPEG", "/bin/false").run(&["process", path(&file), "--json"]);
    assert_eq!(ran.code, 1, "{ran}");
}

fn path(path: &Path) -> &str {
    path.to_str().unwrap()
}
