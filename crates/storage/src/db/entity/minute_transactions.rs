//! Rows of `minute_transactions`.

use sea_orm::entity::prelude::*;

#[derive(Clone, Debug, PartialEq, DeriveEntityModel)]
#[sea_orm(table_name = "minute_transactions")]
pub struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: Uuid,
    pub tenant_id: Uuid,
    pub kind: String,
    pub cause: String,
    pub seconds: i64,
    pub included_seconds: i64,
    pub counted: bool,
    pub session_id: Option<Uuid>,
    pub period: Option<String>,
    pub reason: Option<String>,
    pub user_id: Option<Uuid>,
    pub idempotency_key: Option<String>,
    pub created_at: i64,
}

#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}
