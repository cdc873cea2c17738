//! The small line beside an In Progress badge: what is really going on.

use domain::{job::Step, session::Phase};
use std::fmt;
use storage::db::overview::Arrived;

/// What goes on behind `In Progress`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Progress {
    /// The session runs on the glasses.
    Recording,
    /// The engineer has paused it.
    Paused,
    /// Bytes are on their way.
    Uploading {
        /// 0 to 100; `None` while the size is not known.
        percent: Option<u8>,
    },
    /// The pipeline works.
    Processing {
        /// `None` while the job waits for a worker.
        step: Option<Step>,
    },
}

impl Progress {
    /// The line of a session; `None` once nothing more happens by itself.
    /// `step` is the one that runs.
    pub fn of(phase: Phase, paused: bool, arrived: &Arrived, step: Option<Step>) -> Option<Self> {
        match phase {
            Phase::Recording if paused => Some(Self::Paused),
            Phase::Recording => Some(Self::Recording),
            Phase::Uploading => Some(Self::Uploading { percent: arrived.percent() }),
            Phase::Processing => Some(Self::Processing { step }),
            Phase::Done => None,
        }
    }

    /// What stands where the recording will be.
    pub fn sentence(self) -> String {
        match self {
            Self::Recording => "The session is still running. Its recording appears here once it has uploaded.".into(),
            Self::Paused => {
                "The engineer has paused the session. Its recording appears here once it has uploaded.".into()
            }
            Self::Uploading { percent: Some(percent) } => {
                format!("The recording is still uploading: {percent}% so far.")
            }
            Self::Uploading { percent: None } => "The recording is still uploading.".into(),
            Self::Processing { step: Some(step) } => {
                format!(
                    "The recording is being processed: step {} of {}, {}.",
                    step.number(),
                    Step::count(),
                    step.label()
                )
            }
            Self::Processing { step: None } => "The recording has arrived and is waiting to be processed.".into(),
        }
    }

    /// The picture that stands for it: a symbol of `icons.html`.
    pub fn icon(self) -> &'static str {
        match self {
            Self::Recording | Self::Paused => "recording",
            Self::Uploading { .. } => "upload",
            Self::Processing { .. } => "processing",
        }
    }

    /// How far the upload is, 0 to 100, where that can be drawn.
    pub fn percent(self) -> Option<u8> {
        match self {
            Self::Uploading { percent } => percent,
            Self::Processing { step: Some(step) } => Some(((step.number() - 1) * 100 / Step::count()) as u8),
            _ => None,
        }
    }
}

impl fmt::Display for Progress {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Recording => f.write_str("Recording"),
            Self::Paused => f.write_str("Paused"),
            Self::Uploading { percent: Some(percent) } => write!(f, "Uploading {percent}%"),
            Self::Uploading { percent: None } => f.write_str("Uploading"),
            Self::Processing { step: Some(step) } => {
                write!(f, "Processing {} of {}: {}", step.number(), Step::count(), step.label())
            }
            Self::Processing { step: None } => f.write_str("Waiting to be processed"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_line_tells_the_truth_behind_the_badge() {
        let line = |phase, arrived: &Arrived, step| Progress::of(phase, false, arrived, step).map(|p| p.to_string());
        let bytes = |bytes, length| Arrived { parts: 1, bytes, length, ..Arrived::default() };
        let parts = |parts, settled, announced| Arrived { parts, settled, announced, ..Arrived::default() };
        let none = Arrived::default();
        assert_eq!(line(Phase::Recording, &none, None).as_deref(), Some("Recording"));
        assert_eq!(Progress::of(Phase::Recording, true, &none, None).unwrap().to_string(), "Paused");
        assert_eq!(line(Phase::Uploading, &bytes(639, Some(1000)), None).as_deref(), Some("Uploading 63%"));
        assert_eq!(line(Phase::Uploading, &bytes(5, None), None).as_deref(), Some("Uploading"));
        assert_eq!(line(Phase::Uploading, &bytes(5, Some(0)), None).as_deref(), Some("Uploading"));
        assert_eq!(line(Phase::Uploading, &parts(40, 30, Some(120)), None).as_deref(), Some("Uploading 25%"));
        assert_eq!(line(Phase::Uploading, &parts(40, 30, None), None).as_deref(), Some("Uploading"));
        assert_eq!(line(Phase::Processing, &none, Some(Step::Name)).as_deref(), Some("Processing 5 of 9: naming"));
        assert_eq!(line(Phase::Processing, &none, None).as_deref(), Some("Waiting to be processed"));
        assert_eq!(line(Phase::Done, &none, None), None);
    }
}
