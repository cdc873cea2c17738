//! `/api/v1/sessions`: start, look, heartbeat, stop.

use super::{
    input::{Id, Input},
    session_list::SessionDetails,
    words,
};
use crate::{
    App,
    auth::{
        api_key::{Reader, SessionsRead},
        device::Caller,
    },
    media::Signer,
    pages::progress::Progress,
    problem::{Problem, ProblemDetails},
};
use axum::{
    Json,
    extract::State,
    http::{HeaderMap, StatusCode},
};
use domain::{
    SessionId, TaskId, Timestamp,
    seat::SeatRole,
    session::{FailureReason, Phase, Session, SessionStatus, session_name},
    text,
};
use garde::Validate;
use serde::{Deserialize, Serialize};
use storage::{
    DbError,
    db::{
        overview::SessionOverview,
        sessions::{NewSession, Stop},
        unfinished::FILE_KEY,
        uploads::Upload,
    },
};
use utoipa::ToSchema;
use uuid::Uuid;

/// A recording session is silent after four of these: see `PhaseLimits`.
pub const HEARTBEAT_SECONDS: u32 = 30;
const LONGEST_IDEMPOTENCY_KEY: usize = 255;

/// What a session is started with.
#[derive(Deserialize, Validate, ToSchema)]
pub struct StartSession {
    /// The task that the session is about; its title names the session.
    #[garde(skip)]
    #[schema(schema_with = words::optional_id)]
    task_id: Option<Uuid>,
    /// Names the session instead.
    #[garde(inner(length(chars, max = 200)))]
    #[schema(max_length = 200)]
    name: Option<String>,
    /// How long ago recording began, for a device that was out of reach then. At most a year.
    #[garde(inner(range(min = 0.0, max = 31_622_400.0)))]
    #[schema(minimum = 0, maximum = 31_622_400)]
    started_seconds_ago: Option<f64>,
}

/// How a session is stopped.
#[derive(Deserialize, Validate, ToSchema)]
pub struct StopSession {
    /// How many parts the device made, so that it is known when all are here. 0 says that nothing was recorded.
    #[garde(inner(range(max = 10_000_000)))]
    #[schema(maximum = 10_000_000)]
    parts: Option<u32>,
    /// Numbers of the parts that will never come: deleted on the device, or unreadable.
    #[serde(default)]
    #[garde(length(max = 100_000), inner(range(min = 1, max = 10_000_000)))]
    #[schema(schema_with = words::part_numbers, required = false)]
    missing: Vec<u32>,
    /// When, in seconds on the session's clock; else now.
    #[garde(inner(range(min = 0.0, max = 31_622_400.0)))]
    #[schema(minimum = 0, maximum = 31_622_400)]
    at_seconds: Option<f64>,
    /// Nobody said stop: the device had crashed.
    #[serde(default)]
    #[garde(skip)]
    abnormal: bool,
}

/// A session, as everybody sees it who may.
#[derive(Serialize, ToSchema)]
pub struct SessionFacts {
    id: Uuid,
    name: String,
    #[schema(schema_with = words::word::<SeatRole>)]
    role: SeatRole,
    #[schema(schema_with = words::word::<SessionStatus>)]
    status: SessionStatus,
    /// What is really going on behind `in_progress`.
    #[schema(schema_with = words::word::<Phase>)]
    phase: Phase,
    #[schema(schema_with = words::optional_word::<FailureReason>)]
    failure_reason: Option<FailureReason>,
    /// One sentence for people about the failure.
    failure_detail: Option<String>,
    #[schema(schema_with = words::instant)]
    started_at: Timestamp,
    #[schema(schema_with = words::optional_instant)]
    stopped_at: Option<Timestamp>,
    #[schema(schema_with = words::optional_instant)]
    completed_at: Option<Timestamp>,
    /// Length of the recording in seconds, once known.
    duration_seconds: Option<f64>,
    /// Until nothing more happens by itself.
    progress: Option<ProgressState>,
    /// How many procedures were found.
    procedures: u32,
}

/// A session as its device sees it.
#[derive(Serialize, ToSchema)]
pub struct SessionState {
    #[serde(flatten)]
    facts: SessionFacts,
    /// How much of the recording is here.
    arrived: ArrivedState,
    /// Where the recording goes: tus 1.0.0.
    upload_url: String,
    /// Send a heartbeat every so many seconds while recording.
    heartbeat_seconds: u32,
}

/// A session: with the token of a device as its device sees it, with an API key with everything around it.
#[derive(Serialize, ToSchema)]
#[serde(untagged)]
pub enum SessionAnswer {
    /// To a device.
    Device(Box<SessionState>),
    /// To a program.
    Key(Box<SessionDetails>),
}

/// How far a session is.
#[derive(Serialize, ToSchema)]
pub struct ProgressState {
    /// A line for people: `Uploading 63%`, `Processing 5 of 9: naming`.
    text: String,
    /// 0 to 100, where it can be told.
    percent: Option<u8>,
}

/// How much of a recording is here.
#[derive(Serialize, ToSchema)]
pub struct ArrivedState {
    /// Parts that have begun to arrive.
    parts: u64,
    /// Parts that are here whole, or were deleted.
    complete: u64,
    /// Bytes that are safely kept.
    bytes: u64,
}

/// Starts a session of the seat that the device is paired with. The same `Idempotency-Key` gives the same session, so
/// an answer that was lost can be asked for again. Where no minute is left a new session is refused, with the type
/// `urn:trainar:problem:no-minutes`; never one that began 120 seconds ago or earlier, as it took place without the server.
#[utoipa::path(
    post, path = "/api/v1/sessions", tag = "sessions",
    params(("Idempotency-Key" = Option<String>, Header, pattern = "^[!-~]{1,255}$", description = "Any text of at most 255 characters, such as a UUID; not one that begins with `file-upload:`")),
    request_body = Option<StartSession>,
    responses(
        (status = 201, description = "Started", body = SessionState),
        (status = 200, description = "The same key had started this one before", body = SessionState),
        (status = 400, description = "The Idempotency-Key was refused", body = ProblemDetails, content_type = "application/problem+json"),
        (status = 401, description = "No valid device token", body = ProblemDetails, content_type = "application/problem+json"),
        (status = 402, description = "No minutes left; what is recorded all the same is taken later", body = ProblemDetails, content_type = "application/problem+json"),
        (status = 404, description = "No such task", body = ProblemDetails, content_type = "application/problem+json"),
        (status = 422, description = "A field was refused", body = ProblemDetails, content_type = "application/problem+json")
    )
)]
pub async fn start(
    State(app): State<App>,
    caller: Caller,
    headers: HeaderMap,
    Input(start): Input<StartSession>,
) -> Result<(StatusCode, Json<SessionState>), Problem> {
    let (tenant, now) = (caller.seat.tenant_id, app.now());
    let task = match start.task_id.map(TaskId) {
        Some(id) => Some(app.db.task(tenant, id).await?.ok_or_else(|| Problem::not_found("task"))?),
        None => None,
    };
    let started_at = now.plus_seconds(-start.started_seconds_ago.unwrap_or(0.0));
    let timezone = app.db.tenant(tenant).await?.ok_or_else(|| Problem::not_found("tenant"))?.timezone;
    let given = start.name.map(|name| text::visible(&name.split(char::is_control).collect::<Vec<_>>().join(" ")));
    let title = given.as_deref().filter(|n| !n.is_empty()).or(task.as_ref().map(|t| t.title.as_str()));
    let new = NewSession {
        name: session_name(title, started_at, &timezone),
        task_id: task.as_ref().map(|t| t.id),
        idempotency_key: idempotency_key(&headers)?,
        started_at: Some(started_at),
    };
    let keyed = new.idempotency_key.is_some();
    let (session, is_new) = match app.db.start_session(&caller.seat, new.clone(), now).await {
        // The same request won the race a moment ago.
        Err(DbError::Exists(_)) if keyed => app.db.start_session(&caller.seat, new, now).await?,
        result => result?,
    };
    if is_new {
        metrics::counter!("trainar_sessions_started_total").increment(1);
        tracing::info!(%tenant, session = %session.id, device = %caller.device()?.id, "session started");
    }
    Ok((if is_new { StatusCode::CREATED } else { StatusCode::OK }, state_of(&app, &session).await?))
}

/// A session: of the device's seat, or, with an API key, of the organisation.
#[utoipa::path(
    get, path = "/api/v1/sessions/{session}", tag = "sessions",
    params(("session" = Uuid, Path)),
    security(("device_token" = []), ("api_key" = ["sessions:read"])),
    responses(
        (status = 200, body = SessionAnswer),
        (status = 404, description = "No such session for whoever asks", body = ProblemDetails, content_type = "application/problem+json")
    )
)]
pub async fn show(
    State(app): State<App>,
    reader: Reader<SessionsRead>,
    Id(id): Id<SessionId>,
) -> Result<Json<SessionAnswer>, Problem> {
    let tenant = match reader {
        Reader::Device(caller) => {
            let session = caller.session(&app, id).await?;
            let Json(state) = state_of(&app, &session).await?;
            return Ok(Json(SessionAnswer::Device(state.into())));
        }
        Reader::Key(key) => key.tenant,
    };
    let found = app.db.session_overview(tenant, id).await?.ok_or_else(|| Problem::not_found("session"))?;
    Ok(Json(SessionAnswer::Key(SessionDetails::new(found, &Signer::new(&app)).into())))
}

/// Says that the session goes on. Without one for two minutes a recording session counts as ended abnormally; one that comes later
/// opens it again.
#[utoipa::path(
    post, path = "/api/v1/sessions/{session}/heartbeat", tag = "sessions",
    params(("session" = Uuid, Path)),
    responses(
        (status = 204, description = "Noted"),
        (status = 404, description = "No such session for this device", body = ProblemDetails, content_type = "application/problem+json")
    )
)]
pub async fn heartbeat(State(app): State<App>, caller: Caller, Id(id): Id<SessionId>) -> Result<StatusCode, Problem> {
    let session = caller.session(&app, id).await?;
    app.db.heartbeat(session.tenant_id, session.id, app.now()).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// Ends a session. Stopping twice does no harm; a later one may tell of more parts, and of more that is missing.
#[utoipa::path(
    post, path = "/api/v1/sessions/{session}/stop", tag = "sessions",
    params(("session" = Uuid, Path)),
    request_body = Option<StopSession>,
    responses(
        (status = 200, body = SessionState),
        (status = 404, description = "No such session for this device", body = ProblemDetails, content_type = "application/problem+json"),
        (status = 422, description = "A field was refused", body = ProblemDetails, content_type = "application/problem+json")
    )
)]
pub async fn stop(
    State(app): State<App>,
    caller: Caller,
    Id(id): Id<SessionId>,
    Input(stop): Input<StopSession>,
) -> Result<Json<SessionState>, Problem> {
    let session = caller.session(&app, id).await?;
    let stop = Stop { parts: stop.parts, missing: stop.missing, at_seconds: stop.at_seconds, crashed: stop.abnormal };
    let stopped = app.db.stop_session(session.tenant_id, session.id, &stop, app.now()).await?;
    state_of(&app, &stopped.unwrap_or(session)).await
}

/// The address of an upload.
pub fn upload_url(upload: &Upload) -> String {
    format!("/api/v1/uploads/{}", upload.id)
}

async fn state_of(app: &App, session: &Session) -> Result<Json<SessionState>, Problem> {
    let overview = app.db.session_overview(session.tenant_id, session.id).await?;
    let overview = overview.ok_or_else(|| Problem::not_found("session"))?;
    Ok(Json(overview.into()))
}

pub fn idempotency_key(headers: &HeaderMap) -> Result<Option<String>, Problem> {
    let Some(value) = headers.get("idempotency-key") else { return Ok(None) };
    match value.to_str() {
        Ok(key) if key.starts_with(FILE_KEY) => {
            Err(Problem::bad_request(format!("an Idempotency-Key does not begin with `{FILE_KEY}`: take a UUID")))
        }
        Ok(key) if (1..=LONGEST_IDEMPOTENCY_KEY).contains(&key.len()) => Ok(Some(key.to_owned())),
        _ => Err(Problem::bad_request("the Idempotency-Key must be 1 to 255 visible ASCII characters, such as a UUID")),
    }
}

impl From<SessionOverview> for SessionState {
    fn from(found: SessionOverview) -> Self {
        let arrived = found.arrived;
        Self {
            upload_url: format!("/api/v1/sessions/{}/uploads", found.session.id),
            arrived: ArrivedState { parts: arrived.parts, complete: arrived.settled, bytes: arrived.bytes },
            heartbeat_seconds: HEARTBEAT_SECONDS,
            facts: found.into(),
        }
    }
}

impl From<SessionOverview> for SessionFacts {
    fn from(SessionOverview { session, arrived, paused, procedures, step, .. }: SessionOverview) -> Self {
        let progress = Progress::of(session.phase, paused, &arrived, step);
        Self {
            id: session.id.0,
            name: session.name,
            role: session.role,
            status: session.status,
            phase: session.phase,
            failure_reason: session.failure_reason,
            failure_detail: session.failure_reason.map(|r| session.failure_detail.unwrap_or(r.sentence().into())),
            started_at: session.started_at,
            stopped_at: session.stopped_at,
            completed_at: session.completed_at,
            duration_seconds: session.duration_seconds,
            progress: progress.map(|p| ProgressState { text: p.to_string(), percent: p.percent() }),
            procedures,
        }
    }
}
