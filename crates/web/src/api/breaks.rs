//! `/api/v1/sessions/{session}/pause`, `/resume`, `/deletions`: what the engineer does not want recorded, or kept.

use super::input::{Id, Input};
use crate::{
    App,
    auth::device::Caller,
    problem::{Problem, ProblemDetails},
};
use axum::{Json, extract::State, http::StatusCode};
use domain::SessionId;
use garde::Validate;
use serde::{Deserialize, Serialize};
use storage::{db::breaks::Deletion, removal::remove_of};
use utoipa::ToSchema;

/// An instant of a session.
#[derive(Deserialize, Validate, ToSchema)]
pub struct At {
    /// Seconds on the session's clock.
    #[garde(range(min = 0.0, max = 31_622_400.0))]
    #[schema(minimum = 0, maximum = 31_622_400)]
    at_seconds: f64,
}

/// A stretch of a session.
#[derive(Deserialize, Validate, ToSchema)]
pub struct Stretch {
    /// Where it begins, in seconds on the session's clock.
    #[garde(range(min = 0.0, max = 31_622_400.0))]
    #[schema(minimum = 0, maximum = 31_622_400)]
    from_seconds: f64,
    /// Where it ends, in seconds on the session's clock.
    #[garde(range(min = self.from_seconds, max = 31_622_400.0))]
    #[schema(minimum = 0, maximum = 31_622_400)]
    to_seconds: f64,
}

/// What was deleted.
#[derive(Serialize, ToSchema)]
pub struct Deleted {
    /// Numbers of the parts that had arrived and are gone.
    parts: Vec<u32>,
}

/// Notes that the session is paused: the stretch until it is resumed is a gap, and its minutes do not count.
#[utoipa::path(
    post, path = "/api/v1/sessions/{session}/pause", tag = "sessions", params(("session" = Uuid, Path)),
    request_body = At,
    responses(
        (status = 204, description = "Noted"),
        (status = 404, description = "No such session for this device", body = ProblemDetails, content_type = "application/problem+json"),
        (status = 409, description = "The session has 10,000 pauses and deletions", body = ProblemDetails, content_type = "application/problem+json"),
        (status = 422, description = "A field was refused", body = ProblemDetails, content_type = "application/problem+json")
    )
)]
pub async fn pause(
    State(app): State<App>,
    caller: Caller,
    Id(id): Id<SessionId>,
    Input(at): Input<At>,
) -> Result<StatusCode, Problem> {
    let session = caller.session(&app, id).await?;
    app.db.pause(session.tenant_id, session.id, ms(at.at_seconds), app.now()).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// Notes that a paused session goes on.
#[utoipa::path(
    post, path = "/api/v1/sessions/{session}/resume", tag = "sessions", params(("session" = Uuid, Path)),
    request_body = At,
    responses(
        (status = 204, description = "Noted"),
        (status = 404, description = "No such session for this device", body = ProblemDetails, content_type = "application/problem+json"),
        (status = 422, description = "A field was refused", body = ProblemDetails, content_type = "application/problem+json")
    )
)]
pub async fn resume(
    State(app): State<App>,
    caller: Caller,
    Id(id): Id<SessionId>,
    Input(at): Input<At>,
) -> Result<StatusCode, Problem> {
    let session = caller.session(&app, id).await?;
    app.db.resume(session.tenant_id, session.id, ms(at.at_seconds), app.now()).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// Deletes a stretch of the recording: every part that holds anything of it, whether it has arrived or comes later, and what
/// was said in it. A session that was processed already is processed again without it. What cannot be removed from the disk
/// at once is removed as soon as that is possible.
#[utoipa::path(
    post, path = "/api/v1/sessions/{session}/deletions", tag = "sessions", params(("session" = Uuid, Path)),
    request_body = Stretch,
    responses(
        (status = 200, description = "Gone", body = Deleted),
        (status = 400, description = "The stretch is empty", body = ProblemDetails, content_type = "application/problem+json"),
        (status = 404, description = "No such session for this device", body = ProblemDetails, content_type = "application/problem+json"),
        (status = 409, description = "The recording came in one piece, or the session has 10,000 pauses and deletions", body = ProblemDetails, content_type = "application/problem+json"),
        (status = 422, description = "A field was refused", body = ProblemDetails, content_type = "application/problem+json")
    )
)]
pub async fn delete(
    State(app): State<App>,
    caller: Caller,
    Id(id): Id<SessionId>,
    Input(stretch): Input<Stretch>,
) -> Result<Json<Deleted>, Problem> {
    let session = caller.session(&app, id).await?;
    let (from, to) = (ms(stretch.from_seconds), ms(stretch.to_seconds));
    if from == to {
        return Err(Problem::bad_request("the stretch is empty: to_seconds must be after from_seconds"));
    }
    match app.db.delete_stretch(session.tenant_id, session.id, (from, to), app.now()).await? {
        Deletion::NotFound => Err(Problem::not_found("session")),
        Deletion::OnePiece => {
            let detail =
                "this recording came in one piece, of which no stretch can be deleted; an administrator can erase it";
            Err(Problem::new(StatusCode::CONFLICT, "one-piece", detail))
        }
        Deletion::Deleted(parts) => {
            // What cannot be removed now is remembered and tried again.
            let removed = remove_of(&app.db, &app.objects, app.clock.as_ref(), session.tenant_id, session.id).await;
            if let Err(error) = removed {
                tracing::error!(session = %session.id, %error, "what was deleted could not be removed yet");
            }
            tracing::info!(session = %session.id, parts = parts.len(), "a stretch was deleted at the engineer's wish");
            Ok(Json(Deleted { parts }))
        }
    }
}

fn ms(seconds: f64) -> u64 {
    (seconds * 1000.0).round() as u64
}
