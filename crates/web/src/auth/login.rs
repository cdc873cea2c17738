//! People: a login is a cookie, and a handler that takes a [`Viewer`] answers only to somebody who is signed in.

use super::{
    login_store::{LoginStore, key},
    operator,
    throttle::address_of,
};
use crate::{
    App,
    dashboard::{failed, forbidden},
    pages::{layout::SignedIn, operator::OperatorBanner},
};
use aws_lc_rs::constant_time::verify_slices_are_equal;
use axum::{
    extract::FromRequestParts,
    http::{Method, StatusCode, header, request::Parts},
    response::{IntoResponse, Redirect, Response},
};
use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use domain::{
    TenantId, Timestamp, UserId,
    audit::{Action, Actor, Entry},
    operator::OperatorAccess,
    tenant::Tenant,
    user::{User, UserRole},
};
use serde::{Deserialize, Serialize};
use std::net::IpAddr;
use time::Duration;
use tower_sessions::{Expiry, Session, SessionManagerLayer, cookie::SameSite};
use uuid::Uuid;

/// A login that nobody uses for so long is over.
const IDLE: Duration = Duration::days(7);
/// The form of somebody who has not signed in is good for so long.
const FORM: Duration = Duration::hours(1);
/// How often a login in use is noted as such.
const SEEN_EVERY_SECONDS: f64 = 300.0;
/// A browser that says more of itself than this is cut short.
const LONGEST_AGENT: usize = 400;

/// Somebody who has given the password has so long for the second factor, in seconds.
const PENDING_SECONDS: f64 = 600.0;

/// Under which [`Who`] stands in a login.
pub const USER: &str = "user";
const CSRF: &str = "csrf";
const SEEN: &str = "seen";
const ABOUT: &str = "about";
pub const PENDING: &str = "pending";
const OPERATOR: &str = "operator";
const WAY: &str = "way";

/// What needs the present password takes a sign-in of so many seconds ago instead, of whoever has none.
const FRESH_SECONDS: f64 = 600.0;

/// Who is signed in, as the login keeps it.
#[derive(Clone, Copy, Debug, Serialize, Deserialize)]
pub struct Who {
    /// The organisation.
    pub tenant: TenantId,
    /// The user.
    pub user: UserId,
}

/// From where somebody signed in, as the login keeps it.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct About {
    /// What the browser said of itself.
    pub agent: String,
    /// Where the request came from.
    pub address: IpAddr,
    /// When.
    pub since: Timestamp,
}

/// Somebody who is signed in and active.
#[derive(Clone, Debug)]
pub struct Viewer {
    /// The organisation.
    pub tenant: Tenant,
    /// The user.
    pub user: User,
    /// Where the request came from.
    pub address: IpAddr,
    /// The id of the login, as it is kept.
    pub login: String,
    /// By what an operator looks; he is an administrator who changes nothing, and no user.
    pub operator: Option<OperatorAccess>,
    /// What stands above every page of an administrator: the accesses of operators that can be begun or go on.
    operators: Vec<OperatorAccess>,
    /// Whether a second factor is needed and not there: until it is set up, nothing else is shown.
    pub owes_second_factor: bool,
    csrf_token: String,
}

/// Somebody who is signed in, even if he owes a second factor.
pub struct Arriving(pub Viewer);

/// Somebody who is signed in and administers; a member is told so, with 403.
pub struct Administrator(pub Viewer);

/// The layer that carries logins in a cookie.
pub fn layer(app: &App) -> SessionManagerLayer<LoginStore> {
    let tls = app.settings.tls;
    SessionManagerLayer::new(LoginStore(app.clone()))
        // The prefix binds the cookie to this host and to TLS.
        .with_name(if tls { "__Host-trainar" } else { "trainar" })
        .with_secure(tls)
        .with_http_only(true)
        .with_same_site(SameSite::Lax)
        .with_expiry(Expiry::OnInactivity(IDLE))
}

impl Viewer {
    /// Whether a second factor is required of this viewer.
    pub fn needs_second_factor(&self, app: &App) -> bool {
        needs_second_factor(app, &self.tenant, &self.user)
    }

    /// What the frame of a page shows of somebody.
    pub fn signed_in(&self) -> SignedIn {
        SignedIn {
            tenant_name: self.tenant.name.clone(),
            user_name: self.user.full_name.clone(),
            is_admin: self.user.role == UserRole::Admin,
            operators: self.operators.iter().map(|access| self.banner(access)).collect(),
            csrf_token: self.csrf_token.clone(),
        }
    }

    fn banner(&self, access: &OperatorAccess) -> OperatorBanner {
        OperatorBanner::new(access, self.operator.is_some(), &self.tenant.timezone)
    }

    /// That this viewer did something, for the audit log.
    pub fn did(&self, action: Action) -> Entry {
        let actor = if self.operator.is_some() { Actor::operator() } else { Actor::user(&self.user) };
        Entry::new(actor, action).from(self.address)
    }

    /// Notes in the audit log what this viewer did.
    pub async fn note(&self, app: &App, entry: Entry) -> Result<(), Response> {
        app.db.audit(self.tenant.id, &entry, app.now()).await.map_err(failed)
    }

    /// The viewer of a login, if there is one whose user is still active; `address` is where the request came from.
    pub async fn of(app: &App, login: &Session, address: IpAddr) -> Result<Option<Self>, Response> {
        let Some(who) = login.get::<Who>(USER).await.map_err(failed)? else {
            return Self::of_operator(app, login, address).await;
        };
        let user = app.db.user(who.tenant, who.user).await.map_err(failed)?;
        let Some(user) = user.filter(|u| u.is_active) else { return Ok(None) };
        let Some(tenant) = app.db.tenant(who.tenant).await.map_err(failed)? else { return Ok(None) };
        let now = app.now();
        let seen = login.get::<i64>(SEEN).await.map_err(failed)?.unwrap_or(0);
        if now.seconds_since(Timestamp(seen)) > SEEN_EVERY_SECONDS {
            login.insert(SEEN, now.0).await.map_err(failed)?;
        }
        let csrf_token = csrf_token(login).await?;
        let login = login.id().map(|id| key(&id)).unwrap_or_default();
        let owes_second_factor = needs_second_factor(app, &tenant, &user)
            && app.db.second_factor(tenant.id, user.id).await.map_err(failed)?.is_none();
        let operators = match user.role {
            UserRole::Admin => app.db.open_operator_accesses(tenant.id, now).await.map_err(failed)?,
            UserRole::Member => Vec::new(),
        };
        let operator = None;
        Ok(Some(Self { tenant, user, address, login, operator, operators, owes_second_factor, csrf_token }))
    }

    /// The operator who looks by this login, while the access lasts.
    async fn of_operator(app: &App, login: &Session, address: IpAddr) -> Result<Option<Self>, Response> {
        let Some((tenant, id)) = login.get::<(TenantId, Uuid)>(OPERATOR).await.map_err(failed)? else {
            return Ok(None);
        };
        let access = app.db.operator_access(tenant, id).await.map_err(failed)?;
        let Some(access) = access.filter(|access| access.is_open(app.now())) else { return Ok(None) };
        let Some(tenant) = app.db.tenant(tenant).await.map_err(failed)? else { return Ok(None) };
        let user = User {
            id: UserId(access.id),
            tenant_id: tenant.id,
            email: String::new(),
            full_name: Actor::operator().name,
            role: UserRole::Admin,
            is_active: true,
            created_at: access.created_at,
        };
        let csrf_token = csrf_token(login).await?;
        let login = login.id().map(|id| key(&id)).unwrap_or_default();
        let (operators, operator) = (vec![access.clone()], Some(access));
        Ok(Some(Self { tenant, user, address, login, operator, operators, owes_second_factor: false, csrf_token }))
    }
}

impl FromRequestParts<App> for Viewer {
    type Rejection = Response;

    async fn from_request_parts(parts: &mut Parts, app: &App) -> Result<Self, Response> {
        let Arriving(viewer) = Arriving::from_request_parts(parts, app).await?;
        if !viewer.owes_second_factor {
            return Ok(viewer);
        }
        Err(match is_stream(parts) {
            true => StatusCode::FORBIDDEN.into_response(),
            false => Redirect::to("/account/second-factor/required").into_response(),
        })
    }
}

impl FromRequestParts<App> for Arriving {
    type Rejection = Response;

    async fn from_request_parts(parts: &mut Parts, app: &App) -> Result<Self, Response> {
        let login = Session::from_request_parts(parts, app).await.map_err(IntoResponse::into_response)?;
        if let Some(viewer) = Viewer::of(app, &login, address_of(parts, &app.settings)).await? {
            if viewer.operator.is_some() {
                operator::look(app, &viewer, parts).await?;
            }
            return Ok(Self(viewer));
        }
        if is_stream(parts) {
            return Err(StatusCode::UNAUTHORIZED.into_response());
        }
        // A page comes back here after the sign-in; what a script asked for is no place to come back to.
        let for_a_person =
            parts.method == Method::GET && parts.headers.get("sec-fetch-mode").is_none_or(|mode| mode == "navigate");
        let path = parts.uri.path_and_query().map_or("/", |p| p.as_str());
        let query = serde_urlencoded::to_string([("next", path)]).unwrap_or_default();
        let target = if for_a_person && path != "/" { format!("/sign-in?{query}") } else { "/sign-in".into() };
        Err(Redirect::to(&target).into_response())
    }
}

impl FromRequestParts<App> for Administrator {
    type Rejection = Response;

    async fn from_request_parts(parts: &mut Parts, app: &App) -> Result<Self, Response> {
        let viewer = Viewer::from_request_parts(parts, app).await?;
        if viewer.user.role == UserRole::Admin { Ok(Self(viewer)) } else { Err(forbidden(&viewer)) }
    }
}

fn needs_second_factor(app: &App, tenant: &Tenant, user: &User) -> bool {
    user.role == UserRole::Admin && (app.settings.admins_need_second_factor || tenant.admins_need_second_factor)
}

/// Whether a script asks that follows no redirect to a page.
fn is_stream(parts: &Parts) -> bool {
    parts.headers.get(header::ACCEPT).is_some_and(|accept| accept == "text/event-stream")
}

/// Signs somebody in under a new id, so that a cookie that was planted before is worth nothing.
pub async fn sign_in(login: &Session, user: &User, mut about: About) -> Result<(), Response> {
    login.cycle_id().await.map_err(failed)?;
    about.agent = about.agent.chars().take(LONGEST_AGENT).collect();
    login.set_expiry(Some(Expiry::OnInactivity(IDLE)));
    login.insert(SEEN, about.since.0).await.map_err(failed)?;
    login.insert(ABOUT, about).await.map_err(failed)?;
    login.remove::<(TenantId, Uuid)>(OPERATOR).await.map_err(failed)?;
    login.insert(USER, Who { tenant: user.tenant_id, user: user.id }).await.map_err(failed)?;
    login.insert(CSRF, new_token()).await.map_err(failed)
}

/// Lets an operator look, in a login of its own: whoever was signed in here is signed out.
pub async fn begin_operator(login: &Session, access: &OperatorAccess, about: About) -> Result<(), Response> {
    login.flush().await.map_err(failed)?;
    login.set_expiry(Some(Expiry::OnInactivity(IDLE)));
    login.insert(SEEN, about.since.0).await.map_err(failed)?;
    login.insert(OPERATOR, (access.tenant_id, access.id)).await.map_err(failed)?;
    login.insert(CSRF, new_token()).await.map_err(failed)
}

/// Remembers who has given the password and not yet the second factor, and since when; `None` forgets it.
pub async fn set_pending(login: &Session, who: Option<(&User, Timestamp)>) -> Result<(), Response> {
    let Some((user, since)) = who else {
        return login.remove::<(Who, Timestamp)>(PENDING).await.map(drop).map_err(failed);
    };
    // A cookie that was planted before must not get this far.
    login.cycle_id().await.map_err(failed)?;
    let who = Who { tenant: user.tenant_id, user: user.id };
    login.insert(PENDING, (who, since)).await.map_err(failed)
}

/// Remembers in what way somebody has shown who he is, where that was no password.
pub async fn set_way(login: &Session, way: Option<&str>) -> Result<(), Response> {
    match way {
        Some(way) => login.insert(WAY, way).await.map_err(failed),
        None => login.remove::<String>(WAY).await.map(drop).map_err(failed),
    }
}

/// In what way somebody has shown who he is; forgets it.
pub async fn take_way(login: &Session) -> Result<Option<String>, Response> {
    login.remove::<String>(WAY).await.map_err(failed)
}

/// Whether somebody signed in just now.
pub async fn is_fresh(app: &App, login: &Session) -> Result<bool, Response> {
    let about = login.get::<About>(ABOUT).await.map_err(failed)?;
    Ok(about.is_some_and(|about| app.now().seconds_since(about.since) <= FRESH_SECONDS))
}

/// Who has given the password a short while ago, and not yet the second factor.
pub async fn pending(app: &App, login: &Session) -> Result<Option<User>, Response> {
    let Some((who, since)) = login.get::<(Who, Timestamp)>(PENDING).await.map_err(failed)? else { return Ok(None) };
    if app.now().seconds_since(since) > PENDING_SECONDS {
        return Ok(None);
    }
    let user = app.db.user(who.tenant, who.user).await.map_err(failed)?;
    Ok(user.filter(|user| user.is_active))
}

/// The token for the sign-in form of somebody who may never sign in: what is kept for it goes soon.
pub async fn sign_in_form_token(login: &Session) -> Result<String, Response> {
    login.set_expiry(Some(Expiry::OnInactivity(FORM)));
    csrf_token(login).await
}

/// The token that every form of a login carries; made when it has none.
async fn csrf_token(login: &Session) -> Result<String, Response> {
    if let Some(token) = login.get::<String>(CSRF).await.map_err(failed)? {
        return Ok(token);
    }
    let token = new_token();
    login.insert(CSRF, &token).await.map_err(failed)?;
    Ok(token)
}

/// Whether a form comes from a page of this login.
pub async fn is_own_form(login: &Session, token: &str) -> Result<bool, Response> {
    let own = login.get::<String>(CSRF).await.map_err(failed)?;
    Ok(own.is_some_and(|own| verify_slices_are_equal(own.as_bytes(), token.as_bytes()).is_ok()))
}

/// From where a login was made and when it was last used, out of what is kept of it.
pub fn described(data: &str) -> Option<(About, Timestamp)> {
    let data: serde_json::Map<String, serde_json::Value> = serde_json::from_str(data).ok()?;
    let about: About = serde_json::from_value(data.get(ABOUT)?.clone()).ok()?;
    let seen = data.get(SEEN).and_then(serde_json::Value::as_i64).map_or(about.since, Timestamp);
    Some((about, seen))
}

fn new_token() -> String {
    URL_SAFE_NO_PAD.encode(rand::random::<[u8; 24]>())
}
