//! `DELETE /api/v1/uploads/{upload}`: ends an upload that its device does not want any more.

use super::append::prefix;
use crate::{
    App,
    api::input::Id,
    auth::device::Caller,
    problem::{Problem, ProblemDetails},
};
use axum::{extract::State, http::StatusCode};
use domain::{UploadId, session::Phase};
use storage::db::uploads::Termination;

/// Throws away what has arrived of an unfinished upload. A complete recording, and one that is being processed, belongs
/// to its session and stays.
#[utoipa::path(
    delete, path = "/api/v1/uploads/{upload}", tag = "uploads",
    params(("upload" = Uuid, Path), ("Tus-Resumable" = String, Header, description = "1.0.0")),
    responses(
        (status = 204, description = "Gone"),
        (status = 404, description = "No such upload for this device", body = ProblemDetails, content_type = "application/problem+json"),
        (status = 409, description = "The recording belongs to its session now", body = ProblemDetails, content_type = "application/problem+json")
    )
)]
pub async fn terminate(State(app): State<App>, caller: Caller, Id(id): Id<UploadId>) -> Result<StatusCode, Problem> {
    let (upload, session) = caller.upload(&app, id).await?;
    let belongs = || {
        let detail = "the recording belongs to its session now; only an administrator can erase it";
        Problem::new(StatusCode::CONFLICT, "upload-belongs-to-session", detail)
    };
    if matches!(session.phase, Phase::Processing | Phase::Done) && upload.received > 0 {
        return Err(belongs());
    }
    match app.db.terminate_upload(upload.tenant_id, upload.id).await? {
        Termination::Complete => Err(belongs()),
        Termination::NotFound => Err(Problem::not_found("upload")),
        Termination::Terminated(_) => {
            // By prefix, which includes what a crash left without a row.
            if let Err(error) = app.objects.delete_prefix(&prefix(&upload)).await {
                tracing::warn!(%error, upload = %upload.id, "objects of an ended upload could not be removed");
            }
            Ok(StatusCode::NO_CONTENT)
        }
    }
}
