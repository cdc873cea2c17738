//! The pages of webhooks in every state.

use super::{check, check_without, facts::*};
use crate::pages::{
    layout::{Area, Layout},
    webhooks::{DeliveryRow, RemoveWebhookPage, WebhookForm, WebhookPage, WebhookRow, WebhooksPage},
};
use askama::Template;
use domain::{
    EventId, TenantId, WebhookId,
    webhook::{Delivery, DeliveryState, EventKind, Webhook},
};
use std::collections::BTreeMap;
use strum::VariantArray;
use uuid::Uuid;

fn webhook(n: u128, url: &str, events: &[EventKind]) -> Webhook {
    Webhook {
        id: id::<WebhookId>(n),
        tenant_id: id::<TenantId>(1),
        url: url.into(),
        events: events.to_vec(),
        made_by: None,
        created_at: NOON.plus_seconds(-5e6),
        failing_since: None,
        disabled: None,
    }
}

fn delivery(
    n: u128,
    kind: EventKind,
    state: DeliveryState,
    attempts: u32,
    status: Option<u16>,
    answer: &str,
) -> Delivery {
    Delivery {
        id: Uuid::from_u128(n),
        webhook_id: id::<WebhookId>(1),
        event_id: id::<EventId>(n),
        kind,
        body: "{}".into(),
        state,
        attempts,
        next_at: (state == DeliveryState::Waiting).then(|| NOON.plus_seconds(300.0)),
        last_at: (attempts > 0).then_some(NOON),
        last_status: status,
        last_answer: (!answer.is_empty()).then(|| answer.into()),
        created_at: NOON,
    }
}

fn list(webhooks: &[Webhook], form: WebhookForm, problem: Option<&str>) -> String {
    WebhooksPage {
        layout: Layout::new("Webhooks", Area::Settings, who()),
        csrf_token: "csrf-1".into(),
        webhooks: webhooks.iter().map(|webhook| WebhookRow::new(webhook, ZONE)).collect(),
        form,
        problem: problem.map(Into::into),
    }
    .render()
    .unwrap()
}

fn one(webhook: &Webhook, deliveries: Vec<Delivery>, secret: Option<&str>) -> String {
    WebhookPage {
        layout: Layout::new("Webhook", Area::Settings, who()),
        csrf_token: "csrf-1".into(),
        webhook: WebhookRow::new(webhook, ZONE),
        form: WebhookForm { url: webhook.url.clone(), events: webhook.events.clone() },
        problem: None,
        secret: secret.map(Into::into),
        older: (deliveries.len() > 3).then(|| "/settings/webhooks/1?before=1.1".into()),
        deliveries: deliveries.into_iter().map(|delivery| DeliveryRow::new(delivery, ZONE)).collect(),
    }
    .render()
    .unwrap()
}

/// Every state by name.
pub fn pages() -> BTreeMap<&'static str, String> {
    let good =
        webhook(1, "https://hooks.example.com/trainar?token=9f8e7d6c5b4a39281706f5e4d3c2b1a0", EventKind::VARIANTS);
    let since = Some(NOON.plus_seconds(-4000.0));
    let failing = Webhook { failing_since: since, ..webhook(2, "https://example.org/in", &[EventKind::TaskCreated]) };
    let why = "Switched off after a day of failures. The last time it answered with status 503.".to_owned();
    let off =
        Webhook { disabled: Some((NOON, why)), ..webhook(3, "https://example.net/x", &[EventKind::SessionFailed]) };
    let log = vec![
        delivery(1, EventKind::SessionStarted, DeliveryState::Waiting, 0, None, ""),
        delivery(2, EventKind::SessionCompleted, DeliveryState::Waiting, 2, Some(503), "<h1>Service Unavailable</h1>"),
        delivery(3, EventKind::ProcedurePublished, DeliveryState::Delivered, 1, Some(204), ""),
        delivery(4, EventKind::TaskCompleted, DeliveryState::Failed, 8, None, "no answer within 15 s"),
    ];
    let form = WebhookForm { url: "http://x".into(), events: vec![EventKind::TaskCreated] };
    let problem = Some("Nothing was saved: the address must begin with https://.");
    let hooks = [good.clone(), failing.clone(), off.clone()];
    let remove = RemoveWebhookPage {
        layout: Layout::new("Remove a webhook", Area::Settings, who()),
        csrf_token: "csrf-1".into(),
        webhook: WebhookRow::new(&good, ZONE),
    };
    BTreeMap::from([
        ("webhooks", list(&hooks, WebhookForm::default(), None)),
        ("webhooks-none", list(&[], WebhookForm::default(), None)),
        ("webhooks-refused", list(&[], form, problem)),
        ("webhook", one(&good, log.clone(), None)),
        ("webhook-made", one(&good, vec![], Some("whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"))),
        ("webhook-failing", one(&failing, log.clone(), None)),
        ("webhook-off", one(&off, log, None)),
        ("webhook-remove", remove.render().unwrap()),
    ])
}

#[test]
fn webhooks_show_where_they_lead_what_they_are_told_and_how_it_goes() {
    check(
        "webhooks",
        &[
            "<h1>Webhooks</h1>",
            ">https://hooks.example.com/trainar",
            ">session.started<",
            ">On<",
            ">https://example.org/in<",
            ">Failing<",
            "Since <time",
            ">Switched off<",
            "after a day of failures",
            "Add a webhook",
            "value=\"task.completed\"",
            ">Add webhook<",
        ],
    );
    check("webhooks-none", &["No webhooks yet"]);
    check(
        "webhooks-refused",
        &["role=\"alert\"", "must begin with https://", "value=\"http://x\"", "value=\"task.created\" checked"],
    );
    check("webhook-made", &["shown this once", "value=\"whsec_", "Copy secret", "Nothing was sent yet"]);
    check_without("webhook", &["whsec_", "role=\"alert\""]);
    check(
        "webhook",
        &[
            ">session.started</b>",
            ">To be sent<",
            "0 attempts",
            ">To be sent again<",
            "2 attempts · status 503 · again <time",
            "&#60;h1&#62;Service Unavailable",
            ">Delivered<",
            "1 attempt · status 204",
            ">Send again<",
            ">Given up<",
            "no answer within 15 s",
            ">Older<",
            "Switch off",
            "New secret",
            "Remove",
        ],
    );
    check("webhook-failing", &["Nothing has arrived since", "After a day of failures"]);
    check("webhook-off", &["The last time it answered with status 503. Since", "Switch on"]);
    check_without("webhook-off", &["Send again<"]);
    check("webhook-remove", &["Remove this webhook?", ">Remove<", "Keep it"]);
}
