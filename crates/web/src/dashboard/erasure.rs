//! Settings, Privacy: erasing a session or a user, and the signed records of what was erased. A whole organisation is erased at the
//! command line only: it takes along whoever asks for it.

use super::{Answer, Id, again, failed, legal_holds::id_in, missing, own_form, page, privacy::privacy};
use crate::{
    App,
    auth::login::{Administrator, Viewer},
    pages::{
        erasure::ErasePage,
        layout::{Area, Layout},
        privacy::PrivacyPage,
    },
};
use axum::{
    Form,
    extract::{Query, State},
    http::{StatusCode, header},
    response::{IntoResponse, Redirect, Response},
};
use domain::{
    SessionId, UserId,
    audit::Action,
    erasure::Scope,
    session::Session as Recorded,
    user::{User, normalise_email},
};
use serde::Deserialize;
use serde_json::json;
use storage::{DbError, Rule, db::erase::Preview};
use tower_sessions::Session;
use uuid::Uuid;

/// What is to be erased.
#[derive(Deserialize)]
pub struct What {
    /// Address or id of a session, or the e-mail address or id of a user.
    #[serde(default)]
    what: String,
}

/// That it is to be erased.
#[derive(Deserialize)]
pub struct Sure {
    #[serde(default)]
    csrf_token: String,
    #[serde(default)]
    what: String,
    #[serde(default)]
    password: String,
    #[serde(default)]
    code: String,
}

enum Subject {
    Session(Box<Recorded>),
    User(Box<User>),
}

/// `GET /settings/privacy/erase`: says what would go.
pub async fn ask(State(app): State<App>, Administrator(viewer): Administrator, Query(asked): Query<What>) -> Answer {
    let Some(subject) = find(&app, &viewer, &asked.what).await? else {
        return not_found(&app, &viewer, asked.what).await;
    };
    match question(&app, &viewer, &subject).await? {
        Ok(question) => page(&question),
        Err(problem) => refused(&app, &viewer, asked.what, problem).await,
    }
}

/// `POST /settings/privacy/erase`
pub async fn erase(
    State(app): State<App>,
    Administrator(viewer): Administrator,
    login: Session,
    Form(sure): Form<Sure>,
) -> Answer {
    own_form(&login, &viewer, &sure.csrf_token).await?;
    let Some(subject) = find(&app, &viewer, &sure.what).await? else {
        return not_found(&app, &viewer, sure.what).await;
    };
    if let Some(problem) = again::refused(&app, &viewer, &login, sure.password, &sure.code).await? {
        return match question(&app, &viewer, &subject).await? {
            Ok(mut question) => {
                question.problem = Some(problem.to_owned());
                Ok((StatusCode::UNPROCESSABLE_ENTITY, page(&question)?).into_response())
            }
            Err(problem) => refused(&app, &viewer, sure.what, problem).await,
        };
    }
    let (tenant, now) = (viewer.tenant.id, app.now());
    let entry = viewer.did(Action::Erased);
    let erased = match &subject {
        Subject::Session(session) => app.db.erase_session(tenant, session.id, entry, now).await,
        Subject::User(user) if user.id == viewer.user.id => Err(Rule::Yourself.into()),
        Subject::User(user) => app.db.erase_user(tenant, user.id, entry, now).await,
    };
    match erased {
        Ok(Some(erasure)) => {
            tracing::info!(%tenant, erasure = %erasure.id, by = %viewer.user.id, "erased");
            Ok(Redirect::to("/settings/privacy#erasures").into_response())
        }
        Ok(None) => not_found(&app, &viewer, sure.what).await,
        Err(error) => refused(&app, &viewer, sure.what, why(error)?).await,
    }
}

/// `GET /settings/privacy/erasures/{id}`: the signed record, as `trainar erase verify` takes it.
pub async fn record(State(app): State<App>, Administrator(viewer): Administrator, Id(id): Id<Uuid>) -> Answer {
    let erasure = app.db.erasure(viewer.tenant.id, id).await.map_err(failed)?;
    let (record, signature) = erasure.and_then(|erasure| erasure.record).ok_or_else(|| missing(&viewer))?;
    let body = json!({ "record": record, "signature": signature }).to_string();
    let file = format!("attachment; filename=\"erasure-{id}.json\"");
    Ok(([(header::CONTENT_TYPE, "application/json".to_owned()), (header::CONTENT_DISPOSITION, file)], body)
        .into_response())
}

async fn find(app: &App, viewer: &Viewer, what: &str) -> Result<Option<Subject>, Response> {
    let tenant = viewer.tenant.id;
    if let Some(id) = id_in(what) {
        if let Some(session) = app.db.session(tenant, SessionId(id)).await.map_err(failed)? {
            return Ok(Some(Subject::Session(session.into())));
        }
        return Ok(app.db.user(tenant, UserId(id)).await.map_err(failed)?.map(|user| Subject::User(user.into())));
    }
    let email = normalise_email(what);
    let users = app.db.users(tenant).await.map_err(failed)?;
    Ok(users.into_iter().find(|user| user.email == email).map(|user| Subject::User(user.into())))
}

/// The page that asks, or why it is not even asked.
async fn question(app: &App, viewer: &Viewer, subject: &Subject) -> Result<Result<ErasePage, String>, Response> {
    let tenant = viewer.tenant.id;
    let (scope, id, name, preview) = match subject {
        Subject::Session(s) => (Scope::Session, s.id.0, s.name.clone(), app.db.preview_session(tenant, s.id).await),
        Subject::User(user) if user.id == viewer.user.id => return Ok(Err(why(Rule::Yourself.into())?)),
        Subject::User(user) => {
            let name = format!("{} ({})", user.full_name, user.email);
            (Scope::User, user.id.0, name, app.db.preview_user(tenant, user.id).await)
        }
    };
    let preview = match preview {
        Ok(Some(preview)) => preview,
        Ok(None) => return Err(missing(viewer)),
        Err(error) => return Ok(Err(why(error)?)),
    };
    let (objects, bytes) = weigh(app, &preview).await?;
    let asked = again::asked(app, viewer).await?;
    let who = viewer.signed_in();
    Ok(Ok(ErasePage {
        csrf_token: who.csrf_token.clone(),
        layout: Layout::new("Erase", Area::Settings, who),
        scope,
        id,
        name,
        rows: preview.rows,
        objects,
        bytes,
        asks_password: asked.password,
        asks_code: asked.code,
        problem: None,
    }))
}

/// How many objects would go, and their bytes.
async fn weigh(app: &App, preview: &Preview) -> Result<(u64, u64), Response> {
    let (mut objects, mut bytes) = (0, 0);
    for prefix in &preview.prefixes {
        for (_, meta) in app.objects.list_with_meta(prefix).await.map_err(failed)? {
            objects += 1;
            bytes += meta.bytes;
        }
    }
    Ok((objects, bytes))
}

/// What a rule says; everything else is a failure of ours.
fn why(error: DbError) -> Result<String, Response> {
    match error {
        DbError::Rule(rule) => Ok(rule.to_string()),
        DbError::Refused(why) => Ok(why),
        error => Err(failed(error)),
    }
}

async fn not_found(app: &App, viewer: &Viewer, what: String) -> Answer {
    refused(app, viewer, what, "there is no such session and no such user".into()).await
}

async fn refused(app: &App, viewer: &Viewer, what: String, problem: String) -> Answer {
    let problem = Some(format!("Nothing was erased: {problem}."));
    let shown = PrivacyPage { erase: what, erase_problem: problem, ..privacy(app, viewer).await? };
    Ok((StatusCode::UNPROCESSABLE_ENTITY, page(&shown)?).into_response())
}
