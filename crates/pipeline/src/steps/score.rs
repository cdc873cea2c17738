//! Step 5, scoring: named criteria, each with its reason and its evidence.

use super::{Seen, name::Named, read, reference::Reference};
use crate::{Kit, StepError};
use domain::score::ScoreCard;
use extraction::score;

/// Scores the session, beside the trainer's where there is one.
pub async fn score(
    kit: &Kit,
    named: &Named,
    reference: Option<&Reference>,
    seen: Seen<'_>,
) -> Result<ScoreCard, StepError> {
    let (transcript, signals) = read(kit, seen).await?;
    let alignment = reference.map(|r| r.beside(&named.drafts, &transcript));
    let card = score::score_against(&named.drafts, &transcript, &signals, seen.2, alignment.as_ref());
    Ok(match &named.language {
        Some(language) => language.judge(card, &transcript, &signals),
        None => card,
    })
}
