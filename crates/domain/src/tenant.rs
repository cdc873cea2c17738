//! Tenant: one organisation, the wall around its data.

use crate::{TenantId, Timestamp, retention::Retention};
use serde::{Deserialize, Serialize};

/// One organisation.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[allow(missing_docs)]
pub struct Tenant {
    pub id: TenantId,
    pub name: String,
    /// IANA name, such as `Europe/London`.
    pub timezone: String,
    /// BCP 47, such as `en`.
    pub language: String,
    /// ISO 3166-1 alpha-2, such as `GB`.
    pub country: String,
    /// How long what was recorded is kept.
    pub retention: Retention,
    /// Largest recording that is taken, in bytes.
    pub upload_limit_bytes: u64,
    /// Hours that an unfinished upload is kept open; `None` takes the installation's setting.
    pub upload_keep_hours: Option<u32>,
    /// Minutes of active session time that each month brings; `None` where minutes are not counted.
    pub included_minutes: Option<u32>,
    /// Whether its administrators need a second factor.
    pub admins_need_second_factor: bool,
    pub created_at: Timestamp,
}
