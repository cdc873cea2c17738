//! The description of the API: served, complete, and the same as the one in the documentation.

use crate::support::{Server, ok};
use reqwest::Method;
use serde_json::Value;

#[tokio::test]
async fn the_description_is_served_and_complete() {
    let server = Server::start().await;
    let served = ok(server.anonymous(Method::GET, "/api/v1/openapi.json").send().await.unwrap(), 200).await;
    assert_eq!(served, serde_json::from_str::<Value>(&web::openapi()).unwrap());
    assert!(served["openapi"].as_str().unwrap().starts_with("3.1."));
    let mut operations: Vec<_> = served["paths"]
        .as_object()
        .unwrap()
        .iter()
        .flat_map(|(path, item)| item.as_object().unwrap().keys().map(move |method| format!("{method} {path}")))
        .collect();
    operations.sort();
    assert_eq!(
        operations,
        [
            "delete /api/v1/tasks/{task}/attachments/{attachment}",
            "delete /api/v1/uploads/{upload}",
            "delete /api/v1/users/{user}/logins",
            "delete /api/v1/webhooks/{webhook}",
            "get /api/v1/device/tasks",
            "get /api/v1/minutes",
            "get /api/v1/preflight",
            "get /api/v1/procedures",
            "get /api/v1/procedures/{procedure}",
            "get /api/v1/reports/minutes",
            "get /api/v1/seats",
            "get /api/v1/seats/{seat}",
            "get /api/v1/sessions",
            "get /api/v1/sessions/{session}",
            "get /api/v1/sessions/{session}/parts",
            "get /api/v1/sessions/{session}/procedures",
            "get /api/v1/tasks",
            "get /api/v1/tasks/{task}",
            "get /api/v1/tasks/{task}/attachments",
            "get /api/v1/tasks/{task}/attachments/{attachment}",
            "get /api/v1/users",
            "get /api/v1/users/{user}",
            "get /api/v1/webhooks",
            "get /api/v1/webhooks/{webhook}",
            "get /api/v1/webhooks/{webhook}/deliveries",
            "head /api/v1/uploads/{upload}",
            "patch /api/v1/uploads/{upload}",
            "patch /api/v1/users/{user}",
            "patch /api/v1/webhooks/{webhook}",
            "post /api/v1/consent",
            "post /api/v1/minutes/packs",
            "post /api/v1/pair",
            "post /api/v1/sessions",
            "post /api/v1/sessions/{session}/deletions",
            "post /api/v1/sessions/{session}/frames",
            "post /api/v1/sessions/{session}/heartbeat",
            "post /api/v1/sessions/{session}/pause",
            "post /api/v1/sessions/{session}/resume",
            "post /api/v1/sessions/{session}/stop",
            "post /api/v1/sessions/{session}/uploads",
            "post /api/v1/sessions/{session}/utterances",
            "post /api/v1/tasks",
            "post /api/v1/tasks/{task}/attachments",
            "post /api/v1/users",
            "post /api/v1/users/{user}/invitation",
            "post /api/v1/webhooks",
            "post /api/v1/webhooks/{webhook}/deliveries/{delivery}/resend",
            "post /api/v1/webhooks/{webhook}/secret",
            "put /api/v1/device",
            "put /api/v1/sessions/{session}/captions",
            "put /api/v1/tasks/{task}",
        ]
    );
    for name in ["SessionState", "ProblemDetails", "FieldError", "NewUtterance", "ArrivedState"] {
        assert!(served["components"]["schemas"][name].is_object(), "{name}");
    }
}
