//! Settings, Privacy: the page, and how long what was recorded is kept.

use super::{Answer, failed, own_form, page};
use crate::{
    App,
    auth::login::{Administrator, Viewer},
    pages::{
        layout::{Area, Layout},
        privacy::{ErasureRow, HoldForm, HoldRow, NoticeField, PrivacyPage, RetentionForm, RetentionPage},
    },
};
use axum::{
    Form,
    extract::State,
    http::StatusCode,
    response::{IntoResponse, Redirect, Response},
};
use domain::{audit::Actor, notice::NoticeKind};
use serde::Deserialize;
use strum::VariantArray;
use tower_sessions::Session;

/// How long each part is kept: days, or nothing.
#[derive(Deserialize)]
pub struct Keep {
    #[serde(default)]
    csrf_token: String,
    #[serde(default)]
    recording: String,
    #[serde(default)]
    clips: String,
    #[serde(default)]
    transcript: String,
    /// Whether what it would remove has been seen.
    #[serde(default)]
    confirmed: String,
}

/// `GET /settings/privacy`
pub async fn show(State(app): State<App>, Administrator(viewer): Administrator) -> Answer {
    page(&privacy(&app, &viewer).await?)
}

/// `POST /settings/privacy/retention`: asks first.
pub async fn keep(
    State(app): State<App>,
    Administrator(viewer): Administrator,
    login: Session,
    Form(keep): Form<Keep>,
) -> Answer {
    own_form(&login, &viewer, &keep.csrf_token).await?;
    let form = RetentionForm { days: [keep.recording, keep.clips, keep.transcript], problem: None };
    let new = match form.read() {
        Ok(new) => new,
        Err(problem) => {
            let retention = RetentionForm { problem: Some(problem), ..form };
            let shown = PrivacyPage { retention, ..privacy(&app, &viewer).await? };
            return Ok((StatusCode::UNPROCESSABLE_ENTITY, page(&shown)?).into_response());
        }
    };
    let (tenant, now) = (&viewer.tenant, app.now());
    if new == tenant.retention {
        return Ok(Redirect::to("/settings/privacy").into_response());
    }
    if keep.confirmed != "yes" {
        let who = viewer.signed_in();
        let counts = app.db.count_aged(tenant.id, new, now).await.map_err(failed)?;
        return page(&RetentionPage {
            csrf_token: who.csrf_token.clone(),
            layout: Layout::new("Change how long recordings are kept", Area::Settings, who),
            now: tenant.retention,
            new,
            counts,
        });
    }
    let entry = new.set_by(Actor::user(&viewer.user)).from(viewer.address);
    app.db.set_retention(tenant.id, new, &entry, now).await.map_err(failed)?;
    Ok(Redirect::to("/settings/privacy").into_response())
}

/// The page as it is now.
pub(super) async fn privacy(app: &App, viewer: &Viewer) -> Result<PrivacyPage, Response> {
    let (tenant, zone) = (viewer.tenant.id, viewer.tenant.timezone.as_str());
    let holds = app.db.legal_holds(tenant).await.map_err(failed)?;
    let erasures = app.db.erasures(tenant).await.map_err(failed)?;
    let mut notices = Vec::new();
    for kind in NoticeKind::VARIANTS {
        let stands = app.db.notice(tenant, *kind).await.map_err(failed)?;
        let mut field = NoticeField::new(*kind, stands, &viewer.tenant.language, zone);
        if let (NoticeKind::Consent, Some((version, _))) = (kind, &field.stands) {
            field.accepted = Some(app.db.consents(tenant, *version).await.map_err(failed)?);
        }
        notices.push(field);
    }
    let who = viewer.signed_in();
    Ok(PrivacyPage {
        notices,
        notice_problem: None,
        csrf_token: who.csrf_token.clone(),
        layout: Layout::new("Privacy", Area::Settings, who),
        retention: RetentionForm::of(viewer.tenant.retention),
        holds: holds.iter().map(|hold| HoldRow::new(hold, zone)).collect(),
        hold: HoldForm::default(),
        erase: String::new(),
        erase_problem: None,
        erasures: erasures.iter().map(|erasure| ErasureRow::new(erasure, zone)).collect(),
    })
}
