//! How a step can end other than well.

use domain::session::FailureReason;
use inference::speech::SpeechError;
use media::MediaError;
use storage::{DbError, objects::ObjectError};

/// How a step ended, when not well.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
pub enum StepError {
    /// A product outcome: the recording does not show what is needed.
    #[error("{sentence}")]
    Rejected {
        /// The reason that the session fails with.
        reason: FailureReason,
        /// One sentence for the manager.
        sentence: String,
    },
    /// Something outside of the recording was in the way; the same step may succeed later.
    #[error("{0}")]
    Retry(String),
    /// Trying again gives the same.
    #[error("{0}")]
    Fail(String),
}

impl StepError {
    pub(crate) fn rejected(reason: FailureReason, sentence: impl Into<String>) -> Self {
        Self::Rejected { reason, sentence: sentence.into() }
    }
}

impl From<MediaError> for StepError {
    fn from(e: MediaError) -> Self {
        if e.is_input_fault() {
            return Self::rejected(FailureReason::ProcessingError, e.to_string());
        }
        Self::Retry(e.to_string())
    }
}

impl From<DbError> for StepError {
    fn from(e: DbError) -> Self {
        if e.is_temporary() { Self::Retry(e.to_string()) } else { Self::Fail(e.to_string()) }
    }
}

impl From<ObjectError> for StepError {
    fn from(e: ObjectError) -> Self {
        if e.is_temporary() { Self::Retry(e.to_string()) } else { Self::Fail(e.to_string()) }
    }
}

impl From<SpeechError> for StepError {
    fn from(e: SpeechError) -> Self {
        Self::Retry(e.to_string())
    }
}

impl From<std::io::Error> for StepError {
    fn from(e: std::io::Error) -> Self {
        Self::Retry(format!("working folder: {e}"))
    }
}
