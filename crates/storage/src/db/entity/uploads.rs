//! Rows of `uploads`.

use sea_orm::entity::prelude::*;

#[derive(Clone, Debug, PartialEq, DeriveEntityModel)]
#[sea_orm(table_name = "uploads")]
pub struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: Uuid,
    pub tenant_id: Uuid,
    pub session_id: Uuid,
    pub part: i64,
    pub run: i64,
    pub start_ms: i64,
    pub duration_ms: Option<i64>,
    pub filename: String,
    pub content_type: String,
    pub length: Option<i64>,
    pub received: i64,
    pub state: String,
    pub announced_sha256: Option<String>,
    pub sha256: Option<String>,
    pub expires_at: i64,
    pub created_at: i64,
    pub updated_at: i64,
    pub sweeps: i64,
}

#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}
