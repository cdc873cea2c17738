//! Start, heartbeat, stop, speech and captions.

use crate::support::{Server, ok, problem, status};
use domain::{recording::Keys, task::TaskSource};
use reqwest::Method;
use rstest::rstest;
use serde_json::{Value, json};
use storage::db::{recordings::UtteranceOrigin, tasks::NewTask};

const SESSIONS: &str = "/api/v1/sessions";

async fn start(server: &Server, body: Value) -> Value {
    ok(server.call(&server.acme, Method::POST, SESSIONS).json(&body).send().await.unwrap(), 201).await
}

fn task(title: &str) -> NewTask {
    NewTask {
        title: title.into(),
        description: String::new(),
        source: TaskSource::Manual,
        external_id: None,
        external_url: None,
    }
}

#[tokio::test]
async fn a_session_is_named_by_its_time_its_task_or_its_device() {
    let server = Server::start().await;
    let task =
        server.app.db.create_task(server.acme.tenant, task("Boiler service"), server.app.clock.now()).await.unwrap();

    let plain = start(&server, json!({})).await;
    assert_eq!(plain["name"], "Session 21 Nov 2026, 11:04");
    assert_eq!(plain["status"], "in_progress");
    assert_eq!(plain["phase"], "recording");
    assert_eq!(plain["started_at"], "2026-11-21T10:04:00Z");
    assert_eq!(plain["heartbeat_seconds"], 30);
    assert_eq!(plain["upload_url"], format!("/api/v1/sessions/{}/uploads", plain["id"].as_str().unwrap()));
    assert_eq!(plain["arrived"], json!({ "parts": 0, "complete": 0, "bytes": 0 }));

    assert_eq!(start(&server, json!({ "task_id": task.id })).await["name"], "Boiler service");
    assert_eq!(
        start(&server, json!({ "task_id": task.id, "name": "Kitchen\nboiler" })).await["name"],
        "Kitchen boiler"
    );
    assert_eq!(start(&server, json!({ "name": "  ", "something_new": 1 })).await["name"], plain["name"]);
}

#[tokio::test]
async fn a_start_that_is_sent_again_starts_nothing() {
    let server = Server::start().await;
    let start = |key: &str| server.call(&server.acme, Method::POST, SESSIONS).header("Idempotency-Key", key).send();
    let first = ok(start("one").await.unwrap(), 201).await;
    let again = ok(start("one").await.unwrap(), 200).await;
    let other = ok(start("two").await.unwrap(), 201).await;
    assert_eq!(first["id"], again["id"]);
    assert_ne!(first["id"], other["id"]);
    problem(start("").await.unwrap(), 400).await;
    problem(start(&"x".repeat(256)).await.unwrap(), 400).await;
    let (kind, detail) = problem(start("file-upload:1").await.unwrap(), 400).await;
    assert!(kind == "bad-request" && detail.contains("take a UUID"), "{detail}");

    let (a, b) = tokio::join!(start("three"), start("three"));
    let (a, b) = (a.unwrap(), b.unwrap());
    let mut statuses = [a.status().as_u16(), b.status().as_u16()];
    statuses.sort_unstable();
    assert_eq!(statuses, [200, 201]);
    let ids = (a.json::<Value>().await.unwrap(), b.json::<Value>().await.unwrap());
    assert_eq!(ids.0["id"], ids.1["id"]);
}

#[tokio::test]
async fn a_task_of_another_tenant_is_not_found() {
    let server = Server::start().await;
    let other = server.tenant("Other").await;
    let theirs = server.app.db.create_task(other.tenant, task("Secret"), server.app.clock.now()).await.unwrap();
    let body = json!({ "task_id": theirs.id });
    problem(server.call(&server.acme, Method::POST, SESSIONS).json(&body).send().await.unwrap(), 404).await;
}

#[rstest]
#[case("{", "application/json", 400)]
#[case("{\"name\" 1}", "application/json", 400)]
#[case("{\"task_id\": 7}", "application/json", 422)]
#[case("{\"name\": {}}", "application/json", 422)]
#[case("task_id=7", "application/x-www-form-urlencoded", 415)]
#[tokio::test]
async fn bad_bodies_are_refused_with_a_reason(#[case] body: &'static str, #[case] kind: &str, #[case] status: u16) {
    let server = Server::start().await;
    let request = server.call(&server.acme, Method::POST, SESSIONS).header("Content-Type", kind).body(body);
    let (_, detail) = problem(request.send().await.unwrap(), status).await;
    assert!(detail.len() > 20, "{detail}");
}

#[tokio::test]
async fn a_long_name_is_refused_and_named() {
    let server = Server::start().await;
    let request = server.call(&server.acme, Method::POST, SESSIONS).json(&json!({ "name": "x".repeat(201) }));
    let body = ok(request.send().await.unwrap(), 422).await;
    assert_eq!(body["errors"][0]["field"], "name");
}

#[tokio::test]
async fn stopping_without_a_recording_ends_the_session() {
    let server = Server::start().await;
    let id = server.session().await;
    let stop = || server.call(&server.acme, Method::POST, &format!("{SESSIONS}/{id}/stop"));
    problem(stop().json(&json!({ "parts": -1 })).send().await.unwrap(), 422).await;
    let stopped = ok(stop().json(&json!({ "parts": 0 })).send().await.unwrap(), 200).await;
    assert_eq!((&stopped["status"], &stopped["phase"]), (&json!("failed"), &json!("done")));
    assert_eq!(stopped["failure_reason"], "no_recording");
    assert!(stopped["failure_detail"].as_str().unwrap().contains("before any video"));
    server.clock.advance(60.0);
    let again = ok(stop().send().await.unwrap(), 200).await;
    assert_eq!(again["stopped_at"], stopped["stopped_at"]);
}

#[tokio::test]
async fn a_stopped_session_waits_for_its_recording() {
    let server = Server::start().await;
    let (id, url) = server.upload(1000).await;
    let stop = server.call(&server.acme, Method::POST, &format!("{SESSIONS}/{id}/stop"));
    let stopped = ok(stop.send().await.unwrap(), 200).await;
    assert_eq!(stopped["phase"], "uploading");
    assert_eq!(status(server.patch(&url, 0, vec![1; 630])).await, 204);
    let shown = server.show(id).await;
    assert_eq!(shown["progress"], json!({ "text": "Uploading 63%", "percent": 63 }));
    assert_eq!(shown["arrived"], json!({ "parts": 1, "complete": 0, "bytes": 630 }));
    assert_eq!(status(server.patch(&url, 630, vec![1; 370])).await, 204);
    assert_eq!(server.show(id).await["phase"], "processing");
    assert_eq!(server.app.db.jobs(server.acme.tenant, id).await.unwrap().len(), 1);
}

#[tokio::test]
async fn a_heartbeat_keeps_a_session_alive() {
    let server = Server::start().await;
    let id = server.session().await;
    server.clock.advance(100.0);
    let beat = server.call(&server.acme, Method::POST, &format!("{SESSIONS}/{id}/heartbeat"));
    assert_eq!(status(beat).await, 204);
    let session = server.app.db.session(server.acme.tenant, id).await.unwrap().unwrap();
    assert_eq!(session.last_heartbeat_at, server.app.clock.now());
}

#[tokio::test]
async fn a_device_is_noted_as_seen_once_a_minute() {
    let server = Server::start().await;
    let hash = aws_hash(&server.acme.token);
    let seen = async || {
        server.show(server.session().await).await;
        server.app.db.device_by_token(&hash).await.unwrap().unwrap().0.last_seen_at.unwrap()
    };
    let first = seen().await;
    server.clock.advance(59.0);
    assert_eq!(seen().await, first);
    server.clock.advance(1.0);
    assert_eq!(seen().await, first.plus_seconds(60.0));
}

fn aws_hash(token: &str) -> String {
    let digest = aws_lc_rs::digest::digest(&aws_lc_rs::digest::SHA256, token.as_bytes());
    digest.as_ref().iter().map(|byte| format!("{byte:02x}")).collect()
}

#[tokio::test]
async fn speech_is_kept_once_under_its_number() {
    let server = Server::start().await;
    let id = server.session().await;
    let send = async |body: Value| {
        let request = server.call(&server.acme, Method::POST, &format!("{SESSIONS}/{id}/utterances"));
        request.json(&body).send().await.unwrap()
    };
    let one = json!({ "number": 1, "start_seconds": 1.5, "end_seconds": 3.0, "text": "Close the valve.",
        "words": [{ "text": "Close", "start_seconds": 1.5, "end_seconds": 2.0, "confidence": 0.5 }] });
    let two = json!({ "number": 2, "speaker": "assistant", "start_seconds": 4, "end_seconds": 5, "text": "Which one?",
        "confidence": 0.25 });
    assert_eq!(ok(send(json!({ "utterances": [one] })).await, 200).await["utterances"], 1);
    assert_eq!(ok(send(json!({ "utterances": [one, two] })).await, 200).await["utterances"], 2);
    let kept = server.app.db.utterances(server.acme.tenant, id, UtteranceOrigin::Device).await.unwrap();
    assert_eq!(
        (kept[0].text.as_str(), kept[0].confidence, kept[0].words[0].confidence),
        ("Close the valve.", 1.0, 0.5)
    );
    assert_eq!((kept[1].speaker.to_string().as_str(), kept[1].confidence), ("assistant", 0.25));

    let many: Vec<_> = (10..1010)
        .map(|n| json!({ "number": n, "start_seconds": n, "end_seconds": n + 1, "text": "x".repeat(5000) }))
        .collect();
    assert_eq!(ok(send(json!({ "utterances": many })).await, 200).await["utterances"], 1002);
}

#[rstest]
#[case(json!({ "utterances": [] }))]
#[case(json!({}))]
#[case(json!({ "utterances": [{ "number": 1, "start_seconds": 2, "end_seconds": 1, "text": "x" }] }))]
#[case(json!({ "utterances": [{ "number": 1, "start_seconds": -1, "end_seconds": 1, "text": "x" }] }))]
#[case(json!({ "utterances": [{ "number": 1, "start_seconds": 0, "end_seconds": 1, "text": "" }] }))]
#[case(json!({ "utterances": [{ "number": 1, "start_seconds": 0, "end_seconds": 1, "text": "x".repeat(5001) }] }))]
#[case(json!({ "utterances": [{ "number": 1, "start_seconds": 0, "end_seconds": 1, "text": "x", "confidence": 2 }] }))]
#[case(json!({ "utterances": [{ "number": 1, "start_seconds": 0, "end_seconds": 1, "text": "x", "speaker": "dog" }] }))]
#[case(json!({ "utterances": vec![json!({ "number": 1, "start_seconds": 0, "end_seconds": 1, "text": "x" }); 1001] }))]
#[tokio::test]
async fn impossible_speech_is_refused(#[case] body: Value) {
    let server = Server::start().await;
    let id = server.session().await;
    let request = server.call(&server.acme, Method::POST, &format!("{SESSIONS}/{id}/utterances")).json(&body);
    problem(request.send().await.unwrap(), 422).await;
    assert_eq!(server.app.db.utterances(server.acme.tenant, id, UtteranceOrigin::Device).await.unwrap(), []);
}

#[tokio::test]
async fn captions_are_kept_as_they_came() {
    let server = Server::start().await;
    let id = server.session().await;
    let put =
        |body: Vec<u8>| server.call(&server.acme, Method::PUT, &format!("{SESSIONS}/{id}/captions")).body(body).send();
    let key = Keys { tenant: server.acme.tenant, session: id }.uploaded_captions();
    problem(put(b"%PDF-1.7".to_vec()).await.unwrap(), 422).await;
    problem(put(vec![b' '; (4 << 20) + 1]).await.unwrap(), 413).await;
    assert_eq!(server.app.objects.get(&key).await.unwrap(), None);
    let vtt = b"WEBVTT\n\n00:01.000 --> 00:02.000\nClose the valve.\n".to_vec();
    assert_eq!(put(vtt.clone()).await.unwrap().status(), 204);
    assert_eq!(server.app.objects.get(&key).await.unwrap().unwrap(), vtt);
}
