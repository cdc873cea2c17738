//! Units: the utterances of a transcript as vectors of their terms.

use crate::{language::Language, words};
use domain::utterance::Utterance;
use std::collections::{BTreeMap, HashMap};

/// More utterances than this are joined by neighbours, so that the cost stays bounded.
const MOST_UNITS: usize = 4_000;
/// Terms of one unit, at most.
const MOST_TERMS: usize = 60;
/// Seconds of speech that count as one document.
const DOCUMENT: f64 = 30.0;

/// Terms with their weights, sorted by term.
pub type Terms = Vec<(u32, f32)>;

/// The smallest things that are never cut, in order.
#[derive(Clone, Debug)]
pub struct Units {
    /// What is said in each.
    pub said: Vec<Said>,
    /// TF-IDF weights of the terms of each unit.
    pub terms: Vec<Terms>,
    /// Terms of each unit that were not said before.
    pub new_terms: Vec<u32>,
    /// Sentence embedding of each unit, any length; empty without a model.
    pub meanings: Vec<Vec<f32>>,
    /// What is spoken in all of them.
    pub language: Language,
}

/// What one unit says.
#[derive(Clone, Debug, Default)]
pub struct Said {
    /// Seconds from the start of the recording.
    pub start: f64,
    /// Seconds from the start of the recording.
    pub end: f64,
    /// Its confident words.
    pub text: String,
    /// Number of those words.
    pub words: usize,
}

impl Units {
    /// One unit per utterance, in order; `meanings` holds a vector per utterance or nothing.
    pub fn of(utterances: &[Utterance], meanings: &[Vec<f32>]) -> Self {
        let per_unit = utterances.len().div_ceil(MOST_UNITS).max(1);
        let said: Vec<Said> = utterances.chunks(per_unit).map(Said::of).collect();
        let language = Language::of(said.iter().map(|s| s.text.as_str()));
        let (terms, new_terms) = weighted_terms(&said, language);
        let meanings = meanings.chunks(per_unit).map(sum).collect();
        Self { said, terms, new_terms, meanings, language }
    }

    /// Seconds at which each unit starts.
    pub fn starts(&self) -> Vec<f64> {
        self.said.iter().map(|s| s.start).collect()
    }

    /// Number of terms of the recording.
    pub fn vocabulary(&self) -> usize {
        self.terms.iter().filter_map(|c| c.last()).map(|(id, _)| *id as usize + 1).max().unwrap_or(0)
    }

    /// Each unit's terms, smoothed over its neighbours by a window of this standard deviation in seconds and brought to
    /// length one.
    pub fn directions(&self, smoothing: f64) -> Vec<Terms> {
        let n = self.said.len();
        (0..n)
            .map(|i| {
                let mut sum: BTreeMap<u32, f32> = BTreeMap::new();
                for j in i.saturating_sub(4)..(i + 5).min(n) {
                    let apart = (self.said[j].start - self.said[i].start) / smoothing.max(1e-9);
                    let kernel = if i == j { 1.0 } else { (-apart.powi(2) / 2.0).exp() as f32 };
                    if kernel > 0.05 {
                        self.terms[j].iter().for_each(|(id, n)| *sum.entry(*id).or_insert(0.0) += kernel * n);
                    }
                }
                let length = sum.values().map(|v| v * v).sum::<f32>().sqrt();
                sum.into_iter().map(|(id, v)| (id, v / length)).collect()
            })
            .collect()
    }
}

impl Said {
    /// What several utterances say together.
    pub fn of(utterances: &[Utterance]) -> Self {
        let text = utterances.iter().flat_map(words::confident_runs).collect::<Vec<_>>().join(" ");
        let start = utterances.first().map_or(0.0, |u| u.start);
        Self {
            start,
            end: utterances.iter().map(|u| u.end).fold(start, f64::max),
            words: text.split_whitespace().count(),
            text,
        }
    }
}

fn sum(vectors: &[Vec<f32>]) -> Vec<f32> {
    let mut sum = vec![0.0; vectors.iter().map(Vec::len).max().unwrap_or(0)];
    vectors.iter().for_each(|v| sum.iter_mut().zip(v).for_each(|(s, x)| *s += x));
    sum
}

/// Terms of each unit with their TF-IDF weights, and how many of them are said for the first time.
fn weighted_terms(said: &[Said], language: Language) -> (Vec<Terms>, Vec<u32>) {
    let mut ids: HashMap<String, u32> = HashMap::new();
    let (mut documents, mut document_start) = (1.0, said.first().map_or(0.0, |s| s.start));
    let (mut last_seen, mut frequency): (Vec<f32>, Vec<f32>) = (Vec::new(), Vec::new());
    let mut new_terms = Vec::with_capacity(said.len());
    let counts: Vec<BTreeMap<u32, f32>> = said
        .iter()
        .map(|s| {
            if s.start - document_start > DOCUMENT {
                documents += 1.0;
                document_start = s.start;
            }
            let (mut counts, known) = (BTreeMap::new(), ids.len());
            for term in language.terms(&s.text).into_iter().take(MOST_TERMS) {
                let next = ids.len() as u32;
                let id = *ids.entry(term).or_insert(next);
                if id == next {
                    last_seen.push(0.0);
                    frequency.push(0.0);
                }
                if last_seen[id as usize] != documents {
                    last_seen[id as usize] = documents;
                    frequency[id as usize] += 1.0;
                }
                *counts.entry(id).or_insert(0.0) += 1.0;
            }
            new_terms.push((ids.len() - known) as u32);
            counts
        })
        .collect();
    let idf = |id: u32| (1.0 + documents / frequency[id as usize].max(1.0)).ln();
    (counts.into_iter().map(|c| c.into_iter().map(|(id, n)| (id, n * idf(id))).collect()).collect(), new_terms)
}
