//! A language model beside the built-in extraction, through the real program: on the command line and on the Dashboard.

use crate::support::{Dashboard, Place, captions, sample};
use serde_json::{Value, json};
use testkit::language_server::{LanguageServer, Reply};

const KEY: &str = "sk-very-secret";

fn asking(server: &LanguageServer, seconds: &str) -> Place {
    Place::new()
        .set("LANGUAGE__ENDPOINT", &server.endpoint())
        .set("LANGUAGE__MODEL", "some-model")
        .set("LANGUAGE__API_KEY", KEY)
        .set("LANGUAGE__TIMEOUT_SECONDS", seconds)
        .set("LANGUAGE__INPUT_PRICE", "2")
        .set("LANGUAGE__OUTPUT_PRICE", "10")
}

fn process(place: &Place) -> Value {
    let vtt = place.write("captions.vtt", captions());
    let sample = sample();
    let ran = place.run(&["process", sample.to_str().unwrap(), "--captions", vtt.to_str().unwrap(), "--json"]);
    assert_eq!(ran.code, 0, "{ran}");
    assert!(!ran.stderr.contains(KEY) && !ran.stdout.contains(KEY), "{ran}");
    serde_json::from_str(&ran.stdout).unwrap_or_else(|e| panic!("{e}: {ran}"))
}

/// All that extraction found.
fn found(report: &Value) -> Value {
    json!([report["status"], report["procedures"], report["score"], report["criteria"], report["summary"]])
}

/// Says what the built-in extraction says, with another title for the first procedure.
fn retitled(built_in: &Value) -> String {
    let pieces = built_in["procedures"].as_array().unwrap().iter().enumerate().map(|(i, p)| {
        let title = if i == 0 { json!("Isolate the gas boiler") } else { p["procedure_name"].clone() };
        json!({ "start_seconds": p["start_seconds"], "end_seconds": p["end_seconds"], "title": title, "description": "" })
    });
    json!({ "segments": pieces.collect::<Vec<_>>(), "criteria": [], "summary": "" }).to_string()
}

#[test]
fn a_good_answer_is_used_and_its_cost_is_told() {
    let built_in = process(&Place::new());
    assert!(built_in.get("language").is_none(), "nobody was asked: {built_in}");
    let server = LanguageServer::always(Reply::says(retitled(&built_in)));
    let place = asking(&server, "120").set("LANGUAGE__SEND_PICTURES", "true");
    let report = process(&place);
    let titles = |of: &Value| {
        let procedures = of["procedures"].as_array().unwrap().clone();
        procedures.iter().map(|p| p["procedure_name"].clone()).collect::<Vec<_>>()
    };
    assert_eq!(titles(&report)[0], "Isolate the gas boiler", "{report:#}");
    assert_eq!(titles(&report)[1..], titles(&built_in)[1..]);
    let (language, asked) = (&report["language"], server.asked());
    let told = [&language["model"], &language["requests"], &language["input_tokens"], &language["output_tokens"]];
    assert_eq!(told, [&json!("some-model"), &json!(1), &json!(1000), &json!(200)]);
    assert!((language["cost"].as_f64().unwrap() - 0.004).abs() < 1e-9, "{language}");
    assert_eq!((asked.len(), asked[0].header("authorization")), (1, Some("Bearer sk-very-secret")));
    let content = asked[0].body["messages"][1]["content"].to_string();
    assert!(content.contains("service a gas boiler") && content.contains("data:image/jpeg;base64,/9j/"), "{content}");
    place.is_tidy();
}

#[test]
fn a_bad_answer_leaves_the_built_in_result_and_the_report_says_so() {
    let built_in = process(&Place::new());
    let award = json!({ "start_seconds": 0, "end_seconds": 100, "title": "Award full marks", "description": "" });
    let full = json!({ "name": "narration", "score": 100, "sentence": "", "evidence": [{ "start_seconds": 0, "end_seconds": 9 }] });
    let obeys = json!({ "segments": [award], "criteria": [full], "summary": "Outstanding, 100 of 100." });
    for (reply, seconds, because) in [
        (Reply::Drip("{\"choices\": [".into()), "1", "did not answer in time"),
        (Reply::error(401, "wrong key sk-very-secret"), "120", "not set up correctly"),
        (Reply::says("I'm sorry, I can't help with that."), "120", "refused to answer"),
        (Reply::says(&obeys.to_string()[..60]), "120", "could not be read"),
        (Reply::says(obeys.to_string()), "120", "does not fit the recording"),
    ] {
        let server = LanguageServer::always(reply);
        let place = asking(&server, seconds);
        let report = process(&place);
        assert_eq!(found(&report), found(&built_in), "{because}");
        let note = report["language"]["note"].as_str().unwrap();
        assert!(note.contains(because) && note.ends_with("the built-in result stands."), "{note}");
        assert!(report["warnings"].as_array().unwrap().contains(&json!(note)), "{report:#}");
        assert!(server.asked().iter().all(|a| !a.body.to_string().contains("base64")), "pictures left the machine");
        place.is_tidy();
    }
}

#[test]
fn extract_asks_the_model_only_when_told_to() {
    let server = LanguageServer::always(Reply::says("I'm sorry, I can't help with that."));
    let place = asking(&server, "120");
    let vtt = place.write("captions.vtt", captions());
    let extract = ["extract", "--captions", vtt.to_str().unwrap(), "--json"];
    let read = |place: &Place, more: &[&str]| -> Value {
        let ran = place.run(&[&extract[..], more].concat());
        assert_eq!(ran.code, 0, "{ran}");
        serde_json::from_str(&ran.stdout).unwrap_or_else(|e| panic!("{e}: {ran}"))
    };
    let built_in = read(&place, &[]);
    assert!(built_in.get("language").is_none() && server.asked().is_empty(), "{built_in:#}");
    let refused = read(&place, &["--language-model"]);
    assert_eq!((found(&refused), server.asked().len()), (found(&built_in), 1));
    let note = refused["language"]["note"].as_str().unwrap();
    assert!(note.contains("refused to answer"), "{note}");
    assert!(refused["warnings"].as_array().unwrap().contains(&json!(note)), "{refused:#}");

    let server = LanguageServer::always(Reply::says(retitled(&built_in)));
    let better = read(&asking(&server, "120"), &["--language-model"]);
    assert_eq!(better["procedures"][0]["procedure_name"], "Isolate the gas boiler", "{better:#}");
    assert_eq!(better["language"]["output_tokens"], 200);
    let none = Place::new().run(&[&extract[..], &["--language-model"]].concat());
    assert!(none.code == 1 && none.stderr.contains("language.endpoint"), "{none}");
}

#[tokio::test]
async fn the_dashboard_says_that_the_built_in_result_stands() {
    let model = LanguageServer::always(Reply::says("{\"segments\": ["));
    let place = asking(&model, "120");
    let pairing = place.pair("Harbour");
    let server = place.serve().await;
    let device = pairing.at(&server);
    let session = device.record(&sample(), Some(&captions())).await;
    device.completed(session).await;
    let page = Dashboard::sign_in(&server, &pairing).await.page(&format!("/sessions/{session}")).await;
    let summary = page.split("data-part=\"summary\"").nth(1).unwrap().split("</section>").next().unwrap();
    let note = "answer could not be read; the built-in result stands.";
    assert!(summary.contains(note), "{summary}");
    assert_eq!(page.matches(note).count(), 1);
    assert_eq!(model.asked().len(), 1, "every step is done once");
    server.stop();
}

#[test]
fn the_doctor_tries_the_language_model() {
    let good = LanguageServer::always(Reply::says("{\"ok\": true}"));
    let ran = asking(&good, "60").run(&["doctor"]);
    assert!(ran.stdout.contains("ok    language  some-model at http://127.0.0.1"), "{ran}");
    let bad = LanguageServer::always(Reply::error(404, "no such model"));
    let ran = asking(&bad, "60").run(&["doctor"]);
    assert!(ran.code == 1 && ran.stdout.contains("FAIL  language") && ran.stdout.contains("language.model"), "{ran}");
    assert!(!ran.stdout.contains(KEY), "{ran}");
}
