//! `POST /api/v1/sessions/{session}/frames`: a single picture of a session that is being recorded.

use super::input::{Id, bytes};
use crate::{
    App,
    auth::device::Caller,
    problem::{Problem, ProblemDetails},
};
use axum::{
    Json,
    extract::{Request, State},
    http::StatusCode,
};
use domain::{SessionId, recording::Keys};
use serde::Serialize;
use utoipa::ToSchema;

/// Largest picture that is taken, in bytes.
const LARGEST: usize = 2 << 20;

/// A JPEG picture.
#[derive(ToSchema)]
#[schema(value_type = String, format = Binary)]
#[allow(dead_code, reason = "the body is read as bytes")]
struct Picture(Vec<u8>);

/// A frame that was taken.
#[derive(Serialize, ToSchema)]
pub struct Taken {
    /// Counts up in the session, from 1.
    number: u64,
}

/// Takes what the camera sees just now, a JPEG of at most 2 MiB, of a session that is being recorded: at most one in a second, and
/// 500 of a session. It is listed nowhere, and goes when the session stops or falls silent.
#[utoipa::path(
    post, path = "/api/v1/sessions/{session}/frames", tag = "sessions", params(("session" = Uuid, Path)),
    request_body(content = inline(Picture), content_type = "image/jpeg"),
    responses(
        (status = 201, body = Taken),
        (status = 404, description = "No such session for this device", body = ProblemDetails, content_type = "application/problem+json"),
        (status = 409, description = "The session is not being recorded, or this is too soon, or one too many", body = ProblemDetails, content_type = "application/problem+json"),
        (status = 413, description = "More than 2 MiB", body = ProblemDetails, content_type = "application/problem+json"),
        (status = 422, description = "No JPEG", body = ProblemDetails, content_type = "application/problem+json")
    )
)]
pub async fn add(
    State(app): State<App>,
    caller: Caller,
    Id(id): Id<SessionId>,
    request: Request,
) -> Result<(StatusCode, Json<Taken>), Problem> {
    let session = caller.session(&app, id).await?;
    let body = bytes(request, LARGEST).await?;
    if !body.starts_with(&[0xff, 0xd8, 0xff]) {
        return Err(Problem::invalid("the body is no JPEG picture"));
    }
    let (tenant, session) = (session.tenant_id, session.id);
    let number = app.db.begin_frame(tenant, session, body.len() as u64, app.now()).await?;
    let number = number.ok_or_else(|| Problem::not_found("session"))?;
    let key = Keys { tenant, session }.frame(number);
    app.objects.put(&key, body).await?;
    // It may have stopped meanwhile. Who dies here has left a row, by which it goes.
    if !app.db.keeps_frame(tenant, session, number).await? {
        app.objects.delete(&key).await?;
        return Err(storage::DbError::from(storage::Rule::NotRecording).into());
    }
    Ok((StatusCode::CREATED, Json(Taken { number })))
}
