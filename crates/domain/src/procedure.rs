//! Procedure: one piece of work found in a session.

use crate::{ProcedureId, SessionId, TenantId, Timestamp};
use serde::{Deserialize, Serialize};
use strum::{Display, EnumString, IntoStaticStr, VariantArray};

/// Whether a procedure is shown. Nobody is asked: the pipeline decides.
#[derive(
    Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize, Display, EnumString, IntoStaticStr, VariantArray,
)]
#[serde(rename_all = "snake_case")]
#[strum(serialize_all = "snake_case")]
pub enum ProcedureStatus {
    /// Shown.
    Approved,
    /// Too weak; kept with its reason, not shown.
    Excluded,
}

/// A procedure as extraction finds it, before it has a clip.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[allow(missing_docs)]
pub struct ProcedureDraft {
    pub procedure_name: String,
    /// One or two sentences; may be empty.
    pub description: String,
    /// Seconds from the start of the recording.
    pub start_seconds: f64,
    /// Seconds from the start of the recording.
    pub end_seconds: f64,
    pub status: ProcedureStatus,
    /// Why it is excluded, as a sentence.
    pub excluded_reason: Option<String>,
}

/// A procedure as it is kept.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[allow(missing_docs)]
pub struct Procedure {
    pub id: ProcedureId,
    pub tenant_id: TenantId,
    pub session_id: SessionId,
    /// From 1, in the order of the recording.
    pub number: u32,
    pub procedure_name: String,
    pub description: String,
    pub start_seconds: f64,
    pub end_seconds: f64,
    /// Length of the clip, which starts at the keyframe at or before `start_seconds`.
    pub duration_seconds: f64,
    pub status: ProcedureStatus,
    pub excluded_reason: Option<String>,
    /// Key of the clip in object storage.
    pub video_key: Option<String>,
    /// Key of the thumbnail in object storage.
    pub thumbnail_key: Option<String>,
    pub created_at: Timestamp,
}

impl Procedure {
    /// As extraction found it.
    pub fn draft(&self) -> ProcedureDraft {
        ProcedureDraft {
            procedure_name: self.procedure_name.clone(),
            description: self.description.clone(),
            start_seconds: self.start_seconds,
            end_seconds: self.end_seconds,
            status: self.status,
            excluded_reason: self.excluded_reason.clone(),
        }
    }
}
