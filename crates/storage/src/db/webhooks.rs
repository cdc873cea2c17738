//! Webhooks: added, changed, removed; and what is told to them, written in the transaction of the fact.

use super::{
    Db, DbError, Result, Rule, audit,
    entity::{tenants, webhook_deliveries, webhook_events, webhooks},
    error::{json, to_json},
};
use domain::{
    TenantId, Timestamp, UserId, WebhookId,
    audit::Entry,
    webhook::{DeliveryState, EventKind, Webhook},
};
use sea_orm::{
    ColumnTrait, ConnectionTrait, DatabaseTransaction, EntityTrait, PaginatorTrait, QueryFilter, QueryOrder,
    QuerySelect,
    sea_query::{Expr, LockType},
};
use serde_json::{Value, json};
use uuid::Uuid;

/// The secret before is signed with for so long after a new one was made, in seconds.
const OLD_SECRET_SECONDS: f64 = 86_400.0;

/// Webhooks that a tenant has at most.
pub const MOST: u64 = 20;

/// What a new webhook needs.
#[derive(Clone, Debug)]
#[allow(missing_docs)]
pub struct NewWebhook {
    pub url: String,
    pub events: Vec<EventKind>,
    /// Encrypted.
    pub secret: String,
    pub made_by: Option<UserId>,
}

/// What of a webhook is changed.
#[derive(Clone, Debug, Default)]
pub struct WebhookChange {
    /// Another address.
    pub url: Option<String>,
    /// Other events.
    pub events: Option<Vec<EventKind>>,
    /// Whether it is told anything from now on.
    pub enabled: Option<bool>,
}

/// Tells the webhooks of a tenant that want to know of it. Runs in the transaction of the fact. `data` holds ids and words of
/// closed sets: nothing that a person said or is.
pub(crate) async fn emit(
    tx: &impl ConnectionTrait,
    tenant: TenantId,
    kind: EventKind,
    data: Value,
    now: Timestamp,
) -> Result<()> {
    let all =
        // None goes before its delivery stands: that would refuse the fact.
        webhooks::Entity::find()
            .filter(of(tenant))
            .filter(webhooks::Column::DisabledAt.is_null())
            .lock(LockType::KeyShare)
            .all(tx)
            .await?;
    let mut wanting = Vec::new();
    for row in all {
        if json::<Vec<EventKind>>("events", &row.events)?.contains(&kind) {
            wanting.push(row.id);
        }
    }
    if wanting.is_empty() {
        return Ok(());
    }
    let event = webhook_events::Model {
        id: Uuid::now_v7(),
        tenant_id: tenant.0,
        kind: kind.to_string(),
        body: json!({ "type": kind, "timestamp": now, "data": data }).to_string(),
        created_at: now.0,
    };
    let event_id = event.id;
    webhook_events::Entity::insert(webhook_events::ActiveModel::from(event)).exec_without_returning(tx).await?;
    let deliveries = wanting.into_iter().map(|webhook_id| {
        webhook_deliveries::ActiveModel::from(webhook_deliveries::Model {
            id: Uuid::now_v7(),
            tenant_id: tenant.0,
            webhook_id,
            event_id,
            state: DeliveryState::Waiting.to_string(),
            attempts: 0,
            not_before: now.0,
            lease_until: 0,
            lease_owner: None,
            last_at: None,
            last_status: None,
            last_answer: None,
            created_at: now.0,
        })
    });
    webhook_deliveries::Entity::insert_many(deliveries).exec_without_returning(tx).await?;
    Ok(())
}

impl Db {
    /// Adds a webhook, and notes that `by` did.
    pub async fn create_webhook(
        &self,
        tenant: TenantId,
        new: NewWebhook,
        by: Entry,
        now: Timestamp,
    ) -> Result<Webhook> {
        let row = webhooks::Model {
            id: Uuid::now_v7(),
            tenant_id: tenant.0,
            url: new.url,
            events: words(new.events)?,
            secret: new.secret,
            old_secret: None,
            old_secret_until: None,
            made_by: new.made_by.map(Into::into),
            created_at: now.0,
            failing_since: None,
            disabled_at: None,
            disabled_reason: None,
        };
        let tx = self.begin().await?;
        // Of several at once each counts the others'.
        tenants::Entity::find_by_id(tenant.0).lock(LockType::NoKeyUpdate).one(&tx).await?;
        if webhooks::Entity::find().filter(of(tenant)).count(&tx).await? >= MOST {
            return Err(Rule::TooManyWebhooks.into());
        }
        webhooks::Entity::insert(webhooks::ActiveModel::from(row.clone())).exec_without_returning(&tx).await?;
        note(&tx, &row, by, now).await?;
        tx.commit().await?;
        row.try_into()
    }

    /// The webhooks of a tenant, the oldest first.
    pub async fn webhooks(&self, tenant: TenantId) -> Result<Vec<Webhook>> {
        let rows = webhooks::Entity::find().filter(of(tenant)).order_by_asc(webhooks::Column::Id);
        rows.all(&self.conn).await?.into_iter().map(Webhook::try_from).collect()
    }

    /// One webhook.
    pub async fn webhook(&self, tenant: TenantId, id: WebhookId) -> Result<Option<Webhook>> {
        let found = webhooks::Entity::find_by_id(id.0).filter(of(tenant)).one(&self.conn).await?;
        found.map(Webhook::try_from).transpose()
    }

    /// Changes a webhook, and notes that `by` did; `None` when there is no such webhook. One that is enabled again counts as
    /// never having failed.
    ///
    /// # Errors
    /// [`Rule::NoWebhookSecret`] when it is enabled and came with an import.
    pub async fn change_webhook(
        &self,
        tenant: TenantId,
        id: WebhookId,
        change: &WebhookChange,
        by: Entry,
        now: Timestamp,
    ) -> Result<Option<Webhook>> {
        use webhooks::Column as C;
        let tx = self.begin().await?;
        let mut update = webhooks::Entity::update_many().filter(of(tenant)).filter(C::Id.eq(id.0));
        // Something is always set, so that the row is given back.
        update = update.col_expr(C::TenantId, Expr::value(tenant.0));
        if let Some(url) = &change.url {
            update = update.col_expr(C::Url, Expr::value(url));
        }
        if let Some(events) = change.events.clone() {
            update = update.col_expr(C::Events, Expr::value(words(events)?));
        }
        if let Some(enabled) = change.enabled {
            let (at, reason) = if enabled { (None, None) } else { (Some(now.0), Some("Switched off by hand.")) };
            update = update
                .col_expr(C::DisabledAt, Expr::value(at))
                .col_expr(C::DisabledReason, Expr::value(reason))
                .col_expr(C::FailingSince, Expr::value(None::<i64>));
        }
        let Some(row) = update.exec_with_returning(&tx).await?.into_iter().next() else { return Ok(None) };
        match row.disabled_at {
            Some(_) => give_up(&tx, tenant, id).await?,
            None if row.secret.is_empty() => return Err(Rule::NoWebhookSecret.into()),
            None => {}
        }
        note(&tx, &row, by, now).await?;
        tx.commit().await?;
        Ok(Some(row.try_into()?))
    }

    /// Gives a webhook another secret, encrypted; for a day the one before signs as well. `false` when there is no such
    /// webhook.
    pub async fn rotate_webhook_secret(
        &self,
        tenant: TenantId,
        id: WebhookId,
        secret: &str,
        by: Entry,
        now: Timestamp,
    ) -> Result<bool> {
        use webhooks::Column as C;
        let tx = self.begin().await?;
        let rows = webhooks::Entity::update_many()
            .col_expr(C::OldSecret, Expr::col(C::Secret))
            .col_expr(C::OldSecretUntil, Expr::value(now.plus_seconds(OLD_SECRET_SECONDS).0))
            .col_expr(C::Secret, Expr::value(secret))
            .filter(of(tenant))
            .filter(C::Id.eq(id.0))
            .exec_with_returning(&tx)
            .await?;
        let Some(row) = rows.into_iter().next() else { return Ok(false) };
        // One that came with an import had none before.
        webhooks::Entity::update_many()
            .col_expr(C::OldSecret, Expr::value(None::<String>))
            .col_expr(C::OldSecretUntil, Expr::value(None::<i64>))
            .filter(of(tenant))
            .filter(C::Id.eq(id.0))
            .filter(C::OldSecret.eq(""))
            .exec(&tx)
            .await?;
        note(&tx, &row, by, now).await?;
        tx.commit().await?;
        Ok(true)
    }

    /// Removes a webhook with what is on its way to it; `false` when there is none.
    pub async fn remove_webhook(&self, tenant: TenantId, id: WebhookId, by: Entry, now: Timestamp) -> Result<bool> {
        let tx = self.begin().await?;
        let found = webhooks::Entity::find_by_id(id.0).filter(of(tenant)).one(&tx).await?;
        let Some(row) = found else { return Ok(false) };
        webhooks::Entity::delete_by_id(id.0).filter(of(tenant)).exec(&tx).await?;
        note(&tx, &row, by, now).await?;
        tx.commit().await?;
        Ok(true)
    }
}

/// What waits for a webhook that is told nothing any more is given up. It can be sent again by hand.
pub(crate) async fn give_up(tx: &DatabaseTransaction, tenant: TenantId, id: WebhookId) -> Result<()> {
    use webhook_deliveries::Column as C;
    webhook_deliveries::Entity::update_many()
        .col_expr(C::State, Expr::value(DeliveryState::Failed.to_string()))
        .filter(C::TenantId.eq(tenant.0))
        .filter(C::WebhookId.eq(id.0))
        .filter(C::State.eq(DeliveryState::Waiting.to_string()))
        .exec(tx)
        .await?;
    Ok(())
}

async fn note(tx: &DatabaseTransaction, row: &webhooks::Model, by: Entry, now: Timestamp) -> Result<()> {
    // The query of an address may hold a token.
    let shown = row.url.split('?').next().unwrap_or_default();
    audit::append(tx, TenantId(row.tenant_id), &by.on("webhook", row.id, shown), now).await
}

fn words(mut events: Vec<EventKind>) -> Result<String> {
    events.sort_unstable();
    events.dedup();
    to_json("events", &events)
}

fn of(tenant: TenantId) -> Expr {
    webhooks::Column::TenantId.eq(tenant.0)
}

impl TryFrom<webhooks::Model> for Webhook {
    type Error = DbError;
    fn try_from(r: webhooks::Model) -> Result<Self> {
        Ok(Self {
            id: r.id.into(),
            tenant_id: r.tenant_id.into(),
            url: r.url,
            events: json("events", &r.events)?,
            made_by: r.made_by.map(Into::into),
            created_at: Timestamp(r.created_at),
            failing_since: r.failing_since.map(Timestamp),
            disabled: r.disabled_at.map(Timestamp).zip(r.disabled_reason),
        })
    }
}
