//! Setting a password by a link. The token in the form is proof enough that the form is our own: who has it may set the
//! password anyway.

use super::{Answer, failed, hashing, page, sign_in::welcome};
use crate::{
    App,
    auth::{
        link::hash_of,
        password::hash_password,
        rules,
        throttle::{ClientAddress, Throttle},
    },
    pages::set_password::{SetPassword, SetPasswordPage},
};
use axum::{
    Extension, Form, Router,
    extract::{Query, State},
    http::{HeaderValue, StatusCode, header},
    response::{IntoResponse, Response},
    routing::get,
};
use serde::Deserialize;
use storage::db::user_links::{LinkKind, LinkState};

/// The token in the address.
#[derive(Deserialize)]
pub struct Asked {
    #[serde(default)]
    token: String,
}

/// What the form sends.
#[derive(Deserialize)]
pub struct Chosen {
    #[serde(default)]
    token: String,
    #[serde(default)]
    password: String,
    #[serde(default)]
    again: String,
}

/// The address, with so many attempts a minute for each client: hashing is work.
pub fn routes(app: &App) -> Router<App> {
    let throttle = Throttle::per_minute(app.settings.sign_in_attempts_per_minute);
    Router::new().route("/set-password", get(show).post(set)).layer(Extension(throttle))
}

/// `GET /set-password`
pub async fn show(State(app): State<App>, Query(asked): Query<Asked>) -> Answer {
    shown(StatusCode::OK, state(&app, &asked.token).await?, None)
}

/// `POST /set-password`
pub async fn set(
    State(app): State<App>,
    Extension(throttle): Extension<Throttle>,
    ClientAddress(address): ClientAddress,
    Form(chosen): Form<Chosen>,
) -> Answer {
    let open = state(&app, &chosen.token).await?;
    let SetPassword::Open { full_name, email, .. } = &open else { return shown(StatusCode::OK, open, None) };
    if let Err(seconds) = throttle.attempt(address) {
        let mut answer =
            shown(StatusCode::TOO_MANY_REQUESTS, open, Some("Too many attempts. Wait a minute, then try again."))?;
        answer.headers_mut().insert(header::RETRY_AFTER, HeaderValue::from(seconds));
        return Ok(answer);
    }
    if chosen.password != chosen.again {
        return shown(StatusCode::UNPROCESSABLE_ENTITY, open, Some("The two passwords differ. Type them again."));
    }
    let about = [full_name.clone(), email.clone()];
    match hashed(chosen.password, about.into()).await? {
        Err(problem) => shown(StatusCode::UNPROCESSABLE_ENTITY, open, Some(problem)),
        Ok(hash) => {
            let token = hash_of(&chosen.token).unwrap_or_default();
            let Some(user) = app.db.use_link(&token, &hash, address, app.now()).await.map_err(failed)? else {
                return shown(StatusCode::OK, state(&app, &chosen.token).await?, None);
            };
            tracing::info!(tenant = %user.tenant_id, user = %user.id, "password set by a link");
            // The browser of who has the mail is known: guesses from elsewhere do not slow it down.
            welcome(&app, &user, "/sign-in?notice=password-set")
        }
    }
}

/// The hash of a password that keeps the rules; else why not. `about` are words that a guesser would try first.
pub(super) async fn hashed(password: String, about: Vec<String>) -> Result<Result<String, &'static str>, Response> {
    let work = move || {
        let about: Vec<&str> = about.iter().map(String::as_str).collect();
        match rules::refusal(&password, &about) {
            Some(problem) => Ok(Err(problem)),
            None => hash_password(&password).map(Ok),
        }
    };
    hashing(work).await?.map_err(failed)
}

async fn state(app: &App, token: &str) -> Result<SetPassword, Response> {
    let Some(hash) = hash_of(token) else { return Ok(SetPassword::Unknown) };
    Ok(match app.db.link(&hash, app.now()).await.map_err(failed)? {
        Some(LinkState::Open { kind, user }) => SetPassword::Open {
            token: token.to_owned(),
            full_name: user.full_name,
            email: user.email,
            is_invitation: kind == LinkKind::Invitation,
        },
        Some(LinkState::Used) => SetPassword::Used,
        Some(LinkState::Expired) => SetPassword::Expired,
        None => SetPassword::Unknown,
    })
}

fn shown(status: StatusCode, state: SetPassword, problem: Option<&'static str>) -> Answer {
    let page = page(&SetPasswordPage::new(state, problem))?;
    Ok((status, [(header::CACHE_CONTROL, "no-store")], page).into_response())
}
