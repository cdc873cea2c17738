//! Step 5, scoring: named criteria, each with its reason and its evidence.

use super::{Seen, read, reference::Reference};
use crate::{Kit, StepError};
use domain::{procedure::ProcedureDraft, score::ScoreCard};

/// Scores the session, beside the trainer's where there is one.
pub async fn score(
    kit: &Kit,
    drafts: &[ProcedureDraft],
    reference: Option<&Reference>,
    seen: Seen<'_>,
) -> Result<ScoreCard, StepError> {
    let (transcript, signals) = read(kit, seen).await?;
    let alignment = reference.map(|r| r.beside(drafts, &transcript));
    Ok(extraction::score::score_against(drafts, &transcript, &signals, seen.2, alignment.as_ref()))
}
