//! `POST /api/v1/pair`: a code becomes a device.

use super::{input::Input, words};
use crate::{
    App,
    auth::throttle::{Throttle, client_address},
    device_token::new_device_token,
    pairing_code::hash_of_typed,
    problem::{Problem, ProblemDetails},
};
use axum::{
    Extension, Json,
    extract::{FromRequest, Request, State},
    http::{HeaderValue, StatusCode, header},
};
use domain::{
    audit::{Action, Actor, Entry},
    seat::SeatRole,
    text,
};
use garde::Validate;
use serde::{Deserialize, Serialize};
use storage::db::people::NewDevice;
use utoipa::ToSchema;
use utoipa_axum::{router::OpenApiRouter, routes};
use uuid::Uuid;

/// The address, with so many attempts a minute for each client.
pub fn routes(attempts_per_minute: u32) -> OpenApiRouter<App> {
    OpenApiRouter::new().routes(routes!(pair)).layer(Extension(Throttle::per_minute(attempts_per_minute)))
}

/// A code and what the device is.
#[derive(Deserialize, Validate, ToSchema)]
pub struct Pair {
    /// As the Dashboard shows it; small letters, spaces and hyphens do not matter.
    #[garde(length(max = 100))]
    #[schema(max_length = 100, example = "K7QM-2XPD")]
    code: String,
    /// What the device is, for people.
    #[garde(length(chars, min = 1, max = 100))]
    // A letter, a digit or a sign: of spaces and what cannot be seen nothing would be left.
    #[schema(
        min_length = 1,
        max_length = 100,
        pattern = "[!-~\u{a1}-\u{167f}\u{3001}-\u{d7ff}]",
        example = "Vuzix M400"
    )]
    model: String,
    #[garde(length(chars, max = 100))]
    #[serde(default)]
    #[schema(max_length = 100)]
    serial: String,
    #[garde(length(chars, max = 100))]
    #[serde(default)]
    #[schema(max_length = 100)]
    software_version: String,
}

/// A device that was just paired.
#[derive(Serialize, ToSchema)]
pub struct Paired {
    /// Goes into `Authorization: Bearer …` of every other request. The server keeps a hash: it can't be asked for again.
    token: String,
    device_id: Uuid,
    seat_id: Uuid,
    #[schema(schema_with = words::word::<SeatRole>)]
    role: SeatRole,
    user_name: String,
    tenant_name: String,
}

/// Exchanges a pairing code for a device token. While the device has not been heard of under its token, the same code
/// gives a new one, so an answer that was lost can be asked for again.
#[utoipa::path(
    post, path = "/api/v1/pair", tag = "device", security(()),
    request_body = Pair,
    responses(
        (status = 201, description = "Paired", body = Paired),
        (status = 404, description = "The code is unknown, used or too old", body = ProblemDetails, content_type = "application/problem+json"),
        (status = 422, description = "A field was refused", body = ProblemDetails, content_type = "application/problem+json"),
        (status = 429, description = "Too many attempts; Retry-After says how long to wait", body = ProblemDetails, content_type = "application/problem+json")
    )
)]
pub async fn pair(
    State(app): State<App>,
    Extension(throttle): Extension<Throttle>,
    request: Request,
) -> Result<(StatusCode, Json<Paired>), Problem> {
    let address = client_address(&request, &app.settings);
    throttle.attempt(address).map_err(too_many)?;
    let Input(pair) = Input::<Pair>::from_request(request, &app).await?;
    let model = text::visible(&pair.model);
    if model.is_empty() {
        return Err(Problem::invalid("`model` is empty; say what the device is, such as `Vuzix M400`"));
    }
    let hash = hash_of_typed(&pair.code).ok_or_else(unknown)?;
    let (token, token_hash) = new_device_token();
    let (serial, software_version) = (text::visible(&pair.serial), text::visible(&pair.software_version));
    let new = NewDevice { model, serial, software_version, token_hash };
    let Some((device, seat)) = app.db.exchange_pairing_code(&hash, new, app.now()).await? else {
        tracing::info!(%address, "pairing refused");
        return Err(unknown());
    };
    let tenant = app.db.tenant(seat.tenant_id).await?.ok_or_else(unknown)?;
    let user = app.db.user(seat.tenant_id, seat.user_id).await?.ok_or_else(unknown)?;
    let entry = Entry::new(Actor::device(device.id, device.model.clone()), Action::DevicePaired)
        .on("seat", seat.id, user.full_name.clone())
        .with("serial", device.serial.clone())
        .from(address);
    app.db.audit(seat.tenant_id, &entry, app.now()).await?;
    tracing::info!(tenant = %seat.tenant_id, seat = %seat.id, device = %device.id, "device paired");
    let paired = Paired {
        token,
        device_id: device.id.0,
        seat_id: seat.id.0,
        role: seat.role,
        user_name: user.full_name,
        tenant_name: tenant.name,
    };
    Ok((StatusCode::CREATED, Json(paired)))
}

/// One answer for all of them: whoever guesses learns nothing.
fn unknown() -> Problem {
    let detail = "this code is unknown, used or too old; ask for a new one in the Dashboard: Settings, Seats, Pair";
    Problem::new(StatusCode::NOT_FOUND, "pairing-code", detail)
}

fn too_many(seconds: u64) -> Problem {
    let detail = format!("too many attempts from this address; try again in {seconds} s");
    Problem::new(StatusCode::TOO_MANY_REQUESTS, "too-many-attempts", detail)
        .with_header(header::RETRY_AFTER, HeaderValue::from(seconds))
}
