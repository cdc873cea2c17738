//! Files of tasks. The row comes before its object and goes after it, so that no object is ever forgotten.

use super::{
    Db, Result, Rule, audit,
    entity::{legal_holds::Column as Hold, task_attachments, tasks},
    legal_holds,
    minutes::By,
};
use domain::{
    AttachmentId, TaskId, TenantId, Timestamp,
    attachment::{Attachment, MOST_FILES},
    audit::Action,
};
use sea_orm::{
    ColumnTrait, EntityTrait, ExprTrait, IntoActiveModel, QueryFilter, QueryOrder, QuerySelect, sea_query::Expr,
};
use strum::{Display, IntoStaticStr};
use uuid::Uuid;

/// After so many seconds whoever was storing or removing a file has died.
const LATEST_SECONDS: f64 = 900.0;

/// A file that is about to be stored.
#[derive(Clone, Debug)]
#[allow(missing_docs)]
pub struct NewAttachment {
    pub file_name: String,
    pub media_type: String,
    pub bytes: u64,
    /// In lower-case hex.
    pub sha256: String,
}

#[derive(Clone, Copy, Display, IntoStaticStr)]
#[strum(serialize_all = "snake_case")]
enum State {
    Coming,
    There,
    Going,
}

impl Db {
    /// Notes a file; `None` when there is no such task. With `true`, its object is to be stored now, and then
    /// [`Db::attachment_is_there`]; with `false` the task has this very file under this name.
    ///
    /// # Errors
    /// [`Rule::TooManyFiles`].
    pub async fn begin_attachment(
        &self,
        tenant: TenantId,
        task: TaskId,
        new: NewAttachment,
        by: &By,
        now: Timestamp,
    ) -> Result<Option<(Attachment, bool)>> {
        use task_attachments::Column as C;
        let tx = self.begin().await?;
        let task_row = tasks::Entity::find_by_id(task.0).filter(tasks::Column::TenantId.eq(tenant.0));
        if task_row.lock_exclusive().one(&tx).await?.is_none() {
            return Ok(None);
        }
        let there =
            task_attachments::Entity::find().filter(of(tenant, task)).filter(C::State.ne(State::Going.to_string()));
        let there = there.all(&tx).await?;
        let same = |row: &&task_attachments::Model| {
            row.sha256 == new.sha256 && row.file_name == new.file_name && row.state == State::There.to_string()
        };
        if let Some(known) = there.iter().find(same) {
            return Ok(Some((known.clone().into(), false)));
        }
        if there.len() as u64 >= MOST_FILES {
            return Err(Rule::TooManyFiles.into());
        }
        let id = Uuid::now_v7();
        let row = task_attachments::Model {
            id,
            tenant_id: tenant.0,
            task_id: task.0,
            file_name: new.file_name,
            media_type: new.media_type,
            bytes: new.bytes as i64,
            sha256: new.sha256,
            object_key: format!("tenants/{tenant}/tasks/{task}/{id}"),
            state: State::Coming.to_string(),
            added_by: by.actor.name.clone(),
            added_at: now.0,
            state_at: now.0,
        };
        task_attachments::Entity::insert(row.clone().into_active_model()).exec_without_returning(&tx).await?;
        tx.commit().await?;
        Ok(Some((row.into(), true)))
    }

    /// The object of a file is stored: from now on it is seen. `false` when its task went meanwhile, and with it the row.
    pub async fn attachment_is_there(&self, file: &Attachment, by: By, now: Timestamp) -> Result<bool> {
        let tx = self.begin().await?;
        let to = |state: State| Expr::value(state.to_string());
        let done = task_attachments::Entity::update_many()
            .col_expr(task_attachments::Column::State, to(State::There))
            .col_expr(task_attachments::Column::StateAt, Expr::value(now.0))
            .filter(of(file.tenant_id, file.task_id))
            .filter(task_attachments::Column::Id.eq(file.id.0))
            .filter(task_attachments::Column::State.eq(State::Coming.to_string()))
            .exec(&tx)
            .await?;
        if done.rows_affected == 0 {
            return Ok(false);
        }
        let title = title(&tx, file.tenant_id, file.task_id).await?;
        let noted = by.act(Action::TaskFileAdded).on("task", file.task_id, title);
        audit::append(&tx, file.tenant_id, &noted.with("file", file.file_name.as_str()), now).await?;
        tx.commit().await?;
        Ok(true)
    }

    /// The files of a task, the oldest first.
    pub async fn attachments(&self, tenant: TenantId, task: TaskId) -> Result<Vec<Attachment>> {
        use task_attachments::Column as C;
        let rows =
            task_attachments::Entity::find().filter(of(tenant, task)).filter(C::State.eq(State::There.to_string()));
        let rows = rows.order_by_asc(C::AddedAt).order_by_asc(C::Id).all(&self.conn).await?;
        Ok(rows.into_iter().map(Into::into).collect())
    }

    /// One file of a task.
    pub async fn attachment(&self, tenant: TenantId, task: TaskId, id: AttachmentId) -> Result<Option<Attachment>> {
        use task_attachments::Column as C;
        let row = task_attachments::Entity::find_by_id(id.0).filter(of(tenant, task));
        let row = row.filter(C::State.eq(State::There.to_string())).one(&self.conn).await?;
        Ok(row.map(Into::into))
    }

    /// Takes a file away: nobody sees it any more, and its object is to go. `None` when it is not there.
    ///
    /// # Errors
    /// [`Rule::LegalHold`] while everything of the tenant is held.
    pub async fn remove_attachment(
        &self,
        tenant: TenantId,
        task: TaskId,
        id: AttachmentId,
        by: By,
        now: Timestamp,
    ) -> Result<Option<Attachment>> {
        use task_attachments::Column as C;
        let tx = self.begin().await?;
        let gone = task_attachments::Entity::update_many()
            .col_expr(C::State, Expr::value(State::Going.to_string()))
            // Whoever looks for what is left finds it at once.
            .col_expr(C::StateAt, Expr::value(0))
            .filter(of(tenant, task))
            .filter(C::Id.eq(id.0).and(C::State.eq(State::There.to_string())))
            .exec_with_returning(&tx)
            .await?;
        let Some(row) = gone.into_iter().next() else { return Ok(None) };
        legal_holds::refuse_any(&tx, tenant, Hold::SessionId.is_null()).await?;
        let title = title(&tx, tenant, task).await?;
        let noted = by.act(Action::TaskFileRemoved).on("task", task, title).with("file", row.file_name.as_str());
        audit::append(&tx, tenant, &noted, now).await?;
        tx.commit().await?;
        Ok(Some(row.into()))
    }

    /// Files of all tenants whose objects are to go: taken away, or never stored to the end.
    pub(crate) async fn attachments_to_go(&self, now: Timestamp) -> Result<Vec<Attachment>> {
        use task_attachments::Column as C;
        let latest = C::StateAt.lt(now.plus_seconds(-LATEST_SECONDS).0);
        // Whoever still stores one of these finds that it is not wanted any more.
        task_attachments::Entity::update_many()
            .col_expr(C::State, Expr::value(State::Going.to_string()))
            .filter(C::State.eq(State::Coming.to_string()).and(latest.clone()))
            .exec(&self.conn)
            .await?;
        let rows = task_attachments::Entity::find()
            .filter(C::State.eq(State::Going.to_string()))
            .filter(latest)
            .order_by_asc(C::StateAt)
            .limit(100)
            .all(&self.conn)
            .await?;
        Ok(rows.into_iter().map(Into::into).collect())
    }

    /// The object has gone, and with it the row.
    pub(crate) async fn attachment_has_gone(&self, file: &Attachment) -> Result<()> {
        task_attachments::Entity::delete_many()
            .filter(of(file.tenant_id, file.task_id))
            .filter(task_attachments::Column::Id.eq(file.id.0))
            .filter(task_attachments::Column::State.ne(State::There.to_string()))
            .exec(&self.conn)
            .await?;
        Ok(())
    }
}

async fn title(conn: &impl sea_orm::ConnectionTrait, tenant: TenantId, task: TaskId) -> Result<String> {
    let row = tasks::Entity::find_by_id(task.0).filter(tasks::Column::TenantId.eq(tenant.0)).one(conn).await?;
    Ok(row.map(|row| row.title).unwrap_or_default())
}

fn of(tenant: TenantId, task: TaskId) -> Expr {
    task_attachments::Column::TenantId.eq(tenant.0).and(task_attachments::Column::TaskId.eq(task.0))
}

impl From<task_attachments::Model> for Attachment {
    fn from(r: task_attachments::Model) -> Self {
        Self {
            id: r.id.into(),
            tenant_id: r.tenant_id.into(),
            task_id: r.task_id.into(),
            file_name: r.file_name,
            media_type: r.media_type,
            bytes: r.bytes as u64,
            sha256: r.sha256,
            object_key: r.object_key,
            added_by: r.added_by,
            added_at: Timestamp(r.added_at),
        }
    }
}
