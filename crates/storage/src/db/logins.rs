//! Browser logins, as the session layer of the web keeps them.

use super::{Db, Result, entity::logins};
use domain::{TenantId, Timestamp, UserId};
use sea_orm::{ColumnTrait, EntityTrait, ExprTrait, QueryFilter, sea_query::Expr};
use uuid::Uuid;

/// Whose login it is; nobody has signed in before.
pub type Owner = Option<(TenantId, UserId)>;

/// A login of a user.
#[derive(Clone, Debug, PartialEq)]
pub struct UserLogin {
    /// Its id in the database.
    pub id: String,
    /// What the session layer keeps in it.
    pub data: String,
}

impl Db {
    /// Writes a login that is there; `false` when it has ended in the meantime, and then it stays so.
    pub async fn save_login(&self, id: &str, data: &str, owner: Owner, expires_at: Timestamp) -> Result<bool> {
        let (tenant, user) = columns(owner);
        let saved = logins::Entity::update_many()
            .col_expr(logins::Column::Data, Expr::value(data))
            .col_expr(logins::Column::ExpiresAt, Expr::value(expires_at.0))
            .col_expr(logins::Column::TenantId, Expr::value(tenant))
            .col_expr(logins::Column::UserId, Expr::value(user))
            .filter(logins::Column::Id.eq(id))
            .exec(&self.conn)
            .await?;
        Ok(saved.rows_affected > 0)
    }

    /// Writes a new login; [`super::DbError::Exists`] when the id is taken.
    pub async fn create_login(&self, id: &str, data: &str, owner: Owner, expires_at: Timestamp) -> Result<()> {
        let (tenant_id, user_id) = columns(owner);
        let row = logins::Model { id: id.into(), data: data.into(), expires_at: expires_at.0, tenant_id, user_id };
        logins::Entity::insert(logins::ActiveModel::from(row)).exec_without_returning(&self.conn).await?;
        Ok(())
    }

    /// The data of a login that has not expired.
    pub async fn login(&self, id: &str, now: Timestamp) -> Result<Option<(String, Timestamp)>> {
        let row = logins::Entity::find_by_id(id).filter(logins::Column::ExpiresAt.gt(now.0)).one(&self.conn).await?;
        Ok(row.map(|r| (r.data, Timestamp(r.expires_at))))
    }

    /// Ends a login.
    pub async fn delete_login(&self, id: &str) -> Result<()> {
        logins::Entity::delete_by_id(id).exec(&self.conn).await?;
        Ok(())
    }

    /// The logins of a user that have not expired.
    pub async fn logins_of(&self, tenant: TenantId, user: UserId, now: Timestamp) -> Result<Vec<UserLogin>> {
        let rows = logins::Entity::find()
            .filter(logins::Column::TenantId.eq(tenant.0).and(logins::Column::UserId.eq(user.0)))
            .filter(logins::Column::ExpiresAt.gt(now.0))
            .all(&self.conn)
            .await?;
        Ok(rows.into_iter().map(|row| UserLogin { id: row.id, data: row.data }).collect())
    }

    /// Ends one login of a user; `false` when the user has none with this id.
    pub async fn end_login(&self, tenant: TenantId, user: UserId, id: &str) -> Result<bool> {
        let ended = logins::Entity::delete_by_id(id)
            .filter(logins::Column::TenantId.eq(tenant.0).and(logins::Column::UserId.eq(user.0)))
            .exec(&self.conn)
            .await?;
        Ok(ended.rows_affected > 0)
    }

    /// Removes the logins that have expired.
    pub async fn delete_expired_logins(&self, now: Timestamp) -> Result<u64> {
        Ok(logins::Entity::delete_many()
            .filter(logins::Column::ExpiresAt.lte(now.0))
            .exec(&self.conn)
            .await?
            .rows_affected)
    }
}

fn columns(owner: Owner) -> (Option<Uuid>, Option<Uuid>) {
    owner.map(|(tenant, user)| (tenant.0, user.0)).unzip()
}
