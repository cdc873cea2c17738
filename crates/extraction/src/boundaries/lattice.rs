//! Lattice: every way to cut a stretch into segments, with what speaks for and against each (a semi-Markov model,
//! Sarawagi and Cohen 2004). The score of a cut is the sum over its segments of weight times signal; the probability
//! of a cut is the exponential of its score over that of all cuts.

use super::{
    MIN_SECONDS,
    signals::{COUNT, Signal, Values},
};
use domain::Span;

/// Segments that could begin at one unit, at most: bounds time and memory for any recording.
const MOST_ENDS: usize = 1500;

/// What speaks for each boundary and each segment of a stretch.
pub struct Lattice {
    /// Seconds of the start of each unit, then of the end of the stretch; `[units + 1]`.
    pub at: Vec<f64>,
    /// Seconds at which a segment that ends with this unit ends; `[units]`.
    until: Vec<f64>,
    /// What speaks for a boundary at the start of each unit; `[units]`.
    pub boundaries: Vec<Values>,
    /// Where in `segments` those that begin at each unit start; `[units + 1]`.
    from: Vec<usize>,
    segments: Vec<Run>,
    /// Whether the stretch opens and whether it closes the recording.
    edges: (bool, bool),
}

/// What is known about one possible segment.
#[derive(Clone, Copy, Default)]
struct Run {
    /// Natural logarithm of its length over the typical one.
    length: f32,
    /// Scatter of what is said or seen in it, in typical lengths.
    scatter: f32,
    possible: bool,
}

/// How long segments are expected and allowed to be.
#[derive(Clone, Copy, Debug)]
pub struct Lengths {
    /// Typical length of a segment in seconds.
    pub typical: f64,
    /// No segment is longer, in seconds, unless nothing lies in it where it could be cut.
    pub longest: f64,
}

/// Scatter of a growing run of units.
pub trait Cohesion {
    /// Begins an empty run.
    fn reset(&mut self);
    /// Adds the unit of this index to the run.
    fn add(&mut self, unit: usize);
    /// Scatter in seconds: 0 when all units are alike, at most the run's length.
    fn scatter(&self) -> f64;
}

impl Lattice {
    /// `starts` and `boundaries` are those of the units of `stretch`, in order, at least one.
    pub fn new(
        stretch: &Span,
        starts: &[f64],
        boundaries: Vec<Values>,
        cohesion: &mut impl Cohesion,
        lengths: Lengths,
        edges: (bool, bool),
    ) -> Self {
        let n = starts.len();
        let mut at = starts.to_vec();
        at.push(stretch.end.max(at.last().copied().unwrap_or(stretch.end)));
        let (mut from, mut segments) = (vec![0], Vec::new());
        for i in 0..n {
            cohesion.reset();
            for j in i + 1..=n {
                let seconds = at[j] - at[i];
                if j > i + 1 && (seconds > lengths.longest || j - i > MOST_ENDS) {
                    break;
                }
                cohesion.add(j - 1);
                segments.push(Run {
                    length: (seconds.max(1.0) / lengths.typical).ln() as f32,
                    scatter: (cohesion.scatter() / (0.3 * lengths.typical)) as f32,
                    possible: seconds >= MIN_SECONDS,
                });
            }
            from.push(segments.len());
        }
        Self { until: at[1..].to_vec(), at, boundaries, from, segments, edges }
    }

    /// The same, but a segment ends where its last unit ends, at these seconds, not where the next one starts.
    pub fn ending(mut self, until: impl Iterator<Item = f64>) -> Self {
        self.until.iter_mut().zip(until).for_each(|(end, at)| *end = end.min(at));
        self
    }

    /// Units of the stretch.
    pub fn units(&self) -> usize {
        self.boundaries.len()
    }

    /// The ends of the possible segments that begin at unit `i`, each with its place among all segments.
    pub fn ends(&self, i: usize) -> impl Iterator<Item = (usize, usize)> + '_ {
        let base = self.from[i];
        (base..self.from[i + 1]).filter(|k| self.segments[*k].possible).map(move |k| (i + 1 + k - base, k))
    }

    /// The place of the segment from unit `i` to before unit `j`, where it is possible.
    pub fn segment(&self, i: usize, j: usize) -> Option<usize> {
        let k = self.from[i] + j.checked_sub(i + 1)?;
        (k < self.from[i + 1] && self.segments[k].possible).then_some(k)
    }

    /// All signals of the segment from unit `i` to before unit `j` at place `k`, its opening boundary among them.
    pub fn values(&self, i: usize, j: usize, k: usize) -> Values {
        let mut values = if i > 0 { self.boundaries[i] } else { [0.0; COUNT] };
        for (signal, value) in self.of_segment(i, j, k) {
            values[signal as usize] += value;
        }
        values
    }

    fn of_segment(&self, i: usize, j: usize, k: usize) -> [(Signal, f64); 5] {
        let run = &self.segments[k];
        let (length, squared) = if self.edges.1 && j == self.units() {
            (Signal::LastLength, Signal::LastLengthSquared)
        } else if self.edges.0 && i == 0 {
            (Signal::FirstLength, Signal::FirstLengthSquared)
        } else {
            (Signal::Length, Signal::LengthSquared)
        };
        let x = f64::from(run.length);
        let several = (j - i) as f64;
        [
            (length, x),
            (squared, x * x),
            (Signal::Scatter, f64::from(run.scatter)),
            (Signal::Utterances, several.ln()),
            (Signal::OneUtterance, f64::from(u8::from(j == i + 1))),
        ]
    }

    /// The score of every possible segment, in the order of their places; its opening boundary counts with it.
    pub fn scores(&self, weights: &Values) -> Vec<f64> {
        let mut scores = vec![f64::NEG_INFINITY; self.segments.len()];
        for i in 0..self.units() {
            let opening = if i > 0 { dot(&self.boundaries[i], weights) } else { 0.0 };
            for (j, k) in self.ends(i) {
                let inside: f64 = self.of_segment(i, j, k).iter().map(|(s, v)| weights[*s as usize] * v).sum();
                scores[k] = opening + inside;
            }
        }
        scores
    }

    /// Logarithm of the sum over all ways to reach each unit from the start; `[units + 1]`.
    pub fn forward(&self, scores: &[f64]) -> Vec<f64> {
        let mut sums = vec![LogSum::default(); self.units() + 1];
        sums[0].add(0.0);
        let mut reached = vec![f64::NEG_INFINITY; self.units() + 1];
        for i in 0..self.units() {
            reached[i] = sums[i].value();
            if reached[i].is_finite() {
                self.ends(i).for_each(|(j, k)| sums[j].add(reached[i] + scores[k]));
            }
        }
        reached[self.units()] = sums[self.units()].value();
        reached
    }

    /// Logarithm of the sum over all ways from each unit to the end; `[units + 1]`.
    pub fn backward(&self, scores: &[f64]) -> Vec<f64> {
        let mut left = vec![f64::NEG_INFINITY; self.units() + 1];
        left[self.units()] = 0.0;
        for i in (0..self.units()).rev() {
            let mut sum = LogSum::default();
            self.ends(i).for_each(|(j, k)| sum.add(scores[k] + left[j]));
            left[i] = sum.value();
        }
        left
    }

    /// The segments between cuts, which are indices of units from 0 to the number of units.
    pub fn spans(&self, cuts: &[usize]) -> Vec<Span> {
        cuts.windows(2).map(|cut| Span::new(self.at[cut[0]], self.until[cut[1] - 1].max(self.at[cut[0]]))).collect()
    }
}

/// Weighted sum of signals.
pub fn dot(values: &Values, weights: &Values) -> f64 {
    values.iter().zip(weights).map(|(v, w)| v * w).sum()
}

/// The logarithm of a sum of exponentials, one after the other, without overflow.
#[derive(Clone, Copy)]
pub struct LogSum {
    most: f64,
    sum: f64,
}

impl Default for LogSum {
    fn default() -> Self {
        Self { most: f64::NEG_INFINITY, sum: 0.0 }
    }
}

impl LogSum {
    /// Adds the exponential of `x`.
    pub fn add(&mut self, x: f64) {
        if x == f64::NEG_INFINITY {
            return;
        }
        if x <= self.most {
            self.sum += (x - self.most).exp();
        } else {
            self.sum = self.sum * (self.most - x).exp() + 1.0;
            self.most = x;
        }
    }

    /// The logarithm of what was added; negative infinity for nothing.
    pub fn value(&self) -> f64 {
        if self.sum > 0.0 { self.most + self.sum.ln() } else { f64::NEG_INFINITY }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_sum_of_exponentials_does_not_overflow() {
        let mut sum = LogSum::default();
        [f64::NEG_INFINITY, 1000.0, 1001.0, f64::NEG_INFINITY, 999.0].into_iter().for_each(|x| sum.add(x));
        assert!((sum.value() - (1001.0 + (1.0 + (-1f64).exp() + (-2f64).exp()).ln())).abs() < 1e-12);
        assert_eq!(LogSum::default().value(), f64::NEG_INFINITY);
    }
}
