//! Webhook: an address of somebody else that is told when something happens.

use crate::{EventId, TenantId, Timestamp, UserId, WebhookId};
use serde::{Deserialize, Serialize};
use strum::{Display, EnumString, IntoStaticStr, VariantArray};

/// What is told.
#[derive(
    Clone,
    Copy,
    Debug,
    PartialEq,
    Eq,
    PartialOrd,
    Ord,
    Hash,
    Serialize,
    Deserialize,
    Display,
    EnumString,
    IntoStaticStr,
    VariantArray,
)]
#[allow(missing_docs)]
pub enum EventKind {
    #[serde(rename = "session.started")]
    #[strum(serialize = "session.started")]
    SessionStarted,
    #[serde(rename = "session.completed")]
    #[strum(serialize = "session.completed")]
    SessionCompleted,
    #[serde(rename = "session.failed")]
    #[strum(serialize = "session.failed")]
    SessionFailed,
    #[serde(rename = "procedure.published")]
    #[strum(serialize = "procedure.published")]
    ProcedurePublished,
    #[serde(rename = "task.created")]
    #[strum(serialize = "task.created")]
    TaskCreated,
    #[serde(rename = "task.status_changed")]
    #[strum(serialize = "task.status_changed")]
    TaskStatusChanged,
    #[serde(rename = "task.completed")]
    #[strum(serialize = "task.completed")]
    TaskCompleted,
}

impl EventKind {
    /// When it is told, in a sentence for whoever chooses.
    pub fn sentence(self) -> &'static str {
        match self {
            Self::SessionStarted => "A session has begun.",
            Self::SessionCompleted => "A session was processed, and what came of it is shown.",
            Self::SessionFailed => "A session has failed, with its reason.",
            Self::ProcedurePublished => "A procedure is shown for the first time.",
            Self::TaskCreated => "There is a new task.",
            Self::TaskStatusChanged => "A task has another status.",
            Self::TaskCompleted => "A task is completed.",
        }
    }
}

/// An address that is told of some events.
#[derive(Clone, Debug, PartialEq)]
#[allow(missing_docs)]
pub struct Webhook {
    pub id: WebhookId,
    pub tenant_id: TenantId,
    pub url: String,
    /// In the order of [`EventKind`], each once.
    pub events: Vec<EventKind>,
    /// `None` when a program made it.
    pub made_by: Option<UserId>,
    pub created_at: Timestamp,
    /// Since when no delivery has succeeded.
    pub failing_since: Option<Timestamp>,
    /// Since when it is told nothing, and why.
    pub disabled: Option<(Timestamp, String)>,
}

/// Where a delivery is.
#[derive(
    Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize, Display, EnumString, IntoStaticStr, VariantArray,
)]
#[serde(rename_all = "snake_case")]
#[strum(serialize_all = "snake_case")]
pub enum DeliveryState {
    /// To be sent, for the first time or again.
    Waiting,
    /// The receiver said that it has it.
    Delivered,
    /// Given up.
    Failed,
}

/// One event on its way to one webhook.
#[derive(Clone, Debug, PartialEq)]
#[allow(missing_docs)]
pub struct Delivery {
    pub id: uuid::Uuid,
    pub webhook_id: WebhookId,
    /// The receiver knows it by this id, whenever it is sent.
    pub event_id: EventId,
    pub kind: EventKind,
    pub body: String,
    pub state: DeliveryState,
    pub attempts: u32,
    /// When it is sent next; only while it waits.
    pub next_at: Option<Timestamp>,
    pub last_at: Option<Timestamp>,
    /// HTTP status of the last answer.
    pub last_status: Option<u16>,
    /// How the last answer began, or what was in the way.
    pub last_answer: Option<String>,
    pub created_at: Timestamp,
}

/// How long to wait after the attempt of this number (from 1) has failed, in seconds; `None` gives up. All attempts lie within
/// a day and a bit.
pub fn wait_after(attempt: u32) -> Option<f64> {
    const WAITS: [f64; 7] = [5.0, 300.0, 1800.0, 7200.0, 18_000.0, 36_000.0, 25_200.0];
    WAITS.get(attempt.checked_sub(1)? as usize).copied()
}

/// A webhook that fails for so long is told nothing any more, in seconds.
pub const GIVE_UP_AFTER_SECONDS: f64 = 86_400.0;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn attempts_are_spread_over_a_day() {
        let waits: Vec<f64> = (1..).map_while(wait_after).collect();
        let all: f64 = waits.iter().sum();
        assert!((GIVE_UP_AFTER_SECONDS..GIVE_UP_AFTER_SECONDS * 1.1).contains(&all), "{all}");
        assert_eq!((waits[0], wait_after(0), wait_after(8)), (5.0, None, None));
    }

    #[test]
    fn events_are_these_words() {
        let words: Vec<_> = EventKind::VARIANTS.iter().map(EventKind::to_string).collect();
        let expected = [
            "session.started",
            "session.completed",
            "session.failed",
            "procedure.published",
            "task.created",
            "task.status_changed",
            "task.completed",
        ];
        assert_eq!(words, expected);
        assert_eq!(serde_json::to_string(EventKind::VARIANTS).unwrap(), serde_json::to_string(&expected).unwrap());
    }
}
