//! Who may not: nobody, a member, another organisation, keys that are revoked or lack the scope.

use super::{MEMBERS, OPEN, Things, WORD, Way, World, filled, post, unchanged, ways};
use crate::{
    keys::key,
    login::Login,
    support::{Device, ok},
};
use domain::{
    api_key::Scope,
    audit::{Action, Actor, Entry},
    user::UserRole,
};
use reqwest::Method;
use serde_json::Value;
use std::collections::BTreeMap;
use strum::VariantArray;

#[tokio::test]
async fn nobody_comes_in() {
    let world = World::new().await;
    let server = &world.server;
    let plain = reqwest::Client::builder().redirect(reqwest::redirect::Policy::none()).build().unwrap();
    for way in ways(server).await {
        let url = format!("http://{}{}", server.address, way.to(Some(&world.ours)));
        let answer = filled(plain.request(way.method.clone(), url), &way, Some(&world.ours)).send().await.unwrap();
        let (status, place) = (answer.status().as_u16(), answer.headers().get("location").cloned());
        let text = answer.text().await.unwrap();
        assert!(!text.contains(WORD), "{}: {text}", way.name());
        if OPEN.contains(&way.name().as_str()) {
            continue;
        }
        let to_sign_in = place.is_some_and(|place| {
            let place = place.to_str().unwrap();
            place.starts_with("/sign-in") || ["/", "/settings", "/reports"].contains(&way.path.as_str())
        });
        match (way.is_api(), status) {
            (true, 401) | (false, 401 | 403 | 404) => {}
            (false, 303) if to_sign_in => {}
            // A link that is wrong, or a form without its page.
            (false, 200 | 422 | 400) if ["/set-password", "/setup"].contains(&way.path.as_str()) => {}
            _ => panic!("{} gave nobody {status}", way.name()),
        }
    }
    unchanged(server, &world.ours, "nobody").await;
}

#[tokio::test]
async fn a_member_changes_only_what_members_may() {
    let world = World::new().await;
    let server = &world.server;
    let member = Login::new(server, &server.acme, UserRole::Member).await;
    let ours = Things::of(server, &server.acme).await;
    for way in ways(server).await.into_iter().filter(|way| !way.is_api() && !way.path.contains("{*")) {
        let path = way.to(Some(&ours));
        let is_administration =
            way.path.starts_with("/settings/") || ["/tasks/new", "/tasks/{id}/edit"].contains(&way.path.as_str());
        match way.method {
            Method::GET => {
                let status = member.get(&path).await.status().as_u16();
                let fits = if is_administration { status == 403 } else { [200, 303, 304, 308].contains(&status) };
                let fits = fits || (way.path.ends_with("/media") && status == 404) || way.path.starts_with("/events/");
                assert!(fits || OPEN.contains(&way.name().as_str()) || status == 404, "{}: {status}", way.name());
            }
            _ if MEMBERS.contains(&way.name().as_str()) || OPEN.contains(&way.name().as_str()) => {}
            _ => {
                let status = post(&member, &path, &ours).await.status().as_u16();
                assert!(status == 403 || way.path == "/setup" && status == 404, "{}: {status}", way.name());
            }
        }
    }
    unchanged(server, &ours, "a member").await;
}

#[tokio::test]
async fn another_organisation_finds_nothing_of_ours_and_cannot_tell_it_from_nothing() {
    let world = World::new().await;
    let server = &world.server;
    let other = server.tenant("Other").await;
    let admin = Login::new(server, &other, UserRole::Admin).await;
    let (_, program) = key(server, &other, Scope::VARIANTS, None).await;
    let mut told = Vec::new();
    for way in ways(server).await {
        let (ours, nobodys) = (way.to(Some(&world.ours)), way.to(None));
        let mut answers = Vec::new();
        for path in [&ours, &nobodys] {
            let mut said = Vec::new();
            if way.is_api() {
                for token in [&program, &other] {
                    let request = server.call(token, way.method.clone(), path);
                    said.push(filled(request, &way, Some(&world.ours)).send().await.unwrap());
                }
            } else if way.method == Method::GET {
                if way.path.starts_with("/events/") {
                    continue;
                }
                said.push(admin.get(path).await);
            } else if way.is_of_something() || ![&MEMBERS[..], &OPEN[..]].concat().contains(&way.name().as_str()) {
                said.push(post(&admin, path, &world.ours).await);
            }
            let mut read = Vec::new();
            for answer in said {
                let status = answer.status().as_u16();
                let text = answer.text().await.unwrap();
                assert!(!text.contains(WORD), "{}: {text}", way.name());
                assert!(status < 500, "{}: {status} {text}", way.name());
                read.push((status, text.replace(path.as_str(), "")));
            }
            answers.push(read);
        }
        if !way.is_of_something() {
            continue;
        }
        let [ours, nobodys] = answers.as_slice() else { panic!("{}", way.name()) };
        for ((status, text), (of_nothing, nothing)) in ours.iter().zip(nobodys) {
            if (status, text) != (of_nothing, nothing) || ![401, 403, 404].contains(status) {
                told.push(format!("{}: {status} {text:.300} and for nobody's {of_nothing}", way.name()));
            }
        }
        if !ours.iter().any(|(status, _)| *status == 404) {
            told.push(format!("{}: nobody who may ask finds nothing: {}", way.name(), ours[0].0));
        }
    }
    assert!(told.is_empty(), "{}", told.join("\n"));
    unchanged(server, &world.ours, "another organisation").await;
}

#[tokio::test]
async fn a_key_that_was_revoked_or_lacks_the_scope_opens_nothing() {
    let world = World::new().await;
    let server = &world.server;
    let (id, revoked) = key(server, &server.acme, Scope::VARIANTS, None).await;
    let by = Entry::new(Actor::operator(), Action::ApiKeyRevoked);
    server.app.db.revoke_api_key(server.acme.tenant, id, by, server.app.clock.now()).await.unwrap().unwrap();
    let (_, expired) = key(server, &server.acme, Scope::VARIANTS, Some(1.0)).await;
    let description: Value = serde_json::from_str(&web::openapi()).unwrap();
    let mut lacking = BTreeMap::new();
    for scope in Scope::VARIANTS {
        let others: Vec<_> = Scope::VARIANTS.iter().copied().filter(|other| other != scope).collect();
        let (_, without) = key(server, &server.acme, &others, None).await;
        ok(server.call(&without, Method::GET, "/api/v1/openapi.json").send().await.unwrap(), 200).await;
        lacking.insert(scope.to_string(), without);
    }
    server.clock.advance(2.0);
    let before = Things::of(server, &server.acme).await;
    let mut walked = 0;
    for way in ways(server).await.into_iter().filter(Way::is_api) {
        let path = way.to(Some(&world.ours));
        let status = async |device: &Device| {
            let request = filled(server.call(device, way.method.clone(), &path), &way, Some(&world.ours));
            let answer = request.send().await.unwrap();
            let status = answer.status().as_u16();
            let text = answer.text().await.unwrap();
            assert!(!text.contains(WORD), "{}: {text}", way.name());
            status
        };
        if OPEN.contains(&way.name().as_str()) {
            continue;
        }
        for device in [&revoked, &expired] {
            assert_eq!(status(device).await, 401, "{}", way.name());
        }
        let operations = &description["paths"][&way.path];
        let operation = match way.name().as_str() {
            "POST /api/v1/uploads/{upload}" => &operations["patch"],
            _ => &operations[way.method.as_str().to_lowercase()],
        };
        assert!(operation.is_object(), "{} is described nowhere", way.name());
        let schemes = operation["security"].as_array().into_iter().flatten();
        let scope = schemes.filter_map(|one| one.get("api_key")?.get(0)?.as_str()).next();
        let expected = if scope.is_some() { 403 } else { 401 };
        for (missing, device) in lacking.iter().filter(|(missing, _)| scope.is_none_or(|scope| scope == *missing)) {
            assert_eq!(status(device).await, expected, "{} without {missing}", way.name());
        }
        walked += 1;
    }
    assert!(walked > 35, "{walked}");
    let now = Things::of(server, &server.acme).await;
    for (table, rows) in before.0.iter().filter(|(table, _)| *table != "api_keys") {
        assert_eq!(&now.0[table], rows, "a key without the right changed {table}");
    }
}
