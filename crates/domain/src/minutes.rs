//! Minutes: the append-only ledger of a tenant's active session time.

use crate::{MinuteTransactionId, SessionId, TenantId, Timestamp};
use serde::{Deserialize, Serialize};
use strum::{Display, EnumString, IntoStaticStr, VariantArray};

/// What a row of the ledger is for.
#[derive(
    Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize, Display, EnumString, IntoStaticStr, VariantArray,
)]
#[serde(rename_all = "snake_case")]
#[strum(serialize_all = "snake_case")]
pub enum MinuteKind {
    /// Refreshed monthly.
    Included,
    /// Bought; does not expire.
    Purchased,
    /// Spent by a session.
    Used,
    /// Put right by a person, with a reason.
    Adjusted,
}

/// One row of the ledger.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[allow(missing_docs)]
pub struct MinuteTransaction {
    pub id: MinuteTransactionId,
    pub tenant_id: TenantId,
    pub kind: MinuteKind,
    /// Seconds; negative where they leave the pool.
    pub seconds: i64,
    pub session_id: Option<SessionId>,
    pub created_at: Timestamp,
}
