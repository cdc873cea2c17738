//! What is wrong with the picture, sample by sample: covered, dark, or standing still.

use super::stretches::joined;
use crate::activity;
use domain::{
    Span,
    signals::{FrameSample, Signals},
};

/// Samples of the picture below which it is not judged, unless it does not change between them.
const FRAMES: usize = 4;
/// Detail below which nothing is to be made out (a hand, a lens cap, a wall): at least and at most, in luma, and as a
/// share of the mean luma between them, as everything stands out less in the dark.
const SMOOTH: (f32, f32) = (0.6, 1.3);
const SMOOTH_SHARE: f32 = 0.05;
/// Share of the sharpness that noise alone leaves in the detail.
const NOISE_IN_DETAIL: f32 = 0.17;
/// Detail that a picture has at most, as a share of its contrast.
const FLAT: f32 = 0.3;
/// Mean luma below which it is dark, 0 to 255.
const DARK: f32 = 24.0;
/// From this luma on a smooth picture without colour is a wall or a sheet of paper, not something on the lens.
const PALE: f32 = 120.0;
/// Distance from gray up to which a picture has no colour.
const COLOURLESS: f32 = 9.0;
/// Size of a packet as a share of a keyframe's, below which it says "as before".
const STILL_FLOW: f32 = 0.012;

/// What hides the scene in a sample.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Hidden {
    /// Something smooth lies before the lens.
    Covered,
    /// There is no light, or a cap on the lens.
    Dark,
}

/// What hides the scene; `None` where it can be seen.
pub(super) fn hidden(frame: &FrameSample) -> Option<Hidden> {
    // A flat picture has no detail, whatever noise says.
    let detail = (frame.detail - NOISE_IN_DETAIL * frame.sharpness).max(0.0).min(FLAT * frame.contrast);
    let smooth = detail < (SMOOTH_SHARE * frame.luma).clamp(SMOOTH.0, SMOOTH.1);
    let pale = frame.luma >= PALE && frame.red.abs().max(frame.blue.abs()) <= COLOURLESS;
    let by = if frame.luma < DARK { Hidden::Dark } else { Hidden::Covered };
    (smooth && !pale).then_some(by)
}

/// Stretches in which the scene is hidden, by anything or by one thing.
pub(super) fn stretches_hidden(signals: &Signals, by: Option<Hidden>) -> Vec<Span> {
    let frames = samples(signals);
    if !enough(frames) {
        return Vec::new();
    }
    let spans = spans(signals, frames).filter(|(f, _)| hidden(f).is_some_and(|h| by.is_none_or(|by| by == h)));
    signals.recorded(joined(spans.map(|(_, span)| span), 0.5))
}

/// Stretches in which the same picture comes again and again, though the scene can be seen.
pub(super) fn frozen(signals: &Signals) -> Vec<Span> {
    let frames = samples(signals);
    let mut spans: Vec<Span> = frames
        .windows(2)
        .filter(|pair| activity::stands_still(&pair[0], &pair[1]))
        .map(|pair| Span::new(pair[0].at, pair[1].at))
        .collect();
    // Nothing comes after the last sample to compare it with.
    if let Some(last) = frames.last().filter(|f| still(f) || spans.last().is_some_and(|s| s.end == f.at)) {
        spans.push(Span::new(last.at, end(signals).max(last.at)));
    }
    let seen = |span: &Span| frames.iter().any(|f| f.at >= span.start && f.at < span.end && hidden(f).is_none());
    signals.recorded(joined(spans, 0.5).into_iter().filter(seen).collect())
}

/// Where no picture comes: all along in a recording of sound alone, and nowhere where nobody listened either.
pub(super) fn missing(signals: &Signals) -> Vec<Span> {
    match &signals.picture {
        Some(picture) => signals.recorded(picture.missing.clone()),
        None if signals.sound.is_some() => vec![Span::new(0.0, signals.duration_seconds)],
        None => Vec::new(),
    }
}

/// Where the picture ends, in seconds: with the recording, or before it.
pub(crate) fn end(signals: &Signals) -> f64 {
    let last = signals.picture.as_ref().and_then(|p| p.missing.last());
    // The lengths of the tracks were added up in other ways.
    last.filter(|gap| gap.end >= signals.duration_seconds - 0.5).map_or(signals.duration_seconds, |gap| gap.start)
}

/// Whether hardly anything flows after a sample.
fn still(frame: &FrameSample) -> bool {
    frame.flow.is_some_and(|flow| flow < STILL_FLOW)
}

pub(super) fn samples(signals: &Signals) -> &[FrameSample] {
    signals.picture.as_ref().map_or(&[], |p| &p.frames)
}

/// Few samples say enough when they stand for what is between them.
fn enough(frames: &[FrameSample]) -> bool {
    frames.len() >= FRAMES || (!frames.is_empty() && frames.iter().all(still))
}

/// Every sample with the stretch until the next.
fn spans<'a>(signals: &Signals, frames: &'a [FrameSample]) -> impl Iterator<Item = (&'a FrameSample, Span)> {
    let end = end(signals);
    let until = move |i: usize| frames.get(i + 1).map_or(end, |next: &FrameSample| next.at);
    frames.iter().enumerate().map(move |(i, f)| (f, Span::new(f.at, until(i).max(f.at))))
}
