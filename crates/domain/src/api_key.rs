//! API key: a program's access to the API of one tenant, as far as its scopes go.

use crate::{ApiKeyId, TenantId, Timestamp, UserId};
use serde::{Deserialize, Serialize};
use strum::{Display, EnumString, IntoStaticStr, VariantArray};

/// What a key may do.
#[derive(
    Clone,
    Copy,
    Debug,
    PartialEq,
    Eq,
    PartialOrd,
    Ord,
    Hash,
    Serialize,
    Deserialize,
    Display,
    EnumString,
    IntoStaticStr,
    VariantArray,
)]
#[allow(missing_docs)]
pub enum Scope {
    #[serde(rename = "sessions:read")]
    #[strum(serialize = "sessions:read")]
    SessionsRead,
    #[serde(rename = "procedures:read")]
    #[strum(serialize = "procedures:read")]
    ProceduresRead,
    #[serde(rename = "tasks:read")]
    #[strum(serialize = "tasks:read")]
    TasksRead,
    #[serde(rename = "tasks:write")]
    #[strum(serialize = "tasks:write")]
    TasksWrite,
    #[serde(rename = "users:read")]
    #[strum(serialize = "users:read")]
    UsersRead,
    #[serde(rename = "users:manage")]
    #[strum(serialize = "users:manage")]
    UsersManage,
    #[serde(rename = "skills:execute")]
    #[strum(serialize = "skills:execute")]
    SkillsExecute,
    #[serde(rename = "webhooks:manage")]
    #[strum(serialize = "webhooks:manage")]
    WebhooksManage,
}

impl Scope {
    /// What it opens, in a sentence for whoever makes a key.
    pub fn sentence(self) -> &'static str {
        match self {
            Self::SessionsRead => "See sessions with their score and summary, play their recordings, and see minutes.",
            Self::ProceduresRead => "See procedures and play their clips.",
            Self::TasksRead => "See tasks.",
            Self::TasksWrite => "Make and change tasks.",
            Self::UsersRead => "See users, seats and devices.",
            Self::UsersManage => "Invite, change and deactivate users, and add minutes.",
            Self::SkillsExecute => "Run skills of the live assistant.",
            Self::WebhooksManage => "Add, change and remove webhooks.",
        }
    }
}

/// A key as it is kept. Its token is not: only a hash of it is in storage.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[allow(missing_docs)]
pub struct ApiKey {
    pub id: ApiKeyId,
    pub tenant_id: TenantId,
    /// What it is for, as its maker calls it.
    pub name: String,
    /// The beginning of the token, by which a person knows it again.
    pub first_characters: String,
    /// In the order of [`Scope`], each once.
    pub scopes: Vec<Scope>,
    /// `None` when it was made on the command line.
    pub made_by: Option<UserId>,
    pub created_at: Timestamp,
    /// From then on it opens nothing; `None` is never.
    pub expires_at: Option<Timestamp>,
    /// To the minute.
    pub last_used_at: Option<Timestamp>,
    pub revoked_at: Option<Timestamp>,
}

impl ApiKey {
    /// Whether it opens anything at `now`.
    pub fn is_good(&self, now: Timestamp) -> bool {
        self.revoked_at.is_none() && !self.has_expired(now)
    }

    /// Whether its time is over at `now`.
    pub fn has_expired(&self, now: Timestamp) -> bool {
        self.expires_at.is_some_and(|at| at <= now)
    }

    /// Whether it has this scope.
    pub fn may(&self, scope: Scope) -> bool {
        self.scopes.contains(&scope)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn scopes_are_these_words() {
        let words: Vec<_> = Scope::VARIANTS.iter().map(Scope::to_string).collect();
        let expected = [
            "sessions:read",
            "procedures:read",
            "tasks:read",
            "tasks:write",
            "users:read",
            "users:manage",
            "skills:execute",
            "webhooks:manage",
        ];
        assert_eq!(words, expected);
        for (scope, word) in Scope::VARIANTS.iter().zip(expected) {
            assert_eq!(word.parse(), Ok(*scope));
            assert_eq!(serde_json::to_string(scope).unwrap(), format!("{word:?}"));
        }
    }
}
