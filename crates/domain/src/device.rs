//! Device: one paired pair of glasses, or a phone, or a program.

use crate::{DeviceId, SeatId, TenantId, Timestamp};
use serde::{Deserialize, Serialize};

/// One paired device. Its token is kept as a hash only, in storage.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[allow(missing_docs)]
pub struct Device {
    pub id: DeviceId,
    pub tenant_id: TenantId,
    pub seat_id: SeatId,
    pub model: String,
    pub serial: String,
    pub software_version: String,
    pub last_seen_at: Option<Timestamp>,
    pub created_at: Timestamp,
}
