//! What every tus request and answer has in common: version, headers, what is offered.

use super::{append, digest, end, show};
use crate::{App, api::input::Id, auth::device::Caller, problem::Problem};
use axum::{
    extract::{FromRequestParts, Request, State},
    http::{HeaderMap, HeaderName, HeaderValue, Method, StatusCode, header},
    middleware::Next,
    response::{IntoResponse, Response},
};
use domain::{Timestamp, UploadId};
use jiff::fmt::rfc2822::DateTimePrinter;
use std::time::Duration;
use storage::db::uploads::{Upload, UploadState};

const VERSION: HeaderValue = HeaderValue::from_static("1.0.0");
const EXTENSIONS: &str = "creation,creation-with-upload,creation-defer-length,checksum,termination,expiration";

pub const RESUMABLE: HeaderName = HeaderName::from_static("tus-resumable");
pub const MAX_SIZE: HeaderName = HeaderName::from_static("tus-max-size");
pub const OFFSET: HeaderName = HeaderName::from_static("upload-offset");
pub const LENGTH: HeaderName = HeaderName::from_static("upload-length");
pub const DEFER_LENGTH: HeaderName = HeaderName::from_static("upload-defer-length");
pub const METADATA: HeaderName = HeaderName::from_static("upload-metadata");
pub const CHECKSUM: HeaderName = HeaderName::from_static("upload-checksum");
pub const EXPIRES: HeaderName = HeaderName::from_static("upload-expires");
/// RFC 9530.
const REPR_DIGEST: HeaderName = HeaderName::from_static("repr-digest");
const TUS_VERSION: HeaderName = HeaderName::from_static("tus-version");

/// The only content type of bytes.
pub const OFFSET_OCTET_STREAM: &str = "application/offset+octet-stream";

/// Refuses other versions of the protocol, and marks every answer with this one.
pub async fn speak(request: Request, next: Next) -> Response {
    let spoken = request.headers().get(RESUMABLE);
    let mut answer = if request.method() == Method::OPTIONS || spoken == Some(&VERSION) {
        next.run(request).await
    } else {
        let detail = "this address speaks tus 1.0.0; send `Tus-Resumable: 1.0.0`";
        Problem::new(StatusCode::PRECONDITION_FAILED, "tus-version", detail)
            .with_header(TUS_VERSION, VERSION)
            .into_response()
    };
    answer.headers_mut().insert(RESUMABLE, VERSION);
    answer
}

/// What is offered. The largest size is the tenant's, so it is told to a device only.
pub async fn options(State(app): State<App>, headers: HeaderMap) -> Result<Response, Problem> {
    let offered = [
        (TUS_VERSION, VERSION),
        (HeaderName::from_static("tus-extension"), HeaderValue::from_static(EXTENSIONS)),
        (HeaderName::from_static("tus-checksum-algorithm"), HeaderValue::from_static(super::checksum::ALGORITHMS)),
    ];
    let mut answer = (StatusCode::NO_CONTENT, offered).into_response();
    if headers.contains_key(header::AUTHORIZATION) {
        let caller = Caller::identify(&app, &headers).await?;
        answer.headers_mut().insert(MAX_SIZE, Limits::of(&app, &caller).await?.bytes.into());
    }
    Ok(answer)
}

/// `POST` that means another method: `X-HTTP-Method-Override`.
pub async fn overridden(State(app): State<App>, request: Request) -> Result<Response, Problem> {
    let meant = request.headers().get("x-http-method-override").map(|m| m.as_bytes().to_ascii_uppercase());
    let (mut parts, body) = request.into_parts();
    let caller = Caller::from_request_parts(&mut parts, &app).await?;
    let id = Id::<UploadId>::from_request_parts(&mut parts, &app).await?;
    match meant.as_deref() {
        Some(b"PATCH") => append::append(State(app), caller, id, parts.headers, body).await,
        Some(b"DELETE") => end::terminate(State(app), caller, id).await.map(IntoResponse::into_response),
        Some(b"HEAD") => show::show(State(app), caller, id).await,
        _ => {
            let detail = "POST is possible here only with `X-HTTP-Method-Override: PATCH`, `DELETE` or `HEAD`";
            Err(Problem::new(StatusCode::METHOD_NOT_ALLOWED, "method-not-allowed", detail)
                .with_header(header::ALLOW, HeaderValue::from_static("HEAD,PATCH,DELETE,OPTIONS")))
        }
    }
}

/// How much the caller's tenant takes, and for how long.
#[derive(Clone, Copy, Debug)]
pub struct Limits {
    /// Largest recording.
    pub bytes: u64,
    /// How long an upload waits for its next byte.
    keep: Duration,
}

impl Limits {
    pub async fn of(app: &App, caller: &Caller) -> Result<Self, Problem> {
        let tenant = app.db.tenant(caller.seat.tenant_id).await?.ok_or_else(|| Problem::not_found("tenant"))?;
        let own = tenant.upload_keep_hours.map(|hours| Duration::from_secs(u64::from(hours) * 3600));
        Ok(Self {
            // Offsets are kept as signed numbers.
            bytes: tenant.upload_limit_bytes.min(i64::MAX as u64),
            keep: own.unwrap_or(app.settings.upload_life),
        })
    }

    /// The instant from which an upload that nobody goes on with is over.
    pub fn expiry(&self, app: &App) -> Timestamp {
        app.now().plus_seconds(self.keep.as_secs_f64())
    }
}

/// 413 that says how much is possible.
pub fn over_limit(limit: u64) -> Problem {
    Problem::too_large(format!("recordings of at most {limit} bytes are taken here; ask the administrator for more"))
        .with_header(MAX_SIZE, limit.into())
}

/// A header that holds a count of bytes.
pub fn bytes(headers: &HeaderMap, name: &HeaderName) -> Result<Option<u64>, Problem> {
    let Some(value) = headers.get(name) else { return Ok(None) };
    let count = value.to_str().ok().and_then(|text| text.parse::<u64>().ok()).filter(|n| *n <= i64::MAX as u64);
    count.map(Some).ok_or_else(|| Problem::bad_request(format!("{name} must be a count of bytes, such as 1048576")))
}

/// How far an upload is and until when it waits, as headers.
pub fn progress(upload: &Upload) -> HeaderMap {
    let mut headers = HeaderMap::new();
    headers.insert(OFFSET, upload.received.into());
    headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    if upload.state == UploadState::Complete
        && let Some(digest) = upload.sha256.as_deref().and_then(digest::header)
    {
        headers.insert(REPR_DIGEST, digest);
    }
    if upload.state == UploadState::Open
        && let Some(at) = http_date(upload.expires_at)
    {
        headers.insert(EXPIRES, at);
    }
    headers
}

/// Refuses an upload whose time is over.
pub fn alive(upload: &Upload, now: Timestamp) -> Result<(), Problem> {
    let is_over = match upload.state {
        UploadState::Open => upload.expires_at < now,
        UploadState::Expired => true,
        UploadState::Complete => false,
        UploadState::Deleted => return Err(deleted()),
    };
    if is_over {
        let detail = "nobody went on with this upload in time; what had arrived is kept, and nothing can be added";
        return Err(Problem::new(StatusCode::GONE, "upload-expired", detail));
    }
    Ok(())
}

/// 410: the device may forget its copy.
pub fn deleted() -> Problem {
    let detail = "somebody had this stretch of the recording deleted; remove your copy";
    Problem::new(StatusCode::GONE, "part-deleted", detail)
}

fn http_date(at: Timestamp) -> Option<HeaderValue> {
    let at = jiff::Timestamp::from_microsecond(at.0).ok()?;
    HeaderValue::try_from(DateTimePrinter::new().timestamp_to_rfc9110_string(&at).ok()?).ok()
}
