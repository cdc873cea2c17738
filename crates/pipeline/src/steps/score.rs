//! Step 5, scoring: named criteria, each with its reason and its evidence.

use super::{Seen, read};
use crate::{Kit, StepError};
use domain::{procedure::ProcedureDraft, score::ScoreCard};

/// Scores the session.
pub async fn score(kit: &Kit, drafts: &[ProcedureDraft], seen: Seen<'_>) -> Result<ScoreCard, StepError> {
    let (transcript, signals) = read(kit, seen).await?;
    Ok(extraction::score::score(drafts, &transcript, &signals, seen.2))
}
