//! TF-IDF block similarity: as TextTiling, but the blocks are seconds of speech before and after an utterance, terms are
//! weighted by inverse document frequency (K. Spärck Jones 1972; a document is thirty seconds of speech), and any start
//! of an utterance may be a boundary. The threshold on depth is TextTiling's.

use super::{
    depth,
    lexicon::{Counts, Lexicon, add, cosine},
};
use domain::utterance::Utterance;
use std::collections::HashSet;

/// What is left to choose.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Parameters {
    /// Length of a block, in seconds.
    pub block_seconds: f64,
    /// Similarities are averaged over so many neighbours on either side.
    pub smoothing: usize,
    /// A boundary is deeper than mean + so many standard deviations.
    pub cutoff: f64,
}

impl Default for Parameters {
    fn default() -> Self {
        Self { block_seconds: 60.0, smoothing: 1, cutoff: -0.5 }
    }
}

/// Length of a document, in seconds.
const DOCUMENT: f64 = 30.0;

/// Indices of the utterances at whose start a boundary lies, in order. Boundaries are
/// half a block apart, and from both ends.
pub fn cuts(said: &[Utterance], parameters: &Parameters) -> Vec<usize> {
    let weighted = weighted(said);
    let block = |from: usize, to: usize| {
        weighted[from..to].iter().fold(Counts::new(), |mut sum, counts| {
            add(&mut sum, counts);
            sum
        })
    };
    let seconds = parameters.block_seconds;
    let end = said.iter().map(|u| u.end).fold(0.0, f64::max);
    let inner: Vec<usize> =
        (1..said.len()).filter(|i| said[*i].start.min(end - said[*i].start) >= seconds / 2.0).collect();
    let similarity = |i: &usize| {
        let i = *i;
        let from = said.partition_point(|u| u.start < said[i].start - seconds);
        let to = said.partition_point(|u| u.start < said[i].start + seconds).max(i);
        cosine(&block(from.min(i), i), &block(i, to))
    };
    let similar: Vec<f64> = inner.iter().map(similarity).collect();
    let depths = depth::depths(&depth::smoothed(&similar, parameters.smoothing));
    let valleys = depth::valleys(&depths, parameters.cutoff, seconds / 2.0, |gap| said[inner[gap]].start);
    valleys.into_iter().map(|gap| inner[gap]).collect()
}

/// Terms of each utterance, weighted by how few documents hold them.
fn weighted(said: &[Utterance]) -> Vec<Counts> {
    let mut lexicon = Lexicon::default();
    let mut counts: Vec<Counts> = said.iter().map(|u| lexicon.counts(u)).collect();
    let seen: HashSet<(u32, u64)> = counts
        .iter()
        .zip(said)
        .flat_map(|(c, u)| c.keys().map(move |id| (*id, (u.start.max(0.0) / DOCUMENT) as u64)))
        .collect();
    let documents = seen.iter().map(|(_, document)| document).collect::<HashSet<_>>().len() as f64;
    let mut frequency = Counts::new();
    seen.iter().for_each(|(id, _)| *frequency.entry(*id).or_default() += 1.0);
    for (id, n) in counts.iter_mut().flatten() {
        *n *= (1.0 + documents / frequency[id]).ln();
    }
    counts
}
