//! Signals: everything that speaks for or against a boundary or a segment, by name.

use strum::VariantArray;

/// A signal; its number is its place in [`Values`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, VariantArray)]
#[repr(usize)]
pub enum Signal {
    /// "next", "moving on", "the second job".
    MovesOn,
    /// "Next, I remove the casing": a piece of work with its place among others.
    AnnouncesStep,
    /// "let's …", "I'm going to …".
    Announces,
    /// "okay", "so", "right".
    Opens,
    /// Before it: "that's done", "cool", "thanks".
    Ended,
    /// "and", "because": goes on with the thought before.
    GoesOn,
    /// Begins in the middle of a sentence.
    MidSentence,
    /// Near the end of the recording: "thanks for watching", "that's how …".
    Closes,
    /// Square of the rank of the pause before among the pauses of the recording, 0 to 1.
    PauseRank,
    /// Logarithm of the pause before.
    Pause,
    /// Logarithm of the speaking rate after over that before.
    Rate,
    /// How much less the words before resemble those after than elsewhere, in standard deviations, narrow windows.
    Dip,
    /// The same over windows twice as wide.
    WideDip,
    /// Logarithm of the new terms (parts, tools, places) named after over those named before.
    NewTerms,
    /// Share of this utterance's terms that the one before had too.
    Repeats,
    /// The dip of sentence embeddings, narrow windows; 0 without a model.
    MeaningDip,
    /// The same over windows twice as wide.
    WideMeaningDip,
    /// Cosine of the sentence embeddings of this utterance and the one before.
    SameMeaning,
    /// The scene before differs from the scene after, 0 to 2.
    Scene,
    /// Somebody speaks again after a long silence.
    Resumes,
    /// One for every boundary.
    Boundary,
    /// Logarithm of the length over the typical one, for segments between others.
    Length,
    /// Its square.
    LengthSquared,
    /// The same for the segment that opens the recording.
    FirstLength,
    /// Its square.
    FirstLengthSquared,
    /// The same for the segment that closes the recording.
    LastLength,
    /// Its square.
    LastLengthSquared,
    /// Scatter of what is said within.
    Scatter,
    /// Logarithm of the number of utterances within.
    Utterances,
    /// There is one utterance within.
    OneUtterance,
}

/// Number of signals.
pub const COUNT: usize = Signal::VARIANTS.len();

/// A number for each signal: what was measured, or what it weighs.
pub type Values = [f64; COUNT];

/// Values that are zero but for those given.
pub const fn values<const N: usize>(of: [(Signal, f64); N]) -> Values {
    let mut values = [0.0; COUNT];
    let mut i = 0;
    while i < N {
        values[of[i].0 as usize] = of[i].1;
        i += 1;
    }
    values
}
