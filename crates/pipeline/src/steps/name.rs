//! Step 3, naming and description.

use super::{Seen, read};
use crate::{Kit, StepError};
use domain::{
    procedure::{ProcedureDraft, ProcedureStatus},
    session::FailureReason,
};
use extraction::Segment;

/// Names and describes the pieces of work. When none is good enough to be shown, the recording is rejected.
pub async fn name(kit: &Kit, segments: &[Segment], seen: Seen<'_>) -> Result<Vec<ProcedureDraft>, StepError> {
    let (transcript, signals) = read(kit, seen).await?;
    let drafts = extraction::name(segments, &transcript, &signals, seen.2);
    if !drafts.iter().any(|d| d.status == ProcedureStatus::Approved) {
        let mut sentence = extraction::quality::why_nothing(&transcript, &signals);
        if let Some(reason) = drafts.iter().find_map(|d| d.excluded_reason.as_deref()) {
            sentence = format!("{sentence} {reason}");
        }
        return Err(StepError::rejected(FailureReason::NoProcedures, sentence));
    }
    Ok(drafts)
}
