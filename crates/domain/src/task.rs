//! Task: a unit of work from an integration or made by hand.

use crate::{TaskId, TenantId, Timestamp, UserId};
use serde::{Deserialize, Serialize};
use strum::{Display, EnumString, IntoStaticStr, VariantArray};

/// How far a task is.
#[derive(
    Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize, Display, EnumString, IntoStaticStr, VariantArray,
)]
#[serde(rename_all = "snake_case")]
#[strum(serialize_all = "snake_case")]
pub enum TaskStatus {
    /// Not begun.
    Open,
    /// Being worked on.
    InProgress,
    /// Done.
    Completed,
    /// Given up.
    Cancelled,
}

impl TaskStatus {
    /// The literal text of the badge.
    pub fn label(self) -> &'static str {
        match self {
            Self::Open => "Open",
            Self::InProgress => "In Progress",
            Self::Completed => "Completed",
            Self::Cancelled => "Cancelled",
        }
    }
}

/// Where a task comes from.
#[derive(
    Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize, Display, EnumString, IntoStaticStr, VariantArray,
)]
#[serde(rename_all = "lowercase")]
#[strum(serialize_all = "lowercase")]
pub enum TaskSource {
    /// Jobber.
    Jobber,
    /// ServiceM8.
    ServiceM8,
    /// Made by hand in the Dashboard.
    Manual,
    /// Made through the API.
    Api,
}

/// A unit of work.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[allow(missing_docs)]
pub struct Task {
    pub id: TaskId,
    pub tenant_id: TenantId,
    pub title: String,
    pub description: String,
    pub status: TaskStatus,
    pub priority: Option<String>,
    pub source: TaskSource,
    pub external_id: Option<String>,
    pub external_url: Option<String>,
    pub assigned_to: Option<UserId>,
    pub due_date: Option<Timestamp>,
    pub created_at: Timestamp,
}
