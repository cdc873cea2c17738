//! Browser logins, as the session layer of the web keeps them.

use super::{Db, Result, entity::logins};
use domain::Timestamp;
use sea_orm::{ColumnTrait, EntityTrait, QueryFilter, sea_query::OnConflict};

impl Db {
    /// Writes a login, new or again.
    pub async fn save_login(&self, id: &str, data: &str, expires_at: Timestamp) -> Result<()> {
        let row = logins::Model { id: id.into(), data: data.into(), expires_at: expires_at.0 };
        logins::Entity::insert(logins::ActiveModel::from(row))
            .on_conflict(
                OnConflict::column(logins::Column::Id)
                    .update_columns([logins::Column::Data, logins::Column::ExpiresAt])
                    .to_owned(),
            )
            .exec_without_returning(&self.conn)
            .await?;
        Ok(())
    }

    /// Writes a new login; [`super::DbError::Exists`] when the id is taken.
    pub async fn create_login(&self, id: &str, data: &str, expires_at: Timestamp) -> Result<()> {
        let row = logins::Model { id: id.into(), data: data.into(), expires_at: expires_at.0 };
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

    /// Removes the logins that have expired.
    pub async fn delete_expired_logins(&self, now: Timestamp) -> Result<u64> {
        Ok(logins::Entity::delete_many()
            .filter(logins::Column::ExpiresAt.lte(now.0))
            .exec(&self.conn)
            .await?
            .rows_affected)
    }
}
