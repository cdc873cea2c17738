//! Minutes as devices meet them: what is left, and that a new session is refused where nothing is.

use crate::{
    keys::key,
    support::{Server, ok, problem},
};
use domain::{api_key::Scope, audit::Actor};
use reqwest::Method;
use serde_json::{Value, json};
use storage::db::minutes::{By, NewPack};

const NO_MINUTES: (&str, &str) = ("no-minutes", "No minutes left. Ask your administrator.");

async fn minutes_left(server: &Server) -> Value {
    let answer = server.call(&server.acme, Method::GET, "/api/v1/preflight").send().await.unwrap();
    ok(answer, 200).await["minutes_left"].clone()
}

fn by() -> By {
    By { actor: Actor::operator(), address: None }
}

#[tokio::test]
async fn at_zero_a_new_session_is_refused_and_one_that_took_place_is_taken() {
    let server = Server::start().await;
    let (db, tenant, now) = (&server.app.db, server.acme.tenant, server.app.clock.now());
    assert_eq!(minutes_left(&server).await, Value::Null);
    db.set_included_minutes(tenant, Some(1), by(), now).await.unwrap();
    assert_eq!(minutes_left(&server).await, 1);
    let start = async |body: Value| {
        let request = server.call(&server.acme, Method::POST, "/api/v1/sessions").json(&body);
        request.send().await.unwrap()
    };
    let running = ok(start(json!({})).await, 201).await;
    assert_eq!(minutes_left(&server).await, 0, "the running session keeps a minute for itself");
    let refused = problem(start(json!({ "started_seconds_ago": 119.0 })).await, 402).await;
    assert_eq!((refused.0.as_str(), refused.1.as_str()), NO_MINUTES);
    ok(start(json!({ "started_seconds_ago": 120.0 })).await, 201).await;

    // It was nothing after all, so its minute is free again.
    let stop = format!("/api/v1/sessions/{}/stop", running["id"].as_str().unwrap());
    let stop = server.call(&server.acme, Method::POST, &stop).json(&json!({ "parts": 0 })).send().await.unwrap();
    ok(stop, 200).await;
    assert_eq!(minutes_left(&server).await, 1);
    ok(start(json!({})).await, 201).await;
    problem(start(json!({})).await, 402).await;
    let pack = NewPack { seconds: 600, reason: None, idempotency_key: None };
    db.add_minutes(tenant, pack, by(), now).await.unwrap();
    assert_eq!(minutes_left(&server).await, 10);
    ok(start(json!({})).await, 201).await;
}

#[tokio::test]
async fn a_program_sees_what_is_left_and_adds_a_pack_once() {
    let server = Server::start().await;
    let (db, tenant, now) = (&server.app.db, server.acme.tenant, server.app.clock.now());
    let (_, reader) = key(&server, &server.acme, &[Scope::SessionsRead], None).await;
    let (_, manager) = key(&server, &server.acme, &[Scope::UsersManage], None).await;
    let get = async |path: &str| ok(server.call(&reader, Method::GET, path).send().await.unwrap(), 200).await;
    let add = async |body: Value| {
        let request =
            server.call(&manager, Method::POST, "/api/v1/minutes/packs").header("Idempotency-Key", "invoice 7");
        request.json(&body).send().await.unwrap()
    };
    let nothing = get("/api/v1/minutes").await;
    assert_eq!((&nothing["counted"], &nothing["remaining_minutes"]), (&json!(false), &Value::Null));
    let pack = json!({ "minutes": 10, "reason": "Invoice 7" });
    assert_eq!(problem(add(pack.clone()).await, 409).await.0, "minutes-not-counted");
    db.set_included_minutes(tenant, Some(5), by(), now).await.unwrap();
    let added = ok(add(pack.clone()).await, 201).await;
    assert_eq!(ok(add(pack).await, 200).await, added, "once");
    problem(add(json!({ "minutes": 0 })).await, 422).await;
    let refused = server.call(&reader, Method::POST, "/api/v1/minutes/packs").json(&json!({ "minutes": 1 }));
    problem(refused.send().await.unwrap(), 403).await;

    // A session of 400 seconds: 300 of the included ones, 100 of the pack.
    let session = server.session().await;
    let stop = |seconds: f64| json!({ "parts": 1, "at_seconds": seconds });
    server.clock.advance(400.0);
    let path = format!("/api/v1/sessions/{session}/stop");
    ok(server.call(&server.acme, Method::POST, &path).json(&stop(400.0)).send().await.unwrap(), 200).await;
    let left = get("/api/v1/minutes").await;
    let expected = json!({ "counted": true, "remaining_minutes": 8, "remaining_seconds": 500, "included_seconds": 0,
        "purchased_seconds": 500, "reserved_seconds": 0, "included_minutes_a_month": 5 });
    assert_eq!(left, expected);
    let report = get("/api/v1/reports/minutes").await;
    assert_eq!((&report["from"], &report["to"]), (&json!("2026-11-01"), &json!("2026-11-21")));
    assert_eq!(report["minutes"], left);
    let used = json!({ "day": "2026-11-21", "seconds": 400, "included_seconds": 300, "purchased_seconds": 100,
        "not_charged_seconds": 0 });
    assert_eq!(report["days"], json!([used]));
    assert_eq!(report["runway"], "Consider purchasing more minutes.");
    assert_eq!(get("/api/v1/reports/minutes?period=last-month").await["days"], json!([]));
    let wrong = server.call(&reader, Method::GET, "/api/v1/reports/minutes?period=ever").send().await.unwrap();
    problem(wrong, 400).await;
}
