//! `trainar evaluate`: its figures are those of the script that judges, and a bad file does not stop the others.

use crate::support::Place;
use serde_json::{Value, json};
use std::{fs, path::Path, process::Command};

fn evaluate(place: &Place, dir: &Path, more: &[&str]) -> (Value, i32, String) {
    let ran = place.run(&[&["evaluate", dir.to_str().unwrap(), "--json"], more].concat());
    let report = serde_json::from_str(&ran.stdout).unwrap_or_else(|e| panic!("{e}: {ran}"));
    (report, ran.code, ran.stderr)
}

/// Its lines: name of the file, then the figures in the order of the script.
fn judged(script: &Path, level: &str, reference: &Path, predicted: &Path) -> Option<Vec<(String, Vec<String>)>> {
    let python = Command::new("python3").arg(script).args(["--level", level]).arg(reference).arg(predicted).output();
    let Ok(python) = python else {
        testkit::skip("there is no python3 to run the judging script with");
        return None;
    };
    assert!(python.status.success(), "{python:?}");
    let text = String::from_utf8(python.stdout).unwrap();
    let line = |line: &str| {
        let figures = line.split_once("tIoU").unwrap().1.split_whitespace();
        let figures = figures.filter(|word| word.parse::<f64>().is_ok()).map(str::to_owned).collect();
        (line.split_whitespace().next().unwrap().to_owned(), figures)
    };
    Some(text.lines().map(line).collect())
}

fn figures(segments: &Value) -> Vec<String> {
    let of = |key: &&str| format!("{:.3}", segments[*key].as_f64().unwrap());
    ["tiou", "f1_at_tiou", "f1_at_10s", "f1_at_30s", "pk", "count"].iter().map(of).collect()
}

#[test]
fn the_figures_are_those_of_the_judging_script_over_what_extract_prints() {
    let Some(data) = testkit::data() else { return };
    let script = data.join("tools/score_segments.py");
    let place = Place::new();
    for (set, level) in [("tinyrec", "coarse"), ("tinyrec", "fine"), ("goalstep", "coarse"), ("goalstep", "fine")] {
        let reference = data.join(set);
        let predicted = place.file(&format!("{set}-{level}"));
        fs::create_dir(&predicted).unwrap();
        for file in fs::read_dir(&reference).unwrap() {
            let file = file.unwrap();
            let (path, name) = (file.path(), file.file_name());
            let ran = place.run(&["extract", "--captions", path.to_str().unwrap(), "--granularity", level, "--json"]);
            assert!([0, 2].contains(&ran.code), "{name:?}: {ran}");
            fs::write(predicted.join(name), ran.stdout).unwrap();
        }
        let Some(mut expected) = judged(&script, level, &reference, &predicted) else { return };
        let (report, code, stderr) = evaluate(&place, &reference, &["--granularity", level]);
        assert_eq!(code, 0, "{stderr}");
        let (_, mean) = expected.pop().unwrap();
        assert_eq!(figures(&report["mean"]["segments"]), mean, "{set} {level}");
        let ours = report["recordings"].as_array().unwrap().iter();
        let ours: Vec<_> =
            ours.map(|r| (format!("{}.json", r["name"].as_str().unwrap()), figures(&r["segments"]))).collect();
        assert_eq!(ours, expected, "{set} {level}");
    }
}

fn recording(topics: [&str; 3]) -> Value {
    let said = |i: usize| {
        let topic = topics[i / 40];
        let text = match i % 40 {
            0 => format!("Okay, next let's replace the {topic}."),
            _ => format!("I loosen screw {i} of the {topic} and lift the {topic}."),
        };
        json!({"start": i as f64 * 4.0, "end": i as f64 * 4.0 + 3.5, "text": text})
    };
    let marked = |i: usize| json!({"start": i as f64 * 160.0, "end": (i + 1) as f64 * 160.0, "title": format!("Replace the {}", topics[i])});
    json!({"duration_seconds": 480.0, "utterances": (0..120).map(said).collect::<Vec<_>>(), "coarse": [marked(0), marked(1), marked(2)]})
}

fn data_set(place: &Place) -> std::path::PathBuf {
    let dir = place.file("set");
    fs::create_dir(&dir).unwrap();
    for (name, topics) in [("a.json", ["pump", "filter", "burner"]), ("b.json", ["hub", "caliper", "axle"])] {
        fs::write(dir.join(name), serde_json::to_vec(&recording(topics)).unwrap()).unwrap();
    }
    fs::write(dir.join("README.md"), "no data").unwrap();
    dir
}

#[test]
fn methods_are_measured_by_name() {
    let place = Place::new();
    let dir = data_set(&place);
    for method in ["equal", "texttiling", "c99", "tfidf"] {
        let (report, code, _) = evaluate(&place, &dir, &["--baseline", method]);
        assert_eq!((code, &report["method"]), (0, &method.into()));
        assert!(report["mean"]["segments"]["tiou"].as_f64().unwrap() > 0.3, "{method}: {report:#}");
    }
    let (given, ..) = evaluate(&place, &dir, &["--given-segments"]);
    assert_eq!(given["mean"]["segments"]["tiou"], 1.0);
    assert_eq!(given["mean"]["titles"], json!({"rouge_l": 1.0, "similarity": null}), "{given:#}");
    let (first, ..) = evaluate(&place, &dir, &["--limit", "1"]);
    assert_eq!(first["recordings"].as_array().unwrap().len(), 1);
    let ran = place.run(&["evaluate", dir.to_str().unwrap()]);
    assert!(ran.code == 0 && ran.stdout.contains("mean of 2") && ran.stdout.contains("ROUGE-L"), "{ran}");
    let ran = place.run(&["evaluate", dir.to_str().unwrap(), "--baseline", "oracle"]);
    assert!(ran.code == 1 && ran.stderr.contains("equal, texttiling, c99, tfidf"), "{ran}");
}

#[test]
fn a_bad_file_is_named_and_the_others_are_measured() {
    let place = Place::new();
    let dir = data_set(&place);
    let mut impossible = recording(["pump", "filter", "burner"]);
    impossible["coarse"][1]["end"] = json!(1e9);
    for (name, content) in [
        ("cut.json", &b"{\"duration_seconds\": 4"[..]),
        ("impossible.json", &serde_json::to_vec(&impossible).unwrap()),
        ("unmarked.json", br#"{"duration_seconds": 9, "utterances": []}"#),
        ("packed.json.gz", b"not packed"),
        (
            "meetings.json",
            br#"[{"name": "m7", "utterances": [], "segments": [{"first": 0, "last": 3, "title": "x"}]}]"#,
        ),
    ] {
        fs::write(dir.join(name), content).unwrap();
    }
    let (report, code, stderr) = evaluate(&place, &dir, &[]);
    assert_eq!((code, report["recordings"].as_array().unwrap().len()), (1, 2), "{stderr}");
    for words in [
        "cut.json: is no recording with marks",
        "impossible.json: marked segment 2 lies from 160 to 1000000000 s",
        "unmarked.json: no segments are marked at the level `coarse`",
        "packed.json.gz: cannot be read",
        "meetings.json, meeting m7: segment 1 spans utterances 0 to 3 of 0",
    ] {
        assert!(stderr.contains(words), "{words}: {stderr}");
    }
    let (report, code, stderr) = evaluate(&place, &dir, &["--granularity", "fine", "--limit", "1"]);
    assert_eq!((code, report["recordings"].as_array().unwrap().len()), (1, 0), "{stderr}");
    assert!(stderr.contains("could be measured"), "{stderr}");
    let empty = place.file("empty");
    fs::create_dir(&empty).unwrap();
    let ran = place.run(&["evaluate", empty.to_str().unwrap()]);
    assert!(ran.code == 1 && ran.stderr.contains("holds no .json"), "{ran}");
}
