//! The audit log: appended to in the transaction of the act where there is one, read by page, never changed.

use super::{
    Db, DbError, Result,
    entity::audit_entries,
    error::{json, to_json, word},
    like::within,
};
use domain::{
    TenantId, Timestamp,
    audit::{Actor, Entry, Noted, Target},
};
use sea_orm::{
    ColumnTrait, ConnectionTrait, EntityTrait, ExprTrait, QueryFilter, QueryOrder, QuerySelect,
    sea_query::{Expr, Func},
};
use uuid::Uuid;

/// Which entries are asked for; every field that is set narrows.
#[derive(Clone, Debug, Default)]
pub struct AuditFilter {
    /// Part of the name of who did it; capitals do not matter.
    pub who: Option<String>,
    /// The dotted word.
    pub action: Option<String>,
    /// From this instant on.
    pub from: Option<Timestamp>,
    /// Before this instant.
    pub until: Option<Timestamp>,
}

/// Where a page of entries ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[allow(missing_docs)]
pub struct AuditCursor {
    pub at: Timestamp,
    pub id: Uuid,
}

/// A page of entries, newest first.
#[derive(Clone, Debug, PartialEq)]
pub struct AuditPage {
    /// The entries.
    pub entries: Vec<Noted>,
    /// Where the older ones begin, if there are any.
    pub older: Option<AuditCursor>,
}

/// Notes an act in the transaction in which it is done.
pub(crate) async fn append(tx: &impl ConnectionTrait, tenant: TenantId, entry: &Entry, now: Timestamp) -> Result<()> {
    let (kind, id, name) = match entry.target.clone() {
        Some(target) => (Some(target.kind), Some(target.id), Some(target.name)),
        None => (None, None, None),
    };
    let row = audit_entries::Model {
        id: Uuid::now_v7(),
        tenant_id: tenant.0,
        at: now.0,
        actor_kind: entry.actor.kind.to_string(),
        actor_id: entry.actor.id,
        actor_name: entry.actor.name.clone(),
        action: entry.action.to_string(),
        target_kind: kind,
        target_id: id,
        target_name: name,
        detail: to_json("audit detail", &entry.detail)?,
        address: entry.address.map(|address| address.to_canonical().to_string()),
    };
    audit_entries::Entity::insert(audit_entries::ActiveModel::from(row)).exec_without_returning(tx).await?;
    Ok(())
}

impl Db {
    /// Notes an act that has no transaction of its own.
    pub async fn audit(&self, tenant: TenantId, entry: &Entry, now: Timestamp) -> Result<()> {
        append(&self.conn, tenant, entry, now).await
    }

    /// Entries of a tenant, newest first, at most `limit`; those older than `before` where it is given.
    pub async fn audit_page(
        &self,
        tenant: TenantId,
        filter: &AuditFilter,
        before: Option<AuditCursor>,
        limit: u64,
    ) -> Result<AuditPage> {
        use audit_entries::Column::{Action, ActorName, At, Id, TenantId};
        let mut query = audit_entries::Entity::find().filter(TenantId.eq(tenant.0));
        if let Some(who) = &filter.who {
            let pattern = within(&who.to_lowercase());
            query = query.filter(Expr::expr(Func::lower(Expr::col(ActorName))).like(pattern));
        }
        if let Some(action) = &filter.action {
            query = query.filter(Action.eq(action));
        }
        if let Some(from) = filter.from {
            query = query.filter(At.gte(from.0));
        }
        if let Some(until) = filter.until {
            query = query.filter(At.lt(until.0));
        }
        if let Some(before) = before {
            query = query.filter(At.lt(before.at.0).or(At.eq(before.at.0).and(Id.lt(before.id))));
        }
        let ordered = query.order_by_desc(At).order_by_desc(Id).limit(limit + 1);
        let mut rows = ordered.all(&self.conn).await?;
        let more = rows.len() as u64 > limit;
        rows.truncate(limit as usize);
        let older = rows.last().filter(|_| more).map(|last| AuditCursor { at: Timestamp(last.at), id: last.id });
        let entries = rows.into_iter().map(Noted::try_from).collect::<Result<_>>()?;
        Ok(AuditPage { entries, older })
    }
}

impl TryFrom<audit_entries::Model> for Noted {
    type Error = DbError;
    fn try_from(r: audit_entries::Model) -> Result<Self> {
        let target = match (r.target_kind, r.target_id, r.target_name) {
            (Some(kind), Some(id), Some(name)) => Some(Target { kind, id, name }),
            _ => None,
        };
        Ok(Self {
            id: r.id,
            at: Timestamp(r.at),
            actor: Actor { kind: word("actor kind", &r.actor_kind)?, id: r.actor_id, name: r.actor_name },
            action: r.action,
            target,
            detail: json("audit detail", &r.detail)?,
            address: r.address,
        })
    }
}
