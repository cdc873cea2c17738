//! Tasks: the list, and the forms in which administrators make and change one.

use super::{Answer, Id, failed, missing, own_form, page};
use crate::{
    App,
    auth::login::{Administrator, Viewer},
    pages::{
        layout::{Area, Layout},
        tasks::{TaskForm, TaskFormPage, TaskRow, TasksFilter, TasksPage},
    },
};
use axum::{
    Form,
    extract::{Query, State},
    http::StatusCode,
    response::{IntoResponse, Redirect, Response},
};
use domain::{
    TaskId, Timestamp, UserId,
    audit::Actor,
    task::{TaskSource, TaskStatus},
};
use jiff::{ToSpan, civil::Date};
use serde::Deserialize;
use storage::{
    DbError,
    db::{
        lists::After,
        minutes::By,
        task_list::{TaskDetails, TaskFilter},
    },
};
use tower_sessions::Session;
use uuid::Uuid;

const PAGE_SIZE: u64 = 50;

/// What the address of the list says.
#[derive(Deserialize)]
#[serde(default)]
#[derive(Default)]
pub struct Wanted {
    search: String,
    status: String,
    source: String,
    assigned_to: String,
    due: String,
    before: Option<String>,
}

/// `GET /tasks`: what cannot be read of the address narrows nothing.
pub async fn list(State(app): State<App>, viewer: Viewer, Query(wanted): Query<Wanted>) -> Answer {
    let tenant = &viewer.tenant;
    let today = app.now().date(&tenant.timezone);
    let search: String = wanted.search.trim().chars().take(200).collect();
    let (status, source) = (wanted.status.parse::<TaskStatus>().ok(), wanted.source.parse::<TaskSource>().ok());
    let assigned_to = wanted.assigned_to.parse::<UserId>().ok();
    let days = match wanted.due.as_str() {
        "overdue" => Some(0),
        "week" => Some(7),
        _ => None,
    };
    let filter = TaskFilter {
        search: Some(search.clone()).filter(|text| !text.is_empty()),
        status,
        source,
        assigned_to,
        due_before: days.map(|days| Timestamp::start_of(today.saturating_add(days.days()), &tenant.timezone)),
    };
    let before = wanted.before.as_deref().and_then(read_cursor);
    let found = app.db.task_page(tenant.id, &filter, before, PAGE_SIZE).await.map_err(failed)?;
    let users = names(&app, &viewer).await?;
    let row = |task| {
        let task: &domain::task::Task = task;
        let name = task.assigned_to.map(|id| id.to_string());
        let name = name.and_then(|id| users.iter().find(|(known, _)| *known == id).map(|(_, name)| name.clone()));
        TaskRow::new(task, name, today, &tenant.timezone)
    };
    let who = viewer.signed_in();
    page(&TasksPage {
        may_add: who.is_admin,
        filter: TasksFilter {
            search,
            status: status.map(|s| s.to_string()).unwrap_or_default(),
            source: source.map(|s| s.to_string()).unwrap_or_default(),
            assigned_to: assigned_to.map(|id| id.to_string()).unwrap_or_default(),
            due: days.map(|_| wanted.due).unwrap_or_default(),
        },
        rows: found.rows.iter().map(row).collect(),
        users: users.clone(),
        older: found.next.map(|after| format!("{}.{}", after.at.0, after.id)),
        is_later_page: before.is_some(),
        layout: Layout::new("Tasks", Area::Tasks, who),
    })
}

/// `GET /tasks/new`
pub async fn new(State(app): State<App>, Administrator(viewer): Administrator) -> Answer {
    let form = TaskForm { key: Uuid::new_v4().to_string(), ..TaskForm::default() };
    page(&form_page(&app, &viewer, None, form, None).await?)
}

/// `POST /tasks/new`
pub async fn add(
    State(app): State<App>,
    Administrator(viewer): Administrator,
    login: Session,
    Form(form): Form<TaskForm>,
) -> Answer {
    own_form(&login, &viewer, &form.csrf_token).await?;
    let key = form.key.parse::<Uuid>().ok().map(|key| format!("form:{key}"));
    let details = match details(&app, &viewer, &form).await? {
        Ok(details) => details,
        Err(problem) => return refused(&app, &viewer, None, form, problem).await,
    };
    let made = app.db.add_task(viewer.tenant.id, TaskSource::Manual, details, key, by(&viewer), app.now()).await;
    let (task, _) = made.map_err(failed)?;
    Ok(Redirect::to(&format!("/tasks/{}", task.id)).into_response())
}

/// `GET /tasks/{id}/edit`
pub async fn edit(State(app): State<App>, Administrator(viewer): Administrator, Id(id): Id<TaskId>) -> Answer {
    let task = app.db.task(viewer.tenant.id, id).await.map_err(failed)?.ok_or_else(|| missing(&viewer))?;
    let form = TaskForm::of(&task, &viewer.tenant.timezone);
    page(&form_page(&app, &viewer, Some(id), form, None).await?)
}

/// `POST /tasks/{id}/edit`
pub async fn change(
    State(app): State<App>,
    Administrator(viewer): Administrator,
    Id(id): Id<TaskId>,
    login: Session,
    Form(form): Form<TaskForm>,
) -> Answer {
    own_form(&login, &viewer, &form.csrf_token).await?;
    let task = app.db.task(viewer.tenant.id, id).await.map_err(failed)?.ok_or_else(|| missing(&viewer))?;
    let now = TaskForm::of(&task, &viewer.tenant.timezone);
    if form.key != now.key {
        let problem = "The task was changed since you opened this form. Nothing was saved. Look at it in another window; what \
                       you save now takes the place of that.";
        let shown = form_page(&app, &viewer, Some(id), TaskForm { key: now.key, ..form }, Some(problem)).await?;
        return Ok((StatusCode::CONFLICT, page(&shown)?).into_response());
    }
    let details = match details(&app, &viewer, &form).await? {
        Ok(details) => details,
        Err(problem) => return refused(&app, &viewer, Some(id), form, problem).await,
    };
    match app.db.change_task(viewer.tenant.id, id, details, by(&viewer), app.now()).await {
        Ok(Some(_)) => Ok(Redirect::to(&format!("/tasks/{id}")).into_response()),
        Ok(None) => Err(missing(&viewer)),
        Err(DbError::Exists(_)) => {
            let problem = "Another task of this source has this reference. Nothing was changed.";
            refused(&app, &viewer, Some(id), form, problem).await
        }
        Err(error) => Err(failed(error)),
    }
}

fn by(viewer: &Viewer) -> By {
    By { actor: Actor::user(&viewer.user), address: Some(viewer.address) }
}

/// What the form says, or what is wrong with it.
async fn details(app: &App, viewer: &Viewer, form: &TaskForm) -> Result<Result<TaskDetails, &'static str>, Response> {
    let some = |text: &str| Some(text.trim().to_owned()).filter(|text| !text.is_empty());
    let Some(title) = some(&form.title).filter(|title| title.chars().count() <= 500) else {
        return Ok(Err("Give a title of 1 to 500 characters. Nothing was saved."));
    };
    if form.description.chars().count() > 20_000 {
        return Ok(Err("The description may have 20,000 characters. Nothing was saved."));
    }
    let external_url = some(&form.external_url);
    if external_url.as_ref().is_some_and(|url| !url.starts_with("https://") && !url.starts_with("http://")) {
        return Ok(Err("The address must begin with https:// or http://. Nothing was saved."));
    }
    let due = match form.due.trim() {
        "" => None,
        text => match text.parse::<Date>() {
            Ok(day) if (1970..=9998).contains(&day.year()) => Some(Timestamp::start_of(day, &viewer.tenant.timezone)),
            _ => return Ok(Err("Give a day such as 2026-11-21. Nothing was saved.")),
        },
    };
    let assigned_to = match form.assigned_to.parse::<UserId>() {
        Ok(id) => app.db.user(viewer.tenant.id, id).await.map_err(failed)?.map(|user| user.id),
        Err(_) => None,
    };
    if assigned_to.is_none() && !form.assigned_to.is_empty() {
        return Ok(Err("This user is not there any more. Choose another one. Nothing was saved."));
    }
    let status = match form.status.as_str() {
        "" => Ok(TaskStatus::Open),
        word => word.parse(),
    };
    let Ok(status) = status else { return Ok(Err("Choose a status. Nothing was saved.")) };
    Ok(Ok(TaskDetails {
        title,
        description: form.description.trim().to_owned(),
        status,
        priority: some(&form.priority),
        external_id: some(&form.external_id),
        external_url,
        assigned_to,
        due_date: due,
    }))
}

async fn refused(app: &App, viewer: &Viewer, id: Option<TaskId>, form: TaskForm, problem: &'static str) -> Answer {
    let shown = form_page(app, viewer, id, form, Some(problem)).await?;
    Ok((StatusCode::UNPROCESSABLE_ENTITY, page(&shown)?).into_response())
}

async fn form_page(
    app: &App,
    viewer: &Viewer,
    id: Option<TaskId>,
    form: TaskForm,
    problem: Option<&'static str>,
) -> Result<TaskFormPage, Response> {
    let who = viewer.signed_in();
    let title = if id.is_some() { "Edit task" } else { "New task" };
    Ok(TaskFormPage {
        csrf_token: who.csrf_token.clone(),
        layout: Layout::new(title, Area::Tasks, who),
        action: id.map_or_else(|| "/tasks/new".to_owned(), |id| format!("/tasks/{id}/edit")),
        back: id.map_or_else(|| "/tasks".to_owned(), |id| format!("/tasks/{id}")),
        is_new: id.is_none(),
        form,
        users: names(app, viewer).await?,
        problem,
    })
}

/// Id and full name of every user.
async fn names(app: &App, viewer: &Viewer) -> Result<Vec<(String, String)>, Response> {
    let users = app.db.users(viewer.tenant.id).await.map_err(failed)?;
    Ok(users.into_iter().map(|user| (user.id.to_string(), user.full_name)).collect())
}

fn read_cursor(text: &str) -> Option<After> {
    let (at, id) = text.split_once('.')?;
    Some(After { at: Timestamp(at.parse().ok()?), id: id.parse().ok()? })
}
