//! The prose summary: what was done, in what order, how long, what was unclear, and how it stands beside the trainer's.

use super::{Seen, name::Named, read, reference::Reference};
use crate::{Kit, StepError};
use domain::score::ScoreCard;
use extraction::summary;

/// Sums up the session; `None` when there is nothing to say.
pub async fn summarise(
    kit: &Kit,
    named: &Named,
    score: &ScoreCard,
    reference: Option<&Reference>,
    seen: Seen<'_>,
) -> Result<Option<String>, StepError> {
    let (transcript, signals) = read(kit, seen).await?;
    let alignment = reference.map(|r| r.beside(&named.drafts, &transcript));
    let alignment = alignment.as_ref();
    let built_in = summary::summarise_against(&named.drafts, &transcript, score, &signals, seen.2, alignment);
    // The model tells; the built-in summary measured what no model knows.
    let told = named.language.as_ref().and_then(|l| l.summary.clone());
    let sentences: Vec<String> = told.into_iter().chain(built_in).collect();
    Ok((!sentences.is_empty()).then(|| sentences.join(" ")))
}
