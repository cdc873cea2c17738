//! Operator access to a tenant: granted for a reason, begun once by a link, over by itself or by hand. Each of these is noted in
//! the tenant's audit log in its own transaction.

use super::{Db, Result, audit, entity::operator_accesses};
use domain::{
    TenantId, Timestamp,
    audit::{Action, Actor, Entry},
    operator::OperatorAccess,
};
use sea_orm::{ColumnTrait, ConnectionTrait, EntityTrait, ExprTrait, QueryFilter, QueryOrder, sea_query::Expr};
use std::net::IpAddr;
use uuid::Uuid;

/// What a new access needs.
#[derive(Clone, Debug)]
#[allow(missing_docs)]
pub struct NewAccess {
    pub reason: String,
    /// SHA-256 of the token in hex, never the token.
    pub token_hash: String,
    pub until: Timestamp,
}

impl Db {
    /// Grants access to a tenant; it is not begun yet.
    pub async fn grant_operator_access(
        &self,
        tenant: TenantId,
        new: NewAccess,
        now: Timestamp,
    ) -> Result<OperatorAccess> {
        let row = operator_accesses::Model {
            id: Uuid::now_v7(),
            tenant_id: tenant.0,
            reason: new.reason,
            token_hash: new.token_hash,
            created_at: now.0,
            begun_at: None,
            until: new.until.0,
            ended_at: None,
        };
        let tx = self.begin().await?;
        let active = operator_accesses::ActiveModel::from(row.clone());
        operator_accesses::Entity::insert(active).exec_without_returning(&tx).await?;
        let access = OperatorAccess::from(row);
        let by = Entry::new(Actor::operator(), Action::OperatorAccessGranted);
        note(&tx, &access, by.with("until", access.until.to_string()), now).await?;
        tx.commit().await?;
        Ok(access)
    }

    /// What has become of an access, by the token of its link. Takes no tenant: the link tells which.
    pub async fn operator_access_by_token(&self, token_hash: &str) -> Result<Option<OperatorAccess>> {
        let found = operator_accesses::Entity::find().filter(operator_accesses::Column::TokenHash.eq(token_hash));
        Ok(found.one(&self.conn).await?.map(Into::into))
    }

    /// Begins an access by its link; `None` when it was begun before or is over. Takes no tenant: the link tells which.
    pub async fn begin_operator_access(
        &self,
        token_hash: &str,
        address: IpAddr,
        now: Timestamp,
    ) -> Result<Option<OperatorAccess>> {
        use operator_accesses::Column as C;
        let tx = self.begin().await?;
        let begun = operator_accesses::Entity::update_many()
            .col_expr(C::BegunAt, Expr::value(now.0))
            .filter(C::TokenHash.eq(token_hash).and(C::BegunAt.is_null()))
            .filter(C::EndedAt.is_null().and(C::Until.gt(now.0)))
            .exec_with_returning(&tx)
            .await?;
        let Some(access) = begun.into_iter().next().map(OperatorAccess::from) else { return Ok(None) };
        let by = Entry::new(Actor::operator(), Action::OperatorAccessBegun).from(address);
        note(&tx, &access, by, now).await?;
        tx.commit().await?;
        Ok(Some(access))
    }

    /// One access.
    pub async fn operator_access(&self, tenant: TenantId, id: Uuid) -> Result<Option<OperatorAccess>> {
        let found = operator_accesses::Entity::find_by_id(id).filter(operator_accesses::Column::TenantId.eq(tenant.0));
        Ok(found.one(&self.conn).await?.map(Into::into))
    }

    /// The accesses to a tenant that can be begun or go on, the oldest first.
    pub async fn open_operator_accesses(&self, tenant: TenantId, now: Timestamp) -> Result<Vec<OperatorAccess>> {
        use operator_accesses::Column as C;
        let open = operator_accesses::Entity::find()
            .filter(C::TenantId.eq(tenant.0))
            .filter(C::EndedAt.is_null().and(C::Until.gt(now.0)))
            .order_by_asc(C::Id);
        Ok(open.all(&self.conn).await?.into_iter().map(Into::into).collect())
    }

    /// All accesses of the installation, the newest first: for its operator.
    pub async fn operator_accesses(&self) -> Result<Vec<OperatorAccess>> {
        let all = operator_accesses::Entity::find().order_by_desc(operator_accesses::Column::Id);
        Ok(all.all(&self.conn).await?.into_iter().map(Into::into).collect())
    }

    /// Ends an access at once; `false` when there is none that is open.
    pub async fn end_operator_access(&self, tenant: TenantId, id: Uuid, by: Entry, now: Timestamp) -> Result<bool> {
        use operator_accesses::Column as C;
        let tx = self.begin().await?;
        let ended = end(&tx, C::TenantId.eq(tenant.0).and(C::Id.eq(id)).and(C::Until.gt(now.0)), now).await?;
        for access in &ended {
            note(&tx, access, by.clone(), now).await?;
        }
        tx.commit().await?;
        Ok(!ended.is_empty())
    }

    /// Notes that accesses are over whose time has come. Returns how many.
    pub async fn end_operator_accesses(&self, now: Timestamp) -> Result<u64> {
        use operator_accesses::Column as C;
        let due = C::Until.lte(now.0).and(C::EndedAt.is_null());
        // Mostly there is none, which needs no lock.
        if operator_accesses::Entity::find().filter(due.clone()).one(&self.conn).await?.is_none() {
            return Ok(0);
        }
        let tx = self.begin().await?;
        let ended = end(&tx, due, now).await?;
        for access in &ended {
            note(&tx, access, Entry::new(Actor::system(), Action::OperatorAccessEnded), now).await?;
        }
        tx.commit().await?;
        Ok(ended.len() as u64)
    }
}

async fn end(tx: &impl ConnectionTrait, which: Expr, now: Timestamp) -> Result<Vec<OperatorAccess>> {
    let rows = operator_accesses::Entity::update_many()
        .col_expr(operator_accesses::Column::EndedAt, Expr::value(now.0))
        .filter(which.and(operator_accesses::Column::EndedAt.is_null()))
        .exec_with_returning(tx)
        .await?;
    Ok(rows.into_iter().map(Into::into).collect())
}

async fn note(tx: &impl ConnectionTrait, access: &OperatorAccess, by: Entry, now: Timestamp) -> Result<()> {
    let unused = access.ended_at.is_some() && access.begun_at.is_none();
    let by = if unused { by.with("used", "never") } else { by };
    let entry = by.on("operator access", access.id, "").with("reason", access.reason.clone());
    audit::append(tx, access.tenant_id, &entry, now).await
}

impl From<operator_accesses::Model> for OperatorAccess {
    fn from(r: operator_accesses::Model) -> Self {
        Self {
            id: r.id,
            tenant_id: r.tenant_id.into(),
            reason: r.reason,
            created_at: Timestamp(r.created_at),
            begun_at: r.begun_at.map(Timestamp),
            until: Timestamp(r.until),
            ended_at: r.ended_at.map(Timestamp),
        }
    }
}
