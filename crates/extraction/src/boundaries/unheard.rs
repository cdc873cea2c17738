//! Unheard: units of a recording whose words are not known: a few seconds of picture and voice activity each.

use super::{
    cohesion::Visual,
    decode::{SEED, decode},
    lattice::{Lattice, Lengths},
    picture,
    signals::{COUNT, Signal, Values},
    weights,
};
use crate::{Granularity, Segment};
use domain::{
    Span,
    signals::{Signals, Sound},
    utterance::Transcript,
};

/// Length of a unit in seconds.
const STEP: f64 = 5.0;
/// Seconds on either side of a unit whose scene it stands for.
const AROUND: f64 = 10.0;
/// Typical length of a piece of work in a recording of 800 s.
const TYPICAL_SECONDS: f64 = 150.0;

/// The units of all stretches, in order.
#[derive(Default)]
pub struct Unheard {
    /// Length of a unit in seconds.
    pub step: f64,
    /// Seconds at which each unit starts.
    pub starts: Vec<f64>,
    /// Mean luma per cell of the grid around each unit; empty without picture.
    pub seen: Vec<Vec<f32>>,
    /// What speaks for a boundary before each unit.
    pub boundaries: Vec<Values>,
}

impl Unheard {
    /// Looks at every stretch.
    pub fn of(transcript: &Transcript, signals: &Signals, stretches: &[Span]) -> Self {
        // Long recordings in longer steps, so that their cost stays bounded.
        let total: f64 = stretches.iter().map(Span::duration).sum();
        let step = STEP.max(total / 3000.0);
        let mut units = Self { step, ..Self::default() };
        for stretch in stretches {
            let steps = (stretch.duration() / step).ceil().max(1.0) as usize;
            for start in (0..steps).map(|i| stretch.start + i as f64 * step) {
                let around = Span::new(start - AROUND + step / 2.0, start + AROUND + step / 2.0);
                units.starts.push(start);
                units.seen.push(picture::scene(signals, &around).unwrap_or_default());
            }
        }
        let voiced = voiced_seconds(transcript, signals);
        let changes = picture::scene_changes(signals, &units.starts);
        units.boundaries = units
            .starts
            .iter()
            .zip(changes)
            .map(|(start, change)| {
                let mut values = [0.0; COUNT];
                values[Signal::Scene as usize] = change;
                values[Signal::Resumes as usize] = resumes(&voiced, *start, step);
                values[Signal::Boundary as usize] = 1.0;
                values
            })
            .collect();
        units
    }
}

/// 1 where somebody speaks again after at least eight seconds without a voice, else 0.
fn resumes(voiced: &[bool], at: f64, step: f64) -> f64 {
    let at = at.max(0.0) as usize;
    let any = |from: usize, to: usize| {
        voiced.get(from.min(voiced.len())..to.min(voiced.len())).is_some_and(|v| v.contains(&true))
    };
    f64::from(u8::from(at >= 8 && !any(at - 8, at) && any(at, at + step as usize)))
}

fn voiced_seconds(transcript: &Transcript, signals: &Signals) -> Vec<bool> {
    let mut voiced: Vec<bool> =
        signals.sound.as_ref().map(|s: &Sound| s.voiced.iter().map(|v| *v > 0.3).collect()).unwrap_or_default();
    if voiced.is_empty() {
        for span in &transcript.voiced {
            let (from, to) = (span.start.max(0.0) as usize, span.end.clamp(0.0, 360_000.0).ceil() as usize);
            voiced.resize(voiced.len().max(to), false);
            voiced[from.min(to)..to].fill(true);
        }
    }
    voiced
}

/// The pieces of work in the given stretches, in order.
pub fn segments(
    transcript: &Transcript,
    signals: &Signals,
    stretches: &[Span],
    granularity: Granularity,
) -> Vec<Segment> {
    let active: f64 = stretches.iter().map(Span::duration).sum();
    let typical = match granularity {
        Granularity::Coarse => TYPICAL_SECONDS,
        Granularity::Fine => TYPICAL_SECONDS / 2.5,
    } * (active / 800.0).powf(0.7);
    let lengths = Lengths { typical, longest: (2.5 * typical).clamp(900.0, 1800.0) };
    let units = Unheard::of(transcript, signals, stretches);
    let last = stretches.len().saturating_sub(1);
    let of = |(i, stretch): (usize, &Span)| {
        let from = units.starts.partition_point(|at| *at < stretch.start - 1e-6);
        let to = units.starts.partition_point(|at| *at < stretch.end).max(from + 1);
        let mut cohesion = Visual::new(&units.seen[from..to], &units.seen, units.step);
        let boundaries = units.boundaries[from..to].to_vec();
        let lattice =
            Lattice::new(stretch, &units.starts[from..to], boundaries, &mut cohesion, lengths, (i == 0, i == last));
        let whole = vec![Segment { span: *stretch, confidence: 0.5 }];
        decode(&lattice, &lattice.scores(&weights::UNHEARD), SEED).unwrap_or(whole)
    };
    // Without words half as sure.
    stretches.iter().enumerate().flat_map(of).map(|s| Segment { confidence: s.confidence / 2.0, ..s }).collect()
}
