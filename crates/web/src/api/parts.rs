//! `GET /api/v1/sessions/{session}/parts`: what of a recording has arrived.

use super::{input::Id, sessions::upload_url};
use crate::{
    App,
    auth::device::Caller,
    problem::{Problem, ProblemDetails},
};
use axum::{
    Json,
    extract::{Query, State, rejection::QueryRejection},
};
use domain::SessionId;
use serde::{Deserialize, Serialize};
use storage::db::uploads::{Upload, UploadState};
use utoipa::{IntoParams, ToSchema};

/// So many parts are listed at once: eleven hours, at two seconds each.
const MOST: usize = 20_000;

/// What of a recording has arrived.
#[derive(Serialize, ToSchema)]
pub struct Parts {
    /// By number, at most 20,000.
    parts: Vec<Part>,
    /// Where there are more: send it as `after` to get the rest. Else null.
    next: Option<u32>,
}

/// Where the list begins.
#[derive(Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub struct Start {
    /// Only parts with a larger number.
    #[serde(default)]
    #[param(value_type = i64, minimum = 0, maximum = 4_294_967_295_u32)]
    after: u32,
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
    get, path = "/api/v1/sessions/{session}/parts", tag = "sessions", params(("session" = Uuid, Path), Start),
    responses(
        (status = 200, body = Parts),
        (status = 400, description = "`after` is no number", body = ProblemDetails, content_type = "application/problem+json"),
        (status = 404, description = "No such session for this device", body = ProblemDetails, content_type = "application/problem+json")
    )
)]
pub async fn list(
    State(app): State<App>,
    caller: Caller,
    Id(id): Id<SessionId>,
    start: Result<Query<Start>, QueryRejection>,
) -> Result<Json<Parts>, Problem> {
    let session = caller.session(&app, id).await?;
    let Query(start) =
        start.map_err(|_| Problem::bad_request("`after` must be the number of a part, such as 20000"))?;
    let mut uploads = app.db.uploads_page(session.tenant_id, session.id, start.after, MOST as u64 + 1).await?;
    let more = uploads.len() > MOST;
    uploads.truncate(MOST);
    let next = uploads.last().map(|upload| upload.place.part).filter(|_| more);
    Ok(Json(Parts { parts: uploads.into_iter().map(Part::from).collect(), next }))
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
