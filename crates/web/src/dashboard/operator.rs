//! Operator access: begun by the link that the command line printed, ended by the tenant's administrators.

use super::{Answer, Id, failed, missing, own_form, page, seats::Plain};
use crate::{
    App,
    auth::{
        link::hash_of,
        login::{self, About, Administrator},
        throttle::{ClientAddress, Throttle},
    },
    pages::{
        operator::{Offer, OperatorPage},
        when::When,
    },
};
use axum::{
    Extension, Form, Router,
    extract::{Query, State},
    http::{HeaderMap, StatusCode, header},
    response::{IntoResponse, Redirect},
    routing::{get, post},
};
use domain::audit::Action;
use serde::Deserialize;
use tower_sessions::Session;
use uuid::Uuid;

/// The token in the address, and in the form.
#[derive(Deserialize)]
pub struct Token {
    #[serde(default)]
    token: String,
}

/// The addresses, with so many attempts a minute for each client.
pub fn routes(app: &App) -> Router<App> {
    let throttle = Throttle::per_minute(app.settings.sign_in_attempts_per_minute);
    Router::new()
        .route("/operator", get(show).post(begin))
        .layer(Extension(throttle))
        .route("/settings/operator/{id}/end", post(end))
}

/// `GET /operator`: what the link is good for. Only its button uses it up.
pub async fn show(State(app): State<App>, Query(Token { token }): Query<Token>) -> Answer {
    let offer = offer(&app, token).await?;
    Ok(([(header::CACHE_CONTROL, "no-store")], page(&OperatorPage::new(offer))?).into_response())
}

/// `POST /operator`. The token is proof enough that the form is our own.
pub async fn begin(
    State(app): State<App>,
    Extension(throttle): Extension<Throttle>,
    ClientAddress(address): ClientAddress,
    login: Session,
    headers: HeaderMap,
    Form(Token { token }): Form<Token>,
) -> Answer {
    if throttle.attempt(address).is_err() {
        return Ok((StatusCode::TOO_MANY_REQUESTS, page(&OperatorPage::new(Offer::TooMany))?).into_response());
    }
    let hash = hash_of(&token).unwrap_or_default();
    let Some(access) = app.db.begin_operator_access(&hash, address, app.now()).await.map_err(failed)? else {
        return page(&OperatorPage::new(offer(&app, token).await?));
    };
    tracing::warn!(tenant = %access.tenant_id, access = %access.id, "an operator looks at an organisation");
    let agent = super::sign_in::agent(&headers);
    login::begin_operator(&login, &access, About { agent, address, since: app.now() }).await?;
    Ok(Redirect::to("/sessions").into_response())
}

/// `POST /settings/operator/{id}/end`
pub async fn end(
    State(app): State<App>,
    Administrator(viewer): Administrator,
    Id(id): Id<Uuid>,
    login: Session,
    Form(form): Form<Plain>,
) -> Answer {
    own_form(&login, &viewer, &form.csrf_token).await?;
    if app.db.operator_access(viewer.tenant.id, id).await.map_err(failed)?.is_none() {
        return Err(missing(&viewer));
    }
    let by = viewer.did(Action::OperatorAccessEnded);
    app.db.end_operator_access(viewer.tenant.id, id, by, app.now()).await.map_err(failed)?;
    Ok(Redirect::to("/settings/audit").into_response())
}

async fn offer(app: &App, token: String) -> Result<Offer, axum::response::Response> {
    let Some(hash) = hash_of(&token) else { return Ok(Offer::Unknown) };
    let Some(access) = app.db.operator_access_by_token(&hash).await.map_err(failed)? else { return Ok(Offer::Unknown) };
    let Some(tenant) = app.db.tenant(access.tenant_id).await.map_err(failed)? else { return Ok(Offer::Unknown) };
    Ok(match access.is_open(app.now()) {
        false => Offer::Over,
        true if access.begun_at.is_some() => Offer::Used,
        true => Offer::Open {
            token,
            tenant: tenant.name,
            until: When::new(access.until, &tenant.timezone),
            reason: access.reason,
        },
    })
}
