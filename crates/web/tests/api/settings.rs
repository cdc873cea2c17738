//! Settings as a program meets them: who may, forms from elsewhere, and the ticket for a file.

use crate::{
    login::Login,
    support::{Device, Server, ok, problem, status, text},
};
use domain::{SeatId, SessionId, user::UserRole};
use reqwest::{Method, RequestBuilder, Response};
use serde_json::{Value, json};

impl Login<'_> {
    /// Begins the upload of a file of ten bytes.
    async fn begin(&self, seat: SeatId, key: u128) -> Value {
        ok(self.try_to_begin(&seat.to_string(), "2026-11-20T09:30", "10", key).await, 201).await
    }

    async fn try_to_begin(&self, seat: &str, at: &str, bytes: &str, key: u128) -> Response {
        let key = uuid::Uuid::from_u128(key).to_string();
        let fields = [("seat", seat), ("recorded_at", at), ("bytes", bytes), ("key", key.as_str())];
        self.post("/settings/upload", &fields).await
    }
}

async fn seat_of(server: &Server, device: &Device) -> SeatId {
    server.app.db.seat_overviews(device.tenant, server.app.clock.now()).await.unwrap()[0].seat.id
}

/// Calls the API with a ticket in place of a device token.
fn with_ticket(server: &Server, begun: &Value) -> Device {
    Device { token: begun["ticket"].as_str().unwrap().into(), ..server.acme.clone() }
}

fn create(server: &Server, ticket: &Device, begun: &Value) -> RequestBuilder {
    let request = server.call(ticket, Method::POST, begun["endpoint"].as_str().unwrap());
    request.header("Tus-Resumable", "1.0.0").header("Upload-Length", 10)
}

fn id(begun: &Value) -> SessionId {
    begun["session_id"].as_str().unwrap().parse().unwrap()
}

#[tokio::test]
async fn settings_are_for_administrators() {
    let server = Server::start().await;
    let member = Login::new(&server, &server.acme, UserRole::Member).await;
    let admin = Login::new(&server, &server.acme, UserRole::Admin).await;
    let seat = seat_of(&server, &server.acme).await;
    let device =
        server.app.db.seat_overviews(server.acme.tenant, server.app.clock.now()).await.unwrap()[0].devices[0].device.id;
    let (pair, revoke) = (format!("/settings/seats/{seat}/pair"), format!("/settings/devices/{device}/revoke"));
    for path in ["/settings/seats", "/settings/upload", &pair, &revoke] {
        assert_eq!(admin.get(path).await.status(), 200, "{path}");
        let refused = member.get(path).await;
        assert_eq!(refused.status(), 403, "{path}");
        assert!(refused.text().await.unwrap().contains("Only administrators"));
        let stranger = server.anonymous(Method::GET, path).send().await.unwrap();
        assert_eq!(stranger.url().path(), "/sign-in", "{path}");
    }
    let posts = ["/settings/seats", "/settings/upload", "/settings/upload/keep", &pair, &revoke];
    for path in posts {
        let form = [("seat", "x"), ("user", "x"), ("bytes", "1"), ("key", "00000000-0000-0000-0000-000000000000")];
        assert_eq!(member.post(path, &form).await.status(), 403, "{path}");
        assert_eq!(admin.post_raw(path, &form).await.status(), 403, "{path}: a form from elsewhere");
        let forged = [form.as_slice(), &[("csrf_token", "made-up")]].concat();
        assert_eq!(admin.post_raw(path, &forged).await.status(), 403, "{path}: a form from elsewhere");
    }
    assert!(server.app.db.device_by_token(&hash(&server.acme.token)).await.unwrap().is_some(), "nothing was revoked");
    assert!(!member.get("/sessions").await.text().await.unwrap().contains("/settings"));
    assert!(admin.get("/sessions").await.text().await.unwrap().contains("/settings/seats"));
}

fn hash(token: &str) -> String {
    let digest = aws_lc_rs::digest::digest(&aws_lc_rs::digest::SHA256, token.as_bytes());
    digest.as_ref().iter().map(|byte| format!("{byte:02x}")).collect()
}

#[tokio::test]
async fn nothing_of_another_tenant_is_paired_revoked_or_sent() {
    let server = Server::start().await;
    let admin = Login::new(&server, &server.acme, UserRole::Admin).await;
    let other = server.tenant("Other").await;
    let seat = seat_of(&server, &other).await;
    let device =
        server.app.db.seat_overviews(other.tenant, server.app.clock.now()).await.unwrap()[0].devices[0].device.id;
    for path in [format!("/settings/seats/{seat}/pair"), format!("/settings/devices/{device}/revoke")] {
        assert_eq!(admin.get(&path).await.status(), 404, "{path}");
    }
    assert_eq!(admin.post(&format!("/settings/seats/{seat}/pair"), &[]).await.status(), 404);
    admin.post(&format!("/settings/devices/{device}/revoke"), &[]).await;
    assert!(server.app.db.device_by_token(&hash(&other.token)).await.unwrap().is_some());
    let theirs = other.user.to_string();
    let added = admin.post("/settings/seats", &[("user", theirs.as_str()), ("role", "trainer")]).await;
    assert_eq!(added.status(), 422);
    problem(admin.try_to_begin(&seat.to_string(), "2026-11-20T09:30", "10", 1).await, 422).await;

    let their_admin = Login::new(&server, &other, UserRole::Admin).await;
    let begun = their_admin.begin(seat, 2).await;
    let renew = format!("/settings/upload/{}/ticket", id(&begun));
    assert_eq!(their_admin.post(&renew, &[]).await.status(), 200);
    problem(admin.post(&renew, &[]).await, 404).await;
    assert!(!admin.get("/settings/upload").await.text().await.unwrap().contains(&id(&begun).to_string()));
}

#[tokio::test]
async fn a_ticket_is_good_for_the_uploads_of_its_session_and_not_for_long() {
    let server = Server::start().await;
    let admin = Login::new(&server, &server.acme, UserRole::Admin).await;
    let seat = seat_of(&server, &server.acme).await;
    let (begun, other) = (admin.begin(seat, 1).await, admin.begin(seat, 2).await);
    assert_eq!(admin.begin(seat, 1).await["session_id"], begun["session_id"], "an answer that was lost");
    assert_eq!(begun["session_name"], "Session 20 Nov 2026, 09:30");
    let ticket = with_ticket(&server, &begun);

    let created = create(&server, &ticket, &begun).send().await.unwrap();
    assert_eq!(created.status(), 201);
    let upload = text(created.headers(), "location");
    problem(create(&server, &ticket, &other).send().await.unwrap(), 404).await;
    let session = format!("/api/v1/sessions/{}", id(&begun));
    for (method, path) in [
        (Method::GET, session.clone()),
        (Method::POST, format!("{session}/heartbeat")),
        (Method::POST, format!("{session}/stop")),
        (Method::GET, format!("{session}/parts")),
        (Method::POST, "/api/v1/sessions".into()),
        (Method::GET, "/api/v1/preflight".into()),
        (Method::PUT, "/api/v1/device".into()),
    ] {
        let refused = server.call(&ticket, method, &path).send().await.unwrap();
        assert_eq!(problem(refused, 403).await.0, "uploads-only", "{path}");
    }
    let theirs = server.upload(10).await.1;
    let foreign = server.call(&ticket, Method::HEAD, &theirs).header("Tus-Resumable", "1.0.0").send().await.unwrap();
    assert_eq!(foreign.status(), 404, "the upload of a device of the same seat");

    let patch = |ticket: &Device, offset: u64, body: &'static str| {
        let request = server.call(ticket, Method::PATCH, &upload).header("Tus-Resumable", "1.0.0");
        request.header("Upload-Offset", offset).header("Content-Type", "application/offset+octet-stream").body(body)
    };
    assert_eq!(status(patch(&ticket, 0, "01234")).await, 204);
    let mut forged = ticket.clone();
    let last = if forged.token.pop() == Some('A') { 'E' } else { 'A' };
    forged.token.push(last);
    problem(patch(&forged, 5, "56789").send().await.unwrap(), 401).await;
    server.clock.advance(15.0 * 60.0);
    problem(patch(&ticket, 5, "56789").send().await.unwrap(), 401).await;

    let again = ok(admin.post(&format!("/settings/upload/{}/ticket", id(&begun)), &[]).await, 200).await;
    assert_eq!(again["upload_url"], upload);
    assert_eq!(status(patch(&with_ticket(&server, &again), 5, "56789")).await, 204);
    let shown = server.show(id(&begun)).await;
    assert_eq!((&shown["phase"], &shown["started_at"]), (&json!("processing"), &json!("2026-11-20T08:30:00Z")));

    let of_a_device = format!("/settings/upload/{}/ticket", server.session().await);
    problem(admin.post(&of_a_device, &[]).await, 404).await;
}

#[tokio::test]
async fn a_file_that_cannot_be_is_refused_before_it_is_sent() {
    let server = Server::start().await;
    let admin = Login::new(&server, &server.acme, UserRole::Admin).await;
    let seat = seat_of(&server, &server.acme).await.to_string();
    let too_large = (crate::support::LIMIT + 1).to_string();
    for (seat, at, bytes, status) in [
        ("nonsense", "2026-11-20T09:30", "10", 422),
        (seat.as_str(), "yesterday", "10", 422),
        (seat.as_str(), "2026-11-22T09:30", "10", 422),
        (seat.as_str(), "2026-11-20T09:30", "0", 422),
        (seat.as_str(), "2026-11-20T09:30", too_large.as_str(), 413),
    ] {
        let (_, detail) = problem(admin.try_to_begin(seat, at, bytes, 1).await, status).await;
        assert!(detail.len() > 15, "{detail}");
    }
    let page = server.app.db.unfinished_uploads(server.acme.tenant, server.app.clock.now()).await.unwrap();
    assert_eq!(page, [], "nothing was begun");
}

#[tokio::test]
async fn what_nobody_finishes_is_reported_and_kept_as_long_as_the_tenant_says() {
    let server = Server::start().await;
    let admin = Login::new(&server, &server.acme, UserRole::Admin).await;
    let wrong = admin.post("/settings/upload/keep", &[("hours", "0")]).await;
    assert_eq!(wrong.status(), 422);
    admin.post("/settings/upload/keep", &[("hours", "2")]).await;
    let begun = admin.begin(seat_of(&server, &server.acme).await, 1).await;
    let ticket = with_ticket(&server, &begun);
    let list = async || server.app.db.unfinished_uploads(server.acme.tenant, server.app.clock.now()).await.unwrap();
    assert_eq!((list().await.len(), list().await[0].parts), (1, 0), "before its first byte");

    let created = create(&server, &ticket, &begun).header("Upload-Metadata", "filename YS5tcDQ=").send().await.unwrap();
    assert_eq!(text(created.headers(), "upload-expires"), "Sat, 21 Nov 2026 12:04:00 GMT");
    let (device_session, url) = server.upload(100).await;
    assert_eq!(status(server.patch(&url, 0, vec![1; 40])).await, 204);
    let found = list().await;
    let shown: Vec<_> =
        found.iter().map(|u| (u.session.id, u.filename.as_deref(), u.received, u.length, u.is_file)).collect();
    assert_eq!(shown, [(device_session, None, 40, Some(100), false), (id(&begun), Some("a.mp4"), 0, Some(10), true)]);
    assert!(found.iter().all(|u| !u.is_given_up));

    server.clock.advance(2.0 * 3600.0 + 1.0);
    for swept in [false, true] {
        if swept {
            assert_eq!(server.app.db.expire_uploads(server.app.clock.now()).await.unwrap(), 2);
        }
        assert!(list().await.iter().all(|u| u.is_given_up), "it stays in the list");
    }
    assert!(admin.get("/settings/upload").await.text().await.unwrap().contains(">given up <time"));
    admin.post("/settings/upload/keep", &[("hours", "")]).await;
    assert_eq!(server.app.db.tenant(server.acme.tenant).await.unwrap().unwrap().upload_keep_hours, None);
}
