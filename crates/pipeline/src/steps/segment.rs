//! Step 2, procedure segmentation: is there anything to see, and where does one piece of work end.

use super::{Seen, read};
use crate::{Kit, StepError, sentences};
use domain::session::FailureReason;
use extraction::{Segment, boundaries, quality};
use inference::embedding::Embedder;
use std::sync::Arc;

/// Finds the pieces of work. A recording in which there are none is rejected.
pub async fn segment(kit: &Kit, seen: Seen<'_>, model: Option<Arc<Embedder>>) -> Result<Vec<Segment>, StepError> {
    let (transcript, signals) = read(kit, seen).await?;
    if let Err(rejection) = quality::check(&transcript, &signals) {
        return Err(StepError::rejected(rejection.reason, rejection.sentence));
    }
    let meanings = sentences::meanings(model, &transcript.utterances).await?;
    let segments = boundaries::segment(&transcript, &signals, seen.2, &meanings);
    if segments.is_empty() {
        return Err(StepError::rejected(FailureReason::NoProcedures, quality::why_nothing(&transcript, &signals)));
    }
    Ok(segments)
}
