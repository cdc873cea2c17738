//! Step runs: what every step of a session's processing came to. The Dashboard shows these rows, and a step whose
//! result stands here for the same input is read back instead of run again.

use super::{Db, DbError, Result, entity::step_runs, error::word, phases::touch};
use domain::{
    SessionId, TenantId, Timestamp,
    job::{Step, StepState},
};
use sea_orm::{
    ColumnTrait, ConnectionTrait, EntityTrait, ExprTrait, QueryFilter, QueryOrder,
    sea_query::{Expr, OnConflict},
};

/// One step of one session.
#[derive(Clone, Debug, PartialEq)]
#[allow(missing_docs)]
pub struct StepRun {
    pub step: Step,
    pub state: StepState,
    pub attempts: u32,
    pub error: Option<String>,
    pub started_at: Timestamp,
    pub finished_at: Option<Timestamp>,
}

impl Db {
    /// The stored result of a step, as JSON, if it ended well for this input.
    pub async fn step_result(
        &self,
        tenant: TenantId,
        session: SessionId,
        step: Step,
        input_hash: &str,
    ) -> Result<Option<String>> {
        let row = step_runs::Entity::find()
            .filter(of(tenant, session))
            .filter(step_runs::Column::Step.eq(step.to_string()))
            .filter(step_runs::Column::InputHash.eq(input_hash))
            .filter(step_runs::Column::State.eq(StepState::Done.to_string()))
            .one(&self.conn)
            .await?;
        Ok(row.and_then(|r| r.result))
    }

    /// Notes that a step begins.
    pub async fn begin_step(
        &self,
        tenant: TenantId,
        session: SessionId,
        step: Step,
        input_hash: &str,
        now: Timestamp,
    ) -> Result<()> {
        let row = step_runs::Model {
            session_id: session.0,
            tenant_id: tenant.0,
            step: step.to_string(),
            number: step.number() as i64,
            input_hash: input_hash.into(),
            state: StepState::Running.to_string(),
            attempts: 1,
            result: None,
            error: None,
            started_at: now.0,
            finished_at: None,
        };
        use step_runs::Column as C;
        let again = OnConflict::columns([C::SessionId, C::Step])
            .update_columns([C::InputHash, C::State, C::Result, C::Error, C::StartedAt, C::FinishedAt])
            .value(C::Attempts, Expr::col((step_runs::Entity, C::Attempts)).add(1))
            // The key does not hold the tenant: without this, another's row would be written over.
            .action_and_where(Expr::col((step_runs::Entity, C::TenantId)).eq(tenant.0))
            .to_owned();
        let tx = self.begin().await?;
        step_runs::Entity::insert(step_runs::ActiveModel::from(row))
            .on_conflict(again)
            .exec_without_returning(&tx)
            .await?;
        touch(&tx, tenant, session, now).await?;
        tx.commit().await?;
        Ok(())
    }

    /// Notes how a step ended: its result as JSON when it is done, else a sentence that says why not.
    pub async fn end_step(
        &self,
        tenant: TenantId,
        session: SessionId,
        step: Step,
        outcome: std::result::Result<&str, (StepState, &str)>,
        now: Timestamp,
    ) -> Result<()> {
        end(&self.conn, tenant, session, step, outcome, now).await
    }

    /// The steps of a session that have begun, in the order of the pipeline.
    pub async fn steps(&self, tenant: TenantId, session: SessionId) -> Result<Vec<StepRun>> {
        let rows = step_runs::Entity::find()
            .filter(of(tenant, session))
            .order_by_asc(step_runs::Column::Number)
            .all(&self.conn)
            .await?;
        rows.into_iter().map(StepRun::try_from).collect()
    }
}

/// Writes how a step ended.
pub(crate) async fn end(
    conn: &impl ConnectionTrait,
    tenant: TenantId,
    session: SessionId,
    step: Step,
    outcome: std::result::Result<&str, (StepState, &str)>,
    now: Timestamp,
) -> Result<()> {
    let (state, result, error) = match outcome {
        Ok(result) => (StepState::Done, Some(result), None),
        Err((state, error)) => (state, None, Some(error)),
    };
    step_runs::Entity::update_many()
        .col_expr(step_runs::Column::State, Expr::value(state.to_string()))
        .col_expr(step_runs::Column::Result, Expr::value(result))
        .col_expr(step_runs::Column::Error, Expr::value(error))
        .col_expr(step_runs::Column::FinishedAt, Expr::value(now.0))
        .filter(of(tenant, session))
        .filter(step_runs::Column::Step.eq(step.to_string()))
        .exec(conn)
        .await?;
    Ok(())
}

/// Forgets the results of a session's steps, so that all of them run again.
pub(crate) async fn forget(tx: &impl ConnectionTrait, tenant: TenantId, session: SessionId) -> Result<()> {
    step_runs::Entity::delete_many().filter(of(tenant, session)).exec(tx).await?;
    Ok(())
}

fn of(tenant: TenantId, session: SessionId) -> Expr {
    step_runs::Column::TenantId.eq(tenant.0).and(step_runs::Column::SessionId.eq(session.0))
}

impl TryFrom<step_runs::Model> for StepRun {
    type Error = DbError;
    fn try_from(r: step_runs::Model) -> Result<Self> {
        Ok(Self {
            step: word("step", &r.step)?,
            state: word("step state", &r.state)?,
            attempts: r.attempts as u32,
            error: r.error,
            started_at: Timestamp(r.started_at),
            finished_at: r.finished_at.map(Timestamp),
        })
    }
}
