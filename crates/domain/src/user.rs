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

/// How an address is stored and compared: trimmed, lower case.
pub fn normalise_email(email: &str) -> String {
    email.trim().to_lowercase()
}
