//! `/api/v1/minutes` and `/api/v1/reports/minutes`: what is left, what was used, and packs.

use super::{input::Input, query::Asked, sessions::idempotency_key, words};
use crate::{
    App,
    auth::api_key::{Key, SessionsRead, UsersManage},
    minutes_report::MinutesReport,
    problem::{Problem, ProblemDetails},
};
use axum::{
    Json,
    extract::State,
    http::{HeaderMap, StatusCode},
};
use domain::{
    Timestamp,
    minutes::{ReportPeriod, whole_minutes},
    tenant::Tenant,
    text,
};
use garde::Validate;
use serde::{Deserialize, Serialize};
use storage::db::{
    minute_rows::MinuteUse,
    minutes::{Balance, NewPack},
};
use utoipa::{IntoParams, ToSchema};
use uuid::Uuid;

/// What an organisation has left.
#[derive(Serialize, ToSchema)]
pub struct Minutes {
    /// Whether minutes are counted. Where they are not, no session is refused, and everything below is null.
    counted: bool,
    /// Whole minutes that are left.
    remaining_minutes: Option<i64>,
    /// Seconds that are left.
    remaining_seconds: Option<i64>,
    /// Of them, seconds of this month's included minutes.
    included_seconds: Option<i64>,
    /// Of them, seconds that were purchased. They do not expire.
    purchased_seconds: Option<i64>,
    /// Of them, seconds that running sessions keep for themselves.
    reserved_seconds: Option<i64>,
    /// Minutes that each month brings.
    included_minutes_a_month: Option<u32>,
}

/// Minutes that are added.
#[derive(Deserialize, Validate, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct AddPack {
    /// Whole minutes.
    #[garde(range(min = 1, max = 10_000_000))]
    #[schema(minimum = 1, maximum = 10_000_000)]
    minutes: u32,
    /// Why, such as the number of an invoice. It stands in the ledger.
    #[garde(inner(length(chars, max = 500)))]
    #[schema(max_length = 500)]
    reason: Option<String>,
}

/// A pack.
#[derive(Serialize, ToSchema)]
pub struct Pack {
    id: Uuid,
    seconds: i64,
    reason: Option<String>,
    #[schema(schema_with = words::instant)]
    created_at: Timestamp,
}

/// Which report.
#[derive(Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct WhichReport {
    /// Days of the organisation's calendar; this month if left out.
    #[param(inline)]
    period: Option<Period>,
}

/// What a report covers.
#[derive(Clone, Copy, Deserialize, ToSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Period {
    /// From the first of this month to today.
    ThisMonth,
    /// The whole month before.
    LastMonth,
    /// 30 days, today being the last.
    #[serde(rename = "last-30-days")]
    Last30Days,
    /// 90 days, today being the last.
    #[serde(rename = "last-90-days")]
    Last90Days,
    /// From 1 January to today.
    ThisYear,
}

/// What a period used.
#[derive(Serialize, ToSchema)]
pub struct MinutesUsed {
    /// First day, as `2026-11-01`.
    from: String,
    /// Last day.
    to: String,
    minutes: Minutes,
    /// How long the rest lasts, in a sentence; null where minutes are not counted.
    runway: Option<String>,
    /// All of the period.
    used: Used,
    /// The days on which something was written, in order. Time of a session is written when that ends or becomes known.
    days: Vec<DayUsed>,
}

/// Session time in seconds.
#[derive(Serialize, ToSchema)]
pub struct Used {
    /// Negative where an earlier day is corrected.
    seconds: i64,
    /// What of it included minutes gave.
    included_seconds: i64,
    /// What of it purchased minutes gave.
    purchased_seconds: i64,
    /// What of it nobody was charged for: not counted, or nothing was left.
    not_charged_seconds: i64,
}

/// A day.
#[derive(Serialize, ToSchema)]
pub struct DayUsed {
    /// As `2026-11-21`.
    day: String,
    #[serde(flatten)]
    used: Used,
}

/// What is left.
#[utoipa::path(
    get, path = "/api/v1/minutes", tag = "minutes", security(("api_key" = ["sessions:read"])),
    responses((status = 200, body = Minutes))
)]
pub async fn show(State(app): State<App>, key: Key<SessionsRead>) -> Result<Json<Minutes>, Problem> {
    let tenant = tenant(&app, &key).await?;
    let balance = app.db.minute_balance(tenant.id, app.now()).await?;
    Ok(Json(Minutes::of(&tenant, balance)))
}

/// Adds minutes that do not expire. The same `Idempotency-Key` adds one pack.
#[utoipa::path(
    post, path = "/api/v1/minutes/packs", tag = "minutes", security(("api_key" = ["users:manage"])),
    params(("Idempotency-Key" = Option<String>, Header, pattern = "^[!-~]{1,255}$", description = "Any text of at most 255 characters, such as a UUID")),
    request_body = AddPack,
    responses(
        (status = 201, description = "Added", body = Pack),
        (status = 200, description = "The same key had added this one before", body = Pack),
        (status = 400, description = "The body is no JSON, or the Idempotency-Key was refused", body = ProblemDetails, content_type = "application/problem+json"),
        (status = 409, description = "The minutes of this organisation are not counted", body = ProblemDetails, content_type = "application/problem+json"),
        (status = 422, description = "A field was refused", body = ProblemDetails, content_type = "application/problem+json")
    )
)]
pub async fn add(
    State(app): State<App>,
    key: Key<UsersManage>,
    headers: HeaderMap,
    Input(pack): Input<AddPack>,
) -> Result<(StatusCode, Json<Pack>), Problem> {
    let pack = NewPack {
        seconds: i64::from(pack.minutes) * 60,
        reason: pack.reason.map(|reason| text::visible(&reason)).filter(|reason| !reason.is_empty()),
        idempotency_key: idempotency_key(&headers)?,
    };
    let by = key.by();
    let (row, is_new) = app.db.add_minutes(key.tenant, pack, by, app.now()).await?;
    let status = if is_new { StatusCode::CREATED } else { StatusCode::OK };
    Ok((status, Json(Pack { id: row.id.0, seconds: row.seconds, reason: row.reason, created_at: row.created_at })))
}

/// What a period used, by day.
#[utoipa::path(
    get, path = "/api/v1/reports/minutes", tag = "minutes", security(("api_key" = ["sessions:read"])),
    params(WhichReport),
    responses((status = 200, body = MinutesUsed))
)]
pub async fn report(
    State(app): State<App>,
    key: Key<SessionsRead>,
    Asked(which): Asked<WhichReport>,
) -> Result<Json<MinutesUsed>, Problem> {
    let tenant = tenant(&app, &key).await?;
    let period = which.period.map_or_else(ReportPeriod::default, Into::into);
    let report = MinutesReport::of(&app, &tenant, period, app.now()).await?;
    let used_days = report.by_day.iter().filter(|(_, used)| *used != MinuteUse { at: used.at, ..MinuteUse::default() });
    Ok(Json(MinutesUsed {
        from: report.days.first.to_string(),
        to: report.days.last.to_string(),
        minutes: Minutes::of(&tenant, report.balance),
        runway: report.runway.map(|runway| runway.sentence()),
        used: (&report.total).into(),
        days: used_days.map(|(day, used)| DayUsed { day: day.to_string(), used: used.into() }).collect(),
    }))
}

async fn tenant<S: crate::auth::api_key::Needs>(app: &App, key: &Key<S>) -> Result<Tenant, Problem> {
    app.db.tenant(key.tenant).await?.ok_or_else(|| Problem::not_found("tenant"))
}

impl Minutes {
    fn of(tenant: &Tenant, balance: Option<Balance>) -> Self {
        let left = balance.map(|balance| balance.pool.left());
        Self {
            counted: balance.is_some(),
            remaining_minutes: left.map(whole_minutes),
            remaining_seconds: left,
            included_seconds: balance.map(|balance| balance.pool.included),
            purchased_seconds: balance.map(|balance| balance.pool.purchased),
            reserved_seconds: balance.map(|balance| balance.reserved),
            included_minutes_a_month: tenant.included_minutes,
        }
    }
}

impl From<&MinuteUse> for Used {
    fn from(used: &MinuteUse) -> Self {
        Self {
            seconds: used.used,
            included_seconds: used.included,
            purchased_seconds: used.purchased(),
            not_charged_seconds: used.not_charged,
        }
    }
}

impl From<Period> for ReportPeriod {
    fn from(period: Period) -> Self {
        match period {
            Period::ThisMonth => Self::ThisMonth,
            Period::LastMonth => Self::LastMonth,
            Period::Last30Days => Self::Last30Days,
            Period::Last90Days => Self::Last90Days,
            Period::ThisYear => Self::ThisYear,
        }
    }
}
