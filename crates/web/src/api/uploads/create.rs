//! `POST /api/v1/sessions/{session}/uploads`: where the recording of a session goes.

use super::{append::Arrival, checksum::Checksum, metadata, tus};
use crate::{
    App,
    api::{input::Id, sessions::upload_url},
    auth::device::Caller,
    problem::{Problem, ProblemDetails},
};
use axum::{
    body::Body,
    extract::State,
    http::{HeaderMap, HeaderValue, StatusCode, header},
    response::{IntoResponse, Response},
};
use domain::SessionId;
use storage::{
    DbError,
    db::uploads::{NewUpload, Upload, UploadState},
};

/// Creates the upload of a session, which has one recording. Creating again while it is open and of the same length
/// gives its address again, so a device that lost the address goes on; anything else is a conflict. Bytes may come along
/// (`creation-with-upload`).
#[utoipa::path(
    post, path = "/api/v1/sessions/{session}/uploads", tag = "uploads",
    params(
        ("session" = Uuid, Path),
        ("Tus-Resumable" = String, Header, description = "1.0.0"),
        ("Upload-Length" = Option<u64>, Header, description = "Bytes; or else Upload-Defer-Length"),
        ("Upload-Defer-Length" = Option<u8>, Header, description = "1: the length comes later"),
        ("Upload-Metadata" = Option<String>, Header, description = "filename and filetype")
    ),
    responses(
        (status = 201, description = "Created, or there already and open", headers(
            ("Location" = String), ("Upload-Offset" = u64), ("Upload-Expires" = String)
        )),
        (status = 404, description = "No such session for this device", body = ProblemDetails, content_type = "application/problem+json"),
        (status = 409, description = "The session has another upload; Location says which", body = ProblemDetails, content_type = "application/problem+json"),
        (status = 412, description = "Another version of tus", body = ProblemDetails, content_type = "application/problem+json"),
        (status = 413, description = "Larger than the tenant's limit (Tus-Max-Size)", body = ProblemDetails, content_type = "application/problem+json")
    )
)]
pub async fn create(
    State(app): State<App>,
    caller: Caller,
    Id(session): Id<SessionId>,
    headers: HeaderMap,
    body: Body,
) -> Result<Response, Problem> {
    let session = caller.session(&app, session).await?;
    let limit = tus::limit(&app, &caller).await?;
    let length = declared(&headers)?;
    if length.is_some_and(|length| length > limit) {
        return Err(tus::over_limit(limit));
    }
    let kept = metadata::read(&headers)?;
    let checksum = Checksum::read(&headers)?;
    let new =
        NewUpload { filename: kept.filename, content_type: kept.content_type, length, expires_at: tus::expiry(&app) };
    let mut upload = match app.db.create_upload(session.tenant_id, session.id, new, app.now()).await {
        Err(DbError::Exists(_)) => again(&app, &session, length).await?,
        result => result?,
    };
    let location = location(&upload);
    let brings_bytes = headers.get(header::CONTENT_TYPE).is_some_and(|t| t == tus::OFFSET_OCTET_STREAM);
    if brings_bytes && upload.received == 0 && upload.state == UploadState::Open {
        let arrival = Arrival { app, upload, limit, checksum };
        // The upload stands whatever becomes of these bytes: its address must reach the client.
        upload = arrival.take(body).await.map_err(|p| p.with_header(header::LOCATION, location.clone()))?;
    }
    Ok((StatusCode::CREATED, tus::progress(&upload), [(header::LOCATION, location)]).into_response())
}

fn declared(headers: &HeaderMap) -> Result<Option<u64>, Problem> {
    let length = tus::bytes(headers, &tus::LENGTH)?;
    let deferred = headers.get(tus::DEFER_LENGTH);
    match (length, deferred) {
        (Some(length), None) => Ok(Some(length)),
        (None, Some(one)) if one == "1" => Ok(None),
        _ => Err(Problem::bad_request("send either `Upload-Length: <bytes>` or `Upload-Defer-Length: 1`")),
    }
}

/// The upload that a session has already, if the device can simply go on with it.
async fn again(app: &App, session: &domain::session::Session, length: Option<u64>) -> Result<Upload, Problem> {
    let (tenant, now) = (session.tenant_id, app.now());
    let existing = app.db.upload_of(tenant, session.id).await?;
    let existing = existing.ok_or_else(|| Problem::bad_request("the upload was just removed; create it again"))?;
    let conflict = Problem::new(
        StatusCode::CONFLICT,
        "upload-exists",
        "a session has one recording and this one has an upload already; ask its Location how far it is",
    );
    let conflict = conflict.with_header(header::LOCATION, location(&existing));
    if existing.length.is_some() && length.is_some() && existing.length != length {
        return Err(conflict);
    }
    let reopened = app.db.reopen_upload(tenant, existing.id, tus::expiry(app)).await?;
    match (reopened, length) {
        (None, _) => Err(conflict),
        // A client that says the length now does not say it again later.
        (Some(open), Some(length)) if open.length.is_none() => {
            app.db.declare_length(tenant, open.id, length, now).await?.ok_or(conflict)
        }
        (Some(open), _) => Ok(open),
    }
}

fn location(upload: &Upload) -> HeaderValue {
    HeaderValue::try_from(upload_url(upload)).unwrap_or_else(|_| unreachable!("an id is plain ASCII"))
}
