//! The device of a journey: the real client of the glasses.

use super::{Running, until};
use domain::{SessionId, TenantId};
use glasses::{Backoff, Client, StartSession, StartedSession, Uploader};
use reqwest::{Method, RequestBuilder, StatusCode};
use serde_json::{Value, json};
use std::{path::Path, time::Duration};

/// A paired device, and the user beside it.
#[derive(Clone)]
pub struct Pairing {
    pub tenant: TenantId,
    pub email: String,
    pub token: String,
}

/// A paired device that knows its server.
pub struct Device {
    pub client: Client,
    token: String,
    base: String,
    pub http: reqwest::Client,
}

impl Pairing {
    pub const PASSWORD: &str = "correct horse battery staple";

    pub fn at(&self, server: &Running) -> Device {
        self.at_address(&server.base())
    }

    pub fn at_address(&self, base: &str) -> Device {
        testkit::install_tls();
        let client = Client::new(base, self.token.as_str()).unwrap();
        Device { client, token: self.token.clone(), base: base.to_owned(), http: reqwest::Client::new() }
    }
}

impl Device {
    pub async fn start(&self) -> StartedSession {
        self.client.start_session(&StartSession::default()).await.unwrap()
    }

    /// An uploader that comes back quickly.
    pub fn uploader(&self) -> Uploader {
        let mut uploader = self.client.uploader();
        uploader.backoff =
            Backoff { first: Duration::from_millis(20), longest: Duration::from_millis(200), give_up_after: Some(200) };
        uploader
    }

    /// Start, captions, upload, stop.
    pub async fn record(&self, recording: &Path, captions: Option<&str>) -> SessionId {
        let started = self.start().await;
        if let Some(text) = captions {
            self.captions(started.id, text).await;
        }
        let about = [("filename", "sample.mp4"), ("filetype", "video/mp4")];
        self.uploader().upload(&started.upload_url, recording, &about, None, |_| {}).await.unwrap();
        self.stop(started.id, 1).await;
        started.id
    }

    pub async fn captions(&self, session: SessionId, text: &str) {
        let request = self.request(Method::PUT, &format!("/api/v1/sessions/{session}/captions"));
        let answer = request.header("content-type", "text/vtt").body(text.to_owned()).send().await.unwrap();
        assert_eq!(answer.status(), StatusCode::NO_CONTENT);
    }

    pub async fn stop(&self, session: SessionId, parts: u32) {
        self.client.stop(session, Some(&json!({ "parts": parts }))).await.unwrap();
    }

    /// A request with the device's token.
    pub fn request(&self, method: Method, path: &str) -> RequestBuilder {
        self.http.request(method, format!("{}{path}", self.base)).bearer_auth(&self.token)
    }

    /// What the server says of a session.
    pub async fn state(&self, session: SessionId) -> Value {
        let answer = self.request(Method::GET, &format!("/api/v1/sessions/{session}")).send().await.unwrap();
        assert_eq!(answer.status(), StatusCode::OK);
        answer.json().await.unwrap()
    }

    /// Waits until nothing more happens to a session by itself.
    pub async fn done(&self, session: SessionId) -> Value {
        self.reaches(session, "done").await
    }

    /// The same, and it is completed.
    pub async fn completed(&self, session: SessionId) -> Value {
        let state = self.done(session).await;
        assert_eq!(state["status"], "completed", "{state}");
        state
    }

    pub async fn reaches(&self, session: SessionId, phase: &str) -> Value {
        until(&format!("session {session} is {phase}"), async || {
            let state = self.state(session).await;
            (state["phase"] == phase).then_some(state)
        })
        .await
    }

    /// The server is alive and can work.
    pub async fn finds_the_server_well(&self) {
        for probe in ["/healthz", "/readyz"] {
            let answer = self.http.get(format!("{}{probe}", self.base)).send().await.unwrap();
            assert_eq!(answer.status(), StatusCode::OK, "{probe}");
        }
    }
}
