//! What is looked at before a session.

use serde::Serialize;

/// How one thing is.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Check {
    /// Which thing.
    pub what: &'static str,
    /// How it is.
    pub state: State,
    /// Its figure, and what to do where something is wrong.
    pub detail: String,
}

/// Whether it is as it should be.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum State {
    /// It is.
    Good,
    /// A session can be recorded all the same.
    Warning,
    /// Nothing can be recorded.
    Impossible,
}

/// The checks as lines for a person.
pub fn table(checks: &[Check]) -> String {
    let line = |check: &Check| {
        let mark = match check.state {
            State::Good => "ok  ",
            State::Warning => "look",
            State::Impossible => "NO  ",
        };
        format!("{mark}  {:<11} {}", check.what, check.detail)
    };
    checks.iter().map(line).collect::<Vec<_>>().join("\n")
}

/// What is not as it should be, to be spoken; `None` where everything is.
pub fn spoken(checks: &[Check]) -> Option<String> {
    let wrong: Vec<_> = checks.iter().filter(|c| c.state != State::Good).map(|c| c.detail.as_str()).collect();
    (!wrong.is_empty()).then(|| wrong.join(". "))
}
