//! Rows of `tasks`.

use sea_orm::entity::prelude::*;

#[derive(Clone, Debug, PartialEq, DeriveEntityModel)]
#[sea_orm(table_name = "tasks")]
pub struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: Uuid,
    pub tenant_id: Uuid,
    pub title: String,
    pub description: String,
    pub status: String,
    pub priority: Option<String>,
    pub source: String,
    pub external_id: Option<String>,
    pub external_url: Option<String>,
    pub assigned_to: Option<Uuid>,
    pub due_date: Option<i64>,
    pub created_at: i64,
    pub idempotency_key: Option<String>,
}

#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}
