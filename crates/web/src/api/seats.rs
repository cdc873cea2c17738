//! `/api/v1/seats`: who may run sessions, and with which devices.

use super::{
    input::Id,
    query::{Asked, Cursor},
    users::PartOfList,
    words,
};
use crate::{
    App,
    auth::api_key::{Key, UsersRead},
    problem::{Problem, ProblemDetails},
};
use axum::{Json, extract::State};
use domain::{
    SeatId, Timestamp,
    seat::{SeatRole, SeatStatus},
};
use serde::Serialize;
use storage::db::pairing::{PairedDevice, SeatOverview};
use utoipa::ToSchema;
use uuid::Uuid;

/// Some seats.
#[derive(Serialize, ToSchema)]
pub struct Seats {
    /// The oldest first.
    seats: Vec<SeatState>,
    /// Send it as `after` to get the rest; null where there is none.
    next: Option<Cursor>,
}

/// The licence of one engineer to run sessions.
#[derive(Serialize, ToSchema)]
pub struct SeatState {
    id: Uuid,
    user_id: Uuid,
    user_name: String,
    #[schema(schema_with = words::word::<SeatRole>)]
    role: SeatRole,
    #[schema(schema_with = words::word::<SeatStatus>)]
    status: SeatStatus,
    /// Those that are paired with it, the oldest first.
    devices: Vec<SeatDevice>,
    #[schema(schema_with = words::instant)]
    created_at: Timestamp,
}

/// A device of a seat.
#[derive(Serialize, ToSchema)]
pub struct SeatDevice {
    id: Uuid,
    model: String,
    serial: String,
    software_version: String,
    #[schema(schema_with = words::optional_instant)]
    last_seen_at: Option<Timestamp>,
    battery_percent: Option<u8>,
    /// What it last told that it had not delivered yet; null where it never told.
    waiting: Option<Waiting>,
}

/// What is still on a device.
#[derive(Serialize, ToSchema)]
pub struct Waiting {
    sessions: u64,
    bytes: u64,
    /// When it told so.
    #[schema(schema_with = words::instant)]
    told_at: Timestamp,
}

/// The seats of the organisation, the oldest first.
#[utoipa::path(
    get, path = "/api/v1/seats", tag = "users", params(PartOfList), security(("api_key" = ["users:read"])),
    responses((status = 200, body = Seats))
)]
pub async fn list(
    State(app): State<App>,
    key: Key<UsersRead>,
    Asked(asked): Asked<PartOfList>,
) -> Result<Json<Seats>, Problem> {
    let after = asked.after.map(|cursor| cursor.0);
    let page = app.db.seat_page(key.tenant, after, asked.limit.unwrap_or_default().0, app.now()).await?;
    Ok(Json(Seats { seats: page.rows.into_iter().map(Into::into).collect(), next: page.next.map(Cursor) }))
}

/// One seat.
#[utoipa::path(
    get, path = "/api/v1/seats/{seat}", tag = "users", params(("seat" = Uuid, Path)),
    security(("api_key" = ["users:read"])),
    responses(
        (status = 200, body = SeatState),
        (status = 404, description = "No such seat", body = ProblemDetails, content_type = "application/problem+json")
    )
)]
pub async fn show(State(app): State<App>, key: Key<UsersRead>, Id(id): Id<SeatId>) -> Result<Json<SeatState>, Problem> {
    let found = app.db.seat_overview(key.tenant, id, app.now()).await?.ok_or_else(|| Problem::not_found("seat"))?;
    Ok(Json(found.into()))
}

impl From<SeatOverview> for SeatState {
    fn from(SeatOverview { seat, user, devices }: SeatOverview) -> Self {
        Self {
            id: seat.id.0,
            user_id: seat.user_id.0,
            user_name: user.full_name,
            role: seat.role,
            status: seat.status,
            devices: devices.into_iter().map(Into::into).collect(),
            created_at: seat.created_at,
        }
    }
}

impl From<PairedDevice> for SeatDevice {
    fn from(PairedDevice { device, report }: PairedDevice) -> Self {
        Self {
            id: device.id.0,
            model: device.model,
            serial: device.serial,
            software_version: device.software_version,
            last_seen_at: device.last_seen_at,
            battery_percent: report.as_ref().and_then(|(report, _)| report.battery_percent),
            waiting: report.map(|(report, told_at)| Waiting {
                sessions: report.sessions.len() as u64,
                bytes: report.bytes(),
                told_at,
            }),
        }
    }
}
