//! Tasks: units of work that a session can be run against.

use super::{Db, DbError, Result, entity::tasks, error::word, webhooks::emit};
use domain::{
    TaskId, TenantId, Timestamp,
    task::{Task, TaskSource, TaskStatus},
    webhook::EventKind,
};
use sea_orm::{ColumnTrait, EntityTrait, QueryFilter};
use serde_json::json;
use uuid::Uuid;

/// What a new task needs.
#[derive(Clone, Debug)]
#[allow(missing_docs)]
pub struct NewTask {
    pub title: String,
    pub description: String,
    pub source: TaskSource,
    pub external_id: Option<String>,
    pub external_url: Option<String>,
}

impl Db {
    /// Creates an open task; [`DbError::Exists`] when the tenant has one with this source and external id.
    pub async fn create_task(&self, tenant: TenantId, new: NewTask, now: Timestamp) -> Result<Task> {
        let row = tasks::Model {
            id: Uuid::now_v7(),
            tenant_id: tenant.0,
            title: new.title,
            description: new.description,
            status: TaskStatus::Open.to_string(),
            priority: None,
            source: new.source.to_string(),
            external_id: new.external_id,
            external_url: new.external_url,
            assigned_to: None,
            due_date: None,
            created_at: now.0,
            idempotency_key: None,
        };
        let tx = self.begin().await?;
        tasks::Entity::insert(tasks::ActiveModel::from(row.clone())).exec_without_returning(&tx).await?;
        let told =
            json!({ "task_id": row.id, "status": row.status, "source": row.source, "external_id": row.external_id });
        emit(&tx, tenant, EventKind::TaskCreated, told, now).await?;
        tx.commit().await?;
        row.try_into()
    }

    /// One task.
    pub async fn task(&self, tenant: TenantId, id: TaskId) -> Result<Option<Task>> {
        let found =
            tasks::Entity::find_by_id(id.0).filter(tasks::Column::TenantId.eq(tenant.0)).one(&self.conn).await?;
        found.map(Task::try_from).transpose()
    }
}

impl TryFrom<tasks::Model> for Task {
    type Error = DbError;
    fn try_from(r: tasks::Model) -> Result<Self> {
        Ok(Self {
            id: r.id.into(),
            tenant_id: r.tenant_id.into(),
            title: r.title,
            description: r.description,
            status: word("task status", &r.status)?,
            priority: r.priority,
            source: word("task source", &r.source)?,
            external_id: r.external_id,
            external_url: r.external_url,
            assigned_to: r.assigned_to.map(Into::into),
            due_date: r.due_date.map(Timestamp),
            created_at: Timestamp(r.created_at),
        })
    }
}
