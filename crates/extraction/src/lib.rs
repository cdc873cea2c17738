//! How a recording becomes procedures: pure functions over its signals (transcript, sound, picture).
//! No I/O, no clock, no randomness: the same recording always gives the same procedures.

#![cfg_attr(test, allow(clippy::unwrap_used))]

pub mod align;
pub mod baselines;
pub mod boundaries;
pub mod captions;
pub mod describe;
pub mod evaluate;
pub mod naming;
pub mod proposal;
pub mod quality;
pub mod score;
pub mod summary;
pub mod title;

mod activity;
mod language;
mod prose;
mod ramp;
mod talk;
mod verbs;
mod words;

#[cfg(test)]
mod samples;

pub use naming::name;

use serde::{Deserialize, Serialize};

/// How finely a recording is cut.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Granularity {
    /// Whole pieces of work, a few minutes each: what the product calls procedures.
    #[default]
    Coarse,
    /// The steps within them, about a minute each.
    Fine,
}

/// What is known about a session besides its recording.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Options {
    /// How finely to cut.
    pub granularity: Granularity,
    /// Title of the linked task.
    pub task_title: Option<String>,
    /// Name of the session, such as `Session 21 Nov 2026, 10:04`; may be empty.
    pub session_name: String,
}

impl Options {
    /// The task's title, where it says anything.
    pub(crate) fn task(&self) -> Option<&str> {
        self.task_title.as_deref().map(str::trim).filter(|title| !title.is_empty())
    }
}

/// A stretch of the recording that holds one piece of work.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct Segment {
    /// Where it lies, in seconds of the recording.
    pub span: domain::Span,
    /// How sure its start is, 0 to 1.
    pub confidence: f32,
}
