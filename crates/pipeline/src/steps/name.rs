//! Step 3, naming and description. Where a language model is configured, it is asked here, and what of its answer can be
//! believed is merged with the built-in result.

use super::{
    Seen,
    language::{self, Consulted},
    read,
    receive::Received,
};
use crate::{Kit, StepError, Target};
use domain::{
    procedure::{ProcedureDraft, ProcedureStatus},
    session::FailureReason,
};
use extraction::Segment;
use serde::{Deserialize, Serialize};

/// The pieces of work with their names, and what a language model had to do with it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Named {
    /// Everything found, approved and excluded.
    pub drafts: Vec<ProcedureDraft>,
    /// `None` where no language model was asked.
    pub language: Option<Consulted>,
}

/// Names and describes the pieces of work. When none is good enough to be shown, the recording is rejected.
pub async fn name(
    kit: &Kit,
    target: Target,
    received: &Received,
    segments: &[Segment],
    seen: Seen<'_>,
) -> Result<Named, StepError> {
    let (transcript, signals) = read(kit, seen).await?;
    let drafts = extraction::name(segments, &transcript, &signals, seen.2);
    if !drafts.iter().any(|d| d.status == ProcedureStatus::Approved) {
        let mut sentence = extraction::quality::why_nothing(&transcript, &signals);
        let told = drafts.iter().find_map(|d| d.excluded_reason.as_deref()).is_some_and(|why| sentence.contains(why));
        if let Some(reason) = extraction::quality::why_excluded(&drafts).filter(|_| !told) {
            sentence = format!("{sentence} {reason}");
        }
        return Err(StepError::rejected(FailureReason::NoProcedures, sentence));
    }
    let Some(language) = &kit.language else { return Ok(Named { drafts, language: None }) };
    let known = (&transcript, &signals, seen.2);
    language::consult(kit, target, language, received, (segments, drafts), known).await
}
