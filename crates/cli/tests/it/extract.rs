//! `trainar extract`: transcripts as they come, and transcripts as nobody should write them.

use crate::support::{Place, captions};
use rstest::rstest;
use serde_json::{Value, json};

fn extract(place: &Place, file: &str, content: impl AsRef<[u8]>) -> Value {
    let file = place.write(file, content);
    let ran = place.run(&["extract", "--captions", file.to_str().unwrap(), "--json"]);
    let report: Value = serde_json::from_str(&ran.stdout).unwrap_or_else(|e| panic!("{e}: {ran}"));
    assert_eq!(ran.code, if report["status"] == "completed" { 0 } else { 2 }, "{ran}");
    report
}

/// Ordered, inside, apart.
#[track_caller]
fn is_sane(report: &Value) {
    let seconds = |p: &Value, key: &str| p[key].as_f64().unwrap();
    let procedures = report["procedures"].as_array().unwrap();
    let mut until = 0.0;
    for p in procedures {
        assert!(
            seconds(p, "start_seconds") >= until && !p["procedure_name"].as_str().unwrap().is_empty(),
            "{report:#}"
        );
        until = seconds(p, "end_seconds");
    }
    assert!(until <= seconds(report, "duration_seconds") + 1e-6, "{report:#}");
}

#[test]
fn the_same_transcript_in_any_dress_gives_the_same_procedures() {
    let place = Place::new();
    let plain = captions();
    let expected = extract(&place, "plain.vtt", plain.as_bytes());
    assert!(expected["procedures"].as_array().unwrap().len() > 1, "{expected:#}");
    is_sane(&expected);
    let crlf = plain.replace('\n', "\r\n");
    let utf16: Vec<u8> = [0xff, 0xfe].into_iter().chain(crlf.encode_utf16().flat_map(u16::to_le_bytes)).collect();
    let utterances = extraction::captions::parse(&plain).unwrap();
    let marked = [b"\xef\xbb\xbf", plain.as_bytes()].concat();
    let as_json = serde_json::to_vec(&json!({ "utterances": utterances })).unwrap();
    let mut backwards = utterances;
    backwards.reverse();
    let backwards = serde_json::to_vec(&json!({ "utterances": backwards })).unwrap();
    let dresses: [(&str, Vec<u8>); 6] = [
        ("crlf.vtt", crlf.into_bytes()),
        ("marked.vtt", marked),
        ("wide.vtt", utf16),
        ("said.json", as_json.clone()),
        ("said.txt", as_json),
        ("backwards.json", backwards),
    ];
    for (name, bytes) in dresses {
        assert_eq!(extract(&place, name, bytes)["procedures"], expected["procedures"], "{name}");
    }
}

fn said(utterances: Value) -> Vec<u8> {
    serde_json::to_vec(&json!({ "utterances": utterances })).unwrap()
}

#[rstest]
#[case("empty.vtt", b"".to_vec(), "is empty")]
#[case("blank.json", b" \r\n".to_vec(), "is empty")]
#[case("prose.txt", b"Dear all,\nattached.\n".to_vec(), "neither WebVTT nor SRT")]
#[case("latin.srt", b"1\n00:00:01,000 --> 00:00:02,000\ncaf\xe9\n".to_vec(), "save it as UTF-8")]
#[case("nan.json", br#"{"utterances": [{"start": NaN, "end": 2, "text": "a"}]}"#.to_vec(), "line 1 column")]
#[case("cut.json", br#"{"utterances": [{"start": 1, "end""#.to_vec(), "no JSON with `utterances`")]
#[case("list.json", b"[1, 2]".to_vec(), "no JSON with `utterances`")]
#[case("other.json", b"{\"segments\": []}".to_vec(), "missing field `utterances`")]
#[case("field.json", said(json!([{"start": 1.0, "text": "a"}])), "missing field `end`")]
#[case("type.json", said(json!([{"start": "1:00", "end": 2.0, "text": "a"}])), "invalid type: string")]
#[case("huge.json", said(json!([{"start": 1.0, "end": 1e200, "text": "a"}])), "utterance 1 has the time")]
#[case("long.json", br#"{"duration_seconds": -4, "utterances": []}"#.to_vec(), "duration_seconds is -4")]
fn what_cannot_be_used_is_told(#[case] name: &str, #[case] content: Vec<u8>, #[case] words: &str) {
    let place = Place::new();
    let file = place.write(name, content);
    let ran = place.run(&["extract", "--captions", file.to_str().unwrap(), "--json"]);
    assert_eq!((ran.code, ran.stdout.as_str()), (1, ""), "{ran}");
    assert!(ran.stderr.contains(words) && ran.stderr.contains(name), "{ran}");
}

#[rstest]
#[case("WEBVTT\n\n")]
#[case(r#"{"utterances": []}"#)]
#[case(r#"{"duration_seconds": 7200, "utterances": [{"start": -9, "end": -1, "text": "early"}]}"#)]
fn a_transcript_in_which_nothing_is_said_holds_no_procedure(#[case] content: &str) {
    let report = extract(&Place::new(), "said", content);
    assert_eq!((&report["status"], &report["failure_reason"]), (&"failed".into(), &"no_procedures".into()));
    let detail = report["failure_detail"].as_str().unwrap();
    assert!(detail.starts_with("The captions hold no words") && detail.contains("trainar process"), "{detail}");
}

#[test]
fn a_person_is_told_that_the_captions_hold_no_words() {
    let place = Place::new();
    let file = place.write("header.vtt", "WEBVTT\n\n");
    let ran = place.run(&["extract", "--captions", file.to_str().unwrap()]);
    assert_eq!(ran.code, 2, "{ran}");
    assert!(ran.stdout.contains("The captions hold no words"), "{ran}");
    let help = place.run(&["extract", "--help"]);
    assert!(help.stdout.contains("2: there are none, or the captions hold no words"), "{help}");
}

#[test]
fn a_length_that_ends_before_the_last_word_is_told() {
    let place = Place::new();
    let given = |seconds: f64| {
        let utterances: Value = (0..40)
            .map(|i| {
                json!({
                    "start": 3 * i, "end": 3 * i + 2, "text": format!("I loosen screw {i} of the pump cover."),
                })
            })
            .collect();
        let report =
            extract(&place, "said.json", json!({ "duration_seconds": seconds, "utterances": utterances }).to_string());
        assert_eq!(report["duration_seconds"], seconds.max(119.0), "{report:#}");
        report["warnings"].as_array().unwrap().clone()
    };
    let told = given(60.0);
    assert_eq!(told.len(), 1, "{told:?}");
    let told = told[0].as_str().unwrap();
    assert!(told.contains("duration_seconds is 60.0, but the last word ends at 119.0"), "{told}");
    assert!(given(118.9).is_empty() && given(200.0).is_empty());
}

#[test]
fn odd_times_give_sane_procedures() {
    let place = Place::new();
    let text = |i: usize| match i % 40 {
        0 => format!("Okay, next let's replace pump {}.", i / 40),
        _ => format!("I loosen screw {i} of the cover."),
    };
    let over = |n: usize, start: &dyn Fn(f64) -> f64, end: &dyn Fn(f64) -> f64| {
        let utterance = |i: usize| json!({"start": start(i as f64), "end": end(i as f64), "text": text(i)});
        said((0..n).map(utterance).collect())
    };
    // Each over the ones before, all at once, the wrong way round, before the start, hours apart, a hundred thousand.
    let files = [
        over(300, &|i| i * 3.0, &|i| i * 3.0 + 200.0),
        over(300, &|_| 5.0, &|_| 65.0),
        over(300, &|i| i * 3.0 + 2.0, &|i| i * 3.0),
        over(300, &|i| i * 3.0 - 400.0, &|i| i * 3.0 - 398.0),
        over(90, &|i| i * 3600.0, &|i| i * 3600.0 + 2.0),
        over(100_000, &|i| i * 0.072, &|i| i * 0.072 + 0.05),
    ];
    for (i, file) in files.iter().enumerate() {
        println!("file {i}");
        is_sane(&extract(&place, &format!("{i}.json"), file));
    }
    let ran = place.file("over.json");
    std::fs::write(&ran, over(100_001, &|i| i, &|i| i)).unwrap();
    let ran = place.run(&["extract", "--captions", ran.to_str().unwrap()]);
    assert!(ran.code == 1 && ran.stderr.contains("more than 100000"), "{ran}");
}
