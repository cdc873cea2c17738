//! A signed-in browser, without the browser.

use super::{Pairing, Running};
use reqwest::{StatusCode, header, redirect::Policy};

/// A signed-in user.
pub struct Dashboard {
    http: reqwest::Client,
    base: String,
    cookie: String,
}

impl Dashboard {
    pub async fn sign_in(server: &Running, pairing: &Pairing) -> Self {
        testkit::install_tls();
        let http = reqwest::Client::builder().redirect(Policy::none()).build().unwrap();
        let base = server.base();
        let page = http.get(format!("{base}/sign-in")).send().await.unwrap();
        let cookie = cookie(&page).expect("the sign-in page sets a cookie");
        let html = page.text().await.unwrap();
        let csrf = between(&html, "name=\"csrf_token\" value=\"", "\"").expect("the form has a token").to_owned();
        let form = [("email", pairing.email.as_str()), ("password", Pairing::PASSWORD), ("csrf_token", &csrf)];
        let form =
            form.map(|(name, value)| format!("{name}={}", value.replace(' ', "+").replace('@', "%40"))).join("&");
        let request = http.post(format!("{base}/sign-in")).header(header::COOKIE, &cookie).body(form);
        let request = request.header(header::CONTENT_TYPE, "application/x-www-form-urlencoded");
        let answer = request.send().await.unwrap();
        assert_eq!(answer.status(), StatusCode::SEE_OTHER, "{}", answer.text().await.unwrap());
        let cookie = self::cookie(&answer).unwrap_or(cookie);
        Self { http, base, cookie }
    }

    /// A page as text.
    pub async fn page(&self, path: &str) -> String {
        let answer = self.http.get(format!("{}{path}", self.base)).header(header::COOKIE, &self.cookie).send().await;
        let answer = answer.unwrap();
        assert_eq!(answer.status(), StatusCode::OK, "{path}");
        answer.text().await.unwrap()
    }

    /// The addresses of media on a page.
    pub fn media(&self, html: &str) -> Vec<String> {
        let addresses = html.split('"').filter(|part| part.starts_with("/media/"));
        addresses.map(|a| format!("{}{}", self.base, a.replace("&amp;", "&").replace("&#38;", "&"))).collect()
    }
}

/// The cookie of the login; another may tell that the browser is a known one.
fn cookie(answer: &reqwest::Response) -> Option<String> {
    let set = answer.headers().get_all(header::SET_COOKIE).iter().map(|value| value.to_str().unwrap());
    set.filter_map(|value| value.split(';').next()).find(|pair| pair.starts_with("trainar=")).map(str::to_owned)
}

fn between<'a>(text: &'a str, before: &str, after: &str) -> Option<&'a str> {
    text.split(before).nth(1)?.split(after).next()
}
