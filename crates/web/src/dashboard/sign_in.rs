//! Signing in and out.

use super::{Answer, failed, page};
use crate::{
    App,
    auth::{
        login::{self, Viewer, is_own_form, sign_in_form_token},
        password::verify_password,
        throttle::{ClientAddress, Throttle, client_address},
    },
    pages::sign_in::{SignInPage, SignInProblem},
};
use axum::{
    Form,
    extract::{FromRequest, Query, Request, State},
    http::{HeaderValue, StatusCode, header},
    response::{IntoResponse, Redirect},
};
use domain::audit::{Action, Actor, Entry};
use serde::Deserialize;
use tower_sessions::Session;

/// Longer input is no password of ours and not worth hashing.
const LONGEST_PASSWORD: usize = 1024;

#[derive(Deserialize)]
pub struct Next {
    #[serde(default)]
    next: String,
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
    let next = Query::<Next>::try_from_uri(request.uri()).map_or(String::new(), |Query(n)| n.next);
    if Viewer::of(&app, &login, address).await?.is_some() {
        return Ok(Redirect::to(local(&next)).into_response());
    }
    if let Err(seconds) = throttle.attempt(address) {
        let mut form = SignInPage::new("", local_or_none(&next));
        form.problem = Some(SignInProblem::TooManyAttempts { retry_after_seconds: seconds });
        let wait = [(header::RETRY_AFTER, HeaderValue::from(seconds))];
        return Ok((StatusCode::TOO_MANY_REQUESTS, wait, page(&form)?).into_response());
    }
    page(&SignInPage::new(sign_in_form_token(&login).await?, local_or_none(&next)))
}

/// `POST /sign-in`
pub async fn submit(State(app): State<App>, login: Session, throttle: Throttle, request: Request) -> Answer {
    let address = client_address(&request, &app.settings);
    let Form(attempt) = Form::<Attempt>::from_request(request, &app).await.map_err(IntoResponse::into_response)?;
    if !is_own_form(&login, &attempt.csrf_token).await? {
        return refuse(&login, attempt, StatusCode::FORBIDDEN, SignInProblem::FormExpired).await;
    }
    if let Err(seconds) = throttle.attempt(address) {
        let problem = SignInProblem::TooManyAttempts { retry_after_seconds: seconds };
        let mut response = refuse(&login, attempt, StatusCode::TOO_MANY_REQUESTS, problem).await?;
        response.headers_mut().insert(header::RETRY_AFTER, HeaderValue::from(seconds));
        return Ok(response);
    }
    let known = app.db.user_signing_in(&attempt.email).await.map_err(failed)?;
    let (user, hash) = known.map_or((None, None), |(user, hash)| (Some(user), Some(hash)));
    let password = attempt.password.clone();
    let fits = password.len() <= LONGEST_PASSWORD
        && tokio::task::spawn_blocking(move || verify_password(&password, hash.as_deref())).await.map_err(failed)?;
    let known = user.clone();
    let Some(user) = user.filter(|_| fits) else {
        tracing::info!(%address, "sign-in refused");
        if let Some(known) = known {
            let entry = Entry::new(Actor::unknown(), Action::UserSignInFailed).on_user(&known).from(address);
            app.db.audit(known.tenant_id, &entry, app.now()).await.map_err(failed)?;
        }
        return refuse(&login, attempt, StatusCode::UNPROCESSABLE_ENTITY, SignInProblem::Refused).await;
    };
    login::sign_in(&login, &user).await?;
    let entry = Entry::new(Actor::user(&user), Action::UserSignedIn).on_user(&user).from(address);
    app.db.audit(user.tenant_id, &entry, app.now()).await.map_err(failed)?;
    Ok(Redirect::to(local(&attempt.next)).into_response())
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
            viewer.note(&app, viewer.did(Action::UserSignedOut).on_user(&viewer.user)).await?;
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

async fn refuse(login: &Session, attempt: Attempt, status: StatusCode, problem: SignInProblem) -> Answer {
    let mut form = SignInPage::new(sign_in_form_token(login).await?, local_or_none(&attempt.next));
    form.email = attempt.email;
    form.problem = Some(problem);
    Ok((status, page(&form)?).into_response())
}

/// A path of this server, never another one's.
fn local(next: &str) -> &str {
    let path = local_or_none(next);
    if path.is_empty() { "/sessions" } else { path }
}

fn local_or_none(next: &str) -> &str {
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
