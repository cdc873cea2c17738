//! A server that keeps the protocol of docs/guide/glasses.md in memory, and fails on command.

use axum::{
    Router,
    body::Bytes,
    extract::{Request, State},
    http::{HeaderMap, Method, StatusCode},
    response::{IntoResponse, Response},
};
use base64::{Engine, engine::general_purpose::STANDARD};
use glasses::{Client, Credentials, sha256, spool::Spool};
use serde_json::{Value, json};
use std::{
    collections::{BTreeMap, VecDeque},
    path::Path,
    sync::{Arc, Mutex},
};
use uuid::Uuid;

/// What goes wrong with a request.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Fault {
    /// Nothing.
    None,
    /// Something in between answers with a page.
    Portal,
    /// The body of a part breaks off on its way; any other request has none.
    BrokenBody,
    /// It is done, and the answer says it is not.
    LostAnswer,
    /// Only the first half of the bytes arrives, and the connection is said to have broken.
    HalfThenError,
    /// The status of a problem, before anything is done.
    Problem(u16, &'static str),
}

#[derive(Default)]
pub struct Kept {
    /// By key: id.
    pub sessions: BTreeMap<Uuid, Uuid>,
    /// By session and number.
    pub parts: BTreeMap<(Uuid, u32), Part>,
    /// `POST start`, `PUT part 3`, …
    pub log: Vec<String>,
    /// Of the stops, by session.
    pub stops: BTreeMap<Uuid, Value>,
    /// What goes wrong with the next requests.
    pub faults: VecDeque<Fault>,
    /// What goes wrong with all others.
    pub always: Option<Fault>,
    /// Numbers that are refused as deleted.
    pub deleted: Vec<u32>,
    pub reports: Vec<Value>,
}

#[derive(Default)]
pub struct Part {
    pub bytes: Vec<u8>,
    length: usize,
    sha256: String,
}

#[derive(Clone, Default)]
pub struct Server {
    kept: Arc<Mutex<Kept>>,
}

impl Server {
    /// Starts it and pairs the spool at `root` with it.
    pub async fn start(root: &Path) -> Self {
        testkit::install_tls();
        let server = Self::default();
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = format!("http://{}", listener.local_addr().unwrap());
        let app = Router::new().fallback(answer).with_state(server.clone());
        tokio::spawn(async move { axum::serve(listener, app).await });
        Client::new(&address, "tdt_test").unwrap();
        Spool::pair(root, &Credentials { server: address, token: "tdt_test".into(), seat: None }).unwrap();
        server
    }

    pub fn look<T>(&self, look: impl FnOnce(&mut Kept) -> T) -> T {
        look(&mut self.kept.lock().unwrap())
    }
}

async fn answer(State(server): State<Server>, request: Request) -> Response {
    let (head, body) = request.into_parts();
    let body = axum::body::to_bytes(body, 1 << 24).await.unwrap();
    let mut kept = server.kept.lock().unwrap();
    let fault = kept.faults.pop_front().or(kept.always).unwrap_or(Fault::None);
    match fault {
        Fault::Portal => return page(),
        Fault::Problem(status, kind) => return problem(status, kind),
        Fault::BrokenBody if !body.is_empty() && head.headers.contains_key("tus-resumable") => {
            return problem(400, "bad-request");
        }
        _ => {}
    }
    let path: Vec<&str> = head.uri.path().trim_start_matches("/api/v1/").split('/').collect();
    let half = fault == Fault::HalfThenError;
    let answer = kept.answer(&head.method, &path, &head.headers, body, half);
    if matches!(fault, Fault::LostAnswer | Fault::HalfThenError) { problem(503, "unavailable") } else { answer }
}

fn page() -> Response {
    ([("content-type", "text/html")], "<h1>Welcome to our café</h1>").into_response()
}

fn problem(status: u16, kind: &str) -> Response {
    let body = json!({ "type": format!("urn:trainar:problem:{kind}"), "detail": kind }).to_string();
    (StatusCode::from_u16(status).unwrap(), [("content-type", "application/problem+json")], body).into_response()
}

impl Kept {
    fn answer(&mut self, method: &Method, path: &[&str], headers: &HeaderMap, body: Bytes, half: bool) -> Response {
        let text = |name: &str| headers.get(name).map(|value| value.to_str().unwrap().to_owned());
        match (method.as_str(), path) {
            ("POST", ["sessions"]) => {
                let key: Uuid = text("idempotency-key").unwrap().parse().unwrap();
                let id = *self.sessions.entry(key).or_insert_with(Uuid::now_v7);
                self.log.push("start".into());
                let upload_url = format!("/api/v1/sessions/{id}/uploads");
                (StatusCode::CREATED, axum::Json(json!({ "id": id, "upload_url": upload_url }))).into_response()
            }
            ("POST", ["sessions", _, what @ ("pause" | "resume" | "heartbeat")]) => {
                self.log.push((*what).into());
                StatusCode::NO_CONTENT.into_response()
            }
            ("POST", ["sessions", _, "deletions"]) => {
                self.log.push("delete".into());
                axum::Json(json!({ "parts": [] })).into_response()
            }
            ("POST", ["sessions", id, "stop"]) => {
                self.log.push("stop".into());
                self.stops.insert(id.parse().unwrap(), serde_json::from_slice(&body).unwrap());
                axum::Json(json!({ "id": id })).into_response()
            }
            ("GET", ["sessions", id, "parts"]) => {
                let id: Uuid = id.parse().unwrap();
                let parts = self.parts.iter().filter(|((of, _), _)| *of == id);
                let parts: Vec<_> = parts.map(|((_, number), part)| part.describe(*number)).collect();
                axum::Json(json!({ "parts": parts })).into_response()
            }
            ("PUT", ["device"]) => {
                self.reports.push(serde_json::from_slice(&body).unwrap());
                StatusCode::NO_CONTENT.into_response()
            }
            ("POST", ["sessions", id, "uploads"]) => {
                let metadata = metadata(&text("upload-metadata").unwrap());
                let number: u32 = metadata["part"].parse().unwrap();
                if self.deleted.contains(&number) {
                    return problem(410, "part-deleted");
                }
                let at = (id.parse().unwrap(), number);
                let part = self.parts.entry(at).or_default();
                part.length = text("upload-length").unwrap().parse().unwrap();
                part.sha256 = metadata["sha256"].clone();
                self.log.push(format!("part {number}"));
                let location = format!("/api/v1/uploads/{id}.{number}");
                let taken = if part.bytes.is_empty() { part.take(&body, half) } else { true };
                if taken { part.progress(201, &location) } else { problem(460, "checksum") }
            }
            ("HEAD" | "PATCH", ["uploads", name]) => {
                let (id, number) = name.split_once('.').unwrap();
                let at = (id.parse().unwrap(), number.parse().unwrap());
                let Some(part) = self.parts.get_mut(&at) else { return problem(404, "not-found") };
                if method == Method::HEAD {
                    return part.progress(200, name);
                }
                if text("upload-offset").unwrap() != part.bytes.len().to_string() {
                    return problem(409, "offset");
                }
                self.log.push(format!("rest {number}"));
                if part.take(&body, half) { part.progress(204, name) } else { problem(460, "checksum") }
            }
            _ => problem(404, "not-found"),
        }
    }
}

impl Part {
    fn take(&mut self, body: &[u8], half: bool) -> bool {
        self.bytes.extend_from_slice(if half { &body[..body.len() / 2] } else { body });
        let fits = self.bytes.len() < self.length || self.is_complete();
        if !fits {
            self.bytes.clear();
        }
        fits
    }

    fn is_complete(&self) -> bool {
        sha256(&self.bytes) == self.sha256
    }

    fn describe(&self, number: u32) -> Value {
        let state = if self.is_complete() { "complete" } else { "receiving" };
        json!({ "part": number, "state": state, "sha256": self.is_complete().then_some(&self.sha256) })
    }

    fn progress(&self, status: u16, location: &str) -> Response {
        let mut answer = StatusCode::from_u16(status).unwrap().into_response();
        let headers = answer.headers_mut();
        headers.insert("tus-resumable", "1.0.0".parse().unwrap());
        headers.insert("location", location.parse().unwrap());
        headers.insert("upload-offset", self.bytes.len().into());
        if self.is_complete() {
            let hash: Vec<u8> =
                (0..32).map(|i| u8::from_str_radix(&self.sha256[2 * i..2 * i + 2], 16).unwrap()).collect();
            headers.insert("repr-digest", format!("sha-256=:{}:", STANDARD.encode(hash)).parse().unwrap());
        }
        answer
    }
}

fn metadata(text: &str) -> BTreeMap<String, String> {
    let pairs = text.split(',').map(|pair| pair.split_once(' ').unwrap());
    pairs.map(|(key, value)| (key.into(), String::from_utf8(STANDARD.decode(value).unwrap()).unwrap())).collect()
}
