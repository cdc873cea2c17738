//! Rows of `removals`.

use sea_orm::entity::prelude::*;

#[derive(Clone, Debug, PartialEq, DeriveEntityModel)]
#[sea_orm(table_name = "removals")]
pub struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub session_id: Uuid,
    pub tenant_id: Uuid,
    pub results: bool,
    pub swept: bool,
    pub version: i64,
    pub attempts: i64,
    pub not_before: i64,
    pub lease_until: i64,
    pub lease_owner: Option<Uuid>,
    pub aged: bool,
}

#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}
