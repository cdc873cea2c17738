//! The first run: while there is no tenant every page leads to `/setup`, which makes the first one; afterwards it is not
//! there. Whoever reaches the port first is not enough: the page asks for a code that the server printed.

use super::{Answer, failed, nothing_here, page, set_password::hashed};
use crate::{
    App,
    auth::throttle::{ClientAddress, Throttle},
    pages::first_run::{FirstRunPage, Typed},
};
use aws_lc_rs::{constant_time::verify_slices_are_equal, hmac};
use axum::{
    Extension, Form, Router,
    extract::{Request, State},
    http::{HeaderValue, Method, StatusCode, header},
    middleware::Next,
    response::{IntoResponse, Redirect, Response},
    routing::get,
};
use domain::{
    text::visible,
    user::{UserRole, is_email, normalise_email},
};
use serde::Deserialize;
use std::sync::{
    Arc,
    atomic::{AtomicBool, Ordering},
};
use storage::db::{people::NewUser, tenants::NewTenant};
use tower_sessions::Session;

const PATH: &str = "/setup";
/// Crockford's base32: no letter is taken for another.
const ALPHABET: &[u8; 32] = b"0123456789ABCDEFGHJKMNPQRSTVWXYZ";
const CODE_LENGTH: usize = 12;

/// Knows whether there is a tenant; once there was one, it asks no more.
#[derive(Clone)]
pub struct Guard {
    app: App,
    is_set_up: Arc<AtomicBool>,
}

/// What the form sends.
#[derive(Deserialize)]
pub struct Wanted {
    #[serde(default)]
    code: String,
    #[serde(default)]
    organisation: String,
    #[serde(default)]
    timezone: String,
    #[serde(default)]
    full_name: String,
    #[serde(default)]
    email: String,
    #[serde(default)]
    password: String,
    #[serde(default)]
    again: String,
}

/// The address, with so many attempts a minute for each client.
pub fn routes(app: &App) -> Router<App> {
    let throttle = Throttle::per_minute(app.settings.sign_in_attempts_per_minute);
    Router::new().route(PATH, get(show).post(create)).layer(Extension(throttle))
}

/// The code that `/setup` asks for: the same on every server of an installation, and after a restart.
pub fn setup_code(secret: &[u8; 32]) -> String {
    let tag = hmac::sign(&hmac::Key::new(hmac::HMAC_SHA256, secret), b"setup-code\n");
    let letters: Vec<u8> = tag.as_ref().iter().take(CODE_LENGTH).map(|byte| ALPHABET[usize::from(byte % 32)]).collect();
    let part = |range: std::ops::Range<usize>| String::from_utf8_lossy(&letters[range]).into_owned();
    [part(0..4), part(4..8), part(8..12)].join("-")
}

impl Guard {
    /// Knows nothing yet.
    pub fn new(app: &App) -> Self {
        Self { app: app.clone(), is_set_up: Arc::new(AtomicBool::new(false)) }
    }

    async fn is_set_up(&self) -> Result<bool, Response> {
        if self.is_set_up.load(Ordering::Relaxed) {
            return Ok(true);
        }
        let there = self.app.db.has_tenant().await.map_err(failed)?;
        self.is_set_up.store(there, Ordering::Relaxed);
        Ok(there)
    }
}

/// Leads every page to `/setup` while there is no tenant.
pub async fn guard(State(guard): State<Guard>, request: Request, next: Next) -> Response {
    let is_set_up = match guard.is_set_up().await {
        Ok(known) => known,
        Err(failure) => return failure,
    };
    let is_setup = request.uri().path() == PATH;
    match (is_set_up, is_setup) {
        (false, false) if request.method() == Method::GET => Redirect::to(PATH).into_response(),
        _ => next.run(request).await,
    }
}

/// `GET /setup`
pub async fn show(State(app): State<App>, login: Session, request: Request) -> Answer {
    if app.db.has_tenant().await.map_err(failed)? {
        return Err(nothing_here(&app, &login, &request.into_parts().0).await);
    }
    page(&FirstRunPage::new(Typed::default(), timezones(), None))
}

/// `POST /setup`
pub async fn create(
    State(app): State<App>,
    Extension(throttle): Extension<Throttle>,
    ClientAddress(address): ClientAddress,
    Form(wanted): Form<Wanted>,
) -> Answer {
    let typed = Typed {
        code: wanted.code.clone(),
        organisation: visible(&wanted.organisation),
        timezone: wanted.timezone.clone(),
        full_name: visible(&wanted.full_name),
        email: normalise_email(&wanted.email),
    };
    let refuse = |status: StatusCode, problem: &str| {
        let page = page(&FirstRunPage::new(typed.clone(), timezones(), Some(problem.to_owned())))?;
        Ok((status, page).into_response())
    };
    if app.db.has_tenant().await.map_err(failed)? {
        return too_late();
    }
    if let Err(seconds) = throttle.attempt(address) {
        let answer: Answer = refuse(StatusCode::TOO_MANY_REQUESTS, "Too many attempts. Wait a minute, then try again.");
        let mut answer = answer?;
        answer.headers_mut().insert(header::RETRY_AFTER, HeaderValue::from(seconds));
        return Ok(answer);
    }
    if !is_code(&app, &wanted.code) {
        tracing::warn!(%address, "a wrong setup code");
        return refuse(
            StatusCode::UNPROCESSABLE_ENTITY,
            "This is not the setup code. The server printed it when it started; look into its log.",
        );
    }
    let length = |text: &str| (1..=200).contains(&text.chars().count());
    let problem = if !length(&typed.organisation) || !length(&typed.full_name) {
        Some("Give the organisation and yourself a name of 1 to 200 characters.")
    } else if !timezones().contains(&typed.timezone) {
        Some("Choose a timezone.")
    } else if !is_email(&typed.email) {
        Some("This is not an e-mail address.")
    } else if wanted.password != wanted.again {
        Some("The two passwords differ. Type them again.")
    } else {
        None
    };
    if let Some(problem) = problem {
        return refuse(StatusCode::UNPROCESSABLE_ENTITY, problem);
    }
    let about = vec![typed.full_name.clone(), typed.email.clone(), typed.organisation.clone()];
    let password_hash = match hashed(wanted.password, about).await? {
        Ok(hash) => hash,
        Err(problem) => return refuse(StatusCode::UNPROCESSABLE_ENTITY, problem),
    };
    let tenant = NewTenant {
        name: typed.organisation.clone(),
        timezone: typed.timezone.clone(),
        language: "en".into(),
        country: "GB".into(),
        retention: Default::default(),
        upload_limit_bytes: app.settings.upload_limit_bytes,
    };
    let (email, full_name) = (typed.email.clone(), typed.full_name.clone());
    let user = NewUser { email, full_name, role: UserRole::Admin, password_hash };
    match app.db.create_first_tenant(tenant, user, address, app.now()).await.map_err(failed)? {
        Some((tenant, user)) => {
            tracing::info!(tenant = %tenant.id, user = %user.id, "the first organisation was created");
            Ok(Redirect::to("/sign-in?notice=set-up").into_response())
        }
        None => too_late(),
    }
}

/// Somebody else was first: he is told, and nothing of his is kept.
fn too_late() -> Answer {
    let error = crate::pages::error::ErrorPage::set_up_already();
    Ok((StatusCode::NOT_FOUND, page(&error)?).into_response())
}

fn is_code(app: &App, typed: &str) -> bool {
    let plain = |text: &str| -> String {
        let letters = text.chars().filter(char::is_ascii_alphanumeric).map(|c| c.to_ascii_uppercase());
        letters.map(|c| if c == 'O' { '0' } else { c }).map(|c| if matches!(c, 'I' | 'L') { '1' } else { c }).collect()
    };
    verify_slices_are_equal(plain(typed).as_bytes(), plain(&setup_code(&app.secret)).as_bytes()).is_ok()
}

/// The timezones that this machine knows.
fn timezones() -> Vec<String> {
    let known = jiff::tz::db().available().map(|name| name.to_string());
    let mut names: Vec<_> = known.filter(|name| name == "UTC" || name.contains('/')).collect();
    if !names.iter().any(|name| name == "UTC") {
        names.push("UTC".into());
    }
    names.sort();
    names
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_setup_code_is_of_its_installation() {
        let code = setup_code(&[7; 32]);
        assert_eq!((code.len(), code.matches('-').count()), (14, 2));
        assert_eq!(code, setup_code(&[7; 32]));
        assert_ne!(code, setup_code(&[8; 32]));
    }

    #[test]
    fn the_timezones_are_those_that_people_choose() {
        let names = timezones();
        assert!(names.contains(&"UTC".to_owned()) && names.contains(&"Europe/London".to_owned()), "{}", names.len());
    }
}
