//! Rows of `sessions`.

use sea_orm::entity::prelude::*;

#[derive(Clone, Debug, PartialEq, DeriveEntityModel)]
#[sea_orm(table_name = "sessions")]
pub struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: Uuid,
    pub tenant_id: Uuid,
    pub seat_id: Uuid,
    pub user_id: Uuid,
    pub task_id: Option<Uuid>,
    pub role: String,
    pub name: String,
    pub status: String,
    pub phase: String,
    pub failure_reason: Option<String>,
    pub failure_detail: Option<String>,
    pub ended_abnormally: bool,
    pub announced_parts: Option<i64>,
    pub missing_parts: String,
    pub crashed: bool,
    pub idempotency_key: Option<String>,
    pub started_at: i64,
    pub last_heartbeat_at: i64,
    pub stopped_at: Option<i64>,
    pub completed_at: Option<i64>,
    pub duration_seconds: Option<f64>,
    pub score: Option<String>,
    pub summary: Option<String>,
    pub trainer_notes: Option<String>,
    pub updated_at: i64,
    pub last_beat_at: Option<i64>,
    pub recording_removed_at: Option<i64>,
    pub clips_removed_at: Option<i64>,
    pub transcript_removed_at: Option<i64>,
    pub notice_version: Option<i64>,
}

#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}
