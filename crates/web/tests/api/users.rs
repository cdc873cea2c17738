//! Users as programs manage them.

use crate::{
    keys::key,
    login::Login,
    support::{Device, Server, ok, problem},
};
use domain::{UserId, api_key::Scope, user::UserRole};
use reqwest::{Method, Response};
use serde_json::{Value, json};
use storage::db::{audit::AuditFilter, people::NewUser};

async fn send(server: &Server, key: &Device, method: Method, path: &str, body: Value) -> Response {
    server.call(key, method, path).json(&body).send().await.unwrap()
}

async fn admin(server: &Server, name: &str) -> UserId {
    let new = NewUser {
        email: format!("{name}@example.org"),
        full_name: name.into(),
        role: UserRole::Admin,
        password_hash: "x".into(),
    };
    server.app.db.create_user(server.acme.tenant, new, server.app.clock.now()).await.unwrap().id
}

#[tokio::test]
async fn somebody_is_invited_changed_and_shut_out_by_a_program() {
    let server = Server::start().await;
    let (_, manager) = key(&server, &server.acme, &[Scope::UsersManage], None).await;
    let (_, reader) = key(&server, &server.acme, &[Scope::UsersRead], None).await;
    let noor = json!({ "email": "Noor@Example.org", "full_name": "Noor\u{202e} Haddad", "role": "admin" });
    let made = ok(send(&server, &manager, Method::POST, "/api/v1/users", noor.clone()).await, 201).await;
    let (user, invitation) = (&made["user"], &made["invitation"]);
    assert_eq!((&user["email"], &user["full_name"]), (&json!("noor@example.org"), &json!("Noor Haddad")));
    assert_eq!(invitation["sent"], json!(false));
    let link = invitation["url"].as_str().unwrap();
    assert!(link.contains("/set-password?token="), "{link}");
    let page = server.anonymous(Method::GET, link.split_once(&server.address.to_string()).unwrap().1);
    assert!(page.send().await.unwrap().text().await.unwrap().contains("Welcome, Noor Haddad"));

    let taken = send(&server, &manager, Method::POST, "/api/v1/users", noor.clone()).await;
    assert_eq!(problem(taken, 409).await.0, "email-taken");
    problem(send(&server, &reader, Method::POST, "/api/v1/users", noor).await, 403).await;
    for wrong in [
        json!({ "email": "nobody", "full_name": "N", "role": "member" }),
        json!({ "email": "a@b.example", "full_name": "\u{200b}", "role": "member" }),
        json!({ "email": "a@b.example", "full_name": "A", "role": "owner" }),
        json!({ "full_name": "A", "role": "member" }),
    ] {
        problem(send(&server, &manager, Method::POST, "/api/v1/users", wrong).await, 422).await;
    }

    let path = format!("/api/v1/users/{}", user["id"].as_str().unwrap());
    let again = ok(send(&server, &manager, Method::POST, &format!("{path}/invitation"), json!({})).await, 200).await;
    assert_ne!(again["url"], invitation["url"]);
    let changed = ok(send(&server, &manager, Method::PATCH, &path, json!({ "role": "member" })).await, 200).await;
    assert_eq!(changed["role"], json!("member"));
    let both = json!({ "role": "admin", "is_active": false });
    problem(send(&server, &manager, Method::PATCH, &path, both).await, 422).await;
    let unknown = json!({ "email": "new@example.org" });
    problem(send(&server, &manager, Method::PATCH, &path, unknown).await, 422).await;
    problem(send(&server, &manager, Method::PATCH, &path, json!([null, null])).await, 422).await;
    let off = ok(send(&server, &manager, Method::PATCH, &path, json!({ "is_active": false })).await, 200).await;
    assert_eq!(off["is_active"], json!(false));
    let refused = send(&server, &manager, Method::POST, &format!("{path}/invitation"), json!({})).await;
    assert_eq!(problem(refused, 409).await.0, "not-invited");
    ok(send(&server, &manager, Method::PATCH, &path, json!({ "is_active": true })).await, 200).await;
    ok(send(&server, &manager, Method::PATCH, &path, json!({})).await, 200).await;

    // Another organisation's, and nobody's.
    let rival = server.tenant("Rival").await;
    for id in [rival.user.to_string(), uuid::Uuid::now_v7().to_string()] {
        let path = format!("/api/v1/users/{id}");
        problem(send(&server, &manager, Method::PATCH, &path, json!({ "is_active": false })).await, 404).await;
        problem(send(&server, &manager, Method::DELETE, &format!("{path}/logins"), json!({})).await, 404).await;
        problem(send(&server, &manager, Method::POST, &format!("{path}/invitation"), json!({})).await, 404).await;
    }

    let log = server.app.db.audit_page(server.acme.tenant, &AuditFilter::default(), None, 99).await.unwrap().entries;
    let told = |action: &str| log.iter().find(|entry| entry.action == action).unwrap();
    let invited = told("user.invited");
    assert_eq!((invited.actor.name.as_str(), invited.address.as_deref()), ("test", Some("127.0.0.1")));
    told("user.deactivated");
    told("user.reactivated");
}

#[tokio::test]
async fn a_program_does_not_remove_the_last_administrator_and_ends_logins() {
    let server = Server::start().await;
    let (_, manager) = key(&server, &server.acme, &[Scope::UsersManage], None).await;
    let (first, second) = (admin(&server, "first").await, admin(&server, "second").await);
    let _login = Login::new(&server, &server.acme, UserRole::Admin).await;
    let all = server.app.db.users(server.acme.tenant).await.unwrap();
    let boss = all.iter().find(|user| user.email.starts_with("admin-")).unwrap().id;
    let path = |id: UserId| format!("/api/v1/users/{id}");
    for id in [first, second] {
        ok(send(&server, &manager, Method::PATCH, &path(id), json!({ "is_active": false })).await, 200).await;
    }
    for change in [json!({ "is_active": false }), json!({ "role": "member" })] {
        let refused = send(&server, &manager, Method::PATCH, &path(boss), change).await;
        assert_eq!(problem(refused, 409).await.0, "last-administrator");
    }
    let logins = format!("{}/logins", path(boss));
    assert_eq!(ok(send(&server, &manager, Method::DELETE, &logins, json!({})).await, 200).await, json!({ "ended": 1 }));
    assert_eq!(ok(send(&server, &manager, Method::DELETE, &logins, json!({})).await, 200).await, json!({ "ended": 0 }));
}
