//! Sends what waits for webhooks, in every server: a delivery is held by a lease, so one of them sends it.

use anyhow::Result;
use domain::{Clock, SystemClock, Timestamp};
use integrations::{
    sealed,
    webhook::{Message, Sender},
};
use std::{sync::Arc, time::Duration};
use storage::{
    Db,
    db::deliveries::{Attempt, Sending},
};
use tokio::task::JoinSet;
use tokio_util::sync::CancellationToken;

/// Deliveries that one server sends at once.
const AT_ONCE: usize = 4;
/// Longer than anything that is sent takes.
const LEASE_SECONDS: f64 = 30.0;
const POLL: Duration = Duration::from_secs(1);
/// What happened is kept so long, with the log of its deliveries.
const KEPT_SECONDS: f64 = 30.0 * 86_400.0;
const FORGET_EVERY: Duration = Duration::from_secs(3600);

/// Sends until `stop` is cancelled. What is being sent then is sent again by whoever takes it next.
pub async fn run(db: Db, sender: Sender, key: Arc<[u8; 32]>, stop: CancellationToken) -> Result<()> {
    let mut under_way = JoinSet::new();
    let mut forget = tokio::time::interval(FORGET_EVERY);
    loop {
        while under_way.len() < AT_ONCE {
            let now = SystemClock.now();
            match db.claim_delivery(now, now.plus_seconds(LEASE_SECONDS)).await {
                Ok(Some(sending)) => {
                    under_way.spawn(deliver(db.clone(), sender.clone(), key.clone(), sending));
                }
                Ok(None) => break,
                Err(error) => {
                    tracing::error!(%error, "cannot look for what waits for webhooks");
                    break;
                }
            }
        }
        tokio::select! {
            () = stop.cancelled() => return Ok(()),
            Some(_) = under_way.join_next() => {}
            _ = forget.tick() => {
                let until = SystemClock.now().plus_seconds(-KEPT_SECONDS);
                if let Err(error) = db.forget_webhook_events(until).await {
                    tracing::error!(%error, "cannot forget old deliveries");
                }
            }
            () = tokio::time::sleep(POLL) => {}
        }
    }
}

async fn deliver(db: Db, sender: Sender, key: Arc<[u8; 32]>, sending: Sending) {
    let attempt = attempt(&sender, &key, &sending, SystemClock.now()).await;
    let (tenant, webhook) = (sending.tenant_id, sending.webhook_id);
    match db.end_delivery(&sending, &attempt, SystemClock.now()).await {
        Ok(Some(reason)) => tracing::warn!(%tenant, %webhook, reason, "a webhook was switched off"),
        Ok(None) => {}
        Err(error) => tracing::error!(%error, %webhook, "cannot note what became of a delivery; it is sent again"),
    }
}

async fn attempt(sender: &Sender, key: &[u8; 32], sending: &Sending, now: Timestamp) -> Attempt {
    let secrets: Result<Vec<_>, _> = sending.secrets.iter().map(|sealed| sealed::open(key, sealed)).collect();
    let secrets = match secrets {
        Ok(secrets) => secrets,
        Err(error) => return Attempt { status: None, answer: error.to_string() },
    };
    let message = Message {
        url: &sending.url,
        id: &format!("msg_{}", sending.event_id.0.simple()),
        timestamp: now.0.div_euclid(1_000_000),
        body: &sending.body,
        secrets: &secrets,
    };
    match sender.send(&message).await {
        Ok(answer) => Attempt { status: Some(answer.status), answer: answer.excerpt },
        Err(why) => Attempt { status: None, answer: why },
    }
}
