//! Recordings, clips and thumbnails for players: signed addresses that expire, and HTTP ranges.

use crate::{App, auth::login::Viewer, problem::Problem};
use aws_lc_rs::hmac;
use axum::{
    Router,
    body::Body,
    extract::{Path, Query, State, rejection::QueryRejection},
    http::{HeaderMap, HeaderValue, StatusCode, header},
    response::{IntoResponse, Response},
    routing::get,
};
use axum_extra::{
    TypedHeader,
    headers::{ETag, IfRange},
    typed_header::TypedHeaderRejection,
};
use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use domain::Timestamp;
use http_range::{HttpRange, HttpRangeParseError};
use serde::Deserialize;
use storage::db::recordings::Recording;

/// How long an address that an operator was given stays good, in seconds; an open page renews it.
const OPERATOR_SECONDS: f64 = 120.0;

/// Every address of media.
pub fn routes() -> Router<App> {
    Router::new().route("/media/{*key}", get(serve))
}

/// Makes signed addresses that all expire at once.
pub struct Signer<'a> {
    app: &'a App,
    expires_at: Timestamp,
}

impl<'a> Signer<'a> {
    /// Addresses that are good for at least the life that is set, and the same ones for a while, so that a browser
    /// keeps what it has loaded.
    pub fn new(app: &'a App) -> Self {
        let life = (app.settings.media_address_life.as_micros() as i64).max(1_000_000);
        Self { app, expires_at: Timestamp((app.now().0 / life + 2) * life) }
    }

    /// The same for a page of this viewer: an operator's stop soon, as the access may be ended.
    pub fn of(app: &'a App, viewer: &Viewer) -> Self {
        let usual = Self::new(app);
        let Some(access) = &viewer.operator else { return usual };
        let soon = app.now().plus_seconds(OPERATOR_SECONDS);
        Self { app, expires_at: usual.expires_at.min(access.until).min(soon) }
    }

    /// Whole seconds until the addresses stop to work.
    pub fn expires_in_seconds(&self) -> u64 {
        self.expires_at.seconds_since(self.app.now()).max(0.0) as u64
    }

    /// The address of an object of media type `kind`, such as `mp4`.
    pub fn address(&self, key: &str, kind: &str) -> String {
        let signature = signature(self.app, key, kind, self.expires_at.0);
        format!("/media/{key}?kind={kind}&expires={}&signature={signature}", self.expires_at.0)
    }
}

#[derive(Deserialize)]
struct Signed {
    kind: String,
    expires: i64,
    signature: String,
}

fn tag(app: &App, key: &str, kind: &str, expires: i64) -> hmac::Tag {
    hmac::sign(&hmac::Key::new(hmac::HMAC_SHA256, app.secret.as_slice()), message(key, kind, expires).as_bytes())
}

fn message(key: &str, kind: &str, expires: i64) -> String {
    format!("media\n{key}\n{kind}\n{expires}")
}

fn signature(app: &App, key: &str, kind: &str, expires: i64) -> String {
    URL_SAFE_NO_PAD.encode(tag(app, key, kind, expires))
}

fn is_valid(app: &App, key: &str, signed: &Signed) -> bool {
    let hmac_key = hmac::Key::new(hmac::HMAC_SHA256, app.secret.as_slice());
    let Ok(given) = URL_SAFE_NO_PAD.decode(&signed.signature) else { return false };
    let message = message(key, &signed.kind, signed.expires);
    hmac::verify(&hmac_key, message.as_bytes(), &given).is_ok() && app.now().0 < signed.expires
}

/// `GET /media/{key}`: the signature is the permission, so a video element needs no cookie.
async fn serve(
    State(app): State<App>,
    Path(key): Path<String>,
    signed: Result<Query<Signed>, QueryRejection>,
    if_range: Result<TypedHeader<IfRange>, TypedHeaderRejection>,
    asked: HeaderMap,
) -> Response {
    let Ok(Query(signed)) = signed else { return expired() };
    if !is_valid(&app, &key, &signed) {
        return expired();
    }
    let meta = match app.objects.head(&key).await {
        Ok(Some(meta)) => meta,
        Ok(None) => return Problem::not_found("recording").into_response(),
        Err(e) => return Problem::from(e).into_response(),
    };
    let mut headers = HeaderMap::new();
    headers.insert(header::CONTENT_TYPE, HeaderValue::from_static(media_type(&signed.kind)));
    headers.insert(header::ACCEPT_RANGES, HeaderValue::from_static("bytes"));
    headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("private, max-age=3600"));
    if signed.kind == "zip" {
        headers.insert(header::CONTENT_DISPOSITION, HeaderValue::from_static("attachment; filename=\"data.zip\""));
        headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    }
    headers.insert(
        header::CONTENT_SECURITY_POLICY,
        HeaderValue::from_static("default-src 'none'; frame-ancestors 'none'; sandbox"),
    );
    let etag = meta.etag.as_deref().map(|tag| format!("\"{}\"", tag.trim_matches('"'))).filter(|t| t.is_ascii());
    if let Some(value) = etag.as_deref().and_then(|t| HeaderValue::from_str(t).ok()) {
        headers.insert(header::ETAG, value);
    }
    let unchanged = if_range.ok().is_none_or(|TypedHeader(condition)| {
        let etag: Option<ETag> = etag.as_deref().and_then(|t| t.parse().ok());
        !condition.is_modified(etag.as_ref(), None)
    });
    let range = asked.get(header::RANGE).filter(|_| unchanged).and_then(|range| range.to_str().ok());
    let (status, start, end) = match range.map(|range| wanted(range, meta.bytes)) {
        None | Some(Wanted::Everything) => (StatusCode::OK, 0, meta.bytes),
        Some(Wanted::Part(start, end)) => {
            let part = format!("bytes {start}-{}/{}", end - 1, meta.bytes);
            headers.insert(header::CONTENT_RANGE, HeaderValue::from_str(&part).unwrap_or(HeaderValue::from_static("")));
            (StatusCode::PARTIAL_CONTENT, start, end)
        }
        Some(Wanted::Nothing) => {
            let all = HeaderValue::from_str(&format!("bytes */{}", meta.bytes));
            headers.insert(header::CONTENT_RANGE, all.unwrap_or(HeaderValue::from_static("bytes */0")));
            return (StatusCode::RANGE_NOT_SATISFIABLE, headers).into_response();
        }
    };
    headers.insert(header::CONTENT_LENGTH, HeaderValue::from(end - start));
    if start == end {
        return (status, headers).into_response();
    }
    match app.objects.get_range(&key, start..end).await {
        Ok(bytes) => (status, headers, Body::from_stream(bytes)).into_response(),
        Err(e) => Problem::from(e).into_response(),
    }
}

#[derive(Debug, PartialEq)]
enum Wanted {
    Everything,
    /// First byte, byte behind the last.
    Part(u64, u64),
    Nothing,
}

/// One range is answered as such. Several at once, and what is no range, are answered by everything, as the protocol
/// allows.
fn wanted(range: &str, bytes: u64) -> Wanted {
    match HttpRange::parse(range, bytes) {
        Ok(ranges) => match ranges.as_slice() {
            [one] => Wanted::Part(one.start, one.start + one.length),
            _ => Wanted::Everything,
        },
        Err(HttpRangeParseError::NoOverlap) => Wanted::Nothing,
        Err(HttpRangeParseError::InvalidRange) => Wanted::Everything,
    }
}

fn expired() -> Response {
    Problem::new(StatusCode::FORBIDDEN, "address-expired", "this address has expired; reload the page that showed it")
        .into_response()
}

/// What kind of media a recording is. One that plays as it came stands under a key without extension: its container tells.
pub fn video_kind(recording: &Recording) -> &'static str {
    match recording.video_key.rsplit_once('.').map(|(_, extension)| extension) {
        Some("mp4") => "mp4",
        Some("webm") => "webm",
        _ if recording.media_info.container.contains("webm") => "webm",
        _ => "mp4",
    }
}

fn media_type(kind: &str) -> &'static str {
    match kind {
        "mp4" => "video/mp4",
        "webm" => "video/webm",
        "jpg" => "image/jpeg",
        "zip" => "application/zip",
        "vtt" => "text/vtt; charset=utf-8",
        _ => "application/octet-stream",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ranges_are_read_as_players_mean_them() {
        let ask = wanted;
        assert_eq!(ask("bytes=0-", 100), Wanted::Part(0, 100));
        assert_eq!(ask("bytes=10-19", 100), Wanted::Part(10, 20));
        assert_eq!(ask("bytes=10-1000", 100), Wanted::Part(10, 100));
        assert_eq!(ask("bytes=-30", 100), Wanted::Part(70, 100));
        assert_eq!(ask("bytes=-300", 100), Wanted::Part(0, 100));
        assert_eq!(ask("bytes=100-", 100), Wanted::Nothing);
        assert_eq!(ask("bytes=5-2", 100), Wanted::Everything);
        assert_eq!(ask("items=0-1", 100), Wanted::Everything);
        assert_eq!(ask("bytes=0-1,5-6", 100), Wanted::Everything);
    }
}
