//! Tasks as programs and devices meet them.

use crate::{
    keys::key,
    support::{Server, ok, problem},
};
use domain::{TaskId, api_key::Scope};
use reqwest::Method;
use serde_json::{Value, json};

#[tokio::test]
async fn a_task_is_made_once_changed_and_begun_by_a_device() {
    let server = Server::start().await;
    let (_, writer) = key(&server, &server.acme, &[Scope::TasksRead, Scope::TasksWrite], None).await;
    let (_, reader) = key(&server, &server.acme, &[Scope::TasksRead], None).await;
    let send = async |method: Method, path: &str, body: Value| {
        server.call(&writer, method, path).json(&body).send().await.unwrap()
    };
    let get = async |path: &str| ok(server.call(&reader, Method::GET, path).send().await.unwrap(), 200).await;
    let body = json!({ "title": "Boiler\u{202e} service", "external_id": "J-1", "assigned_to": server.acme.user,
        "due_date": "2026-11-22T00:00:00Z" });
    let made = ok(send(Method::POST, "/api/v1/tasks", body.clone()).await, 201).await;
    assert_eq!(
        (&made["title"], &made["source"], &made["status"]),
        (&json!("Boiler service"), &json!("api"), &json!("open"))
    );
    assert_eq!(ok(send(Method::POST, "/api/v1/tasks", body).await, 200).await, made, "once");
    let other =
        ok(send(Method::POST, "/api/v1/tasks", json!({ "title": "Pump", "external_id": "J-2" })).await, 201).await;
    for (wrong, status) in [
        (json!({ "title": "" }), 422),
        (json!({ "title": "\u{200b}" }), 422),
        (json!({ "title": "t", "external_url": "javascript:alert(1)" }), 422),
        (json!({ "title": "t", "assigned_to": TaskId(uuid::Uuid::now_v7()) }), 422),
        (json!({ "title": "t", "status": "lost" }), 422),
    ] {
        problem(send(Method::POST, "/api/v1/tasks", wrong).await, status).await;
    }
    let refused = server.call(&reader, Method::POST, "/api/v1/tasks").json(&json!({ "title": "t" }));
    problem(refused.send().await.unwrap(), 403).await;

    let path = format!("/api/v1/tasks/{}", other["id"].as_str().unwrap());
    let taken = problem(send(Method::PUT, &path, json!({ "title": "Pump", "external_id": "J-1" })).await, 409).await;
    assert_eq!(taken.0, "reference-taken");
    let changed = json!({ "title": "Pump head", "status": "completed", "priority": "high" });
    assert_eq!(ok(send(Method::PUT, &path, changed).await, 200).await["status"], "completed");
    assert_eq!(get(&path).await["external_id"], Value::Null, "what is left out is empty");
    let titles = async |path: &str| {
        let found = get(path).await;
        found["tasks"].as_array().unwrap().iter().map(|t| t["title"].as_str().unwrap().to_owned()).collect::<Vec<_>>()
    };
    assert_eq!(titles("/api/v1/tasks").await, ["Pump head", "Boiler service"]);
    assert_eq!(titles("/api/v1/tasks?search=boil&status=open").await, ["Boiler service"]);
    assert_eq!(titles("/api/v1/tasks?source=jobber").await, [""; 0]);

    // The device is told of what it can begin, and beginning it shows.
    let to_do = server.call(&server.acme, Method::GET, "/api/v1/device/tasks").send().await.unwrap();
    assert_eq!(ok(to_do, 200).await["tasks"], json!([made]));
    let start = server.call(&server.acme, Method::POST, "/api/v1/sessions").json(&json!({ "task_id": made["id"] }));
    assert_eq!(ok(start.send().await.unwrap(), 201).await["name"], "Boiler service");
    assert_eq!(titles("/api/v1/tasks?status=in_progress").await, ["Boiler service"]);

    // Nobody else sees it.
    let rival = server.tenant("Rival").await;
    let (_, rival) = key(&server, &rival, &[Scope::TasksRead, Scope::TasksWrite], None).await;
    problem(server.call(&rival, Method::GET, &path).send().await.unwrap(), 404).await;
    problem(server.call(&rival, Method::PUT, &path).json(&json!({ "title": "t" })).send().await.unwrap(), 404).await;
}
