//! Somebody who is signed in to the Dashboard.

use crate::support::{Device, Server};
use domain::user::UserRole;
use reqwest::{Method, RequestBuilder, Response};
use storage::db::people::NewUser;

const PASSWORD: &str = "correct horse battery";

/// Somebody who is signed in.
pub struct Login<'a> {
    server: &'a Server,
    http: reqwest::Client,
    cookie: String,
    csrf: String,
}

impl<'a> Login<'a> {
    pub async fn new(server: &'a Server, of: &Device, role: UserRole) -> Self {
        let email = format!("{role}-{}@example.org", uuid::Uuid::new_v4());
        let password_hash = web::hash_password(PASSWORD).unwrap();
        let new = NewUser { email: email.clone(), full_name: "Ada".into(), role, password_hash };
        server.app.db.create_user(of.tenant, new, server.app.clock.now()).await.unwrap();
        let form = server.anonymous(Method::GET, "/sign-in").send().await.unwrap();
        let (cookie, csrf) = (cookie(&form), token(&form.text().await.unwrap()));
        let fields = [("email", email.as_str()), ("password", PASSWORD), ("csrf_token", &csrf)];
        let http = reqwest::Client::builder().redirect(reqwest::redirect::Policy::none()).build().unwrap();
        let mut this = Self { server, http, cookie, csrf: String::new() };
        this.cookie = self::cookie(&this.post_raw("/sign-in", &fields).await);
        this.csrf = token(&this.get("/sessions").await.text().await.unwrap());
        this
    }

    pub fn call(&self, method: Method, path: &str) -> RequestBuilder {
        let url = format!("http://{}{path}", self.server.address);
        self.http.request(method, url).header("Cookie", &self.cookie)
    }

    pub async fn get(&self, path: &str) -> Response {
        self.call(Method::GET, path).send().await.unwrap()
    }

    /// Sends a form of a page of this login.
    pub async fn post(&self, path: &str, fields: &[(&str, &str)]) -> Response {
        self.post_raw(path, &[fields, &[("csrf_token", self.csrf.as_str())]].concat()).await
    }

    pub async fn post_raw(&self, path: &str, fields: &[(&str, &str)]) -> Response {
        let request = self.call(Method::POST, path).body(encoded(fields));
        request.header("Content-Type", "application/x-www-form-urlencoded").send().await.unwrap()
    }
}

fn cookie(answer: &Response) -> String {
    let all = answer.headers().get_all("set-cookie").iter().map(|cookie| cookie.to_str().unwrap());
    let mut login = all.filter(|cookie| cookie.trim_start_matches("__Host-").starts_with("trainar="));
    login.next().unwrap().split(';').next().unwrap().to_owned()
}

fn token(html: &str) -> String {
    let (_, rest) = html.split_once("name=\"csrf_token\" value=\"").unwrap();
    rest.split('"').next().unwrap().to_owned()
}

pub fn encoded(fields: &[(&str, &str)]) -> String {
    serde_urlencoded::to_string(fields).unwrap()
}
