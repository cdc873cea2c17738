//! `GET /api/v1/preflight`: what a device wants to know before a session.

use super::{sessions::HEARTBEAT_SECONDS, words};
use crate::{
    App,
    auth::device::Caller,
    problem::{Problem, ProblemDetails},
};
use axum::{Json, extract::State};
use domain::{Timestamp, minutes::whole_minutes, seat::SeatRole};
use serde::Serialize;
use utoipa::ToSchema;
use uuid::Uuid;

/// How the server sees this device and its tenant.
#[derive(Serialize, ToSchema)]
pub struct Preflight {
    /// Compare the device's clock with it.
    #[schema(schema_with = words::instant)]
    server_time: Timestamp,
    tenant_name: String,
    user_name: String,
    seat_id: Uuid,
    #[schema(schema_with = words::word::<SeatRole>)]
    role: SeatRole,
    /// Whole minutes of active session time that a new session could take: with 0 it is refused. Null where minutes are not
    /// counted.
    minutes_left: Option<u64>,
    /// Largest recording that is taken.
    upload_limit_bytes: u64,
    /// Send a heartbeat every so many seconds while recording.
    heartbeat_seconds: u32,
    /// Show and speak it whenever recording begins; null where none stands.
    recording_notice: Option<RecordingNotice>,
    /// What the wearer has to accept before recording, by `POST /api/v1/consent`; null where none stands.
    consent: Option<ConsentText>,
}

/// What everybody who is there is told.
#[derive(Serialize, ToSchema)]
pub struct RecordingNotice {
    version: u32,
    /// Plain text.
    text: String,
    /// In which it is written: BCP 47.
    language: String,
}

/// What the wearer is asked.
#[derive(Serialize, ToSchema)]
pub struct ConsentText {
    version: u32,
    /// Plain text.
    text: String,
    /// When this version was accepted at this seat; null until then.
    #[schema(schema_with = words::optional_instant)]
    accepted_at: Option<Timestamp>,
}

/// What a device checks before a session, beside its own battery, disk, microphone and lens.
#[utoipa::path(
    get, path = "/api/v1/preflight", tag = "device",
    responses(
        (status = 200, body = Preflight),
        (status = 401, description = "No valid device token", body = ProblemDetails, content_type = "application/problem+json")
    )
)]
pub async fn preflight(State(app): State<App>, caller: Caller) -> Result<Json<Preflight>, Problem> {
    let seat = &caller.seat;
    let tenant = app.db.tenant(seat.tenant_id).await?.ok_or_else(|| Problem::not_found("tenant"))?;
    let user = app.db.user(seat.tenant_id, seat.user_id).await?.ok_or_else(|| Problem::not_found("user"))?;
    let balance = app.db.minute_balance(seat.tenant_id, app.now()).await?;
    let notices = app.db.notices_for(seat.tenant_id, seat.id).await?;
    let language = tenant.language;
    Ok(Json(Preflight {
        recording_notice: notices.recording.map(|n| RecordingNotice { version: n.version, text: n.text, language }),
        consent: notices.consent.map(|consent| ConsentText {
            version: consent.version,
            text: consent.text,
            accepted_at: notices.accepted_at,
        }),
        server_time: app.now(),
        tenant_name: tenant.name,
        user_name: user.full_name,
        seat_id: seat.id.0,
        role: seat.role,
        minutes_left: balance.map(|balance| whole_minutes(balance.available()) as u64),
        upload_limit_bytes: tenant.upload_limit_bytes.min(i64::MAX as u64),
        heartbeat_seconds: HEARTBEAT_SECONDS,
    }))
}
