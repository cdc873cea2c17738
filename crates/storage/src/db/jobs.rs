//! Jobs: a queue over the database, fair by tenant. The tenant whose turn it is is picked first, then its job.
//!
//! A worker holds a job by a lease that it must renew; a worker that dies loses it, and the job is claimed again.

use super::{
    Db, DbError, Result,
    entity::{jobs, tenant_queues},
    error::word,
    phases::{fail, locked},
    removals,
};
use domain::{
    JobId, SessionId, TenantId, Timestamp,
    job::{JobKind, JobState},
    session::FailureReason,
};
use sea_orm::{
    ActiveValue::Set,
    ColumnTrait, ConnectionTrait, DatabaseTransaction, EntityTrait, ExprTrait, FromQueryResult, QueryFilter,
    QueryOrder, QuerySelect,
    sea_query::{Expr, LockBehavior, LockType, Order, Query, SelectStatement},
};
use std::collections::BTreeSet;
use uuid::Uuid;

/// Why a session fails whose processing somebody stopped.
pub const CALLED_OFF: &str = "the processing was called off";

/// One piece of background work.
#[derive(Clone, Debug, PartialEq)]
#[allow(missing_docs)]
pub struct Job {
    pub id: JobId,
    pub tenant_id: TenantId,
    pub kind: JobKind,
    pub session_id: SessionId,
    pub state: JobState,
    /// Higher goes first within a tenant.
    pub priority: i64,
    /// Claims since the last step that ended well, this one included.
    pub attempt: u32,
    pub error: Option<String>,
}

/// A worker's hold on a job.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Lease {
    /// Renewed.
    Held,
    /// Renewed, and somebody asks to stop.
    CancelRequested,
    /// Renewed, and what the job works on was deleted meanwhile: give it back, to begin anew once that is gone.
    Outdated,
    /// Another worker has it, or it has ended: stop at once and write nothing more.
    Lost,
}

/// Puts down a job in the transaction of the fact that causes it. Nothing more happens when one waits already; one that
/// runs may have begun without the fact, so it is noted that another is to follow.
pub(crate) async fn enqueue(
    tx: &DatabaseTransaction,
    tenant: TenantId,
    session: SessionId,
    kind: JobKind,
    now: Timestamp,
) -> Result<()> {
    let noted = jobs::Entity::update_many()
        // A claim takes it back: whoever begins now sees the fact.
        .col_expr(jobs::Column::Again, Expr::value(true))
        .filter(jobs::Column::TenantId.eq(tenant.0))
        .filter(jobs::Column::SessionId.eq(session.0))
        .filter(jobs::Column::Kind.eq(kind.to_string()))
        .filter(alive())
        .exec(tx)
        .await?;
    if noted.rows_affected > 0 {
        return Ok(());
    }
    let row = jobs::ActiveModel {
        id: Set(Uuid::now_v7()),
        tenant_id: Set(tenant.0),
        kind: Set(kind.to_string()),
        session_id: Set(session.0),
        state: Set(JobState::Ready.to_string()),
        priority: Set(0),
        attempt: Set(0),
        not_before: Set(now.0),
        cancel_requested: Set(false),
        lease_owner: Set(None),
        lease_until: Set(None),
        error: Set(None),
        created_at: Set(now.0),
        finished_at: Set(None),
        again: Set(false),
    };
    jobs::Entity::insert(row).exec_without_returning(tx).await?;
    Ok(())
}

impl Db {
    /// Takes the next job for `worker` until `lease_until`; `None` when nothing is due.
    pub async fn claim_job(&self, worker: Uuid, now: Timestamp, lease_until: Timestamp) -> Result<Option<Job>> {
        let tx = self.begin().await?;
        let due = Query::select()
            .expr(Expr::val(1))
            .from(jobs::Entity)
            .and_where(
                Expr::col((jobs::Entity, jobs::Column::TenantId))
                    .equals((tenant_queues::Entity, tenant_queues::Column::TenantId)),
            )
            .and_where(ready(now))
            .take();
        let turn = Query::select()
            .column(tenant_queues::Column::TenantId)
            .from(tenant_queues::Entity)
            .and_where(Expr::col(tenant_queues::Column::Running).lt(Expr::col(tenant_queues::Column::Cap)))
            .and_where(Expr::exists(due))
            .order_by(tenant_queues::Column::LastServed, Order::Asc)
            .limit(1)
            .lock_with_behavior(LockType::Update, LockBehavior::SkipLocked)
            .take();
        let serve = Query::update()
            .table(tenant_queues::Entity)
            .value(tenant_queues::Column::Running, Expr::col(tenant_queues::Column::Running).add(1))
            .value(tenant_queues::Column::LastServed, now.0)
            .and_where(Expr::col(tenant_queues::Column::TenantId).eq(once(turn)))
            .returning_col(tenant_queues::Column::TenantId)
            .take();
        let Some(row) = tx.query_one(&serve).await? else { return Ok(None) };
        let tenant: Uuid = row.try_get("", "tenant_id")?;
        let next = Query::select()
            .column(jobs::Column::Id)
            .from(jobs::Entity)
            .and_where(Expr::col(jobs::Column::TenantId).eq(tenant))
            .and_where(ready(now))
            .order_by(jobs::Column::Priority, Order::Desc)
            .order_by(jobs::Column::Id, Order::Asc)
            .limit(1)
            .lock_with_behavior(LockType::Update, LockBehavior::SkipLocked)
            .take();
        let take = Query::update()
            .table(jobs::Entity)
            .value(jobs::Column::State, JobState::Running.to_string())
            .value(jobs::Column::Attempt, Expr::col(jobs::Column::Attempt).add(1))
            .value(jobs::Column::LeaseOwner, worker)
            .value(jobs::Column::LeaseUntil, lease_until.0)
            .value(jobs::Column::Again, false)
            .and_where(Expr::col(jobs::Column::Id).eq(once(next)))
            .returning_all()
            .take();
        // Another worker may have taken the tenant's only job meanwhile: dropping the transaction gives the turn back.
        let Some(row) = tx.query_one(&take).await? else { return Ok(None) };
        let job = Job::try_from(jobs::Model::from_query_result(&row, "")?)?;
        tx.commit().await?;
        Ok(Some(job))
    }

    /// Renews a lease.
    pub async fn renew_lease(&self, job: &Job, worker: Uuid, until: Timestamp) -> Result<Lease> {
        let held = jobs::Entity::update_many()
            .col_expr(jobs::Column::LeaseUntil, Expr::value(until.0))
            .filter(held_by(job, worker))
            .exec_with_returning(&self.conn)
            .await?;
        Ok(match held.first() {
            None => Lease::Lost,
            Some(row) if row.cancel_requested => Lease::CancelRequested,
            Some(_) if removals::is_pending(&self.conn, job.tenant_id, job.session_id).await? => Lease::Outdated,
            Some(_) => Lease::Held,
        })
    }

    /// A step ended well: the next failure counts from one again.
    pub async fn job_progressed(&self, job: &Job, worker: Uuid) -> Result<()> {
        jobs::Entity::update_many()
            .col_expr(jobs::Column::Attempt, Expr::value(1))
            .filter(held_by(job, worker))
            .exec(&self.conn)
            .await?;
        Ok(())
    }

    /// Gives a job back, to be tried again at `not_before`.
    pub async fn retry_job(&self, job: &Job, worker: Uuid, error: &str, not_before: Timestamp) -> Result<bool> {
        let tx = self.begin().await?;
        let released = jobs::Entity::update_many()
            .col_expr(jobs::Column::State, Expr::value(JobState::Ready.to_string()))
            .col_expr(jobs::Column::LeaseOwner, Expr::value(None::<Uuid>))
            .col_expr(jobs::Column::LeaseUntil, Expr::value(None::<i64>))
            .col_expr(jobs::Column::NotBefore, Expr::value(not_before.0))
            .col_expr(jobs::Column::Error, Expr::value(error))
            .filter(held_by(job, worker))
            .exec(&tx)
            .await?;
        if released.rows_affected == 0 {
            return Ok(false);
        }
        recount(&tx, job.tenant_id.0).await?;
        tx.commit().await?;
        Ok(true)
    }

    /// Takes back the jobs whose worker has died; how many there were.
    pub async fn release_expired_leases(&self, now: Timestamp) -> Result<u64> {
        let expired = jobs::Column::State.eq(JobState::Running.to_string()).and(jobs::Column::LeaseUntil.lt(now.0));
        self.release(expired, now).await
    }

    /// Takes back every running job at once: for a start at which no other process can be alive.
    pub async fn release_all_leases(&self, now: Timestamp) -> Result<u64> {
        self.release(jobs::Column::State.eq(JobState::Running.to_string()), now).await
    }

    async fn release(&self, which: Expr, now: Timestamp) -> Result<u64> {
        let tx = self.begin().await?;
        let rows = jobs::Entity::update_many()
            .col_expr(jobs::Column::State, Expr::value(JobState::Ready.to_string()))
            .col_expr(jobs::Column::LeaseOwner, Expr::value(None::<Uuid>))
            .col_expr(jobs::Column::LeaseUntil, Expr::value(None::<i64>))
            .col_expr(jobs::Column::NotBefore, Expr::value(now.0))
            .filter(which)
            .exec_with_returning(&tx)
            .await?;
        for tenant in rows.iter().map(|r| r.tenant_id).collect::<BTreeSet<_>>() {
            recount(&tx, tenant).await?;
        }
        tx.commit().await?;
        Ok(rows.len() as u64)
    }

    /// Calls off the processing of a session: a waiting job ends at once and its session fails, a running one is asked
    /// to stop and does so at its next renewal. What was found before stays, and it can be processed again.
    pub async fn cancel_processing(&self, tenant: TenantId, session: SessionId, now: Timestamp) -> Result<()> {
        let of_session = jobs::Column::TenantId.eq(tenant.0).and(jobs::Column::SessionId.eq(session.0));
        let tx = self.begin().await?;
        locked(&tx, tenant, session).await?;
        let ended = jobs::Entity::update_many()
            .col_expr(jobs::Column::State, Expr::value(JobState::Cancelled.to_string()))
            .col_expr(jobs::Column::FinishedAt, Expr::value(now.0))
            .filter(of_session.clone())
            .filter(jobs::Column::State.eq(JobState::Ready.to_string()))
            .exec(&tx)
            .await?;
        if ended.rows_affected > 0 {
            fail(&tx, tenant, session, FailureReason::ProcessingError, Some(CALLED_OFF), now).await?;
        }
        jobs::Entity::update_many()
            .col_expr(jobs::Column::CancelRequested, Expr::value(true))
            .filter(of_session)
            .filter(jobs::Column::State.eq(JobState::Running.to_string()))
            .exec(&tx)
            .await?;
        tx.commit().await?;
        Ok(())
    }

    /// The jobs of a session, newest first.
    pub async fn jobs(&self, tenant: TenantId, session: SessionId) -> Result<Vec<Job>> {
        let rows = jobs::Entity::find()
            .filter(jobs::Column::TenantId.eq(tenant.0))
            .filter(jobs::Column::SessionId.eq(session.0))
            .order_by_desc(jobs::Column::Id)
            .all(&self.conn)
            .await?;
        rows.into_iter().map(Job::try_from).collect()
    }

    /// How many jobs of all tenants wait and run: for the metrics.
    pub async fn job_counts(&self) -> Result<(u64, u64)> {
        let rows: Vec<(String, i64)> = jobs::Entity::find()
            .select_only()
            .column(jobs::Column::State)
            .column_as(jobs::Column::Id.count(), "n")
            .filter(alive())
            .group_by(jobs::Column::State)
            .into_tuple()
            .all(&self.conn)
            .await?;
        let of = |state: JobState| rows.iter().find(|(s, _)| *s == state.to_string()).map_or(0, |(_, n)| *n as u64);
        Ok((of(JobState::Ready), of(JobState::Running)))
    }
}

/// How a job ended.
pub(crate) enum Ended {
    /// Its outcome stands.
    Finished,
    /// Its outcome stands until the next one: more had arrived while it ran.
    Outdated,
    /// Not at all: the lease was lost.
    Lost,
}

/// Ends a job inside the transaction that writes its outcome, so that a worker that lost its lease writes nothing.
pub(crate) async fn finish(
    tx: &DatabaseTransaction,
    job: &Job,
    worker: Uuid,
    state: JobState,
    error: Option<&str>,
    now: Timestamp,
) -> Result<Ended> {
    let ended = jobs::Entity::update_many()
        .col_expr(jobs::Column::State, Expr::value(state.to_string()))
        .col_expr(jobs::Column::LeaseOwner, Expr::value(None::<Uuid>))
        .col_expr(jobs::Column::LeaseUntil, Expr::value(None::<i64>))
        .col_expr(jobs::Column::Error, Expr::value(error))
        .col_expr(jobs::Column::FinishedAt, Expr::value(now.0))
        .filter(held_by(job, worker))
        .exec_with_returning(tx)
        .await?;
    let Some(row) = ended.first() else { return Ok(Ended::Lost) };
    recount(tx, job.tenant_id.0).await?;
    // Somebody who called it off does not want it again.
    Ok(if row.again && state != JobState::Cancelled { Ended::Outdated } else { Ended::Finished })
}

/// Sets a tenant's counter from the rows it counts, so that it can never drift.
pub(super) async fn recount(tx: &DatabaseTransaction, tenant: Uuid) -> Result<()> {
    // Lock first, count in a statement of its own: PostgreSQL counts what is committed when the statement starts.
    tenant_queues::Entity::find_by_id(tenant).lock_exclusive().one(tx).await?;
    let count = Query::select()
        .expr(Expr::col(jobs::Column::Id).count())
        .from(jobs::Entity)
        .and_where(Expr::col(jobs::Column::TenantId).eq(tenant))
        .and_where(Expr::col(jobs::Column::State).eq(JobState::Running.to_string()))
        .take();
    let update = Query::update()
        .table(tenant_queues::Entity)
        .value(tenant_queues::Column::Running, once(count))
        .and_where(Expr::col(tenant_queues::Column::TenantId).eq(tenant))
        .take();
    tx.execute(&update).await?;
    Ok(())
}

/// The one value that a query gives, for `=`. With `IN`, PostgreSQL may run the query for every row of the table around
/// it, and a query that skips what is locked then gives another row each time.
fn once(query: SelectStatement) -> Expr {
    Expr::SubQuery(None, Box::new(query.into()))
}

/// Jobs that may begin: those of a session of which something is still to be removed wait for that.
fn ready(now: Timestamp) -> Expr {
    Expr::col((jobs::Entity, jobs::Column::State))
        .eq(JobState::Ready.to_string())
        .and(Expr::col((jobs::Entity, jobs::Column::NotBefore)).lte(now.0))
        .and(Expr::exists(removals::of_job(now)).not())
}

fn alive() -> Expr {
    jobs::Column::State.is_in([JobState::Ready.to_string(), JobState::Running.to_string()])
}

fn held_by(job: &Job, worker: Uuid) -> Expr {
    jobs::Column::Id
        .eq(job.id.0)
        .and(jobs::Column::TenantId.eq(job.tenant_id.0))
        .and(jobs::Column::State.eq(JobState::Running.to_string()))
        .and(jobs::Column::LeaseOwner.eq(worker))
}

impl TryFrom<jobs::Model> for Job {
    type Error = DbError;
    fn try_from(r: jobs::Model) -> Result<Self> {
        Ok(Self {
            id: r.id.into(),
            tenant_id: r.tenant_id.into(),
            kind: word("job kind", &r.kind)?,
            session_id: r.session_id.into(),
            state: word("job state", &r.state)?,
            priority: r.priority,
            attempt: r.attempt as u32,
            error: r.error,
        })
    }
}
