//! The ledger of minutes as people read it: its rows by page, and what was used by day.

use super::{
    Db, DbError, Result,
    entity::{minute_transactions, sessions, users},
    error::word,
    minutes::of,
};
use domain::{
    MinuteTransactionId, TenantId, Timestamp,
    minutes::{MinuteCause, MinuteTransaction},
};
use sea_orm::{
    ColumnTrait, Condition, EntityTrait, ExprTrait, FromQueryResult, QueryFilter, QueryOrder, QuerySelect, Statement,
};
use std::collections::HashMap;
use uuid::Uuid;

/// A row with the names around it.
#[derive(Clone, Debug, PartialEq)]
#[allow(missing_docs)]
pub struct MinuteRow {
    pub transaction: MinuteTransaction,
    /// `None` where it is not about a session, or that has been erased.
    pub session_name: Option<String>,
    /// `None` where nobody in particular wrote it, or that user is gone.
    pub user_name: Option<String>,
}

/// Where a page of the ledger begins.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[allow(missing_docs)]
pub struct MinuteCursor {
    pub at: Timestamp,
    pub id: MinuteTransactionId,
}

/// Seconds of session time that one row speaks of.
#[derive(Clone, Copy, Debug, PartialEq, Eq, FromQueryResult)]
struct UseRow {
    created_at: i64,
    used: i64,
    included: i64,
    not_charged: i64,
}

/// Session time that was written at one instant, in seconds; negative where an earlier row is corrected.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct MinuteUse {
    /// When it was written.
    pub at: Timestamp,
    /// How long sessions were active.
    pub used: i64,
    /// What of it included minutes gave.
    pub included: i64,
    /// What of it was charged to nobody: not counted, or nothing was left.
    pub not_charged: i64,
}

impl MinuteUse {
    /// What of it purchased minutes gave.
    pub fn purchased(&self) -> i64 {
        self.used - self.included - self.not_charged
    }

    /// Adds another's seconds.
    pub fn add(&mut self, other: &Self) {
        self.used += other.used;
        self.included += other.included;
        self.not_charged += other.not_charged;
    }
}

impl Db {
    /// At most `most` rows of a tenant's ledger, newest first: those older than `before`, written from `from` to before `to`.
    pub async fn minute_rows(
        &self,
        tenant: TenantId,
        (from, to): (Timestamp, Timestamp),
        before: Option<MinuteCursor>,
        most: u64,
    ) -> Result<Vec<MinuteRow>> {
        use minute_transactions::Column as C;
        let mut which = Condition::all().add(of(tenant)).add(C::CreatedAt.gte(from.0)).add(C::CreatedAt.lt(to.0));
        if let Some(before) = before {
            let same = Condition::all().add(C::CreatedAt.eq(before.at.0)).add(C::Id.lt(before.id.0));
            which = which.add(Condition::any().add(C::CreatedAt.lt(before.at.0)).add(same));
        }
        let rows = minute_transactions::Entity::find()
            .filter(which)
            .order_by_desc(C::CreatedAt)
            .order_by_desc(C::Id)
            .limit(most)
            .all(&self.conn)
            .await?;
        let sessions = self.session_names(tenant, rows.iter().filter_map(|row| row.session_id)).await?;
        let users = self.user_names(tenant, rows.iter().filter_map(|row| row.user_id)).await?;
        let named = |row: minute_transactions::Model| {
            let session_name = row.session_id.and_then(|id| sessions.get(&id).cloned());
            let user_name = row.user_id.and_then(|id| users.get(&id).cloned());
            Ok(MinuteRow { transaction: row.try_into()?, session_name, user_name })
        };
        rows.into_iter().map(named).collect()
    }

    /// What of a tenant's session time was written from `from` to before `to`, by instant.
    pub async fn minutes_used(&self, tenant: TenantId, from: Timestamp, to: Timestamp) -> Result<Vec<MinuteUse>> {
        let sql = "SELECT created_at, \
            CAST(SUM(CASE WHEN cause = 'not_charged' THEN 0 ELSE -seconds END) AS bigint) AS used, \
            CAST(SUM(-included_seconds) AS bigint) AS included, \
            CAST(SUM(CASE WHEN cause = 'not_charged' THEN seconds WHEN NOT counted THEN -seconds ELSE 0 END) AS bigint) \
              AS not_charged \
            FROM minute_transactions \
            WHERE tenant_id = $1 AND created_at >= $2 AND created_at < $3 \
              AND cause IN ('session', 'session_changed', 'not_charged') \
            GROUP BY created_at ORDER BY created_at";
        let values = [tenant.0.into(), from.0.into(), to.0.into()];
        let query = Statement::from_sql_and_values(self.conn.get_database_backend(), sql, values);
        let rows = UseRow::find_by_statement(query).all(&self.conn).await?;
        let of_row = |UseRow { created_at, used, included, not_charged }: UseRow| MinuteUse {
            at: Timestamp(created_at),
            used,
            included,
            not_charged,
        };
        Ok(rows.into_iter().map(of_row).collect())
    }

    /// When a tenant's session time was first written.
    pub async fn first_minute_used(&self, tenant: TenantId) -> Result<Option<Timestamp>> {
        use minute_transactions::Column as C;
        let first = minute_transactions::Entity::find()
            .filter(of(tenant))
            .filter(C::Cause.eq(MinuteCause::Session.to_string()))
            .order_by_asc(C::CreatedAt)
            .limit(1);
        Ok(first.one(&self.conn).await?.map(|row| Timestamp(row.created_at)))
    }

    async fn session_names(&self, tenant: TenantId, ids: impl Iterator<Item = Uuid>) -> Result<HashMap<Uuid, String>> {
        use sessions::Column as C;
        let which = C::TenantId.eq(tenant.0).and(C::Id.is_in(ids));
        let found = sessions::Entity::find().select_only().columns([C::Id, C::Name]).filter(which).into_tuple();
        Ok(found.all(&self.conn).await?.into_iter().collect())
    }

    async fn user_names(&self, tenant: TenantId, ids: impl Iterator<Item = Uuid>) -> Result<HashMap<Uuid, String>> {
        use users::Column as C;
        let which = C::TenantId.eq(tenant.0).and(C::Id.is_in(ids));
        let found = users::Entity::find().select_only().columns([C::Id, C::FullName]).filter(which).into_tuple();
        Ok(found.all(&self.conn).await?.into_iter().collect())
    }
}

impl TryFrom<minute_transactions::Model> for MinuteTransaction {
    type Error = DbError;
    fn try_from(r: minute_transactions::Model) -> Result<Self> {
        Ok(Self {
            id: r.id.into(),
            tenant_id: r.tenant_id.into(),
            kind: word("minute kind", &r.kind)?,
            cause: word("minute cause", &r.cause)?,
            seconds: r.seconds,
            included_seconds: r.included_seconds,
            counted: r.counted,
            session_id: r.session_id.map(Into::into),
            period: r.period,
            reason: r.reason,
            user_id: r.user_id.map(Into::into),
            created_at: Timestamp(r.created_at),
        })
    }
}
