//! How well found segments match those that a person marked.
//! tIoU as in VidChapters-7M (Yang et al. 2023), Pk as in Beeferman, Berger and Lafferty 1999.

use domain::Span;
use serde::{Deserialize, Serialize};

/// The measures of one recording, or their mean over several.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Measures {
    /// Mean over reference and over predicted segments of the best temporal IoU; higher is better, 0 to 1.
    pub tiou: f64,
    /// F1 of one-to-one matches, averaged over tIoU thresholds 0.3, 0.5 and 0.7; higher is better, 0 to 1.
    pub f1_at_tiou: f64,
    /// F1 of inner boundaries, one-to-one within 10 s; higher is better, 0 to 1.
    pub f1_at_10s: f64,
    /// F1 of inner boundaries, one-to-one within 30 s; higher is better, 0 to 1.
    pub f1_at_30s: f64,
    /// Share of one-second positions misjudged, window half the mean reference length; lower is better, 0 to 1.
    pub pk: f64,
    /// Difference in the number of segments; lower is better.
    pub count: f64,
}

/// Compares predicted with reference segments of a recording of `duration_seconds`; `reference` must not be empty.
pub fn measure(reference: &[Span], predicted: &[Span], duration_seconds: f64) -> Measures {
    let best =
        |of: &[Span], among: &[Span]| mean(of.iter().map(|a| among.iter().map(|b| tiou(a, b)).fold(0.0, f64::max)));
    let pairs: Vec<_> = (0..reference.len())
        .flat_map(|i| (0..predicted.len()).map(move |j| (i, j)))
        .map(|(i, j)| (-tiou(&reference[i], &predicted[j]), i, j))
        .collect();
    let f1_at_tiou = mean([0.3, 0.5, 0.7].iter().map(|threshold| {
        let near = pairs.iter().filter(|(cost, ..)| -cost >= *threshold).copied().collect();
        f1(one_to_one(near), predicted.len(), reference.len())
    }));
    Measures {
        tiou: (best(reference, predicted) + best(predicted, reference)) / 2.0,
        f1_at_tiou,
        f1_at_10s: boundary_f1(reference, predicted, 10.0),
        f1_at_30s: boundary_f1(reference, predicted, 30.0),
        pk: pk(reference, predicted, duration_seconds),
        count: reference.len().abs_diff(predicted.len()) as f64,
    }
}

/// The mean of each measure; all zero for no recordings.
pub fn average(all: &[Measures]) -> Measures {
    let of = |field: fn(&Measures) -> f64| mean(all.iter().map(field));
    Measures {
        tiou: of(|m| m.tiou),
        f1_at_tiou: of(|m| m.f1_at_tiou),
        f1_at_10s: of(|m| m.f1_at_10s),
        f1_at_30s: of(|m| m.f1_at_30s),
        pk: of(|m| m.pk),
        count: of(|m| m.count),
    }
}

/// Temporal intersection over union of two spans, 0 to 1.
pub fn tiou(a: &Span, b: &Span) -> f64 {
    let union = a.end.max(b.end) - a.start.min(b.start);
    if union > 0.0 { a.overlap(b) / union } else { 0.0 }
}

fn boundary_f1(reference: &[Span], predicted: &[Span], tolerance: f64) -> f64 {
    let inner = |spans: &[Span]| starts(spans).split_off(spans.len().min(1));
    let (r, p) = (inner(reference), inner(predicted));
    let near = (0..r.len())
        .flat_map(|i| (0..p.len()).map(move |j| (i, j)))
        .map(|(i, j)| ((r[i] - p[j]).abs(), i, j))
        .filter(|(distance, ..)| *distance <= tolerance)
        .collect();
    f1(one_to_one(near), p.len(), r.len())
}

fn pk(reference: &[Span], predicted: &[Span], duration: f64) -> f64 {
    let (r, p) = (labels(reference, duration), labels(predicted, duration));
    let window = (r.len() as f64 / (2.0 * reference.len().max(1) as f64)).round_ties_even().max(2.0) as usize;
    mean((0..r.len().saturating_sub(window)).map(|i| {
        let misjudged = (r[i] == r[i + window]) != (p[i] == p[i + window]);
        f64::from(u8::from(misjudged))
    }))
}

/// The number of the segment that holds each second.
fn labels(spans: &[Span], duration: f64) -> Vec<isize> {
    let starts = starts(spans);
    let mut current = -1;
    (0..=duration.clamp(0.0, 1e6) as usize)
        .map(|second| {
            while starts.get((current + 1) as usize).is_some_and(|start| *start <= second as f64) {
                current += 1;
            }
            current
        })
        .collect()
}

fn starts(spans: &[Span]) -> Vec<f64> {
    let mut starts: Vec<f64> = spans.iter().map(|s| s.start).collect();
    starts.sort_by(f64::total_cmp);
    starts
}

/// How many pairs a greedy one-to-one matching finds, cheapest first.
fn one_to_one(mut pairs: Vec<(f64, usize, usize)>) -> usize {
    pairs.sort_by(|a, b| a.0.total_cmp(&b.0).then(a.1.cmp(&b.1)).then(a.2.cmp(&b.2)));
    let (mut left, mut right) = (std::collections::HashSet::new(), std::collections::HashSet::new());
    let mut matched = 0;
    for (_, i, j) in pairs {
        if !left.contains(&i) && !right.contains(&j) {
            left.insert(i);
            right.insert(j);
            matched += 1;
        }
    }
    matched
}

fn f1(matched: usize, predicted: usize, reference: usize) -> f64 {
    if predicted + reference == 0 { 1.0 } else { 2.0 * matched as f64 / (predicted + reference) as f64 }
}

pub(super) fn mean(values: impl IntoIterator<Item = f64>) -> f64 {
    let (sum, n) = values.into_iter().fold((0.0, 0usize), |(s, n), v| (s + v, n + 1));
    if n > 0 { sum / n as f64 } else { 0.0 }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn spans(of: &[(f64, f64)]) -> Vec<Span> {
        of.iter().map(|(a, b)| Span::new(*a, *b)).collect()
    }

    /// The expected numbers are those that `score_segments.py` prints for the same segments.
    #[test]
    fn the_numbers_are_those_of_the_judging_script() {
        let reference = spans(&[(0.0, 36.0), (36.0, 164.0), (164.0, 658.0), (658.0, 727.0)]);
        let predicted = spans(&[(0.0, 44.0), (44.0, 300.5), (300.5, 640.0), (640.0, 727.0)]);
        let m = measure(&reference, &predicted, 726.52);
        let close = |a: f64, b: f64| assert!((a - b).abs() < 5e-4, "{a} is not {b}");
        close(m.tiou, EXPECTED.tiou);
        close(m.f1_at_tiou, EXPECTED.f1_at_tiou);
        close(m.f1_at_10s, EXPECTED.f1_at_10s);
        close(m.f1_at_30s, EXPECTED.f1_at_30s);
        close(m.pk, EXPECTED.pk);
        assert_eq!(m.count, 0.0);
    }

    const EXPECTED: Measures = Measures {
        tiou: 0.68805,
        f1_at_tiou: 0.75,
        f1_at_10s: 1.0 / 3.0,
        f1_at_30s: 2.0 / 3.0,
        pk: 0.32704,
        count: 0.0,
    };

    #[test]
    fn a_perfect_answer_is_perfect_and_no_answer_is_worth_nothing() {
        let reference = spans(&[(0.0, 30.0), (30.0, 90.0)]);
        let m = measure(&reference, &reference, 90.0);
        assert_eq!((m.tiou, m.f1_at_tiou, m.f1_at_10s, m.pk), (1.0, 1.0, 1.0, 0.0));
        let none = measure(&reference, &[], 90.0);
        assert_eq!((none.tiou, none.f1_at_tiou, none.f1_at_30s), (0.0, 0.0, 0.0));
    }
}
