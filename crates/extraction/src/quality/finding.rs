//! A finding: a fault, the seconds that it holds, and a sentence.

use super::stretches::{said, seconds};
use domain::Span;
use serde::{Deserialize, Serialize};

/// What can be wrong with a recording.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Fault {
    /// The sound is missing, all of it or again and again.
    SoundMissing,
    /// Something lies before the lens: a hand, cloth.
    CameraCovered,
    /// The camera sees no light: a cap, an unlit room.
    CameraDark,
    /// The camera is covered or in the dark, and the sound is muffled by cloth.
    InPocket,
    /// The same picture comes again and again.
    PictureFrozen,
    /// No picture comes, or none any more, though the sound goes on.
    PictureMissing,
    /// Nobody speaks and nothing moves.
    NothingHappens,
}

/// A fault, and where it lies.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Finding {
    /// What is wrong.
    pub fault: Fault,
    /// Where, in seconds of the recording, in order and apart.
    pub spans: Vec<Span>,
    /// Length of the spans together, in seconds.
    pub seconds: f64,
    /// The same as a share of the recording, 0 to 1.
    pub share: f64,
    /// One sentence for a person, with the times.
    pub sentence: String,
}

impl Finding {
    pub(super) fn of(fault: Fault, spans: Vec<Span>, duration: f64, silent: bool) -> Self {
        let seconds = seconds(&spans);
        let what = match fault {
            Fault::SoundMissing if silent => "There is no sound track, so nothing is heard",
            Fault::SoundMissing if spans.len() > 5 => "The sound drops out again and again, most",
            Fault::SoundMissing => "The sound is missing",
            Fault::CameraCovered => "The camera was covered",
            Fault::CameraDark => "The camera was covered or in the dark",
            Fault::InPocket => "The camera was covered and the sound muffled, as in a pocket,",
            Fault::PictureFrozen => "The picture stands still",
            Fault::PictureMissing => "No picture was recorded",
            Fault::NothingHappens => "Nobody speaks and nothing moves",
        };
        let sentence = format!("{what} {}.", said(&spans, duration));
        Self { fault, share: (seconds / duration.max(1.0)).min(1.0), seconds, spans, sentence }
    }
}
