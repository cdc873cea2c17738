//! `/api/v1/tasks/{task}/attachments`: files of a task.

use super::{
    input::{Id, bytes},
    query::Asked,
    words,
};
use crate::{
    App, attachment_file,
    auth::api_key::{Key, TasksRead, TasksWrite},
    problem::{Problem, ProblemDetails},
};
use axum::{
    Json,
    extract::{Path, Request, State},
    http::StatusCode,
    response::Response,
};
use domain::{
    AttachmentId, TaskId, Timestamp,
    attachment::{Attachment, MOST_BYTES, file_name},
};
use serde::{Deserialize, Serialize};
use storage::attachments;
use utoipa::{IntoParams, ToSchema};
use uuid::Uuid;

/// A file of a task.
#[derive(Serialize, ToSchema)]
pub struct AttachmentState {
    id: Uuid,
    file_name: String,
    /// `image/png`, `image/jpeg`, `image/gif` or `image/webp` by its first bytes; else `application/octet-stream`.
    media_type: String,
    bytes: u64,
    /// In lower-case hex.
    sha256: String,
    /// Who added it; the name of that time.
    added_by: String,
    #[schema(schema_with = words::instant)]
    added_at: Timestamp,
}

/// The files of a task.
#[derive(Serialize, ToSchema)]
pub struct Attachments {
    /// The oldest first; 20 at most.
    attachments: Vec<AttachmentState>,
}

/// What the file is called.
#[derive(Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct Named {
    /// Its name, without a path; what is not seen is left out, and what is longer than 200 characters is cut.
    #[param(min_length = 1)]
    file_name: String,
}

/// Any bytes.
#[derive(ToSchema)]
#[schema(value_type = String, format = Binary)]
#[allow(dead_code, reason = "the body is read as bytes")]
struct AnyBytes(Vec<u8>);

/// The files of a task.
#[utoipa::path(
    get, path = "/api/v1/tasks/{task}/attachments", tag = "tasks", params(("task" = Uuid, Path)),
    security(("api_key" = ["tasks:read"])),
    responses(
        (status = 200, body = Attachments),
        (status = 404, description = "No such task", body = ProblemDetails, content_type = "application/problem+json")
    )
)]
pub async fn list(
    State(app): State<App>,
    key: Key<TasksRead>,
    Id(task): Id<TaskId>,
) -> Result<Json<Attachments>, Problem> {
    app.db.task(key.tenant, task).await?.ok_or_else(|| Problem::not_found("task"))?;
    let files = app.db.attachments(key.tenant, task).await?;
    Ok(Json(Attachments { attachments: files.into_iter().map(Into::into).collect() }))
}

/// Adds a file of at most 10 MB; a task takes 20. The same file under the same name is there once.
#[utoipa::path(
    post, path = "/api/v1/tasks/{task}/attachments", tag = "tasks", params(("task" = Uuid, Path), Named),
    security(("api_key" = ["tasks:write"])),
    request_body(content = inline(AnyBytes), content_type = "application/octet-stream", description = "The file itself"),
    responses(
        (status = 201, description = "Added", body = AttachmentState),
        (status = 200, description = "The task had this file under this name", body = AttachmentState),
        (status = 400, description = "The query does not fit", body = ProblemDetails, content_type = "application/problem+json"),
        (status = 404, description = "No such task", body = ProblemDetails, content_type = "application/problem+json"),
        (status = 409, description = "The task has 20 files", body = ProblemDetails, content_type = "application/problem+json"),
        (status = 413, description = "More than 10 MB", body = ProblemDetails, content_type = "application/problem+json"),
        (status = 422, description = "The file has no name", body = ProblemDetails, content_type = "application/problem+json")
    )
)]
pub async fn add(
    State(app): State<App>,
    key: Key<TasksWrite>,
    Id(task): Id<TaskId>,
    named: Result<Asked<Named>, Problem>,
    request: Request,
) -> Result<(StatusCode, Json<AttachmentState>), Problem> {
    let unknown = || Problem::not_found("task");
    app.db.task(key.tenant, task).await?.ok_or_else(unknown)?;
    let Asked(named) = named?;
    let name = file_name(&named.file_name).ok_or_else(|| Problem::invalid("file_name: give one that can be seen"))?;
    let body = bytes(request, MOST_BYTES as usize).await?;
    let by = key.by();
    let with = (&app.db, &app.objects, &*app.clock);
    let (file, new) = attachments::add(with, key.tenant, task, name, body, by).await?.ok_or_else(unknown)?;
    Ok((if new { StatusCode::CREATED } else { StatusCode::OK }, Json(file.into())))
}

/// The file itself, as a download.
#[utoipa::path(
    get, path = "/api/v1/tasks/{task}/attachments/{attachment}", tag = "tasks",
    params(("task" = Uuid, Path), ("attachment" = Uuid, Path)), security(("api_key" = ["tasks:read"])),
    responses(
        (status = 200, body = inline(AnyBytes), content_type = "application/octet-stream"),
        (status = 404, description = "No such file", body = ProblemDetails, content_type = "application/problem+json")
    )
)]
pub async fn show(
    State(app): State<App>,
    key: Key<TasksRead>,
    Path(ids): Path<(String, String)>,
) -> Result<Response, Problem> {
    let (task, id) = ids_of(&ids)?;
    let file = app.db.attachment(key.tenant, task, id).await?.ok_or_else(unknown)?;
    Ok(attachment_file::send(&app, &file, false).await?)
}

/// Removes a file, for good.
#[utoipa::path(
    delete, path = "/api/v1/tasks/{task}/attachments/{attachment}", tag = "tasks",
    params(("task" = Uuid, Path), ("attachment" = Uuid, Path)), security(("api_key" = ["tasks:write"])),
    responses(
        (status = 204, description = "Removed"),
        (status = 404, description = "No such file", body = ProblemDetails, content_type = "application/problem+json"),
        (status = 409, description = "A legal hold stands on everything of the organisation", body = ProblemDetails,
            content_type = "application/problem+json")
    )
)]
pub async fn remove(
    State(app): State<App>,
    key: Key<TasksWrite>,
    Path(ids): Path<(String, String)>,
) -> Result<StatusCode, Problem> {
    let (task, id) = ids_of(&ids)?;
    let by = key.by();
    let with = (&app.db, &app.objects, &*app.clock);
    attachments::remove(with, key.tenant, task, id, by).await?.ok_or_else(unknown)?;
    Ok(StatusCode::NO_CONTENT)
}

fn ids_of((task, id): &(String, String)) -> Result<(TaskId, AttachmentId), Problem> {
    match (task.parse(), id.parse()) {
        (Ok(task), Ok(id)) => Ok((task, id)),
        _ => Err(unknown()),
    }
}

fn unknown() -> Problem {
    Problem::not_found("file")
}

impl From<Attachment> for AttachmentState {
    fn from(file: Attachment) -> Self {
        Self {
            id: file.id.0,
            file_name: file.file_name,
            media_type: file.media_type,
            bytes: file.bytes,
            sha256: file.sha256,
            added_by: file.added_by,
            added_at: file.added_at,
        }
    }
}
