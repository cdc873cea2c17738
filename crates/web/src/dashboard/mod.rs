//! The Dashboard: a handler per page, which reads what the page shows and fills its template. Nothing here
//! changes a session; Settings change seats and begin the upload of a file.

mod account;
mod again;
mod api_docs;
mod api_keys;
mod attachments;
mod audit;
mod erasure;
mod events;
mod first_run;
mod forgot;
mod legal_holds;
mod minutes;
mod notices;
mod openid;
mod operator;
mod pairing;
mod person_export;
mod privacy;
mod procedure;
mod seats;
mod second_factor;
mod second_factor_rule;
mod session;
mod sessions;
mod set_password;
mod sign_in;
mod task;
mod tasks;
mod upload;
mod users;
mod webhooks;

use crate::{
    App,
    auth::{
        known_device::AccountThrottle,
        login::{self, Viewer},
        password::{Busy, HASHING},
        throttle::{Throttle, address_of},
    },
    pages::error::ErrorPage,
};
pub use first_run::setup_code;

use askama::Template;
use axum::{
    Router,
    extract::{FromRequestParts, Path, Request, State},
    http::{HeaderMap, HeaderName, HeaderValue, StatusCode, header, request::Parts},
    middleware::from_fn_with_state,
    response::{Html, IntoResponse, Redirect, Response},
    routing::{get, post},
};
use std::{fmt::Display, str::FromStr};
use tower_http::set_header::SetResponseHeaderLayer;
use tower_sessions::Session;
use uuid::Uuid;

/// Scripts, styles, pictures and addresses of this server only; nothing inline, no frame around it.
const CONTENT_SECURITY_POLICY: &str = "default-src 'none'; script-src 'self'; style-src 'self'; \
     img-src 'self' blob: data:; media-src 'self' blob:; connect-src 'self'; font-src 'self'; \
     form-action 'self'; frame-ancestors 'none'; base-uri 'none'";

/// Each form leaves a row for an hour, whoever asks for it.
const SIGN_IN_FORMS_PER_MINUTE: u32 = 60;

/// Every address of the Dashboard.
pub fn routes(app: &App) -> Router<App> {
    let throttle = Throttle::per_minute(app.settings.sign_in_attempts_per_minute);
    let forms = Throttle::per_minute(SIGN_IN_FORMS_PER_MINUTE);
    let show = get(move |state, login, request| sign_in::show(state, login, forms, request));
    let throttles = (throttle, AccountThrottle::new());
    let submit = post(move |state, login, request| sign_in::submit(state, login, throttles, request));
    let pages = Router::new()
        .route("/", get(async || Redirect::to("/sessions")))
        .route("/sign-in", show.merge(submit))
        .route("/sign-out", post(sign_in::sign_out))
        .route("/sessions", get(sessions::list))
        .route("/sessions/{id}", get(session::show))
        .route("/sessions/{id}/row", get(sessions::row))
        .route("/sessions/{id}/live", get(session::live))
        .route("/sessions/{id}/media", get(session::media))
        .route("/procedures/{id}", get(procedure::show))
        .route("/procedures/{id}/media", get(procedure::media))
        .route("/tasks", get(tasks::list))
        .route("/tasks/new", get(tasks::new).post(tasks::add))
        .route("/tasks/{id}", get(task::show))
        .route("/tasks/{id}/edit", get(tasks::edit).post(tasks::change))
        .route("/tasks/{id}/files", attachments::form())
        .route("/tasks/{id}/files/{file}", attachments::download())
        .route("/tasks/{id}/files/{file}/picture", attachments::picture())
        .route("/tasks/{id}/files/{file}/remove", post(attachments::remove))
        .route("/events/sessions", get(events::sessions))
        .route("/api/docs", get(api_docs::show))
        .route("/reports", get(async || Redirect::to("/reports/minutes")))
        .route("/reports/minutes", get(minutes::show).post(minutes::change))
        .route("/reports/minutes.csv", get(minutes::file))
        .route("/settings", get(async || Redirect::to("/settings/seats")))
        .route("/settings/seats", get(seats::show).post(seats::add))
        .route("/settings/seats/{id}", get(seats::show_one).post(seats::change))
        .route("/settings/seats/{id}/pair", get(pairing::show).post(pairing::open))
        .route("/settings/devices/{id}/revoke", get(seats::ask_to_revoke).post(seats::revoke))
        .route("/settings/api-keys", get(api_keys::show).post(api_keys::make))
        .route("/settings/api-keys/{id}/revoke", get(api_keys::ask_to_revoke).post(api_keys::revoke))
        .route("/settings/webhooks", get(webhooks::list).post(webhooks::add))
        .route("/settings/webhooks/{id}", get(webhooks::show).post(webhooks::change))
        .route("/settings/webhooks/{id}/enabled", post(webhooks::switch))
        .route("/settings/webhooks/{id}/secret", post(webhooks::rotate))
        .route("/settings/webhooks/{id}/remove", get(webhooks::ask_to_remove).post(webhooks::remove))
        .route("/settings/webhooks/{id}/deliveries/{delivery}/resend", post(webhooks::resend))
        .route("/settings/upload", get(upload::show).post(upload::begin))
        .route("/settings/upload/keep", post(upload::keep))
        .route("/settings/upload/{id}/ticket", post(upload::ticket))
        .route("/settings/privacy", get(privacy::show))
        .route("/settings/privacy/retention", post(privacy::keep))
        .route("/settings/privacy/notices", post(notices::save))
        .route("/settings/privacy/holds", post(legal_holds::place))
        .route("/settings/privacy/holds/{id}/lift", get(legal_holds::ask_to_lift).post(legal_holds::lift))
        .route("/settings/privacy/erase", get(erasure::ask).post(erasure::erase))
        .route("/settings/privacy/erasures/{id}", get(erasure::record))
        .route("/settings/audit", get(audit::show))
        .route("/settings/users", get(users::list).post(users::invite))
        .route("/settings/users/{id}", get(users::show))
        .route("/settings/users/{id}/role", post(users::change_role))
        .route("/settings/users/{id}/deactivate", post(users::deactivate))
        .route("/settings/users/{id}/reactivate", post(users::reactivate))
        .route("/settings/users/{id}/link", post(users::make_link))
        .route("/settings/users/{id}/sign-out", post(users::sign_out))
        .route("/settings/users/{id}/openid", post(users::unlink))
        .route("/settings/users/{id}/second-factor", post(users::reset_second_factor))
        .route("/settings/second-factor", post(second_factor_rule::change))
        .route("/account", get(account::show))
        .route("/account/name", post(account::rename))
        .route("/account/password", post(account::change_password))
        .route("/account/sign-out", post(account::sign_out))
        .merge(person_export::routes())
        .merge(second_factor::routes(app))
        .merge(openid::routes(app))
        .merge(operator::routes(app))
        .merge(set_password::routes(app))
        .merge(forgot::routes(app))
        .merge(first_run::routes(app))
        .fallback(not_found)
        .layer(from_fn_with_state(first_run::Guard::new(app), first_run::guard))
        .layer(login::layer(app));
    [
        (header::CONTENT_SECURITY_POLICY, CONTENT_SECURITY_POLICY),
        (header::X_FRAME_OPTIONS, "DENY"),
        (header::REFERRER_POLICY, "no-referrer"),
        (header::CACHE_CONTROL, "private, no-cache"),
        (HeaderName::from_static("cross-origin-opener-policy"), "same-origin"),
        (HeaderName::from_static("permissions-policy"), "camera=(), microphone=(), geolocation=()"),
    ]
    .into_iter()
    .fold(pages, |pages, (name, value)| {
        pages.layer(SetResponseHeaderLayer::if_not_present(name, HeaderValue::from_static(value)))
    })
}

/// What a handler of the Dashboard gives: a page, or the page for what went wrong.
pub(crate) type Answer = Result<Response, Response>;

/// A rendered page.
pub(crate) fn page(template: &impl Template) -> Answer {
    template.render().map(|html| Html(html).into_response()).map_err(failed)
}

/// The page for members who meant to open one for administrators.
pub(crate) fn forbidden(viewer: &Viewer) -> Response {
    error_page(&ErrorPage::forbidden(viewer.signed_in()))
}

/// The page for operators who meant to do more than look.
pub(crate) fn looks_only(viewer: &Viewer) -> Response {
    error_page(&ErrorPage::looks_only(viewer.signed_in()))
}

/// Refuses a form that does not come from a page of this login.
pub(crate) async fn own_form(login: &Session, viewer: &Viewer, token: &str) -> Result<(), Response> {
    if login::is_own_form(login, token).await? {
        return Ok(());
    }
    Err(error_page(&ErrorPage::form_expired(viewer.signed_in())))
}

/// Where the browser found this server.
pub(crate) fn origin(app: &App, headers: &HeaderMap) -> String {
    if let Some(url) = &app.settings.public_url {
        return url.clone();
    }
    let scheme = if app.settings.tls { "https" } else { "http" };
    let host = headers.get(header::HOST).and_then(|h| h.to_str().ok()).unwrap_or("localhost");
    format!("{scheme}://{host}")
}

/// Hashes passwords, in turn with everybody else's.
pub(crate) async fn hashing<T: Send + 'static>(work: impl FnOnce() -> T + Send + 'static) -> Result<T, Response> {
    match HASHING.run(work).await {
        Ok(done) => done.map_err(failed),
        Err(Busy) => {
            tracing::warn!("too many passwords are checked at once; a request was asked to come again");
            let wait = [(header::RETRY_AFTER, HeaderValue::from_static("5"))];
            Err((wait, error_page(&ErrorPage::busy())).into_response())
        }
    }
}

/// The page for what is not there, or not for this tenant.
pub(crate) fn missing(viewer: &Viewer) -> Response {
    error_page(&ErrorPage::not_found(Some(viewer.signed_in())))
}

/// Our fault: logged here, once, under a reference that the page shows.
pub(crate) fn failed(error: impl Display) -> Response {
    let reference = Uuid::new_v4().simple().to_string()[..8].to_owned();
    tracing::error!(%error, reference, "a page failed");
    error_page(&ErrorPage::server_error(None, Some(reference)))
}

fn error_page(page: &ErrorPage) -> Response {
    let status = StatusCode::from_u16(page.code).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
    (status, Html(page.render().unwrap_or_else(|_| page.heading.into()))).into_response()
}

/// The id in an address. One that is none leads to the page for what is not there.
pub(crate) struct Id<T>(pub T);

impl<T: FromStr> FromRequestParts<App> for Id<T> {
    type Rejection = Response;

    async fn from_request_parts(parts: &mut Parts, app: &App) -> Result<Self, Response> {
        let Path(text) = Path::<String>::from_request_parts(parts, app).await.map_err(IntoResponse::into_response)?;
        if let Ok(id) = text.parse() {
            return Ok(Self(id));
        }
        let login = Session::from_request_parts(parts, app).await.map_err(IntoResponse::into_response)?;
        Err(nothing_here(app, &login, parts).await)
    }
}

async fn not_found(State(app): State<App>, login: Session, request: Request) -> Response {
    nothing_here(&app, &login, &request.into_parts().0).await
}

/// The page for what is not there, in the frame of whoever is signed in.
async fn nothing_here(app: &App, login: &Session, parts: &Parts) -> Response {
    match Viewer::of(app, login, address_of(parts, &app.settings)).await {
        Ok(viewer) => error_page(&ErrorPage::not_found(viewer.map(|viewer| viewer.signed_in()))),
        Err(failure) => failure,
    }
}
