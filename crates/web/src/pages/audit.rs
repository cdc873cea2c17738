//! Settings, Audit log: who did what, when, from where.

use super::{layout::Layout, when::When};
use askama::Template;
use domain::audit::{Action, ActorKind, Noted};
use serde_json::Value;
use strum::VariantArray;

/// The page of the log.
#[derive(Clone, Debug, Template)]
#[template(path = "pages/audit.html")]
pub struct AuditPage {
    /// The frame.
    pub layout: Layout,
    /// What was asked for, as it was typed.
    pub filter: AuditFilter,
    /// The entries, newest first.
    pub rows: Vec<AuditRow>,
    /// Where the older entries begin.
    pub older: Option<String>,
    /// Whether this is not the first page.
    pub is_later_page: bool,
    /// IANA name of the tenant's timezone.
    pub timezone: String,
}

/// What the form of the page holds; an empty text narrows nothing.
#[derive(Clone, Debug, Default)]
#[allow(missing_docs)]
pub struct AuditFilter {
    pub who: String,
    /// The dotted word.
    pub action: String,
    /// `2026-11-21`
    pub from: String,
    /// `2026-11-21`, included.
    pub to: String,
}

/// An entry as the table shows it.
#[derive(Clone, Debug)]
#[allow(missing_docs)]
pub struct AuditRow {
    pub at: When,
    pub who: String,
    /// `Device`, where it was no user.
    pub kind: Option<&'static str>,
    pub action: String,
    /// The dotted word.
    pub word: String,
    /// `Sam Okafor`, or `device 7F3A91C2` where it has no name.
    pub target: Option<String>,
    /// `role: Trainee`
    pub detail: Vec<String>,
    pub address: Option<String>,
}

impl AuditPage {
    /// The actions that can be chosen: dotted word and label.
    pub fn actions(&self) -> Vec<(&'static str, &'static str)> {
        let mut all: Vec<_> = Action::VARIANTS.iter().map(|action| ((*action).into(), action.label())).collect();
        all.sort_by_key(|(_, label)| *label);
        all
    }

    /// The address of the older entries.
    pub fn older_url(&self) -> Option<String> {
        let before = self.older.as_deref()?;
        let AuditFilter { who, action, from, to } = &self.filter;
        let fields = [("who", who.as_str()), ("action", action), ("from", from), ("to", to), ("before", before)];
        let set: Vec<_> = fields.into_iter().filter(|(_, value)| !value.is_empty()).collect();
        Some(format!("/settings/audit?{}", serde_urlencoded::to_string(set).unwrap_or_default()))
    }
}

impl AuditFilter {
    /// Whether this action is the chosen one.
    pub fn is_action(&self, word: &str) -> bool {
        self.action == word
    }

    /// Whether anything narrows.
    pub fn is_set(&self) -> bool {
        [&self.who, &self.action, &self.from, &self.to].into_iter().any(|text| !text.is_empty())
    }
}

impl AuditRow {
    /// A row of `noted`, as it is read in `timezone`.
    pub fn new(noted: &Noted, timezone: &str) -> Self {
        let kind = match noted.actor.kind {
            ActorKind::User | ActorKind::System => None,
            ActorKind::Key => Some("API key"),
            ActorKind::Device => Some("Device"),
            ActorKind::Operator => noted.address.is_none().then_some("Command line"),
        };
        let target = noted.target.as_ref().map(|target| match target.name.as_str() {
            "" => format!("{} {}", target.kind, target.id.split('-').next().unwrap_or_default().to_uppercase()),
            name => name.to_owned(),
        });
        Self {
            at: When::new(noted.at, timezone),
            who: noted.actor.name.clone(),
            kind,
            action: noted.label().to_owned(),
            word: noted.action.clone(),
            target: target.filter(|name| *name != noted.actor.name),
            detail: noted
                .detail
                .iter()
                .filter_map(|(key, value)| Some(format!("{}: {}", key.replace('_', " "), plain(value)?)))
                .collect(),
            address: noted.address.clone(),
        }
    }
}

fn plain(value: &Value) -> Option<String> {
    match value {
        Value::Null => None,
        Value::String(text) if text.is_empty() => None,
        Value::String(text) => Some(text.clone()),
        other => Some(other.to_string()),
    }
}
