//! Job: work that goes on behind a fact, and the steps in which it is recorded.

use serde::{Deserialize, Serialize};
use strum::{Display, EnumString, IntoStaticStr, VariantArray};

/// What a job does.
#[derive(
    Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize, Display, EnumString, IntoStaticStr, VariantArray,
)]
#[serde(rename_all = "snake_case")]
#[strum(serialize_all = "snake_case")]
pub enum JobKind {
    /// Turns the recording of a session into procedures.
    ProcessSession,
}

/// Where a job is.
#[derive(
    Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize, Display, EnumString, IntoStaticStr, VariantArray,
)]
#[serde(rename_all = "snake_case")]
#[strum(serialize_all = "snake_case")]
pub enum JobState {
    /// Waits for a worker (and for its time, after a failed attempt).
    Ready,
    /// A worker holds its lease.
    Running,
    /// Ended as it should.
    Done,
    /// Ended for good without its result.
    Failed,
    /// Called off.
    Cancelled,
}

/// The steps of the pipeline, in the order in which a person reads them.
#[derive(
    Clone,
    Copy,
    Debug,
    PartialEq,
    Eq,
    Hash,
    PartialOrd,
    Ord,
    Serialize,
    Deserialize,
    Display,
    EnumString,
    IntoStaticStr,
    VariantArray,
)]
#[serde(rename_all = "snake_case")]
#[strum(serialize_all = "snake_case")]
pub enum Step {
    /// Parts joined, probed, made playable.
    Receive,
    /// Speech to text.
    Transcribe,
    /// What sound and picture show, sampled once.
    Observe,
    /// The pieces of work.
    Segment,
    /// Their names and descriptions.
    Name,
    /// A clip and a thumbnail each.
    Clip,
    /// The score and its reasons.
    Score,
    /// The prose summary.
    Summarise,
    /// Everything becomes visible at once.
    Approve,
}

impl Step {
    /// What is going on, for the line beside the badge: `Processing 5 of 9: naming`.
    pub fn label(self) -> &'static str {
        match self {
            Self::Receive => "receiving",
            Self::Transcribe => "transcribing",
            Self::Observe => "observing",
            Self::Segment => "segmenting",
            Self::Name => "naming",
            Self::Clip => "cutting clips",
            Self::Score => "scoring",
            Self::Summarise => "summarising",
            Self::Approve => "approving",
        }
    }

    /// Its place in the list, from 1.
    pub fn number(self) -> usize {
        self as usize + 1
    }

    /// How many steps there are.
    pub fn count() -> usize {
        Self::VARIANTS.len()
    }
}

/// Where one step of one session is.
#[derive(
    Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize, Display, EnumString, IntoStaticStr, VariantArray,
)]
#[serde(rename_all = "snake_case")]
#[strum(serialize_all = "snake_case")]
pub enum StepState {
    /// Begun.
    Running,
    /// Its result is stored.
    Done,
    /// It ended with a product outcome: the recording was rejected.
    Rejected,
    /// It failed; the job tells whether it will be tried again.
    Failed,
}
