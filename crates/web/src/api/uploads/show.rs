//! `HEAD /api/v1/uploads/{upload}`: how far a recording is.

use super::{digest, metadata, tus};
use crate::{App, api::input::Id, auth::device::Caller, problem::Problem};
use axum::{
    extract::State,
    http::{HeaderValue, StatusCode},
    response::{IntoResponse, Response},
};
use domain::UploadId;

/// How far an upload is: bytes below `Upload-Offset` are safely kept. `Repr-Digest` is there once every byte is here and hashes
/// to what was announced.
#[utoipa::path(
    head, path = "/api/v1/uploads/{upload}", tag = "uploads",
    params(("upload" = Uuid, Path), ("Tus-Resumable" = String, Header, description = "1.0.0")),
    responses(
        (status = 200, description = "How far it is", headers(
            ("Upload-Offset" = u64), ("Upload-Length" = u64), ("Upload-Defer-Length" = u8),
            ("Upload-Metadata" = String), ("Upload-Expires" = String), ("Repr-Digest" = String)
        )),
        (status = 404, description = "No such upload for this device"),
        (status = 410, description = "Nobody went on with it in time, or this stretch of the recording was deleted"),
        (status = 460, description = "Every byte is here and they do not hash to what was announced; nothing of it is kept")
    )
)]
pub async fn show(State(app): State<App>, caller: Caller, Id(id): Id<UploadId>) -> Result<Response, Problem> {
    let (upload, _) = caller.upload(&app, id).await?;
    tus::alive(&upload, app.now())?;
    let upload = digest::verified(&app, upload).await?;
    let mut headers = tus::progress(&upload);
    match upload.length {
        Some(length) => headers.insert(tus::LENGTH, length.into()),
        None => headers.insert(tus::DEFER_LENGTH, HeaderValue::from_static("1")),
    };
    if let Ok(value) = HeaderValue::try_from(metadata::write(&upload.filename, &upload.content_type)) {
        headers.insert(tus::METADATA, value);
    }
    Ok((StatusCode::OK, headers).into_response())
}
