//! The steps, a file each, in the order in which they run.

pub mod receive;

pub mod transcribe;

pub mod observe;
mod still;

pub mod segment;

pub mod name;

pub mod language;

pub mod clip;

pub mod reference;

pub mod score;

pub mod summarise;

use crate::{Kit, StepError};
use domain::{signals::Signals, utterance::Transcript};
use extraction::Options;

/// What the steps from segmentation on look at.
pub type Seen<'a> = (&'a transcribe::Transcribed, &'a observe::Observed, &'a Options);

pub(crate) async fn read(kit: &Kit, seen: Seen<'_>) -> Result<(Transcript, Signals), StepError> {
    Ok((kit.read_document(&seen.0.transcript).await?, kit.read_document(&seen.1.signals).await?))
}
