//! Labels: captions that somebody wrote beside the work, one for each step ("Fetch water"), instead of speech.

use super::units::Said;
use crate::words;

/// Speech has 2 to 3 words a second; a label is shown for as long as its step takes.
const WORDS_PER_SECOND: f64 = 1.2;
/// No label is much longer than this, in words.
const WORDS: usize = 10;
/// Fewer units than this tell nothing.
const ENOUGH: usize = 3;
/// Words that people say and labels do without.
const SPOKEN: &[&str] = &[
    "i", "i'm", "i'll", "i've", "we", "we're", "we'll", "you", "you're", "it's", "this", "that's", "that", "let's",
    "lets", "so", "okay", "ok", "um", "uh", "is", "are", "yeah", "now", "here", "there's",
];

/// Whether what is said is labels.
pub fn are_labels(said: &[Said]) -> bool {
    let said: Vec<&Said> = said.iter().filter(|s| s.words > 0).collect();
    let median = |mut of: Vec<f64>| {
        of.sort_by(f64::total_cmp);
        of[of.len() / 2]
    };
    let spoken = |s: &&&Said| {
        let text = words::normalise(&s.text);
        text.split_whitespace().any(|w| SPOKEN.contains(&words::bare(w).as_str()))
    };
    said.len() >= ENOUGH
        && median(said.iter().map(|s| s.words as f64).collect()) <= WORDS as f64
        && median(said.iter().map(|s| s.words as f64 / (s.end - s.start).max(0.1)).collect()) < WORDS_PER_SECOND
        && said.iter().filter(spoken).count() * 10 <= said.len()
}
