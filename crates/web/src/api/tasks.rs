//! `/api/v1/tasks`: units of work, and the ones that a device can start a session against.

use super::{
    input::{Id, Input},
    query::{Asked, Cursor, Limit},
    sessions::idempotency_key,
    words,
};
use crate::{
    App,
    auth::{
        api_key::{Key, TasksRead, TasksWrite},
        device::Caller,
    },
    problem::{Problem, ProblemDetails},
};
use axum::{
    Json,
    extract::State,
    http::{HeaderMap, StatusCode},
};
use domain::{
    TaskId, TenantId, Timestamp, UserId,
    task::{Task, TaskSource, TaskStatus},
    text,
};
use garde::Validate;
use serde::{Deserialize, Serialize};
use storage::{
    DbError,
    db::task_list::{TaskDetails, TaskFilter},
};
use utoipa::{IntoParams, ToSchema};
use uuid::Uuid;

/// A unit of work.
#[derive(Serialize, ToSchema)]
pub struct TaskState {
    id: Uuid,
    title: String,
    /// May be empty.
    description: String,
    #[schema(schema_with = words::word::<TaskStatus>)]
    status: TaskStatus,
    priority: Option<String>,
    #[schema(schema_with = words::word::<TaskSource>)]
    source: TaskSource,
    /// Its reference in the system it comes from.
    external_id: Option<String>,
    external_url: Option<String>,
    /// The user who is to do it.
    assigned_to: Option<Uuid>,
    #[schema(schema_with = words::optional_instant)]
    due_date: Option<Timestamp>,
    #[schema(schema_with = words::instant)]
    created_at: Timestamp,
}

/// What can be said of a task. What is left out is empty.
#[derive(Deserialize, Validate, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct TaskBody {
    #[garde(length(chars, min = 1, max = 500))]
    #[schema(min_length = 1, max_length = 500)]
    title: String,
    #[serde(default)]
    #[garde(length(chars, max = 20_000))]
    #[schema(max_length = 20_000)]
    description: String,
    /// `open` if left out.
    #[garde(skip)]
    #[schema(schema_with = words::optional_word::<TaskStatus>)]
    status: Option<TaskStatus>,
    #[garde(inner(length(chars, max = 100)))]
    #[schema(max_length = 100)]
    priority: Option<String>,
    /// Its reference in your system: one task has it.
    #[garde(inner(length(chars, min = 1, max = 200)))]
    #[schema(min_length = 1, max_length = 200)]
    external_id: Option<String>,
    /// Where it stands in your system: an address that begins with `https://` or `http://`.
    #[garde(inner(length(chars, max = 2000)))]
    #[schema(max_length = 2000)]
    external_url: Option<String>,
    /// A user of the organisation.
    #[garde(skip)]
    assigned_to: Option<Uuid>,
    #[garde(skip)]
    #[schema(schema_with = words::optional_instant)]
    due_date: Option<Timestamp>,
}

/// Some tasks.
#[derive(Serialize, ToSchema)]
pub struct Tasks {
    /// The newest first.
    tasks: Vec<TaskState>,
    /// Send it as `after` to get the rest; null where there is none.
    next: Option<Cursor>,
}

/// Tasks that a session can be started against.
#[derive(Serialize, ToSchema)]
pub struct TasksToDo {
    /// The one that is due first stands first; 200 at most.
    tasks: Vec<TaskState>,
}

/// Which tasks.
#[derive(Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct WhichTasks {
    /// How far they are.
    #[param(schema_with = words::word::<TaskStatus>)]
    status: Option<TaskStatus>,
    /// Where they come from.
    #[param(schema_with = words::word::<TaskSource>)]
    source: Option<TaskSource>,
    /// Of which user.
    assigned_to: Option<Uuid>,
    /// Part of the title, the description or the reference.
    search: Option<String>,
    /// The `next` of the answer before.
    #[param(inline)]
    after: Option<Cursor>,
    /// How many at most.
    #[param(inline)]
    limit: Option<Limit>,
}

/// The tasks of the organisation, the newest first.
#[utoipa::path(
    get, path = "/api/v1/tasks", tag = "tasks", params(WhichTasks), security(("api_key" = ["tasks:read"])),
    responses((status = 200, body = Tasks))
)]
pub async fn list(
    State(app): State<App>,
    key: Key<TasksRead>,
    Asked(asked): Asked<WhichTasks>,
) -> Result<Json<Tasks>, Problem> {
    let filter = TaskFilter {
        search: asked.search.map(|text| text::visible(&text)).filter(|text| !text.is_empty()),
        status: asked.status,
        source: asked.source,
        assigned_to: asked.assigned_to.map(UserId),
        due_before: None,
    };
    let after = asked.after.map(|cursor| cursor.0);
    let page = app.db.task_page(key.tenant, &filter, after, asked.limit.unwrap_or_default().0).await?;
    Ok(Json(Tasks { tasks: page.rows.into_iter().map(Into::into).collect(), next: page.next.map(Cursor) }))
}

/// One task.
#[utoipa::path(
    get, path = "/api/v1/tasks/{task}", tag = "tasks", params(("task" = Uuid, Path)), security(("api_key" = ["tasks:read"])),
    responses(
        (status = 200, body = TaskState),
        (status = 404, description = "No such task", body = ProblemDetails, content_type = "application/problem+json")
    )
)]
pub async fn show(State(app): State<App>, key: Key<TasksRead>, Id(id): Id<TaskId>) -> Result<Json<TaskState>, Problem> {
    let task = app.db.task(key.tenant, id).await?.ok_or_else(|| Problem::not_found("task"))?;
    Ok(Json(task.into()))
}

/// Makes a task. The same `Idempotency-Key`, or the same `external_id`, makes one.
#[utoipa::path(
    post, path = "/api/v1/tasks", tag = "tasks", security(("api_key" = ["tasks:write"])),
    params(("Idempotency-Key" = Option<String>, Header, description = "Any text of at most 255 characters, such as a UUID")),
    request_body = TaskBody,
    responses(
        (status = 201, description = "Made", body = TaskState),
        (status = 200, description = "The same key or reference had made this one before", body = TaskState),
        (status = 400, description = "The body is no JSON, or the Idempotency-Key was refused", body = ProblemDetails, content_type = "application/problem+json"),
        (status = 422, description = "A field was refused", body = ProblemDetails, content_type = "application/problem+json")
    )
)]
pub async fn create(
    State(app): State<App>,
    key: Key<TasksWrite>,
    headers: HeaderMap,
    Input(body): Input<TaskBody>,
) -> Result<(StatusCode, Json<TaskState>), Problem> {
    let details = body.details(&app, key.tenant).await?;
    let by = key.by();
    let made = app.db.add_task(key.tenant, TaskSource::Api, details, idempotency_key(&headers)?, by, app.now()).await?;
    let status = if made.1 { StatusCode::CREATED } else { StatusCode::OK };
    Ok((status, Json(made.0.into())))
}

/// Changes a task: it is then as the body says.
#[utoipa::path(
    put, path = "/api/v1/tasks/{task}", tag = "tasks", security(("api_key" = ["tasks:write"])),
    params(("task" = Uuid, Path)),
    request_body = TaskBody,
    responses(
        (status = 200, body = TaskState),
        (status = 400, description = "The body is no JSON", body = ProblemDetails, content_type = "application/problem+json"),
        (status = 404, description = "No such task", body = ProblemDetails, content_type = "application/problem+json"),
        (status = 409, description = "Another task has this reference", body = ProblemDetails, content_type = "application/problem+json"),
        (status = 422, description = "A field was refused", body = ProblemDetails, content_type = "application/problem+json")
    )
)]
pub async fn change(
    State(app): State<App>,
    key: Key<TasksWrite>,
    Id(id): Id<TaskId>,
    Input(body): Input<TaskBody>,
) -> Result<Json<TaskState>, Problem> {
    app.db.task(key.tenant, id).await?.ok_or_else(|| Problem::not_found("task"))?;
    let details = body.details(&app, key.tenant).await?;
    let by = key.by();
    let changed = app.db.change_task(key.tenant, id, details, by, app.now()).await.map_err(|error| match error {
        DbError::Exists(_) => {
            Problem::new(StatusCode::CONFLICT, "reference-taken", "another task has this external_id")
        }
        error => error.into(),
    })?;
    Ok(Json(changed.ok_or_else(|| Problem::not_found("task"))?.into()))
}

/// The tasks that the engineer with this device can start a session against: not over, and assigned to nobody else.
#[utoipa::path(
    get, path = "/api/v1/device/tasks", tag = "device",
    responses(
        (status = 200, body = TasksToDo),
        (status = 401, description = "No valid device token", body = ProblemDetails, content_type = "application/problem+json")
    )
)]
pub async fn to_do(State(app): State<App>, caller: Caller) -> Result<Json<TasksToDo>, Problem> {
    let tasks = app.db.tasks_to_do(caller.seat.tenant_id, caller.seat.user_id).await?;
    Ok(Json(TasksToDo { tasks: tasks.into_iter().map(Into::into).collect() }))
}

impl TaskBody {
    async fn details(self, app: &App, tenant: TenantId) -> Result<TaskDetails, Problem> {
        let title = text::visible(&self.title);
        if title.is_empty() {
            return Err(Problem::invalid("title: give one that can be seen"));
        }
        let is_address = |url: &String| url.starts_with("https://") || url.starts_with("http://");
        if !self.external_url.as_ref().is_none_or(is_address) {
            return Err(Problem::invalid("external_url: give an address that begins with https:// or http://"));
        }
        let assigned_to = self.assigned_to.map(UserId);
        if let Some(user) = assigned_to
            && app.db.user(tenant, user).await?.is_none()
        {
            return Err(Problem::invalid("assigned_to: there is no such user"));
        }
        let some = |text: Option<String>| text.map(|text| text::visible(&text)).filter(|text| !text.is_empty());
        Ok(TaskDetails {
            title,
            description: self.description.trim().to_owned(),
            status: self.status.unwrap_or(TaskStatus::Open),
            priority: some(self.priority),
            external_id: some(self.external_id),
            external_url: some(self.external_url),
            assigned_to,
            due_date: self.due_date,
        })
    }
}

impl From<Task> for TaskState {
    fn from(task: Task) -> Self {
        Self {
            id: task.id.0,
            title: task.title,
            description: task.description,
            status: task.status,
            priority: task.priority,
            source: task.source,
            external_id: task.external_id,
            external_url: task.external_url,
            assigned_to: task.assigned_to.map(|id| id.0),
            due_date: task.due_date,
            created_at: task.created_at,
        }
    }
}
