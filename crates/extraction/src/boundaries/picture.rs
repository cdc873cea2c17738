//! Picture: how much the scene before a moment differs from the scene after it. Medians over many seconds, so that a
//! single turn of the head never counts.

use crate::activity;
use domain::{Span, signals::Signals};

/// Seconds on either side that are compared.
const WINDOW: f64 = 16.0;
/// Samples on either side below which nothing is concluded.
const ENOUGH: usize = 3;
/// Samples that are looked at on either side, at most.
const MOST: usize = 12;
/// Mean luma difference that is no more than the wearer's movement, 0 to 255.
const RESTLESS: f32 = 8.0;

/// How strongly the scene changes at each moment, from 0 to 2: its difference in standard deviations above the mean.
pub fn scene_changes(signals: &Signals, at: &[f64]) -> Vec<f64> {
    let differences: Vec<f32> = at
        .iter()
        .map(|t| {
            let before = scene(signals, &Span::new(t - WINDOW, *t));
            let after = scene(signals, &Span::new(*t, t + WINDOW));
            before.zip(after).map_or(0.0, |(b, a)| distance(&b, &a))
        })
        .collect();
    let n = differences.len().max(1) as f32;
    let mean = differences.iter().sum::<f32>() / n;
    let deviation = (differences.iter().map(|d| (d - mean).powi(2)).sum::<f32>() / n).sqrt().max(1.0);
    let change = |i: usize| {
        let d = differences[i];
        let strength = if d < RESTLESS { 0.0 } else { f64::from(((d - mean) / deviation + 0.5).clamp(0.0, 2.0)) };
        if is_peak(at, &differences, i) { strength } else { 0.3 * strength }
    };
    (0..at.len()).map(change).collect()
}

/// Whether no moment within half a window shows a clearly greater difference.
fn is_peak(at: &[f64], differences: &[f32], i: usize) -> bool {
    let near = |j: &usize| (at[*j] - at[i]).abs() < WINDOW / 2.0;
    let before = (0..i).rev().take_while(near);
    let after = (i + 1..at.len()).take_while(near);
    before.chain(after).all(|j| differences[j] <= 1.05 * differences[i])
}

/// The scene of a span: the median luma of each cell of the grid; `None` where too few samples show it.
pub fn scene(signals: &Signals, span: &Span) -> Option<Vec<f32>> {
    let all: Vec<_> = activity::frames(signals, span).collect();
    let step = all.len().div_ceil(MOST).max(1);
    let frames: Vec<_> = all.into_iter().step_by(step).collect();
    let cells = frames.iter().map(|f| f.grid.len()).min().unwrap_or(0);
    (frames.len() >= ENOUGH && cells > 0).then(|| {
        (0..cells)
            .map(|cell| {
                let mut lumas: Vec<u8> = frames.iter().map(|f| f.grid[cell]).collect();
                lumas.sort_unstable();
                f32::from(lumas[lumas.len() / 2])
            })
            .collect()
    })
}

fn distance(a: &[f32], b: &[f32]) -> f32 {
    a.iter().zip(b).map(|(a, b)| (a - b).abs()).sum::<f32>() / a.len().min(b.len()).max(1) as f32
}
