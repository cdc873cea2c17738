//! Settings, Audit log.

use super::{Answer, failed, page};
use crate::{
    App,
    auth::login::Administrator,
    pages::{
        audit::{AuditFilter, AuditPage, AuditRow},
        layout::{Area, Layout},
    },
};
use axum::extract::{Query, State};
use domain::Timestamp;
use jiff::{ToSpan, civil::Date, tz::TimeZone};
use serde::Deserialize;
use storage::db::audit::{self, AuditCursor};

/// Entries of one page.
const PAGE_SIZE: u64 = 50;

/// What the address of the page says.
#[derive(Deserialize)]
pub struct Wanted {
    #[serde(default)]
    who: String,
    #[serde(default)]
    action: String,
    #[serde(default)]
    from: String,
    #[serde(default)]
    to: String,
    before: Option<String>,
}

/// `GET /settings/audit`: what cannot be read of the address narrows nothing.
pub async fn show(
    State(app): State<App>,
    Administrator(viewer): Administrator,
    Query(wanted): Query<Wanted>,
) -> Answer {
    let timezone = &viewer.tenant.timezone;
    let (from, until) = (midnight(&wanted.from, 0, timezone), midnight(&wanted.to, 1, timezone));
    let who: String = wanted.who.trim().chars().take(200).collect();
    let shown = AuditFilter {
        who: who.clone(),
        action: wanted.action.clone(),
        from: from.map(|_| wanted.from.clone()).unwrap_or_default(),
        to: until.map(|_| wanted.to.clone()).unwrap_or_default(),
    };
    let some = |text: String| Some(text).filter(|text| !text.is_empty());
    let filter = audit::AuditFilter { who: some(who), action: some(wanted.action), from, until };
    let before = wanted.before.as_deref().and_then(read_cursor);
    let found = app.db.audit_page(viewer.tenant.id, &filter, before, PAGE_SIZE).await.map_err(failed)?;
    page(&AuditPage {
        layout: Layout::new("Audit log", Area::Settings, viewer.signed_in()),
        filter: shown,
        rows: found.entries.iter().map(|noted| AuditRow::new(noted, timezone)).collect(),
        older: found.older.map(|cursor| format!("{}.{}", cursor.at.0, cursor.id)),
        is_later_page: before.is_some(),
        timezone: timezone.clone(),
    })
}

fn read_cursor(text: &str) -> Option<AuditCursor> {
    let (at, id) = text.split_once('.')?;
    Some(AuditCursor { at: Timestamp(at.parse().ok()?), id: id.parse().ok()? })
}

/// When a day begins in a timezone, so many days later.
fn midnight(day: &str, days_later: i64, timezone: &str) -> Option<Timestamp> {
    let day: Date = day.parse().ok()?;
    let day = day.checked_add(days_later.days()).ok()?;
    let zone = TimeZone::get(timezone).unwrap_or(TimeZone::UTC);
    Some(day.to_zoned(zone).ok()?.timestamp().into())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_day_is_the_tenants() {
        let at = |day, later| midnight(day, later, "Europe/Berlin").map(|at| at.to_string());
        assert_eq!(at("2026-11-21", 0).as_deref(), Some("2026-11-20T23:00:00Z"));
        assert_eq!(at("2026-11-21", 1).as_deref(), Some("2026-11-21T23:00:00Z"));
        assert_eq!(at("2026-10-25", 1).as_deref(), Some("2026-10-25T23:00:00Z"), "a day of 25 hours");
        assert_eq!(at("yesterday", 0), None);
        assert_eq!(at("9999-12-31", 1), None);
    }
}
