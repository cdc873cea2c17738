//! Pairing, pre-flight, and what a device tells of itself.

use crate::support::{Device, Server, ok, problem, status, text};
use domain::{SeatId, Timestamp, seat::SeatRole};
use reqwest::{Method, Response};
use rstest::rstest;
use serde_json::{Value, json};

const PAIR: &str = "/api/v1/pair";

/// A seat without device, and an open code for it.
async fn seat_with_code(server: &Server) -> (SeatId, String) {
    let (db, of, now) = (&server.app.db, &server.acme, server.app.clock.now());
    let seat = db.create_seat(of.tenant, of.user, SeatRole::Trainee, now).await.unwrap().id;
    (seat, code(server, seat).await)
}

async fn code(server: &Server, seat: SeatId) -> String {
    let (code, hash) = web::new_pairing_code();
    let now = server.app.clock.now();
    server.app.db.open_pairing_code(server.acme.tenant, seat, &hash, now.plus_seconds(600.0), now).await.unwrap();
    code
}

async fn pair(server: &Server, code: &str) -> Response {
    let body = json!({ "code": code, "model": "Vuzix M400", "serial": "X123", "software_version": "1.4" });
    server.anonymous(Method::POST, PAIR).json(&body).send().await.unwrap()
}

fn device(server: &Server, paired: &Value) -> Device {
    Device { token: paired["token"].as_str().unwrap().into(), ..server.acme.clone() }
}

async fn preflight(server: &Server, device: &Device) -> Response {
    server.call(device, Method::GET, "/api/v1/preflight").send().await.unwrap()
}

#[tokio::test]
async fn a_code_becomes_a_device_that_works_for_its_seat() {
    let server = Server::start().await;
    let (seat, code) = seat_with_code(&server).await;
    let typed = format!(" {}-{} ", &code[..4].to_lowercase(), &code[4..]);
    let paired = ok(pair(&server, &typed).await, 201).await;
    assert!(paired["token"].as_str().unwrap().starts_with("tdt_"));
    assert_eq!(paired["seat_id"], json!(seat));
    assert_eq!(
        (&paired["role"], &paired["user_name"], &paired["tenant_name"]),
        (&json!("trainee"), &json!("Acme"), &json!("Acme"))
    );

    let checked = ok(preflight(&server, &device(&server, &paired)).await, 200).await;
    assert_eq!(
        checked,
        json!({ "server_time": "2026-11-21T10:04:00Z", "tenant_name": "Acme", "user_name": "Acme", "seat_id": seat,
            "role": "trainee", "minutes_left": null, "upload_limit_bytes": crate::support::LIMIT, "heartbeat_seconds": 30,
            "recording_notice": null, "consent": null })
    );
    let seats = server.app.db.seat_overviews(server.acme.tenant, server.app.clock.now()).await.unwrap();
    let shown = &seats.iter().find(|s| s.seat.id == seat).unwrap().devices[0].device;
    assert_eq!(
        (shown.model.as_str(), shown.serial.as_str(), shown.software_version.as_str()),
        ("Vuzix M400", "X123", "1.4")
    );
}

#[tokio::test]
async fn an_answer_that_was_lost_is_asked_for_again_until_the_token_was_used() {
    let server = Server::start().await;
    let (_, code) = seat_with_code(&server).await;
    let lost = device(&server, &ok(pair(&server, &code).await, 201).await);
    let kept = device(&server, &ok(pair(&server, &code).await, 201).await);
    problem(preflight(&server, &lost).await, 401).await;
    ok(preflight(&server, &kept).await, 200).await;
    assert_eq!(problem(pair(&server, &code).await, 404).await.0, "pairing-code");
    ok(preflight(&server, &kept).await, 200).await;
}

#[tokio::test]
async fn a_code_that_is_wrong_old_or_replaced_is_refused_alike() {
    let server = Server::start().await;
    let (seat, first) = seat_with_code(&server).await;
    let second = code(&server, seat).await;
    let mut said = Vec::new();
    for wrong in [first.as_str(), "", "no code at all", "00000000", &second[..7]] {
        said.push(problem(pair(&server, wrong).await, 404).await);
    }
    server.clock.advance(600.0);
    said.push(problem(pair(&server, &second).await, 404).await);
    assert!(said.iter().all(|s| *s == said[0] && s.0 == "pairing-code"), "{said:?}");
}

#[tokio::test]
async fn whoever_guesses_codes_has_to_wait() {
    let server = Server::start().await;
    let (_, code) = seat_with_code(&server).await;
    for _ in 0..server.app.settings.sign_in_attempts_per_minute {
        problem(pair(&server, "ZZZZ-ZZZZ").await, 404).await;
    }
    let limited = pair(&server, &code).await;
    assert!(text(limited.headers(), "retry-after").parse::<u64>().unwrap() >= 1);
    assert_eq!(problem(limited, 429).await.0, "too-many-attempts");
}

#[rstest]
#[case(json!({}))]
#[case(json!({ "code": "ZZZZZZZZ" }))]
#[case(json!({ "code": "ZZZZZZZZ", "model": "" }))]
#[case(json!({ "code": "ZZZZZZZZ", "model": "\u{200b}" }))]
#[case(json!({ "code": "ZZZZZZZZ", "model": "x".repeat(101) }))]
#[case(json!({ "code": 7, "model": "x" }))]
#[tokio::test]
async fn a_device_that_does_not_say_what_it_is_is_refused(#[case] body: Value) {
    let server = Server::start().await;
    problem(server.anonymous(Method::POST, PAIR).json(&body).send().await.unwrap(), 422).await;
}

#[tokio::test]
async fn a_revoked_device_is_shut_out_at_once_whatever_it_asks() {
    let server = Server::start().await;
    let (session, url) = server.upload(10).await;
    let seat = &server.app.db.seat_overviews(server.acme.tenant, server.app.clock.now()).await.unwrap()[0];
    let now = server.app.clock.now();
    assert!(server.app.db.revoke_device(server.acme.tenant, seat.devices[0].device.id, now).await.unwrap().is_some());
    problem(preflight(&server, &server.acme).await, 401).await;
    problem(server.patch(&url, 0, "0123456789").send().await.unwrap(), 401).await;
    let look = server.call(&server.acme, Method::GET, &format!("/api/v1/sessions/{session}")).send().await.unwrap();
    problem(look, 401).await;
    problem(server.call(&server.acme, Method::POST, "/api/v1/sessions").send().await.unwrap(), 401).await;
    problem(server.call(&server.acme, Method::PUT, "/api/v1/device").send().await.unwrap(), 401).await;
}

#[tokio::test]
async fn a_device_tells_what_is_still_on_it() {
    let server = Server::start().await;
    let session = server.session().await;
    let put = |body: Value| server.call(&server.acme, Method::PUT, "/api/v1/device").json(&body);
    let held =
        |id: Option<_>| json!({ "session_id": id, "started_seconds_ago": 5400, "parts": 130, "bytes": 149_000_000 });
    let told = json!({ "battery_percent": 81, "storage_minutes": 240, "software_version": "1.5",
        "sessions": [held(Some(session)), held(None)], "something_new": 1 });
    assert_eq!(status(put(told)).await, 204);
    let now = server.app.clock.now();
    let shown = async || {
        let seats = server.app.db.seat_overviews(server.acme.tenant, now).await.unwrap();
        seats[0].devices[0].clone()
    };
    let (report, at) = shown().await.report.unwrap();
    assert_eq!((report.battery_percent, report.storage_minutes, at), (Some(81), Some(240), now));
    assert_eq!((report.sessions.len(), report.bytes()), (2, 298_000_000));
    assert_eq!(report.sessions[0].session_id, Some(session));
    assert_eq!(report.sessions[0].started_at, Timestamp(now.0 - 5_400_000_000));
    assert_eq!(shown().await.device.software_version, "1.5");

    for wrong in [
        json!({ "battery_percent": 101 }),
        json!({ "battery_percent": -1 }),
        json!({ "sessions": [{ "started_seconds_ago": -1, "parts": 1, "bytes": 1 }] }),
        json!({ "sessions": [{ "parts": 1, "bytes": 1 }] }),
        json!({ "sessions": vec![held(None); 1001] }),
    ] {
        problem(put(wrong).send().await.unwrap(), 422).await;
    }
    assert_eq!(shown().await.report.unwrap().0, report, "what was refused changes nothing");
    assert_eq!(status(put(json!({}))).await, 204);
    assert_eq!(shown().await.report.unwrap().0.sessions, []);
}
