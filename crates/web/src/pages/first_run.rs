//! The first-run page: creates the first organisation and its administrator.

use super::layout::Layout;
use askama::Template;

/// The page. Its form posts to `/setup`.
#[derive(Clone, Debug, Template)]
#[template(path = "pages/first_run.html")]
pub struct FirstRunPage {
    /// The frame, signed out.
    pub layout: Layout,
    /// What was typed before.
    pub typed: Typed,
    /// IANA names, in alphabetical order.
    pub timezones: Vec<String>,
    /// Why the last form was refused.
    pub problem: Option<String>,
}

/// What was typed, but for the password.
#[derive(Clone, Debug, Default)]
#[allow(missing_docs)]
pub struct Typed {
    pub code: String,
    pub organisation: String,
    /// Empty takes the browser's.
    pub timezone: String,
    pub full_name: String,
    pub email: String,
}

impl FirstRunPage {
    /// The page with what was typed.
    pub fn new(typed: Typed, timezones: Vec<String>, problem: Option<String>) -> Self {
        Self { layout: Layout::signed_out("Set up"), typed, timezones, problem }
    }

    /// Whether this timezone is the chosen one.
    pub fn is_chosen(&self, timezone: &str) -> bool {
        timezone == if self.typed.timezone.is_empty() { "UTC" } else { &self.typed.timezone }
    }
}
