//! Tasks: the list with its search and filters, and the form of one.

use super::{layout::Layout, minutes::show_day, task::LinkedTask};
use askama::Template;
use aws_lc_rs::digest::{SHA256, digest};
use domain::{
    UserId,
    task::{Task, TaskSource, TaskStatus},
};
use strum::VariantArray;

/// The list.
#[derive(Clone, Debug, Template)]
#[template(path = "pages/tasks.html")]
pub struct TasksPage {
    /// The frame.
    pub layout: Layout,
    /// Whether the viewer makes tasks.
    pub may_add: bool,
    /// What was asked for, as it was typed.
    pub filter: TasksFilter,
    /// Whom tasks can be assigned to.
    pub users: Vec<(String, String)>,
    /// The tasks, newest first.
    pub rows: Vec<TaskRow>,
    /// Where the older ones begin.
    pub older: Option<String>,
    /// Whether this is not the first page.
    pub is_later_page: bool,
}

/// What the form of the list holds; an empty text narrows nothing.
#[derive(Clone, Debug, Default)]
#[allow(missing_docs)]
pub struct TasksFilter {
    pub search: String,
    pub status: String,
    pub source: String,
    pub assigned_to: String,
    /// `overdue`, `week` or nothing.
    pub due: String,
}

/// A task in the list.
#[derive(Clone, Debug)]
#[allow(missing_docs)]
pub struct TaskRow {
    pub id: String,
    pub task: LinkedTask,
    pub priority: Option<String>,
    pub assigned_to: Option<String>,
    /// `22 Nov 2026`
    pub due: Option<String>,
    pub is_overdue: bool,
}

/// The page on which a task is made or changed.
#[derive(Clone, Debug, Template)]
#[template(path = "pages/task_form.html")]
pub struct TaskFormPage {
    /// The frame.
    pub layout: Layout,
    /// Hidden field of the form.
    pub csrf_token: String,
    /// Where the form goes; also the page's own address.
    pub action: String,
    /// Where "Cancel" leads.
    pub back: String,
    /// Whether the task is new.
    pub is_new: bool,
    /// What was typed.
    pub form: TaskForm,
    /// Whom it can be assigned to: id and name.
    pub users: Vec<(String, String)>,
    /// What was wrong with it.
    pub problem: Option<&'static str>,
}

/// What somebody types of a task.
#[derive(Clone, Debug, Default, serde::Deserialize)]
#[serde(default)]
#[allow(missing_docs)]
pub struct TaskForm {
    pub csrf_token: String,
    /// The same form makes one task, however often it is sent. Of a task that is there: which state of it the form shows.
    pub key: String,
    pub title: String,
    pub description: String,
    pub status: String,
    pub priority: String,
    pub external_id: String,
    pub external_url: String,
    pub assigned_to: String,
    /// `2026-11-22`
    pub due: String,
}

impl TasksPage {
    /// Word, label, and whether it is chosen.
    pub fn statuses(&self) -> Vec<(TaskStatus, bool)> {
        TaskStatus::VARIANTS.iter().map(|status| (*status, status.to_string() == self.filter.status)).collect()
    }

    /// Word, label, and whether it is chosen.
    pub fn sources(&self) -> Vec<(TaskSource, bool)> {
        TaskSource::VARIANTS.iter().map(|source| (*source, source.to_string() == self.filter.source)).collect()
    }

    /// The address of the older tasks.
    pub fn older_url(&self) -> Option<String> {
        let before = self.older.as_deref()?;
        let TasksFilter { search, status, source, assigned_to, due } = &self.filter;
        let fields = [
            ("search", search.as_str()),
            ("status", status),
            ("source", source),
            ("assigned_to", assigned_to),
            ("due", due),
            ("before", before),
        ];
        let set: Vec<_> = fields.into_iter().filter(|(_, value)| !value.is_empty()).collect();
        Some(format!("/tasks?{}", serde_urlencoded::to_string(set).unwrap_or_default()))
    }
}

impl TasksFilter {
    /// Whether anything narrows.
    pub fn is_set(&self) -> bool {
        [&self.search, &self.status, &self.source, &self.assigned_to, &self.due]
            .into_iter()
            .any(|text| !text.is_empty())
    }

    /// Whether this user is the chosen one.
    pub fn is_user(&self, id: &str) -> bool {
        self.assigned_to == id
    }
}

impl TaskFormPage {
    /// Every status with whether it is the chosen one.
    pub fn statuses(&self) -> Vec<(TaskStatus, bool)> {
        TaskStatus::VARIANTS.iter().map(|status| (*status, status.to_string() == self.form.status)).collect()
    }

    /// Whether this user is the chosen one.
    pub fn is_user(&self, id: &str) -> bool {
        self.form.assigned_to == id
    }
}

impl TaskForm {
    /// What there is of a task.
    pub fn of(task: &Task, timezone: &str) -> Self {
        let form = Self {
            title: task.title.clone(),
            description: task.description.clone(),
            status: task.status.to_string(),
            priority: task.priority.clone().unwrap_or_default(),
            external_id: task.external_id.clone().unwrap_or_default(),
            external_url: task.external_url.clone().unwrap_or_default(),
            assigned_to: task.assigned_to.map(|id: UserId| id.to_string()).unwrap_or_default(),
            due: task.due_date.map(|at| at.date(timezone).to_string()).unwrap_or_default(),
            ..Self::default()
        };
        let seen =
            [&form.title, &form.description, &form.status, &form.priority, &form.external_id, &form.external_url];
        let seen = seen.into_iter().chain([&form.assigned_to, &form.due]).map(String::as_str).collect::<Vec<_>>();
        let seen = digest(&SHA256, seen.join("\0").as_bytes());
        Self { key: hex::encode(&seen.as_ref()[..16]), ..form }
    }
}

impl TaskRow {
    /// A row of `task`, assigned to somebody by full name, where today is `today` in `timezone`.
    pub fn new(task: &Task, assigned_to: Option<String>, today: jiff::civil::Date, timezone: &str) -> Self {
        let due = task.due_date.map(|at| at.date(timezone));
        let is_over = matches!(task.status, TaskStatus::Completed | TaskStatus::Cancelled);
        Self {
            id: task.id.to_string(),
            task: LinkedTask::new(task),
            priority: task.priority.clone(),
            assigned_to,
            due: due.map(show_day),
            is_overdue: !is_over && due.is_some_and(|due| due < today),
        }
    }
}
