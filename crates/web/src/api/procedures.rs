//! `/api/v1/procedures`: pieces of work with their clips.

use super::{
    input::Id,
    query::{Asked, Cursor, Limit},
    words,
};
use crate::{
    App,
    auth::api_key::{Key, ProceduresRead},
    media::Signer,
    problem::{Problem, ProblemDetails},
};
use axum::{Json, extract::State};
use domain::{ProcedureId, Timestamp, procedure::Procedure};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};
use uuid::Uuid;

/// Which procedures, and which part of the list.
#[derive(Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct ProcedureQuery {
    /// Id of the session in which they were found.
    session: Option<Uuid>,
    /// The `next` of the answer before.
    #[param(inline)]
    after: Option<Cursor>,
    /// How many at most.
    #[param(inline)]
    limit: Option<Limit>,
}

/// Some procedures.
#[derive(Serialize, ToSchema)]
pub struct Procedures {
    /// In order.
    pub procedures: Vec<ProcedureState>,
    /// Send it as `after` to get the rest; null where there is none.
    pub next: Option<Cursor>,
}

/// One piece of work found in a session.
#[derive(Serialize, ToSchema)]
pub struct ProcedureState {
    id: Uuid,
    session_id: Uuid,
    /// From 1, in the order of the recording.
    number: u32,
    procedure_name: String,
    /// May be empty.
    description: String,
    /// Seconds from the start of the recording.
    start_seconds: f64,
    /// Seconds from the start of the recording.
    end_seconds: f64,
    /// Length of the clip, which starts at the keyframe at or before `start_seconds`.
    duration_seconds: f64,
    /// Where the clip can be played: relative to the server, needs no key, expires. Null where it was removed by age.
    video_url: Option<String>,
    /// A picture, likewise.
    thumbnail_url: Option<String>,
    /// Seconds until the addresses stop to work. Ask again for new ones.
    expires_in_seconds: u64,
    #[schema(schema_with = words::instant)]
    created_at: Timestamp,
}

/// The procedures of the organisation, the newest first.
#[utoipa::path(
    get, path = "/api/v1/procedures", tag = "procedures", params(ProcedureQuery),
    security(("api_key" = ["procedures:read"])),
    responses((status = 200, body = Procedures))
)]
pub async fn list(
    State(app): State<App>,
    key: Key<ProceduresRead>,
    Asked(asked): Asked<ProcedureQuery>,
) -> Result<Json<Procedures>, Problem> {
    let (session, after) = (asked.session.map(Into::into), asked.after.map(|cursor| cursor.0));
    let page = app.db.procedure_page(key.tenant, session, after, asked.limit.unwrap_or_default().0).await?;
    let signer = Signer::new(&app);
    let procedures = page.rows.into_iter().map(|p| ProcedureState::new(p, &signer)).collect();
    Ok(Json(Procedures { procedures, next: page.next.map(Cursor) }))
}

/// One procedure.
#[utoipa::path(
    get, path = "/api/v1/procedures/{procedure}", tag = "procedures", params(("procedure" = Uuid, Path)),
    security(("api_key" = ["procedures:read"])),
    responses(
        (status = 200, body = ProcedureState),
        (status = 404, description = "No such procedure", body = ProblemDetails, content_type = "application/problem+json")
    )
)]
pub async fn show(
    State(app): State<App>,
    key: Key<ProceduresRead>,
    Id(id): Id<ProcedureId>,
) -> Result<Json<ProcedureState>, Problem> {
    let found = app.db.procedure(key.tenant, id).await?.ok_or_else(|| Problem::not_found("procedure"))?;
    Ok(Json(ProcedureState::new(found, &Signer::new(&app))))
}

impl ProcedureState {
    /// A procedure with addresses by `signer`.
    pub fn new(found: Procedure, signer: &Signer<'_>) -> Self {
        let kind = |clip: &str| if clip.ends_with(".webm") { "webm" } else { "mp4" };
        Self {
            id: found.id.0,
            session_id: found.session_id.0,
            number: found.number,
            video_url: found.video_key.as_deref().map(|key| signer.address(key, kind(key))),
            thumbnail_url: found.thumbnail_key.as_deref().map(|key| signer.address(key, "jpg")),
            expires_in_seconds: signer.expires_in_seconds(),
            procedure_name: found.procedure_name,
            description: found.description,
            start_seconds: found.start_seconds,
            end_seconds: found.end_seconds,
            duration_seconds: found.duration_seconds,
            created_at: found.created_at,
        }
    }
}
