//! Forgot password: the answer is the same whether the address is known, and takes as long.

use super::{Answer, page};
use crate::{
    App,
    auth::{
        link::{self, ASKED_SECONDS},
        throttle::{ClientAddress, Throttle},
    },
    mail::Mailer,
    pages::forgot::{Forgot, ForgotPage},
};
use axum::{
    Extension, Form, Router,
    extract::State,
    http::{HeaderValue, StatusCode, header},
    response::IntoResponse,
    routing::get,
};
use domain::audit::{Action, Actor, Entry};
use serde::Deserialize;
use std::net::IpAddr;
use storage::{DbError, db::user_links::LinkKind};

/// Nobody gets more than one such mail in so many seconds.
const AGAIN_AFTER_SECONDS: f64 = 900.0;

/// What the form sends.
#[derive(Deserialize)]
pub struct Asked {
    #[serde(default)]
    email: String,
}

/// The address, with so many attempts a minute for each client.
pub fn routes(app: &App) -> Router<App> {
    let throttle = Throttle::per_minute(app.settings.sign_in_attempts_per_minute);
    Router::new().route("/forgot-password", get(show).post(ask)).layer(Extension(throttle))
}

/// `GET /forgot-password`
pub async fn show(State(app): State<App>) -> Answer {
    page(&ForgotPage::new(if app.mailer.is_some() { Forgot::Ask } else { Forgot::NoMail }))
}

/// `POST /forgot-password`
pub async fn ask(
    State(app): State<App>,
    Extension(throttle): Extension<Throttle>,
    ClientAddress(address): ClientAddress,
    Form(asked): Form<Asked>,
) -> Answer {
    let (Some(mailer), Some(origin)) = (app.mailer.clone(), app.settings.public_url.clone()) else {
        return page(&ForgotPage::new(Forgot::NoMail));
    };
    if let Err(seconds) = throttle.attempt(address) {
        let wait = [(header::RETRY_AFTER, HeaderValue::from(seconds))];
        return Ok((StatusCode::TOO_MANY_REQUESTS, wait, page(&ForgotPage::new(Forgot::TooMany))?).into_response());
    }
    // Beside the answer, whose time must not tell whether there is anybody.
    tokio::spawn(async move {
        if let Err(error) = send(&app, &mailer, &origin, &asked.email, address).await {
            tracing::error!(%error, "cannot look for who forgot a password");
        }
    });
    page(&ForgotPage::new(Forgot::Asked))
}

async fn send(app: &App, mailer: &Mailer, origin: &str, email: &str, address: IpAddr) -> Result<(), DbError> {
    let now = app.now();
    let Some((user, _)) = app.db.user_signing_in(email).await? else { return Ok(()) };
    let last = app.db.link_made_at(user.tenant_id, user.id, now).await?;
    if last.is_some_and(|at| now.seconds_since(at) < AGAIN_AFTER_SECONDS) {
        return Ok(());
    }
    let kind = if app.db.password_hash(user.tenant_id, user.id).await?.is_some() {
        LinkKind::Reset
    } else {
        LinkKind::Invitation
    };
    let (token, link) = link::new_link(kind, ASKED_SECONDS, now);
    let entry = Entry::new(Actor::unknown(), Action::UserResetAsked).from(address);
    if app.db.add_link(user.tenant_id, user.id, link, &entry, now).await?.is_none() {
        return Ok(());
    }
    let text = format!(
        "Hello {},\n\nopen this link to set a new password for {}. It is good once, for one hour.\n\n{}\n\nIf you did not ask for it, \
         there is nothing to do: your password stays.\n",
        user.full_name,
        user.email,
        link::address(origin, &token)
    );
    if let Err(error) = mailer.send(&user.email, &user.full_name, "A new password for TrainAR", text).await {
        tracing::warn!(%error, user = %user.id, "a mail could not be sent");
    }
    Ok(())
}
