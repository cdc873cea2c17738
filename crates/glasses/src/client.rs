//! What the device says to the server: a session starts, still runs, ends.

use crate::{GlassesError, Uploader};
use domain::{SessionId, TaskId};
use reqwest::{Method, RequestBuilder, Response, StatusCode, Url, redirect};
use serde::{Deserialize, Serialize};
use std::{fmt, time::Duration};
use uuid::Uuid;

/// Silence after which a connection counts as broken.
const SILENCE: Duration = Duration::from_secs(30);

/// A paired device's way to its server. Cheap to clone.
#[derive(Clone)]
pub struct Client {
    http: reqwest::Client,
    base_url: Url,
    token: String,
}

/// What a session starts with.
#[derive(Clone, Debug, Serialize)]
pub struct StartSession {
    /// The task that is being done.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub task_id: Option<TaskId>,
    /// What it is called, where the task does not say it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    /// How long ago it began, where it began without a network.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub started_seconds_ago: Option<f64>,
    /// Names this start: sent again after a lost answer it gives the same session, not a second one.
    #[serde(skip)]
    pub idempotency_key: Uuid,
}

impl Default for StartSession {
    fn default() -> Self {
        Self { task_id: None, name: None, started_seconds_ago: None, idempotency_key: Uuid::now_v7() }
    }
}

/// What the server says of a session that has started.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct StartedSession {
    /// The session.
    pub id: SessionId,
    /// Where uploads of its recording are created; may be relative to the server's address.
    pub upload_url: String,
    /// Seconds between heartbeats.
    #[serde(default = "heartbeat_seconds")]
    pub heartbeat_seconds: u32,
}

fn heartbeat_seconds() -> u32 {
    30
}

impl Client {
    /// A client for the server at `base_url` (`https://trainar.example.org`, a path before `/api` is kept) with the
    /// token that pairing gave. The process must have installed its TLS provider before: `install_default` of rustls.
    pub fn new(base_url: &str, token: impl Into<String>) -> Result<Self, GlassesError> {
        let mut base_url: Url =
            base_url.parse().map_err(|e| GlassesError::Setting(format!("{base_url:?} is not an address: {e}")))?;
        if !matches!(base_url.scheme(), "http" | "https") || base_url.host_str().is_none() {
            return Err(GlassesError::Setting(format!("{base_url} is not an address that begins with https://")));
        }
        if !base_url.path().ends_with('/') {
            base_url.set_path(&format!("{}/", base_url.path()));
        }
        let http = reqwest::Client::builder()
            .redirect(redirect::Policy::none())
            .connect_timeout(Duration::from_secs(10))
            .tcp_keepalive(SILENCE)
            .tcp_user_timeout(SILENCE)
            .build()
            .map_err(|error| GlassesError::Setting(format!("the HTTP client does not start: {error}")))?;
        Ok(Self { http, base_url, token: token.into() })
    }

    /// Starts a session: recording is live from now on. The answer says where its recording goes.
    pub async fn start_session(&self, start: &StartSession) -> Result<StartedSession, GlassesError> {
        let doing = "starting the session";
        let request = self.call(Method::POST, "api/v1/sessions")?;
        let request = request.header("Idempotency-Key", start.idempotency_key.to_string()).json(start);
        let response = send(doing, request).await?;
        response.json().await.map_err(|error| GlassesError::Answer { doing, why: error.to_string() })
    }

    /// Tells that the session still runs. To be sent every few seconds: after two minutes of silence the server takes
    /// the session for ended abnormally. `body` is what the device wants to tell of itself, as JSON.
    pub async fn heartbeat(&self, session: SessionId, body: Option<&impl Serialize>) -> Result<(), GlassesError> {
        self.tell("reporting that the session runs", session, "heartbeat", body).await
    }

    /// Ends the session. Uploads of its recording go on. `body` as for [`Client::heartbeat`].
    pub async fn stop(&self, session: SessionId, body: Option<&impl Serialize>) -> Result<(), GlassesError> {
        self.tell("stopping the session", session, "stop", body).await
    }

    /// Sends what was said, as WebVTT or SRT, where the device has its own transcript: the server then need not listen.
    pub async fn captions(&self, session: SessionId, text: String) -> Result<(), GlassesError> {
        let request = self.call(Method::PUT, &format!("api/v1/sessions/{session}/captions"))?;
        let request = request.header("Content-Type", "text/vtt").body(text);
        send("sending the captions", request).await.map(|_| ())
    }

    /// A resumable uploader for recordings, with default settings.
    pub fn uploader(&self) -> Uploader {
        Uploader::new(self.clone())
    }

    async fn tell(
        &self,
        doing: &'static str,
        session: SessionId,
        what: &str,
        body: Option<&impl Serialize>,
    ) -> Result<(), GlassesError> {
        let mut request = self.call(Method::POST, &format!("api/v1/sessions/{session}/{what}"))?;
        if let Some(body) = body {
            request = request.json(body);
        }
        send(doing, request).await.map(|_| ())
    }

    pub(crate) fn call(&self, method: Method, path: &str) -> Result<RequestBuilder, GlassesError> {
        Ok(self.request(method, self.address(path)?).timeout(SILENCE))
    }

    /// A request with our token, of as long as it takes.
    pub(crate) fn request(&self, method: Method, url: Url) -> RequestBuilder {
        self.http.request(method, url).bearer_auth(&self.token)
    }

    /// `host:port`, to see whether it can be reached at all.
    pub(crate) fn host_and_port(&self) -> String {
        let host = self.base_url.host_str().unwrap_or_default();
        format!("{host}:{}", self.base_url.port_or_known_default().unwrap_or(443))
    }

    /// An address of the server, absolute or relative to `base_url`. One of another server is refused, as it would get
    /// our token.
    pub(crate) fn address(&self, path: &str) -> Result<Url, GlassesError> {
        let url =
            self.base_url.join(path).map_err(|e| GlassesError::Setting(format!("{path:?} is no address: {e}")))?;
        if url.origin() != self.base_url.origin() {
            return Err(GlassesError::Setting(format!("{url} is not on the server {}", self.base_url)));
        }
        Ok(url)
    }
}

impl fmt::Debug for Client {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Client({})", self.base_url)
    }
}

/// Sends, and makes every status that is not a success an error.
pub(crate) async fn send(doing: &'static str, request: RequestBuilder) -> Result<Response, GlassesError> {
    let response = request.send().await.map_err(|error| GlassesError::network(doing, error))?;
    if response.status().is_redirection() && response.status() != StatusCode::NOT_MODIFIED {
        let why = "it redirects elsewhere; set the address of the server itself".to_owned();
        return Err(GlassesError::Answer { doing, why });
    }
    if !response.status().is_success() {
        return Err(GlassesError::refused(doing, response).await);
    }
    Ok(response)
}

#[cfg(test)]
mod tests {
    use super::*;
    use rstest::rstest;

    fn client(base_url: &str) -> Result<Client, GlassesError> {
        let _ = rustls::crypto::aws_lc_rs::default_provider().install_default();
        Client::new(base_url, "secret-token")
    }

    #[rstest]
    #[case("https://a.example", "api/v1/sessions", "https://a.example/api/v1/sessions")]
    #[case("https://a.example/trainar", "api/v1/sessions", "https://a.example/trainar/api/v1/sessions")]
    #[case("https://a.example/trainar", "/api/v1/uploads/7", "https://a.example/api/v1/uploads/7")]
    #[case("http://a.example:81", "http://a.example:81/u/7", "http://a.example:81/u/7")]
    fn addresses(#[case] base_url: &str, #[case] path: &str, #[case] expected: &str) {
        assert_eq!(client(base_url).unwrap().address(path).unwrap().as_str(), expected);
    }

    #[rstest]
    #[case("https://b.example/u")]
    #[case("//b.example/u")]
    #[case("http://a.example/u")]
    #[case("https://a.example:444/u")]
    fn the_token_goes_to_no_other_server(#[case] path: &str) {
        assert!(client("https://a.example").unwrap().address(path).is_err());
    }

    #[test]
    fn says_what_is_wrong_with_an_address() {
        assert!(client("a.example").is_err());
        assert!(client("ftp://a.example").is_err());
    }

    #[test]
    fn the_token_is_in_no_log() {
        assert!(!format!("{:?}", client("https://a.example").unwrap()).contains("secret"));
    }

    #[test]
    fn a_start_says_only_what_is_known() {
        let task_id = Some(TaskId(Uuid::nil()));
        assert_eq!(serde_json::to_string(&StartSession::default()).unwrap(), "{}");
        let json = serde_json::to_string(&StartSession { task_id, ..StartSession::default() }).unwrap();
        assert_eq!(json, r#"{"task_id":"00000000-0000-0000-0000-000000000000"}"#);
    }
}
