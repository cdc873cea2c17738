//! Learn: how probable the segments that people marked are under given weights, and how that changes with each weight.

pub use super::{
    signals::{COUNT, Signal, Values},
    weights::{COLUMNS, Column, Kind, learned},
};
pub use strum::VariantArray;

use super::{
    decode::decode,
    heard::Heard,
    lattice::{Lattice, LogSum},
};
use crate::{Granularity, Segment};
use domain::{Span, signals::Signals, utterance::Transcript};

/// A recording with marked segments.
pub struct Example {
    lattice: Lattice,
    /// What its captions are.
    pub kind: Kind,
    /// The cuts that each marked boundary may be, from the first unit to the end.
    allowed: Vec<Vec<usize>>,
}

/// Seconds by which the marked boundary and the start of an utterance may differ: people mark with so much care.
pub const TOLERANCE: f64 = 6.0;

impl Example {
    /// `transcript` in order; `marked` are the segments, at least one, of which the starts count.
    pub fn new(
        transcript: &Transcript,
        meanings: &[Vec<f32>],
        duration: f64,
        marked: &[Span],
        granularity: Granularity,
    ) -> Option<Self> {
        let signals = Signals { duration_seconds: duration, ..Signals::default() };
        let heard = Heard::new(transcript, &signals, meanings, duration, granularity);
        let lattice = heard.lattice(&Span::new(0.0, duration), (true, true))?;
        let n = lattice.units();
        let mut starts: Vec<f64> = marked.iter().map(|s| s.start).collect();
        starts.sort_by(f64::total_cmp);
        let near = |at: f64| {
            let apart = |i: &usize| (lattice.at[*i] - at).abs();
            let within: Vec<usize> = (1..n).filter(|i| apart(i) <= TOLERANCE).collect();
            let nearest = || (1..n).min_by(|a, b| apart(a).total_cmp(&apart(b))).into_iter().collect();
            if within.is_empty() { nearest() } else { within }
        };
        let mut allowed: Vec<Vec<usize>> = vec![vec![0]];
        allowed.extend(starts.into_iter().skip(1).map(near).filter(|of: &Vec<usize>| !of.is_empty()));
        allowed.push(vec![n]);
        Some(Self { lattice, kind: heard.kind, allowed })
    }

    /// The segments that the weights give.
    pub fn segments(&self, weights: &Values, seed: u64) -> Vec<Segment> {
        decode(&self.lattice, &self.lattice.scores(weights), seed).unwrap_or_default()
    }

    /// Log-likelihood of the marked segments and its gradient. `None` where no cut fits the marks.
    pub fn likelihood(&self, weights: &Values) -> Option<(f64, Values)> {
        let lattice = &self.lattice;
        let scores = lattice.scores(weights);
        let (forward, backward) = (lattice.forward(&scores), lattice.backward(&scores));
        let all = forward[lattice.units()];
        let mut gradient = [0.0; COUNT];
        let fitting = self.marked(&scores, &mut gradient)?;
        for (i, reached) in forward[..lattice.units()].iter().enumerate() {
            for (j, k) in lattice.ends(i) {
                let probability = (reached + scores[k] + backward[j] - all).exp();
                if probability > 1e-9 {
                    add(&mut gradient, &lattice.values(i, j, k), -probability);
                }
            }
        }
        Some((fitting - all, gradient))
    }

    /// Logarithm of the sum over the cuts that fit the marks; adds the expected values to `gradient`.
    fn marked(&self, scores: &[f64], gradient: &mut Values) -> Option<f64> {
        let lattice = &self.lattice;
        let links = |layer: usize| {
            let pairs = self.allowed[layer]
                .iter()
                .enumerate()
                .flat_map(move |(a, i)| self.allowed[layer + 1].iter().enumerate().map(move |(b, j)| (a, *i, b, *j)));
            pairs.filter_map(|(a, i, b, j)| Some((a, i, b, j, lattice.segment(i, j).filter(|_| j > i)?)))
        };
        let layers = self.allowed.len();
        let mut forward: Vec<Vec<f64>> = vec![vec![0.0]];
        for layer in 0..layers - 1 {
            let mut sums = vec![LogSum::default(); self.allowed[layer + 1].len()];
            links(layer).for_each(|(a, _, b, _, k)| sums[b].add(forward[layer][a] + scores[k]));
            forward.push(sums.iter().map(LogSum::value).collect());
        }
        let all = forward[layers - 1][0];
        if !all.is_finite() {
            return None;
        }
        let mut backward: Vec<f64> = vec![0.0];
        for layer in (0..layers - 1).rev() {
            let mut sums = vec![LogSum::default(); self.allowed[layer].len()];
            for (a, i, b, j, k) in links(layer) {
                sums[a].add(scores[k] + backward[b]);
                let probability = (forward[layer][a] + scores[k] + backward[b] - all).exp();
                add(gradient, &lattice.values(i, j, k), probability);
            }
            backward = sums.iter().map(LogSum::value).collect();
        }
        Some(all)
    }
}

fn add(to: &mut Values, values: &Values, times: f64) {
    to.iter_mut().zip(values).for_each(|(sum, value)| *sum += times * value);
}
