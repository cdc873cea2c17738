//! `POST /api/v1/consent`: the wearer of a device's seat accepts what the organisation asks.

use super::input::Input;
use crate::{
    App,
    auth::device::Caller,
    problem::{Problem, ProblemDetails},
};
use axum::{extract::State, http::StatusCode};
use garde::Validate;
use serde::Deserialize;
use utoipa::ToSchema;

/// What was accepted.
#[derive(Deserialize, Validate, ToSchema)]
pub struct Accepted {
    /// The `version` that the pre-flight gave with the text.
    #[garde(range(min = 1, max = 1_000_000_000))]
    #[schema(minimum = 1, maximum = 1_000_000_000)]
    version: u32,
}

/// Notes that the wearer has read the organisation's text and agreed, on this device. Saying it again does no harm.
#[utoipa::path(
    post, path = "/api/v1/consent", tag = "device", request_body = Accepted,
    responses(
        (status = 204, description = "Noted"),
        (status = 409, description = "Another version stands now: show that", body = ProblemDetails, content_type = "application/problem+json"),
        (status = 422, description = "A field was refused", body = ProblemDetails, content_type = "application/problem+json")
    )
)]
pub async fn accept(
    State(app): State<App>,
    caller: Caller,
    Input(accepted): Input<Accepted>,
) -> Result<StatusCode, Problem> {
    if app.db.accept_consent(caller.device()?, accepted.version, app.now()).await? {
        return Ok(StatusCode::NO_CONTENT);
    }
    let detail = "the text was changed since; ask /api/v1/preflight for the one that stands, and show that";
    Err(Problem::new(StatusCode::CONFLICT, "consent-changed", detail))
}
