//! Visibility: how well the picture shows something, over the whole recording.

use super::{
    known,
    seconds::{Seconds, spread},
    unknown,
};
use crate::{quality, ramp::ramp};
use domain::{
    Span,
    score::{Criterion, CriterionName},
    signals::{FrameSample, Signals},
};

/// Seconds that are added to every recording as if nothing had been heard or seen in them: a share of few seconds says
/// little, and nobody gains by stopping early.
pub const SHORT: f64 = 30.0;
/// Share of what could be seen that is as good as all.
const WELL_SEEN: f64 = 0.85;
/// What is still added above that.
const MORE: f64 = 0.1;
/// Seconds that a frame stands for at most: where none follows, the picture is gone.
const STANDS_FOR: f64 = 30.0;
/// A dark stretch of this many seconds is worth a word.
const DARK: f64 = 4.0;

pub fn judge(seconds: &Seconds, signals: &Signals) -> Criterion {
    let name = CriterionName::Visibility;
    let Some(seen) = &seconds.seen else {
        return unknown(name, "There is only a transcript, so visibility is not judged.", Vec::new());
    };
    if signals.picture.is_none() {
        return known(name, 0.0, "The recording has no picture, so the work cannot be seen.".into(), Vec::new());
    }
    let still = quality::stands_still(signals);
    let stood: f64 = still.iter().map(Span::duration).sum();
    // A picture that stands still shows half: what was there, not what was done.
    let share = (seen.iter().sum::<f64>() - 0.5 * stood).max(0.0) / (seconds.recorded + SHORT);
    let score = 100.0 * ((1.0 - MORE) * ramp(share, 0.0..WELL_SEEN) + MORE * share);
    let dark = seconds.stretches(seen, DARK, |seen| seen < 0.1);
    let poor = seconds.stretches(seen, DARK, |seen| seen < 0.6);
    let lost = dark.iter().map(Span::duration).sum::<f64>().round();
    let sentence = match () {
        _ if lost >= seconds.recorded.round() => "Nothing can be seen in the picture.".to_owned(),
        _ if lost >= 1.0 => {
            format!("Nothing can be seen for {}.", domain::time::show_duration(Some(lost)))
        }
        _ if stood >= 1.0 => {
            format!("The picture stands still for {}.", domain::time::show_duration(Some(stood.round())))
        }
        _ if poor.is_empty() => "The picture is bright and detailed throughout.".to_owned(),
        _ => "Parts of the picture are dark, blurred or without detail.".to_owned(),
    };
    let evidence = match (dark.is_empty(), poor.is_empty()) {
        (false, _) => dark,
        _ if stood >= 1.0 => still,
        (true, false) => poor,
        (true, true) => vec![Span::new(0.0, seconds.duration)],
    };
    known(name, score, sentence, evidence)
}

/// What can be seen in every second: a sampled frame stands for the time until the next one.
pub fn curve(signals: &Signals, bins: usize, duration: f64) -> Vec<f64> {
    let mut seen = vec![0.0; bins];
    let frames = signals.picture.as_ref().map_or(&[][..], |p| &p.frames);
    for (i, frame) in frames.iter().enumerate() {
        let from = if i == 0 { 0.0 } else { frame.at };
        let until = frames.get(i + 1).map_or(duration.min(quality::picture_ends(signals)), |next| next.at);
        for span in Span::new(from, until.clamp(from, from + STANDS_FOR)).without(&signals.gaps) {
            spread(&mut seen, &span, visible(frame));
        }
    }
    seen.iter_mut().for_each(|s| *s = s.min(1.0));
    seen
}

/// How well a frame shows something, 0 (covered, black, blank) to 1. Light as the eye takes it, by ratios; sharpness
/// counts for half, since a coarser encoding takes some of it away and the work is still seen.
fn visible(frame: &FrameSample) -> f64 {
    let ratio =
        |value: f32, none: f64, full: f64| ramp((f64::from(value).max(0.01) / none).ln(), 0.0..(full / none).ln());
    let lit = ratio(frame.luma, 10.0, 45.0).max(ratio(frame.contrast, 10.0, 40.0));
    let detailed = ratio(frame.contrast, 5.0, 25.0);
    let sharp = ratio(frame.sharpness, 0.4, 4.0);
    lit * detailed * (0.5 + 0.5 * sharp)
}
