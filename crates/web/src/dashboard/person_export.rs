//! All data of a person as a file: for that person, and for administrators.

use super::{Answer, Id, failed, looks_only, missing, own_form, page, seats::Plain};
use crate::{
    App,
    auth::login::{Administrator, Viewer},
    media,
    pages::{
        amounts,
        layout::{Area, Layout},
        person_export::{ExportShown, PersonExportPage},
        when::When,
    },
};
use axum::{
    Form, Router,
    extract::State,
    response::{IntoResponse, Redirect, Response},
    routing::get,
};
use domain::{UserId, audit::Action, user::User};
use storage::db::person_exports::{ExportState, PersonExport};
use tower_sessions::Session;

/// Every address of it.
pub fn routes() -> Router<App> {
    Router::new()
        .route("/account/data", get(show_own).post(ask_own))
        .route("/account/data/file", get(own_file))
        .route("/settings/users/{id}/data", get(show).post(ask))
        .route("/settings/users/{id}/data/file", get(file))
}

/// `GET /account/data`
async fn show_own(State(app): State<App>, viewer: Viewer) -> Answer {
    let user = viewer.user.clone();
    page(&shown(&app, &viewer, &user, true).await?)
}

/// `POST /account/data`: asks for the file.
async fn ask_own(State(app): State<App>, viewer: Viewer, login: Session, Form(form): Form<Plain>) -> Answer {
    own_form(&login, &viewer, &form.csrf_token).await?;
    asked(&app, &viewer, &viewer.user, "/account/data").await
}

/// `GET /account/data/file`
async fn own_file(State(app): State<App>, viewer: Viewer) -> Answer {
    handed(&app, &viewer, &viewer.user).await
}

/// `GET /settings/users/{id}/data`
async fn show(State(app): State<App>, Administrator(viewer): Administrator, Id(id): Id<UserId>) -> Answer {
    let user = user(&app, &viewer, id).await?;
    page(&shown(&app, &viewer, &user, false).await?)
}

/// `POST /settings/users/{id}/data`
async fn ask(
    State(app): State<App>,
    Administrator(viewer): Administrator,
    Id(id): Id<UserId>,
    login: Session,
    Form(form): Form<Plain>,
) -> Answer {
    own_form(&login, &viewer, &form.csrf_token).await?;
    let user = user(&app, &viewer, id).await?;
    asked(&app, &viewer, &user, &format!("/settings/users/{id}/data")).await
}

/// `GET /settings/users/{id}/data/file`
async fn file(State(app): State<App>, Administrator(viewer): Administrator, Id(id): Id<UserId>) -> Answer {
    let user = user(&app, &viewer, id).await?;
    handed(&app, &viewer, &user).await
}

async fn asked(app: &App, viewer: &Viewer, user: &User, back: &str) -> Answer {
    let entry = viewer.did(Action::PersonExportAsked).on_user(user);
    let asked = app.db.ask_person_export(viewer.tenant.id, user.id, &entry, app.now()).await.map_err(failed)?;
    asked.ok_or_else(|| missing(viewer))?;
    Ok(Redirect::to(back).into_response())
}

/// Leads to the file, for as long as addresses of media are good.
async fn handed(app: &App, viewer: &Viewer, user: &User) -> Answer {
    // An operator looks, and takes nothing along.
    if viewer.operator.is_some() {
        return Err(looks_only(viewer));
    }
    let export = app.db.person_export(viewer.tenant.id, user.id).await.map_err(failed)?;
    let Some((key, _)) = export.and_then(|export| export.file) else { return Err(missing(viewer)) };
    viewer.note(app, viewer.did(Action::PersonExportDownloaded).on_user(user)).await?;
    Ok(Redirect::to(&media::Signer::new(app).address(&key, "zip")).into_response())
}

async fn user(app: &App, viewer: &Viewer, id: UserId) -> Result<User, Response> {
    app.db.user(viewer.tenant.id, id).await.map_err(failed)?.ok_or_else(|| missing(viewer))
}

async fn shown(app: &App, viewer: &Viewer, user: &User, is_own: bool) -> Result<PersonExportPage, Response> {
    let export = app.db.person_export(viewer.tenant.id, user.id).await.map_err(failed)?;
    let who = viewer.signed_in();
    let (title, area) = match is_own {
        true => ("Your data".to_owned(), Area::Account),
        false => (format!("Data of {}", user.full_name), Area::Settings),
    };
    Ok(PersonExportPage {
        csrf_token: who.csrf_token.clone(),
        layout: Layout::new(title, area, who),
        name: user.full_name.clone(),
        user: (!is_own).then_some(user.id),
        export: export.map_or(ExportShown::None, |export| state(&export, &viewer.tenant.timezone)),
    })
}

fn state(export: &PersonExport, timezone: &str) -> ExportShown {
    let when = |at| When::new(at, timezone);
    match (export.state, &export.file, export.expires_at) {
        (ExportState::Ready, Some((_, bytes)), Some(until)) => ExportShown::Ready {
            made: when(export.requested_at),
            size: amounts::show_bytes(*bytes),
            until: when(until),
        },
        (ExportState::Failed, ..) => ExportShown::Failed { asked: when(export.requested_at) },
        _ => ExportShown::Preparing { asked: when(export.requested_at) },
    }
}
