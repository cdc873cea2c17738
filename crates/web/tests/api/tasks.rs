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
        (json!({ "title": "t", "descripton": "mistyped" }), 422),
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

#[tokio::test]
async fn a_task_has_files_that_no_browser_runs() {
    let server = Server::start().await;
    let (_, writer) = key(&server, &server.acme, &[Scope::TasksRead, Scope::TasksWrite], None).await;
    let (_, reader) = key(&server, &server.acme, &[Scope::TasksRead], None).await;
    let made = server.call(&writer, Method::POST, "/api/v1/tasks").json(&json!({ "title": "Boiler" }));
    let task = ok(made.send().await.unwrap(), 201).await["id"].as_str().unwrap().to_owned();
    let files = format!("/api/v1/tasks/{task}/attachments");
    let add = async |name: &str, bytes: Vec<u8>| {
        let request = server.call(&writer, Method::POST, &format!("{files}?file_name={name}"));
        request.header("content-type", "text/html").body(bytes).send().await.unwrap()
    };
    let page = b"<script>alert(1)</script>".to_vec();
    let html = ok(add("..%2F%E2%80%AEPl%C3%A4ne%20%22a%22.html", page.clone()).await, 201).await;
    assert_eq!(
        (&html["file_name"], &html["media_type"]),
        (&json!("Pläne \"a\".html"), &json!("application/octet-stream"))
    );
    assert_eq!(ok(add("..%2F%E2%80%AEPl%C3%A4ne%20%22a%22.html", page.clone()).await, 200).await, html, "once");
    let picture = ok(add("photo", b"\x89PNG\r\n\x1a\n".to_vec()).await, 201).await;
    assert_eq!(picture["media_type"], "image/png");
    let empty = ok(add("empty.txt", Vec::new()).await, 201).await;
    let path = |file: &Value| format!("{files}/{}", file["id"].as_str().unwrap());
    for (file, bytes) in [(&html, page), (&picture, b"\x89PNG\r\n\x1a\n".to_vec()), (&empty, Vec::new())] {
        let answer = server.call(&reader, Method::GET, &path(file)).send().await.unwrap();
        let header = |name: &str| answer.headers()[name].to_str().unwrap().to_owned();
        assert_eq!(header("content-type"), "application/octet-stream");
        assert_eq!(header("x-content-type-options"), "nosniff");
        assert_eq!(header("content-security-policy"), "default-src 'none'; frame-ancestors 'none'; sandbox");
        assert!(header("content-disposition").starts_with("attachment; filename*=UTF-8''"));
        assert_eq!(answer.bytes().await.unwrap(), bytes);
    }
    let answer = server.call(&reader, Method::GET, &path(&html)).send().await.unwrap();
    assert_eq!(answer.headers()["content-disposition"], "attachment; filename*=UTF-8''Pl%C3%A4ne%20%22a%22.html");

    // 10 MB and no more; a name that can be seen; a key that may.
    ok(add("large", vec![1; 10_000_000]).await, 201).await;
    problem(add("larger", vec![1; 10_000_001]).await, 413).await;
    problem(add("%E2%80%8B", vec![1]).await, 422).await;
    problem(add("", vec![1]).await, 422).await;
    let refused = server.call(&reader, Method::POST, &format!("{files}?file_name=a")).body("x").send().await.unwrap();
    problem(refused, 403).await;
    for n in 0..16 {
        ok(add(&format!("{n}.txt"), vec![n]).await, 201).await;
    }
    assert_eq!(problem(add("one-more", vec![1]).await, 409).await.0, "too-many-files");

    let rival = server.tenant("Rival").await;
    let (_, rival) = key(&server, &rival, &[Scope::TasksRead, Scope::TasksWrite], None).await;
    for (method, path) in [
        (Method::GET, files.clone()),
        (Method::GET, path(&html)),
        (Method::DELETE, path(&html)),
        (Method::POST, format!("{files}?file_name=a")),
    ] {
        problem(server.call(&rival, method, &path).send().await.unwrap(), 404).await;
    }
    let list = async || ok(server.call(&reader, Method::GET, &files).send().await.unwrap(), 200).await;
    assert_eq!(list().await["attachments"].as_array().unwrap().len(), 20);
    let remove = async || server.call(&writer, Method::DELETE, &path(&html)).send().await.unwrap();
    assert_eq!(remove().await.status(), 204);
    problem(remove().await, 404).await;
    assert_eq!(list().await["attachments"].as_array().unwrap().len(), 19);
}
