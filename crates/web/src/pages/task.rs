//! The task page: what is to be done, its sessions, and how it came to its status. And the task as a session shows it.

use super::{layout::Layout, minutes::show_day, when::When};
use askama::Template;
use domain::{
    SessionId,
    attachment::{Attachment, MOST_FILES},
    seat::SeatRole,
    session::{Session, SessionStatus},
    task::{Task, TaskStatus},
};
use storage::db::task_list::TaskChange;

/// The page of one task.
#[derive(Clone, Debug, Template)]
#[template(path = "pages/task.html")]
pub struct TaskPage {
    /// The frame.
    pub layout: Layout,
    /// The task.
    pub task: LinkedTask,
    /// What is to be done; may be empty.
    pub description: String,
    /// As the integration names it.
    pub priority: Option<String>,
    /// Full name of who is to do it.
    pub assigned_to: Option<String>,
    /// By when: `22 Nov 2026`.
    pub due: Option<String>,
    /// Where it is changed; `None` for whoever may not.
    pub edit_url: Option<String>,
    /// The sessions that were run against it, newest first.
    pub sessions: Vec<TaskSession>,
    /// How it came to its status, newest first: label, who, when.
    pub changes: Vec<(&'static str, String, When)>,
    /// Where files are added.
    pub files_url: String,
    /// Its files, the oldest first.
    pub files: Vec<TaskFile>,
    /// Whether one more is taken.
    pub has_room: bool,
    /// What was wrong with the file that was sent.
    pub problem: Option<&'static str>,
    /// Of the forms with which files are added and removed.
    pub csrf_token: String,
}

/// A file of a task.
#[derive(Clone, Debug)]
#[allow(missing_docs)]
pub struct TaskFile {
    pub name: String,
    /// Where it is downloaded.
    pub url: String,
    /// `1.2 MB`
    pub size: String,
    /// Whether the page shows it.
    pub is_picture: bool,
    /// May be empty.
    pub added_by: String,
    pub at: When,
}

/// A session of a task.
#[derive(Clone, Debug)]
#[allow(missing_docs)]
pub struct TaskSession {
    pub id: SessionId,
    pub name: String,
    pub role: SeatRole,
    pub status: SessionStatus,
    pub at: When,
}

impl TaskPage {
    /// The page of `task`, assigned to somebody by full name, dates read in `timezone`.
    pub fn new(layout: Layout, task: Task, assigned_to: Option<String>, timezone: &str) -> Self {
        Self {
            task: LinkedTask::new(&task),
            description: task.description,
            priority: task.priority,
            assigned_to,
            due: task.due_date.map(|at| show_day(at.date(timezone))),
            edit_url: layout.who.as_ref().filter(|who| who.is_admin).map(|_| format!("/tasks/{}/edit", task.id)),
            layout,
            sessions: Vec::new(),
            changes: Vec::new(),
            files_url: format!("/tasks/{}/files", task.id),
            files: Vec::new(),
            has_room: true,
            problem: None,
            csrf_token: String::new(),
        }
    }

    /// With its files, and what was wrong with the one that was sent.
    pub fn with_files(
        self,
        files: &[Attachment],
        csrf_token: String,
        problem: Option<&'static str>,
        timezone: &str,
    ) -> Self {
        let file = |file: &Attachment| TaskFile {
            name: file.file_name.clone(),
            url: format!("/tasks/{}/files/{}", file.task_id, file.id),
            size: size(file.bytes),
            is_picture: file.is_picture(),
            added_by: file.added_by.clone(),
            at: When::new(file.added_at, timezone),
        };
        let has_room = (files.len() as u64) < MOST_FILES;
        Self { files: files.iter().map(file).collect(), has_room, csrf_token, problem, ..self }
    }

    /// With its sessions and the changes of its status.
    pub fn with_history(self, sessions: &[Session], changes: &[TaskChange], timezone: &str) -> Self {
        let session = |session: &Session| TaskSession {
            id: session.id,
            name: session.name.clone(),
            role: session.role,
            status: session.status,
            at: When::new(session.started_at, timezone),
        };
        let change = |change: &TaskChange| (change.status.label(), change.by.clone(), When::new(change.at, timezone));
        Self { sessions: sessions.iter().map(session).collect(), changes: changes.iter().map(change).collect(), ..self }
    }
}

/// A task in few words, as the card of a session shows it.
#[derive(Clone, Debug, PartialEq)]
pub struct LinkedTask {
    /// Its title.
    pub title: String,
    /// `jobber`, `servicem8`, `manual`, `api`.
    pub source: String,
    /// Its reference in the system it comes from.
    pub external_id: Option<String>,
    /// How far it is.
    pub status: TaskStatus,
    /// Where `View Task` leads.
    pub url: String,
    /// Whether that is another system.
    pub is_external: bool,
}

impl LinkedTask {
    /// The card of `task`. An outside address counts only when it is a web address: it comes from another system.
    pub fn new(task: &Task) -> Self {
        let external = task.external_url.clone().filter(|url| is_web_address(url));
        Self {
            title: task.title.clone(),
            source: task.source.to_string(),
            external_id: task.external_id.clone().filter(|id| !id.trim().is_empty()),
            status: task.status,
            is_external: external.is_some(),
            url: external.unwrap_or_else(|| format!("/tasks/{}", task.id)),
        }
    }
}

/// `812 bytes`, `64 kB`, `1.2 MB`
fn size(bytes: u64) -> String {
    match bytes {
        0..1000 => format!("{bytes} bytes"),
        1000..1_000_000 => format!("{} kB", bytes / 1000),
        _ => format!("{:.1} MB", bytes as f64 / 1e6),
    }
}

fn is_web_address(url: &str) -> bool {
    let scheme = url.split_once("://").map(|(scheme, _)| scheme.to_ascii_lowercase());
    matches!(scheme.as_deref(), Some("https" | "http"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_web_addresses_leave_the_dashboard() {
        assert!(is_web_address("HTTPS://secure.getjobber.com/jobs/1"));
        for bad in ["javascript:alert(1)//://", "java\nscript://x", "/tasks/1", "data:text/html,x", ""] {
            assert!(!is_web_address(bad), "{bad}");
        }
    }
}
