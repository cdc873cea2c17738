//! Settings, Privacy: legal holds.

use super::{Answer, Id, failed, missing, own_form, page, privacy::privacy, seats::Plain};
use crate::{
    App,
    auth::login::Administrator,
    pages::{
        layout::{Area, Layout},
        privacy::{HoldForm, HoldRow, LiftPage, PrivacyPage},
    },
};
use axum::{
    Form,
    extract::State,
    http::StatusCode,
    response::{IntoResponse, Redirect},
};
use domain::{SessionId, audit::Action, legal_hold::LONGEST_REASON};
use serde::Deserialize;
use tower_sessions::Session;
use uuid::Uuid;

/// A hold as the form sends it.
#[derive(Deserialize)]
pub struct NewHold {
    #[serde(default)]
    csrf_token: String,
    /// Address or id of a session; nothing for all of them.
    #[serde(default)]
    session: String,
    #[serde(default)]
    reason: String,
    /// Whether everything is meant.
    #[serde(default)]
    everything: String,
}

/// `POST /settings/privacy/holds`
pub async fn place(
    State(app): State<App>,
    Administrator(viewer): Administrator,
    login: Session,
    Form(new): Form<NewHold>,
) -> Answer {
    own_form(&login, &viewer, &new.csrf_token).await?;
    let (typed, reason) = (new.session.trim(), new.reason.trim());
    let everything = new.everything == "yes";
    let session = id_in(typed).map(SessionId);
    let problem = match () {
        () if reason.is_empty() || reason.chars().count() > LONGEST_REASON => {
            Some("Give a reason of 1 to 500 characters. Nothing was changed.")
        }
        () if everything && !typed.is_empty() => {
            Some("Give one session, or hold everything; not both. Nothing was changed.")
        }
        () if !everything && session.is_none() => {
            Some("Give the address of a session's page, or its id. Nothing was changed.")
        }
        () => None,
    };
    let refuse = async |problem: &str| {
        let hold = HoldForm {
            session: typed.to_owned(),
            reason: reason.to_owned(),
            everything,
            problem: Some(problem.to_owned()),
        };
        let shown = PrivacyPage { hold, ..privacy(&app, &viewer).await? };
        Ok((StatusCode::UNPROCESSABLE_ENTITY, page(&shown)?).into_response())
    };
    if let Some(problem) = problem {
        return refuse(problem).await;
    }
    let by = (Some(viewer.user.id), viewer.did(Action::LegalHoldPlaced));
    let placed = app.db.place_hold(viewer.tenant.id, session, reason, by, app.now()).await.map_err(failed)?;
    match placed {
        Some(_) => Ok(Redirect::to("/settings/privacy#holds").into_response()),
        None => refuse("There is no such session. Nothing was changed.").await,
    }
}

/// `GET /settings/privacy/holds/{id}/lift`: asks first.
pub async fn ask_to_lift(State(app): State<App>, Administrator(viewer): Administrator, Id(id): Id<Uuid>) -> Answer {
    let holds = app.db.legal_holds(viewer.tenant.id).await.map_err(failed)?;
    let hold = holds.iter().find(|hold| hold.id == id).ok_or_else(|| missing(&viewer))?;
    let who = viewer.signed_in();
    page(&LiftPage {
        csrf_token: who.csrf_token.clone(),
        layout: Layout::new("Lift a legal hold", Area::Settings, who),
        hold: HoldRow::new(hold, &viewer.tenant.timezone),
    })
}

/// `POST /settings/privacy/holds/{id}/lift`
pub async fn lift(
    State(app): State<App>,
    Administrator(viewer): Administrator,
    Id(id): Id<Uuid>,
    login: Session,
    Form(form): Form<Plain>,
) -> Answer {
    own_form(&login, &viewer, &form.csrf_token).await?;
    let entry = viewer.did(Action::LegalHoldLifted);
    if !app.db.lift_hold(viewer.tenant.id, id, entry, app.now()).await.map_err(failed)? {
        return Err(missing(&viewer));
    }
    Ok(Redirect::to("/settings/privacy#holds").into_response())
}

/// The last id in an address, or an id alone.
pub(super) fn id_in(typed: &str) -> Option<Uuid> {
    typed.trim().split(['/', '?', '#']).filter_map(|part| part.parse().ok()).next_back()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_session_is_known_by_its_address() {
        let id = "0193a000-0000-7000-8000-00000000000a";
        for typed in [id.to_owned(), format!(" https://x.example/sessions/{id}?t=3#a "), format!("/sessions/{id}")] {
            assert_eq!(id_in(&typed), Some(id.parse().unwrap()), "{typed}");
        }
        assert_eq!(id_in("Boiler service"), None);
    }
}
