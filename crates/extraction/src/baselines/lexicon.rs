//! Lexicon: the terms of utterances as numbers, so that counts are cheap to compare.

use crate::words;
use domain::utterance::Utterance;
use std::collections::{BTreeMap, HashMap};
use unicode_segmentation::UnicodeSegmentation;

/// How often each term occurs. Ordered, so that sums come out the same every time.
pub type Counts = BTreeMap<u32, f64>;

/// Gives each stem a number.
#[derive(Default)]
pub struct Lexicon {
    ids: HashMap<String, u32>,
}

impl Lexicon {
    /// The words of an utterance in order: the number of the word's stem, `None` for a word without subject matter.
    pub fn words(&mut self, utterance: &Utterance) -> Vec<Option<u32>> {
        utterance.text.unicode_words().map(|word| words::terms(word).pop().map(|stem| self.id(stem))).collect()
    }

    /// How often each term occurs in an utterance.
    pub fn counts(&mut self, utterance: &Utterance) -> Counts {
        let mut counts = Counts::new();
        self.words(utterance).into_iter().flatten().for_each(|id| *counts.entry(id).or_default() += 1.0);
        counts
    }

    fn id(&mut self, stem: String) -> u32 {
        let next = self.ids.len() as u32;
        *self.ids.entry(stem).or_insert(next)
    }
}

/// Adds the counts of one to those of another.
pub fn add(to: &mut Counts, from: &Counts) {
    from.iter().for_each(|(id, n)| *to.entry(*id).or_default() += n);
}

/// Cosine of two vectors; 0 where one is empty.
pub fn cosine(a: &Counts, b: &Counts) -> f64 {
    let squared = |of: &Counts| of.values().map(|n| n * n).sum::<f64>();
    let dot: f64 = a.iter().filter_map(|(id, n)| b.get(id).map(|m| n * m)).sum();
    if dot > 0.0 { dot / (squared(a) * squared(b)).sqrt() } else { 0.0 }
}
