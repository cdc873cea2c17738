//! Decode: of all ways to cut a stretch the one that agrees best, on average, with the others by their probability
//! (minimum Bayes risk). The most probable single cut is a bad answer: thousands of cuts with a boundary here or a
//! sentence later share the probability of one boundary, so it leaves nearly all boundaries out.

use super::lattice::Lattice;
use crate::Segment;
use domain::Span;
use rand_chacha::ChaCha8Rng;
use rand_chacha::rand_core::{RngCore, SeedableRng};
use std::collections::BTreeMap;

/// Always the same numbers: the same recording gives the same procedures.
pub const SEED: u64 = 0x7ea1_0a12;
/// Segments in all cuts that are drawn by their probability, to compare with: many cuts of few segments each, fewer of
/// many, so that time stays bounded.
const DRAWN_SEGMENTS: f64 = 10_000.0;
/// Cuts that are drawn, at least and at most.
const DRAWN: (f64, f64) = (120.0, 400.0);
/// For each so many cuts drawn one candidate is drawn at each sharpness. Of many segments no single draw is good
/// everywhere: those of a sharpened probability lie nearer to what most draws share.
const PER_CANDIDATE: usize = 3;
const SHARPNESS: [f64; 4] = [1.0, 1.5, 2.5, 5.0];
/// A drawn boundary this near in seconds speaks for a chosen one.
const NEAR: f64 = 10.0;

/// The cut of a lattice under the scores of its segments; `None` where there is no way through.
pub fn decode(lattice: &Lattice, scores: &[f64], seed: u64) -> Option<Vec<Segment>> {
    let mut random = ChaCha8Rng::seed_from_u64(seed);
    let first = draws(lattice, scores, 20, &mut random)?;
    let segments = first.iter().map(|(cuts, n)| n * (cuts.len() - 1) as f64).sum::<f64>() / 20.0;
    let times = (DRAWN_SEGMENTS / segments).clamp(DRAWN.0, DRAWN.1) as usize;
    let drawn = draws(lattice, scores, times, &mut random)?;
    let mut candidates = BTreeMap::new();
    for sharpness in SHARPNESS {
        let sharper: Vec<f64> = scores.iter().map(|score| sharpness * score).collect();
        candidates.extend(draws(lattice, &sharper, times / PER_CANDIDATE, &mut random)?);
    }
    let drawn: Vec<(Vec<Span>, f64)> = drawn.into_iter().map(|(cuts, n)| (lattice.spans(&cuts), n)).collect();
    let worth = |candidate: &[Span]| drawn.iter().map(|(other, n)| n * agreement(candidate, other)).sum::<f64>();
    let ranked = candidates.keys().map(|cuts| lattice.spans(cuts)).map(|spans| (worth(&spans), spans));
    let (_, chosen) = ranked.reduce(|a, b| if b.0 > a.0 { b } else { a })?;
    let near = |at: f64| {
        let with = |spans: &[Span]| spans.iter().any(|s| (s.start - at).abs() <= NEAR);
        drawn.iter().filter(|(spans, _)| with(spans)).map(|(_, n)| n).sum::<f64>() / times as f64
    };
    Some(chosen.iter().map(|span| Segment { span: *span, confidence: near(span.start) as f32 }).collect())
}

/// Cuts drawn by their probability, with how often; `None` where there is no way through.
fn draws(
    lattice: &Lattice,
    scores: &[f64],
    times: usize,
    random: &mut ChaCha8Rng,
) -> Option<BTreeMap<Vec<usize>, f64>> {
    let left = lattice.backward(scores);
    let mut drawn = BTreeMap::new();
    for _ in 0..times {
        *drawn.entry(draw(lattice, scores, &left, random)).or_insert(0.0) += 1.0;
    }
    left[0].is_finite().then_some(drawn)
}

/// One cut, drawn by its probability.
fn draw(lattice: &Lattice, scores: &[f64], left: &[f64], random: &mut ChaCha8Rng) -> Vec<usize> {
    let mut cuts = vec![0];
    let mut i = 0;
    while i < lattice.units() {
        let mut rest = (random.next_u64() >> 11) as f64 / (1u64 << 53) as f64;
        let mut next = lattice.units();
        for (j, k) in lattice.ends(i) {
            let share = (scores[k] + left[j] - left[i]).exp();
            if share > 0.0 {
                next = j;
            }
            rest -= share;
            if rest < 0.0 {
                break;
            }
        }
        i = next;
        cuts.push(i);
    }
    cuts
}

/// How well two cuts of the same stretch agree, 0 to 2: mean best temporal IoU of both sides plus the F1 of one-to-one
/// matches at tIoU 0.3, 0.5 and 0.7. Both are ordered and without overlap.
fn agreement(a: &[Span], b: &[Span]) -> f64 {
    let (mut best_a, mut best_b) = (vec![0.0f64; a.len()], vec![0.0f64; b.len()]);
    let mut pairs: Vec<(f64, usize, usize)> = Vec::with_capacity(a.len() + b.len());
    let (mut i, mut j) = (0, 0);
    while i < a.len() && j < b.len() {
        let shared = a[i].overlap(&b[j]);
        if shared > 0.0 {
            let iou = shared / (a[i].end.max(b[j].end) - a[i].start.min(b[j].start));
            best_a[i] = best_a[i].max(iou);
            best_b[j] = best_b[j].max(iou);
            if iou >= 0.3 {
                pairs.push((iou, i, j));
            }
        }
        if a[i].end < b[j].end { i += 1 } else { j += 1 }
    }
    pairs.sort_by(|x, y| y.0.total_cmp(&x.0));
    let mut matched = [0.0; 3];
    let (mut free_a, mut free_b) = (vec![true; a.len()], vec![true; b.len()]);
    for (iou, i, j) in pairs {
        if free_a[i] && free_b[j] {
            (free_a[i], free_b[j]) = (false, false);
            matched.iter_mut().zip([0.3, 0.5, 0.7]).filter(|(_, t)| iou >= *t).for_each(|(m, _)| *m += 1.0);
        }
    }
    let mean = |best: &[f64]| best.iter().sum::<f64>() / best.len().max(1) as f64;
    let f1 = matched.iter().sum::<f64>() / 3.0 * 2.0 / (a.len() + b.len()).max(1) as f64;
    (mean(&best_a) + mean(&best_b)) / 2.0 + f1
}

#[cfg(test)]
mod tests {
    use super::*;

    fn spans(cuts: &[f64]) -> Vec<Span> {
        cuts.windows(2).map(|c| Span::new(c[0], c[1])).collect()
    }

    #[test]
    fn agreement_is_that_of_the_measures() {
        let (a, b) = (spans(&[0.0, 36.0, 164.0, 658.0, 727.0]), spans(&[0.0, 44.0, 300.5, 640.0, 727.0]));
        let m = crate::evaluate::measure(&a, &b, 727.0);
        assert!((agreement(&a, &b) - m.tiou - m.f1_at_tiou).abs() < 1e-9);
        assert!((agreement(&a, &a) - 2.0).abs() < 1e-12);
    }
}
