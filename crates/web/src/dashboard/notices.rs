//! Settings, Privacy: what is said about being recorded.

use super::{Answer, failed, own_form, page, privacy::privacy};
use crate::{App, auth::login::Administrator, pages::privacy::PrivacyPage};
use axum::{
    Form,
    extract::State,
    http::StatusCode,
    response::{IntoResponse, Redirect},
};
use domain::{
    audit::Action,
    notice::{LONGEST, NoticeKind},
};
use serde::Deserialize;
use tower_sessions::Session;

/// A text as the form sends it.
#[derive(Deserialize)]
pub struct NewText {
    #[serde(default)]
    csrf_token: String,
    #[serde(default)]
    kind: String,
    /// Nothing: none stands.
    #[serde(default)]
    text: String,
}

/// `POST /settings/privacy/notices`
pub async fn save(
    State(app): State<App>,
    Administrator(viewer): Administrator,
    login: Session,
    Form(new): Form<NewText>,
) -> Answer {
    own_form(&login, &viewer, &new.csrf_token).await?;
    // Browsers send line ends of two characters.
    let text = new.text.replace("\r\n", "\n").trim().to_owned();
    let kind = new.kind.parse::<NoticeKind>();
    let problem = match kind {
        Err(_) => Some("Say which text it is. Nothing was changed."),
        Ok(_) if text.chars().count() > LONGEST => Some("Give at most 1000 characters. Nothing was changed."),
        Ok(_) => None,
    };
    if problem.is_some() {
        let mut shown: PrivacyPage = privacy(&app, &viewer).await?;
        shown.notice_problem = problem.map(Into::into);
        for notice in shown.notices.iter_mut().filter(|notice| kind == Ok(notice.kind)) {
            notice.text = text.clone();
        }
        return Ok((StatusCode::UNPROCESSABLE_ENTITY, page(&shown)?).into_response());
    }
    if let Ok(kind) = kind {
        let entry = viewer.did(Action::NoticeChanged);
        app.db.set_notice(viewer.tenant.id, kind, &text, entry, app.now()).await.map_err(failed)?;
    }
    Ok(Redirect::to("/settings/privacy#notices").into_response())
}
