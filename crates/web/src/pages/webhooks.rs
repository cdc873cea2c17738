//! Settings, Webhooks: which addresses are told what, and a form for one more; one of them with the log of what was sent to
//! it; and the page that asks before one is removed.

use super::{layout::Layout, when::When};
use askama::Template;
use domain::{
    WebhookId,
    webhook::{Delivery, DeliveryState, EventKind, Webhook},
};
use strum::VariantArray;
use uuid::Uuid;

/// The page of all webhooks.
#[derive(Clone, Debug, Template)]
#[template(path = "pages/webhooks.html")]
pub struct WebhooksPage {
    /// The frame.
    pub layout: Layout,
    /// Goes into every form.
    pub csrf_token: String,
    /// The webhooks, the oldest first.
    pub webhooks: Vec<WebhookRow>,
    /// What the form holds.
    pub form: WebhookForm,
    /// Why the form was refused.
    pub problem: Option<String>,
}

/// The page of one webhook.
#[derive(Clone, Debug, Template)]
#[template(path = "pages/webhook.html")]
pub struct WebhookPage {
    /// The frame.
    pub layout: Layout,
    /// Goes into every form.
    pub csrf_token: String,
    /// The webhook.
    pub webhook: WebhookRow,
    /// What the form holds.
    pub form: WebhookForm,
    /// Why the form was refused.
    pub problem: Option<String>,
    /// Its secret, shown this once.
    pub secret: Option<String>,
    /// What was sent to it, the newest first.
    pub deliveries: Vec<DeliveryRow>,
    /// Address of the older ones, if there are any.
    pub older: Option<String>,
}

/// The page that asks before a webhook is removed.
#[derive(Clone, Debug, Template)]
#[template(path = "pages/webhook_remove.html")]
pub struct RemoveWebhookPage {
    /// The frame.
    pub layout: Layout,
    /// Goes into the form.
    pub csrf_token: String,
    /// The webhook.
    pub webhook: WebhookRow,
}

/// A webhook as the pages show it.
#[derive(Clone, Debug)]
#[allow(missing_docs)]
pub struct WebhookRow {
    pub id: WebhookId,
    pub url: String,
    pub events: Vec<EventKind>,
    pub added_at: When,
    pub failing_since: Option<When>,
    /// Since when it is switched off, and why.
    pub disabled: Option<(When, String)>,
}

/// A delivery as the log shows it.
#[derive(Clone, Debug)]
#[allow(missing_docs)]
pub struct DeliveryRow {
    pub id: Uuid,
    pub event: EventKind,
    /// As the receiver sees it in `webhook-id`.
    pub message_id: String,
    pub state: DeliveryState,
    pub attempts: u32,
    pub at: When,
    pub next_at: Option<When>,
    pub status: Option<u16>,
    pub answer: Option<String>,
}

/// What the form of a webhook holds.
#[derive(Clone, Debug, Default)]
pub struct WebhookForm {
    /// Where to.
    pub url: String,
    /// What is told.
    pub events: Vec<EventKind>,
}

impl WebhooksPage {
    fn kinds(&self) -> &'static [EventKind] {
        EventKind::VARIANTS
    }
}

impl WebhookPage {
    fn kinds(&self) -> &'static [EventKind] {
        EventKind::VARIANTS
    }
}

impl WebhookRow {
    /// `webhook`, as it is read in `timezone`.
    pub fn new(webhook: &Webhook, timezone: &str) -> Self {
        let when = |at| When::new(at, timezone);
        Self {
            id: webhook.id,
            url: webhook.url.clone(),
            events: webhook.events.clone(),
            added_at: when(webhook.created_at),
            failing_since: webhook.failing_since.map(when),
            disabled: webhook.disabled.clone().map(|(at, why)| (when(at), why)),
        }
    }

    fn state(&self) -> (&'static str, &'static str) {
        match (&self.disabled, &self.failing_since) {
            (Some(_), _) => ("Switched off", "status-failed"),
            (None, Some(_)) => ("Failing", "status-failed"),
            (None, None) => ("On", "status-completed"),
        }
    }
}

impl DeliveryRow {
    /// `delivery`, as it is read in `timezone`.
    pub fn new(delivery: Delivery, timezone: &str) -> Self {
        let when = |at| When::new(at, timezone);
        Self {
            id: delivery.id,
            event: delivery.kind,
            message_id: format!("msg_{}", delivery.event_id.0.simple()),
            state: delivery.state,
            attempts: delivery.attempts,
            at: when(delivery.last_at.unwrap_or(delivery.created_at)),
            next_at: delivery.next_at.map(when),
            status: delivery.last_status,
            answer: delivery.last_answer.filter(|answer| !answer.trim().is_empty()),
        }
    }

    fn shown(&self) -> (&'static str, &'static str) {
        match self.state {
            DeliveryState::Waiting if self.attempts == 0 => ("To be sent", "status-in_progress"),
            DeliveryState::Waiting => ("To be sent again", "status-in_progress"),
            DeliveryState::Delivered => ("Delivered", "status-completed"),
            DeliveryState::Failed => ("Given up", "status-failed"),
        }
    }

    fn tries(&self) -> String {
        super::amounts::count(self.attempts.into(), "attempt")
    }

    fn can_be_resent(&self) -> bool {
        self.state != DeliveryState::Waiting
    }
}

impl WebhookForm {
    /// Reads the fields of a form; a box that is ticked is a field `event`.
    pub fn read(fields: &[(String, String)]) -> Self {
        let all = |name: &'static str| fields.iter().filter(move |(key, _)| key == name).map(|(_, value)| value.trim());
        Self {
            url: all("url").next().unwrap_or_default().to_owned(),
            events: all("event").filter_map(|word| word.parse().ok()).collect(),
        }
    }

    fn has(&self, kind: &EventKind) -> bool {
        self.events.contains(kind)
    }
}
