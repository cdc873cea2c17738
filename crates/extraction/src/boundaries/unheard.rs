//! Unheard: units of a recording whose words are not known: a few seconds of picture and voice activity each.

use super::{optimum::Unit, picture};
use domain::{
    Span,
    signals::{Signals, Sound},
    utterance::Transcript,
};

/// Length of a unit in seconds.
const STEP: f64 = 5.0;
/// Seconds on either side of a unit whose scene it stands for.
const AROUND: f64 = 10.0;

/// The units of all stretches, in order.
pub fn units(transcript: &Transcript, signals: &Signals, stretches: &[Span]) -> Vec<Unit> {
    // Long recordings in longer steps, so that their cost stays bounded.
    let total: f64 = stretches.iter().map(Span::duration).sum();
    let step = STEP.max(total / 3000.0);
    let mut units: Vec<Unit> = Vec::new();
    for stretch in stretches {
        let steps = (stretch.duration() / step).ceil().max(1.0) as usize;
        units.extend((0..steps).map(|i| {
            let start = stretch.start + i as f64 * step;
            let around = Span::new(start - AROUND + step / 2.0, start + AROUND + step / 2.0);
            Unit { start, weight: step, seen: picture::scene(signals, &around).unwrap_or_default(), ..Unit::default() }
        }));
    }
    let starts: Vec<f64> = units.iter().map(|u| u.start).collect();
    let voiced = voiced_seconds(transcript, signals);
    for (unit, change) in units.iter_mut().zip(picture::scene_changes(signals, &starts)) {
        unit.boundary = 0.8 * change + 0.5 * resumes(&voiced, unit.start, step);
    }
    units
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
