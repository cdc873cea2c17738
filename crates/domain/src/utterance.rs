//! Utterance: one piece of speech; a transcript is all of them, in order.

use crate::Span;
use serde::{Deserialize, Serialize};
use strum::{Display, EnumString, IntoStaticStr, VariantArray};

/// Who spoke.
#[derive(
    Clone,
    Copy,
    Debug,
    Default,
    PartialEq,
    Eq,
    Hash,
    Serialize,
    Deserialize,
    Display,
    EnumString,
    IntoStaticStr,
    VariantArray,
)]
#[serde(rename_all = "snake_case")]
#[strum(serialize_all = "snake_case")]
pub enum Speaker {
    /// Who wears the glasses.
    #[default]
    Engineer,
    /// The live assistant.
    Assistant,
}

/// One word of an utterance.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[allow(missing_docs)]
pub struct Word {
    pub text: String,
    /// Seconds from the start of the recording.
    pub start: f64,
    /// Seconds from the start of the recording.
    pub end: f64,
    /// Probability that the word was said, 0 to 1.
    pub confidence: f32,
}

/// One piece of speech.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[allow(missing_docs)]
pub struct Utterance {
    #[serde(default)]
    pub speaker: Speaker,
    /// Seconds from the start of the recording.
    pub start: f64,
    /// Seconds from the start of the recording.
    pub end: f64,
    pub text: String,
    /// Probability that the text is right, 0 to 1; 1 for captions that a person or device brought.
    #[serde(default = "one")]
    pub confidence: f32,
    /// Empty where the source gives no word times.
    #[serde(default)]
    pub words: Vec<Word>,
}

fn one() -> f32 {
    1.0
}

/// Where a transcript comes from.
#[derive(
    Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize, Display, EnumString, IntoStaticStr, VariantArray,
)]
#[serde(rename_all = "snake_case")]
#[strum(serialize_all = "snake_case")]
pub enum TranscriptSource {
    /// WebVTT or SRT that was uploaded beside the recording.
    Captions,
    /// A caption track inside the recording.
    EmbeddedTrack,
    /// Utterances that the device sent.
    Device,
    /// whisper.cpp.
    Whisper,
    /// PocketSphinx.
    Pocketsphinx,
    /// There was no speech, or nothing to recognise it with.
    Nothing,
}

/// All speech of a recording, ordered by start.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[allow(missing_docs)]
pub struct Transcript {
    pub source: TranscriptSource,
    pub utterances: Vec<Utterance>,
    /// Where a voice was heard, whether or not its words are known; empty where nobody listened.
    #[serde(default)]
    pub voiced: Vec<Span>,
}

impl Transcript {
    /// A transcript in which nothing was said.
    pub fn silent() -> Self {
        Self { source: TranscriptSource::Nothing, utterances: Vec::new(), voiced: Vec::new() }
    }
}
