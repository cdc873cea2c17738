//! Quality: whether a recording can be worked with at all. Conservative: only what is plainly lost is rejected.

use crate::{activity, words};
use domain::{
    Span,
    session::FailureReason,
    signals::{FrameSample, Signals, Sound},
    utterance::Transcript,
};

/// Share of the recording that must be lost for a rejection.
const MOST: f64 = 0.6;
/// Recordings shorter than this are not judged, in seconds.
const LONG_ENOUGH: f64 = 10.0;
/// Samples of the picture below which it is not judged.
const FRAMES: usize = 4;
/// Below this level in dBFS not even a room is heard: the microphone is off.
const DEAD_LEVEL: f32 = -80.0;

/// Why a recording cannot become procedures.
#[derive(Clone, Debug, PartialEq)]
pub struct Rejection {
    /// The reason that the session will carry.
    pub reason: FailureReason,
    /// A sentence for the manager who looks at the session.
    pub sentence: String,
    /// The stretches of the recording that are lost, in order.
    pub evidence: Vec<Span>,
}

/// Rejects a recording whose sound is missing, or whose camera saw nothing, for most of its length.
/// Missing sound is forgiven where the words are known from elsewhere.
pub fn check(transcript: &Transcript, signals: &Signals) -> Result<(), Rejection> {
    let duration = activity::duration(transcript, signals);
    if duration < LONG_ENOUGH {
        return Ok(());
    }
    let dark = occluded(signals);
    let dark_seconds = seconds(&dark);
    if dark_seconds > MOST * duration {
        let sentence = format!("The camera was covered or in the dark for {}.", share(dark_seconds, duration));
        return Err(Rejection { reason: FailureReason::CameraOccluded, sentence, evidence: dark });
    }
    let silent = dropouts(signals);
    let silent_seconds = seconds(&silent);
    let (known, _) = words::known_and_spoken_seconds(transcript);
    if silent_seconds > MOST * duration && known < 0.1 * duration {
        let sentence = format!("The sound is missing for {}.", share(silent_seconds, duration));
        return Err(Rejection { reason: FailureReason::AudioDropout, sentence, evidence: silent });
    }
    Ok(())
}

/// Stretches in which the camera sees nothing: flat and without detail, or black.
pub(crate) fn occluded(signals: &Signals) -> Vec<Span> {
    let frames = signals.picture.as_ref().map_or(&[][..], |p| &p.frames);
    if frames.len() < FRAMES {
        return Vec::new();
    }
    let covered = |f: &FrameSample| f.contrast < 10.0 && (f.sharpness < 3.0 || f.luma < 12.0);
    let until = |i: usize| frames.get(i + 1).map_or(signals.duration_seconds, |next: &FrameSample| next.at);
    let spans = frames.iter().enumerate().filter(|(_, f)| covered(f)).map(|(i, f)| Span::new(f.at, until(i).max(f.at)));
    joined(spans)
}

/// Stretches of digital silence, or of a level at which no microphone works.
pub(crate) fn dropouts(signals: &Signals) -> Vec<Span> {
    let Some(sound) = &signals.sound else { return Vec::new() };
    let windows = sound.level_db.len().max(sound.dropout.len());
    let lost = |i: &usize| {
        sound.dropout.get(*i).is_some_and(|d| *d >= 0.5) || sound.level_db.get(*i).is_some_and(|l| *l <= DEAD_LEVEL)
    };
    let at = |i: usize| i as f64 * Sound::WINDOW_SECONDS;
    joined((0..windows).filter(lost).map(|i| Span::new(at(i), at(i + 1))))
}

fn joined(spans: impl Iterator<Item = Span>) -> Vec<Span> {
    spans.fold(Vec::new(), |mut all: Vec<Span>, span| {
        match all.last_mut() {
            Some(last) if span.start - last.end < 0.5 => last.end = last.end.max(span.end),
            _ => all.push(span),
        }
        all
    })
}

fn seconds(spans: &[Span]) -> f64 {
    spans.iter().map(Span::duration).sum()
}

fn share(part: f64, whole: f64) -> String {
    let percent = (100.0 * part / whole).round().min(100.0);
    if percent >= 99.0 { "the whole recording".into() } else { format!("{percent:.0} % of the recording") }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::samples;

    fn reason(transcript: &Transcript, signals: &Signals) -> Option<FailureReason> {
        check(transcript, signals).err().map(|r| r.reason)
    }

    #[test]
    fn a_covered_camera_and_missing_sound_are_rejected_and_shorter_faults_are_not() {
        let good = samples::signals(200.0);
        assert_eq!(check(&samples::boiler(), &good), Ok(()));
        for (lost, rejected) in [(80, false), (150, true)] {
            let mut dark = good.clone();
            for f in dark.picture.as_mut().unwrap().frames.iter_mut().take(lost / 4) {
                (f.luma, f.contrast, f.sharpness) = (14.0, 2.0, 0.4);
            }
            assert_eq!(reason(&samples::boiler(), &dark), rejected.then_some(FailureReason::CameraOccluded));
            let mut mute = good.clone();
            mute.sound.as_mut().unwrap().dropout[..lost].fill(1.0);
            assert_eq!(reason(&Transcript::silent(), &mute), rejected.then_some(FailureReason::AudioDropout));
            assert_eq!(reason(&samples::boiler(), &mute), None, "the words are known from elsewhere");
        }
    }

    #[test]
    fn a_dim_cupboard_and_a_quiet_room_are_fine() {
        let mut signals = samples::signals(200.0);
        for f in &mut signals.picture.as_mut().unwrap().frames {
            (f.luma, f.contrast, f.sharpness) = (18.0, 14.0, 2.0);
        }
        signals.sound.as_mut().unwrap().level_db.fill(-62.0);
        assert_eq!(check(&Transcript::silent(), &signals), Ok(()));
        assert_eq!(check(&Transcript::silent(), &Signals::default()), Ok(()));
    }
}
