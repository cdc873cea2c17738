//! The prose summary: what was done, in what order, how long, what was unclear.

use super::{Seen, read};
use crate::{Kit, StepError};
use domain::{procedure::ProcedureDraft, score::ScoreCard};

/// Sums up the session; `None` when there is nothing to say.
pub async fn summarise(
    kit: &Kit,
    drafts: &[ProcedureDraft],
    score: &ScoreCard,
    seen: Seen<'_>,
) -> Result<Option<String>, StepError> {
    let (transcript, signals) = read(kit, seen).await?;
    Ok(extraction::summary::summarise(drafts, &transcript, score, &signals, seen.2))
}
