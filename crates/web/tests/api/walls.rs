//! Who may not: other tenants, other seats, strangers.

use crate::support::{Device, Server, problem};
use reqwest::Method;

/// Every address that names something of a session, and how it is called.
fn addresses(session: &str, upload: &str) -> Vec<(Method, String)> {
    let of_session = |method, rest: &str| (method, format!("/api/v1/sessions/{session}{rest}"));
    vec![
        of_session(Method::GET, ""),
        of_session(Method::POST, "/heartbeat"),
        of_session(Method::POST, "/stop"),
        of_session(Method::POST, "/utterances"),
        of_session(Method::PUT, "/captions"),
        of_session(Method::POST, "/uploads"),
        (Method::PATCH, upload.to_owned()),
        (Method::DELETE, upload.to_owned()),
    ]
}

fn request(server: &Server, device: Option<&Device>, method: &Method, path: &str) -> reqwest::RequestBuilder {
    let request = match device {
        Some(device) => server.call(device, method.clone(), path),
        None => server.anonymous(method.clone(), path),
    };
    let request = request.header("Tus-Resumable", "1.0.0").header("Upload-Length", 10).header("Upload-Offset", 0);
    match path {
        _ if *method == Method::PATCH => {
            request.header("Content-Type", "application/offset+octet-stream").body("0123456789")
        }
        _ if path.ends_with("captions") => request.body("WEBVTT"),
        _ if path.ends_with("utterances") => request
            .header("Content-Type", "application/json")
            .body(r#"{"utterances":[{"number":1,"start_seconds":0,"end_seconds":1,"text":"x"}]}"#),
        _ => request,
    }
}

#[tokio::test]
async fn nobody_else_can_touch_a_session_or_even_learn_that_it_is_there() {
    let server = Server::start().await;
    let (session, upload) = server.upload(10).await;
    let before = server.show(session).await;
    for stranger in [server.tenant("Other").await, server.colleague(&server.acme).await] {
        for (method, path) in addresses(&session.to_string(), &upload) {
            let answer = request(&server, Some(&stranger), &method, &path).send().await.unwrap();
            let (_, foreign) = problem(answer, 404).await;
            let nothing = path.replace(&session.to_string(), "0197aaaa-0000-7000-8000-000000000000");
            let nothing = nothing.replace(&upload, "/api/v1/uploads/0197aaaa-0000-7000-8000-000000000000");
            let answer = request(&server, Some(&stranger), &method, &nothing).send().await.unwrap();
            assert_eq!(problem(answer, 404).await.1, foreign, "{method} {path}");
        }
        let head = server.call(&stranger, Method::HEAD, &upload).header("Tus-Resumable", "1.0.0");
        assert_eq!(head.send().await.unwrap().status(), 404);
    }
    assert_eq!(server.show(session).await, before);
    assert_eq!(server.upload_objects().await, Vec::<String>::new());
}

#[tokio::test]
async fn without_a_token_there_is_nothing() {
    let server = Server::start().await;
    let (session, upload) = server.upload(10).await;
    for (method, path) in addresses(&session.to_string(), &upload) {
        let answer = request(&server, None, &method, &path).send().await.unwrap();
        assert_eq!(answer.headers()["www-authenticate"], "Bearer");
        assert_eq!(problem(answer, 401).await.0, "unauthorised", "{method} {path}");
    }
    let mut wrong = server.acme.clone();
    for token in [server.acme.token[..46].to_owned() + "!", "x".into(), web::new_device_token().0, String::new()] {
        wrong.token = token;
        let answer = server.call(&wrong, Method::POST, "/api/v1/sessions").send().await.unwrap();
        problem(answer, 401).await;
    }
}

#[tokio::test]
async fn what_is_not_there_is_a_problem_too() {
    let server = Server::start().await;
    let call = |method, path: &'static str| server.call(&server.acme, method, path).send();
    problem(call(Method::GET, "/api/v1/nothing").await.unwrap(), 404).await;
    problem(call(Method::GET, "/api/v1/sessions/not-an-id").await.unwrap(), 404).await;
    problem(call(Method::PUT, "/api/v1/sessions").await.unwrap(), 405).await;
}
