//! Rows of `procedures`.

use sea_orm::entity::prelude::*;

#[derive(Clone, Debug, PartialEq, DeriveEntityModel)]
#[sea_orm(table_name = "procedures")]
pub struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: Uuid,
    pub tenant_id: Uuid,
    pub session_id: Uuid,
    pub number: i64,
    pub procedure_name: String,
    pub description: String,
    pub start_seconds: f64,
    pub end_seconds: f64,
    pub duration_seconds: f64,
    pub status: String,
    pub excluded_reason: Option<String>,
    pub video_key: Option<String>,
    pub thumbnail_key: Option<String>,
    pub published_at: Option<i64>,
    pub license: Option<String>,
    pub source_tenant: Option<Uuid>,
    pub created_at: i64,
}

#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}
