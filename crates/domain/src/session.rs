//! Session: one training run, from "Start training session" to "Stop training session".

use crate::{
    SeatId, SessionId, TaskId, TenantId, Timestamp, UserId, retention::Removed, score::ScoreCard, seat::SeatRole,
};
use serde::{Deserialize, Serialize};
use strum::{Display, EnumString, IntoStaticStr, VariantArray};

/// What the Dashboard shows, three values and no more.
#[derive(
    Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize, Display, EnumString, IntoStaticStr, VariantArray,
)]
#[serde(rename_all = "snake_case")]
#[strum(serialize_all = "snake_case")]
pub enum SessionStatus {
    /// Running on the glasses, uploading or being processed.
    InProgress,
    /// Finished and processed.
    Completed,
    /// Ended abnormally; `failure_reason` says how.
    Failed,
}

impl SessionStatus {
    /// The literal text of the badge.
    pub fn label(self) -> &'static str {
        match self {
            Self::InProgress => "In Progress",
            Self::Completed => "Completed",
            Self::Failed => "Failed",
        }
    }
}

/// Where a session really is, behind its status.
#[derive(
    Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize, Display, EnumString, IntoStaticStr, VariantArray,
)]
#[serde(rename_all = "snake_case")]
#[strum(serialize_all = "snake_case")]
pub enum Phase {
    /// Running on the glasses.
    Recording,
    /// Stopped; bytes of the recording are still on their way.
    Uploading,
    /// All bytes are here; the pipeline works.
    Processing,
    /// Nothing more happens by itself.
    Done,
}

/// Why a session is `Failed`.
#[derive(
    Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize, Display, EnumString, IntoStaticStr, VariantArray,
)]
#[serde(rename_all = "snake_case")]
#[strum(serialize_all = "snake_case")]
pub enum FailureReason {
    /// The device went silent, said that it crashed, or never finished its upload.
    EndedAbnormally,
    /// Stopped before any video was committed.
    NoRecording,
    /// The sound is missing for too much of the recording.
    AudioDropout,
    /// The camera saw nothing for too much of the recording.
    CameraOccluded,
    /// No piece of work could be told apart.
    NoProcedures,
    /// A step of the pipeline failed for good.
    ProcessingError,
}

impl FailureReason {
    /// One sentence for the manager who looks at the session.
    pub fn sentence(self) -> &'static str {
        match self {
            Self::EndedAbnormally => {
                "The session ended abnormally: the device stopped reporting before it was stopped. Whatever had arrived by then was kept."
            }
            Self::NoRecording => "The session was stopped before any video was recorded.",
            Self::AudioDropout => "The sound is missing from most of the recording, so the work could not be followed.",
            Self::CameraOccluded => "The camera was covered or dark for most of the recording.",
            Self::NoProcedures => "No piece of work could be recognised in the recording.",
            Self::ProcessingError => {
                "Processing stopped with an error. The recording is kept and can be processed again."
            }
        }
    }
}

/// One training run.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[allow(missing_docs)]
pub struct Session {
    pub id: SessionId,
    pub tenant_id: TenantId,
    pub seat_id: SeatId,
    pub user_id: UserId,
    pub task_id: Option<TaskId>,
    pub role: SeatRole,
    pub name: String,
    pub status: SessionStatus,
    pub phase: Phase,
    pub failure_reason: Option<FailureReason>,
    /// A sentence that adds to the reason what only this session knows, such as the step that failed.
    pub failure_detail: Option<String>,
    /// The device went silent: once what arrived is processed, the session fails with that as its reason.
    pub ended_abnormally: bool,
    pub started_at: Timestamp,
    pub last_heartbeat_at: Timestamp,
    pub stopped_at: Option<Timestamp>,
    pub completed_at: Option<Timestamp>,
    /// Length of the recording, once known.
    pub duration_seconds: Option<f64>,
    pub score: Option<ScoreCard>,
    pub summary: Option<String>,
    pub trainer_notes: Option<String>,
    /// What of it has gone by age.
    #[serde(default)]
    pub removed: Removed,
    /// When any of the above last changed.
    pub updated_at: Timestamp,
}

/// The name of a session: its task's title, else `Session 21 Nov 2026, 10:04` in the tenant's timezone.
pub fn session_name(task_title: Option<&str>, started_at: Timestamp, timezone: &str) -> String {
    match task_title.map(str::trim) {
        Some(title) if !title.is_empty() => title.to_owned(),
        _ => format!("Session {}", started_at.show(timezone)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_session_is_named_by_its_task_else_by_its_time() {
        let t = Timestamp(1_795_255_440_000_000);
        assert_eq!(session_name(Some(" Boiler service "), t, "UTC"), "Boiler service");
        assert_eq!(session_name(Some("  "), t, "UTC"), format!("Session {}", t.show("UTC")));
        assert!(session_name(None, t, "UTC").starts_with("Session "));
    }

    #[test]
    fn words_of_closed_sets_survive_the_database() {
        for status in SessionStatus::VARIANTS {
            assert_eq!(status.to_string().parse(), Ok(*status));
        }
        assert_eq!(FailureReason::AudioDropout.to_string(), "audio_dropout");
    }
}
