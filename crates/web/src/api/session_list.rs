//! `/api/v1/sessions` as programs see it: the list, one with everything around it, its procedures.

use super::{
    input::Id,
    procedures::{ProcedureState, Procedures},
    query::{Asked, Cursor, Limit},
    sessions::SessionFacts,
    words,
};
use crate::{
    App,
    auth::api_key::{Key, ProceduresRead, SessionsRead},
    media::{Signer, video_kind},
    problem::{Problem, ProblemDetails},
};
use axum::{Json, extract::State};
use domain::{
    SessionId, Timestamp,
    score::{Criterion, CriterionName, ScoreCard},
    seat::SeatRole,
    session::SessionStatus,
};
use serde::{Deserialize, Serialize};
use storage::db::{
    lists::After,
    overview::{self, PageFrom, SessionFilter, SessionOverview},
    recordings::Recording,
};
use utoipa::{IntoParams, ToSchema};
use uuid::Uuid;

/// Which sessions, and which part of the list.
#[derive(Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct SessionQuery {
    #[param(schema_with = words::word::<SessionStatus>, required = false)]
    status: Option<SessionStatus>,
    #[param(schema_with = words::word::<SeatRole>, required = false)]
    role: Option<SeatRole>,
    /// Id of the seat.
    seat: Option<Uuid>,
    /// Id of the user whose seat it was.
    user: Option<Uuid>,
    /// Id of the task.
    task: Option<Uuid>,
    /// Started then or later.
    #[param(schema_with = words::instant, required = false)]
    from: Option<Timestamp>,
    /// Started before then.
    #[param(schema_with = words::instant, required = false)]
    to: Option<Timestamp>,
    /// The `next` of the answer before.
    #[param(inline)]
    after: Option<Cursor>,
    /// How many at most.
    #[param(inline)]
    limit: Option<Limit>,
}

/// Some sessions.
#[derive(Serialize, ToSchema)]
pub struct Sessions {
    /// The newest start first.
    sessions: Vec<SessionDetails>,
    /// Send it as `after` to get the rest; null where there is none.
    next: Option<Cursor>,
}

/// A session with everything around it.
#[derive(Serialize, ToSchema)]
pub struct SessionDetails {
    #[serde(flatten)]
    facts: SessionFacts,
    seat_id: Uuid,
    user_id: Uuid,
    user_name: String,
    task_id: Option<Uuid>,
    score: Option<Score>,
    /// What happened, in prose.
    summary: Option<String>,
    /// What the trainer had to add.
    trainer_notes: Option<String>,
    /// Where the recording can be played; null while there is none.
    recording: Option<RecordingAddresses>,
    /// When the recording was removed, as the organisation's retention says; null where it was not.
    #[schema(schema_with = words::optional_instant)]
    recording_removed_at: Option<Timestamp>,
    /// When the clips of its procedures and their thumbnails were removed, likewise.
    #[schema(schema_with = words::optional_instant)]
    clips_removed_at: Option<Timestamp>,
    /// When what was said was removed, likewise.
    #[schema(schema_with = words::optional_instant)]
    transcript_removed_at: Option<Timestamp>,
}

/// Where a recording can be played. The addresses are relative to the server and need no key; they expire.
#[derive(Serialize, ToSchema)]
pub struct RecordingAddresses {
    video_url: String,
    poster_url: Option<String>,
    /// What was said, as WebVTT.
    captions_url: Option<String>,
    /// The procedures, as WebVTT chapters.
    chapters_url: Option<String>,
    /// Seconds until the addresses stop to work. Ask again for new ones.
    expires_in_seconds: u64,
}

/// A score with its reasons.
#[derive(Serialize, ToSchema)]
pub struct Score {
    /// 0 to 100; null where there was not enough evidence.
    score: Option<u8>,
    criteria: Vec<ScoreCriterion>,
    /// Who scored: `built-in` or the name of a language model.
    scorer: String,
    rubric_version: String,
}

/// One criterion of a score.
#[derive(Serialize, ToSchema)]
pub struct ScoreCriterion {
    #[schema(schema_with = words::word::<CriterionName>)]
    name: CriterionName,
    /// 0 to 100; null where there was not enough evidence.
    score: Option<f32>,
    /// Why, in one sentence.
    sentence: String,
    /// Where the recording shows it.
    evidence: Vec<Evidence>,
}

/// A stretch of a recording.
#[derive(Serialize, ToSchema)]
pub struct Evidence {
    /// Seconds from the start of the recording.
    start_seconds: f64,
    /// Seconds from the start of the recording.
    end_seconds: f64,
}

/// The sessions of the organisation, the newest start first.
#[utoipa::path(
    get, path = "/api/v1/sessions", tag = "sessions", params(SessionQuery), security(("api_key" = ["sessions:read"])),
    responses((status = 200, body = Sessions))
)]
pub async fn list(
    State(app): State<App>,
    key: Key<SessionsRead>,
    Asked(asked): Asked<SessionQuery>,
) -> Result<Json<Sessions>, Problem> {
    let filter = SessionFilter {
        status: asked.status,
        role: asked.role,
        seat: asked.seat.map(Into::into),
        user: asked.user.map(Into::into),
        task: asked.task.map(Into::into),
        from: asked.from,
        to: asked.to,
    };
    let from = asked.after.map_or(PageFrom::Newest, |Cursor(After { at, id })| {
        PageFrom::OlderThan(overview::Cursor { started_at: at, id: SessionId(id) })
    });
    let page = app.db.session_page(key.tenant, filter, from, asked.limit.unwrap_or_default().0).await?;
    let signer = Signer::new(&app);
    let next = page.older.map(|c| Cursor(After { at: c.started_at, id: c.id.0 }));
    Ok(Json(Sessions { sessions: page.sessions.into_iter().map(|s| SessionDetails::new(s, &signer)).collect(), next }))
}

/// The procedures of a session, in the order of its recording.
#[utoipa::path(
    get, path = "/api/v1/sessions/{session}/procedures", tag = "procedures", params(("session" = Uuid, Path)),
    security(("api_key" = ["procedures:read"])),
    responses(
        (status = 200, body = Procedures),
        (status = 404, description = "No such session", body = ProblemDetails, content_type = "application/problem+json")
    )
)]
pub async fn procedures(
    State(app): State<App>,
    key: Key<ProceduresRead>,
    Id(id): Id<SessionId>,
) -> Result<Json<Procedures>, Problem> {
    app.db.session(key.tenant, id).await?.ok_or_else(|| Problem::not_found("session"))?;
    let found = app.db.procedures(key.tenant, id).await?;
    let signer = Signer::new(&app);
    let procedures = found.into_iter().map(|p| ProcedureState::new(p, &signer)).collect();
    Ok(Json(Procedures { procedures, next: None }))
}

impl SessionDetails {
    /// A session with addresses by `signer`.
    pub fn new(mut found: SessionOverview, signer: &Signer<'_>) -> Self {
        let session = &mut found.session;
        let removed = session.removed;
        Self {
            seat_id: session.seat_id.0,
            user_id: session.user_id.0,
            task_id: session.task_id.map(Into::into),
            score: session.score.take().map(Score::from),
            summary: session.summary.take(),
            trainer_notes: session.trainer_notes.take(),
            user_name: std::mem::take(&mut found.user_name),
            recording: found.recording.take().map(|recording| RecordingAddresses::new(&recording, signer)),
            recording_removed_at: removed.recording,
            clips_removed_at: removed.clips,
            transcript_removed_at: removed.transcript,
            facts: found.into(),
        }
    }
}

impl RecordingAddresses {
    fn new(recording: &Recording, signer: &Signer<'_>) -> Self {
        let track = |key: &Option<String>, kind| key.as_deref().map(|key| signer.address(key, kind));
        Self {
            video_url: signer.address(&recording.video_key, video_kind(recording)),
            poster_url: track(&recording.poster_key, "jpg"),
            captions_url: track(&recording.captions_key, "vtt"),
            chapters_url: track(&recording.chapters_key, "vtt"),
            expires_in_seconds: signer.expires_in_seconds(),
        }
    }
}

impl From<ScoreCard> for Score {
    fn from(card: ScoreCard) -> Self {
        let criterion = |c: Criterion| ScoreCriterion {
            name: c.name,
            score: c.score,
            sentence: c.sentence,
            evidence: c.evidence.iter().map(|e| Evidence { start_seconds: e.start, end_seconds: e.end }).collect(),
        };
        Self {
            score: card.score,
            criteria: card.criteria.into_iter().map(criterion).collect(),
            scorer: card.scorer,
            rubric_version: card.rubric_version,
        }
    }
}
