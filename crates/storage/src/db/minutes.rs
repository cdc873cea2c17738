//! Minutes: the ledger of a tenant's active session time, in seconds. Rows are added and never changed; whoever adds some that
//! depend on the balance holds the tenant's row meanwhile.

use super::{
    Db, DbError, Result, Rule, audit,
    entity::{minute_reservations, minute_transactions, sessions, tenants},
    sessions::known_by_key,
    unfinished::FILE_KEY,
};
use domain::{
    SessionId, TenantId, Timestamp, UserId,
    audit::{self as audit_entry, Action, Actor, ActorKind},
    minutes::{MinuteCause, MinuteTransaction, Pool, month},
};
use sea_orm::{
    ColumnTrait, ConnectionTrait, DatabaseTransaction, EntityTrait, ExprTrait, FromQueryResult, QueryFilter,
    QueryOrder, QuerySelect, Statement,
    sea_query::{Expr, LockType},
};
use std::net::IpAddr;
use uuid::Uuid;

/// What a session keeps for itself when it starts, in seconds, and what must be left for it.
pub const RESERVED_SECONDS: i64 = 60;
/// A session that began so many seconds before the server heard of it took place while its device was out of reach.
pub const OUT_OF_REACH_SECONDS: f64 = 120.0;

/// What a tenant has, in seconds.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[allow(missing_docs)]
pub struct Balance {
    pub pool: Pool,
    /// What running sessions keep for themselves.
    pub reserved: i64,
}

impl Balance {
    /// Seconds that a new session could take.
    pub fn available(&self) -> i64 {
        Ord::max(self.pool.left() - self.reserved, 0)
    }
}

/// Minutes that somebody adds.
#[derive(Clone, Debug)]
pub struct NewPack {
    /// More than 0.
    pub seconds: i64,
    /// A sentence, such as the number of the invoice.
    pub reason: Option<String>,
    /// The same key adds one pack.
    pub idempotency_key: Option<String>,
}

/// Who changes something, as the audit log notes it.
#[derive(Clone, Debug)]
#[allow(missing_docs)]
pub struct By {
    pub actor: Actor,
    pub address: Option<IpAddr>,
}

impl Db {
    /// What a tenant has left; `None` where minutes are not counted. Brings this month's included minutes first.
    pub async fn minute_balance(&self, tenant: TenantId, now: Timestamp) -> Result<Option<Balance>> {
        let Some(row) = tenants::Entity::find_by_id(tenant.0).one(&self.conn).await? else { return Ok(None) };
        if row.included_minutes.is_none() {
            return Ok(None);
        }
        self.bring_month(&row, now).await?;
        Ok(Some(balance(&self.conn, tenant).await?))
    }

    /// Sets how many minutes each month brings, at once and from now on; `None` leaves minutes uncounted. What this month had
    /// brought is corrected by the difference, as far as it has not been used.
    pub async fn set_included_minutes(
        &self,
        tenant: TenantId,
        minutes: Option<u32>,
        by: By,
        now: Timestamp,
    ) -> Result<()> {
        let tx = self.begin().await?;
        let Some(mut row) = locked_tenant(&tx, tenant).await? else { return Ok(()) };
        let before = row.included_minutes;
        row.included_minutes = minutes.map(i64::from);
        tenants::Entity::update_many()
            .col_expr(tenants::Column::IncludedMinutes, Expr::value(row.included_minutes))
            .filter(tenants::Column::Id.eq(tenant.0))
            .exec(&tx)
            .await?;
        if let Some(minutes) = row.included_minutes
            && !refresh(&tx, &row, now).await?
        {
            let period = month(now, &row.timezone);
            let brought = brought_in(&tx, tenant, &period).await?;
            let most_back = -Ord::max(pool(&tx, tenant).await?.included, 0);
            let difference = Ord::max(minutes * 60 - brought, most_back);
            if difference != 0 {
                let from = before.map_or_else(|| "none".to_owned(), |minutes| minutes.to_string());
                let reason = format!("Included minutes set from {from} to {minutes} a month");
                let new = Entry {
                    included_seconds: difference,
                    period: Some(period),
                    reason: Some(reason),
                    user: by.user(),
                    ..Entry::new(MinuteCause::IncludedChanged, difference)
                };
                append(&tx, tenant, new, now).await?;
            }
        }
        let noted = by.act(Action::IncludedMinutesChanged).with("from", before).with("to", minutes);
        audit::append(&tx, tenant, &noted, now).await?;
        tx.commit().await?;
        Ok(())
    }

    /// Adds minutes that do not expire. The flag is `false` when the same key had added them before.
    /// [`Rule::MinutesNotCounted`] where they are not counted.
    pub async fn add_minutes(
        &self,
        tenant: TenantId,
        pack: NewPack,
        by: By,
        now: Timestamp,
    ) -> Result<(MinuteTransaction, bool)> {
        let tx = self.begin().await?;
        counted(&tx, tenant).await?;
        if let Some(key) = &pack.idempotency_key {
            let known = of(tenant).and(minute_transactions::Column::IdempotencyKey.eq(key.as_str()));
            if let Some(known) = minute_transactions::Entity::find().filter(known).one(&tx).await? {
                return Ok((known.try_into()?, false));
            }
        }
        let new = Entry {
            reason: pack.reason,
            user: by.user(),
            idempotency_key: pack.idempotency_key,
            ..Entry::new(MinuteCause::Pack, pack.seconds)
        };
        let noted =
            by.act(Action::MinutesAdded).with("minutes", minutes(new.seconds)).with("reason", new.reason.clone());
        let row = append(&tx, tenant, new, now).await?;
        audit::append(&tx, tenant, &noted, now).await?;
        tx.commit().await?;
        Ok((row, true))
    }

    /// Gives or takes seconds, with a reason. Taken are included ones first, and [`Rule::TooFewMinutes`] when there are not as
    /// many; given ones do not expire. [`Rule::MinutesNotCounted`] where they are not counted.
    pub async fn adjust_minutes(
        &self,
        tenant: TenantId,
        seconds: i64,
        reason: &str,
        by: By,
        now: Timestamp,
    ) -> Result<MinuteTransaction> {
        let tx = self.begin().await?;
        let row = counted(&tx, tenant).await?;
        refresh(&tx, &row, now).await?;
        let pool = pool(&tx, tenant).await?;
        let taken = pool.take(Ord::max(-seconds, 0));
        if taken.beyond > 0 {
            return Err(Rule::TooFewMinutes(pool.left() / 60).into());
        }
        let new = Entry {
            included_seconds: -taken.included,
            reason: Some(reason.to_owned()),
            user: by.user(),
            ..Entry::new(MinuteCause::ByHand, seconds)
        };
        let row = append(&tx, tenant, new, now).await?;
        let noted = by.act(Action::MinutesAdjusted).with("minutes", minutes(seconds)).with("reason", reason);
        audit::append(&tx, tenant, &noted, now).await?;
        tx.commit().await?;
        Ok(row)
    }

    /// Brings every tenant the included minutes of its month, if it has not got them. Returns how many got some.
    pub async fn refresh_minutes(&self, now: Timestamp) -> Result<u64> {
        let counted = tenants::Column::IncludedMinutes.is_not_null();
        let mut refreshed = 0;
        for row in tenants::Entity::find().filter(counted).all(&self.conn).await? {
            refreshed += u64::from(self.bring_month(&row, now).await?);
        }
        Ok(refreshed)
    }

    async fn bring_month(&self, row: &tenants::Model, now: Timestamp) -> Result<bool> {
        if has_month(&self.conn, row, now).await? {
            return Ok(false);
        }
        let tx = self.begin().await?;
        let Some(row) = locked_tenant(&tx, row.id.into()).await? else { return Ok(false) };
        let is_new = refresh(&tx, &row, now).await?;
        tx.commit().await?;
        Ok(is_new)
    }
}

impl By {
    pub(crate) fn user(&self) -> Option<UserId> {
        self.actor.id.filter(|_| self.actor.kind == ActorKind::User).map(UserId)
    }

    pub(crate) fn act(self, action: Action) -> audit_entry::Entry {
        audit_entry::Entry::new(self.actor, action).from(self.address)
    }
}

/// As the audit log tells it.
fn minutes(seconds: i64) -> f64 {
    seconds as f64 / 60.0
}

/// Whether a new session may begin, and how many seconds it keeps for itself. Holds a counted tenant's row, so that of two
/// sessions that begin at once one sees what the other keeps.
pub(crate) async fn admit(
    tx: &DatabaseTransaction,
    tenant: TenantId,
    new: &sessions::Model,
    now: Timestamp,
) -> Result<Option<i64>> {
    let row = tenants::Entity::find_by_id(tenant.0).one(tx).await?;
    if is_file(new) || row.is_none_or(|row| row.included_minutes.is_none()) {
        return Ok(None);
    }
    let Some(row) = locked_tenant(tx, tenant).await? else { return Ok(None) };
    // An answer that was lost: the session runs.
    if known_by_key(tx, new).await?.is_some() {
        return Ok(None);
    }
    refresh(tx, &row, now).await?;
    if balance(tx, tenant).await?.available() >= RESERVED_SECONDS {
        return Ok(Some(RESERVED_SECONDS));
    }
    let took_place = now.seconds_since(Timestamp(new.started_at)) >= OUT_OF_REACH_SECONDS;
    if took_place { Ok(None) } else { Err(Rule::NoMinutes.into()) }
}

/// Keeps seconds for a session that has begun.
pub(crate) async fn reserve(
    tx: &DatabaseTransaction,
    tenant: TenantId,
    session: SessionId,
    seconds: Option<i64>,
) -> Result<()> {
    let Some(seconds) = seconds else { return Ok(()) };
    let row = minute_reservations::Model { session_id: session.0, tenant_id: tenant.0, seconds };
    minute_reservations::Entity::insert(minute_reservations::ActiveModel::from(row)).exec_without_returning(tx).await?;
    Ok(())
}

/// Whether the recording of a session is a file that somebody brought in: no session was active then.
pub(crate) fn is_file(session: &sessions::Model) -> bool {
    session.idempotency_key.as_deref().is_some_and(|key| key.starts_with(FILE_KEY))
}

/// A row to be.
#[derive(Clone, Debug)]
pub(crate) struct Entry {
    pub cause: MinuteCause,
    pub seconds: i64,
    pub included_seconds: i64,
    pub counted: bool,
    pub session: Option<SessionId>,
    pub period: Option<String>,
    pub reason: Option<String>,
    pub user: Option<UserId>,
    pub idempotency_key: Option<String>,
}

impl Entry {
    pub fn new(cause: MinuteCause, seconds: i64) -> Self {
        Self {
            cause,
            seconds,
            included_seconds: 0,
            counted: true,
            session: None,
            period: None,
            reason: None,
            user: None,
            idempotency_key: None,
        }
    }
}

pub(crate) async fn append(
    tx: &DatabaseTransaction,
    tenant: TenantId,
    new: Entry,
    now: Timestamp,
) -> Result<MinuteTransaction> {
    let row = minute_transactions::Model {
        id: Uuid::now_v7(),
        tenant_id: tenant.0,
        kind: new.cause.kind().to_string(),
        cause: new.cause.to_string(),
        seconds: new.seconds,
        included_seconds: new.included_seconds,
        counted: new.counted,
        session_id: new.session.map(|id| id.0),
        period: new.period,
        reason: new.reason,
        user_id: new.user.map(|id| id.0),
        idempotency_key: new.idempotency_key,
        created_at: now.0,
    };
    let insert = minute_transactions::Entity::insert(minute_transactions::ActiveModel::from(row.clone()));
    insert.exec_without_returning(tx).await?;
    row.try_into()
}

/// A tenant's row, held until the transaction ends. References to it do not wait for it.
pub(crate) async fn locked_tenant(tx: &DatabaseTransaction, tenant: TenantId) -> Result<Option<tenants::Model>> {
    Ok(tenants::Entity::find_by_id(tenant.0).lock(LockType::NoKeyUpdate).one(tx).await?)
}

async fn counted(tx: &DatabaseTransaction, tenant: TenantId) -> Result<tenants::Model> {
    let row = locked_tenant(tx, tenant).await?.ok_or_else(|| DbError::Refused("there is no such tenant".into()))?;
    if row.included_minutes.is_none() {
        return Err(Rule::MinutesNotCounted.into());
    }
    Ok(row)
}

/// Brings a tenant, whose row is held, the included minutes of its month; `false` when it has got them. What is left of an
/// earlier month's lapses.
pub(crate) async fn refresh(tx: &DatabaseTransaction, row: &tenants::Model, now: Timestamp) -> Result<bool> {
    let (tenant, period) = (TenantId(row.id), month(now, &row.timezone));
    let Some(minutes) = row.included_minutes else { return Ok(false) };
    if has_month(tx, row, now).await? {
        return Ok(false);
    }
    let left = pool(tx, tenant).await?.included;
    let of_month = |cause, seconds| Entry {
        included_seconds: seconds,
        period: Some(period.clone()),
        ..Entry::new(cause, seconds)
    };
    if left > 0 {
        append(tx, tenant, of_month(MinuteCause::Lapsed, -left), now).await?;
    }
    append(tx, tenant, of_month(MinuteCause::Granted, minutes * 60), now).await?;
    Ok(true)
}

/// Whether a tenant has got the included minutes of its month, or of a later one by another server's clock.
async fn has_month(conn: &impl ConnectionTrait, row: &tenants::Model, now: Timestamp) -> Result<bool> {
    use minute_transactions::Column as C;
    let granted = of(row.id.into()).and(C::Cause.eq(MinuteCause::Granted.to_string()));
    let newest =
        minute_transactions::Entity::find().filter(granted).order_by_desc(C::Period).limit(1).one(conn).await?;
    Ok(newest.and_then(|row| row.period).is_some_and(|period| period >= month(now, &row.timezone)))
}

#[derive(FromQueryResult)]
struct Sums {
    included: i64,
    purchased: i64,
}

#[derive(FromQueryResult)]
struct Sum {
    seconds: i64,
}

/// What a tenant has, whatever is kept for running sessions.
pub(crate) async fn pool(conn: &impl ConnectionTrait, tenant: TenantId) -> Result<Pool> {
    let sums = "SELECT CAST(COALESCE(SUM(included_seconds), 0) AS bigint) AS included, \
        CAST(COALESCE(SUM(seconds - included_seconds), 0) AS bigint) AS purchased \
        FROM minute_transactions WHERE tenant_id = $1 AND counted";
    let query = Statement::from_sql_and_values(conn.get_database_backend(), sums, [tenant.0.into()]);
    let sums = Sums::find_by_statement(query).one(conn).await?;
    Ok(sums.map_or_else(Pool::default, |Sums { included, purchased }| Pool { included, purchased }))
}

async fn balance(conn: &impl ConnectionTrait, tenant: TenantId) -> Result<Balance> {
    let sum =
        "SELECT CAST(COALESCE(SUM(seconds), 0) AS bigint) AS seconds FROM minute_reservations WHERE tenant_id = $1";
    let query = Statement::from_sql_and_values(conn.get_database_backend(), sum, [tenant.0.into()]);
    let reserved = Sum::find_by_statement(query).one(conn).await?.map_or(0, |sum| sum.seconds);
    Ok(Balance { pool: pool(conn, tenant).await?, reserved })
}

/// What a month has brought, with its corrections.
async fn brought_in(conn: &impl ConnectionTrait, tenant: TenantId, period: &str) -> Result<i64> {
    let sum = "SELECT CAST(COALESCE(SUM(seconds), 0) AS bigint) AS seconds FROM minute_transactions \
        WHERE tenant_id = $1 AND period = $2 AND cause IN ('granted', 'included_changed')";
    let query = Statement::from_sql_and_values(conn.get_database_backend(), sum, [tenant.0.into(), period.into()]);
    Ok(Sum::find_by_statement(query).one(conn).await?.map_or(0, |sum| sum.seconds))
}

pub(crate) fn of(tenant: TenantId) -> Expr {
    minute_transactions::Column::TenantId.eq(tenant.0)
}
