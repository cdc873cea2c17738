//! Who calls the API: a device, by its bearer token.

use crate::{App, device_token, problem::Problem};
use axum::{
    extract::FromRequestParts,
    http::{HeaderMap, HeaderValue, StatusCode, header, request::Parts},
};
use domain::{SessionId, UploadId, device::Device, seat::Seat, session::Session};
use storage::db::uploads::Upload;

/// A device is noted as heard at most once in so many seconds.
const SEEN_EVERY_SECONDS: f64 = 60.0;

/// The device behind a request, and the seat it works for.
#[derive(Clone, Debug)]
#[allow(missing_docs)]
pub struct Caller {
    pub device: Device,
    pub seat: Seat,
}

impl Caller {
    /// The device whose token stands in the headers, else 401.
    pub async fn identify(app: &App, headers: &HeaderMap) -> Result<Self, Problem> {
        let token = bearer(headers).ok_or_else(|| unauthorised("send `Authorization: Bearer <device token>`"))?;
        let unknown = || unauthorised("this device token is not known here; pair the device again");
        if !device_token::is_plausible(token) {
            return Err(unknown());
        }
        let (device, seat) = app.db.device_by_token(&device_token::hash(token)).await?.ok_or_else(unknown)?;
        let now = app.now();
        if device.last_seen_at.is_none_or(|at| now.seconds_since(at) >= SEEN_EVERY_SECONDS) {
            app.db.device_seen(device.tenant_id, device.id, now).await?;
        }
        Ok(Self { device, seat })
    }

    /// A session of this seat; any other is 404.
    pub async fn session(&self, app: &App, id: SessionId) -> Result<Session, Problem> {
        let session = app.db.session(self.seat.tenant_id, id).await?;
        session.filter(|s| s.seat_id == self.seat.id).ok_or_else(|| Problem::not_found("session"))
    }

    /// An upload of a session of this seat, with that session; any other is 404.
    pub async fn upload(&self, app: &App, id: UploadId) -> Result<(Upload, Session), Problem> {
        let unknown = || Problem::not_found("upload");
        let upload = app.db.upload(self.seat.tenant_id, id).await?.ok_or_else(unknown)?;
        let session = app.db.session(self.seat.tenant_id, upload.session_id).await?;
        let session = session.filter(|s| s.seat_id == self.seat.id).ok_or_else(unknown)?;
        Ok((upload, session))
    }
}

impl FromRequestParts<App> for Caller {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, app: &App) -> Result<Self, Problem> {
        Self::identify(app, &parts.headers).await
    }
}

fn bearer(headers: &HeaderMap) -> Option<&str> {
    let (scheme, token) = headers.get(header::AUTHORIZATION)?.to_str().ok()?.split_once(' ')?;
    scheme.eq_ignore_ascii_case("bearer").then(|| token.trim())
}

fn unauthorised(detail: &str) -> Problem {
    Problem::new(StatusCode::UNAUTHORIZED, "unauthorised", detail)
        .with_header(header::WWW_AUTHENTICATE, HeaderValue::from_static("Bearer"))
}
