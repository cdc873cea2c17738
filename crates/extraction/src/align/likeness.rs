//! Likeness: how much a step of the trainer and a stretch of the trainee's session are about the same work.

use super::{Step, WIDTHS, optimum::Pair, slices::Slice};
use crate::words;
use std::collections::{BTreeMap, HashMap};

/// A word of the name counts as much as this many said.
const NAME_COUNTS: f64 = 3.0;

/// How like every step and every run of slices are.
pub struct Likeness {
    slices: usize,
    /// `[steps x slices x widths]`
    alike: Vec<f64>,
}

/// Stem and how often it is said, by stem.
type Counts = BTreeMap<usize, f64>;
/// Stem and weight, by stem; of length 1.
type Vector = Vec<(usize, f64)>;

impl Likeness {
    pub fn between(steps: &[Step], slices: &[Slice]) -> Self {
        let mut stems = HashMap::new();
        let steps: Vec<Counts> = steps.iter().map(|s| of_step(s, &mut stems)).collect();
        let said: Vec<Counts> = slices.iter().map(|s| counts(&s.said, 1.0, &mut stems)).collect();
        // As many pieces as there are steps, so that both sides say alike what is rare.
        let pieces = said.chunks(said.len().div_ceil(steps.len().max(1)).max(1)).map(joined);
        let rarity = rarity(steps.iter().cloned().chain(pieces), stems.len());
        let of_steps: Vec<Vector> = steps.iter().map(|s| vector(s, &rarity)).collect();
        let mut alike = vec![0.0; steps.len() * said.len() * WIDTHS.len()];
        for j in 0..said.len() {
            let mut run = Counts::new();
            let mut end = j;
            for (k, width) in WIDTHS.into_iter().enumerate().take_while(|(_, width)| j + width <= said.len()) {
                said[end..j + width].iter().for_each(|s| add(&mut run, s));
                end = j + width;
                let run = vector(&run, &rarity);
                for (i, step) in of_steps.iter().enumerate() {
                    alike[(i * said.len() + j) * WIDTHS.len() + k] = dot(step, &run);
                }
            }
        }
        Self { slices: said.len(), alike }
    }

    /// From 0 (nothing in common) to 1.
    pub fn of(&self, pair: &Pair) -> f64 {
        let Some(k) = WIDTHS.iter().position(|n| *n == pair.trainee.len()) else { return 0.0 };
        self.alike.get((pair.step * self.slices + pair.trainee.start) * WIDTHS.len() + k).copied().unwrap_or(0.0)
    }
}

fn of_step(step: &Step, stems: &mut HashMap<String, usize>) -> Counts {
    let mut all = counts(&step.procedure_name, NAME_COUNTS, stems);
    // A description is made of what was said: once is enough.
    let said = if step.said.is_empty() { &step.description } else { &step.said };
    add(&mut all, &counts(said, 1.0, stems));
    all
}

fn counts(text: &str, each: f64, stems: &mut HashMap<String, usize>) -> Counts {
    let mut counts = Counts::new();
    for stem in words::terms(text) {
        let next = stems.len();
        *counts.entry(*stems.entry(stem).or_insert(next)).or_insert(0.0) += each;
    }
    counts
}

fn add(to: &mut Counts, counts: &Counts) {
    counts.iter().for_each(|(stem, n)| *to.entry(*stem).or_insert(0.0) += n);
}

fn joined(counts: &[Counts]) -> Counts {
    let mut all = Counts::new();
    counts.iter().for_each(|c| add(&mut all, c));
    all
}

/// How rare every stem is among the pieces of both sides: what every piece speaks of tells none from another.
fn rarity(pieces: impl Iterator<Item = Counts>, stems: usize) -> Vec<f64> {
    let (mut found, mut n) = (vec![0.0f64; stems], 0.0);
    for piece in pieces {
        piece.keys().for_each(|stem| found[*stem] += 1.0);
        n += 1.0;
    }
    found.into_iter().map(|df| ((n + 1.0) / (df + 0.5)).ln()).collect()
}

fn vector(counts: &Counts, rarity: &[f64]) -> Vector {
    let mut vector: Vector = counts.iter().map(|(stem, n)| (*stem, (1.0 + n.ln()) * rarity[*stem])).collect();
    let length = vector.iter().map(|(_, w)| w * w).sum::<f64>().sqrt();
    if length > 0.0 {
        vector.iter_mut().for_each(|(_, w)| *w /= length);
    }
    vector
}

fn dot(a: &Vector, b: &Vector) -> f64 {
    let (mut i, mut j, mut sum) = (0, 0, 0.0);
    while let (Some((stem, weight)), Some((other, by))) = (a.get(i), b.get(j)) {
        if stem == other {
            sum += weight * by;
        }
        (i, j) = (i + usize::from(stem <= other), j + usize::from(other <= stem));
    }
    sum
}
