//! The calls of docs/guide/glasses.md beside start and heartbeat. An answer that the page does not name is
//! [`GlassesError::Answer`]: something between the device and the server gave it.

use crate::{
    Client, GlassesError,
    client::send,
    notices::{Consent, RecordingNotice},
};
use domain::{SeatId, SessionId};
use reqwest::{Method, RequestBuilder, Response, StatusCode};
use serde::{Deserialize, Serialize, de::DeserializeOwned};
use serde_json::json;
use std::fmt;

/// What a paired device keeps.
#[derive(Clone, PartialEq, Serialize, Deserialize)]
pub struct Credentials {
    /// Address of the server.
    pub server: String,
    /// Opens the API for this device.
    pub token: String,
    /// Whose seat it is, where known.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub seat: Option<Seat>,
}

/// Whose seat a device is paired with, or was when it recorded something.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Seat {
    /// Its id: no two servers have the same.
    pub seat_id: SeatId,
    /// The person.
    pub user_name: String,
    /// The organisation, where known.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub tenant_name: String,
}

impl fmt::Display for Seat {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.user_name.is_empty() {
            return f.write_str("another seat");
        }
        write!(f, "the seat of {}", self.user_name)?;
        if self.tenant_name.is_empty() { Ok(()) } else { write!(f, " at {}", self.tenant_name) }
    }
}

/// What a device says of itself when it is paired.
#[derive(Clone, Debug, Serialize)]
pub struct Pairing {
    /// The code of the Dashboard.
    pub code: String,
    /// What kind of device it is.
    pub model: String,
    /// Its serial number.
    pub serial: String,
    /// What runs on it.
    pub software_version: String,
}

/// The answer to a pairing.
#[derive(Clone, Deserialize)]
pub struct Paired {
    /// Opens the API for this device.
    pub token: String,
    /// Whose seat it is.
    #[serde(flatten)]
    pub seat: Seat,
}

/// What the server says before a session.
#[derive(Clone, Debug, PartialEq, Deserialize)]
pub struct ServerPreflight {
    /// The server's time of day.
    pub server_time: String,
    /// Minutes that the tenant has left; `None` where they are not counted.
    pub minutes_left: Option<i64>,
    /// Shown and spoken when recording begins.
    #[serde(default)]
    pub recording_notice: Option<RecordingNotice>,
    /// What the wearer accepts before.
    #[serde(default)]
    pub consent: Option<Consent>,
    /// Whose seat it is.
    #[serde(flatten)]
    pub seat: Option<Seat>,
}

/// A part as the server has it.
#[derive(Clone, Debug, PartialEq, Deserialize)]
pub struct ServerPart {
    /// Its number.
    pub part: u32,
    /// `receiving`, `complete` or `deleted`.
    pub state: String,
    /// Its hash, 64 hex digits.
    pub sha256: Option<String>,
}

/// What a device still holds.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
pub struct DeviceReport {
    /// Charge of the battery in percent.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub battery_percent: Option<u8>,
    /// Room for so many minutes of recording.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub storage_minutes: Option<u64>,
    /// What runs on it.
    pub software_version: &'static str,
    /// The sessions that are not delivered in full.
    pub sessions: Vec<HeldSession>,
}

/// A session that waits on the device.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct HeldSession {
    /// Its id, once the server knows it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub session_id: Option<SessionId>,
    /// When it began.
    pub started_seconds_ago: f64,
    /// Parts that wait.
    pub parts: u64,
    /// Their bytes.
    pub bytes: u64,
}

/// How a session ended.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Stop {
    /// How many parts were made.
    pub parts: u32,
    /// Numbers of those that will never come.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub missing: Vec<u32>,
    /// On the session's clock.
    pub at_seconds: f64,
    /// Nobody said stop.
    pub abnormal: bool,
}

#[derive(Deserialize)]
struct Parts {
    parts: Vec<ServerPart>,
    /// Where there are more.
    #[serde(default)]
    next: Option<u32>,
}

#[derive(Deserialize)]
struct DeletedParts {
    #[serde(rename = "parts")]
    _parts: Vec<u32>,
}

#[derive(Deserialize)]
struct SessionAnswer {
    #[serde(rename = "id")]
    _id: SessionId,
}

impl Client {
    /// Tells that the wearer has accepted this version of the organisation's text.
    pub async fn accept_consent(&self, version: u32) -> Result<(), GlassesError> {
        let request = self.call(Method::POST, "api/v1/consent")?.json(&json!({ "version": version }));
        send("noting the consent", request).await.map(|_| ())
    }

    /// Exchanges the Dashboard's code for a token. The client's own token is not used.
    pub async fn pair(&self, pairing: &Pairing) -> Result<Paired, GlassesError> {
        let request = self.call(Method::POST, "api/v1/pair")?.json(pairing);
        json("pairing", request, &[StatusCode::CREATED]).await
    }

    /// What the server knows that matters before a session.
    pub async fn preflight(&self) -> Result<ServerPreflight, GlassesError> {
        json("asking the server", self.call(Method::GET, "api/v1/preflight")?, &[StatusCode::OK]).await
    }

    /// Recording was interrupted at `at_seconds` on the session's clock.
    pub async fn pause(&self, session: SessionId, at_seconds: f64) -> Result<(), GlassesError> {
        let request = self.about(Method::POST, session, "pause")?.json(&json!({ "at_seconds": at_seconds }));
        empty("saying that the session is paused", request).await
    }

    /// Recording goes on from `at_seconds`.
    pub async fn resume(&self, session: SessionId, at_seconds: f64) -> Result<(), GlassesError> {
        let request = self.about(Method::POST, session, "resume")?.json(&json!({ "at_seconds": at_seconds }));
        empty("saying that the session goes on", request).await
    }

    /// The stretch is not to be kept.
    pub async fn delete(&self, session: SessionId, from_seconds: f64, to_seconds: f64) -> Result<(), GlassesError> {
        let stretch = json!({ "from_seconds": from_seconds, "to_seconds": to_seconds });
        let request = self.about(Method::POST, session, "deletions")?.json(&stretch);
        json::<DeletedParts>("having a stretch deleted", request, &[StatusCode::OK]).await.map(|_| ())
    }

    /// The session ended; its parts may still be on their way.
    pub async fn stop_parts(&self, session: SessionId, stop: &Stop) -> Result<(), GlassesError> {
        let request = self.about(Method::POST, session, "stop")?.json(stop);
        json::<SessionAnswer>("stopping the session", request, &[StatusCode::OK]).await.map(|_| ())
    }

    /// The parts that the server knows of.
    pub async fn parts(&self, session: SessionId) -> Result<Vec<ServerPart>, GlassesError> {
        let (mut all, mut after) = (Vec::new(), Some(0));
        while let Some(from) = after {
            let request = self.about(Method::GET, session, &format!("parts?after={from}"))?;
            let page = json::<Parts>("asking what has arrived", request, &[StatusCode::OK]).await?;
            all.extend(page.parts);
            after = page.next.filter(|next| *next > from);
        }
        Ok(all)
    }

    /// Tells what is still on the device.
    pub async fn report(&self, report: &DeviceReport) -> Result<(), GlassesError> {
        empty("reporting what the device holds", self.call(Method::PUT, "api/v1/device")?.json(report)).await
    }

    /// [`Client::heartbeat`] of which only the server's own answer counts.
    pub async fn alive(&self, session: SessionId) -> Result<(), GlassesError> {
        let request = self.about(Method::POST, session, "heartbeat")?;
        empty("reporting that the session runs", request).await
    }

    fn about(&self, method: Method, session: SessionId, what: &str) -> Result<RequestBuilder, GlassesError> {
        self.call(method, &format!("api/v1/sessions/{session}/{what}"))
    }
}

async fn empty(doing: &'static str, request: RequestBuilder) -> Result<(), GlassesError> {
    answered(doing, request, &[StatusCode::NO_CONTENT]).await.map(drop)
}

async fn json<T: DeserializeOwned>(
    doing: &'static str,
    request: RequestBuilder,
    wanted: &[StatusCode],
) -> Result<T, GlassesError> {
    let answer = answered(doing, request, wanted).await?;
    let bytes = answer.bytes().await.map_err(|error| GlassesError::network(doing, error))?;
    serde_json::from_slice(&bytes).map_err(|error| GlassesError::Answer { doing, why: error.to_string() })
}

async fn answered(
    doing: &'static str,
    request: RequestBuilder,
    wanted: &[StatusCode],
) -> Result<Response, GlassesError> {
    let answer = send(doing, request).await?;
    if !wanted.contains(&answer.status()) {
        return Err(GlassesError::Answer { doing, why: format!("its status is {}", answer.status()) });
    }
    Ok(answer)
}

impl fmt::Debug for Credentials {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Credentials({})", self.server)
    }
}
