//! `/api/v1/webhooks`: addresses that are told when something happens, and the log of what was sent to them.

use super::{
    input::{Id, Input},
    query::{Asked, Cursor},
    users::PartOfList,
    words,
};
use crate::{
    App,
    auth::api_key::{Key, WebhooksManage},
    problem::{Problem, ProblemDetails},
};
use axum::{
    Json,
    extract::{Path, State},
    http::StatusCode,
};
use domain::{
    Timestamp, WebhookId,
    audit::Action,
    webhook::{Delivery, DeliveryState, EventKind, Webhook},
};
use garde::Validate;
use integrations::webhook::check;
use serde::{Deserialize, Serialize};
use storage::db::webhooks::{NewWebhook, WebhookChange};
use utoipa::ToSchema;
use uuid::Uuid;

/// What a webhook is made of.
#[derive(Deserialize, Validate, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct AddWebhook {
    /// An `https://` address, which leads to a public address of the internet.
    #[garde(length(chars, min = 1, max = 2000))]
    #[schema(min_length = 1, max_length = 2000, example = "https://example.com/hooks")]
    url: String,
    /// What is told.
    #[garde(length(min = 1, max = 20))]
    #[schema(schema_with = words::words::<EventKind>)]
    events: Vec<EventKind>,
}

/// What of a webhook is changed; what is left out stays.
#[derive(Deserialize, Validate, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct ChangeWebhook {
    /// Another address.
    #[garde(inner(length(chars, min = 1, max = 2000)))]
    #[schema(min_length = 1, max_length = 2000)]
    url: Option<String>,
    /// Other events, in place of those before.
    #[garde(inner(length(min = 1, max = 20)))]
    #[schema(schema_with = words::optional_words::<EventKind>)]
    #[serde(default)]
    events: Option<Vec<EventKind>>,
    /// Whether it is told anything.
    #[garde(skip)]
    enabled: Option<bool>,
}

/// All webhooks.
#[derive(Serialize, ToSchema)]
pub struct Webhooks {
    /// The oldest first.
    webhooks: Vec<WebhookState>,
}

/// An address that is told when something happens.
#[derive(Serialize, ToSchema)]
pub struct WebhookState {
    id: Uuid,
    url: String,
    #[schema(schema_with = words::words::<EventKind>)]
    events: Vec<EventKind>,
    /// Whether it is told anything.
    enabled: bool,
    /// Why it is not, if so.
    disabled_reason: Option<String>,
    /// Since when no delivery has succeeded; null while all is well. After a day it is switched off.
    #[schema(schema_with = words::optional_instant)]
    failing_since: Option<Timestamp>,
    #[schema(schema_with = words::instant)]
    created_at: Timestamp,
}

/// A webhook with its secret, which is told this once.
#[derive(Serialize, ToSchema)]
pub struct WebhookWithSecret {
    #[serde(flatten)]
    webhook: WebhookState,
    /// `whsec_…`: with it the receiver verifies signatures.
    secret: String,
}

/// Some deliveries.
#[derive(Serialize, ToSchema)]
pub struct Deliveries {
    /// The newest first.
    deliveries: Vec<DeliveryStateOf>,
    /// Send it as `after` to get the rest; null where there is none.
    next: Option<Cursor>,
}

/// One event on its way to one webhook.
#[derive(Serialize, ToSchema)]
#[schema(as = Delivery)]
pub struct DeliveryStateOf {
    id: Uuid,
    /// As the receiver sees it in `webhook-id`, whenever it is sent.
    webhook_message_id: String,
    #[schema(schema_with = words::word::<EventKind>)]
    event: EventKind,
    #[schema(schema_with = words::word::<DeliveryState>)]
    state: DeliveryState,
    attempts: u32,
    /// When it is sent next; null unless it waits.
    #[schema(schema_with = words::optional_instant)]
    next_at: Option<Timestamp>,
    #[schema(schema_with = words::optional_instant)]
    last_at: Option<Timestamp>,
    /// HTTP status of the last answer.
    last_status: Option<u16>,
    /// How the last answer began, or what was in the way.
    last_answer: Option<String>,
    #[schema(schema_with = words::instant)]
    created_at: Timestamp,
}

/// The webhooks of the organisation, the oldest first.
#[utoipa::path(
    get, path = "/api/v1/webhooks", tag = "webhooks", security(("api_key" = ["webhooks:manage"])),
    responses((status = 200, body = Webhooks))
)]
pub async fn list(State(app): State<App>, key: Key<WebhooksManage>) -> Result<Json<Webhooks>, Problem> {
    let found = app.db.webhooks(key.tenant).await?;
    Ok(Json(Webhooks { webhooks: found.into_iter().map(Into::into).collect() }))
}

/// Adds a webhook. Its secret is told this once. The receiver verifies messages with it, by the Standard Webhooks scheme.
#[utoipa::path(
    post, path = "/api/v1/webhooks", tag = "webhooks", security(("api_key" = ["webhooks:manage"])),
    request_body = AddWebhook,
    responses(
        (status = 201, description = "Added", body = WebhookWithSecret),
        (status = 409, description = "There are 20 already", body = ProblemDetails, content_type = "application/problem+json")
    )
)]
pub async fn add(
    State(app): State<App>,
    key: Key<WebhooksManage>,
    Input(new): Input<AddWebhook>,
) -> Result<(StatusCode, Json<WebhookWithSecret>), Problem> {
    check(&new.url, app.settings.webhooks).map_err(|refused| Problem::invalid(refused.to_string()))?;
    let (sealed, secret) = app.new_webhook_secret()?;
    let new = NewWebhook { url: new.url, events: new.events, secret: sealed, made_by: None };
    let made = app.db.create_webhook(key.tenant, new, key.did(Action::WebhookAdded), app.now()).await?;
    Ok((StatusCode::CREATED, Json(WebhookWithSecret { webhook: made.into(), secret })))
}

/// One webhook.
#[utoipa::path(
    get, path = "/api/v1/webhooks/{webhook}", tag = "webhooks", params(("webhook" = Uuid, Path)),
    security(("api_key" = ["webhooks:manage"])),
    responses(
        (status = 200, body = WebhookState),
        (status = 404, description = "No such webhook", body = ProblemDetails, content_type = "application/problem+json")
    )
)]
pub async fn show(
    State(app): State<App>,
    key: Key<WebhooksManage>,
    Id(id): Id<WebhookId>,
) -> Result<Json<WebhookState>, Problem> {
    let found = app.db.webhook(key.tenant, id).await?.ok_or_else(unknown)?;
    Ok(Json(found.into()))
}

/// Changes a webhook. One that is switched off is told nothing, and what waits for it is given up; switched on again it counts
/// as never having failed.
#[utoipa::path(
    patch, path = "/api/v1/webhooks/{webhook}", tag = "webhooks", params(("webhook" = Uuid, Path)),
    security(("api_key" = ["webhooks:manage"])),
    request_body = Option<ChangeWebhook>,
    responses(
        (status = 200, body = WebhookState),
        (status = 404, description = "No such webhook", body = ProblemDetails, content_type = "application/problem+json"),
        (status = 409, description = "It came with an import, without its secret: make a new one first", body = ProblemDetails,
            content_type = "application/problem+json")
    )
)]
pub async fn change(
    State(app): State<App>,
    key: Key<WebhooksManage>,
    Id(id): Id<WebhookId>,
    Input(change): Input<ChangeWebhook>,
) -> Result<Json<WebhookState>, Problem> {
    if let Some(url) = &change.url {
        check(url, app.settings.webhooks).map_err(|refused| Problem::invalid(refused.to_string()))?;
    }
    let change = WebhookChange { url: change.url, events: change.events, enabled: change.enabled };
    let by = key.did(Action::WebhookChanged);
    let changed = app.db.change_webhook(key.tenant, id, &change, by, app.now()).await?.ok_or_else(unknown)?;
    Ok(Json(changed.into()))
}

/// Removes a webhook, with the log of what was sent to it.
#[utoipa::path(
    delete, path = "/api/v1/webhooks/{webhook}", tag = "webhooks", params(("webhook" = Uuid, Path)),
    security(("api_key" = ["webhooks:manage"])),
    responses(
        (status = 204, description = "Removed"),
        (status = 404, description = "No such webhook", body = ProblemDetails, content_type = "application/problem+json")
    )
)]
pub async fn remove(
    State(app): State<App>,
    key: Key<WebhooksManage>,
    Id(id): Id<WebhookId>,
) -> Result<StatusCode, Problem> {
    let removed = app.db.remove_webhook(key.tenant, id, key.did(Action::WebhookRemoved), app.now()).await?;
    if removed { Ok(StatusCode::NO_CONTENT) } else { Err(unknown()) }
}

/// Gives a webhook a new secret, which is told this once. For a day messages carry a signature by the one before, too.
#[utoipa::path(
    post, path = "/api/v1/webhooks/{webhook}/secret", tag = "webhooks", params(("webhook" = Uuid, Path)),
    security(("api_key" = ["webhooks:manage"])),
    responses(
        (status = 200, body = WebhookWithSecret),
        (status = 404, description = "No such webhook", body = ProblemDetails, content_type = "application/problem+json")
    )
)]
pub async fn rotate(
    State(app): State<App>,
    key: Key<WebhooksManage>,
    Id(id): Id<WebhookId>,
) -> Result<Json<WebhookWithSecret>, Problem> {
    let (sealed, secret) = app.new_webhook_secret()?;
    let by = key.did(Action::WebhookSecretRotated);
    app.db.rotate_webhook_secret(key.tenant, id, &sealed, by, app.now()).await?;
    let found = app.db.webhook(key.tenant, id).await?.ok_or_else(unknown)?;
    Ok(Json(WebhookWithSecret { webhook: found.into(), secret }))
}

/// What was sent to a webhook, and is to be sent: the newest first, for 30 days.
#[utoipa::path(
    get, path = "/api/v1/webhooks/{webhook}/deliveries", tag = "webhooks", params(("webhook" = Uuid, Path), PartOfList),
    security(("api_key" = ["webhooks:manage"])),
    responses(
        (status = 200, body = Deliveries),
        (status = 404, description = "No such webhook", body = ProblemDetails, content_type = "application/problem+json")
    )
)]
pub async fn deliveries(
    State(app): State<App>,
    key: Key<WebhooksManage>,
    Id(id): Id<WebhookId>,
    Asked(asked): Asked<PartOfList>,
) -> Result<Json<Deliveries>, Problem> {
    app.db.webhook(key.tenant, id).await?.ok_or_else(unknown)?;
    let after = asked.after.map(|cursor| cursor.0);
    let page = app.db.delivery_page(key.tenant, id, after, asked.limit.unwrap_or_default().0).await?;
    Ok(Json(Deliveries { deliveries: page.rows.into_iter().map(Into::into).collect(), next: page.next.map(Cursor) }))
}

/// Sends a delivery again, under the same `webhook-id`.
#[utoipa::path(
    post, path = "/api/v1/webhooks/{webhook}/deliveries/{delivery}/resend", tag = "webhooks",
    params(("webhook" = Uuid, Path), ("delivery" = Uuid, Path)), security(("api_key" = ["webhooks:manage"])),
    responses(
        (status = 202, description = "It is sent again"),
        (status = 404, description = "No such delivery, or it waits to be sent anyway, or the webhook is switched off", body = ProblemDetails, content_type = "application/problem+json")
    )
)]
pub async fn resend(
    State(app): State<App>,
    key: Key<WebhooksManage>,
    Path((webhook, delivery)): Path<(String, String)>,
) -> Result<StatusCode, Problem> {
    let nothing = || Problem::not_found("delivery that could be sent again");
    let (Ok(webhook), Ok(delivery)) = (webhook.parse(), delivery.parse()) else { return Err(nothing()) };
    let sent = app.db.resend_delivery(key.tenant, webhook, delivery, app.now()).await?;
    if sent { Ok(StatusCode::ACCEPTED) } else { Err(nothing()) }
}

fn unknown() -> Problem {
    Problem::not_found("webhook")
}

impl From<Webhook> for WebhookState {
    fn from(webhook: Webhook) -> Self {
        Self {
            id: webhook.id.0,
            url: webhook.url,
            events: webhook.events,
            enabled: webhook.disabled.is_none(),
            disabled_reason: webhook.disabled.map(|(_, reason)| reason),
            failing_since: webhook.failing_since,
            created_at: webhook.created_at,
        }
    }
}

impl From<Delivery> for DeliveryStateOf {
    fn from(delivery: Delivery) -> Self {
        Self {
            id: delivery.id,
            webhook_message_id: format!("msg_{}", delivery.event_id.0.simple()),
            event: delivery.kind,
            state: delivery.state,
            attempts: delivery.attempts,
            next_at: delivery.next_at,
            last_at: delivery.last_at,
            last_status: delivery.last_status,
            last_answer: delivery.last_answer,
            created_at: delivery.created_at,
        }
    }
}
