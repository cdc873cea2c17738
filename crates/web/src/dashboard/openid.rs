//! Signing in by an OpenID Connect provider. What the provider asked besides a password does not count here: a second factor that
//! was set up here is asked for as after a password.

use super::{
    Answer, failed, origin, page,
    sign_in::{self, local_or_none},
};
use crate::{
    App, OpenId,
    auth::{
        login::{self, sign_in_form_token},
        throttle::{ClientAddress, Throttle},
    },
    pages::sign_in_problem::{ProviderProblem, SignInProblemPage},
};
use aws_lc_rs::constant_time::verify_slices_are_equal;
use axum::{
    Extension, Router,
    extract::{Query, State},
    http::{HeaderMap, HeaderValue, StatusCode, header},
    response::{IntoResponse, Redirect, Response},
    routing::get,
};
use domain::{
    Timestamp,
    audit::{Action, Actor, Entry},
    user::{User, normalise_email},
};
use integrations::openid::{Begun, Identity, OpenIdError};
use serde::{Deserialize, Serialize};
use std::net::IpAddr;
use storage::{
    DbError,
    db::openid::{Arrival, Found},
};
use tower_sessions::Session;

const RETURN: &str = "/sign-in/openid/return";
/// Under which a sign-in that was begun stands in a login.
const BEGUN: &str = "openid";
/// Somebody has so long at the provider, in seconds.
const AWAY_SECONDS: f64 = 1800.0;
/// Sign-ins that are begun from one address in a minute: each leaves a row for an hour.
const PER_MINUTE: u32 = 60;
/// How it is noted in the audit log.
const HOW: &str = "OpenID Connect";

/// Where to go afterwards.
#[derive(Deserialize)]
pub struct Next {
    #[serde(default)]
    next: String,
}

/// What a browser brings back.
#[derive(Deserialize)]
pub struct Returned {
    code: Option<String>,
    state: Option<String>,
    error: Option<String>,
    iss: Option<String>,
}

#[derive(Serialize, Deserialize)]
struct Away {
    begun: Begun,
    next: String,
    since: Timestamp,
}

/// The addresses; none where no provider is set.
pub fn routes(app: &App) -> Router<App> {
    let Some(openid) = app.openid.clone() else { return Router::new() };
    Router::new()
        .route("/sign-in/openid", get(begin))
        .route(RETURN, get(come_back))
        .layer(Extension(openid))
        .layer(Extension(Throttle::per_minute(PER_MINUTE)))
}

/// `GET /sign-in/openid`: a link and no form, as the policy lets no form lead elsewhere. Whoever is made to follow it
/// signs in as nobody but himself.
pub async fn begin(
    State(app): State<App>,
    Extension(openid): Extension<OpenId>,
    Extension(throttle): Extension<Throttle>,
    ClientAddress(address): ClientAddress,
    login: Session,
    headers: HeaderMap,
    Query(Next { next }): Query<Next>,
) -> Answer {
    let next = local_or_none(&next);
    if throttle.attempt(address).is_err() {
        return problem(&openid, ProviderProblem::TooMany, next);
    }
    let (url, begun) = match openid.provider.begin(&format!("{}{RETURN}", origin(&app, &headers))).await {
        Ok(begun) => begun,
        Err(error) => return in_the_way(&openid, &error, next),
    };
    sign_in_form_token(&login).await?;
    let away = Away { begun, next: next.to_owned(), since: app.now() };
    login.insert(BEGUN, away).await.map_err(failed)?;
    Ok(Redirect::to(&url).into_response())
}

/// `GET /sign-in/openid/return`
pub async fn come_back(
    State(app): State<App>,
    Extension(openid): Extension<OpenId>,
    Extension(throttle): Extension<Throttle>,
    ClientAddress(address): ClientAddress,
    login: Session,
    headers: HeaderMap,
    Query(returned): Query<Returned>,
) -> Answer {
    if throttle.attempt(address).is_err() {
        return problem(&openid, ProviderProblem::TooMany, "");
    }
    let away = login.get::<Away>(BEGUN).await.map_err(failed)?;
    let state = returned.state.unwrap_or_default();
    let is_ours = |away: &Away| verify_slices_are_equal(away.begun.state.as_bytes(), state.as_bytes()).is_ok();
    let Some(away) = away.filter(is_ours) else { return problem(&openid, ProviderProblem::NotBegunHere, "") };
    // Good once, whatever comes of it.
    login.remove::<Away>(BEGUN).await.map_err(failed)?;
    let next = away.next.as_str();
    if app.now().seconds_since(away.since) > AWAY_SECONDS {
        return problem(&openid, ProviderProblem::TooLate, next);
    }
    if returned.iss.is_some_and(|issuer| issuer != openid.provider.issuer()) {
        return problem(&openid, ProviderProblem::NotBelieved, next);
    }
    let code = match (returned.code, returned.error) {
        (Some(code), None) => code,
        (_, error) => return problem(&openid, told(&error.unwrap_or_default()), next),
    };
    let identity = match openid.provider.finish(code, &away.begun).await {
        Ok(identity) => identity,
        Err(error) => return in_the_way(&openid, &error, next),
    };
    let user = match whom(&app, &openid, &identity, address).await? {
        Ok(user) => user,
        Err(why) => return problem(&openid, why, next),
    };
    let by = Some(HOW);
    if app.db.second_factor(user.tenant_id, user.id).await.map_err(failed)?.is_some() {
        login::set_pending(&login, Some((&user, app.now()))).await?;
        login::set_way(&login, by).await?;
        let next = serde_urlencoded::to_string([("next", next)]).unwrap_or_default();
        return Ok(Redirect::to(&format!("/sign-in/code?{next}")).into_response());
    }
    login::set_way(&login, by).await?;
    sign_in::finish(&app, &login, &user, sign_in::agent(&headers), address).await?;
    sign_in::welcome(&app, &user, sign_in::local(next))
}

/// The user whom a provider's word stands for; else why there is none. Who is known here is told in the audit log.
async fn whom(
    app: &App,
    openid: &OpenId,
    identity: &Identity,
    address: IpAddr,
) -> Result<Result<User, ProviderProblem>, Response> {
    let arrival = Arrival {
        issuer: identity.issuer.clone(),
        subject: identity.subject.clone(),
        verified_email: identity.verified_email.clone(),
        address,
    };
    let mut found = app.db.openid_user(&arrival, app.now()).await.map_err(failed)?;
    if found == Found::Nobody
        && let Some(email) = &identity.verified_email
        && let Some(tenant) = openid.joins(app, email).await.map_err(failed)?
    {
        let named = identity.name.as_deref().map(str::trim).filter(|name| !name.is_empty());
        let name: String = named.unwrap_or(email).chars().take(200).collect();
        match app.db.join_by_openid(tenant, &arrival, (email, &name), app.now()).await {
            Ok(user) => return Ok(Ok(user)),
            // Somebody was faster: most likely himself, in another window.
            Err(DbError::Exists(_)) => found = app.db.openid_user(&arrival, app.now()).await.map_err(failed)?,
            Err(error) => return Err(failed(error)),
        }
    }
    let shown = || identity.verified_email.as_deref().or(identity.unverified_email.as_deref()).map(normalise_email);
    match found {
        Found::User(user) => Ok(Ok(user)),
        Found::Deactivated(user) => refuse(app, &user, ProviderProblem::Deactivated, address).await,
        Found::Another(user) => refuse(app, &user, ProviderProblem::Another, address).await,
        Found::Unverified => Ok(Err(ProviderProblem::Unverified(shown()))),
        Found::Nobody => Ok(Err(ProviderProblem::Nobody(shown()))),
    }
}

/// Notes that somebody who is known here could not sign in.
async fn refuse(
    app: &App,
    user: &User,
    why: ProviderProblem,
    address: IpAddr,
) -> Result<Result<User, ProviderProblem>, Response> {
    let entry = Entry::new(Actor::unknown(), Action::UserSignInFailed).on_user(user).from(address);
    let entry = entry.with("by", HOW).with("why", why.noted());
    app.db.audit(user.tenant_id, &entry, app.now()).await.map_err(failed)?;
    Ok(Err(why))
}

/// What a provider says instead of sending a code.
fn told(error: &str) -> ProviderProblem {
    tracing::info!(error, "the sign-in provider sent somebody back without a code");
    match error {
        "access_denied" | "login_required" | "interaction_required" | "consent_required" => ProviderProblem::Denied,
        "server_error" | "temporarily_unavailable" => ProviderProblem::Unreachable,
        _ => ProviderProblem::Refused,
    }
}

fn in_the_way(openid: &OpenId, error: &OpenIdError, next: &str) -> Answer {
    tracing::warn!(%error, issuer = openid.provider.issuer(), "a sign-in by the provider failed");
    let why = match error {
        OpenIdError::Unreachable(_) => ProviderProblem::Unreachable,
        OpenIdError::Client(_) => ProviderProblem::Refused,
        OpenIdError::Code(_) => ProviderProblem::TooLate,
        OpenIdError::Clock(_) => ProviderProblem::Clock,
        OpenIdError::Token(_) => ProviderProblem::NotBelieved,
    };
    problem(openid, why, next)
}

fn problem(openid: &OpenId, why: ProviderProblem, next: &str) -> Answer {
    let status = StatusCode::from_u16(why.status()).unwrap_or(StatusCode::FORBIDDEN);
    let mut answer = (status, page(&SignInProblemPage::new(&openid.button, why, next))?).into_response();
    if matches!(status, StatusCode::SERVICE_UNAVAILABLE | StatusCode::TOO_MANY_REQUESTS) {
        answer.headers_mut().insert(header::RETRY_AFTER, HeaderValue::from_static("10"));
    }
    Ok(answer)
}
