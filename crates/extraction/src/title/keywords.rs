//! Keywords: what a segment is about, against the other segments of the session.

use super::Passage;
use crate::{
    verbs,
    words::{self, bare, ends_clause, is_stop},
};
use std::collections::{BTreeMap, HashMap};

/// The subject matter of every segment.
pub struct Subject {
    /// Weight of each term in each segment, 0 to 1.
    weights: Vec<HashMap<String, f64>>,
}

impl Subject {
    /// Weighs the terms of each segment: often said here, seldom elsewhere.
    pub fn of(segments: &[Vec<Passage>]) -> Self {
        let counts: Vec<HashMap<String, f64>> = segments
            .iter()
            .map(|passages| {
                let mut counts = HashMap::new();
                passages
                    .iter()
                    .flat_map(|p| words::terms(&p.text))
                    .for_each(|t| *counts.entry(t).or_insert(0.0) += 1.0);
                counts
            })
            .collect();
        let mut within: HashMap<String, f64> = HashMap::new();
        counts.iter().flat_map(|c| c.keys()).for_each(|t| *within.entry(t.clone()).or_insert(0.0) += 1.0);
        let all = segments.len() as f64;
        let weights = counts
            .iter()
            .map(|counts| {
                let weight = |term: &String, n: &f64| n.ln_1p() * (1.0 + all / within[term]).ln();
                let most = counts.iter().map(|(t, n)| weight(t, n)).fold(1e-9, f64::max);
                counts.iter().map(|(t, n)| (t.clone(), weight(t, n) / most)).collect()
            })
            .collect();
        Self { weights }
    }

    /// How much the terms stand for a segment, 0 to 1: mostly the one that does most.
    pub fn salience(&self, terms: &[String], segment: usize) -> f64 {
        let mut found: Vec<f64> = terms.iter().map(|t| self.weights[segment].get(t).copied().unwrap_or(0.0)).collect();
        found.sort_by(|a, b| b.total_cmp(a));
        0.8 * found.first().unwrap_or(&0.0) + 0.2 * found.get(1).unwrap_or(&0.0)
    }

    /// Titles of two or three words that are said more than once in a segment, best first; then its two main words.
    pub fn keywords(&self, passages: &[Passage], segment: usize) -> Vec<String> {
        let mut runs: BTreeMap<Vec<String>, (f64, String)> = BTreeMap::new();
        let mut single: BTreeMap<String, (f64, String)> = BTreeMap::new();
        for clause in passages.iter().flat_map(|p| clauses(&p.text)) {
            for length in 1..=3 {
                for words in clause.windows(length).filter(|w| w.iter().all(|(_, term)| !term.is_empty())) {
                    let written = words.iter().map(|(w, _)| *w).collect::<Vec<_>>().join(" ");
                    let terms: Vec<String> = words.iter().map(|(_, t)| t.clone()).collect();
                    match length {
                        1 => single.entry(terms[0].clone()).or_insert((0.0, written)).0 += 1.0,
                        _ if terms[0] == terms[1] => {}
                        _ => runs.entry(terms).or_insert((0.0, written)).0 += 1.0,
                    }
                }
            }
        }
        let mut found: Vec<(f64, String)> = runs
            .into_iter()
            .filter(|(_, (n, _))| *n >= 2.0)
            .map(|(terms, (n, written))| (self.salience(&terms, segment) * n * terms.len() as f64, written))
            .collect();
        found.sort_by(|a, b| b.0.total_cmp(&a.0));
        let mut main: Vec<(f64, String)> = single
            .into_iter()
            .filter(|(_, (n, written))| *n >= 3.0 && verbs::verb(&written.to_lowercase()).is_none())
            .map(|(term, (n, written))| (self.salience(&[term], segment) * n, written))
            .collect();
        main.sort_by(|a, b| b.0.total_cmp(&a.0));
        let pair = (main.len() > 1).then(|| format!("{} and {}", main[0].1, main[1].1));
        found.into_iter().map(|(_, written)| plain_case(&written)).chain(pair.map(|p| plain_case(&p))).collect()
    }
}

/// The words of each clause as written, with their terms; the term of a word without subject matter is empty.
fn clauses(text: &str) -> Vec<Vec<(&str, String)>> {
    let words: Vec<&str> = text.split_whitespace().collect();
    let token = |w: &&'_ str| {
        let lower = bare(&words::normalise(w));
        let content =
            !is_stop(&lower) && lower.chars().all(|c| c.is_alphabetic() || c == '-') && !words::is_adverb(&lower);
        if content { words::stem(&lower) } else { String::new() }
    };
    words
        .split_inclusive(|w| ends_clause(w))
        .map(|clause| clause.iter().map(|w| (w.trim_matches(|c: char| !c.is_alphanumeric()), token(w))).collect())
        .collect()
}

/// Sentence case: a word that is only capitalised, not an abbreviation, starts small.
fn plain_case(title: &str) -> String {
    let small = |word: &str| match word.chars().skip(1).any(char::is_uppercase) {
        true => word.to_owned(),
        false => word.to_lowercase(),
    };
    title.split(' ').map(small).collect::<Vec<_>>().join(" ")
}
