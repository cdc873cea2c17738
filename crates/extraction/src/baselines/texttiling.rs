//! TextTiling by block comparison: M. A. Hearst, "TextTiling: Segmenting Text into Multi-paragraph Subtopic Passages",
//! Computational Linguistics 23(1), 1997. Speech has no paragraphs, so a boundary moves to the nearest start of an
//! utterance.

use super::{
    depth,
    lexicon::{Counts, Lexicon, add, cosine},
};
use domain::utterance::Utterance;

/// What the paper leaves to choose; the defaults are the paper's.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Parameters {
    /// Words of a token sequence (w of the paper), words without subject matter counted.
    pub sequence_words: usize,
    /// Token sequences of a block (k of the paper).
    pub block: usize,
    /// Similarities are averaged over so many neighbours on either side.
    pub smoothing: usize,
    /// A boundary is deeper than mean + so many standard deviations: -0.5 is the paper's HC, -1 its LC.
    pub cutoff: f64,
}

impl Default for Parameters {
    fn default() -> Self {
        Self { sequence_words: 20, block: 10, smoothing: 1, cutoff: -0.5 }
    }
}

/// Token sequences from one boundary to the next: three of them stand between.
const APART: f64 = 4.0;

/// Indices of the utterances at whose start a boundary lies, in order.
pub fn cuts(said: &[Utterance], parameters: &Parameters) -> Vec<usize> {
    let mut lexicon = Lexicon::default();
    let mut words = Vec::new();
    let mut starts = Vec::with_capacity(said.len());
    for utterance in said {
        starts.push(words.len());
        words.extend(lexicon.words(utterance));
    }
    let sequences: Vec<Counts> = words
        .chunks(parameters.sequence_words.max(1))
        .map(|sequence| {
            let mut counts = Counts::new();
            sequence.iter().flatten().for_each(|id| *counts.entry(*id).or_default() += 1.0);
            counts
        })
        .collect();
    let similar: Vec<f64> = (1..sequences.len()).map(|gap| similarity(&sequences, gap, parameters.block)).collect();
    let depths = depth::depths(&depth::smoothed(&similar, parameters.smoothing));
    let valleys = depth::valleys(&depths, parameters.cutoff, APART, |gap| gap as f64);
    let mut cuts: Vec<usize> =
        valleys.into_iter().map(|gap| nearest(&starts, (gap + 1) * parameters.sequence_words)).collect();
    cuts.dedup();
    cuts
}

/// Cosine of the blocks before and after a gap; near an end both are as long as the shorter.
fn similarity(sequences: &[Counts], gap: usize, block: usize) -> f64 {
    let reach = block.max(1).min(gap).min(sequences.len() - gap);
    let sum = |of: &[Counts]| {
        of.iter().fold(Counts::new(), |mut sum, counts| {
            add(&mut sum, counts);
            sum
        })
    };
    cosine(&sum(&sequences[gap - reach..gap]), &sum(&sequences[gap..gap + reach]))
}

/// The utterance whose first word is nearest to a word; `starts` must not be empty.
fn nearest(starts: &[usize], word: usize) -> usize {
    let after = starts.partition_point(|start| *start < word).min(starts.len() - 1);
    let before = after.saturating_sub(1);
    if word.abs_diff(starts[before]) <= word.abs_diff(starts[after]) { before } else { after }
}
