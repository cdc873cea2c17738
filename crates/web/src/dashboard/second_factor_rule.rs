//! Settings, Users: whether administrators need a second factor.

use super::{Answer, failed, own_form};
use crate::{App, auth::login::Administrator};
use axum::{
    Form,
    extract::State,
    response::{IntoResponse, Redirect},
};
use domain::audit::Action;
use serde::Deserialize;
use tower_sessions::Session;

/// What the form sends.
#[derive(Deserialize)]
pub struct Wanted {
    #[serde(default)]
    csrf_token: String,
    /// `yes`, or anything else.
    #[serde(default)]
    required: String,
}

/// `POST /settings/second-factor`: whoever requires it and has none sets it up next.
pub async fn change(
    State(app): State<App>,
    Administrator(viewer): Administrator,
    login: Session,
    Form(wanted): Form<Wanted>,
) -> Answer {
    own_form(&login, &viewer, &wanted.csrf_token).await?;
    let required = wanted.required == "yes";
    let action = if required { Action::SecondFactorRequired } else { Action::SecondFactorLeftFree };
    app.db.require_second_factor(viewer.tenant.id, required, viewer.did(action), app.now()).await.map_err(failed)?;
    Ok(Redirect::to("/settings/users").into_response())
}
