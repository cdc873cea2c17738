//! The account page: own name, own password, own logins.

use super::{Answer, failed, hashing, own_form, page, set_password::hashed};
use crate::{
    App,
    auth::{
        agent,
        login::{Viewer, described, is_fresh},
        password::verify_password,
        rules,
    },
    pages::{
        account::{AccountPage, LoginRow},
        layout::{Area, Layout},
        when::When,
    },
};
use axum::{
    Form,
    extract::{Query, State},
    http::StatusCode,
    response::{IntoResponse, Redirect, Response},
};
use domain::{
    text::visible,
    {UserId, audit::Action},
};
use governor::{DefaultKeyedRateLimiter, Quota, RateLimiter};
use serde::Deserialize;
use std::{num::NonZeroU32, sync::LazyLock};
use tower_sessions::Session;

/// What was done before.
#[derive(Deserialize)]
pub struct Done {
    #[serde(default)]
    done: String,
}

/// Another name.
#[derive(Deserialize)]
pub struct NewName {
    #[serde(default)]
    csrf_token: String,
    #[serde(default)]
    full_name: String,
}

/// Another password.
#[derive(Deserialize)]
pub struct NewPassword {
    #[serde(default)]
    csrf_token: String,
    #[serde(default)]
    old: String,
    #[serde(default)]
    password: String,
    #[serde(default)]
    again: String,
}

/// Which login is to end; empty ends all others.
#[derive(Deserialize)]
pub struct Ended {
    #[serde(default)]
    csrf_token: String,
    #[serde(default)]
    login: String,
}

/// `GET /account`
pub async fn show(State(app): State<App>, viewer: Viewer, Query(done): Query<Done>) -> Answer {
    let mut shown = account(&app, &viewer).await?;
    shown.notice = match done.done.as_str() {
        "name" => Some("Your name is changed."),
        "password" => Some("Your password is changed. Every other browser is signed out."),
        "second-factor-removed" => Some("Your second factor is removed."),
        "sign-out" => Some("Signed out there."),
        _ => None,
    };
    page(&shown)
}

/// `POST /account/name`
pub async fn rename(State(app): State<App>, viewer: Viewer, login: Session, Form(form): Form<NewName>) -> Answer {
    own_form(&login, &viewer, &form.csrf_token).await?;
    let name = visible(&form.full_name);
    if name.is_empty() || name.chars().count() > 200 {
        return refused(&app, &viewer, "Give a name of 1 to 200 characters. Nothing was changed.").await;
    }
    if name != viewer.user.full_name {
        let entry = viewer.did(Action::UserRenamed);
        app.db.rename_user(viewer.tenant.id, viewer.user.id, &name, &entry, app.now()).await.map_err(failed)?;
    }
    Ok(Redirect::to("/account?done=name").into_response())
}

/// `POST /account/password`
pub async fn change_password(
    State(app): State<App>,
    viewer: Viewer,
    login: Session,
    Form(form): Form<NewPassword>,
) -> Answer {
    own_form(&login, &viewer, &form.csrf_token).await?;
    if form.password != form.again {
        return refused(&app, &viewer, "The two new passwords differ. Nothing was changed.").await;
    }
    if !is_password(&app, &viewer, form.old).await? {
        return refused(&app, &viewer, "The present password is wrong. Nothing was changed.").await;
    }
    let about = vec![viewer.user.full_name.clone(), viewer.user.email.clone(), viewer.tenant.name.clone()];
    let hash = match hashed(form.password, about).await? {
        Ok(hash) => hash,
        Err(problem) => return refused(&app, &viewer, problem).await,
    };
    let (entry, keep) = (viewer.did(Action::UserPasswordChanged), Some(viewer.login.as_str()));
    let (tenant, user) = (viewer.tenant.id, viewer.user.id);
    app.db.change_password(tenant, user, &hash, keep, &entry, app.now()).await.map_err(failed)?;
    Ok(Redirect::to("/account?done=password").into_response())
}

/// `POST /account/sign-out`: one other login, or all others.
pub async fn sign_out(State(app): State<App>, viewer: Viewer, login: Session, Form(form): Form<Ended>) -> Answer {
    own_form(&login, &viewer, &form.csrf_token).await?;
    let (tenant, user, now) = (viewer.tenant.id, viewer.user.id, app.now());
    let entry = viewer.did(Action::UserLoginsEnded);
    if form.login.is_empty() {
        app.db.end_logins(tenant, user, Some(&viewer.login), &entry, now).await.map_err(failed)?;
    } else if form.login != viewer.login && app.db.end_login(tenant, user, &form.login).await.map_err(failed)? {
        viewer.note(&app, entry.on_user(&viewer.user).with("logins", 1)).await?;
    }
    Ok(Redirect::to("/account?done=sign-out").into_response())
}

/// Guesses at the present password in an hour, for whoever sits at a login that is not his.
const GUESSES_AN_HOUR: NonZeroU32 = NonZeroU32::new(20).unwrap();
static GUESSES: LazyLock<DefaultKeyedRateLimiter<UserId>> =
    LazyLock::new(|| RateLimiter::keyed(Quota::per_hour(GUESSES_AN_HOUR)));

/// Why the viewer, who must show again that it is himself, has not done so; `None` when he has: by the present password, or, without
/// one, by having signed in just now.
pub(super) async fn not_shown(
    app: &App,
    viewer: &Viewer,
    login: &Session,
    password: String,
) -> Result<Option<&'static str>, Response> {
    if app.db.password_hash(viewer.tenant.id, viewer.user.id).await.map_err(failed)?.is_none() {
        let is_fresh = is_fresh(app, login).await?;
        return Ok(
            (!is_fresh).then_some("Sign out, sign in again, and do this within ten minutes. Nothing was changed.")
        );
    }
    let fits = is_password(app, viewer, password).await?;
    Ok((!fits).then_some("The present password is wrong. Nothing was changed."))
}

/// Whether this is the viewer's present password.
async fn is_password(app: &App, viewer: &Viewer, password: String) -> Result<bool, Response> {
    guess(app, viewer).await?;
    fits(app, viewer, password).await
}

/// Counts a guess, and answers to too many of them.
pub(super) async fn guess(app: &App, viewer: &Viewer) -> Result<(), Response> {
    if GUESSES.check_key(&viewer.user.id).is_err() {
        let problem = Some("Too many attempts. Wait some minutes, then try again.".to_owned());
        let shown = AccountPage { problem, ..account(app, viewer).await? };
        return Err((StatusCode::TOO_MANY_REQUESTS, page(&shown)?).into_response());
    }
    Ok(())
}

/// As [`is_password`], for who has counted the guess.
pub(super) async fn fits(app: &App, viewer: &Viewer, password: String) -> Result<bool, Response> {
    let hash = app.db.password_hash(viewer.tenant.id, viewer.user.id).await.map_err(failed)?;
    let fits = password.len() <= rules::LONGEST && hashing(move || verify_password(&password, hash.as_deref())).await?;
    if !fits {
        tracing::info!(user = %viewer.user.id, "present password refused");
    }
    Ok(fits)
}

/// The page again, with why nothing was changed.
pub(super) async fn refused(app: &App, viewer: &Viewer, problem: &str) -> Answer {
    let shown = AccountPage { problem: Some(problem.to_owned()), ..account(app, viewer).await? };
    Ok((StatusCode::UNPROCESSABLE_ENTITY, page(&shown)?).into_response())
}

async fn account(app: &App, viewer: &Viewer) -> Result<AccountPage, Response> {
    let when = |at| When::new(at, &viewer.tenant.timezone);
    let kept = app.db.logins_of(viewer.tenant.id, viewer.user.id, app.now()).await.map_err(failed)?;
    let mut logins: Vec<_> = kept
        .into_iter()
        .filter_map(|kept| {
            let (about, seen) = described(&kept.data)?;
            let is_this = kept.id == viewer.login;
            let row = LoginRow {
                is_this,
                id: kept.id,
                browser: agent::describe(&about.agent),
                address: about.address.to_canonical().to_string(),
                since: when(about.since),
                seen: when(seen),
            };
            Some((!is_this, -seen.0, row))
        })
        .collect();
    logins.sort_by_key(|(other, seen, _)| (*other, *seen));
    let factor = app.db.second_factor(viewer.tenant.id, viewer.user.id).await.map_err(failed)?;
    let who = viewer.signed_in();
    Ok(AccountPage {
        factor_required: viewer.needs_second_factor(app),
        second_factor: factor.map(|factor| (when(factor.since), factor.recovery_codes)),
        csrf_token: who.csrf_token.clone(),
        layout: Layout::new("Account", Area::Account, who),
        has_password: app.db.password_hash(viewer.tenant.id, viewer.user.id).await.map_err(failed)?.is_some(),
        full_name: viewer.user.full_name.clone(),
        email: viewer.user.email.clone(),
        logins: logins.into_iter().map(|(_, _, row)| row).collect(),
        problem: None,
        notice: None,
    })
}
