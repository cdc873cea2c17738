//! Cohesion: how much what is said, or seen, scatters within a segment. Each segment is grown unit by unit.

use super::{lattice::Cohesion, units::Terms};

/// Scatter of words: seconds minus the length of the summed unit vectors (spherical k-means).
pub struct Lexical<'a> {
    said: &'a [Terms],
    seconds_of: &'a [f64],
    sum: Vec<f64>,
    touched: Vec<u32>,
    squared: f64,
    seconds: f64,
}

impl<'a> Lexical<'a> {
    /// Over units with these terms (each of length one, or empty) and seconds; terms are below `vocabulary`.
    pub fn new(said: &'a [Terms], seconds_of: &'a [f64], vocabulary: usize) -> Self {
        Self { said, seconds_of, sum: vec![0.0; vocabulary], touched: Vec::new(), squared: 0.0, seconds: 0.0 }
    }
}

impl Cohesion for Lexical<'_> {
    fn reset(&mut self) {
        for term in self.touched.drain(..) {
            self.sum[term as usize] = 0.0;
        }
        (self.squared, self.seconds) = (0.0, 0.0);
    }

    fn add(&mut self, unit: usize) {
        let (said, weight) = (&self.said[unit], self.seconds_of[unit]);
        if said.is_empty() {
            return;
        }
        let mut dot = 0.0;
        for (term, value) in said {
            let slot = &mut self.sum[*term as usize];
            if *slot == 0.0 {
                self.touched.push(*term);
            }
            dot += *slot * f64::from(*value);
            *slot += weight * f64::from(*value);
        }
        self.squared += 2.0 * weight * dot + weight * weight;
        self.seconds += weight;
    }

    fn scatter(&self) -> f64 {
        (self.seconds - self.squared.max(0.0).sqrt()).max(0.0)
    }
}

/// Scatter of the picture: seconds times the share of the recording's variance that lies within the run.
pub struct Visual<'a> {
    seen: &'a [Vec<f32>],
    step: f64,
    variance: f64,
    sum: Vec<f64>,
    squares: f64,
    n: f64,
    seconds: f64,
}

/// Variance of luma within one scene, summed over the cells, below which a recording shows one scene only.
const ONE_SCENE: f64 = 40.0 * 12.0 * 12.0;

impl<'a> Visual<'a> {
    /// Over the units of one stretch, each of `step` seconds; `all` are those of the recording.
    pub fn new(seen: &'a [Vec<f32>], all: &[Vec<f32>], step: f64) -> Self {
        let empty = |variance| Self { seen, step, variance, sum: Vec::new(), squares: 0.0, n: 0.0, seconds: 0.0 };
        let mut whole = empty(1.0);
        all.iter().for_each(|cells| whole.take(cells));
        empty((whole.within() / whole.n.max(1.0)).max(ONE_SCENE))
    }

    fn take(&mut self, cells: &[f32]) {
        if cells.is_empty() {
            return;
        }
        self.sum.resize(self.sum.len().max(cells.len()), 0.0);
        for (sum, cell) in self.sum.iter_mut().zip(cells) {
            *sum += f64::from(*cell);
            self.squares += f64::from(*cell).powi(2);
        }
        self.n += 1.0;
        self.seconds += self.step;
    }

    fn within(&self) -> f64 {
        if self.n == 0.0 { 0.0 } else { (self.squares - self.sum.iter().map(|s| s * s).sum::<f64>() / self.n).max(0.0) }
    }
}

impl Cohesion for Visual<'_> {
    fn reset(&mut self) {
        self.sum.fill(0.0);
        (self.squares, self.n, self.seconds) = (0.0, 0.0, 0.0);
    }

    fn add(&mut self, unit: usize) {
        let seen = self.seen;
        self.take(&seen[unit]);
    }

    fn scatter(&self) -> f64 {
        if self.n == 0.0 { 0.0 } else { self.seconds * (self.within() / self.n / self.variance).min(1.0) }
    }
}
