//! `GET /api/v1/sessions/{session}/parts`: what of a recording has arrived.

use super::{input::Id, sessions::upload_url};
use crate::{
    App,
    auth::device::Caller,
    problem::{Problem, ProblemDetails},
};
use axum::{Json, extract::State};
use domain::SessionId;
use serde::Serialize;
use storage::db::uploads::{Upload, UploadState};
use utoipa::ToSchema;

/// What of a recording has arrived.
#[derive(Serialize, ToSchema)]
pub struct Parts {
    /// By number.
    parts: Vec<Part>,
}

/// One part.
#[derive(Serialize, ToSchema)]
pub struct Part {
    part: u32,
    run: u32,
    start_ms: u64,
    /// Null for a recording in one piece.
    duration_ms: Option<u64>,
    /// Null while the length is deferred.
    bytes: Option<u64>,
    /// Bytes that are safely kept.
    received: u64,
    state: PartState,
    /// Of the bytes as the server has them, in hex; null until all are here and were found to be as announced.
    sha256: Option<String>,
    /// Its upload.
    url: String,
}

/// How far a part is.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum PartState {
    /// Bytes are still to come.
    Receiving,
    /// The device may forget its copy, where `sha256` is that of its own.
    Complete,
    /// The device is to remove its copy.
    Deleted,
}

/// What of a session's recording has arrived, for a device that begins again.
#[utoipa::path(
    get, path = "/api/v1/sessions/{session}/parts", tag = "sessions", params(("session" = Uuid, Path)),
    responses(
        (status = 200, body = Parts),
        (status = 404, description = "No such session for this device", body = ProblemDetails, content_type = "application/problem+json")
    )
)]
pub async fn list(State(app): State<App>, caller: Caller, Id(id): Id<SessionId>) -> Result<Json<Parts>, Problem> {
    let session = caller.session(&app, id).await?;
    let uploads = app.db.uploads_of(session.tenant_id, session.id).await?;
    Ok(Json(Parts { parts: uploads.into_iter().map(Part::from).collect() }))
}

impl From<Upload> for Part {
    fn from(upload: Upload) -> Self {
        Self {
            part: upload.place.part,
            run: upload.place.run,
            start_ms: upload.place.start_ms,
            duration_ms: upload.place.duration_ms,
            bytes: upload.length,
            received: upload.received,
            state: match upload.state {
                UploadState::Open | UploadState::Expired => PartState::Receiving,
                UploadState::Complete => PartState::Complete,
                UploadState::Deleted => PartState::Deleted,
            },
            url: upload_url(&upload),
            sha256: upload.sha256,
        }
    }
}
