//! Sends what waits for webhooks, in every server: a delivery is held by a lease, so one of them sends it.

use anyhow::Result;
use domain::{Clock, SystemClock, Timestamp, user::UserRole};
use integrations::{
    sealed,
    webhook::{Message, Sender},
};
use std::{
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
    time::Duration,
};
use storage::{
    Db,
    db::deliveries::{Attempt, Sending},
};
use tokio::task::JoinSet;
use tokio_util::sync::CancellationToken;
use web::Mailer;

/// Deliveries that one server sends at once.
const AT_ONCE: usize = 16;
/// So many of them to addresses that failed the last time: the others are for those that answer.
const FAILING_AT_ONCE: usize = 8;
/// Longer than anything that is sent takes.
const LEASE_SECONDS: f64 = 30.0;
const POLL: Duration = Duration::from_secs(1);
/// What happened is kept so long, with the log of its deliveries.
const KEPT_SECONDS: f64 = 30.0 * 86_400.0;
const FORGET_EVERY: Duration = Duration::from_secs(3600);

/// What deliveries are sent with.
#[derive(Clone)]
pub struct Post {
    /// The database.
    pub db: Db,
    /// Sends.
    pub sender: Sender,
    /// The key of the installation.
    pub key: Arc<[u8; 32]>,
    /// Tells administrators of a webhook that was switched off, if mails can be sent.
    pub mailer: Option<Mailer>,
    /// Where people find this server; may be empty.
    pub public_url: String,
}

/// Sends until `stop` is cancelled. What is being sent then is sent again by whoever takes it next.
pub async fn run(post: Post, stop: CancellationToken) -> Result<()> {
    let db = post.db.clone();
    let mut under_way = JoinSet::new();
    let failing = Arc::new(AtomicUsize::new(0));
    let mut forget = tokio::time::interval(FORGET_EVERY);
    loop {
        while under_way.len() < AT_ONCE {
            let now = SystemClock.now();
            let failing_too = failing.load(Ordering::Relaxed) < FAILING_AT_ONCE;
            match db.claim_delivery(now, now.plus_seconds(LEASE_SECONDS), failing_too).await {
                Ok(Some(sending)) => {
                    let counted = usize::from(sending.is_failing);
                    failing.fetch_add(counted, Ordering::Relaxed);
                    let (post, failing) = (post.clone(), failing.clone());
                    under_way.spawn(async move {
                        deliver(&post, sending).await;
                        failing.fetch_sub(counted, Ordering::Relaxed);
                    });
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

async fn deliver(post: &Post, sending: Sending) {
    let attempt = attempt(&post.sender, &post.key, &sending, SystemClock.now()).await;
    let (tenant, webhook) = (sending.tenant_id, sending.webhook_id);
    match post.db.end_delivery(&sending, &attempt, SystemClock.now()).await {
        Ok(Some(reason)) => {
            tracing::warn!(%tenant, %webhook, reason, "a webhook was switched off");
            if let Err(error) = tell(post, &sending, &reason).await {
                tracing::warn!(%error, %webhook, "cannot tell the administrators that a webhook was switched off");
            }
        }
        Ok(None) => {}
        Err(error) => tracing::error!(%error, %webhook, "cannot note what became of a delivery; it is sent again"),
    }
}

/// Tells every active administrator that a webhook was switched off. The page of the webhook says it, too.
async fn tell(post: &Post, sending: &Sending, reason: &str) -> Result<()> {
    let Some(mailer) = &post.mailer else { return Ok(()) };
    let Some(tenant) = post.db.tenant(sending.tenant_id).await? else { return Ok(()) };
    // The query of an address may hold a token.
    let address = sending.url.split('?').next().unwrap_or_default();
    let page = format!("{}/settings/webhooks/{}", post.public_url, sending.webhook_id);
    for user in post.db.users(tenant.id).await? {
        if user.role != UserRole::Admin || !user.is_active {
            continue;
        }
        let text = format!(
            "Hello {},\n\nthe webhook of {} to {address} is told nothing any more.\n{reason}\n\nWhat was not delivered is kept for 30 days and can be sent again, once it is switched on:\n{page}\n",
            user.full_name, tenant.name
        );
        if let Err(error) = mailer.send(&user.email, &user.full_name, "A webhook was switched off", text).await {
            tracing::warn!(%error, user = %user.id, "a mail could not be sent");
        }
    }
    Ok(())
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
