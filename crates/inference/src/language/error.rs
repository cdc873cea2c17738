//! How asking a language model fails. None of these holds the key, the address or anything that was said.

use super::ANSWER_LIMIT_BYTES;

/// Why there is no answer of a language model.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum LanguageError {
    /// A setting that cannot work.
    #[error("setting language: {0}")]
    Setting(String),
    /// No connection, or one that broke.
    #[error("the language model's server cannot be reached ({0}); check language.endpoint and that it runs")]
    Unreachable(String),
    /// The time for this session is over.
    #[error("the language model did not answer in time; raise language.timeout_seconds or choose a faster model")]
    TimedOut,
    /// The key is missing or wrong.
    #[error("the language model's server answered {0}; check language.api_key")]
    Unauthorised(u16),
    /// No such model, or no such address.
    #[error(
        "the language model's server knows no model {0:?} or no such address; check language.model and language.endpoint"
    )]
    NotFound(String),
    /// Too many requests.
    #[error("the language model's server takes no more requests now (429)")]
    Busy,
    /// Its own fault.
    #[error("the language model's server answered {0}")]
    Server(u16),
    /// It does not take the request.
    #[error("the language model's server answered {status}: {said}")]
    Rejected {
        /// HTTP status.
        status: u16,
        /// Its words, shortened, without the key.
        said: String,
    },
    /// It leads elsewhere, where key and transcript do not go.
    #[error("the language model's server leads to another address, which is not followed; set language.endpoint to it")]
    Redirected,
    /// The answer does not end.
    #[error("the language model's answer is larger than {} KiB", ANSWER_LIMIT_BYTES / 1024)]
    TooLarge,
    /// No JSON, half of it, or not what the schema says.
    #[error("the language model's answer cannot be read: {0}")]
    Malformed(String),
    /// The model does not want to, or a filter does not let it.
    #[error("the language model refused to answer")]
    Refused,
    /// The answer ends before its end.
    #[error("the language model's answer was cut short; raise language.max_tokens")]
    CutShort,
    /// An answer in which nothing is said.
    #[error("the language model answered nothing")]
    Empty,
}

impl LanguageError {
    /// One word for counters.
    pub fn reason(&self) -> &'static str {
        match self {
            Self::Setting(_) => "setting",
            Self::Unreachable(_) => "unreachable",
            Self::TimedOut => "timed_out",
            Self::Unauthorised(_) => "unauthorised",
            Self::NotFound(_) => "not_found",
            Self::Busy => "busy",
            Self::Server(_) => "server",
            Self::Rejected { .. } => "rejected",
            Self::Redirected => "redirected",
            Self::TooLarge => "too_large",
            Self::Malformed(_) => "malformed",
            Self::Refused => "refused",
            Self::CutShort => "cut_short",
            Self::Empty => "empty",
        }
    }

    /// What the session says of it: words of ours alone.
    pub fn sentence(&self) -> &'static str {
        match self {
            Self::TimedOut => "The language model did not answer in time; the built-in result stands.",
            Self::Refused => "The language model refused to answer; the built-in result stands.",
            Self::Malformed(_) | Self::TooLarge | Self::CutShort | Self::Empty => {
                "The language model's answer could not be read; the built-in result stands."
            }
            Self::Unreachable(_) => "The language model could not be reached; the built-in result stands.",
            Self::Setting(_) | Self::Unauthorised(_) | Self::NotFound(_) | Self::Redirected => {
                "The language model is not set up correctly; the built-in result stands."
            }
            Self::Busy | Self::Server(_) | Self::Rejected { .. } => {
                "The language model's server did not take the request; the built-in result stands."
            }
        }
    }

    /// Whether the same may succeed a moment later.
    pub(super) fn may_pass(&self) -> bool {
        matches!(self, Self::Unreachable(_) | Self::Busy | Self::Server(_))
    }

    /// Without the address, which may hold a secret.
    pub(super) fn of(e: &reqwest::Error) -> Self {
        Self::Unreachable(match () {
            _ if e.is_timeout() => "no connection in time".into(),
            _ if e.is_connect() => "no connection".into(),
            _ => "the connection broke".into(),
        })
    }
}
