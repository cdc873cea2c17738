//! Rows of `tenants`.

use sea_orm::entity::prelude::*;

#[derive(Clone, Debug, PartialEq, DeriveEntityModel)]
#[sea_orm(table_name = "tenants")]
pub struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: Uuid,
    pub name: String,
    pub timezone: String,
    pub language: String,
    pub country: String,
    pub keep_recording_days: Option<i64>,
    pub upload_limit_bytes: i64,
    pub created_at: i64,
    pub upload_keep_hours: Option<i64>,
    pub included_minutes: Option<i64>,
    pub admins_need_second_factor: bool,
    pub keep_clips_days: Option<i64>,
    pub keep_transcript_days: Option<i64>,
}

#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}
