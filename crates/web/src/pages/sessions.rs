//! The list of sessions: filters, table, pages by cursor. And one row of it, which the browser fetches when it changed.

use super::{layout::Layout, progress::Progress, when::When};
use askama::Template;
use domain::{
    SessionId, Timestamp,
    seat::SeatRole,
    session::{Session, SessionStatus},
    time::show_duration,
};

/// The list of sessions.
#[derive(Clone, Debug, Template)]
#[template(path = "pages/sessions.html")]
pub struct SessionsPage {
    /// The frame.
    pub layout: Layout,
    /// What is shown.
    pub filter: SessionFilter,
    /// The sessions of this page, newest first.
    pub rows: Vec<SessionRow>,
    /// Cursor of the page before this one; `None` on the first.
    pub newer: Option<String>,
    /// Cursor of the page after this one; `None` on the last.
    pub older: Option<String>,
}

/// One row of the list on its own: the answer of `GET /sessions/{id}/row`.
#[derive(Clone, Debug, Template)]
#[template(path = "pages/session_row.html")]
pub struct SessionRowFragment {
    /// The row.
    pub row: SessionRow,
}

/// Which sessions are shown; `None` means all.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct SessionFilter {
    /// `?status=in_progress`, `completed`, `failed`.
    pub status: Option<SessionStatus>,
    /// `?role=trainer`, `trainee`.
    pub role: Option<SeatRole>,
}

/// One session in the list.
#[derive(Clone, Debug)]
pub struct SessionRow {
    /// Its id.
    pub id: SessionId,
    /// Its name.
    pub name: String,
    /// The role of the seat that ran it.
    pub role: SeatRole,
    /// The badge.
    pub status: SessionStatus,
    /// The line below an In Progress badge.
    pub progress: Option<Progress>,
    /// The line below a Failed badge.
    pub failure: Option<String>,
    /// Seconds; `None` while it runs.
    pub duration_seconds: Option<f64>,
    /// How many procedures are shown for it.
    pub procedures: u64,
    /// Sorts the list.
    pub started_at: Timestamp,
    /// When it started.
    pub started: When,
    /// When it completed.
    pub completed: Option<When>,
    /// Address of its thumbnail.
    pub thumbnail_url: Option<String>,
}

impl SessionsPage {
    fn status_choices(&self) -> Vec<Choice> {
        let all = [None, Some(SessionStatus::Completed), Some(SessionStatus::InProgress), Some(SessionStatus::Failed)];
        let choice = |status: Option<SessionStatus>| Choice {
            label: status.map_or("All", SessionStatus::label),
            url: SessionFilter { status, ..self.filter }.url(None),
            current: status == self.filter.status,
        };
        all.map(choice).into()
    }

    fn role_choices(&self) -> Vec<Choice> {
        let choice = |role: Option<SeatRole>| Choice {
            label: role.map_or("All roles", SeatRole::label),
            url: SessionFilter { role, ..self.filter }.url(None),
            current: role == self.filter.role,
        };
        [None, Some(SeatRole::Trainer), Some(SeatRole::Trainee)].map(choice).into()
    }

    fn newer_url(&self) -> Option<String> {
        self.newer.as_ref().map(|cursor| self.filter.url(Some(("after", cursor))))
    }

    fn older_url(&self) -> Option<String> {
        self.older.as_ref().map(|cursor| self.filter.url(Some(("before", cursor))))
    }

    fn is_first(&self) -> bool {
        self.newer.is_none()
    }
}

/// One choice of a filter.
struct Choice {
    label: &'static str,
    url: String,
    current: bool,
}

impl SessionFilter {
    /// Whether anything is left out.
    pub fn is_set(&self) -> bool {
        *self != Self::default()
    }

    /// Address of the list with this filter; the cursor is `("before", …)` for older, `("after", …)` for newer sessions.
    pub fn url(&self, cursor: Option<(&str, &str)>) -> String {
        let status = self.status.map(|s| format!("status={s}"));
        let role = self.role.map(|r| format!("role={r}"));
        let cursor = cursor.map(|(name, value)| format!("{name}={}", encode(value)));
        let query: Vec<String> = [status, role, cursor].into_iter().flatten().collect();
        if query.is_empty() { "/sessions".into() } else { format!("/sessions?{}", query.join("&")) }
    }

    fn status_word(&self) -> String {
        self.status.map(|s| s.to_string()).unwrap_or_default()
    }

    fn role_word(&self) -> String {
        self.role.map(|r| r.to_string()).unwrap_or_default()
    }
}

impl SessionRow {
    /// The row of `session`; `procedures` counts those that are shown, dates are read in `timezone`.
    pub fn new(
        session: &Session,
        progress: Option<Progress>,
        procedures: u64,
        thumbnail_url: Option<String>,
        timezone: &str,
    ) -> Self {
        Self {
            id: session.id,
            name: session.name.clone(),
            role: session.role,
            status: session.status,
            progress: progress.filter(|_| session.status == SessionStatus::InProgress),
            failure: super::session::failure_sentence(session),
            duration_seconds: session.duration_seconds,
            procedures,
            started_at: session.started_at,
            started: When::new(session.started_at, timezone),
            completed: session.completed_at.map(|at| When::new(at, timezone)),
            thumbnail_url,
        }
    }

    fn duration(&self) -> String {
        show_duration(self.duration_seconds)
    }

    fn procedures_shown(&self) -> String {
        match self.procedures {
            0 => "—".into(),
            1 => "1 procedure".into(),
            n => format!("{n} procedures"),
        }
    }
}

/// Percent-encodes everything in a query value that is not unreserved.
fn encode(value: &str) -> String {
    let unreserved = |b: u8| b.is_ascii_alphanumeric() || b"-._~".contains(&b);
    value.bytes().map(|b| if unreserved(b) { (b as char).to_string() } else { format!("%{b:02X}") }).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_state_of_the_list_is_in_its_address() {
        assert_eq!(SessionFilter::default().url(None), "/sessions");
        let filter = SessionFilter { status: Some(SessionStatus::InProgress), role: Some(SeatRole::Trainee) };
        assert_eq!(filter.url(None), "/sessions?status=in_progress&role=trainee");
        assert_eq!(filter.url(Some(("before", "a+b="))), "/sessions?status=in_progress&role=trainee&before=a%2Bb%3D");
    }
}
