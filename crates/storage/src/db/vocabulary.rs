//! The words of a tenant, for those who listen: what its tasks and its procedures are called.

use super::{
    Db, Result,
    entity::{procedures, tasks},
};
use domain::{TenantId, procedure::ProcedureStatus};
use sea_orm::{ColumnTrait, EntityTrait, QueryFilter, QueryOrder, QuerySelect};

impl Db {
    /// Titles of tasks, then names of approved procedures, the newest first; at most `limit` of each. Repeated ones are
    /// repeated.
    pub async fn vocabulary(&self, tenant: TenantId, limit: u64) -> Result<Vec<String>> {
        let mut terms: Vec<String> = tasks::Entity::find()
            .select_only()
            .column(tasks::Column::Title)
            .filter(tasks::Column::TenantId.eq(tenant.0))
            .order_by_desc(tasks::Column::CreatedAt)
            .order_by_desc(tasks::Column::Id)
            .limit(limit)
            .into_tuple()
            .all(&self.conn)
            .await?;
        let names: Vec<String> = procedures::Entity::find()
            .select_only()
            .column(procedures::Column::ProcedureName)
            .filter(procedures::Column::TenantId.eq(tenant.0))
            .filter(procedures::Column::Status.eq(ProcedureStatus::Approved.to_string()))
            .order_by_desc(procedures::Column::CreatedAt)
            .order_by_desc(procedures::Column::Id)
            .limit(limit)
            .into_tuple()
            .all(&self.conn)
            .await?;
        terms.extend(names);
        Ok(terms)
    }
}
