//! The prose summary: what was done, in what order, how long, what was unclear, and how it stands beside the trainer's.

use super::{Seen, read, reference::Reference};
use crate::{Kit, StepError};
use domain::{procedure::ProcedureDraft, score::ScoreCard};

/// Sums up the session; `None` when there is nothing to say.
pub async fn summarise(
    kit: &Kit,
    drafts: &[ProcedureDraft],
    score: &ScoreCard,
    reference: Option<&Reference>,
    seen: Seen<'_>,
) -> Result<Option<String>, StepError> {
    let (transcript, signals) = read(kit, seen).await?;
    let alignment = reference.map(|r| r.beside(drafts, &transcript));
    let alignment = alignment.as_ref();
    Ok(extraction::summary::summarise_against(drafts, &transcript, score, &signals, seen.2, alignment))
}
