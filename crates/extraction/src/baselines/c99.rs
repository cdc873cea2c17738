//! C99: F. Y. Y. Choi, "Advances in domain independent linear text segmentation", NAACL 2000. Similarities of utterances
//! become ranks among their neighbours; the rank matrix is divided where its inside density grows most; the division
//! stops where the gain in density falls below its mean plus `c` standard deviations.

use super::lexicon::{Counts, Lexicon, add, cosine};
use domain::utterance::Utterance;

/// What the paper leaves to choose; the defaults are the paper's, except that its sentences are utterances here.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Parameters {
    /// Side of the mask in which a similarity is ranked, odd.
    pub mask: usize,
    /// Standard deviations above the mean gain at which division stops.
    pub c: f64,
    /// Neighbouring utterances are joined until they have so many words; 0 takes each by itself.
    pub unit_words: usize,
}

impl Default for Parameters {
    fn default() -> Self {
        Self { mask: 11, c: 1.2, unit_words: 0 }
    }
}

/// More units than this are joined by neighbours: the matrix grows with their square.
const MOST_UNITS: usize = 1_500;
/// Weights by which the gains are smoothed before the threshold is applied (of Choi's program).
const KERNEL: [f64; 7] = [1.0, 2.0, 4.0, 8.0, 4.0, 2.0, 1.0];

/// Indices of the utterances at whose start a boundary lies, in order.
pub fn cuts(said: &[Utterance], parameters: &Parameters) -> Vec<usize> {
    let units = units(said, parameters.unit_words);
    if units.len() < 2 {
        return Vec::new();
    }
    let inside = Inside::of(&ranks(&units, parameters.mask / 2), units.len());
    let (order, densities) = divide(&inside, units.len());
    let mut cuts: Vec<usize> = order[..kept(&densities, parameters.c)].iter().map(|cut| units[*cut].0).collect();
    cuts.sort_unstable();
    cuts
}

/// The index of the first utterance of each unit, and the unit's terms.
fn units(said: &[Utterance], words: usize) -> Vec<(usize, Counts)> {
    let mut lexicon = Lexicon::default();
    let mut units: Vec<(usize, Counts)> = Vec::new();
    let (mut in_last, each) = (0, said.len().div_ceil(MOST_UNITS).max(1));
    for (i, utterance) in said.iter().enumerate() {
        let (n, counts) = (lexicon.words(utterance).len(), lexicon.counts(utterance));
        match units.last_mut() {
            Some((first, last)) if in_last < words || i - *first < each => {
                add(last, &counts);
                in_last += n;
            }
            _ => {
                units.push((i, counts));
                in_last = n;
            }
        }
    }
    units
}

/// For each pair of units, the share of its neighbours within `reach` that are less similar: `[units, units]` by row.
fn ranks(units: &[(usize, Counts)], reach: usize) -> Vec<f64> {
    let n = units.len();
    let mut similar = vec![0f32; n * n];
    for i in 0..n {
        for j in i..n {
            let value = if i == j { 1.0 } else { cosine(&units[i].1, &units[j].1) as f32 };
            (similar[i * n + j], similar[j * n + i]) = (value, value);
        }
    }
    let around = |i: usize| i.saturating_sub(reach)..(i + reach + 1).min(n);
    let mut ranks = vec![0.0; n * n];
    for i in 0..n {
        for j in i..n {
            let here = similar[i * n + j];
            let lower: usize =
                around(i).map(|k| similar[k * n..][around(j)].iter().filter(|other| **other < here).count()).sum();
            let examined = around(i).len() * around(j).len() - 1;
            let rank = lower as f64 / examined.max(1) as f64;
            (ranks[i * n + j], ranks[j * n + i]) = (rank, rank);
        }
    }
    ranks
}

/// Sums over squares along the diagonal, from a summed-area table.
struct Inside {
    table: Vec<f64>,
    side: usize,
}

impl Inside {
    fn of(ranks: &[f64], n: usize) -> Self {
        let side = n + 1;
        let mut table = vec![0.0; side * side];
        for i in 0..n {
            let mut row = 0.0;
            for j in 0..n {
                row += ranks[i * n + j];
                table[(i + 1) * side + j + 1] = table[i * side + j + 1] + row;
            }
        }
        Self { table, side }
    }

    fn sum(&self, from: usize, to: usize) -> f64 {
        let at = |i: usize, j: usize| self.table[i * self.side + j];
        at(to, to) - at(from, to) - at(to, from) + at(from, from)
    }
}

/// Boundaries in the order of division, and the inside density with 1, 2, 3 … segments.
fn divide(inside: &Inside, n: usize) -> (Vec<usize>, Vec<f64>) {
    let area = |from: usize, to: usize| ((to - from) as f64).powi(2);
    let mut segments = vec![(0, n)];
    let (mut sum, mut size) = (inside.sum(0, n), area(0, n));
    let (mut order, mut densities) = (Vec::new(), vec![sum / size]);
    while segments.len() < n {
        let mut best = (f64::NEG_INFINITY, 0, 0, 0.0, 0.0);
        for (index, (from, to)) in segments.iter().copied().enumerate() {
            let (sum, size) = (sum - inside.sum(from, to), size - area(from, to));
            for cut in from + 1..to {
                let sum = sum + inside.sum(from, cut) + inside.sum(cut, to);
                let size = size + area(from, cut) + area(cut, to);
                if sum / size > best.0 {
                    best = (sum / size, index, cut, sum, size);
                }
            }
        }
        let (density, index, cut);
        (density, index, cut, sum, size) = best;
        let (from, to) = segments[index];
        segments[index] = (from, cut);
        segments.push((cut, to));
        order.push(cut);
        densities.push(density);
    }
    (order, densities)
}

/// How many boundaries to keep: as long as the smoothed gain in density stays above mean + `c` standard deviations.
fn kept(densities: &[f64], c: f64) -> usize {
    let gains: Vec<f64> = densities.windows(2).map(|d| d[1] - d[0]).collect();
    let smooth = |i: usize| {
        let near = KERNEL.iter().enumerate().filter_map(|(k, w)| gains.get((i + k).checked_sub(3)?).map(|g| (w, g)));
        let (sum, weight) = near.fold((0.0, 0.0), |(sum, weight), (w, g)| (sum + w * g, weight + w));
        sum / weight
    };
    let smoothed: Vec<f64> = (0..gains.len()).map(smooth).collect();
    let n = smoothed.len().max(1) as f64;
    let mean = smoothed.iter().sum::<f64>() / n;
    let deviation = (smoothed.iter().map(|g| (g - mean).powi(2)).sum::<f64>() / n).sqrt();
    smoothed.iter().take_while(|gain| **gain > mean + c * deviation).count()
}
