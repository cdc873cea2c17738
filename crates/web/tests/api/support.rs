//! A server to talk to, and the words in which the tests talk.

use axum::http::HeaderMap;
use domain::{FixedClock, SessionId, TenantId, UserId, seat::SeatRole, user::UserRole};
use reqwest::{Method, RequestBuilder, Response, StatusCode};
use serde_json::{Value, json};
use std::{net::SocketAddr, path::Path, sync::Arc};
use storage::{
    Db,
    db::{
        people::{NewDevice, NewUser},
        tenants::NewTenant,
    },
    objects::Objects,
};
use tempfile::TempDir;
use web::{App, WebSettings};

pub const CHUNK: usize = 64 * 1024;
pub const LIMIT: u64 = 40 << 20;
/// 21 Nov 2026, 10:04 UTC.
const NOW: i64 = 1_795_255_440_000_000;

pub struct Server {
    pub address: SocketAddr,
    pub app: App,
    pub clock: Arc<FixedClock>,
    pub acme: Device,
    http: reqwest::Client,
    pub folder: TempDir,
}

/// A paired device and what stands behind it.
#[derive(Clone)]
pub struct Device {
    pub tenant: TenantId,
    pub user: UserId,
    pub token: String,
}

impl Server {
    pub async fn start() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let objects = folder.path().join("objects");
        Self::over(folder, &objects).await
    }

    /// With other settings.
    pub async fn with(settings: WebSettings) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let objects = folder.path().join("objects");
        Self::set(folder, &objects, settings).await
    }

    /// Keeps its objects elsewhere.
    pub async fn over(folder: TempDir, objects: &Path) -> Self {
        Self::set(folder, objects, WebSettings::default()).await
    }

    async fn set(folder: TempDir, objects: &Path, settings: WebSettings) -> Self {
        testkit::install_tls();
        let clock = Arc::new(FixedClock(NOW.into()));
        let app = App {
            db: Db::open_sqlite(&folder.path().join("trainar.db")).await.unwrap(),
            objects: Objects::disk(objects).unwrap(),
            clock: clock.clone(),
            settings: Arc::new(WebSettings { chunk_bytes: CHUNK, ..settings }),
            secret: Arc::new([7; 32]),
            mailer: None,
            openid: None,
        };
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let service = web::router(app.clone()).into_make_service_with_connect_info::<SocketAddr>();
        tokio::spawn(async move { axum::serve(listener, service).await.unwrap() });
        let acme = tenant(&app, "Acme").await;
        Self { address, app, clock, acme, http: reqwest::Client::new(), folder }
    }

    pub async fn tenant(&self, name: &str) -> Device {
        tenant(&self.app, name).await
    }

    /// Another seat of the same tenant.
    pub async fn colleague(&self, of: &Device) -> Device {
        device(&self.app, of.tenant, of.user).await
    }

    pub fn call(&self, device: &Device, method: Method, path: &str) -> RequestBuilder {
        self.anonymous(method, path).bearer_auth(&device.token)
    }

    pub fn anonymous(&self, method: Method, path: &str) -> RequestBuilder {
        self.http.request(method, format!("http://{}{path}", self.address))
    }

    /// A request of tus.
    pub fn tus(&self, method: &str, path: &str) -> RequestBuilder {
        self.call(&self.acme, method.parse().unwrap(), path).header("Tus-Resumable", "1.0.0")
    }

    pub async fn session(&self) -> SessionId {
        let answer = self.call(&self.acme, Method::POST, "/api/v1/sessions").send().await.unwrap();
        let session = ok(answer, 201).await;
        session["id"].as_str().unwrap().parse().unwrap()
    }

    /// Creates the upload of a new session and returns its address.
    pub async fn upload(&self, length: u64) -> (SessionId, String) {
        let session = self.session().await;
        let answer = self.create(session).header("Upload-Length", length).send().await.unwrap();
        assert_eq!(answer.status(), 201);
        (session, text(answer.headers(), "location"))
    }

    pub fn create(&self, session: SessionId) -> RequestBuilder {
        self.tus("POST", &format!("/api/v1/sessions/{session}/uploads"))
    }

    pub fn patch(&self, url: &str, offset: u64, body: impl Into<reqwest::Body>) -> RequestBuilder {
        let request = self.tus("PATCH", url).header("Upload-Offset", offset);
        request.header("Content-Type", "application/offset+octet-stream").body(body)
    }

    pub async fn offset(&self, url: &str) -> u64 {
        let answer = self.tus("HEAD", url).send().await.unwrap();
        assert_eq!(answer.status(), 200);
        text(answer.headers(), "upload-offset").parse().unwrap()
    }

    pub async fn show(&self, session: SessionId) -> Value {
        let answer = self.call(&self.acme, Method::GET, &format!("/api/v1/sessions/{session}")).send().await.unwrap();
        ok(answer, 200).await
    }

    /// The bytes that are kept of an upload, joined in the order of the rows.
    pub async fn kept(&self, url: &str) -> Vec<u8> {
        let id = url.rsplit('/').next().unwrap().parse().unwrap();
        let mut all = Vec::new();
        for chunk in self.app.db.chunks(self.acme.tenant, id).await.unwrap() {
            assert_eq!(chunk.start, all.len() as u64);
            all.extend(self.app.objects.get(&chunk.key).await.unwrap().unwrap());
        }
        all
    }

    /// Keys of all objects of uploads, with or without a row.
    pub async fn upload_objects(&self) -> Vec<String> {
        self.app.objects.list(&format!("tenants/{}/uploads", self.acme.tenant)).await.unwrap()
    }
}

async fn tenant(app: &App, name: &str) -> Device {
    let now = app.clock.now();
    let new = NewTenant {
        name: name.into(),
        timezone: "Europe/Berlin".into(),
        language: "en".into(),
        country: "DE".into(),
        retention: Default::default(),
        upload_limit_bytes: LIMIT,
    };
    let tenant = app.db.create_tenant(new, now).await.unwrap().id;
    let new = NewUser {
        email: format!("{name}@example.org"),
        full_name: name.into(),
        role: UserRole::Member,
        password_hash: "x".into(),
    };
    let user = app.db.create_user(tenant, new, now).await.unwrap().id;
    device(app, tenant, user).await
}

async fn device(app: &App, tenant: TenantId, user: UserId) -> Device {
    let now = app.clock.now();
    let seat = app.db.create_seat(tenant, user, SeatRole::Trainer, now).await.unwrap().id;
    let (token, token_hash) = web::new_device_token();
    let new = NewDevice { model: "test".into(), serial: "1".into(), software_version: "1".into(), token_hash };
    app.db.pair_device(tenant, seat, new, now).await.unwrap();
    Device { tenant, user, token }
}

pub fn text(headers: &HeaderMap, name: &str) -> String {
    headers.get(name).unwrap_or_else(|| panic!("no {name} in {headers:?}")).to_str().unwrap().to_owned()
}

/// The JSON of an answer that must have this status.
pub async fn ok(answer: Response, status: u16) -> Value {
    let (found, body) = (answer.status(), answer.text().await.unwrap());
    assert_eq!(found.as_u16(), status, "{body}");
    serde_json::from_str(&body).unwrap()
}

/// The `type` of an answer that must be a problem with this status. Returns its last word and its detail.
pub async fn problem(answer: Response, status: u16) -> (String, String) {
    assert_eq!(text(answer.headers(), "content-type"), "application/problem+json", "{}", answer.status());
    let body = ok(answer, status).await;
    assert_eq!(body["status"], json!(status));
    assert!(!body["title"].as_str().unwrap().is_empty());
    let kind = body["type"].as_str().unwrap().strip_prefix("urn:trainar:problem:").unwrap().to_owned();
    (kind, body["detail"].as_str().unwrap().to_owned())
}

pub async fn status(request: RequestBuilder) -> StatusCode {
    request.send().await.unwrap().status()
}

/// Bytes that differ everywhere.
pub fn bytes(length: usize) -> Vec<u8> {
    let mut state = 0x2545_F491_4F6C_DD1D_u64;
    let next = || {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        state as u8
    };
    std::iter::repeat_with(next).take(length).collect()
}

/// Waits for what must come; a minute later the test fails.
pub async fn until<F: Future<Output = bool>>(what: &str, holds: impl Fn() -> F) {
    for _ in 0..1200 {
        if holds().await {
            return;
        }
        tokio::time::sleep(std::time::Duration::from_millis(50)).await;
    }
    panic!("waited in vain: {what}");
}
