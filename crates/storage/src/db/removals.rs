//! Removals: which sessions have objects that are to go, as what they hold was deleted. Written in the transaction of the
//! deletion, so that neither an error of the disk nor a crash keeps what somebody had deleted.

use super::{
    Db, Result,
    entity::{jobs, removals, sessions, uploads},
    person_exports,
    phases::locked,
    results,
    uploads::{UploadState, of_session},
};
use domain::{SessionId, TenantId, Timestamp, UploadId, job::JobState};
use sea_orm::{
    ColumnTrait, ConnectionTrait, DatabaseTransaction, EntityTrait, ExprTrait, QueryFilter, QueryOrder, QuerySelect,
    sea_query::{Expr, OnConflict, Query, SelectStatement},
};
use std::sync::atomic::Ordering;
use uuid::Uuid;

/// Whoever removes and does not renew that has so long, in seconds, until another may begin.
pub(crate) const LEASE_SECONDS: f64 = 15.0;
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
    /// Whether what went by age is to go, too.
    pub aged: bool,
    /// Attempts before this one.
    pub attempts: u32,
    version: i64,
    /// Whether the objects have gone once, and what is looked for now are those that were on their way then.
    pub(crate) swept: bool,
    owner: Uuid,
}

/// An upload of which nothing is kept.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct DeletedUpload {
    /// Its objects stand under this, where they came in several requests.
    pub id: UploadId,
    /// Its number.
    pub part: u32,
    /// How often its objects have been looked for: once, and once more for what was on its way then.
    pub sweeps: u32,
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
        let owner = Uuid::new_v4();
        let claimed = removals::Entity::update_many()
            .col_expr(C::LeaseUntil, Expr::value(now.plus_seconds(LEASE_SECONDS).0))
            .col_expr(C::LeaseOwner, Expr::value(owner))
            .filter(of(tenant, session))
            .filter(C::LeaseUntil.lt(now.0))
            .filter(C::Results.eq(false).and(C::Aged.eq(false)).or(Expr::exists(runs).not()))
            .exec_with_returning(&self.conn)
            .await?;
        Ok(claimed.first().map(|row| Removal::of(row, owner)))
    }

    /// Holds a removal for longer; `false` when another has it.
    pub async fn renew_removal(&self, removal: &Removal, now: Timestamp) -> Result<bool> {
        let renewed = removals::Entity::update_many()
            .col_expr(removals::Column::LeaseUntil, Expr::value(now.plus_seconds(LEASE_SECONDS).0))
            .filter(held(removal))
            .exec(&self.conn)
            .await?;
        Ok(renewed.rows_affected > 0)
    }

    /// The uploads of a session of which nothing is kept, by part.
    pub async fn deleted_uploads(&self, tenant: TenantId, session: SessionId) -> Result<Vec<DeletedUpload>> {
        use uploads::Column as C;
        let rows: Vec<(Uuid, i64, i64)> = uploads::Entity::find()
            .select_only()
            .columns([C::Id, C::Part, C::Sweeps])
            .filter(of_session(tenant, session))
            .filter(C::State.eq(UploadState::Deleted.to_string()))
            .order_by_asc(C::Part)
            .into_tuple()
            .all(&self.conn)
            .await?;
        let upload = |(id, part, sweeps): (Uuid, i64, i64)| DeletedUpload {
            id: id.into(),
            part: part as u32,
            sweeps: sweeps as u32,
        };
        Ok(rows.into_iter().map(upload).collect())
    }

    /// Notes that the objects of a removal are gone. `false` when more was deleted meanwhile, or another has it: it is to be
    /// taken anew.
    pub async fn finish_removal(&self, removal: &Removal, now: Timestamp) -> Result<bool> {
        use removals::Column as C;
        let (tenant, session) = (removal.tenant_id, removal.session_id);
        let tx = self.begin().await?;
        locked(&tx, tenant, session).await?;
        let current = held(removal).and(C::Version.eq(removal.version));
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
        if done > 0 {
            count_sweep(&tx, removal).await?;
        }
        if done > 0 && removal.results {
            // A worker may have written rows until it saw that it was to stop.
            results::take(&tx, tenant, session).await?;
        }
        if done == 0 {
            release(&tx, removal).await?;
        }
        tx.commit().await?;
        self.traces.store(true, Ordering::SeqCst);
        Ok(done > 0)
    }

    /// Gives a removal back that did not succeed, to be tried again at `not_before`.
    pub async fn postpone_removal(&self, removal: &Removal, not_before: Timestamp) -> Result<()> {
        use removals::Column as C;
        removals::Entity::update_many()
            .col_expr(C::Attempts, Expr::col(C::Attempts).add(1))
            .col_expr(C::NotBefore, Expr::value(not_before.0))
            .filter(held(removal))
            .filter(C::Version.eq(removal.version))
            .exec(&self.conn)
            .await?;
        release(&self.conn, removal).await
    }
}

/// Notes that objects of a session are to go: those of its deleted parts and, with the flag, all that was made of its
/// recording. An export that holds them goes, too.
pub(crate) async fn note(
    tx: &DatabaseTransaction,
    tenant: TenantId,
    session: SessionId,
    results: bool,
    now: Timestamp,
) -> Result<()> {
    insert(tx, tenant, session, results, false, now).await
}

/// Notes that the objects of what went by age are to go.
pub(crate) async fn note_aged(
    tx: &DatabaseTransaction,
    tenant: TenantId,
    session: SessionId,
    now: Timestamp,
) -> Result<()> {
    insert(tx, tenant, session, false, true, now).await
}

async fn insert(
    tx: &DatabaseTransaction,
    tenant: TenantId,
    session: SessionId,
    results: bool,
    aged: bool,
    now: Timestamp,
) -> Result<()> {
    use removals::Column as C;
    let of_session = sessions::Entity::find_by_id(session.0).filter(super::sessions::of(tenant));
    if let Some(session) = of_session.one(tx).await? {
        person_exports::withdraw(tx, tenant, session.user_id.into()).await?;
    }
    let row = removals::Model {
        session_id: session.0,
        tenant_id: tenant.0,
        results,
        swept: false,
        version: 1,
        attempts: 0,
        not_before: now.0,
        lease_until: 0,
        lease_owner: None,
        aged,
    };
    let mut again = OnConflict::column(C::SessionId);
    again
        .update_columns([C::Swept, C::Attempts, C::NotBefore])
        .value(C::Version, Expr::col((removals::Entity, C::Version)).add(1))
        .action_and_where(Expr::col((removals::Entity, C::TenantId)).eq(tenant.0));
    if results {
        again.update_column(C::Results);
    }
    if aged {
        again.update_column(C::Aged);
    }
    removals::Entity::insert(removals::ActiveModel::from(row)).on_conflict(again).exec_without_returning(tx).await?;
    Ok(())
}

/// Whether what was made of a session's recording is still to be removed.
pub(crate) async fn is_pending(conn: &impl ConnectionTrait, tenant: TenantId, session: SessionId) -> Result<bool> {
    let pending = removals::Entity::find().filter(of(tenant, session)).filter(removals::Column::Results.eq(true));
    Ok(pending.one(conn).await?.is_some())
}

/// The removals for which a job waits. What went by age goes before anything is made again.
pub(crate) fn of_job(now: Timestamp) -> SelectStatement {
    use removals::Column as C;
    let col = |column: C| Expr::col((removals::Entity, column));
    let going = col(C::Swept).eq(false).or(col(C::LeaseUntil).gte(now.0));
    Query::select()
        .expr(Expr::val(1))
        .from(removals::Entity)
        .and_where(
            Expr::col((removals::Entity, removals::Column::SessionId)).equals((jobs::Entity, jobs::Column::SessionId)),
        )
        .and_where(col(C::Results).eq(true).or(col(C::Aged).eq(true).and(going)))
        .take()
}

async fn release(conn: &impl ConnectionTrait, removal: &Removal) -> Result<()> {
    removals::Entity::update_many()
        // As wide as in `renew_removal`, of which this is the same statement.
        .col_expr(removals::Column::LeaseUntil, Expr::value(0_i64))
        .filter(held(removal))
        .exec(conn)
        .await?;
    Ok(())
}

/// The objects of every part that is deleted now have been looked for.
async fn count_sweep(tx: &DatabaseTransaction, removal: &Removal) -> Result<()> {
    use uploads::Column as C;
    let sweeps: i64 = if removal.swept { 2 } else { 1 };
    uploads::Entity::update_many()
        .col_expr(C::Sweeps, Expr::value(sweeps))
        .filter(of_session(removal.tenant_id, removal.session_id))
        .filter(C::State.eq(UploadState::Deleted.to_string()))
        .filter(C::Sweeps.lt(sweeps))
        .exec(tx)
        .await?;
    Ok(())
}

fn held(removal: &Removal) -> Expr {
    of(removal.tenant_id, removal.session_id).and(removals::Column::LeaseOwner.eq(removal.owner))
}

fn of(tenant: TenantId, session: SessionId) -> Expr {
    removals::Column::TenantId.eq(tenant.0).and(removals::Column::SessionId.eq(session.0))
}

impl Removal {
    fn of(r: &removals::Model, owner: Uuid) -> Self {
        Self {
            tenant_id: r.tenant_id.into(),
            session_id: r.session_id.into(),
            results: r.results,
            aged: r.aged,
            attempts: r.attempts as u32,
            version: r.version,
            swept: r.swept,
            owner,
        }
    }
}
