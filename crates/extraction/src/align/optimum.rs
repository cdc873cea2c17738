//! Optimum: the trainer's steps beside stretches of the trainee's session, in the order of both, for the greatest sum of
//! their likeness.

use super::WIDTHS;
use std::ops::Range;

/// A step of the trainer beside slices of the trainee.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Pair {
    /// Index of the trainer's step.
    pub step: usize,
    /// Indices of the trainee's slices.
    pub trainee: Range<usize>,
}

/// The pairs in the order of both sides, for the greatest sum of `worth`, which is above 0 for what should be paired.
/// Time grows with `steps` times `slices`.
pub fn in_order(steps: usize, slices: usize, worth: impl Fn(&Pair) -> f64) -> Vec<Pair> {
    let width = slices + 1;
    let mut best = vec![0.0f64; (steps + 1) * width];
    let mut last: Vec<Option<usize>> = vec![None; best.len()];
    for i in 1..=steps {
        for j in 1..=slices {
            let (up, left) = (best[(i - 1) * width + j], best[i * width + j - 1]);
            let mut most = (up.max(left), None);
            for n in WIDTHS.into_iter().filter(|n| *n <= j) {
                let sum = best[(i - 1) * width + j - n] + worth(&Pair { step: i - 1, trainee: j - n..j });
                if sum > most.0 {
                    most = (sum, Some(n));
                }
            }
            (best[i * width + j], last[i * width + j]) = most;
        }
    }
    let (mut i, mut j, mut pairs) = (steps, slices, Vec::new());
    while i > 0 && j > 0 {
        if let Some(n) = last[i * width + j] {
            pairs.push(Pair { step: i - 1, trainee: j - n..j });
            (i, j) = (i - 1, j - n);
        } else if best[(i - 1) * width + j] >= best[i * width + j - 1] {
            i -= 1;
        } else {
            j -= 1;
        }
    }
    pairs.reverse();
    pairs
}
