//! Signing in and out.

use super::{Answer, failed, hashing, page};
use crate::{
    App,
    auth::{
        known_device::{self, AccountThrottle},
        login::{self, About, Viewer, is_own_form, sign_in_form_token},
        password::verify_password,
        rules,
        throttle::{ClientAddress, Throttle, client_address},
    },
    pages::sign_in::{SignInNotice, SignInPage, SignInProblem},
};
use axum::{
    Form,
    extract::{FromRequest, Query, Request, State},
    http::{HeaderMap, HeaderValue, StatusCode, header},
    response::{IntoResponse, Redirect, Response},
};
use domain::{
    audit::{Action, Actor, Entry},
    user::User,
};
use serde::Deserialize;
use std::net::IpAddr;
use tower_sessions::Session;

#[derive(Deserialize)]
pub struct Next {
    #[serde(default)]
    next: String,
    #[serde(default)]
    notice: String,
}

/// What the form sends.
#[derive(Deserialize)]
struct Attempt {
    email: String,
    password: String,
    #[serde(default)]
    csrf_token: String,
    #[serde(default)]
    next: String,
}

/// `GET /sign-in`
pub async fn show(State(app): State<App>, login: Session, throttle: Throttle, request: Request) -> Answer {
    let address = client_address(&request, &app.settings);
    let (next, notice) =
        Query::<Next>::try_from_uri(request.uri()).map_or_else(|_| Default::default(), |Query(n)| (n.next, n.notice));
    if Viewer::of(&app, &login, address).await?.is_some() {
        return Ok(Redirect::to(local(&next)).into_response());
    }
    if let Err(seconds) = throttle.attempt(address) {
        let mut form = blank(&app, "", local_or_none(&next));
        form.problem = Some(SignInProblem::TooManyAttempts { retry_after_seconds: seconds });
        let wait = [(header::RETRY_AFTER, HeaderValue::from(seconds))];
        return Ok((StatusCode::TOO_MANY_REQUESTS, wait, page(&form)?).into_response());
    }
    let mut form = blank(&app, sign_in_form_token(&login).await?, local_or_none(&next));
    form.notice = SignInNotice::read(&notice);
    page(&form)
}

/// `POST /sign-in`
pub async fn submit(
    State(app): State<App>,
    login: Session,
    (throttle, accounts): (Throttle, AccountThrottle),
    request: Request,
) -> Answer {
    let address = client_address(&request, &app.settings);
    let headers = request.headers().clone();
    let Form(attempt) = Form::<Attempt>::from_request(request, &app).await.map_err(IntoResponse::into_response)?;
    if !is_own_form(&login, &attempt.csrf_token).await? {
        return refuse(&app, &login, attempt, StatusCode::FORBIDDEN, SignInProblem::FormExpired).await;
    }
    let known = app.db.user_signing_in(&attempt.email).await.map_err(failed)?;
    let (user, hash) = known.map_or((None, None), |(user, hash)| (Some(user), Some(hash)));
    let account = || accounts.attempt(&app, &attempt.email, user.as_ref().map(|user| user.id), &headers);
    if let Err(seconds) = throttle.attempt(address).and_then(|()| account()) {
        let problem = SignInProblem::TooManyAttempts { retry_after_seconds: seconds };
        let mut response = refuse(&app, &login, attempt, StatusCode::TOO_MANY_REQUESTS, problem).await?;
        response.headers_mut().insert(header::RETRY_AFTER, HeaderValue::from(seconds));
        return Ok(response);
    }
    let password = attempt.password.clone();
    let fits = password.len() <= rules::LONGEST && hashing(move || verify_password(&password, hash.as_deref())).await?;
    let known = user.clone();
    let Some(user) = user.filter(|_| fits) else {
        tracing::info!(%address, "sign-in refused");
        if let Some(known) = known {
            let entry = Entry::new(Actor::unknown(), Action::UserSignInFailed).on_user(&known).from(address);
            app.db.audit(known.tenant_id, &entry, app.now()).await.map_err(failed)?;
        }
        return refuse(&app, &login, attempt, StatusCode::UNPROCESSABLE_ENTITY, SignInProblem::Refused).await;
    };
    login::set_way(&login, None).await?;
    if app.db.second_factor(user.tenant_id, user.id).await.map_err(failed)?.is_some() {
        login::set_pending(&login, Some((&user, app.now()))).await?;
        let next = serde_urlencoded::to_string([("next", local_or_none(&attempt.next))]).unwrap_or_default();
        return Ok(Redirect::to(&format!("/sign-in/code?{next}")).into_response());
    }
    finish(&app, &login, &user, agent(&headers), address).await?;
    welcome(&app, &user, local(&attempt.next))
}

/// Signs somebody in who has proven who he is.
pub(super) async fn finish(
    app: &App,
    login: &Session,
    user: &User,
    agent: String,
    address: IpAddr,
) -> Result<(), Response> {
    let now = app.now();
    let way = login::take_way(login).await?;
    login::sign_in(login, user, About { agent, address, since: now }).await?;
    let entry = Entry::new(Actor::user(user), Action::UserSignedIn).from(address);
    let entry = way.into_iter().fold(entry, |entry, way| entry.with("by", way));
    app.db.signed_in(user.tenant_id, user.id, &entry, now).await.map_err(failed)
}

/// Leads somebody on who is known from now on in this browser.
pub(super) fn welcome(app: &App, user: &User, to: &str) -> Answer {
    let mut answer = Redirect::to(to).into_response();
    if let Some(cookie) = known_device::cookie(app, user.id) {
        answer.headers_mut().append(header::SET_COOKIE, cookie);
    }
    Ok(answer)
}

/// What a browser says of itself.
pub(super) fn agent(headers: &HeaderMap) -> String {
    let said = headers.get(header::USER_AGENT).and_then(|agent| agent.to_str().ok());
    said.unwrap_or_default().to_owned()
}

/// `POST /sign-out`
pub async fn sign_out(
    State(app): State<App>,
    ClientAddress(address): ClientAddress,
    login: Session,
    Form(form): Form<SignOut>,
) -> Answer {
    if is_own_form(&login, &form.csrf_token).await? {
        if let Some(viewer) = Viewer::of(&app, &login, address).await? {
            match &viewer.operator {
                Some(access) => {
                    let by = viewer.did(Action::OperatorAccessEnded);
                    app.db.end_operator_access(viewer.tenant.id, access.id, by, app.now()).await.map_err(failed)?;
                }
                None => viewer.note(&app, viewer.did(Action::UserSignedOut).on_user(&viewer.user)).await?,
            }
        }
        login.flush().await.map_err(failed)?;
    }
    Ok(Redirect::to("/sign-in").into_response())
}

#[derive(Deserialize)]
pub struct SignOut {
    #[serde(default)]
    csrf_token: String,
}

async fn refuse(app: &App, login: &Session, attempt: Attempt, status: StatusCode, problem: SignInProblem) -> Answer {
    let mut form = blank(app, sign_in_form_token(login).await?, local_or_none(&attempt.next));
    form.email = attempt.email;
    form.problem = Some(problem);
    Ok((status, page(&form)?).into_response())
}

/// The empty form.
fn blank(app: &App, csrf_token: impl Into<String>, next: &str) -> SignInPage {
    let provider = app.openid.as_ref().map(|openid| openid.button.clone());
    SignInPage { provider, ..SignInPage::new(csrf_token, next) }
}

/// A path of this server, never another one's.
pub(super) fn local(next: &str) -> &str {
    let path = local_or_none(next);
    if path.is_empty() { "/sessions" } else { path }
}

pub(super) fn local_or_none(next: &str) -> &str {
    let elsewhere = !next.starts_with('/')
        || next.starts_with("//")
        || next.contains(|c: char| c == '\\' || c.is_control() || !c.is_ascii());
    if elsewhere { "" } else { next }
}

#[cfg(test)]
mod tests {
    use super::local;

    #[test]
    fn signing_in_leads_nowhere_else() {
        for bad in ["https://evil.example", "//evil.example", "/\\evil.example", "javascript:alert(1)", "", "/a\nb"] {
            assert_eq!(local(bad), "/sessions", "{bad:?}");
        }
        assert_eq!(local("/sessions?status=failed"), "/sessions?status=failed");
    }
}
