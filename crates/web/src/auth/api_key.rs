//! Programs: an API key by its bearer token. A handler that takes a [`Key`] answers only to a key with the scope that
//! stands in its type, and says so before it looks anything up.

use super::{
    device::{Caller, bearer},
    rate_limit::RateLimits,
    throttle::address_of,
};
use crate::{App, api_token, problem::Problem};
use axum::{
    extract::{FromRequestParts, Request, State},
    http::{HeaderValue, StatusCode, header, request::Parts},
    middleware::Next,
    response::{IntoResponse, Response},
};
use domain::{
    TenantId,
    api_key::{ApiKey, Scope},
    audit::{Action, Actor, Entry},
};
use std::{marker::PhantomData, net::IpAddr};
use storage::db::minutes::By;

/// A scope as a type.
pub trait Needs {
    /// Which one.
    const SCOPE: Scope;
}

macro_rules! scopes {
    ($($name:ident),+ $(,)?) => {$(
        #[doc = concat!("[`Scope::", stringify!($name), "`]")]
        pub struct $name;
        impl Needs for $name {
            const SCOPE: Scope = Scope::$name;
        }
    )+};
}
scopes!(SessionsRead, ProceduresRead, TasksRead, TasksWrite, UsersRead, UsersManage, WebhooksManage);

/// A good key that has the scope `S`. Stands first among the arguments of a handler, so that a key without the scope is
/// refused alike whatever else the request holds.
pub struct Key<S: Needs> {
    /// Whose data it opens.
    pub tenant: TenantId,
    /// The key, for the audit log.
    pub actor: Actor,
    address: IpAddr,
    scope: PhantomData<S>,
}

impl<S: Needs> Key<S> {
    /// By whom and from where something is done, for a ledger.
    pub fn by(&self) -> By {
        By { actor: self.actor.clone(), address: Some(self.address) }
    }

    /// That this key did something, for the audit log.
    pub fn did(&self, action: Action) -> Entry {
        Entry::new(self.actor.clone(), action).from(self.address)
    }
}

impl<S: Needs> FromRequestParts<App> for Key<S> {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, app: &App) -> Result<Self, Problem> {
        let key =
            parts.extensions.get::<ApiKey>().ok_or_else(|| unauthorised("send `Authorization: Bearer <API key>`"))?;
        if !key.may(S::SCOPE) {
            return Err(lacks(S::SCOPE));
        }
        let actor = Actor::key(key.id.0, key.name.clone());
        Ok(Self { tenant: key.tenant_id, actor, address: address_of(parts, &app.settings), scope: PhantomData })
    }
}

/// A device, or a good key that has the scope `S`.
pub enum Reader<S: Needs> {
    /// By its token.
    Device(Caller),
    /// By a key.
    Key(Key<S>),
}

impl<S: Needs> FromRequestParts<App> for Reader<S> {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, app: &App) -> Result<Self, Problem> {
        if parts.extensions.get::<ApiKey>().is_some() {
            return Key::from_request_parts(parts, app).await.map(Self::Key);
        }
        Caller::from_request_parts(parts, app).await.map(Self::Device)
    }
}

/// What the layer below works with.
#[derive(Clone)]
pub struct Gate {
    /// The server.
    pub app: App,
    /// Requests of each key.
    pub limits: RateLimits,
}

/// The layer that finds the key of a request, counts the request, and says in the answer how many more there may be.
pub async fn recognise(State(gate): State<Gate>, mut request: Request, next: Next) -> Response {
    let Some(token) = bearer(request.headers()).filter(|token| api_token::is_one(token)) else {
        return next.run(request).await;
    };
    let key = match find(&gate.app, token).await {
        Ok(key) => key,
        Err(problem) => return problem.into_response(),
    };
    let standing = gate.limits.count(key.id);
    let mut answer = match standing.wait_seconds {
        Some(seconds) => too_many(seconds).into_response(),
        None => {
            request.extensions_mut().insert(key);
            next.run(request).await
        }
    };
    standing.tell(answer.headers_mut());
    answer
}

async fn find(app: &App, token: &str) -> Result<ApiKey, Problem> {
    // One answer for all of them: whoever guesses learns nothing.
    let unknown =
        || unauthorised("this API key is not known here, has expired or was revoked; make a new one in the Dashboard");
    let hash = api_token::hash_of(token).ok_or_else(unknown)?;
    let now = app.now();
    let key = app.db.api_key_by_token(&hash, now).await?.ok_or_else(unknown)?;
    app.db.api_key_used(&key, now).await?;
    Ok(key)
}

fn unauthorised(detail: &str) -> Problem {
    Problem::new(StatusCode::UNAUTHORIZED, "unauthorised", detail)
        .with_header(header::WWW_AUTHENTICATE, HeaderValue::from_static("Bearer"))
}

fn lacks(scope: Scope) -> Problem {
    let detail =
        format!("this key lacks the scope `{scope}`; make one that has it in the Dashboard: Settings, API keys");
    let told = format!("Bearer error=\"insufficient_scope\", scope=\"{scope}\"");
    Problem::new(StatusCode::FORBIDDEN, "scope", detail).with_header(
        header::WWW_AUTHENTICATE,
        HeaderValue::from_str(&told).unwrap_or(HeaderValue::from_static("Bearer")),
    )
}

fn too_many(seconds: u64) -> Problem {
    let detail = format!("this key has made too many requests; try again in {seconds} s");
    Problem::new(StatusCode::TOO_MANY_REQUESTS, "rate-limited", detail)
        .with_header(header::RETRY_AFTER, HeaderValue::from(seconds))
}
