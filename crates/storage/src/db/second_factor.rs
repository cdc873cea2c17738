//! The second factor of a user: the sealed secret of an authenticator app, and recovery codes. No code is taken twice.

use super::{
    Db, Result, audit,
    entity::{recovery_codes, second_factors},
    users::locked,
};
use domain::{TenantId, Timestamp, UserId, audit::Entry, user::User};
use sea_orm::{
    ColumnTrait, ConnectionTrait, EntityTrait, ExprTrait, PaginatorTrait, QueryFilter, QuerySelect, sea_query::Expr,
};
use uuid::Uuid;

/// What is kept of a second factor.
#[derive(Clone, Debug, PartialEq)]
pub struct SecondFactor {
    /// The secret, sealed by whoever keeps it here.
    pub sealed_secret: String,
    /// Recovery codes that are not used up.
    pub recovery_codes: u64,
    /// Since when.
    pub since: Timestamp,
}

impl Db {
    /// The second factor of a user, if there is one.
    pub async fn second_factor(&self, tenant: TenantId, user: UserId) -> Result<Option<SecondFactor>> {
        let kept = second_factors::Entity::find_by_id(user.0).filter(second_factors::Column::TenantId.eq(tenant.0));
        let Some(kept) = kept.one(&self.conn).await? else { return Ok(None) };
        let left = recovery_codes::Entity::find()
            .filter(recovery_codes::Column::TenantId.eq(tenant.0).and(recovery_codes::Column::UserId.eq(user.0)))
            .filter(recovery_codes::Column::UsedAt.is_null());
        let recovery_codes = left.count(&self.conn).await?;
        let since = Timestamp(kept.created_at);
        Ok(Some(SecondFactor { sealed_secret: kept.sealed_secret, recovery_codes, since }))
    }

    /// Which users of a tenant have a second factor.
    pub async fn users_with_second_factor(&self, tenant: TenantId) -> Result<Vec<UserId>> {
        let ids: Vec<Uuid> = second_factors::Entity::find()
            .select_only()
            .column(second_factors::Column::UserId)
            .filter(second_factors::Column::TenantId.eq(tenant.0))
            .into_tuple()
            .all(&self.conn)
            .await?;
        Ok(ids.into_iter().map(UserId).collect())
    }

    /// Gives a user a second factor, whose code of `step` was taken, with the hashes of its recovery codes. `false` when the
    /// user has one already, or there is no such user.
    pub async fn add_second_factor(
        &self,
        (tenant, user): (TenantId, UserId),
        sealed_secret: &str,
        step: u64,
        code_hashes: &[String],
        entry: &Entry,
        now: Timestamp,
    ) -> Result<bool> {
        let tx = self.begin().await?;
        let Some(row) = locked(&tx, tenant, user).await? else { return Ok(false) };
        if second_factors::Entity::find_by_id(user.0).one(&tx).await?.is_some() {
            return Ok(false);
        }
        let factor = second_factors::Model {
            user_id: user.0,
            tenant_id: tenant.0,
            sealed_secret: sealed_secret.into(),
            last_step: step as i64,
            created_at: now.0,
        };
        let factor = second_factors::ActiveModel::from(factor);
        second_factors::Entity::insert(factor).exec_without_returning(&tx).await?;
        replace_codes(&tx, tenant, user, code_hashes).await?;
        audit::append(&tx, tenant, &entry.clone().on_user(&User::try_from(row)?), now).await?;
        tx.commit().await?;
        Ok(true)
    }

    /// Takes a code of this time step; `false` when one of it or of a later one was taken before.
    pub async fn take_step(&self, tenant: TenantId, user: UserId, step: u64) -> Result<bool> {
        let taken = second_factors::Entity::update_many()
            .col_expr(second_factors::Column::LastStep, Expr::value(step as i64))
            .filter(second_factors::Column::TenantId.eq(tenant.0).and(second_factors::Column::UserId.eq(user.0)))
            .filter(second_factors::Column::LastStep.lt(step as i64))
            .exec(&self.conn)
            .await?;
        Ok(taken.rows_affected > 0)
    }

    /// Takes a recovery code, by its hash; `false` when the user has none like it that is not used up.
    pub async fn take_recovery_code(
        &self,
        tenant: TenantId,
        user: UserId,
        code_hash: &str,
        entry: &Entry,
        now: Timestamp,
    ) -> Result<bool> {
        let tx = self.begin().await?;
        let taken = recovery_codes::Entity::update_many()
            .col_expr(recovery_codes::Column::UsedAt, Expr::value(now.0))
            .filter(recovery_codes::Column::TenantId.eq(tenant.0).and(recovery_codes::Column::UserId.eq(user.0)))
            .filter(recovery_codes::Column::CodeHash.eq(code_hash))
            .filter(recovery_codes::Column::UsedAt.is_null())
            .exec(&tx)
            .await?;
        if taken.rows_affected == 0 {
            return Ok(false);
        }
        audit::append(&tx, tenant, entry, now).await?;
        tx.commit().await?;
        Ok(true)
    }

    /// Replaces the recovery codes of a user who has a second factor; `false` when there is none.
    pub async fn renew_recovery_codes(
        &self,
        tenant: TenantId,
        user: UserId,
        code_hashes: &[String],
        entry: &Entry,
        now: Timestamp,
    ) -> Result<bool> {
        let tx = self.begin().await?;
        let kept = second_factors::Entity::find_by_id(user.0).filter(second_factors::Column::TenantId.eq(tenant.0));
        if kept.lock_exclusive().one(&tx).await?.is_none() {
            return Ok(false);
        }
        replace_codes(&tx, tenant, user, code_hashes).await?;
        audit::append(&tx, tenant, entry, now).await?;
        tx.commit().await?;
        Ok(true)
    }

    /// Takes the second factor from a user, with its recovery codes; `false` when there is none.
    pub async fn remove_second_factor(
        &self,
        tenant: TenantId,
        user: UserId,
        entry: &Entry,
        now: Timestamp,
    ) -> Result<bool> {
        let tx = self.begin().await?;
        let Some(row) = locked(&tx, tenant, user).await? else { return Ok(false) };
        let gone = second_factors::Entity::delete_by_id(user.0).exec(&tx).await?;
        if gone.rows_affected == 0 {
            return Ok(false);
        }
        replace_codes(&tx, tenant, user, &[]).await?;
        audit::append(&tx, tenant, &entry.clone().on_user(&User::try_from(row)?), now).await?;
        tx.commit().await?;
        Ok(true)
    }
}

async fn replace_codes(tx: &impl ConnectionTrait, tenant: TenantId, user: UserId, hashes: &[String]) -> Result<()> {
    recovery_codes::Entity::delete_many()
        .filter(recovery_codes::Column::TenantId.eq(tenant.0).and(recovery_codes::Column::UserId.eq(user.0)))
        .exec(tx)
        .await?;
    for code_hash in hashes {
        let row =
            recovery_codes::Model { user_id: user.0, code_hash: code_hash.clone(), tenant_id: tenant.0, used_at: None };
        recovery_codes::Entity::insert(recovery_codes::ActiveModel::from(row)).exec_without_returning(tx).await?;
    }
    Ok(())
}
