//! Rows of `erasures`.

use sea_orm::entity::prelude::*;

#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "erasures")]
pub struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: Uuid,
    pub tenant_id: Uuid,
    pub scope: String,
    pub subject_id: Uuid,
    pub prefixes: String,
    pub rows_erased: String,
    pub objects: i64,
    pub bytes: i64,
    pub sweeps: i64,
    pub not_before: i64,
    pub requested_at: i64,
    pub completed_at: Option<i64>,
    pub record: Option<String>,
    pub signature: Option<String>,
}

#[derive(Clone, Copy, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}
