//! What can go wrong with rows.

use sea_orm::{DbErr, RuntimeErr, SqlErr, sqlx::error::ErrorKind};

/// A failed query.
#[derive(Debug, thiserror::Error)]
pub enum DbError {
    /// A uniqueness rule of the schema said no: the thing exists already.
    #[error("{0} exists already")]
    Exists(String),
    /// Another rule of the schema said no, such as a reference to a row that is not there.
    #[error("the database refused the row: {0}")]
    Refused(String),
    /// A rule of the product said no.
    #[error("{0}")]
    Rule(#[from] Rule),
    /// A row holds what this version of the program can't read.
    #[error("the database holds a {what} that this version can't read: {value:?}; run the version that wrote it")]
    Corrupt {
        /// Which column or type.
        what: &'static str,
        /// What stands there.
        value: String,
    },
    /// The database could not be reached or answered with an error.
    #[error("database: {0}")]
    Engine(DbErr),
}

/// What the rows of a session or of people forbid, in a sentence that says what to do instead.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Rule {
    /// More files of a task than [`domain::attachment::MOST_FILES`].
    #[error("this task has 20 files, and no more are taken: remove one first")]
    TooManyFiles,
    /// A recording in one piece for a session of which a stretch was deleted.
    #[error(
        "a stretch of this session was deleted, and a recording in one piece may hold it: send the recording in parts, each \
         with its place on the session's clock"
    )]
    WholeAfterDeletion,
    /// A recording in one piece for a session that has parts.
    #[error(
        "this session's recording comes in parts: send this one as parts too, or start a session of its own for it"
    )]
    WholeAfterParts,
    /// A part for a session whose recording comes in one piece.
    #[error(
        "this session's recording comes in one piece: go on with that upload, or start a session of its own for the parts"
    )]
    PartAfterWhole,
    /// More pauses and deletions than [`super::breaks::MOST`].
    #[error(
        "this session has 10,000 pauses and deletions, and no more are taken: stop it, and start another; one deletion may cover \
         several"
    )]
    TooManyBreaks,
    /// A new session of a tenant that has no minute left.
    #[error("No minutes left. Ask your administrator.")]
    NoMinutes,
    /// More minutes are to be taken away than there are.
    #[error("only {0} minutes are left; take away at most as many")]
    TooFewMinutes(i64),
    /// Minutes are to be added to a tenant whose minutes are not counted.
    #[error(
        "the minutes of this organisation are not counted, so nothing can be added or taken away: give it included minutes first"
    )]
    MinutesNotCounted,
    /// A session of which a part went by age is to be processed again.
    #[error(
        "a part of this session was removed by age, as the organisation's retention says, so it is not processed again: what was \
         found in it stays"
    )]
    RemovedByAge,
    /// A camera frame of a session that is not being recorded.
    #[error("this session is not being recorded, so no camera frame of it is taken")]
    NotRecording,
    /// More camera frames than [`super::frames::MOST`].
    #[error("this session has 500 camera frames, and no more are taken")]
    TooManyFrames,
    /// Camera frames too close to each other.
    #[error("at most one camera frame a second is taken; send this one a little later")]
    FrameTooSoon,
    /// What is held is to be removed.
    #[error(
        "a legal hold stands on this, so nothing of it is removed: an administrator lifts it under Settings, Privacy, or \
         `trainar hold lift` does"
    )]
    LegalHold,
    /// More webhooks than [`super::webhooks::MOST`].
    #[error("this organisation has 20 webhooks, and no more are taken: remove one first")]
    TooManyWebhooks,
    /// A webhook that came with an import, without its secret, is to be switched on.
    #[error(
        "this webhook came with an import, without its secret: make a new secret first, and give it to the receiver"
    )]
    NoWebhookSecret,
    /// The last administrator of a tenant shall be none any more.
    #[error("this is the last active administrator: make somebody else an administrator first")]
    LastAdministrator,
    /// An administrator on himself.
    #[error("you cannot take this from yourself: ask another administrator")]
    Yourself,
}

impl Rule {
    /// Its word for programs.
    pub fn kind(self) -> &'static str {
        match self {
            Self::TooManyFiles => "too-many-files",
            Self::WholeAfterDeletion => "stretch-deleted",
            Self::WholeAfterParts => "comes-in-parts",
            Self::PartAfterWhole => "comes-in-one-piece",
            Self::TooManyBreaks => "too-many-breaks",
            Self::NoMinutes => "no-minutes",
            Self::TooFewMinutes(_) => "too-few-minutes",
            Self::MinutesNotCounted => "minutes-not-counted",
            Self::RemovedByAge => "removed-by-age",
            Self::NotRecording => "not-recording",
            Self::TooManyFrames => "too-many-frames",
            Self::FrameTooSoon => "frame-too-soon",
            Self::LegalHold => "legal-hold",
            Self::TooManyWebhooks => "too-many-webhooks",
            Self::NoWebhookSecret => "no-webhook-secret",
            Self::LastAdministrator => "last-administrator",
            Self::Yourself => "yourself",
        }
    }
}

impl DbError {
    /// Whether the same call may succeed later.
    pub fn is_temporary(&self) -> bool {
        matches!(self, Self::Engine(DbErr::Conn(_) | DbErr::ConnectionAcquire(_) | DbErr::Exec(_) | DbErr::Query(_)))
    }

    pub(crate) fn corrupt(what: &'static str, value: impl ToString) -> Self {
        Self::Corrupt { what, value: value.to_string() }
    }
}

impl From<DbErr> for DbError {
    fn from(e: DbErr) -> Self {
        match e.sql_err() {
            Some(SqlErr::UniqueConstraintViolation(m)) => Self::Exists(m),
            Some(SqlErr::ForeignKeyConstraintViolation(m)) => Self::Refused(m),
            _ => check_violation(&e).map_or(Self::Engine(e), Self::Refused),
        }
    }
}

/// What a `CHECK` or `NOT NULL` of the schema said: the same call would be refused again.
fn check_violation(e: &DbErr) -> Option<String> {
    let (DbErr::Exec(RuntimeErr::SqlxError(e)) | DbErr::Query(RuntimeErr::SqlxError(e))) = e else { return None };
    let e = e.as_database_error()?;
    matches!(e.kind(), ErrorKind::CheckViolation | ErrorKind::NotNullViolation).then(|| e.message().to_owned())
}

/// What no row, database or backup may be.
pub(crate) fn refused(why: impl Into<String>) -> DbError {
    DbError::Refused(why.into())
}

/// Reads a word of a closed set.
pub(crate) fn word<T: std::str::FromStr>(what: &'static str, value: &str) -> super::Result<T> {
    value.parse().map_err(|_| DbError::corrupt(what, value))
}

/// Reads a JSON column.
pub(crate) fn json<T: serde::de::DeserializeOwned>(what: &'static str, value: &str) -> super::Result<T> {
    serde_json::from_str(value).map_err(|_| DbError::corrupt(what, value))
}

/// Writes a JSON column.
pub(crate) fn to_json<T: serde::Serialize>(what: &'static str, value: &T) -> super::Result<String> {
    serde_json::to_string(value).map_err(|e| DbError::corrupt(what, e))
}
