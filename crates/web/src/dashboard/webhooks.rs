//! Settings, Webhooks: added, changed, switched, removed; the log, and sending again.

use super::{Answer, Id, failed, missing, own_form, page, seats::Plain};
use crate::{
    App,
    auth::login::{Administrator, Viewer},
    pages::{
        layout::{Area, Layout},
        webhooks::{DeliveryRow, RemoveWebhookPage, WebhookForm, WebhookPage, WebhookRow, WebhooksPage},
    },
};
use axum::{
    Form,
    extract::{Path, Query, State},
    http::{StatusCode, header},
    response::{IntoResponse, Redirect, Response},
};
use domain::{Timestamp, WebhookId, audit::Action};
use integrations::webhook::check;
use serde::Deserialize;
use storage::{
    DbError, Rule,
    db::{
        lists::After,
        webhooks::{NewWebhook, WebhookChange},
    },
};
use tower_sessions::Session;
use uuid::Uuid;

/// Deliveries of one page of the log.
const PAGE_SIZE: u64 = 25;

/// Where the log begins.
#[derive(Deserialize, Default)]
pub struct Older {
    before: Option<String>,
}

/// Whether a webhook is to be told anything.
#[derive(Deserialize)]
pub struct Switch {
    #[serde(default)]
    csrf_token: String,
    #[serde(default)]
    enabled: String,
}

/// `GET /settings/webhooks`
pub async fn list(State(app): State<App>, Administrator(viewer): Administrator) -> Answer {
    page(&all(&app, &viewer, WebhookForm::default()).await?)
}

/// `POST /settings/webhooks`: the answer is the only place where the secret is ever shown.
pub async fn add(
    State(app): State<App>,
    Administrator(viewer): Administrator,
    login: Session,
    Form(fields): Form<Vec<(String, String)>>,
) -> Answer {
    own_form(&login, &viewer, token_of(&fields)).await?;
    let form = WebhookForm::read(&fields);
    if let Some(problem) = problem_of(&app, &form) {
        let shown = WebhooksPage { problem: Some(problem), ..all(&app, &viewer, form).await? };
        return Ok((StatusCode::UNPROCESSABLE_ENTITY, page(&shown)?).into_response());
    }
    let (sealed, secret) = app.new_webhook_secret().map_err(IntoResponse::into_response)?;
    let new = NewWebhook { url: form.url, events: form.events, secret: sealed, made_by: Some(viewer.user.id) };
    let by = viewer.did(Action::WebhookAdded);
    let made = match app.db.create_webhook(viewer.tenant.id, new, by, app.now()).await {
        Ok(made) => made,
        Err(DbError::Rule(rule)) => {
            let problem = Some(format!("Nothing was added: {rule}."));
            let shown = WebhooksPage { problem, ..all(&app, &viewer, WebhookForm::read(&fields)).await? };
            return Ok((StatusCode::UNPROCESSABLE_ENTITY, page(&shown)?).into_response());
        }
        Err(error) => return Err(failed(error)),
    };
    shown_once(&WebhookPage { secret: Some(secret), ..one(&app, &viewer, made.id, None).await? })
}

/// `GET /settings/webhooks/{id}`
pub async fn show(
    State(app): State<App>,
    Administrator(viewer): Administrator,
    Id(id): Id<WebhookId>,
    Query(older): Query<Older>,
) -> Answer {
    let after = older.before.as_deref().and_then(read_place);
    page(&one(&app, &viewer, id, after).await?)
}

/// `POST /settings/webhooks/{id}`
pub async fn change(
    State(app): State<App>,
    Administrator(viewer): Administrator,
    Id(id): Id<WebhookId>,
    login: Session,
    Form(fields): Form<Vec<(String, String)>>,
) -> Answer {
    own_form(&login, &viewer, token_of(&fields)).await?;
    let form = WebhookForm::read(&fields);
    if let Some(problem) = problem_of(&app, &form) {
        let shown = WebhookPage { problem: Some(problem), form, ..one(&app, &viewer, id, None).await? };
        return Ok((StatusCode::UNPROCESSABLE_ENTITY, page(&shown)?).into_response());
    }
    let change = WebhookChange { url: Some(form.url), events: Some(form.events), enabled: None };
    changed(&app, &viewer, id, &change).await
}

/// `POST /settings/webhooks/{id}/enabled`
pub async fn switch(
    State(app): State<App>,
    Administrator(viewer): Administrator,
    Id(id): Id<WebhookId>,
    login: Session,
    Form(form): Form<Switch>,
) -> Answer {
    own_form(&login, &viewer, &form.csrf_token).await?;
    let change = WebhookChange { enabled: Some(form.enabled == "true"), ..WebhookChange::default() };
    changed(&app, &viewer, id, &change).await
}

/// `POST /settings/webhooks/{id}/secret`
pub async fn rotate(
    State(app): State<App>,
    Administrator(viewer): Administrator,
    Id(id): Id<WebhookId>,
    login: Session,
    Form(form): Form<Plain>,
) -> Answer {
    own_form(&login, &viewer, &form.csrf_token).await?;
    let (sealed, secret) = app.new_webhook_secret().map_err(IntoResponse::into_response)?;
    let by = viewer.did(Action::WebhookSecretRotated);
    app.db.rotate_webhook_secret(viewer.tenant.id, id, &sealed, by, app.now()).await.map_err(failed)?;
    shown_once(&WebhookPage { secret: Some(secret), ..one(&app, &viewer, id, None).await? })
}

/// `POST /settings/webhooks/{id}/deliveries/{delivery}/resend`
pub async fn resend(
    State(app): State<App>,
    Administrator(viewer): Administrator,
    Path((webhook, delivery)): Path<(String, String)>,
    login: Session,
    Form(form): Form<Plain>,
) -> Answer {
    own_form(&login, &viewer, &form.csrf_token).await?;
    let (Ok(webhook), Ok(delivery)) = (webhook.parse::<WebhookId>(), delivery.parse::<Uuid>()) else {
        return Err(missing(&viewer));
    };
    app.db.webhook(viewer.tenant.id, webhook).await.map_err(failed)?.ok_or_else(|| missing(&viewer))?;
    // One that waits anyway is as good as sent again.
    app.db.resend_delivery(viewer.tenant.id, webhook, delivery, app.now()).await.map_err(failed)?;
    Ok(Redirect::to(&format!("/settings/webhooks/{webhook}")).into_response())
}

/// `GET /settings/webhooks/{id}/remove`
pub async fn ask_to_remove(
    State(app): State<App>,
    Administrator(viewer): Administrator,
    Id(id): Id<WebhookId>,
) -> Answer {
    let WebhookPage { csrf_token, webhook, .. } = one(&app, &viewer, id, None).await?;
    let layout = Layout::new("Remove a webhook", Area::Settings, viewer.signed_in());
    page(&RemoveWebhookPage { layout, csrf_token, webhook })
}

/// `POST /settings/webhooks/{id}/remove`
pub async fn remove(
    State(app): State<App>,
    Administrator(viewer): Administrator,
    Id(id): Id<WebhookId>,
    login: Session,
    Form(form): Form<Plain>,
) -> Answer {
    own_form(&login, &viewer, &form.csrf_token).await?;
    let by = viewer.did(Action::WebhookRemoved);
    if !app.db.remove_webhook(viewer.tenant.id, id, by, app.now()).await.map_err(failed)? {
        return Err(missing(&viewer));
    }
    Ok(Redirect::to("/settings/webhooks").into_response())
}

async fn changed(app: &App, viewer: &Viewer, id: WebhookId, change: &WebhookChange) -> Answer {
    let by = viewer.did(Action::WebhookChanged);
    let found = match app.db.change_webhook(viewer.tenant.id, id, change, by, app.now()).await {
        Err(DbError::Rule(Rule::NoWebhookSecret)) => {
            let problem =
                "It came with an import, without its secret. Make a new secret first, and give it to the receiver.";
            let shown = WebhookPage { problem: Some(problem.into()), ..one(app, viewer, id, None).await? };
            return Ok((StatusCode::CONFLICT, page(&shown)?).into_response());
        }
        found => found.map_err(failed)?,
    };
    found.ok_or_else(|| missing(viewer))?;
    Ok(Redirect::to(&format!("/settings/webhooks/{id}")).into_response())
}

fn problem_of(app: &App, form: &WebhookForm) -> Option<String> {
    if let Err(refused) = check(&form.url, app.settings.webhooks) {
        return Some(format!("Nothing was saved: {refused}."));
    }
    form.events.is_empty().then(|| "Nothing was saved: tick what the webhook is told.".into())
}

fn shown_once(shown: &WebhookPage) -> Answer {
    Ok(([(header::CACHE_CONTROL, "no-store")], page(shown)?).into_response())
}

async fn all(app: &App, viewer: &Viewer, form: WebhookForm) -> Result<WebhooksPage, Response> {
    let tenant = &viewer.tenant;
    let webhooks = app.db.webhooks(tenant.id).await.map_err(failed)?;
    let who = viewer.signed_in();
    Ok(WebhooksPage {
        csrf_token: who.csrf_token.clone(),
        layout: Layout::new("Webhooks", Area::Settings, who),
        webhooks: webhooks.iter().map(|webhook| WebhookRow::new(webhook, &tenant.timezone)).collect(),
        form,
        problem: None,
    })
}

async fn one(app: &App, viewer: &Viewer, id: WebhookId, after: Option<After>) -> Result<WebhookPage, Response> {
    let tenant = &viewer.tenant;
    let found = app.db.webhook(tenant.id, id).await.map_err(failed)?.ok_or_else(|| missing(viewer))?;
    let log = app.db.delivery_page(tenant.id, id, after, PAGE_SIZE).await.map_err(failed)?;
    let who = viewer.signed_in();
    Ok(WebhookPage {
        csrf_token: who.csrf_token.clone(),
        layout: Layout::new("Webhook", Area::Settings, who),
        webhook: WebhookRow::new(&found, &tenant.timezone),
        form: WebhookForm { url: found.url, events: found.events },
        problem: None,
        secret: None,
        deliveries: log.rows.into_iter().map(|delivery| DeliveryRow::new(delivery, &tenant.timezone)).collect(),
        older: log.next.map(|place| format!("/settings/webhooks/{id}?before={}.{}", place.at.0, place.id)),
    })
}

fn token_of(fields: &[(String, String)]) -> &str {
    fields.iter().find(|(key, _)| key == "csrf_token").map_or("", |(_, value)| value.as_str())
}

fn read_place(text: &str) -> Option<After> {
    let (at, id) = text.split_once('.')?;
    Some(After { at: Timestamp(at.parse().ok()?), id: id.parse().ok()? })
}
