//! Tasks as people and programs work with them: made, changed, listed, and who brought each to its status.

use super::{
    Db, DbError, Result, audit,
    entity::{sessions, task_changes, tasks},
    error::word,
    like::within,
    lists::{After, Page},
    minutes::By,
    webhooks::emit,
};
use domain::{
    TaskId, TenantId, Timestamp, UserId,
    audit::Action,
    session::Session,
    task::{Task, TaskSource, TaskStatus},
    webhook::EventKind,
};
use sea_orm::{
    ColumnTrait, Condition, ConnectionTrait, DatabaseTransaction, EntityTrait, ExprTrait, IntoActiveModel, QueryFilter,
    QueryOrder, QuerySelect,
    sea_query::{Expr, Func},
};
use serde_json::json;
use uuid::Uuid;

/// What can be said of a task.
#[derive(Clone, Debug, PartialEq)]
#[allow(missing_docs)]
pub struct TaskDetails {
    pub title: String,
    pub description: String,
    pub status: TaskStatus,
    pub priority: Option<String>,
    pub external_id: Option<String>,
    pub external_url: Option<String>,
    pub assigned_to: Option<UserId>,
    pub due_date: Option<Timestamp>,
}

/// Which tasks are listed; every field that is set narrows.
#[derive(Clone, Debug, Default)]
pub struct TaskFilter {
    /// Part of the title, the description or the reference; capitals do not matter.
    pub search: Option<String>,
    /// How far.
    pub status: Option<TaskStatus>,
    /// From where.
    pub source: Option<TaskSource>,
    /// Of whom.
    pub assigned_to: Option<UserId>,
    /// Due before this instant.
    pub due_before: Option<Timestamp>,
}

/// That a task came to a status.
#[derive(Clone, Debug, PartialEq)]
#[allow(missing_docs)]
pub struct TaskChange {
    pub status: TaskStatus,
    /// The name of that time.
    pub by: String,
    pub at: Timestamp,
}

/// Sessions that the page of a task lists, and tasks that a device is told of.
const MOST: u64 = 200;

impl Db {
    /// Makes a task. The flag is `false` when the same key, or the same source and external id, had made it before.
    pub async fn add_task(
        &self,
        tenant: TenantId,
        source: TaskSource,
        details: TaskDetails,
        key: Option<String>,
        by: By,
        now: Timestamp,
    ) -> Result<(Task, bool)> {
        let tx = self.begin().await?;
        let row = tasks::Model {
            id: Uuid::now_v7(),
            tenant_id: tenant.0,
            title: details.title,
            description: details.description,
            status: details.status.to_string(),
            priority: details.priority,
            source: source.to_string(),
            external_id: details.external_id,
            external_url: details.external_url,
            assigned_to: details.assigned_to.map(|id| id.0),
            due_date: details.due_date.map(|at| at.0),
            created_at: now.0,
            idempotency_key: key,
        };
        // Insert first: of two requests that come at once, one finds the other's row.
        let any = sea_orm::sea_query::OnConflict::new().do_nothing().to_owned();
        let insert = tasks::Entity::insert(row.clone().into_active_model()).on_conflict(any);
        if insert.exec_without_returning(&tx).await? == 0 {
            let known = made_before(&tx, &row).await?;
            let known = known.ok_or_else(|| DbError::Exists("a task of this key or reference".into()))?;
            return Ok((known.try_into()?, false));
        }
        note(&tx, tenant, row.id.into(), details.status, &by.actor.name, now).await?;
        emit(&tx, tenant, EventKind::TaskCreated, told(&row, details.status), now).await?;
        let noted = by.act(Action::TaskCreated).on("task", row.id, row.title.clone());
        audit::append(&tx, tenant, &noted, now).await?;
        tx.commit().await?;
        Ok((row.try_into()?, true))
    }

    /// Changes a task; `None` when there is no such one, [`DbError::Exists`] when another one has its reference.
    pub async fn change_task(
        &self,
        tenant: TenantId,
        id: TaskId,
        details: TaskDetails,
        by: By,
        now: Timestamp,
    ) -> Result<Option<Task>> {
        use tasks::Column as C;
        let tx = self.begin().await?;
        let found = tasks::Entity::find_by_id(id.0).filter(of(tenant)).lock_exclusive().one(&tx).await?;
        let Some(before) = found else { return Ok(None) };
        tasks::Entity::update_many()
            .col_expr(C::Title, Expr::value(details.title.as_str()))
            .col_expr(C::Description, Expr::value(details.description))
            .col_expr(C::Status, Expr::value(details.status.to_string()))
            .col_expr(C::Priority, Expr::value(details.priority))
            .col_expr(C::ExternalId, Expr::value(details.external_id))
            .col_expr(C::ExternalUrl, Expr::value(details.external_url))
            .col_expr(C::AssignedTo, Expr::value(details.assigned_to.map(|id| id.0)))
            .col_expr(C::DueDate, Expr::value(details.due_date.map(|at| at.0)))
            .filter(of(tenant))
            .filter(C::Id.eq(id.0))
            .exec(&tx)
            .await?;
        if before.status != details.status.to_string() {
            note(&tx, tenant, id, details.status, &by.actor.name, now).await?;
            tell_status(&tx, &before, details.status, now).await?;
        }
        let noted = by.act(Action::TaskChanged).on("task", id, details.title).with("status", details.status.label());
        audit::append(&tx, tenant, &noted, now).await?;
        tx.commit().await?;
        self.task(tenant, id).await
    }

    /// Tasks of a tenant, the newest first.
    pub async fn task_page(
        &self,
        tenant: TenantId,
        filter: &TaskFilter,
        after: Option<After>,
        limit: u64,
    ) -> Result<Page<Task>> {
        use tasks::Column as C;
        let mut which = Condition::all().add(of(tenant));
        if let Some(search) = &filter.search {
            let pattern = within(&search.to_lowercase());
            let has = |column: C| Expr::expr(Func::lower(Expr::col(column))).like(pattern.clone());
            which = which.add(Condition::any().add(has(C::Title)).add(has(C::Description)).add(has(C::ExternalId)));
        }
        which = which
            .add_option(filter.status.map(|status| C::Status.eq(status.to_string())))
            .add_option(filter.source.map(|source| C::Source.eq(source.to_string())))
            .add_option(filter.assigned_to.map(|user| C::AssignedTo.eq(user.0)))
            .add_option(filter.due_before.map(|at| C::DueDate.lt(at.0)));
        if let Some(after) = after {
            let same = Condition::all().add(C::CreatedAt.eq(after.at.0)).add(C::Id.lt(after.id));
            which = which.add(Condition::any().add(C::CreatedAt.lt(after.at.0)).add(same));
        }
        let query = tasks::Entity::find().filter(which).order_by_desc(C::CreatedAt).order_by_desc(C::Id);
        let mut rows = query.limit(limit + 1).all(&self.conn).await?;
        let more = rows.len() as u64 > limit;
        rows.truncate(limit as usize);
        let next = rows.last().filter(|_| more).map(|row| After { at: Timestamp(row.created_at), id: row.id });
        Ok(Page { rows: rows.into_iter().map(Task::try_from).collect::<Result<_>>()?, next })
    }

    /// How a task came to its status, the newest change first.
    pub async fn task_changes(&self, tenant: TenantId, id: TaskId) -> Result<Vec<TaskChange>> {
        use task_changes::Column as C;
        let rows = task_changes::Entity::find()
            .filter(C::TenantId.eq(tenant.0).and(C::TaskId.eq(id.0)))
            .order_by_desc(C::ChangedAt)
            .order_by_desc(C::Id)
            .limit(MOST)
            .all(&self.conn)
            .await?;
        let change = |row: task_changes::Model| {
            let status = word("task status", &row.status)?;
            Ok(TaskChange { status, by: row.changed_by, at: Timestamp(row.changed_at) })
        };
        rows.into_iter().map(change).collect()
    }

    /// The sessions that were run against a task, the newest first.
    pub async fn task_sessions(&self, tenant: TenantId, id: TaskId) -> Result<Vec<Session>> {
        use sessions::Column as C;
        let rows = sessions::Entity::find()
            .filter(C::TenantId.eq(tenant.0).and(C::TaskId.eq(id.0)))
            .order_by_desc(C::StartedAt)
            .order_by_desc(C::Id)
            .limit(MOST)
            .all(&self.conn)
            .await?;
        rows.into_iter().map(Session::try_from).collect()
    }

    /// The tasks that somebody can start a session against: not over, and assigned to that user or to nobody; the one due
    /// first stands first.
    pub async fn tasks_to_do(&self, tenant: TenantId, user: UserId) -> Result<Vec<Task>> {
        use tasks::Column as C;
        let rows = tasks::Entity::find()
            .filter(of(tenant))
            .filter(C::Status.is_in([TaskStatus::Open, TaskStatus::InProgress].map(|status| status.to_string())))
            .filter(C::AssignedTo.is_null().or(C::AssignedTo.eq(user.0)))
            .order_by_asc(Expr::col(C::DueDate).is_null())
            .order_by_asc(C::DueDate)
            .order_by_desc(C::CreatedAt)
            .limit(MOST)
            .all(&self.conn)
            .await?;
        rows.into_iter().map(Task::try_from).collect()
    }
}

/// A session begins against a task: one that is open is being worked on.
pub(crate) async fn begin(
    tx: &DatabaseTransaction,
    tenant: TenantId,
    id: TaskId,
    by: UserId,
    now: Timestamp,
) -> Result<()> {
    let begun = tasks::Entity::update_many()
        .col_expr(tasks::Column::Status, Expr::value(TaskStatus::InProgress.to_string()))
        .filter(of(tenant))
        .filter(tasks::Column::Id.eq(id.0))
        .filter(tasks::Column::Status.eq(TaskStatus::Open.to_string()))
        .exec_with_returning(tx)
        .await?;
    let Some(task) = begun.into_iter().next() else { return Ok(()) };
    tell_status(tx, &task, TaskStatus::InProgress, now).await?;
    let user = super::entity::users::Entity::find_by_id(by.0).one(tx).await?;
    note(tx, tenant, id, TaskStatus::InProgress, user.as_ref().map_or("", |user| &user.full_name), now).await
}

/// Tells webhooks that a task came to a status.
async fn tell_status(tx: &DatabaseTransaction, task: &tasks::Model, status: TaskStatus, now: Timestamp) -> Result<()> {
    let tenant = TenantId(task.tenant_id);
    emit(tx, tenant, EventKind::TaskStatusChanged, told(task, status), now).await?;
    if status == TaskStatus::Completed {
        emit(tx, tenant, EventKind::TaskCompleted, told(task, status), now).await?;
    }
    Ok(())
}

fn told(task: &tasks::Model, status: TaskStatus) -> serde_json::Value {
    json!({ "task_id": task.id, "status": status.to_string(), "source": task.source, "external_id": task.external_id })
}

async fn note(
    tx: &DatabaseTransaction,
    tenant: TenantId,
    id: TaskId,
    status: TaskStatus,
    by: &str,
    now: Timestamp,
) -> Result<()> {
    let row = task_changes::Model {
        id: Uuid::now_v7(),
        tenant_id: tenant.0,
        task_id: id.0,
        status: status.to_string(),
        changed_by: by.to_owned(),
        changed_at: now.0,
    };
    task_changes::Entity::insert(task_changes::ActiveModel::from(row)).exec_without_returning(tx).await?;
    Ok(())
}

async fn made_before(conn: &impl ConnectionTrait, new: &tasks::Model) -> Result<Option<tasks::Model>> {
    use tasks::Column as C;
    let by_key = new.idempotency_key.as_deref().map(|key| C::IdempotencyKey.eq(key));
    let by_reference = new.external_id.as_deref().map(|id| C::Source.eq(new.source.as_str()).and(C::ExternalId.eq(id)));
    let known = Condition::any().add_option(by_key).add_option(by_reference);
    Ok(tasks::Entity::find().filter(of(new.tenant_id.into())).filter(known).one(conn).await?)
}

fn of(tenant: TenantId) -> Expr {
    tasks::Column::TenantId.eq(tenant.0)
}
