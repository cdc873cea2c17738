//! What is wrong with the sound, second by second: missing, torn, or muffled.

use super::stretches::joined;
use domain::{
    Span,
    signals::{Signals, Sound},
};

/// Below this level in dBFS not even a room is heard: the microphone is off.
const DEAD_LEVEL: f32 = -80.0;
/// Share of a second that is lost with it.
const LOST: f32 = 0.5;
/// Treble this far below the level, in dB, is muffled.
const MUFFLED: f32 = -30.0;

/// Stretches of digital silence, or of a level at which no microphone works; everything in a recording of pictures alone.
pub(super) fn missing(signals: &Signals) -> Vec<Span> {
    let Some(sound) = &signals.sound else {
        let pictures = signals.picture.is_some() && signals.duration_seconds > 0.0;
        return pictures.then(|| Span::new(0.0, signals.duration_seconds)).into_iter().collect();
    };
    let windows = sound.level_db.len().max(sound.dropout.len());
    let lost = |i: &usize| {
        sound.dropout.get(*i).is_some_and(|d| *d >= LOST) || sound.level_db.get(*i).is_some_and(|l| *l <= DEAD_LEVEL)
    };
    signals.recorded(joined((0..windows).filter(lost).map(window), 0.5))
}

/// Share of the heard seconds within the spans in which the treble is missing; `None` where nothing is heard.
pub(super) fn muffled_share(signals: &Signals, spans: &[Span]) -> Option<f64> {
    let sound = signals.sound.as_ref()?;
    let within = |i: &usize| spans.iter().any(|s| s.overlap(&window(*i)) > 0.5);
    let heard: Vec<usize> =
        (0..sound.treble_db.len()).filter(|i| sound.level_db[*i] > DEAD_LEVEL).filter(within).collect();
    let muffled = heard.iter().filter(|i| sound.treble_db[**i] - sound.level_db[**i] <= MUFFLED).count();
    (!heard.is_empty()).then(|| muffled as f64 / heard.len() as f64)
}

fn window(i: usize) -> Span {
    Span::new(i as f64 * Sound::WINDOW_SECONDS, (i + 1) as f64 * Sound::WINDOW_SECONDS)
}
