//! What every answer carries, by the rules of the usual scanners (Mozilla's HTTP Observatory, OWASP's Secure Headers),
//! and that no form does anything without the token of its page.

use super::{OPEN, Things, Way, World, post_without_token, unchanged, ways};
use crate::login::Login;
use domain::user::UserRole;
use reqwest::{Method, Response};
use std::collections::BTreeMap;

const YEAR: u64 = 31_536_000;

/// The rules that an answer breaks.
fn broken(answer: &Response, is_api: bool) -> Vec<String> {
    let get = |name: &str| answer.headers().get(name).map_or("", |value| value.to_str().unwrap());
    let mut broken = Vec::new();
    let mut rule = |holds: bool, says: String| (!holds).then(|| broken.push(says));
    rule(get("x-content-type-options") == "nosniff", "no nosniff".into());
    rule(!is_api || get("cache-control") == "no-store", format!("cache-control: {}", get("cache-control")));
    rule(get("referrer-policy") == "no-referrer", format!("referrer-policy: {}", get("referrer-policy")));
    let transport = get("strict-transport-security");
    let age = transport.split(';').find_map(|part| part.trim().strip_prefix("max-age=")?.parse().ok());
    rule(age.is_some_and(|age: u64| age >= YEAR), format!("strict-transport-security: {transport}"));
    for name in ["server", "x-powered-by", "access-control-allow-origin", "public-key-pins"] {
        rule(get(name).is_empty(), format!("{name}: {}", get(name)));
    }
    let policy: BTreeMap<_, _> = get("content-security-policy")
        .split(';')
        .filter_map(|part| part.trim().split_once(' '))
        .map(|(name, sources)| (name, sources.split(' ').collect::<Vec<_>>()))
        .collect();
    rule(policy.get("default-src").is_some_and(|sources| sources == &["'none'"]), format!("csp: {policy:?}"));
    rule(policy.get("frame-ancestors").is_some_and(|sources| sources == &["'none'"]), "may be framed".into());
    let allowed = ["'none'", "'self'", "blob:", "data:", "mediastream:"];
    let odd = policy.values().flatten().find(|source| !allowed.contains(source));
    rule(odd.is_none(), format!("csp allows {odd:?}"));
    for kind in ["script-src", "style-src", "connect-src", "worker-src"] {
        let sources = policy.get(kind).map_or(&[][..], Vec::as_slice);
        rule(sources.iter().all(|source| *source == "'self'"), format!("{kind} {sources:?}"));
    }
    if get("content-type").starts_with("text/html") {
        rule(get("content-type").ends_with("charset=utf-8"), "no charset".into());
        rule(get("x-frame-options") == "DENY", "x-frame-options".into());
        rule(get("cross-origin-opener-policy") == "same-origin", "cross-origin-opener-policy".into());
        rule(!get("permissions-policy").is_empty(), "permissions-policy".into());
        for name in ["base-uri", "form-action", "script-src", "style-src"] {
            rule(policy.contains_key(name), format!("csp without {name}"));
        }
    }
    for cookie in answer.headers().get_all("set-cookie") {
        let cookie = cookie.to_str().unwrap();
        let has = |word: &str| cookie.split("; ").skip(1).any(|part| part.eq_ignore_ascii_case(word));
        let same_site = has("SameSite=Lax") || has("SameSite=Strict");
        let holds = cookie.starts_with("__Host-") && has("Secure") && has("HttpOnly") && has("Path=/") && same_site;
        rule(holds, format!("cookie {cookie}"));
    }
    broken
}

/// How often a page has a form that changes something, and how many of these carry the token.
fn forms(html: &str) -> (usize, usize) {
    let forms: Vec<_> = html.split("<form").skip(1).map(|form| form.split("</form").next().unwrap()).collect();
    let changing = forms.iter().filter(|form| form.split('>').next().unwrap().contains("method=\"post\""));
    let with = changing.clone().filter(|form| form.contains("name=\"csrf_token\" value=\""));
    (changing.count(), with.count())
}

#[tokio::test]
async fn every_answer_carries_what_scanners_ask_for_and_every_form_its_token() {
    let world = World::behind_tls().await;
    let server = &world.server;
    let admin = Login::new(server, &server.acme, UserRole::Admin).await;
    let mut told = Vec::new();
    let mut seen = 0;
    for way in ways(server).await {
        if way.path.starts_with("/events/") {
            continue;
        }
        let path = way.to(Some(&world.ours));
        let mut answers = vec![server.anonymous(way.method.clone(), &path).send().await.unwrap()];
        if way.method == Method::GET {
            answers.push(admin.get(&path).await);
        }
        for answer in answers {
            let rules = broken(&answer, way.is_api());
            let text = answer.text().await.unwrap();
            let (forms, with_token) = forms(&text);
            seen += with_token;
            if forms != with_token || !rules.is_empty() {
                told.push(format!("{}: {} forms without token; {}", way.name(), forms - with_token, rules.join(", ")));
            }
        }
    }
    assert!(told.is_empty(), "{}", told.join("\n"));
    assert!(seen > 20, "{seen} forms were seen");
}

#[tokio::test]
async fn no_form_does_anything_without_the_token_of_its_page() {
    let world = World::new().await;
    let server = &world.server;
    let admin = Login::new(server, &server.acme, UserRole::Admin).await;
    let ours = Things::of(server, &server.acme).await;
    let is_form = |way: &Way| !way.is_api() && way.method == Method::POST && !OPEN.contains(&way.name().as_str());
    let mut walked = 0;
    for way in ways(server).await.into_iter().filter(is_form) {
        let status = post_without_token(&admin, &way.to(Some(&ours)), &ours).await.status().as_u16();
        // The first run is over; links and codes are their own proof; who is not signed out is refused next.
        let none = ["/setup", "/set-password", "/sign-in/code", "/sign-out"].contains(&way.path.as_str());
        assert!(status == 403 || none, "{}: {status}", way.name());
        walked += 1;
    }
    assert!(walked > 25, "{walked}");
    unchanged(server, &ours, "a form from elsewhere").await;
}
