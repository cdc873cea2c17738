//! Legal holds: what they hold does not go by age and is not erased.

use super::{
    Db, Result, Rule, audit,
    entity::{legal_holds, sessions, users},
    phases::locked,
};
use domain::{SessionId, TenantId, Timestamp, UserId, audit::Entry, legal_hold::LegalHold};
use sea_orm::{
    ColumnTrait, ConnectionTrait, EntityTrait, ExprTrait, QueryFilter, QueryOrder,
    sea_query::{Expr, Query},
};
use std::collections::HashMap;
use uuid::Uuid;

impl Db {
    /// Holds a session, or with `None` everything of the tenant, and notes it; `None` when there is no such session. `entry` gets
    /// its target here.
    pub async fn place_hold(
        &self,
        tenant: TenantId,
        session: Option<SessionId>,
        reason: &str,
        (by, entry): (Option<UserId>, Entry),
        now: Timestamp,
    ) -> Result<Option<Uuid>> {
        let tx = self.begin().await?;
        let entry = match session {
            Some(id) => {
                // Held, so that what goes just now has gone or stays.
                let Some(row) = locked(&tx, tenant, id).await? else { return Ok(None) };
                entry.on("session", id, row.name)
            }
            None => entry.on("tenant", tenant, ""),
        };
        let row = legal_holds::Model {
            id: Uuid::now_v7(),
            tenant_id: tenant.0,
            session_id: session.map(|id| id.0),
            reason: reason.to_owned(),
            placed_by: by.map(|user| user.0),
            placed_at: now.0,
        };
        let id = row.id;
        legal_holds::Entity::insert(legal_holds::ActiveModel::from(row)).exec_without_returning(&tx).await?;
        audit::append(&tx, tenant, &entry.with("reason", reason), now).await?;
        tx.commit().await?;
        Ok(Some(id))
    }

    /// Lifts a hold and notes it; `false` when there is none. `entry` gets its target here.
    pub async fn lift_hold(&self, tenant: TenantId, id: Uuid, entry: Entry, now: Timestamp) -> Result<bool> {
        let Some(hold) = self.legal_holds(tenant).await?.into_iter().find(|hold| hold.id == id) else {
            return Ok(false);
        };
        let entry = match hold.session {
            Some((session, name)) => entry.on("session", session, name),
            None => entry.on("tenant", tenant, ""),
        };
        let tx = self.begin().await?;
        let lifted = legal_holds::Entity::delete_by_id(id).filter(of(tenant)).exec(&tx).await?;
        if lifted.rows_affected == 0 {
            return Ok(false);
        }
        audit::append(&tx, tenant, &entry.with("reason", hold.reason), now).await?;
        tx.commit().await?;
        Ok(true)
    }

    /// The holds that stand, oldest first.
    pub async fn legal_holds(&self, tenant: TenantId) -> Result<Vec<LegalHold>> {
        let rows = legal_holds::Entity::find().filter(of(tenant)).order_by_asc(legal_holds::Column::Id);
        let rows = rows.all(&self.conn).await?;
        let names: HashMap<Uuid, String> = sessions::Entity::find()
            .filter(super::sessions::of(tenant))
            .filter(sessions::Column::Id.is_in(rows.iter().filter_map(|row| row.session_id)))
            .all(&self.conn)
            .await?
            .into_iter()
            .map(|session| (session.id, session.name))
            .collect();
        let people: HashMap<Uuid, String> = users::Entity::find()
            .filter(users::Column::TenantId.eq(tenant.0))
            .filter(users::Column::Id.is_in(rows.iter().filter_map(|row| row.placed_by)))
            .all(&self.conn)
            .await?
            .into_iter()
            .map(|user| (user.id, user.full_name))
            .collect();
        let hold = |row: legal_holds::Model| LegalHold {
            id: row.id,
            session: row.session_id.map(|id| (id.into(), names.get(&id).cloned().unwrap_or_default())),
            reason: row.reason,
            placed_by: row.placed_by.and_then(|id| people.get(&id).cloned()),
            placed_at: Timestamp(row.placed_at),
        };
        Ok(rows.into_iter().map(hold).collect())
    }
}

/// Refuses what a hold forbids: taking anything of one of these sessions. The condition is on rows of `sessions`.
pub(crate) async fn refuse(conn: &impl ConnectionTrait, tenant: TenantId, which: Expr) -> Result<()> {
    let held = sessions::Entity::find().filter(super::sessions::of(tenant)).filter(which).filter(holds());
    match held.one(conn).await? {
        Some(_) => Err(Rule::LegalHold.into()),
        None => refuse_any(conn, tenant, legal_holds::Column::SessionId.is_null()).await,
    }
}

/// Refuses while any hold of this kind stands.
pub(crate) async fn refuse_any(conn: &impl ConnectionTrait, tenant: TenantId, which: Expr) -> Result<()> {
    let stands = legal_holds::Entity::find().filter(of(tenant)).filter(which).one(conn).await?;
    stands.map_or(Ok(()), |_| Err(Rule::LegalHold.into()))
}

/// Whether a row of `sessions` is held.
pub(crate) fn holds() -> Expr {
    let col = |column| Expr::col((legal_holds::Entity, column));
    let session = |column| Expr::col((sessions::Entity, column));
    let this = col(legal_holds::Column::SessionId).eq(session(sessions::Column::Id));
    let stands = Query::select()
        .expr(Expr::val(1))
        .from(legal_holds::Entity)
        .and_where(col(legal_holds::Column::TenantId).eq(session(sessions::Column::TenantId)))
        .and_where(col(legal_holds::Column::SessionId).is_null().or(this))
        .take();
    Expr::exists(stands)
}

fn of(tenant: TenantId) -> Expr {
    legal_holds::Column::TenantId.eq(tenant.0)
}
