//! The page of one task.

use super::{Answer, Id, failed, missing, page};
use crate::{
    App,
    auth::login::Viewer,
    pages::{
        layout::{Area, Layout},
        task::TaskPage,
    },
};
use axum::{extract::State, response::Response};
use domain::TaskId;

/// `GET /tasks/{id}`
pub async fn show(State(app): State<App>, viewer: Viewer, Id(id): Id<TaskId>) -> Answer {
    page(&task_page(&app, &viewer, id, None).await?)
}

/// The page, with what went wrong with a file.
pub(super) async fn task_page(
    app: &App,
    viewer: &Viewer,
    id: TaskId,
    problem: Option<&'static str>,
) -> Result<TaskPage, Response> {
    let tenant = &viewer.tenant;
    let task = app.db.task(tenant.id, id).await.map_err(failed)?.ok_or_else(|| missing(viewer))?;
    let assigned_to = match task.assigned_to {
        Some(user) => app.db.user(tenant.id, user).await.map_err(failed)?.map(|u| u.full_name),
        None => None,
    };
    let sessions = app.db.task_sessions(tenant.id, id).await.map_err(failed)?;
    let changes = app.db.task_changes(tenant.id, id).await.map_err(failed)?;
    let files = app.db.attachments(tenant.id, id).await.map_err(failed)?;
    let who = viewer.signed_in();
    let csrf_token = who.csrf_token.clone();
    let layout = Layout::new(task.title.clone(), Area::Tasks, who);
    Ok(TaskPage::new(layout, task, assigned_to, &tenant.timezone)
        .with_history(&sessions, &changes, &tenant.timezone)
        .with_files(&files, csrf_token, problem, &tenant.timezone))
}
