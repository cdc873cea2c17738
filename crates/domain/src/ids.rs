//! Identifiers: one type per thing, so that a seat can never stand where a session is meant.
//! All are UUIDv7, made by whoever writes the row; only a seat's is UUIDv4, because a person reads its
//! first eight digits, which in a UUIDv7 are the time and the same for neighbours.

use serde::{Deserialize, Serialize};
use std::{fmt, str::FromStr};
use uuid::Uuid;

macro_rules! id {
    ($($(#[$doc:meta])* $name:ident),+ $(,)?) => {$(
        $(#[$doc])*
        #[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
        #[serde(transparent)]
        pub struct $name(pub Uuid);

        impl $name {
            /// The first eight hex digits, upper case: how an id is shown to a person.
            pub fn short(&self) -> String {
                short(self.0)
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                self.0.fmt(f)
            }
        }

        impl fmt::Debug for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                write!(f, concat!(stringify!($name), "({})"), self.0)
            }
        }

        impl FromStr for $name {
            type Err = uuid::Error;
            fn from_str(s: &str) -> Result<Self, Self::Err> {
                s.parse().map(Self)
            }
        }

        impl From<Uuid> for $name {
            fn from(id: Uuid) -> Self {
                Self(id)
            }
        }

        impl From<$name> for Uuid {
            fn from(id: $name) -> Uuid {
                id.0
            }
        }
    )+};
}

id! {
    /// One organisation.
    TenantId,
    /// A Dashboard login.
    UserId,
    /// A licence of one engineer to run sessions.
    SeatId,
    /// One paired pair of glasses.
    DeviceId,
    /// One training run.
    SessionId,
    /// One contiguous piece of a recording.
    PartId,
    /// One resumable upload.
    UploadId,
    /// One piece of work found in a session.
    ProcedureId,
    /// A unit of work from an integration or made by hand.
    TaskId,
    /// A file of a task.
    AttachmentId,
    /// A program's access to the API.
    ApiKeyId,
    /// An address that is told when something happens.
    WebhookId,
    /// Something that happened, as it is told to webhooks.
    EventId,
    /// A tool that the live assistant can call.
    SkillId,
    /// A document that the assistant can search.
    DocumentId,
    /// One row of the minute ledger.
    MinuteTransactionId,
    /// One piece of background work.
    JobId,
}

fn short(id: Uuid) -> String {
    id.simple().to_string()[..8].to_uppercase()
}
