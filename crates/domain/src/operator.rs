//! Operator access: whoever runs the installation looks at the data of a tenant, for a reason and for a time.

use crate::{TenantId, Timestamp};
use uuid::Uuid;

/// Longest reason, in characters.
pub const LONGEST_REASON: usize = 500;

/// One access.
#[derive(Clone, Debug, PartialEq, Eq)]
#[allow(missing_docs)]
pub struct OperatorAccess {
    pub id: Uuid,
    pub tenant_id: TenantId,
    /// Why, as the operator wrote it.
    pub reason: String,
    pub created_at: Timestamp,
    /// When its link was opened, which is good once.
    pub begun_at: Option<Timestamp>,
    /// When it ends by itself.
    pub until: Timestamp,
    /// When it was ended, by hand or by itself.
    pub ended_at: Option<Timestamp>,
}

impl OperatorAccess {
    /// Whether it can be begun or goes on.
    pub fn is_open(&self, now: Timestamp) -> bool {
        self.ended_at.is_none() && now < self.until
    }
}
