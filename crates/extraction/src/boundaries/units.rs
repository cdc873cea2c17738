//! Units: the utterances of a transcript with all that speaks for a boundary before each.

use super::{
    cues::{Cues, cues},
    optimum::Unit,
    picture,
};
use crate::words;
use domain::{
    signals::Signals,
    utterance::{Transcript, Utterance},
};
use std::collections::{BTreeMap, HashMap};

/// More utterances than this are joined by neighbours, so that the cost stays bounded.
const MOST_UNITS: usize = 4_000;
/// Terms of one unit, at most.
const MOST_TERMS: usize = 60;
/// Standard deviation in seconds of the window over which what is said is smoothed.
const SMOOTHING: f64 = 12.0;
/// Share of a typical segment before and after a moment whose words are compared for the lexical dip.
const DIP_WINDOW: f64 = 0.4;

type Counts = Vec<(u32, f32)>;

/// One unit per utterance, in order. `typical_seconds` is how long segments are.
pub fn units(transcript: &Transcript, signals: &Signals, typical_seconds: f64) -> Vec<Unit> {
    let said = joined(&transcript.utterances);
    let counts = weighted_terms(&said);
    let starts: Vec<f64> = said.iter().map(|s| s.start).collect();
    let window = (DIP_WINDOW * typical_seconds).clamp(20.0, 60.0);
    let (dips, pauses) = (dips(&starts, &counts, window), pauses(&said));
    let changes = picture::scene_changes(signals, &starts);
    let smooth = smoothed(&starts, &counts);
    let end = said.last().map_or(0.0, |s| s.end);
    smooth
        .into_iter()
        .enumerate()
        .map(|(i, vector)| {
            let before = if i > 0 { said[i - 1].text.as_str() } else { "" };
            let cue = cues(before, &said[i].text);
            let next = starts.get(i + 1).copied().unwrap_or(end);
            Unit {
                start: starts[i],
                weight: (next - starts[i]).clamp(0.5, 20.0),
                boundary: cue_odds(&cue) + pauses[i] + 0.7 * dips[i] + 0.6 * changes[i],
                closing: 0.5 * cue.closes,
                said: vector,
                seen: Vec::new(),
            }
        })
        .collect()
}

/// Log odds from the wording. Hand-set; see [`super::optimum::Shape`].
fn cue_odds(cue: &Cues) -> f64 {
    2.0 * cue.moves_on + 0.5 * cue.announces + 0.2 * cue.opens + cue.ended - 0.3 * cue.goes_on - cue.mid_sentence
}

/// What one unit says.
struct Said {
    start: f64,
    end: f64,
    text: String,
}

fn joined(utterances: &[Utterance]) -> Vec<Said> {
    let per_unit = utterances.len().div_ceil(MOST_UNITS).max(1);
    utterances
        .chunks(per_unit)
        .map(|chunk| Said {
            start: chunk[0].start,
            end: chunk.iter().map(|u| u.end).fold(chunk[0].start, f64::max),
            text: chunk.iter().flat_map(words::confident_runs).collect::<Vec<_>>().join(" "),
        })
        .collect()
}

/// Terms of each unit with their TF-IDF weights, sorted by term. A document is about thirty seconds of speech.
fn weighted_terms(said: &[Said]) -> Vec<Counts> {
    let mut ids: HashMap<String, u32> = HashMap::new();
    let (mut documents, mut block_start) = (1.0, said.first().map_or(0.0, |s| s.start));
    let (mut last_seen, mut frequency): (Vec<f32>, Vec<f32>) = (Vec::new(), Vec::new());
    let counts: Vec<BTreeMap<u32, f32>> = said
        .iter()
        .map(|s| {
            if s.start - block_start > 30.0 {
                documents += 1.0;
                block_start = s.start;
            }
            let mut counts = BTreeMap::new();
            for term in words::terms(&s.text).into_iter().take(MOST_TERMS) {
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
            counts
        })
        .collect();
    let idf = |id: u32| (1.0 + documents / frequency[id as usize].max(1.0)).ln();
    counts.into_iter().map(|c| c.into_iter().map(|(id, n)| (id, n * idf(id))).collect()).collect()
}

/// Each unit's vector smoothed over its neighbours and brought to length one.
fn smoothed(starts: &[f64], counts: &[Counts]) -> Vec<Counts> {
    (0..counts.len())
        .map(|i| {
            let mut sum: BTreeMap<u32, f32> = BTreeMap::new();
            for j in i.saturating_sub(4)..(i + 5).min(counts.len()) {
                let kernel = (-((starts[j] - starts[i]) / SMOOTHING).powi(2) / 2.0).exp() as f32;
                if kernel > 0.05 {
                    counts[j].iter().for_each(|(id, n)| *sum.entry(*id).or_insert(0.0) += kernel * n);
                }
            }
            let length = sum.values().map(|v| v * v).sum::<f32>().sqrt();
            sum.into_iter().map(|(id, v)| (id, v / length)).collect()
        })
        .collect()
}

/// How much less the words before a unit resemble those after it than elsewhere, in standard deviations, -2 to 2.5.
fn dips(starts: &[f64], counts: &[Counts], seconds: f64) -> Vec<f64> {
    let n = starts.len();
    let terms = counts.iter().filter_map(|c| c.last()).map(|(id, _)| *id as usize + 1).max().unwrap_or(0);
    let (mut left, mut right) = (vec![0f64; terms], vec![0f64; terms]);
    let add = |window: &mut [f64], unit: usize, sign: f64| {
        counts[unit].iter().for_each(|(id, v)| window[*id as usize] += sign * f64::from(*v));
    };
    let (mut from, mut to) = (0, 0);
    let mut similar = vec![1.0; n];
    for i in 0..n {
        if i > 0 {
            add(&mut left, i - 1, 1.0);
            add(&mut right, i - 1, -1.0);
        }
        while to < n && starts[to] - starts[i] < seconds {
            add(&mut right, to, 1.0);
            to += 1;
        }
        while from < i && starts[i] - starts[from] >= seconds {
            add(&mut left, from, -1.0);
            from += 1;
        }
        if i > 0 {
            similar[i] = cosine(&left, &right, &counts[from..to]);
        }
    }
    let inner = &similar[1.min(n)..];
    let mean = inner.iter().sum::<f64>() / inner.len().max(1) as f64;
    let deviation = (inner.iter().map(|s| (s - mean).powi(2)).sum::<f64>() / inner.len().max(1) as f64).sqrt();
    let deviation = if deviation > 1e-6 { deviation } else { 1.0 };
    similar.iter().map(|s| ((mean - s) / deviation).clamp(-2.0, 2.5)).collect()
}

/// Cosine of two windows over the terms of the units that fill them.
fn cosine(left: &[f64], right: &[f64], units: &[Counts]) -> f64 {
    let mut terms: Vec<u32> = units.iter().flatten().map(|(id, _)| *id).collect();
    terms.sort_unstable();
    terms.dedup();
    let (mut dot, mut l, mut r) = (0.0, 0.0, 0.0);
    for term in terms {
        let (a, b) = (left[term as usize], right[term as usize]);
        dot += a * b;
        l += a * a;
        r += b * b;
    }
    if l > 1e-9 && r > 1e-9 { dot / (l * r).sqrt() } else { 0.0 }
}

/// What the pause before each unit says: its rank among the recording's pauses and its length.
fn pauses(said: &[Said]) -> Vec<f64> {
    let mut spoken_until = f64::NEG_INFINITY;
    let gaps: Vec<f64> = said
        .iter()
        .map(|s| {
            let gap = if spoken_until.is_finite() { (s.start - spoken_until).max(0.0) } else { 0.0 };
            spoken_until = spoken_until.max(s.end);
            gap
        })
        .collect();
    let mut sorted = gaps.clone();
    sorted.sort_by(f64::total_cmp);
    let odds = |gap: &f64| {
        if *gap <= 0.05 {
            return 0.0;
        }
        let rank = sorted.partition_point(|g| g < gap) as f64 / sorted.len() as f64;
        0.5 * rank * rank + 0.4 * (gap.ln_1p() / 6f64.ln()).min(1.5)
    };
    gaps.iter().map(odds).collect()
}
