//! Procedures, and the one transaction in which the outcome of a session's processing becomes visible.

use super::{
    Db, DbError, Result,
    entity::{procedures, sessions},
    error::{to_json, word},
    jobs::{self, Ended, Job},
    language_uses,
    phases::{begin_processing, fail, locked},
    removals,
    sessions::{of, told},
    steps,
    webhooks::emit,
};
use domain::{
    ProcedureId, SessionId, TenantId, Timestamp,
    job::{JobState, Step},
    procedure::{Procedure, ProcedureDraft, ProcedureStatus},
    score::ScoreCard,
    session::{FailureReason, Phase, SessionStatus},
    webhook::EventKind,
};
use sea_orm::{ColumnTrait, DatabaseTransaction, EntityTrait, ExprTrait, QueryFilter, QueryOrder, sea_query::Expr};
use serde_json::json;
use uuid::Uuid;

/// A procedure that is ready to be kept.
#[derive(Clone, Debug, PartialEq, serde::Serialize, serde::Deserialize)]
#[allow(missing_docs)]
pub struct NewProcedure {
    /// From 1, in the order of the recording.
    pub number: u32,
    pub draft: ProcedureDraft,
    /// Length of the clip in seconds.
    pub duration_seconds: f64,
    pub video_key: Option<String>,
    pub thumbnail_key: Option<String>,
}

/// What the processing of a session came to.
#[derive(Clone, Debug, Default)]
pub struct Outcome {
    /// Everything found, approved and excluded.
    pub procedures: Vec<NewProcedure>,
    /// The score with its reasons.
    pub score: Option<ScoreCard>,
    /// The prose summary.
    pub summary: Option<String>,
    /// What the session says of the language model that was asked; `None` where all went well, or none was.
    pub language_note: Option<String>,
    /// Set when the session has failed, with a sentence of its own.
    pub failure: Option<(FailureReason, Option<String>)>,
}

/// What there is to say of a session that ended abnormally, beside that its device fell silent.
fn how_it_ended(row: &sessions::Model) -> Option<&'static str> {
    if row.crashed {
        return Some(
            "The device broke off while it was recording, and nobody stopped the session. Everything that it had saved is here.",
        );
    }
    row.stopped_at.map(|_| {
        "The session was stopped, but its device never sent the whole recording. What had arrived was processed; when the \
         rest comes, the session is processed again."
    })
}

impl Db {
    /// Makes the outcome of a session visible and ends its last step and its job, all at once. `false` when the lease was lost meanwhile,
    /// and then nothing is written. A session that ended abnormally fails with that reason, whatever was found. One of
    /// which more arrived meanwhile shows the outcome and is processed again; one of which a stretch was deleted meanwhile
    /// does not show it.
    pub async fn approve(&self, job: &Job, worker: Uuid, outcome: &Outcome, now: Timestamp) -> Result<bool> {
        let (tenant, session) = (job.tenant_id, job.session_id);
        let tx = self.begin().await?;
        let Some(row) = locked(&tx, tenant, session).await? else { return Ok(false) };
        let error = outcome.failure.as_ref().and_then(|(_, detail)| detail.as_deref());
        let ended = jobs::finish(&tx, job, worker, JobState::Done, error, now).await?;
        if matches!(ended, Ended::Lost) {
            return Ok(false);
        }
        if removals::is_pending(&tx, tenant, session).await? {
            // A stretch was deleted while it ran, so nothing of what it found is shown.
            if matches!(ended, Ended::Outdated) {
                begin_processing(&tx, tenant, session, now).await?;
            }
            tx.commit().await?;
            return Ok(true);
        }
        replace_procedures(&tx, tenant, session, &outcome.procedures, now).await?;
        language_uses::note(&tx, tenant, session, outcome.language_note.as_deref()).await?;
        let score = outcome.score.as_ref().map(|s| to_json("score", s)).transpose()?;
        sessions::Entity::update_many()
            .col_expr(sessions::Column::Status, Expr::value(SessionStatus::Completed.to_string()))
            .col_expr(sessions::Column::Phase, Expr::value(Phase::Done.to_string()))
            .col_expr(sessions::Column::FailureReason, Expr::value(None::<String>))
            .col_expr(sessions::Column::CompletedAt, Expr::value(now.0))
            .col_expr(sessions::Column::Score, Expr::value(score))
            .col_expr(sessions::Column::Summary, Expr::value(outcome.summary.clone()))
            .col_expr(sessions::Column::UpdatedAt, Expr::value(now.0))
            .filter(of(tenant))
            .filter(sessions::Column::Id.eq(session.0))
            .exec(&tx)
            .await?;
        match &outcome.failure {
            _ if row.ended_abnormally => {
                let how = error.or(how_it_ended(&row));
                fail(&tx, tenant, session, FailureReason::EndedAbnormally, how, now).await?;
            }
            Some((reason, _)) => fail(&tx, tenant, session, *reason, error, now).await?,
            // It is not done yet.
            None if matches!(ended, Ended::Outdated) => {}
            None => {
                let done =
                    sessions::Model { status: SessionStatus::Completed.to_string(), failure_reason: None, ..row };
                emit(&tx, tenant, EventKind::SessionCompleted, told(&done), now).await?;
            }
        }
        steps::end(&tx, tenant, session, Step::Approve, Ok("null"), now).await?;
        if matches!(ended, Ended::Outdated) {
            begin_processing(&tx, tenant, session, now).await?;
        }
        tx.commit().await?;
        Ok(true)
    }

    /// Ends the job (as failed or cancelled) and with it the session. What was found before stays.
    pub async fn fail_processing(
        &self,
        job: &Job,
        worker: Uuid,
        state: JobState,
        detail: &str,
        now: Timestamp,
    ) -> Result<bool> {
        let tx = self.begin().await?;
        locked(&tx, job.tenant_id, job.session_id).await?;
        match jobs::finish(&tx, job, worker, state, Some(detail), now).await? {
            Ended::Lost => return Ok(false),
            // All of its recording was deleted meanwhile, which is how it ended.
            Ended::Finished
                if state == JobState::Failed && removals::is_pending(&tx, job.tenant_id, job.session_id).await? => {}
            Ended::Finished => {
                fail(&tx, job.tenant_id, job.session_id, FailureReason::ProcessingError, Some(detail), now).await?;
            }
            // What failed may have been the missing end of the recording.
            Ended::Outdated => begin_processing(&tx, job.tenant_id, job.session_id, now).await?,
        }
        tx.commit().await?;
        Ok(true)
    }

    /// The procedures of a session that are shown, in order.
    pub async fn procedures(&self, tenant: TenantId, session: SessionId) -> Result<Vec<Procedure>> {
        let rows = procedures::Entity::find()
            .filter(procedures::Column::TenantId.eq(tenant.0))
            .filter(procedures::Column::SessionId.eq(session.0))
            .filter(approved())
            .order_by_asc(procedures::Column::Number)
            .all(&self.conn)
            .await?;
        rows.into_iter().map(Procedure::try_from).collect()
    }

    /// One procedure that is shown.
    pub async fn procedure(&self, tenant: TenantId, id: ProcedureId) -> Result<Option<Procedure>> {
        let found = procedures::Entity::find_by_id(id.0)
            .filter(procedures::Column::TenantId.eq(tenant.0))
            .filter(approved())
            .one(&self.conn)
            .await?;
        found.map(Procedure::try_from).transpose()
    }
}

pub(crate) fn approved() -> Expr {
    procedures::Column::Status.eq(ProcedureStatus::Approved.to_string())
}

/// Writes the procedures of a session. One that is found again under its number keeps its id, so that a shared link
/// to it lives on.
async fn replace_procedures(
    tx: &DatabaseTransaction,
    tenant: TenantId,
    session: SessionId,
    new: &[NewProcedure],
    now: Timestamp,
) -> Result<()> {
    let of_session = procedures::Column::TenantId.eq(tenant.0).and(procedures::Column::SessionId.eq(session.0));
    let old = procedures::Entity::find().filter(of_session.clone()).all(tx).await?;
    procedures::Entity::delete_many().filter(of_session).exec(tx).await?;
    for p in new {
        let kept = old.iter().find(|o| o.number == i64::from(p.number));
        let row = procedures::Model {
            id: kept.map_or_else(Uuid::now_v7, |o| o.id),
            tenant_id: tenant.0,
            session_id: session.0,
            number: p.number.into(),
            procedure_name: p.draft.procedure_name.clone(),
            description: p.draft.description.clone(),
            start_seconds: p.draft.start_seconds,
            end_seconds: p.draft.end_seconds,
            duration_seconds: p.duration_seconds,
            status: p.draft.status.to_string(),
            excluded_reason: p.draft.excluded_reason.clone(),
            video_key: p.video_key.clone(),
            thumbnail_key: p.thumbnail_key.clone(),
            published_at: None,
            license: None,
            source_tenant: None,
            created_at: kept.map_or(now.0, |o| o.created_at),
        };
        procedures::Entity::insert(procedures::ActiveModel::from(row.clone())).exec_without_returning(tx).await?;
        // One that was shown before is not published anew.
        let was_shown = kept.is_some_and(|kept| kept.status == ProcedureStatus::Approved.to_string());
        if p.draft.status == ProcedureStatus::Approved && !was_shown {
            let told = json!({ "procedure_id": row.id, "session_id": session, "number": row.number });
            emit(tx, tenant, EventKind::ProcedurePublished, told, now).await?;
        }
    }
    Ok(())
}

impl TryFrom<procedures::Model> for Procedure {
    type Error = DbError;
    fn try_from(r: procedures::Model) -> Result<Self> {
        Ok(Self {
            id: r.id.into(),
            tenant_id: r.tenant_id.into(),
            session_id: r.session_id.into(),
            number: r.number as u32,
            procedure_name: r.procedure_name,
            description: r.description,
            start_seconds: r.start_seconds,
            end_seconds: r.end_seconds,
            duration_seconds: r.duration_seconds,
            status: word("procedure status", &r.status)?,
            excluded_reason: r.excluded_reason,
            video_key: r.video_key,
            thumbnail_key: r.thumbnail_key,
            created_at: Timestamp(r.created_at),
        })
    }
}
