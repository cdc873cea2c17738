//! Deliveries to webhooks: claimed by a lease, so that of several servers one sends; what became of each attempt; the log.

use super::{
    Db, DbError, Result, audit,
    entity::{webhook_deliveries, webhook_events, webhooks},
    error::word,
    lists::{After, Page},
    webhooks::give_up,
};
use domain::{
    EventId, TenantId, Timestamp, WebhookId,
    audit::{Action, Actor, Entry},
    webhook::{Delivery, DeliveryState, GIVE_UP_AFTER_SECONDS, wait_after},
};
use sea_orm::{
    ColumnTrait, EntityTrait, ExprTrait, QueryFilter, QueryOrder, QuerySelect,
    sea_query::{Alias, Expr, LockBehavior, LockType, Query},
};
use std::collections::HashMap;
use uuid::Uuid;

/// Deliveries of one tenant that are sent at once, over all servers.
const OF_ONE_TENANT: u64 = 8;

/// A delivery that is held to be sent.
#[derive(Clone, Debug, PartialEq)]
#[allow(missing_docs)]
pub struct Sending {
    pub id: Uuid,
    pub tenant_id: TenantId,
    pub webhook_id: WebhookId,
    pub event_id: EventId,
    pub url: String,
    /// Encrypted, the newest first.
    pub secrets: Vec<String>,
    pub body: String,
    /// From 1.
    pub attempt: u32,
    /// Whether its webhook has failed the last time.
    pub is_failing: bool,
    owner: Uuid,
}

/// What became of an attempt.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Attempt {
    /// HTTP status, if there was an answer.
    pub status: Option<u16>,
    /// How the answer began, or what was in the way.
    pub answer: String,
}

impl Attempt {
    fn delivered(&self) -> bool {
        self.status.is_some_and(|status| (200..300).contains(&status))
    }

    /// The receiver wants no more.
    fn is_gone(&self) -> bool {
        self.status == Some(410)
    }

    fn sentence(&self) -> String {
        match self.status {
            Some(status) => format!("it answered with status {status}"),
            None => self.answer.clone(),
        }
    }
}

impl Db {
    /// Takes the delivery that is due first, of a webhook to which nothing is being sent, and of a tenant to which not much is:
    /// whoever has addresses that do not answer delays himself. `failing_too` takes those of webhooks that fail, too. Whoever took it
    /// has it until `lease_until`; the attempt counts from then on. Takes no tenant: it is for the installation.
    pub async fn claim_delivery(
        &self,
        now: Timestamp,
        lease_until: Timestamp,
        failing_too: bool,
    ) -> Result<Option<Sending>> {
        use webhook_deliveries::Column as C;
        let mut waiting = C::State.eq(DeliveryState::Waiting.to_string()).and(C::NotBefore.lte(now.0));
        if !failing_too {
            let failing = Query::select()
                .column(webhooks::Column::Id)
                .from(webhooks::Entity)
                .and_where(webhooks::Column::FailingSince.is_not_null())
                .take();
            waiting = waiting.and(C::WebhookId.not_in_subquery(failing));
        }
        // Mostly there is none, which needs no lock.
        if webhook_deliveries::Entity::find().filter(waiting.clone()).limit(1).one(&self.conn).await?.is_none() {
            return Ok(None);
        }
        let tx = self.begin().await?;
        let other = Alias::new("other");
        let busy = Query::select()
            .expr(Expr::val(1))
            .from_as(webhook_deliveries::Entity, other.clone())
            .and_where(Expr::col((other.clone(), C::WebhookId)).equals((webhook_deliveries::Entity, C::WebhookId)))
            .and_where(Expr::col((other, C::LeaseUntil)).gt(now.0))
            .take();
        let due = webhook_deliveries::Entity::find()
            .filter(waiting)
            .filter(C::LeaseUntil.lte(now.0))
            .filter(Expr::exists(busy).not())
            .filter(Expr::cust(format!(
                "(SELECT count(*) FROM webhook_deliveries AS held WHERE held.tenant_id = webhook_deliveries.tenant_id \
                 AND held.lease_until > {}) < {OF_ONE_TENANT}",
                now.0
            )))
            .order_by_asc(C::NotBefore)
            .order_by_asc(C::Id)
            .lock_with_behavior(LockType::Update, LockBehavior::SkipLocked)
            .one(&tx)
            .await?;
        let Some(row) = due else { return Ok(None) };
        let owner = Uuid::new_v4();
        webhook_deliveries::Entity::update_many()
            .col_expr(C::LeaseUntil, Expr::value(lease_until.0))
            .col_expr(C::LeaseOwner, Expr::value(owner))
            .col_expr(C::Attempts, Expr::col(C::Attempts).add(1))
            .filter(C::Id.eq(row.id))
            .exec(&tx)
            .await?;
        let hook = webhooks::Entity::find_by_id(row.webhook_id).one(&tx).await?;
        let event = webhook_events::Entity::find_by_id(row.event_id).one(&tx).await?;
        tx.commit().await?;
        let (Some(hook), Some(event)) = (hook, event) else { return Ok(None) };
        let old = hook.old_secret.filter(|_| hook.old_secret_until.is_some_and(|until| until > now.0));
        Ok(Some(Sending {
            id: row.id,
            tenant_id: row.tenant_id.into(),
            webhook_id: row.webhook_id.into(),
            event_id: row.event_id.into(),
            url: hook.url,
            secrets: std::iter::once(hook.secret).chain(old).collect(),
            body: event.body,
            attempt: row.attempts as u32 + 1,
            is_failing: hook.failing_since.is_some(),
            owner,
        }))
    }

    /// Notes what became of an attempt: delivered, to be tried again later, or given up. A webhook that has failed for a day,
    /// or that says it is gone, is told nothing any more; then the reason is returned. Whoever lost the lease changes nothing.
    pub async fn end_delivery(&self, sending: &Sending, attempt: &Attempt, now: Timestamp) -> Result<Option<String>> {
        use webhook_deliveries::Column as C;
        let tx = self.begin().await?;
        let (state, next) = match wait_after(sending.attempt) {
            _ if attempt.delivered() => (DeliveryState::Delivered, now),
            Some(seconds) if !attempt.is_gone() => (DeliveryState::Waiting, now.plus_seconds(seconds)),
            _ => (DeliveryState::Failed, now),
        };
        let ended = webhook_deliveries::Entity::update_many()
            .col_expr(C::State, Expr::value(state.to_string()))
            .col_expr(C::NotBefore, Expr::value(next.0))
            .col_expr(C::LeaseUntil, Expr::value(0_i64))
            .col_expr(C::LeaseOwner, Expr::value(None::<Uuid>))
            .col_expr(C::LastAt, Expr::value(now.0))
            .col_expr(C::LastStatus, Expr::value(attempt.status.map(i64::from)))
            .col_expr(C::LastAnswer, Expr::value(attempt.answer.replace('\0', "")))
            .filter(C::Id.eq(sending.id))
            .filter(C::LeaseOwner.eq(sending.owner))
            // Switched off meanwhile, it was given up; what did arrive is told all the same.
            .filter(C::State.eq(DeliveryState::Waiting.to_string()).or(Expr::value(attempt.delivered())))
            .exec(&tx)
            .await?;
        let reason = if ended.rows_affected > 0 { settle(&tx, sending, attempt, now).await? } else { None };
        tx.commit().await?;
        Ok(reason)
    }

    /// The deliveries of a webhook, the newest first.
    pub async fn delivery_page(
        &self,
        tenant: TenantId,
        webhook: WebhookId,
        after: Option<After>,
        limit: u64,
    ) -> Result<Page<Delivery>> {
        use webhook_deliveries::Column as C;
        let mut query =
            webhook_deliveries::Entity::find().filter(C::TenantId.eq(tenant.0)).filter(C::WebhookId.eq(webhook.0));
        if let Some(After { at, id }) = after {
            let place = Expr::tuple([Expr::col(C::CreatedAt), Expr::col(C::Id)]);
            query = query.filter(place.lt(Expr::tuple([Expr::value(at.0), Expr::value(id)])));
        }
        let query = query.order_by_desc(C::CreatedAt).order_by_desc(C::Id);
        let (rows, next) = self.some(query, limit, |r| (r.created_at, r.id)).await?;
        let events: HashMap<Uuid, webhook_events::Model> = webhook_events::Entity::find()
            .filter(webhook_events::Column::TenantId.eq(tenant.0))
            .filter(webhook_events::Column::Id.is_in(rows.iter().map(|r| r.event_id)))
            .all(&self.conn)
            .await?
            .into_iter()
            .map(|event| (event.id, event))
            .collect();
        let rows = rows.into_iter().filter_map(|row| events.get(&row.event_id).map(|event| read(row, event)));
        Ok(Page { rows: rows.collect::<Result<_>>()?, next })
    }

    /// Sends a delivery again, as if it had never been sent; `false` when there is none, it waits anyway, or its webhook is
    /// switched off.
    pub async fn resend_delivery(
        &self,
        tenant: TenantId,
        webhook: WebhookId,
        delivery: Uuid,
        now: Timestamp,
    ) -> Result<bool> {
        use webhook_deliveries::Column as C;
        let on = Query::select()
            .column(webhooks::Column::Id)
            .from(webhooks::Entity)
            .and_where(webhooks::Column::TenantId.eq(tenant.0))
            .and_where(webhooks::Column::DisabledAt.is_null())
            .take();
        let sent = webhook_deliveries::Entity::update_many()
            .col_expr(C::State, Expr::value(DeliveryState::Waiting.to_string()))
            .col_expr(C::NotBefore, Expr::value(now.0))
            .col_expr(C::Attempts, Expr::value(0_i64))
            .filter(C::TenantId.eq(tenant.0))
            .filter(C::WebhookId.eq(webhook.0))
            .filter(C::WebhookId.in_subquery(on))
            .filter(C::Id.eq(delivery))
            .filter(C::State.ne(DeliveryState::Waiting.to_string()))
            .exec(&self.conn)
            .await?;
        Ok(sent.rows_affected > 0)
    }

    /// Forgets what happened before `until`, with its deliveries. Returns how many events that were.
    pub async fn forget_webhook_events(&self, until: Timestamp) -> Result<u64> {
        let old = webhook_events::Column::CreatedAt.lt(until.0);
        Ok(webhook_events::Entity::delete_many().filter(old).exec(&self.conn).await?.rows_affected)
    }
}

/// What an attempt means for its webhook.
async fn settle(
    tx: &sea_orm::DatabaseTransaction,
    sending: &Sending,
    attempt: &Attempt,
    now: Timestamp,
) -> Result<Option<String>> {
    use webhooks::Column as C;
    let update = || {
        let its = webhooks::Entity::update_many().filter(C::TenantId.eq(sending.tenant_id.0));
        its.filter(C::Id.eq(sending.webhook_id.0))
    };
    if attempt.delivered() {
        update().col_expr(C::FailingSince, Expr::value(None::<i64>)).exec(tx).await?;
        return Ok(None);
    }
    update().col_expr(C::FailingSince, Expr::value(now.0)).filter(C::FailingSince.is_null()).exec(tx).await?;
    let Some(hook) = webhooks::Entity::find_by_id(sending.webhook_id.0).one(tx).await? else { return Ok(None) };
    let since = hook.failing_since.map_or(now, Timestamp);
    let reason = match now.seconds_since(since) >= GIVE_UP_AFTER_SECONDS {
        _ if hook.disabled_at.is_some() => return Ok(None),
        _ if attempt.is_gone() => "Switched off: it answered with status 410, which says that it is gone.".to_owned(),
        true => format!("Switched off after a day of failures. The last time {}.", attempt.sentence()),
        false => return Ok(None),
    };
    update()
        .col_expr(C::DisabledAt, Expr::value(now.0))
        .col_expr(C::DisabledReason, Expr::value(&reason))
        .exec(tx)
        .await?;
    give_up(tx, sending.tenant_id, sending.webhook_id).await?;
    let shown = hook.url.split('?').next().unwrap_or_default();
    let entry =
        Entry::new(Actor::system(), Action::WebhookDisabled).on("webhook", hook.id, shown).with("why", reason.clone());
    audit::append(tx, sending.tenant_id, &entry, now).await?;
    Ok(Some(reason))
}

fn read(row: webhook_deliveries::Model, event: &webhook_events::Model) -> Result<Delivery> {
    let state = word("delivery state", &row.state)?;
    Ok(Delivery {
        id: row.id,
        webhook_id: row.webhook_id.into(),
        event_id: row.event_id.into(),
        kind: event.kind.parse().map_err(|_| DbError::corrupt("event", &event.kind))?,
        body: event.body.clone(),
        state,
        attempts: row.attempts as u32,
        next_at: (state == DeliveryState::Waiting).then_some(Timestamp(row.not_before)),
        last_at: row.last_at.map(Timestamp),
        last_status: row.last_status.map(|status| status as u16),
        last_answer: row.last_answer,
        created_at: Timestamp(row.created_at),
    })
}
