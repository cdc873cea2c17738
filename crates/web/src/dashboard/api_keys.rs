//! Settings, API keys: made and shown once, listed, revoked.

use super::{Answer, Id, failed, missing, origin, own_form, page, seats::Plain};
use crate::{
    App,
    api_token::new_api_token,
    auth::login::{Administrator, Viewer},
    pages::{
        api_keys::{ApiKeysPage, KeyForm, MadeKey, RevokeKeyPage},
        layout::{Area, Layout},
    },
};
use axum::{
    Form,
    extract::State,
    http::{HeaderMap, StatusCode, header},
    response::{IntoResponse, Redirect, Response},
};
use domain::{ApiKeyId, audit::Action};
use storage::db::api_keys::NewApiKey;
use tower_sessions::Session;

/// `GET /settings/api-keys`
pub async fn show(State(app): State<App>, Administrator(viewer): Administrator) -> Answer {
    page(&keys(&app, &viewer, KeyForm::default()).await?)
}

/// `POST /settings/api-keys`: the answer is the only place where the key is ever shown.
pub async fn make(
    State(app): State<App>,
    Administrator(viewer): Administrator,
    login: Session,
    headers: HeaderMap,
    Form(fields): Form<Vec<(String, String)>>,
) -> Answer {
    let field = |name| fields.iter().find(|(key, _)| key == name).map_or("", |(_, value)| value.as_str());
    own_form(&login, &viewer, field("csrf_token")).await?;
    let form = KeyForm::read(&fields);
    if let Some(problem) = form.problem() {
        let shown = ApiKeysPage { problem: Some(problem), ..keys(&app, &viewer, form).await? };
        return Ok((StatusCode::UNPROCESSABLE_ENTITY, page(&shown)?).into_response());
    }
    let (tenant, now) = (viewer.tenant.id, app.now());
    let made = new_api_token();
    let new = NewApiKey {
        name: form.name.clone(),
        token_hash: made.hash,
        first_characters: made.first_characters,
        scopes: form.scopes,
        made_by: Some(viewer.user.id),
        expires_at: form.days.map(|days| now.plus_seconds(f64::from(days) * 86_400.0)),
    };
    let key = app.db.create_api_key(tenant, new, viewer.did(Action::ApiKeyMade), now).await.map_err(failed)?;
    tracing::info!(%tenant, key = %key.id, by = %viewer.user.id, "API key made");
    let made = MadeKey::new(&key, made.token, &origin(&app, &headers));
    let shown = ApiKeysPage { made: Some(made), ..keys(&app, &viewer, KeyForm::default()).await? };
    Ok(([(header::CACHE_CONTROL, "no-store")], page(&shown)?).into_response())
}

/// `GET /settings/api-keys/{id}/revoke`
pub async fn ask_to_revoke(
    State(app): State<App>,
    Administrator(viewer): Administrator,
    Id(id): Id<ApiKeyId>,
) -> Answer {
    let shown = keys(&app, &viewer, KeyForm::default()).await?;
    let key = shown.keys.into_iter().find(|key| key.id == id).ok_or_else(|| missing(&viewer))?;
    let layout = Layout::new("Revoke an API key", Area::Settings, viewer.signed_in());
    page(&RevokeKeyPage { layout, csrf_token: shown.csrf_token, key })
}

/// `POST /settings/api-keys/{id}/revoke`
pub async fn revoke(
    State(app): State<App>,
    Administrator(viewer): Administrator,
    Id(id): Id<ApiKeyId>,
    login: Session,
    Form(form): Form<Plain>,
) -> Answer {
    own_form(&login, &viewer, &form.csrf_token).await?;
    let tenant = viewer.tenant.id;
    // One that was revoked before is as good as revoked.
    let by = viewer.did(Action::ApiKeyRevoked);
    if app.db.revoke_api_key(tenant, id, by, app.now()).await.map_err(failed)?.is_some() {
        tracing::info!(%tenant, key = %id, by = %viewer.user.id, "API key revoked");
    } else if app.db.api_key(tenant, id).await.map_err(failed)?.is_none() {
        return Err(missing(&viewer));
    }
    Ok(Redirect::to("/settings/api-keys").into_response())
}

async fn keys(app: &App, viewer: &Viewer, form: KeyForm) -> Result<ApiKeysPage, Response> {
    let tenant = &viewer.tenant;
    let keys = app.db.api_keys(tenant.id).await.map_err(failed)?;
    let users = app.db.users(tenant.id).await.map_err(failed)?;
    let who = viewer.signed_in();
    let csrf_token = who.csrf_token.clone();
    let layout = Layout::new("API keys", Area::Settings, who);
    Ok(ApiKeysPage::new(layout, csrf_token, &keys, &users, form, app.now(), &tenant.timezone))
}
