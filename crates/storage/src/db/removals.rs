//! Removals: which sessions have objects that are to go, as what they hold was deleted. Written in the transaction of the
//! deletion, so that neither an error of the disk nor a crash keeps what somebody had deleted.

use super::{
    Db, Result,
    breaks::take_results,
    entity::{jobs, removals},
    phases::locked,
};
use domain::{SessionId, TenantId, Timestamp, job::JobState};
use sea_orm::{
    ColumnTrait, ConnectionTrait, DatabaseTransaction, EntityTrait, ExprTrait, QueryFilter, QueryOrder, QuerySelect,
    sea_query::{Expr, OnConflict, Query, SelectStatement},
};
use std::sync::atomic::Ordering;

/// Whoever removes has so long, in seconds, until another may begin.
pub(crate) const LEASE_SECONDS: f64 = 120.0;
/// Bytes that were on their way when a stretch was deleted have come or broken off after so many seconds: then the objects
/// are looked through once more.
const LATEST_SECONDS: f64 = 900.0;
/// So many are given at once.
const MOST: u64 = 100;

/// A session whose objects somebody is removing.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[allow(missing_docs)]
pub struct Removal {
    pub tenant_id: TenantId,
    pub session_id: SessionId,
    /// Whether everything that was made of the recording is to go, too.
    pub results: bool,
    /// Attempts before this one.
    pub attempts: u32,
    version: i64,
    swept: bool,
}

impl Db {
    /// Sessions of all tenants of which objects are to be removed now, the longest due first.
    pub async fn due_removals(&self, now: Timestamp) -> Result<Vec<(TenantId, SessionId)>> {
        let rows = removals::Entity::find()
            .filter(removals::Column::NotBefore.lte(now.0).and(removals::Column::LeaseUntil.lt(now.0)))
            .order_by_asc(removals::Column::NotBefore)
            .limit(MOST)
            .all(&self.conn)
            .await?;
        Ok(rows.into_iter().map(|r| (TenantId(r.tenant_id), SessionId(r.session_id))).collect())
    }

    /// Takes the removal of a session's objects; `None` when there is none, another has it, or a job still runs that may
    /// write more of what is to go.
    pub async fn claim_removal(&self, tenant: TenantId, session: SessionId, now: Timestamp) -> Result<Option<Removal>> {
        use removals::Column as C;
        let runs = Query::select()
            .expr(Expr::val(1))
            .from(jobs::Entity)
            .and_where(Expr::col((jobs::Entity, jobs::Column::SessionId)).eq(session.0))
            .and_where(Expr::col((jobs::Entity, jobs::Column::State)).eq(JobState::Running.to_string()))
            .take();
        let claimed = removals::Entity::update_many()
            .col_expr(C::LeaseUntil, Expr::value(now.plus_seconds(LEASE_SECONDS).0))
            .filter(of(tenant, session))
            .filter(C::LeaseUntil.lt(now.0))
            .filter(C::Results.eq(false).or(Expr::exists(runs).not()))
            .exec_with_returning(&self.conn)
            .await?;
        Ok(claimed.first().map(Removal::from))
    }

    /// Notes that the objects of a removal are gone. `false` when more was deleted meanwhile: it is to be taken anew.
    pub async fn finish_removal(&self, removal: &Removal, now: Timestamp) -> Result<bool> {
        use removals::Column as C;
        let (tenant, session) = (removal.tenant_id, removal.session_id);
        let tx = self.begin().await?;
        locked(&tx, tenant, session).await?;
        let current = of(tenant, session).and(C::Version.eq(removal.version));
        let done = if removal.swept {
            removals::Entity::delete_many().filter(current).exec(&tx).await?.rows_affected
        } else {
            let swept = removals::Entity::update_many()
                .col_expr(C::Results, Expr::value(false))
                .col_expr(C::Swept, Expr::value(true))
                .col_expr(C::Attempts, Expr::value(0))
                .col_expr(C::NotBefore, Expr::value(now.plus_seconds(LATEST_SECONDS).0))
                .col_expr(C::LeaseUntil, Expr::value(0));
            swept.filter(current).exec(&tx).await?.rows_affected
        };
        if done > 0 && removal.results {
            // A worker may have written rows until it saw that it was to stop.
            take_results(&tx, tenant, session).await?;
        }
        if done == 0 {
            release(&tx, tenant, session).await?;
        }
        tx.commit().await?;
        self.traces.store(true, Ordering::SeqCst);
        Ok(done > 0)
    }

    /// Gives a removal back that did not succeed, to be tried again at `not_before`.
    pub async fn postpone_removal(&self, removal: &Removal, not_before: Timestamp) -> Result<()> {
        use removals::Column as C;
        let (tenant, session) = (removal.tenant_id, removal.session_id);
        removals::Entity::update_many()
            .col_expr(C::Attempts, Expr::col(C::Attempts).add(1))
            .col_expr(C::NotBefore, Expr::value(not_before.0))
            .filter(of(tenant, session))
            .filter(C::Version.eq(removal.version))
            .exec(&self.conn)
            .await?;
        release(&self.conn, tenant, session).await
    }
}

/// Notes that objects of a session are to go: those of its deleted parts and, with the flag, all that was made of its
/// recording.
pub(crate) async fn note(
    tx: &DatabaseTransaction,
    tenant: TenantId,
    session: SessionId,
    results: bool,
    now: Timestamp,
) -> Result<()> {
    use removals::Column as C;
    let row = removals::Model {
        session_id: session.0,
        tenant_id: tenant.0,
        results,
        swept: false,
        version: 1,
        attempts: 0,
        not_before: now.0,
        lease_until: 0,
    };
    let mut again = OnConflict::column(C::SessionId);
    again
        .update_columns([C::Swept, C::Attempts, C::NotBefore])
        .value(C::Version, Expr::col((removals::Entity, C::Version)).add(1))
        .action_and_where(Expr::col((removals::Entity, C::TenantId)).eq(tenant.0));
    if results {
        again.update_column(C::Results);
    }
    removals::Entity::insert(removals::ActiveModel::from(row)).on_conflict(again).exec_without_returning(tx).await?;
    Ok(())
}

/// Whether what was made of a session's recording is still to be removed.
pub(crate) async fn is_pending(conn: &impl ConnectionTrait, tenant: TenantId, session: SessionId) -> Result<bool> {
    let pending = removals::Entity::find().filter(of(tenant, session)).filter(removals::Column::Results.eq(true));
    Ok(pending.one(conn).await?.is_some())
}

/// The removals for which a job waits.
pub(crate) fn of_job() -> SelectStatement {
    Query::select()
        .expr(Expr::val(1))
        .from(removals::Entity)
        .and_where(
            Expr::col((removals::Entity, removals::Column::SessionId)).equals((jobs::Entity, jobs::Column::SessionId)),
        )
        .and_where(Expr::col((removals::Entity, removals::Column::Results)).eq(true))
        .take()
}

async fn release(conn: &impl ConnectionTrait, tenant: TenantId, session: SessionId) -> Result<()> {
    removals::Entity::update_many()
        .col_expr(removals::Column::LeaseUntil, Expr::value(0))
        .filter(of(tenant, session))
        .exec(conn)
        .await?;
    Ok(())
}

fn of(tenant: TenantId, session: SessionId) -> Expr {
    removals::Column::TenantId.eq(tenant.0).and(removals::Column::SessionId.eq(session.0))
}

impl From<&removals::Model> for Removal {
    fn from(r: &removals::Model) -> Self {
        Self {
            tenant_id: r.tenant_id.into(),
            session_id: r.session_id.into(),
            results: r.results,
            attempts: r.attempts as u32,
            version: r.version,
            swept: r.swept,
        }
    }
}
