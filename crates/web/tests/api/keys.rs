//! API keys as programs use them: scopes, walls, lists, limits.

use crate::{
    login::Login,
    support::{Device, Server, ok, problem, text},
};
use domain::{
    ApiKeyId, SeatId, SessionId,
    api_key::Scope,
    audit::{Action, Actor, Entry},
    job::JobState,
    procedure::{ProcedureDraft, ProcedureStatus},
    user::UserRole,
};
use reqwest::{Method, Response};
use serde_json::{Value, json};
use std::collections::BTreeSet;
use storage::db::{
    api_keys::NewApiKey,
    procedures::{NewProcedure, Outcome},
};
use strum::VariantArray;

/// A key of a tenant, usable in place of a device.
pub async fn key(server: &Server, of: &Device, scopes: &[Scope], seconds: Option<f64>) -> (ApiKeyId, Device) {
    let (made, now) = (web::new_api_token(), server.app.clock.now());
    let new = NewApiKey {
        name: "test".into(),
        token_hash: made.hash,
        first_characters: made.first_characters,
        scopes: scopes.to_vec(),
        made_by: None,
        expires_at: seconds.map(|s| now.plus_seconds(s)),
    };
    let key = server
        .app
        .db
        .create_api_key(of.tenant, new, Entry::new(Actor::operator(), Action::ApiKeyMade), now)
        .await
        .unwrap();
    (key.id, Device { token: made.token, ..of.clone() })
}

async fn get(server: &Server, key: &Device, path: &str) -> Response {
    server.call(key, Method::GET, path).send().await.unwrap()
}

/// A session that went the whole way, with procedures.
pub async fn processed(server: &Server, procedures: u32) -> SessionId {
    let (session, url) = server.upload(10).await;
    assert_eq!(server.patch(&url, 0, "0123456789").send().await.unwrap().status(), 204);
    let stop = format!("/api/v1/sessions/{session}/stop");
    assert_eq!(server.call(&server.acme, Method::POST, &stop).send().await.unwrap().status(), 200);
    let (db, now) = (&server.app.db, server.app.clock.now());
    let worker = uuid::Uuid::now_v7();
    let job = db.claim_job(worker, now, now.plus_seconds(60.0)).await.unwrap().unwrap();
    let found = |number| NewProcedure {
        number,
        draft: ProcedureDraft {
            procedure_name: format!("Close valve {number}"),
            description: String::new(),
            start_seconds: f64::from(number),
            end_seconds: f64::from(number) + 1.0,
            status: ProcedureStatus::Approved,
            excluded_reason: None,
        },
        duration_seconds: 1.0,
        video_key: Some(format!("{session}/{number}.mp4")),
        thumbnail_key: Some(format!("{session}/{number}.jpg")),
    };
    let outcome = Outcome {
        procedures: (1..=procedures).map(found).collect(),
        summary: Some("All closed.".into()),
        ..Outcome::default()
    };
    assert!(db.approve(&job, worker, &outcome, now).await.unwrap());
    assert_eq!(db.jobs(server.acme.tenant, session).await.unwrap()[0].state, JobState::Done);
    session
}

#[tokio::test]
async fn a_key_opens_what_its_scopes_say_until_it_expires_or_is_revoked() {
    let server = Server::start().await;
    let session = server.session().await;
    let (id, reader) = key(&server, &server.acme, &[Scope::SessionsRead], None).await;
    let list = ok(get(&server, &reader, "/api/v1/sessions").await, 200).await;
    assert_eq!(list["sessions"][0]["id"], json!(session));
    assert_eq!(list["next"], Value::Null);
    let answer = get(&server, &reader, "/api/v1/users").await;
    assert_eq!(text(answer.headers(), "www-authenticate"), "Bearer error=\"insufficient_scope\", scope=\"users:read\"");
    let (kind, detail) = problem(answer, 403).await;
    assert!(kind == "scope" && detail.contains("users:read"), "{detail}");

    let (_, brief) = key(&server, &server.acme, &[Scope::SessionsRead], Some(100.0)).await;
    ok(get(&server, &brief, "/api/v1/sessions").await, 200).await;
    server.clock.advance(100.0);
    problem(get(&server, &brief, "/api/v1/sessions").await, 401).await;
    ok(get(&server, &reader, "/api/v1/sessions").await, 200).await;
    let by = Entry::new(Actor::operator(), Action::ApiKeyRevoked);
    server.app.db.revoke_api_key(server.acme.tenant, id, by, server.app.clock.now()).await.unwrap().unwrap();
    let answer = get(&server, &reader, "/api/v1/sessions").await;
    assert_eq!(answer.headers()["www-authenticate"], "Bearer");
    assert_eq!(problem(answer, 401).await.0, "unauthorised");
    for token in [web::new_api_token().token, "tak_".into(), "tak_!".into(), String::new()] {
        let wrong = Device { token, ..server.acme.clone() };
        problem(get(&server, &wrong, "/api/v1/sessions").await, 401).await;
    }
    problem(get(&server, &server.acme, "/api/v1/users").await, 401).await;
    problem(server.anonymous(Method::GET, "/api/v1/users").send().await.unwrap(), 401).await;
}

#[tokio::test]
async fn use_of_a_key_is_noted_to_the_minute() {
    let server = Server::start().await;
    let (id, reader) = key(&server, &server.acme, &[Scope::SessionsRead], None).await;
    let used = async || server.app.db.api_key(server.acme.tenant, id).await.unwrap().unwrap().last_used_at;
    assert_eq!(used().await, None);
    get(&server, &reader, "/api/v1/sessions").await;
    let first = used().await.unwrap();
    server.clock.advance(30.0);
    get(&server, &reader, "/api/v1/sessions").await;
    assert_eq!(used().await, Some(first));
    server.clock.advance(30.0);
    get(&server, &reader, "/api/v1/users").await;
    assert_eq!(used().await, Some(first.plus_seconds(60.0)), "a refusal is use, too");
}

/// Every operation of the description that takes a key, with its scope.
fn operations() -> Vec<(Method, String, Scope, bool)> {
    let api: Value = serde_json::from_str(&web::openapi()).unwrap();
    let mut found = Vec::new();
    for (path, item) in api["paths"].as_object().unwrap() {
        for (method, operation) in item.as_object().unwrap() {
            let schemes = operation["security"].as_array();
            let schemes = schemes.or(api["security"].as_array()).unwrap();
            let names: BTreeSet<_> = schemes.iter().flat_map(|one| one.as_object().unwrap().keys()).collect();
            assert!(schemes.len() == names.len() || path == "/api/v1/pair", "{method} {path} is open to everybody");
            assert!(names.iter().all(|name| ["api_key", "device_token"].contains(&name.as_str())), "{method} {path}");
            let Some(scopes) = schemes.iter().find_map(|one| one.get("api_key")) else { continue };
            let [scope] = scopes.as_array().unwrap().as_slice() else { panic!("{method} {path}: {scopes}") };
            let method = method.to_uppercase().parse().unwrap();
            found.push((method, path.clone(), scope.as_str().unwrap().parse().unwrap(), names.len() == 1));
        }
    }
    assert!(found.len() >= 9);
    found
}

#[tokio::test]
async fn every_operation_asks_for_the_scope_that_it_names_and_for_nothing_else() {
    let server = Server::start().await;
    for (method, path, scope, keys_only) in operations() {
        let others: Vec<_> = Scope::VARIANTS.iter().copied().filter(|other| *other != scope).collect();
        let (_, lacking) = key(&server, &server.acme, &others, None).await;
        let (_, having) = key(&server, &server.acme, &[scope], None).await;
        let with = |value: &str| {
            path.split('/').map(|part| if part.starts_with('{') { value } else { part }).collect::<Vec<_>>().join("/")
        };
        // Whatever is asked for: no id, somebody's, nobody's; with a query that does not fit.
        for path in [with("x"), with(&uuid::Uuid::now_v7().to_string()), with("x") + "?nonsense=1"] {
            let (kind, detail) = problem(server.call(&lacking, method.clone(), &path).send().await.unwrap(), 403).await;
            assert!(kind == "scope" && detail.contains(&scope.to_string()), "{method} {path}: {detail}");
            let status = server.call(&having, method.clone(), &path).send().await.unwrap().status().as_u16();
            assert!(![401, 403].contains(&status) && status < 500, "{method} {path}: {status}");
        }
        if keys_only {
            problem(server.call(&server.acme, method.clone(), &with("x")).send().await.unwrap(), 401).await;
        }
    }
}

#[tokio::test]
async fn another_tenants_things_are_not_there() {
    let server = Server::start().await;
    let session = processed(&server, 2).await;
    let (_, ours) = key(&server, &server.acme, Scope::VARIANTS, None).await;
    let (_, theirs) = key(&server, &server.tenant("Other").await, Scope::VARIANTS, None).await;
    let procedures = ok(get(&server, &ours, "/api/v1/procedures").await, 200).await;
    let procedure = procedures["procedures"][0]["id"].as_str().unwrap();
    let seats = ok(get(&server, &ours, "/api/v1/seats").await, 200).await;
    let seat = seats["seats"][0]["id"].as_str().unwrap();
    let ones = [
        format!("/api/v1/sessions/{session}"),
        format!("/api/v1/sessions/{session}/procedures"),
        format!("/api/v1/procedures/{procedure}"),
        format!("/api/v1/users/{}", server.acme.user),
        format!("/api/v1/seats/{seat}"),
    ];
    for path in ones {
        ok(get(&server, &ours, &path).await, 200).await;
        let foreign = problem(get(&server, &theirs, &path).await, 404).await;
        let words: Vec<_> = path.split('/').collect();
        let nobodys = path.replace(words[4], "0197aaaa-0000-7000-8000-000000000000");
        assert_eq!(problem(get(&server, &theirs, &nobodys).await, 404).await, foreign, "{path}");
        problem(get(&server, &theirs, &path.replace(words[4], "no-id")).await, 404).await;
    }
    for list in ["sessions", "procedures"] {
        let found = ok(get(&server, &theirs, &format!("/api/v1/{list}")).await, 200).await;
        assert_eq!(found[list], json!([]), "{list}");
    }
    let filtered = ok(get(&server, &theirs, &format!("/api/v1/procedures?session={session}")).await, 200).await;
    assert_eq!(filtered["procedures"], json!([]));
    for list in ["users", "seats"] {
        let found = ok(get(&server, &theirs, &format!("/api/v1/{list}")).await, 200).await;
        assert_eq!(found[list].as_array().unwrap().len(), 1, "{list}: their own");
    }
}

#[tokio::test]
async fn a_session_says_to_a_program_what_came_of_it_and_to_its_device_what_that_needs() {
    let server = Server::start().await;
    let session = processed(&server, 3).await;
    let (_, reader) = key(&server, &server.acme, Scope::VARIANTS, None).await;
    let path = format!("/api/v1/sessions/{session}");
    let shown = ok(get(&server, &reader, &path).await, 200).await;
    assert_eq!(
        (&shown["status"], &shown["procedures"], &shown["summary"]),
        (&json!("completed"), &json!(3), &json!("All closed."))
    );
    assert_eq!((&shown["user_id"], &shown["user_name"]), (&json!(server.acme.user), &json!("Acme")));
    assert!(shown.get("upload_url").is_none() && shown["seat_id"].is_string());
    let to_device = ok(get(&server, &server.acme, &path).await, 200).await;
    assert_eq!(to_device["upload_url"], json!(format!("{path}/uploads")));
    assert!(to_device.get("summary").is_none());
    assert_eq!(to_device["name"], shown["name"]);

    let found = ok(get(&server, &reader, &format!("{path}/procedures")).await, 200).await;
    let names: Vec<_> =
        found["procedures"].as_array().unwrap().iter().map(|p| p["procedure_name"].as_str().unwrap()).collect();
    assert_eq!(names, ["Close valve 1", "Close valve 2", "Close valve 3"]);
    let first = &found["procedures"][0];
    let one =
        ok(get(&server, &reader, &format!("/api/v1/procedures/{}", first["id"].as_str().unwrap())).await, 200).await;
    assert_eq!(&one, first);
    server.app.objects.put(&format!("{session}/1.mp4"), "a clip".into()).await.unwrap();
    let clip = server.anonymous(Method::GET, one["video_url"].as_str().unwrap()).send().await.unwrap();
    assert_eq!((clip.status().as_u16(), clip.text().await.unwrap()), (200, "a clip".into()));
}

/// All pages of a list, by its cursor.
async fn all(server: &Server, key: &Device, list: &str, query: &str) -> Vec<String> {
    let (mut ids, mut after) = (Vec::new(), String::new());
    loop {
        let path = format!("/api/v1/{list}?{query}{after}");
        let page = ok(get(server, key, &path).await, 200).await;
        let rows = page[list].as_array().unwrap();
        ids.extend(rows.iter().map(|row| row["id"].as_str().unwrap().to_owned()));
        match page["next"].as_str() {
            Some(next) => after = format!("&after={next}"),
            None => return ids,
        }
        assert!(!rows.is_empty());
    }
}

#[tokio::test]
async fn lists_are_paged_in_a_stable_order_and_filtered() {
    let server = Server::start().await;
    let done = processed(&server, 5).await;
    for _ in 0..4 {
        server.clock.advance(60.0);
        server.session().await;
    }
    let colleague = server.colleague(&server.acme).await;
    let theirs = ok(server.call(&colleague, Method::POST, "/api/v1/sessions").send().await.unwrap(), 201).await;
    let (_, reader) = key(&server, &server.acme, Scope::VARIANTS, None).await;
    for (list, rows) in [("sessions", 6), ("procedures", 5), ("users", 1), ("seats", 2)] {
        let whole = all(&server, &reader, list, "limit=100").await;
        assert_eq!(whole.len(), rows, "{list}");
        for limit in [1, 2, rows] {
            assert_eq!(all(&server, &reader, list, &format!("limit={limit}")).await, whole, "{list} by {limit}");
        }
    }
    let sessions = all(&server, &reader, "sessions", "").await;
    assert_eq!(sessions.last(), Some(&done.to_string()), "the newest first");
    let seat: SeatId =
        ok(get(&server, &reader, &format!("/api/v1/sessions/{}", sessions[0])).await, 200).await["seat_id"]
            .as_str()
            .unwrap()
            .parse()
            .unwrap();
    for (query, found) in [
        ("status=completed", vec![&sessions[5]]),
        ("status=in_progress&limit=2", sessions[..5].iter().collect()),
        ("role=trainee", vec![]),
        (&format!("seat={seat}"), vec![&sessions[0]]),
        (&format!("user={}&status=completed", server.acme.user), vec![&sessions[5]]),
        ("task=0197aaaa-0000-7000-8000-000000000000", vec![]),
        ("from=2026-11-21T10:06:00Z&to=2026-11-21T10:08:00Z", vec![&sessions[2], &sessions[3]]),
        ("from=2026-11-21T11:06:00%2B01:00&to=2026-11-21T10:07:00Z", vec![&sessions[3]]),
    ] {
        let ids = all(&server, &reader, "sessions", query).await;
        assert_eq!(ids.iter().collect::<Vec<_>>(), found, "{query}");
    }
    assert_eq!(theirs["id"], json!(sessions[0]));
    for query in [
        "nonsense=1",
        "limit=0",
        "limit=101",
        "limit=x",
        "limit=-1",
        "after=x",
        "status=done",
        "seat=x",
        "from=yesterday",
        "limit=1&limit=2",
    ] {
        let (_, detail) = problem(get(&server, &reader, &format!("/api/v1/sessions?{query}")).await, 400).await;
        assert!(detail.len() > 20, "{query}: {detail}");
    }
    for list in ["procedures", "users", "seats"] {
        problem(get(&server, &reader, &format!("/api/v1/{list}?status=x")).await, 400).await;
    }
}

#[tokio::test]
async fn a_key_that_asks_too_often_is_told_to_wait() {
    let limits = web::WebSettings { api_requests_per_minute: 1, api_burst: 3, ..Default::default() };
    let server = Server::with(limits).await;
    let (_, busy) = key(&server, &server.acme, &[Scope::SessionsRead], None).await;
    let (_, other) = key(&server, &server.acme, &[Scope::SessionsRead], None).await;
    for left in [2, 1, 0] {
        // What is refused counts as well.
        let answer = get(&server, &busy, if left == 1 { "/api/v1/users" } else { "/api/v1/sessions" }).await;
        assert_eq!(text(answer.headers(), "ratelimit-policy"), "\"default\";q=3;w=180");
        assert_eq!(text(answer.headers(), "ratelimit"), format!("\"default\";r={left};t={}", (3 - left) * 60));
    }
    let refused = get(&server, &busy, "/api/v1/sessions").await;
    assert_eq!(text(refused.headers(), "ratelimit"), "\"default\";r=0;t=180");
    let wait: u64 = text(refused.headers(), "retry-after").parse().unwrap();
    assert!((1..=60).contains(&wait), "{wait}");
    assert_eq!(problem(refused, 429).await.0, "rate-limited");
    ok(get(&server, &other, "/api/v1/sessions").await, 200).await;
    let device = server.session().await;
    assert!(server.show(device).await["id"].is_string(), "devices are not counted");
}

#[tokio::test]
async fn administrators_make_and_revoke_keys_of_their_own_organisation() {
    let server = Server::start().await;
    let member = Login::new(&server, &server.acme, UserRole::Member).await;
    let admin = Login::new(&server, &server.acme, UserRole::Admin).await;
    let form = [("name", "Report"), ("scope", "sessions:read"), ("scope", "users:read"), ("days", "30")];
    assert_eq!(member.post("/settings/api-keys", &form).await.status(), 403);
    assert_eq!(admin.post_raw("/settings/api-keys", &form).await.status(), 403, "a form from elsewhere");
    for wrong in [&form[..1], &form[1..], &[("name", "x"), ("scope", "everything")], &[("name", " "), form[1]]] {
        assert_eq!(admin.post("/settings/api-keys", wrong).await.status(), 422, "{wrong:?}");
    }
    assert_eq!(server.app.db.api_keys(server.acme.tenant).await.unwrap(), []);

    let made = admin.post("/settings/api-keys", &form).await;
    assert_eq!((made.status().as_u16(), text(made.headers(), "cache-control").as_str()), (200, "no-store"));
    let html = made.text().await.unwrap();
    let token = format!("tak_{}", &html.split_once("value=\"tak_").unwrap().1[..43]);
    let key = server.app.db.api_keys(server.acme.tenant).await.unwrap().remove(0);
    assert_eq!(key.scopes, [Scope::SessionsRead, Scope::UsersRead]);
    assert!(html.contains(&format!("http://{}/api/v1/sessions?limit=1", server.address)), "a line to try it");
    assert!(!admin.get("/settings/api-keys").await.text().await.unwrap().contains(&token));
    let holder = Device { token, ..server.acme.clone() };
    ok(get(&server, &holder, "/api/v1/users").await, 200).await;

    let revoke = format!("/settings/api-keys/{}/revoke", key.id);
    let stranger = Login::new(&server, &server.tenant("Other").await, UserRole::Admin).await;
    assert_eq!(stranger.get(&revoke).await.status(), 404);
    stranger.post(&revoke, &[]).await;
    assert_eq!(member.post(&revoke, &[]).await.status(), 403);
    assert_eq!(admin.post_raw(&revoke, &[]).await.status(), 403, "a form from elsewhere");
    ok(get(&server, &holder, "/api/v1/users").await, 200).await;
    assert_eq!(admin.get(&revoke).await.status(), 200);
    admin.post(&revoke, &[]).await;
    problem(get(&server, &holder, "/api/v1/users").await, 401).await;
    assert_eq!(admin.get(&revoke).await.status(), 404);
}
