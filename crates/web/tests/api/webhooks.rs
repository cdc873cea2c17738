//! Webhooks in Settings and by API: of one's own organisation, and where they may lead.

use crate::{
    keys::key,
    login::Login,
    support::{Server, ok, problem},
};
use domain::{api_key::Scope, user::UserRole};
use reqwest::Method;
use serde_json::json;

#[tokio::test]
async fn administrators_manage_the_webhooks_of_their_own_organisation() {
    let server = Server::start().await;
    let member = Login::new(&server, &server.acme, UserRole::Member).await;
    let admin = Login::new(&server, &server.acme, UserRole::Admin).await;
    let other = Login::new(&server, &server.tenant("Other").await, UserRole::Admin).await;
    let form = [("url", "https://example.com/x?token=hush"), ("event", "session.started"), ("event", "task.created")];
    assert_eq!(member.post("/settings/webhooks", &form).await.status(), 403);
    assert_eq!(admin.post_raw("/settings/webhooks", &form).await.status(), 403, "a form from elsewhere");
    for url in ["", "example.com", "http://example.com", "https://10.0.0.1/", "https://a:b@example.com/"] {
        let wrong = [("url", url), form[1]];
        assert_eq!(admin.post("/settings/webhooks", &wrong).await.status(), 422, "{url}");
    }
    assert_eq!(admin.post("/settings/webhooks", &form[..1]).await.status(), 422, "no event");
    let made = admin.post("/settings/webhooks", &form).await;
    assert_eq!((made.status().as_u16(), &made.headers()["cache-control"]), (200, &"no-store".parse().unwrap()));
    assert!(made.text().await.unwrap().contains("whsec_"));
    let hook = server.app.db.webhooks(server.acme.tenant).await.unwrap().remove(0);
    let page = format!("/settings/webhooks/{}", hook.id);
    let shown = admin.get(&page).await.text().await.unwrap();
    assert!(shown.contains("https://example.com/x") && !shown.contains("whsec_"));

    let nobodys = "0197aaaa-0000-7000-8000-000000000000";
    let acts = ["", "/enabled", "/secret", "/remove", &format!("/deliveries/{nobodys}/resend")];
    for act in acts {
        let path = format!("{page}{act}");
        assert_eq!(member.post(&path, &form).await.status(), 403, "{path}");
        assert_eq!(admin.post_raw(&path, &form).await.status(), 403, "{path}: a form from elsewhere");
        assert_eq!(other.post(&path, &form).await.status(), 404, "{path}");
    }
    for path in [page.clone(), format!("{page}/remove")] {
        assert_eq!(other.get(&path).await.status(), 404);
        assert_eq!(member.get(&path).await.status(), 403);
    }
    assert!(!other.get("/settings/webhooks").await.text().await.unwrap().contains("token=hush"));
    assert_eq!(
        server.app.db.webhooks(server.acme.tenant).await.unwrap(),
        std::slice::from_ref(&hook),
        "nothing was changed"
    );

    assert_eq!(admin.post(&format!("{page}/enabled"), &[("enabled", "false")]).await.status(), 303);
    let off = server.app.db.webhook(server.acme.tenant, hook.id).await.unwrap().unwrap();
    assert_eq!(off.disabled.unwrap().1, "Switched off by hand.");
    assert_eq!(admin.post(&format!("{page}/remove"), &[]).await.status(), 303);
    assert_eq!(server.app.db.webhooks(server.acme.tenant).await.unwrap(), []);
}

#[tokio::test]
async fn another_organisations_webhooks_are_not_there_for_a_program() {
    let server = Server::start().await;
    let (_, ours) = key(&server, &server.acme, &[Scope::WebhooksManage], None).await;
    let (_, theirs) = key(&server, &server.tenant("Other").await, &[Scope::WebhooksManage], None).await;
    let new = json!({ "url": "https://example.com/x", "events": ["task.created", "session.failed", "task.created"] });
    let call = |key, method, path: &str| server.call(key, method, &format!("/api/v1/webhooks{path}"));
    let made = ok(call(&ours, Method::POST, "").json(&new).send().await.unwrap(), 201).await;
    assert_eq!(made["events"], json!(["session.failed", "task.created"]));
    let id = format!("/{}", made["id"].as_str().unwrap());
    let resend = format!("{id}/deliveries/{}/resend", made["id"].as_str().unwrap());
    for (method, path) in [
        (Method::GET, id.clone()),
        (Method::PATCH, id.clone()),
        (Method::DELETE, id.clone()),
        (Method::POST, format!("{id}/secret")),
        (Method::GET, format!("{id}/deliveries")),
        (Method::POST, resend),
    ] {
        problem(call(&theirs, method.clone(), &path).send().await.unwrap(), 404).await;
    }
    let list = |key| async move { ok(call(key, Method::GET, "").send().await.unwrap(), 200).await["webhooks"].clone() };
    assert_eq!(list(&theirs).await, json!([]));
    assert_eq!(list(&ours).await.as_array().unwrap().len(), 1);
    let off = json!({ "enabled": false });
    let changed = ok(call(&ours, Method::PATCH, &id).json(&off).send().await.unwrap(), 200).await;
    assert_eq!((&changed["enabled"], &changed["disabled_reason"]), (&json!(false), &json!("Switched off by hand.")));
    for (body, status) in [
        (json!({ "url": "https://[::1]/" }), 422),
        (json!({ "url": "http://example.com/" }), 422),
        (json!({ "events": [] }), 422),
        (json!({ "events": ["everything"] }), 422),
    ] {
        problem(call(&ours, Method::PATCH, &id).json(&body).send().await.unwrap(), status).await;
    }
    assert_eq!(call(&ours, Method::DELETE, &id).send().await.unwrap().status(), 204);
    problem(call(&ours, Method::GET, &id).send().await.unwrap(), 404).await;
}
