//! User: a Dashboard login.

use crate::{TenantId, Timestamp, UserId};
use serde::{Deserialize, Serialize};
use strum::{Display, EnumString, IntoStaticStr, VariantArray};

/// What a user may do in the Dashboard.
#[derive(
    Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize, Display, EnumString, IntoStaticStr, VariantArray,
)]
#[serde(rename_all = "snake_case")]
#[strum(serialize_all = "snake_case")]
pub enum UserRole {
    /// Looks and administers.
    Admin,
    /// Looks.
    Member,
}

/// How far somebody is on the way to sign in.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize, Display, EnumString, IntoStaticStr)]
#[serde(rename_all = "snake_case")]
#[strum(serialize_all = "snake_case")]
pub enum UserStatus {
    /// Has not set a password yet.
    Invited,
    /// Can sign in.
    Active,
    /// Can neither sign in nor use a device.
    Deactivated,
}

impl UserRole {
    /// The literal text of the badge.
    pub fn label(self) -> &'static str {
        match self {
            Self::Admin => "Administrator",
            Self::Member => "Member",
        }
    }
}

impl UserStatus {
    /// The literal text of the badge.
    pub fn label(self) -> &'static str {
        match self {
            Self::Invited => "Invited",
            Self::Active => "Active",
            Self::Deactivated => "Deactivated",
        }
    }
}

/// A Dashboard login. The password's hash stays in storage.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[allow(missing_docs)]
pub struct User {
    pub id: UserId,
    pub tenant_id: TenantId,
    /// Lower case, unique on the whole installation: it is how somebody signs in.
    pub email: String,
    pub full_name: String,
    pub role: UserRole,
    pub is_active: bool,
    pub created_at: Timestamp,
}

/// Whether a text can be an e-mail address; only a mail that arrives proves more.
pub fn is_email(text: &str) -> bool {
    let Some((name, host)) = text.rsplit_once('@') else { return false };
    let odd = |c: char| c.is_whitespace() || c.is_control() || "<>,;\"\\".contains(c);
    !name.is_empty() && !host.is_empty() && text.len() <= 254 && !text.contains(odd)
}

/// How an address is stored and compared: trimmed, lower case.
pub fn normalise_email(email: &str) -> String {
    email.trim().to_lowercase()
}
