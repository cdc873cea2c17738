//! The optimum: the cheapest way to cut a stretch into segments, by exact dynamic programming over its units.

use super::{MIN_SECONDS, cohesion::Cohesion};
use crate::Segment;
use domain::Span;

/// The smallest thing that is never cut: an utterance, or a few seconds of picture.
#[derive(Clone, Debug, Default)]
pub struct Unit {
    /// Seconds from the start of the recording.
    pub start: f64,
    /// Seconds until the next unit, at most 20.
    pub weight: f64,
    /// What speaks for a boundary at its start: log odds, before the bias.
    pub boundary: f64,
    /// Log odds for a boundary that closes the recording; counts only near its end.
    pub closing: f64,
    /// What is said around here: unit vector over the terms of the recording, sorted by term; empty without words.
    pub said: Vec<(u32, f32)>,
    /// What is seen around here: mean luma per cell of the grid; empty without picture.
    pub seen: Vec<f32>,
}

/// What segments look like.
#[derive(Clone, Copy, Debug)]
pub struct Shape {
    /// Typical length of a segment in seconds.
    pub typical_seconds: f64,
    /// No segment is longer, in seconds, unless nothing lies in it where it could be cut.
    pub max_seconds: f64,
    /// Log odds against a boundary at any one place.
    pub bias: f64,
}

/// Weight of the length prior: squared log ratio to the typical length.
const LENGTH: f64 = 0.8;
/// The first and the last segment (an introduction, a round-off) are this much shorter.
const EDGE: f64 = 0.5;

impl Shape {
    fn length_cost(&self, seconds: f64, at_edge: bool) -> f64 {
        let typical = if at_edge { EDGE * self.typical_seconds } else { self.typical_seconds };
        LENGTH * (seconds / typical).ln().powi(2)
    }
}

/// Cuts a stretch at the starts of its units. `edges` tells whether it opens and whether it closes the recording.
pub fn cut(
    stretch: &Span,
    units: &[Unit],
    mut within: impl Cohesion,
    shape: &Shape,
    edges: (bool, bool),
) -> Vec<Segment> {
    let n = units.len();
    let whole = || vec![Segment { span: *stretch, confidence: 0.5 }];
    let start = |i: usize| if i < n { units[i].start } else { stretch.end };
    let gain = |i: usize| {
        let late = start(i) > stretch.start + 0.8 * stretch.duration()
            || (stretch.end - start(i) < 60.0 && start(i) > stretch.start + 0.5 * stretch.duration());
        units[i].boundary + if edges.1 && late { units[i].closing } else { 0.0 } - shape.bias
    };
    let mut best = vec![f64::INFINITY; n + 1];
    let mut back = vec![0; n + 1];
    best[0] = 0.0;
    for i in 0..n {
        if !best[i].is_finite() {
            continue;
        }
        let before = best[i] - if i > 0 { gain(i) } else { 0.0 };
        within.reset();
        for j in i + 1..=n {
            within.add(j - 1);
            let seconds = start(j) - start(i);
            if seconds < MIN_SECONDS {
                continue;
            }
            if seconds > shape.max_seconds && j > i + 1 {
                break;
            }
            let at_edge = (edges.0 && i == 0) || (edges.1 && j == n);
            let scatter = within.scatter() / (0.3 * shape.typical_seconds);
            let cost = before + scatter + shape.length_cost(seconds, at_edge);
            if cost < best[j] {
                (best[j], back[j]) = (cost, i);
            }
        }
    }
    if !best[n].is_finite() {
        return whole();
    }
    let mut cuts = vec![n];
    while let Some(&last) = cuts.last().filter(|last| **last > 0) {
        cuts.push(back[last]);
    }
    cuts.reverse();
    let confidence = |i: usize| {
        let odds = if i > 0 { gain(i) + shape.bias / 2.0 } else { 1.0 };
        (1.0 / (1.0 + (-odds).exp())) as f32
    };
    cuts.windows(2)
        .map(|cut| Segment { span: Span::new(start(cut[0]), start(cut[1])), confidence: confidence(cut[0]) })
        .collect()
}
