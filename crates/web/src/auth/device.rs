//! Who calls the API: a device, by its bearer token; or, for the uploads of one session, a page with a ticket.

use super::ticket;
use crate::{App, api_token, device_token, problem::Problem};
use axum::{
    extract::{FromRequestParts, MatchedPath},
    http::{HeaderMap, HeaderValue, StatusCode, header, request::Parts},
};
use domain::{SessionId, UploadId, device::Device, seat::Seat, session::Session};
use std::{future, time::Duration};
use storage::db::uploads::Upload;

/// A device is noted as heard at most once in so many seconds.
const SEEN_EVERY_SECONDS: f64 = 60.0;
/// How often it is looked up whether a device that keeps sending was revoked, perhaps by another process.
const LOOKED_UP_EVERY: Duration = Duration::from_secs(1);
/// Where a ticket is taken.
const FOR_TICKETS: [&str; 2] = ["/api/v1/sessions/{session}/uploads", "/api/v1/uploads/{upload}"];

/// Who is behind a request, and the seat it is for.
#[derive(Clone, Debug)]
#[allow(missing_docs)]
pub struct Caller {
    pub by: By,
    pub seat: Seat,
}

/// By what a caller is known.
#[derive(Clone, Debug)]
pub enum By {
    /// A device token.
    Device(Device),
    /// A ticket for the uploads of this session.
    Ticket(SessionId),
}

impl Caller {
    /// The device whose token, or the session whose ticket, stands in the headers; else 401.
    pub async fn identify(app: &App, headers: &HeaderMap) -> Result<Self, Problem> {
        let token = bearer(headers).ok_or_else(|| unauthorised("send `Authorization: Bearer <device token>`"))?;
        if ticket::is_one(token) {
            return Self::with_ticket(app, token).await;
        }
        let unknown = || unauthorised("this device token is not known here; pair the device again");
        if api_token::is_one(token) {
            return Err(unauthorised("an API key does not open this; send the token of a device"));
        }
        if !device_token::is_plausible(token) {
            return Err(unknown());
        }
        let (device, seat) = app.db.device_by_token(&device_token::hash(token)).await?.ok_or_else(unknown)?;
        let now = app.now();
        if device.last_seen_at.is_none_or(|at| now.seconds_since(at) >= SEEN_EVERY_SECONDS) {
            app.db.device_seen(device.tenant_id, device.id, now).await?;
        }
        Ok(Self { by: By::Device(device), seat })
    }

    async fn with_ticket(app: &App, token: &str) -> Result<Self, Problem> {
        let unknown = || unauthorised("this ticket has expired; get a new one on the page that sends the file");
        let (tenant, session) = ticket::read(app, token).ok_or_else(unknown)?;
        let session = app.db.session(tenant, session).await?.ok_or_else(unknown)?;
        let seat = app.db.seat(tenant, session.seat_id).await?.ok_or_else(unknown)?;
        Ok(Self { by: By::Ticket(session.id), seat })
    }

    /// The device; 403 for whoever has a ticket.
    pub fn device(&self) -> Result<&Device, Problem> {
        match &self.by {
            By::Device(device) => Ok(device),
            By::Ticket(_) => Err(uploads_only()),
        }
    }

    /// Ends within about a second after the device was revoked, or its user was; never for whoever has a ticket. What takes
    /// long must not outlast it.
    pub fn shut_out(&self, app: &App) -> impl Future<Output = ()> + Send + use<> {
        let device = match &self.by {
            By::Device(device) => Some((device.tenant_id, device.id)),
            By::Ticket(_) => None,
        };
        let db = app.db.clone();
        async move {
            let Some((tenant, device)) = device else { return future::pending().await };
            loop {
                tokio::time::sleep(LOOKED_UP_EVERY).await;
                // A database that does not answer shuts nobody out.
                if let Ok(false) = db.is_paired(tenant, device).await {
                    tracing::info!(%device, "a device was shut out while it sent");
                    return;
                }
            }
        }
    }

    /// A session of this seat; any other is 404.
    pub async fn session(&self, app: &App, id: SessionId) -> Result<Session, Problem> {
        let session = app.db.session(self.seat.tenant_id, id).await?;
        session.filter(|s| self.may_see(s)).ok_or_else(|| Problem::not_found("session"))
    }

    /// An upload of a session of this seat, with that session; any other is 404.
    pub async fn upload(&self, app: &App, id: UploadId) -> Result<(Upload, Session), Problem> {
        let unknown = || Problem::not_found("upload");
        let upload = app.db.upload(self.seat.tenant_id, id).await?.ok_or_else(unknown)?;
        let session = app.db.session(self.seat.tenant_id, upload.session_id).await?;
        let session = session.filter(|s| self.may_see(s)).ok_or_else(unknown)?;
        Ok((upload, session))
    }

    fn may_see(&self, session: &Session) -> bool {
        let is_meant = match &self.by {
            By::Device(_) => true,
            By::Ticket(only) => session.id == *only,
        };
        is_meant && session.seat_id == self.seat.id
    }
}

impl FromRequestParts<App> for Caller {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, app: &App) -> Result<Self, Problem> {
        let caller = Self::identify(app, &parts.headers).await?;
        let is_upload = || parts.extensions.get::<MatchedPath>().is_some_and(|at| FOR_TICKETS.contains(&at.as_str()));
        match caller.by {
            By::Ticket(_) if !is_upload() => Err(uploads_only()),
            _ => Ok(caller),
        }
    }
}

pub(super) fn bearer(headers: &HeaderMap) -> Option<&str> {
    let (scheme, token) = headers.get(header::AUTHORIZATION)?.to_str().ok()?.split_once(' ')?;
    scheme.eq_ignore_ascii_case("bearer").then(|| token.trim())
}

/// 401 for a device that was revoked while it sent.
pub fn revoked() -> Problem {
    unauthorised("this device was revoked; keep your copy, and go on after pairing it again")
}

fn unauthorised(detail: &str) -> Problem {
    Problem::new(StatusCode::UNAUTHORIZED, "unauthorised", detail)
        .with_header(header::WWW_AUTHENTICATE, HeaderValue::from_static("Bearer"))
}

fn uploads_only() -> Problem {
    let detail = "a ticket is good for the uploads of its session only; this takes a device token";
    Problem::new(StatusCode::FORBIDDEN, "uploads-only", detail)
}
