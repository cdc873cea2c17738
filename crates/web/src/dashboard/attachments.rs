//! Files of a task: shown to everybody, added and removed by administrators.

use super::{Answer, failed, missing, own_form, page, task::task_page};
use crate::{
    App, attachment_file,
    auth::login::{Administrator, Viewer},
};
use axum::{
    Form,
    extract::{DefaultBodyLimit, FromRequest, Multipart, Path, Request, State, multipart::Field},
    http::StatusCode,
    response::{IntoResponse, Redirect},
    routing::{MethodRouter, get, post},
};
use bytes::{Bytes, BytesMut};
use domain::{
    AttachmentId, TaskId,
    attachment::{Attachment, MOST_BYTES, file_name},
    audit::Actor,
};
use serde::Deserialize;
use storage::{
    DbError, Rule,
    attachments::{self, AttachmentError},
    db::minutes::By,
};
use tower_sessions::Session;

/// What is read of a form that is too large, so that its sender is told why it is refused.
const MOST_READ: usize = 200_000_000;

/// What a form of one button sends.
#[derive(Deserialize)]
pub struct Plain {
    #[serde(default)]
    csrf_token: String,
}

/// Of `/tasks/{id}/files`
pub fn form() -> MethodRouter<App> {
    post(add).layer(DefaultBodyLimit::max(MOST_READ))
}

/// Of `/tasks/{id}/files/{file}`
pub fn download() -> MethodRouter<App> {
    get(async |app, viewer, ids| one(app, viewer, ids, false).await)
}

/// Of `/tasks/{id}/files/{file}/picture`
pub fn picture() -> MethodRouter<App> {
    get(async |app, viewer, ids| one(app, viewer, ids, true).await)
}

/// `POST /tasks/{id}/files`: a form with the token first and then the file.
async fn add(
    State(app): State<App>,
    Administrator(viewer): Administrator,
    Path(task): Path<String>,
    login: Session,
    request: Request,
) -> Answer {
    let task: TaskId = task.parse().map_err(|_| missing(&viewer))?;
    app.db.task(viewer.tenant.id, task).await.map_err(failed)?.ok_or_else(|| missing(&viewer))?;
    let mut form = Multipart::from_request(request, &app).await.ok();
    let mut token = String::new();
    let problem = loop {
        // What is no such form has no token either.
        let Some(form) = &mut form else { break "Choose a file first." };
        let field = match form.next_field().await {
            Ok(Some(field)) => field,
            Ok(None) => break "Choose a file first.",
            Err(_) => break "The file did not arrive whole. Send it again.",
        };
        match field.name() {
            Some("csrf_token") => token = field.text().await.unwrap_or_default(),
            Some("file") => {
                own_form(&login, &viewer, &token).await?;
                let Some(name) = field.file_name().and_then(file_name) else { break "Choose a file first." };
                let bytes = match read(field).await {
                    Ok(bytes) => bytes,
                    Err(problem) => break problem,
                };
                let with = (&app.db, &app.objects, &*app.clock);
                break match attachments::add(with, viewer.tenant.id, task, name, bytes, by(&viewer)).await {
                    Ok(Some(_)) => return Ok(Redirect::to(&format!("/tasks/{task}")).into_response()),
                    Ok(None) => return Err(missing(&viewer)),
                    Err(AttachmentError::Db(DbError::Rule(Rule::TooManyFiles))) => {
                        "This task has 20 files, and no more are taken. Remove one first."
                    }
                    Err(error) => return Err(failed(error)),
                };
            }
            _ => {}
        }
    };
    own_form(&login, &viewer, &token).await?;
    let shown = task_page(&app, &viewer, task, Some(problem)).await?;
    Ok((StatusCode::UNPROCESSABLE_ENTITY, page(&shown)?).into_response())
}

/// The bytes of a file, or what is wrong with it. One that is too large is read to its end, and not kept.
async fn read(mut field: Field<'_>) -> Result<Bytes, &'static str> {
    let (mut bytes, mut length) = (BytesMut::new(), 0);
    loop {
        match field.chunk().await {
            Ok(Some(chunk)) => {
                length += chunk.len() as u64;
                if length <= MOST_BYTES {
                    bytes.extend_from_slice(&chunk);
                } else {
                    bytes = BytesMut::new();
                }
            }
            Ok(None) if length > MOST_BYTES => return Err("The file has more than 10 MB. Nothing was kept of it."),
            Ok(None) => return Ok(bytes.freeze()),
            Err(_) if length > MOST_BYTES => return Err("The file has more than 10 MB. Nothing was kept of it."),
            Err(_) => return Err("The file did not arrive whole. Send it again."),
        }
    }
}

async fn one(State(app): State<App>, viewer: Viewer, Path(ids): Path<(String, String)>, shown: bool) -> Answer {
    let (task, id) = ids_of(&ids).ok_or_else(|| missing(&viewer))?;
    let file = app.db.attachment(viewer.tenant.id, task, id).await.map_err(failed)?;
    let file = file.filter(|file: &Attachment| !shown || file.is_picture()).ok_or_else(|| missing(&viewer))?;
    attachment_file::send(&app, &file, shown).await.map_err(failed)
}

/// `POST /tasks/{id}/files/{file}/remove`
pub async fn remove(
    State(app): State<App>,
    Administrator(viewer): Administrator,
    Path(ids): Path<(String, String)>,
    login: Session,
    Form(form): Form<Plain>,
) -> Answer {
    own_form(&login, &viewer, &form.csrf_token).await?;
    let (task, id) = ids_of(&ids).ok_or_else(|| missing(&viewer))?;
    app.db.task(viewer.tenant.id, task).await.map_err(failed)?.ok_or_else(|| missing(&viewer))?;
    let with = (&app.db, &app.objects, &*app.clock);
    match attachments::remove(with, viewer.tenant.id, task, id, by(&viewer)).await {
        // One that has gone is as good as removed.
        Ok(_) => Ok(Redirect::to(&format!("/tasks/{task}")).into_response()),
        Err(DbError::Rule(Rule::LegalHold)) => {
            let held = "A legal hold stands on everything of the organisation, so the file stays.";
            let shown = task_page(&app, &viewer, task, Some(held)).await?;
            Ok((StatusCode::CONFLICT, page(&shown)?).into_response())
        }
        Err(error) => Err(failed(error)),
    }
}

fn by(viewer: &Viewer) -> By {
    By { actor: Actor::user(&viewer.user), address: Some(viewer.address) }
}

fn ids_of((task, id): &(String, String)) -> Option<(TaskId, AttachmentId)> {
    Some((task.parse().ok()?, id.parse().ok()?))
}
