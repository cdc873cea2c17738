//! Subject: what each segment is about, against the other segments of the session.

use super::{Said, phrase, thing::Thing, vocabulary::*};
use crate::words;
use std::collections::BTreeMap;

/// Whether no term comes twice.
fn differ(terms: &[String]) -> bool {
    terms.iter().enumerate().all(|(i, term)| !terms[..i].contains(term))
}

/// A name for what is spoken of.
struct Topic {
    said: f64,
    with_article: f64,
    written: String,
}

impl Topic {
    /// With "the" where it is mostly said so.
    fn name(&self) -> String {
        let plural = self.written.ends_with('s');
        let enough = if plural { 0.5 } else { 0.25 };
        if self.with_article >= enough * self.said { format!("the {}", self.written) } else { self.written.clone() }
    }
}

/// The terms of every segment.
pub struct Subject {
    /// How often each term is said in each segment.
    counts: Vec<BTreeMap<String, f64>>,
    /// How often each term is said in all.
    all: BTreeMap<String, f64>,
    /// Weight of each term in each segment, 0 to 1.
    weights: Vec<BTreeMap<String, f64>>,
}

impl Subject {
    /// Weighs the terms of each segment: often said here, seldom elsewhere (TF-IDF over segments).
    pub fn of(segments: &[Vec<Said>]) -> Self {
        let counts: Vec<BTreeMap<String, f64>> = segments
            .iter()
            .map(|said| {
                let mut counts = BTreeMap::new();
                let terms = said.iter().flat_map(|s| words::terms(&s.passage.text));
                terms.for_each(|t| *counts.entry(t).or_insert(0.0) += 1.0);
                counts
            })
            .collect();
        let (mut within, mut all): (BTreeMap<String, f64>, BTreeMap<String, f64>) = Default::default();
        for (term, n) in counts.iter().flatten() {
            *within.entry(term.clone()).or_insert(0.0) += 1.0;
            *all.entry(term.clone()).or_insert(0.0) += n;
        }
        let segments = counts.len() as f64;
        let weights = counts
            .iter()
            .map(|counts| {
                let weight = |term: &String, n: &f64| n.ln_1p() * (1.0 + segments / within[term]).ln();
                let most = counts.iter().map(|(t, n)| weight(t, n)).fold(1e-9, f64::max);
                counts.iter().map(|(t, n)| (t.clone(), weight(t, n) / most)).collect()
            })
            .collect();
        Self { counts, all, weights }
    }

    /// The weight of each term of a segment, 0 to 1.
    pub fn weights(&self, segment: usize) -> &BTreeMap<String, f64> {
        &self.weights[segment]
    }

    /// How much the terms stand for a segment, 0 to 1: mostly the one that does most.
    pub fn salience(&self, terms: &[String], segment: usize) -> f64 {
        let of = |t: &String| self.weights[segment].get(t).copied().unwrap_or(0.0);
        let most = terms.iter().map(of).fold(0.0, f64::max);
        0.7 * most + 0.3 * terms.iter().map(of).sum::<f64>() / terms.len().max(1) as f64
    }

    /// How often a term is said in a segment.
    pub fn count(&self, term: &str, segment: usize) -> f64 {
        self.counts[segment].get(term).copied().unwrap_or(0.0)
    }

    /// The share of the mentions of the first term that lie in other segments, 0 to 1.
    pub fn elsewhere(&self, terms: &[String], segment: usize) -> f64 {
        terms.last().map_or(0.0, |t| 1.0 - self.count(t, segment) / self.all.get(t).copied().unwrap_or(1.0).max(1.0))
    }

    /// Names of two to four words for what a segment speaks of more than once, best first; then its two main words.
    /// With how well each stands for the segment, on the scale of [`super::rank::Candidate`].
    pub fn keywords(&self, mentions: &[&Thing], segment: usize) -> Vec<(f64, String)> {
        let mut named: BTreeMap<Vec<String>, Topic> = BTreeMap::new();
        let mut single: BTreeMap<String, (f64, String)> = BTreeMap::new();
        for thing in mentions {
            let core: Vec<&String> = thing.core().iter().skip_while(|w| has(&QUALIFIERS, &w.to_lowercase())).collect();
            let written = core.iter().map(|w| w.as_str()).collect::<Vec<_>>().join(" ");
            let terms = words::terms(&written);
            if let Some(head) = core.last().filter(|w| w.chars().count() > 2) {
                single.entry(words::stem(&head.to_lowercase())).or_insert((0.0, (*head).clone())).0 += 1.0;
            }
            let counted = core.iter().any(|w| has(&COUNTS, &w.to_lowercase()) || has(&NUMERALS, &w.to_lowercase()));
            if (2..=4).contains(&core.len())
                && terms.len() == core.len()
                && differ(&terms)
                && !counted
                && phrase::is_sound(thing.core())
            {
                let topic = named.entry(terms).or_insert(Topic { said: 0.0, with_article: 0.0, written });
                topic.said += 1.0;
                topic.with_article += f64::from(u8::from(thing.articles > 0));
            }
        }
        let mut found: Vec<(f64, String)> = named
            .into_iter()
            .map(|(terms, topic)| {
                // What was named only once is better than nothing, where it says what the rest is about.
                let often = if topic.said < 2.0 { -0.6 } else { 0.5 * topic.said.ln() };
                (2.0 + 2.0 * self.salience(&terms, segment) + often, topic.name())
            })
            .filter(|(score, _)| *score >= 2.4)
            .collect();
        found.sort_by(|a, b| b.0.total_cmp(&a.0));
        let mut main: Vec<(f64, String)> = single
            .into_iter()
            .filter(|(_, (n, written))| *n >= 3.0 && !has(&VAGUE_ALONE, &written.to_lowercase()))
            .map(|(term, (n, written))| (self.salience(&[term], segment) * n, written))
            .collect();
        main.sort_by(|a, b| b.0.total_cmp(&a.0));
        let pair = (main.len() > 1).then(|| (3.0, format!("the {} and the {}", main[0].1, main[1].1)));
        found.into_iter().chain(pair).collect()
    }
}
