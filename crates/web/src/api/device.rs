//! `PUT /api/v1/device`: what a device tells of itself and of what is still on it.

use super::{input::Input, words};
use crate::{
    App,
    auth::device::Caller,
    problem::{Problem, ProblemDetails},
};
use axum::{extract::State, http::StatusCode};
use domain::{
    device::{DeviceReport, HeldSession},
    text,
};
use garde::Validate;
use serde::Deserialize;
use utoipa::ToSchema;
use uuid::Uuid;

/// No recording waits longer on a device, in seconds: thirty years.
const LONGEST_AGO: f64 = 1e9;

/// How the device is, and what is still on it.
#[derive(Deserialize, Validate, ToSchema)]
pub struct DeviceState {
    #[garde(inner(range(max = 100)))]
    #[schema(maximum = 100)]
    battery_percent: Option<u8>,
    /// Minutes of recording that the disk still holds.
    #[garde(inner(range(max = 100_000_000)))]
    #[schema(maximum = 100_000_000)]
    storage_minutes: Option<u32>,
    #[garde(inner(length(chars, max = 100)))]
    #[schema(max_length = 100)]
    software_version: Option<String>,
    /// The sessions of which parts are still to come, oldest first; empty when everything has been delivered.
    #[garde(length(max = 1000), dive)]
    #[serde(default)]
    #[schema(max_items = 1000)]
    sessions: Vec<Held>,
}

/// A session of which parts are still on the device only.
#[derive(Deserialize, Validate, ToSchema)]
pub struct Held {
    /// Left out while the server has not heard of it.
    #[garde(skip)]
    #[schema(schema_with = words::optional_id)]
    session_id: Option<Uuid>,
    /// How long ago it was started, in seconds.
    #[garde(range(min = 0.0, max = LONGEST_AGO))]
    #[schema(minimum = 0, maximum = 1_000_000_000)]
    started_seconds_ago: f64,
    /// Parts still to come.
    #[garde(range(max = 10_000_000))]
    #[schema(maximum = 10_000_000)]
    parts: u32,
    /// Their bytes.
    #[garde(range(max = i64::MAX as u64))]
    bytes: u64,
}

/// Tells how the device is, in place of what it told before. The Dashboard shows it beside the seat.
#[utoipa::path(
    put, path = "/api/v1/device", tag = "device",
    request_body = Option<DeviceState>,
    responses(
        (status = 204, description = "Noted"),
        (status = 401, description = "No valid device token", body = ProblemDetails, content_type = "application/problem+json"),
        (status = 422, description = "A field was refused", body = ProblemDetails, content_type = "application/problem+json")
    )
)]
pub async fn put(
    State(app): State<App>,
    caller: Caller,
    Input(told): Input<DeviceState>,
) -> Result<StatusCode, Problem> {
    let now = app.now();
    let held = |held: Held| HeldSession {
        session_id: held.session_id.map(Into::into),
        started_at: now.plus_seconds(-held.started_seconds_ago),
        parts: held.parts,
        bytes: held.bytes,
    };
    let report = DeviceReport {
        battery_percent: told.battery_percent,
        storage_minutes: told.storage_minutes,
        sessions: told.sessions.into_iter().map(held).collect(),
    };
    let version = told.software_version.map(|version| text::visible(&version));
    let device = caller.device()?;
    app.db.report_device(device.tenant_id, device.id, &report, version.as_deref(), now).await?;
    Ok(StatusCode::NO_CONTENT)
}
