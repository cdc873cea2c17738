//! Minutes as devices meet them: what is left, and that a new session is refused where nothing is.

use crate::support::{Server, ok, problem};
use domain::audit::Actor;
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
