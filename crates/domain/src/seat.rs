//! Seat: the licence of one engineer to run sessions.

use crate::{SeatId, TenantId, Timestamp, UserId};
use serde::{Deserialize, Serialize};
use strum::{Display, EnumString, IntoStaticStr, VariantArray};

/// In which role the engineer of a seat runs sessions.
#[derive(
    Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize, Display, EnumString, IntoStaticStr, VariantArray,
)]
#[serde(rename_all = "snake_case")]
#[strum(serialize_all = "snake_case")]
pub enum SeatRole {
    /// Records how an expert does the job.
    Trainer,
    /// Follows a procedure with guidance.
    Trainee,
}

impl SeatRole {
    /// The literal text of the badge.
    pub fn label(self) -> &'static str {
        match self {
            Self::Trainer => "Trainer",
            Self::Trainee => "Trainee",
        }
    }
}

/// How far a seat is on its way to a paired device.
#[derive(
    Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize, Display, EnumString, IntoStaticStr, VariantArray,
)]
#[serde(rename_all = "snake_case")]
#[strum(serialize_all = "snake_case")]
pub enum SeatStatus {
    /// No device yet.
    NeedsDevice,
    /// A pairing code is open.
    ReadyToPair,
    /// A device is paired.
    Active,
}

impl SeatStatus {
    /// The literal text of the badge.
    pub fn label(self) -> &'static str {
        match self {
            Self::NeedsDevice => "Needs device",
            Self::ReadyToPair => "Ready to pair",
            Self::Active => "Active",
        }
    }
}

/// The licence of one engineer to run sessions.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[allow(missing_docs)]
pub struct Seat {
    pub id: SeatId,
    pub tenant_id: TenantId,
    pub user_id: UserId,
    pub role: SeatRole,
    pub status: SeatStatus,
    pub created_at: Timestamp,
}
