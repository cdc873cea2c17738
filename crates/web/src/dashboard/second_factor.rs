//! The second factor: set up, renewed and removed on the account page, asked for as the second step of signing in.

use super::{
    Answer, account, failed, own_form, page,
    sign_in::{self, local, local_or_none},
};
use crate::{
    App,
    auth::{
        known_device::AccountThrottle,
        login::{Arriving, Viewer, is_own_form, pending, set_pending, sign_in_form_token},
        second_factor::{Secret, hash_of_recovery_code, new_recovery_codes},
        throttle::{ClientAddress, Throttle},
    },
    pages::{
        layout::{Area, Layout},
        pair::Qr,
        second_factor::{RecoveryCodesPage, SecondFactorPage, SecondFactorRequiredPage, SignInCodePage},
    },
};
use axum::{
    Extension, Form, Router,
    extract::{Query, State},
    http::{HeaderMap, HeaderValue, StatusCode, header},
    response::{IntoResponse, Redirect, Response},
    routing::{get, post},
};
use domain::{
    audit::{Action, Actor, Entry},
    user::User,
};
use serde::Deserialize;
use tower_sessions::Session;

/// Under which the sealed secret stands in a login while it is being set up.
const SETTING_UP: &str = "second-factor";
const WRONG: &str = "This is not the code. Codes change every 30 seconds, and each is taken once.";

/// How many codes were tried at each account, apart from the passwords: who has the password and no code shuts nobody out
/// either.
#[derive(Clone)]
pub struct CodeThrottle(AccountThrottle);

/// The present password.
#[derive(Deserialize)]
pub struct WithPassword {
    #[serde(default)]
    csrf_token: String,
    #[serde(default)]
    old: String,
}

/// A code.
#[derive(Deserialize)]
pub struct WithCode {
    #[serde(default)]
    csrf_token: String,
    #[serde(default)]
    code: String,
    #[serde(default)]
    next: String,
}

/// Where to go afterwards.
#[derive(Deserialize)]
pub struct Next {
    #[serde(default)]
    next: String,
}

/// The addresses.
pub fn routes(app: &App) -> Router<App> {
    let throttle = Throttle::per_minute(app.settings.sign_in_attempts_per_minute);
    let codes = CodeThrottle(AccountThrottle::new());
    Router::new()
        .route("/account/second-factor", get(show).post(confirm))
        .route("/account/second-factor/begin", post(begin))
        .route("/account/second-factor/required", get(demand))
        .route("/account/second-factor/codes", post(renew))
        .route("/account/second-factor/remove", post(remove))
        .route("/sign-in/code", get(ask).post(check))
        .layer(Extension(throttle))
        .layer(Extension(codes))
}

/// `GET /account/second-factor/required`: all that an administrator is shown who needs one and has none.
pub async fn demand(State(app): State<App>, Arriving(viewer): Arriving) -> Answer {
    if !viewer.owes_second_factor {
        return Ok(Redirect::to("/sessions").into_response());
    }
    demanded(&app, &viewer, None).await
}

/// `POST /account/second-factor/begin`
pub async fn begin(
    State(app): State<App>,
    Arriving(viewer): Arriving,
    login: Session,
    Form(form): Form<WithPassword>,
) -> Answer {
    own_form(&login, &viewer, &form.csrf_token).await?;
    if let Some(problem) = account::not_shown(&app, &viewer, &login, form.old).await? {
        if viewer.owes_second_factor {
            let page = demanded(&app, &viewer, Some(problem)).await?;
            return Ok((StatusCode::UNPROCESSABLE_ENTITY, page).into_response());
        }
        return account::refused(&app, &viewer, problem).await;
    }
    let sealed = Secret::new().sealed(&app, viewer.user.id).ok_or_else(|| failed("cannot seal a secret"))?;
    login.insert(SETTING_UP, sealed).await.map_err(failed)?;
    Ok(Redirect::to("/account/second-factor").into_response())
}

/// `GET /account/second-factor`
pub async fn show(State(app): State<App>, Arriving(viewer): Arriving, login: Session) -> Answer {
    let Some((secret, _)) = being_set_up(&app, &viewer, &login).await? else {
        return Ok(Redirect::to("/account").into_response());
    };
    shown(&viewer, &secret, None)
}

/// `POST /account/second-factor`: a code proves that the app has the secret.
pub async fn confirm(
    State(app): State<App>,
    Arriving(viewer): Arriving,
    login: Session,
    Form(form): Form<WithCode>,
) -> Answer {
    own_form(&login, &viewer, &form.csrf_token).await?;
    let Some((secret, sealed)) = being_set_up(&app, &viewer, &login).await? else {
        return Ok(Redirect::to("/account").into_response());
    };
    let now = app.now();
    let Some(step) = secret.step_of(&form.code, now) else {
        return Ok((StatusCode::UNPROCESSABLE_ENTITY, shown(&viewer, &secret, Some(WRONG))?).into_response());
    };
    let (codes, hashes) = new_recovery_codes();
    let (owner, entry) = ((viewer.tenant.id, viewer.user.id), viewer.did(Action::SecondFactorAdded));
    let added = app.db.add_second_factor(owner, &sealed, step, &hashes, &entry, now).await.map_err(failed)?;
    login.remove::<String>(SETTING_UP).await.map_err(failed)?;
    if !added {
        return account::refused(&app, &viewer, "You have a second factor already. Nothing was changed.").await;
    }
    tracing::info!(user = %viewer.user.id, "second factor set up");
    show_codes(&viewer, codes)
}

/// `POST /account/second-factor/codes`: other recovery codes.
pub async fn renew(State(app): State<App>, viewer: Viewer, login: Session, Form(form): Form<WithPassword>) -> Answer {
    own_form(&login, &viewer, &form.csrf_token).await?;
    if let Some(problem) = account::not_shown(&app, &viewer, &login, form.old).await? {
        return account::refused(&app, &viewer, problem).await;
    }
    let (codes, hashes) = new_recovery_codes();
    let entry = viewer.did(Action::RecoveryCodesRenewed).on_user(&viewer.user);
    let (tenant, user) = (viewer.tenant.id, viewer.user.id);
    if !app.db.renew_recovery_codes(tenant, user, &hashes, &entry, app.now()).await.map_err(failed)? {
        return Ok(Redirect::to("/account").into_response());
    }
    show_codes(&viewer, codes)
}

/// `POST /account/second-factor/remove`
pub async fn remove(State(app): State<App>, viewer: Viewer, login: Session, Form(form): Form<WithPassword>) -> Answer {
    own_form(&login, &viewer, &form.csrf_token).await?;
    if let Some(problem) = account::not_shown(&app, &viewer, &login, form.old).await? {
        return account::refused(&app, &viewer, problem).await;
    }
    if viewer.needs_second_factor(&app) {
        return account::refused(
            &app,
            &viewer,
            "Administrators need a second factor here, so it cannot be removed. Nothing was changed.",
        )
        .await;
    }
    let entry = viewer.did(Action::SecondFactorRemoved);
    app.db.remove_second_factor(viewer.tenant.id, viewer.user.id, &entry, app.now()).await.map_err(failed)?;
    Ok(Redirect::to("/account?done=second-factor-removed").into_response())
}

/// `GET /sign-in/code`: the second step, for who has given the password.
pub async fn ask(State(app): State<App>, login: Session, Query(next): Query<Next>) -> Answer {
    if pending(&app, &login).await?.is_none() {
        return Ok(Redirect::to("/sign-in").into_response());
    }
    asked(&login, StatusCode::OK, &next.next, None).await
}

/// `POST /sign-in/code`
pub async fn check(
    State(app): State<App>,
    Extension(throttle): Extension<Throttle>,
    Extension(codes): Extension<CodeThrottle>,
    ClientAddress(address): ClientAddress,
    login: Session,
    headers: HeaderMap,
    Form(form): Form<WithCode>,
) -> Answer {
    let Some(user) = pending(&app, &login).await? else { return Ok(Redirect::to("/sign-in").into_response()) };
    if !is_own_form(&login, &form.csrf_token).await? {
        return asked(&login, StatusCode::FORBIDDEN, &form.next, Some("This form was open for too long. Try again."))
            .await;
    }
    let account = || codes.0.attempt(&app, &user.email, Some(user.id), &headers);
    if let Err(seconds) = throttle.attempt(address).and_then(|()| account()) {
        let problem = Some("Too many attempts. Wait some minutes, then try again.");
        let mut answer = asked(&login, StatusCode::TOO_MANY_REQUESTS, &form.next, problem).await?;
        answer.headers_mut().insert(header::RETRY_AFTER, HeaderValue::from(seconds));
        return Ok(answer);
    }
    let now = app.now();
    if app.db.second_factor(user.tenant_id, user.id).await.map_err(failed)?.is_none() {
        // Reset since the password was given: that counts no more.
        set_pending(&login, None).await?;
        return Ok(Redirect::to("/sign-in").into_response());
    }
    if !is_taken(&app, &user, &form.code, address).await? {
        let entry = Entry::new(Actor::unknown(), Action::SecondFactorFailed).on_user(&user).from(address);
        app.db.audit(user.tenant_id, &entry, now).await.map_err(failed)?;
        return asked(&login, StatusCode::UNPROCESSABLE_ENTITY, &form.next, Some(WRONG)).await;
    }
    set_pending(&login, None).await?;
    sign_in::finish(&app, &login, &user, sign_in::agent(&headers), address).await?;
    sign_in::welcome(&app, &user, local(&form.next))
}

/// Whether a code of the app or a recovery code is right, and takes it: it is worth nothing from then on.
pub(super) async fn is_taken(app: &App, user: &User, code: &str, address: std::net::IpAddr) -> Result<bool, Response> {
    let (tenant, id, now) = (user.tenant_id, user.id, app.now());
    let Some(factor) = app.db.second_factor(tenant, id).await.map_err(failed)? else { return Ok(false) };
    if let Some(hash) = hash_of_recovery_code(code) {
        let entry = Entry::new(Actor::user(user), Action::RecoveryCodeUsed).on_user(user).from(address);
        return app.db.take_recovery_code(tenant, id, &hash, &entry, now).await.map_err(failed);
    }
    let secret = Secret::open(app, id, &factor.sealed_secret).ok_or_else(|| {
        failed("a second factor was sealed with another secret.key; restore that, or reset the factor")
    })?;
    match secret.step_of(code, now) {
        Some(step) => app.db.take_step(tenant, id, step).await.map_err(failed),
        None => Ok(false),
    }
}

async fn being_set_up(app: &App, viewer: &Viewer, login: &Session) -> Result<Option<(Secret, String)>, Response> {
    let sealed = login.get::<String>(SETTING_UP).await.map_err(failed)?;
    Ok(sealed.and_then(|sealed| Some((Secret::open(app, viewer.user.id, &sealed)?, sealed))))
}

async fn demanded(app: &App, viewer: &Viewer, problem: Option<&'static str>) -> Answer {
    let who = viewer.signed_in();
    let hash = app.db.password_hash(viewer.tenant.id, viewer.user.id).await.map_err(failed)?;
    page(&SecondFactorRequiredPage {
        csrf_token: who.csrf_token.clone(),
        layout: Layout::new("Second factor", Area::Account, who),
        has_password: hash.is_some(),
        problem,
    })
}

fn shown(viewer: &Viewer, secret: &Secret, problem: Option<&'static str>) -> Answer {
    let who = viewer.signed_in();
    let qr = secret.address(&viewer.user.email).and_then(Qr::new).ok_or_else(|| failed("no QR code"))?;
    let answer = page(&SecondFactorPage {
        csrf_token: who.csrf_token.clone(),
        layout: Layout::new("Second factor", Area::Account, who),
        qr,
        secret: secret.shown().ok_or_else(|| failed("no key"))?,
        problem,
    })?;
    Ok(([(header::CACHE_CONTROL, "no-store")], answer).into_response())
}

fn show_codes(viewer: &Viewer, codes: Vec<String>) -> Answer {
    let layout = Layout::new("Recovery codes", Area::Account, viewer.signed_in());
    Ok(([(header::CACHE_CONTROL, "no-store")], page(&RecoveryCodesPage { layout, codes })?).into_response())
}

async fn asked(login: &Session, status: StatusCode, next: &str, problem: Option<&'static str>) -> Answer {
    let shown = SignInCodePage {
        layout: Layout::signed_out("Sign in"),
        csrf_token: sign_in_form_token(login).await?,
        next: local_or_none(next).to_owned(),
        problem,
    };
    Ok((status, page(&shown)?).into_response())
}
