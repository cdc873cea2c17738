//! Activity: where in a recording somebody speaks, something moves, or nothing happens at all.

use domain::{
    Span,
    signals::{FrameSample, Signals, Sound},
    utterance::Transcript,
};

/// Share of the picture that must look otherwise than a sample before to count as moving: a hand at work, far away.
const MOVING: f32 = 0.015;
/// Mean luma change up to which a sample is the one before again, but for the encoder's noise.
const SAME: f32 = 0.6;
/// Size of the packets between two samples, as a share of a keyframe, that contradicts two that are the same.
const FLOWING: f32 = 0.075;
/// Mean luma change up to which a sample may be the one before again, where the frames between them say so: a coarse
/// encoding leaves up to 0.7 of one picture (measured at 60 kbit/s), the noise of a live camera from 1.6.
const ALIKE: f32 = 1.1;
/// Share of the samples within a span that must move for something to go on there.
const GOING_ON: f64 = 0.25;
/// Share of a window in which a voice must be heard for the window to count as spoken.
const VOICED: f32 = 0.15;
/// A stretch in which nothing is said, heard or seen to move for this many seconds belongs to no procedure.
const IDLE_SECONDS: f64 = 40.0;

/// Seconds for which work may go on unheard after the last word of a transcript.
const AFTER_THE_LAST_WORD: f64 = 300.0;

/// Length of the recording in seconds: what was measured, else the end of what was said; 0 where neither is known.
pub fn duration(transcript: &Transcript, signals: &Signals) -> f64 {
    let measured = signals.duration_seconds;
    if measured.is_finite() && measured > 0.0 {
        return measured;
    }
    transcript.utterances.iter().map(|u| u.end).filter(|end| end.is_finite()).fold(0.0, f64::max)
}

/// The same without the gaps in which nothing was recorded.
pub fn recorded_seconds(transcript: &Transcript, signals: &Signals) -> f64 {
    (duration(transcript, signals) - signals.gap_seconds()).max(0.0)
}

/// The recording without its idle stretches, in order.
pub fn active_stretches(transcript: &Transcript, signals: &Signals) -> Vec<Span> {
    let duration = duration(transcript, signals);
    if signals.sound.is_none() && signals.picture.is_none() {
        // Nobody looked or listened: a gap in the transcript may well be work, but not hours after the last word.
        let last = transcript.utterances.iter().map(|u| u.end).filter(|end| end.is_finite()).reduce(f64::max);
        let end = last.map_or(duration, |last| duration.min(last.max(0.0) + AFTER_THE_LAST_WORD));
        return vec![Span::new(0.0, end)];
    }
    let mut active: Vec<Span> = Vec::new();
    let mut mark = |start: f64, end: f64| {
        let (start, end) = (start.clamp(0.0, duration), end.clamp(0.0, duration));
        if start < end {
            active.push(Span::new(start, end));
        }
    };
    transcript.utterances.iter().for_each(|u| mark(u.start, u.end));
    transcript.voiced.iter().for_each(|v| mark(v.start, v.end));
    if let Some(sound) = &signals.sound {
        let quiet = quiet_level(sound);
        for (i, (voiced, level)) in sound.voiced.iter().zip(&sound.level_db).enumerate() {
            if *voiced >= VOICED || *level > quiet {
                mark(i as f64 * Sound::WINDOW_SECONDS, (i + 1) as f64 * Sound::WINDOW_SECONDS);
            }
        }
    }
    let frames = signals.picture.as_ref().map_or(&[][..], |p| &p.frames);
    for pair in frames.windows(2) {
        if moves(&pair[0], &pair[1]) {
            mark(pair[0].at, pair[1].at);
        }
    }
    // Two pictures on both sides of a gap do not show that something moves in it.
    stretches(signals.recorded(active), duration)
}

/// Stretches in which nothing is said, heard or seen to move for long, in order.
pub fn idle_stretches(transcript: &Transcript, signals: &Signals) -> Vec<Span> {
    let active = active_stretches(transcript, signals);
    let starts = std::iter::once(0.0).chain(active.iter().map(|s| s.end));
    let ends = active.iter().map(|s| s.start).chain([duration(transcript, signals)]);
    let idle = starts.zip(ends).filter(|(start, end)| end > start).map(|(start, end)| Span::new(start, end));
    let idle = signals.recorded(idle.collect());
    // Beside a gap less than that may be the rest of the work.
    let long = |span: &Span| signals.gaps.is_empty() || span.duration() >= IDLE_SECONDS;
    idle.into_iter().filter(long).collect()
}

/// Whether a voice was heard, be its words known or not.
pub fn speaks(transcript: &Transcript, signals: &Signals) -> bool {
    !transcript.voiced.is_empty()
        || !transcript.utterances.is_empty()
        || signals.sound.as_ref().is_some_and(|s| s.voiced.iter().any(|v| *v > 0.3))
}

/// Whether the picture shows something going on within a span.
pub fn something_moves(signals: &Signals, span: &Span) -> bool {
    let within: Vec<_> = frames(signals, span).collect();
    let moving = within.windows(2).filter(|pair| moves(pair[0], pair[1])).count();
    moving > 0 && moving as f64 >= GOING_ON * (within.len() - 1) as f64
}

/// Whether something moves from one sample to the next. Two that are the same may be the same moment of a scene that is
/// repeated: the frames between them tell, or where these were not looked at, how much flows.
fn moves(before: &FrameSample, after: &FrameSample) -> bool {
    let comes_round = match before.between {
        Some(between) => between.moved >= MOVING,
        None => is_same(after) && flows(before),
    };
    after.moved >= MOVING || comes_round
}

/// Whether the picture is the same from one sample to the next, to the sensor's noise.
pub fn stands_still(before: &FrameSample, after: &FrameSample) -> bool {
    match before.between {
        Some(between) => after.moved < MOVING && between.moved < MOVING && between.change <= ALIKE,
        None => is_same(after) && !flows(before),
    }
}

fn is_same(after: &FrameSample) -> bool {
    after.moved == 0.0 && after.change <= SAME
}

fn flows(before: &FrameSample) -> bool {
    before.flow.is_some_and(|flow| flow >= FLOWING)
}

/// The sampled frames within a span.
pub fn frames<'a>(signals: &'a Signals, span: &Span) -> impl Iterator<Item = &'a FrameSample> + use<'a> {
    let all = signals.picture.as_ref().map_or(&[][..], |p| &p.frames);
    let from = all.partition_point(|f| f.at < span.start);
    let to = all.partition_point(|f| f.at < span.end).max(from);
    all[from..to].iter()
}

/// Above this level in dBFS something is heard besides the room: a little over the quietest tenth, and never a whisper.
fn quiet_level(sound: &Sound) -> f32 {
    let mut levels: Vec<f32> = sound.level_db.iter().copied().filter(|l| l.is_finite()).collect();
    levels.sort_by(f32::total_cmp);
    let floor = levels.get(levels.len() / 10).copied().unwrap_or(-100.0);
    (floor + 8.0).max(-50.0)
}

/// Active spans joined over gaps shorter than [`IDLE_SECONDS`].
fn stretches(mut active: Vec<Span>, duration: f64) -> Vec<Span> {
    active.sort_by(|a, b| a.start.total_cmp(&b.start));
    let mut found: Vec<Span> = Vec::new();
    for span in active {
        match found.last_mut() {
            Some(last) if span.start - last.end < IDLE_SECONDS => last.end = last.end.max(span.end),
            _ => found.push(span),
        }
    }
    // A short lull at either end belongs to the work beside it.
    if let Some(first) = found.first_mut().filter(|s| s.start < IDLE_SECONDS) {
        first.start = 0.0;
    }
    if let Some(last) = found.last_mut().filter(|s| duration - s.end < IDLE_SECONDS) {
        last.end = duration;
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::samples;

    #[test]
    fn a_long_stretch_of_nothing_is_idle() {
        let mut signals = samples::signals(300.0);
        samples::fall_silent(&mut signals, 100.0, 200.0);
        let transcript = samples::transcript(&[(2.0, "Start."), (98.0, "Wait."), (201.0, "Go on.")]);
        let stretches = active_stretches(&transcript, &signals);
        assert_eq!(stretches.len(), 2, "{stretches:?}");
        assert!((stretches[0].end - 100.0).abs() < 5.0 && (stretches[1].start - 200.0).abs() < 5.0, "{stretches:?}");
    }

    #[test]
    fn without_sound_and_picture_nothing_is_called_idle() {
        let signals = Signals { duration_seconds: 300.0, ..Default::default() };
        assert_eq!(active_stretches(&Transcript::silent(), &signals), [Span::new(0.0, 300.0)]);
    }
}
