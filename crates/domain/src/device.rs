//! Device: one paired pair of glasses, or a phone, or a program.

use crate::{DeviceId, SeatId, SessionId, TenantId, Timestamp};
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

/// What a device last told of itself.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct DeviceReport {
    /// 0 to 100.
    pub battery_percent: Option<u8>,
    /// Minutes of recording that its disk still holds.
    pub storage_minutes: Option<u32>,
    /// What has not been delivered yet, oldest first.
    pub sessions: Vec<HeldSession>,
}

/// A session of which parts are still on the device only.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct HeldSession {
    /// `None` while the server has not heard of it.
    pub session_id: Option<SessionId>,
    /// When it was started.
    pub started_at: Timestamp,
    /// Parts that are still to come.
    pub parts: u32,
    /// Their bytes.
    pub bytes: u64,
}

impl DeviceReport {
    /// Bytes that are still on the device only.
    pub fn bytes(&self) -> u64 {
        self.sessions.iter().fold(0, |sum, held| sum.saturating_add(held.bytes))
    }
}
