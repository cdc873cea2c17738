//! Webhooks: told in the transaction of the fact, sent by one of many, tried again, given up.

use crate::harness::{Place, at, on_both};
use domain::{
    Timestamp,
    audit::{Action, Actor, Entry},
    session::FailureReason,
    task::TaskSource,
    webhook::{DeliveryState, EventKind, wait_after},
};
use std::collections::BTreeSet;
use storage::db::{
    audit::AuditFilter,
    deliveries::{Attempt, Sending},
    procedures::Outcome,
    tasks::NewTask,
    webhooks::{MOST, NewWebhook, WebhookChange},
};
use storage::{DbError, Rule};
use strum::VariantArray;
use uuid::Uuid;

pub const OFF: WebhookChange = WebhookChange { url: None, events: None, enabled: Some(false) };

pub fn new_webhook(url: &str) -> NewWebhook {
    NewWebhook { url: url.into(), events: EventKind::VARIANTS.to_vec(), secret: "sealed".into(), made_by: None }
}

pub fn added() -> Entry {
    Entry::new(Actor::operator(), Action::WebhookAdded)
}

fn answer(status: u16) -> Attempt {
    Attempt { status: Some(status), answer: "so it is".into() }
}

async fn claim(place: &Place, now: Timestamp) -> Option<Sending> {
    place.db.claim_delivery(now, now.plus_seconds(30.0), true).await.unwrap()
}

/// Delivers what is due first. Returns its id.
pub async fn delivered(place: &Place, now: Timestamp) -> Uuid {
    let sending = claim(place, now).await.unwrap();
    assert_eq!(place.db.end_delivery(&sending, &answer(200), now).await.unwrap(), None);
    sending.id
}

/// What waits to be told, in order.
async fn told(place: &Place, now: Timestamp) -> Vec<serde_json::Value> {
    let mut all = Vec::new();
    while let Some(sending) = claim(place, now).await {
        place.db.end_delivery(&sending, &answer(204), now).await.unwrap();
        all.push(serde_json::from_str(&sending.body).unwrap());
    }
    all
}

#[tokio::test(flavor = "multi_thread")]
async fn what_happens_is_told_to_those_who_want_to_know() {
    on_both(async |place| {
        let (crew, other) = (place.crew("acme").await, place.crew("other").await);
        place.recording(&crew, at(0)).await;
        assert_eq!(told(place, at(0)).await, Vec::<serde_json::Value>::new(), "there is no webhook");
        place.db.create_webhook(crew.tenant, new_webhook("https://a.example"), added(), at(1)).await.unwrap();
        let some = NewWebhook { events: vec![EventKind::TaskCreated], ..new_webhook("https://b.example") };
        let second = place.db.create_webhook(crew.tenant, some, added(), at(1)).await.unwrap();
        place.recording(&other, at(2)).await;
        let session = place.processing(&crew, at(2)).await;
        let worker = Uuid::now_v7();
        let job = place.claim(worker, at(3)).await.unwrap();
        place.db.approve(&job, worker, &crate::wall::outcome(), at(4)).await.unwrap();
        let bodies = told(place, at(5)).await;
        let kinds: Vec<_> = bodies.iter().map(|body| body["type"].as_str().unwrap()).collect();
        assert_eq!(kinds, ["session.started", "procedure.published", "session.completed"]);
        for body in &bodies {
            assert_eq!(body["data"]["session_id"], serde_json::json!(session.id), "{body}");
        }
        assert_eq!(bodies[2]["data"]["status"], "completed");
        assert!(bodies.iter().all(|body| !body.to_string().contains("Close the valve")), "ids and closed words only");

        assert!(place.db.process_again(crew.tenant, session.id, at(6)).await.unwrap());
        let job = place.claim(worker, at(7)).await.unwrap();
        let failure = Some((FailureReason::NoProcedures, None));
        place.db.approve(&job, worker, &Outcome { failure, ..crate::wall::outcome() }, at(8)).await.unwrap();
        let bodies = told(place, at(9)).await;
        assert_eq!(bodies.len(), 1, "a procedure that was shown is not published again: {bodies:?}");
        assert_eq!(
            (&bodies[0]["type"], &bodies[0]["data"]["failure_reason"]),
            (&"session.failed".into(), &"no_procedures".into())
        );

        let new = NewTask {
            title: "Pump".into(),
            description: String::new(),
            source: TaskSource::Api,
            external_id: None,
            external_url: None,
        };
        place.db.create_task(crew.tenant, new, at(10)).await.unwrap();
        let bodies = told(place, at(11)).await;
        assert_eq!(bodies.len(), 2, "both want to know");
        assert!(place.db.remove_webhook(crew.tenant, second.id, added(), at(12)).await.unwrap());
        assert_eq!(place.number("SELECT count(*) FROM webhook_deliveries").await, 5);
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn one_of_many_sends_and_a_dead_one_is_followed() {
    on_both(async |place| {
        let crew = place.crew("acme").await;
        for n in 0..6 {
            let url = format!("https://{n}.example");
            place.db.create_webhook(crew.tenant, new_webhook(&url), added(), at(0)).await.unwrap();
        }
        place.recording(&crew, at(1)).await;
        place.recording(&crew, at(2)).await;
        let other = place.at.open().await;
        let claims = (0..24).map(|n| {
            let db = if n % 2 == 0 { place.db.clone() } else { other.clone() };
            async move { db.claim_delivery(at(3), at(33), true).await.unwrap() }
        });
        let held: Vec<_> = futures::future::join_all(claims).await.into_iter().flatten().collect();
        let ids: BTreeSet<_> = held.iter().map(|s| s.id).collect();
        assert_eq!(ids.len(), held.len(), "nobody has what another has");
        assert!(held.len() >= 6);
        let (dead, rest) = held.split_first().unwrap();
        for sending in rest {
            place.db.end_delivery(sending, &answer(200), at(4)).await.unwrap();
        }
        told(place, at(5)).await;
        assert_eq!(claim(place, at(32)).await, None, "the lease of the dead one holds, and nothing overtakes it");
        let again = claim(place, at(33)).await.unwrap();
        assert_eq!((again.id, again.event_id, again.attempt), (dead.id, dead.event_id, 2), "the same id");
        place.db.end_delivery(dead, &answer(500), at(34)).await.unwrap();
        place.db.end_delivery(&again, &answer(200), at(35)).await.unwrap();
        told(place, at(36)).await;
        assert_eq!(place.number("SELECT count(*) FROM webhook_deliveries WHERE state <> 'delivered'").await, 0);
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn failures_are_tried_for_a_day_and_then_the_webhook_is_switched_off_with_its_reason() {
    on_both(async |place| {
        let crew = place.crew("acme").await;
        let db = &place.db;
        let hook =
            db.create_webhook(crew.tenant, new_webhook("https://a.example/x?token=1"), added(), at(0)).await.unwrap();
        place.recording(&crew, at(0)).await;
        let (mut now, mut reason) = (at(0), None);
        for attempt in 1.. {
            let sending = claim(place, now).await.unwrap();
            assert_eq!(sending.attempt, attempt);
            reason = db.end_delivery(&sending, &answer(503), now).await.unwrap();
            let Some(wait) = wait_after(attempt) else { break };
            assert_eq!((reason.as_ref(), claim(place, now.plus_seconds(wait - 1.0)).await), (None, None));
            now = now.plus_seconds(wait);
        }
        let reason = reason.unwrap();
        assert!(reason.contains("a day of failures") && reason.contains("503"), "{reason}");
        let off = db.webhook(crew.tenant, hook.id).await.unwrap().unwrap();
        assert_eq!((off.disabled, off.failing_since), (Some((now, reason.clone())), Some(at(0))));
        let noted = db.audit_page(crew.tenant, &AuditFilter::default(), None, 1).await.unwrap().entries.remove(0);
        assert_eq!(
            (noted.action.as_str(), noted.target.unwrap().name.as_str()),
            ("webhook.disabled", "https://a.example/x")
        );
        place.recording(&crew, now).await;
        let log = async || db.delivery_page(crew.tenant, hook.id, None, 9).await.unwrap().rows;
        let failed = log().await;
        assert_eq!(failed.len(), 1, "it is told nothing any more");
        assert_eq!((failed[0].state, failed[0].attempts, failed[0].last_status), (DeliveryState::Failed, 8, Some(503)));
        assert!(!db.resend_delivery(crew.tenant, hook.id, failed[0].id, now).await.unwrap(), "it is switched off");

        let on = WebhookChange { enabled: Some(true), ..WebhookChange::default() };
        let secret = place.texts("SELECT secret FROM webhooks").await.remove(0);
        place.accepted("UPDATE webhooks SET secret = ''").await;
        let refused = db.change_webhook(crew.tenant, hook.id, &on, added(), now).await;
        assert!(matches!(refused, Err(DbError::Rule(Rule::NoWebhookSecret))), "as after an import: {refused:?}");
        place.accepted(&format!("UPDATE webhooks SET secret = '{secret}'")).await;
        let again = db.change_webhook(crew.tenant, hook.id, &on, added(), now).await.unwrap().unwrap();
        assert_eq!((again.disabled, again.failing_since), (None, None));
        assert!(db.resend_delivery(crew.tenant, hook.id, failed[0].id, now).await.unwrap());
        let sending = claim(place, now).await.unwrap();
        assert_eq!((sending.event_id, sending.attempt), (failed[0].event_id, 1), "the same id");
        db.end_delivery(&sending, &answer(200), now).await.unwrap();
        assert_eq!(log().await[0].state, DeliveryState::Delivered);

        place.recording(&crew, now).await;
        let sending = claim(place, now).await.unwrap();
        let reason = db.end_delivery(&sending, &answer(410), now).await.unwrap();
        assert!(reason.is_some_and(|reason| reason.contains("410")), "gone is gone at once");
        assert_eq!(db.forget_webhook_events(now).await.unwrap(), 1);
        assert_eq!(log().await.len(), 1);
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn for_a_day_the_secret_before_signs_as_well() {
    on_both(async |place| {
        let crew = place.crew("acme").await;
        let hook =
            place.db.create_webhook(crew.tenant, new_webhook("https://a.example"), added(), at(0)).await.unwrap();
        assert!(place.db.rotate_webhook_secret(crew.tenant, hook.id, "newer", added(), at(10)).await.unwrap());
        for (now, secrets) in [(at(20), vec!["newer", "sealed"]), (at(10 + 86_400), vec!["newer"])] {
            place.recording(&crew, now).await;
            assert_eq!(claim(place, now).await.unwrap().secrets, secrets);
            place.sql("UPDATE webhook_deliveries SET state = 'delivered', lease_until = 0").await.unwrap();
        }
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn dead_addresses_of_one_delay_nobody_else() {
    on_both(async |place| {
        let (dead, well) = (place.crew("dead").await, place.crew("well").await);
        for n in 0..MOST {
            let new = new_webhook(&format!("https://{n}.example"));
            place.db.create_webhook(dead.tenant, new, added(), at(0)).await.unwrap();
        }
        let more = place.db.create_webhook(dead.tenant, new_webhook("https://x.example"), added(), at(0)).await;
        assert!(matches!(more, Err(DbError::Rule(Rule::TooManyWebhooks))), "{more:?}");
        place.db.create_webhook(well.tenant, new_webhook("https://well.example"), added(), at(0)).await.unwrap();
        place.recording(&dead, at(1)).await;
        place.recording(&well, at(2)).await;
        let mut held = Vec::new();
        while let Some(sending) = claim(place, at(3)).await {
            held.push(sending);
        }
        let tenants: Vec<_> = held.iter().map(|sending| sending.tenant_id).collect();
        assert_eq!(tenants, [[dead.tenant; 8].as_slice(), &[well.tenant]].concat(), "not all of the first at once");
        for sending in &held {
            let status = if sending.tenant_id == dead.tenant { 500 } else { 200 };
            assert!(!sending.is_failing);
            place.db.end_delivery(sending, &answer(status), at(4)).await.unwrap();
        }
        // When they are due again: whoever leaves out what fails finds what does not.
        let later = at(4 + 7200);
        place.recording(&well, later).await;
        let well = async || place.db.claim_delivery(later, later.plus_seconds(30.0), false).await.unwrap();
        while let Some(sending) = well().await {
            assert!(!sending.is_failing);
            place.db.end_delivery(&sending, &answer(200), later).await.unwrap();
        }
        assert!(claim(place, later).await.unwrap().is_failing);
    })
    .await;
}
