//! The list of sessions, and one row of it.

use super::{Answer, Id, failed, missing, page};
use crate::{
    App,
    auth::login::Viewer,
    media::Signer,
    pages::{
        layout::{Area, Layout},
        progress::Progress,
        sessions::{SessionFilter, SessionRow, SessionRowFragment, SessionsPage},
    },
};
use axum::{
    extract::{Query, State},
    response::{IntoResponse, Redirect},
};
use domain::{SessionId, Timestamp};
use serde::Deserialize;
use storage::db::overview::{self, Cursor, PageFrom, SessionOverview};

/// Rows of one page.
const PAGE_SIZE: u64 = 25;

/// What the address of the list says.
#[derive(Deserialize)]
pub struct Wanted {
    status: Option<String>,
    role: Option<String>,
    before: Option<String>,
    after: Option<String>,
}

/// `GET /sessions`
pub async fn list(State(app): State<App>, viewer: Viewer, Query(wanted): Query<Wanted>) -> Answer {
    let word = |text: &Option<String>| text.as_deref().filter(|t| !t.is_empty()).map(str::to_owned);
    let (status, role) = (word(&wanted.status), word(&wanted.role));
    let filter = SessionFilter {
        status: status.as_deref().and_then(|w| w.parse().ok()),
        role: role.as_deref().and_then(|w| w.parse().ok()),
    };
    // An address that was mistyped leads to what it can mean.
    if filter.status.is_some() != status.is_some() || filter.role.is_some() != role.is_some() {
        return Ok(Redirect::to(&filter.url(None)).into_response());
    }
    let from = match (wanted.before.as_deref().map(read_cursor), wanted.after.as_deref().map(read_cursor)) {
        (None, None) => PageFrom::Newest,
        (Some(Some(cursor)), None) => PageFrom::OlderThan(cursor),
        (None, Some(Some(cursor))) => PageFrom::NewerThan(cursor),
        _ => return Ok(Redirect::to(&filter.url(None)).into_response()),
    };
    let which = overview::SessionFilter { status: filter.status, role: filter.role, ..Default::default() };
    let found = app.db.session_page(viewer.tenant.id, which, from, PAGE_SIZE).await.map_err(failed)?;
    if found.sessions.is_empty() && matches!(from, PageFrom::NewerThan(_)) {
        return Ok(Redirect::to(&filter.url(None)).into_response());
    }
    let signer = Signer::of(&app, &viewer);
    page(&SessionsPage {
        layout: Layout::new("Sessions", Area::Sessions, viewer.signed_in()),
        filter,
        rows: found.sessions.iter().map(|s| row_of(s, &signer, &viewer)).collect(),
        newer: found.newer.map(write_cursor),
        older: found.older.map(write_cursor),
    })
}

/// `GET /sessions/{id}/row`
pub async fn row(State(app): State<App>, viewer: Viewer, Id(id): Id<SessionId>) -> Answer {
    let Some(found) = app.db.session_overview(viewer.tenant.id, id).await.map_err(failed)? else {
        return Err(missing(&viewer));
    };
    page(&SessionRowFragment { row: row_of(&found, &Signer::of(&app, &viewer), &viewer) })
}

fn row_of(found: &SessionOverview, signer: &Signer<'_>, viewer: &Viewer) -> SessionRow {
    let poster = found.recording.as_ref().and_then(|r| r.poster_key.as_deref());
    let thumbnail = poster.map(|key| signer.address(key, "jpg"));
    SessionRow::new(&found.session, progress_of(found), found.procedures.into(), thumbnail, &viewer.tenant.timezone)
}

/// What goes on behind an In Progress badge.
pub(super) fn progress_of(found: &SessionOverview) -> Option<Progress> {
    Progress::of(found.session.phase, found.paused, &found.arrived, found.step)
}

fn write_cursor(cursor: Cursor) -> String {
    format!("{}.{}", cursor.started_at.0, cursor.id)
}

fn read_cursor(text: &str) -> Option<Cursor> {
    let (at, id) = text.split_once('.')?;
    Some(Cursor { started_at: Timestamp(at.parse().ok()?), id: id.parse().ok()? })
}
