//! Quality: what is wrong with a recording, where, and whether enough is left of it to show work.
//!
//! A fault becomes a finding with its seconds; only a recording of which too little is left is rejected.

mod nothing;
mod picture;
mod sound;
mod stretches;
mod talk;

use crate::{activity, title, words};
use domain::{Span, session::FailureReason, signals::Signals, utterance::Transcript};
pub use nothing::{why_excluded, why_nothing, why_nothing_said};
use picture::Hidden;
use serde::{Deserialize, Serialize};
use stretches::{long, said, seconds, union};

/// Share of the recording that must be lost for a rejection.
const MOST: f64 = 0.6;
/// The same where what is left would be enough to show work by itself, and how many seconds that is.
const NEARLY_ALL: f64 = 0.95;
const ENOUGH: f64 = 120.0;
/// Share of the recording over which known words make up for sound that is missing, and for a picture that stands still.
const TOLD: (f64, f64) = (0.1, 0.25);
/// Seconds with something going on below which nothing does.
const GOING_ON: f64 = 8.0;
/// Recordings shorter than this are not judged, in seconds.
const LONG_ENOUGH: f64 = 10.0;
/// A shorter fault of the picture, or of the sound, is no finding, in seconds.
const SHORTEST: (f64, f64) = (6.0, 4.0);
/// Sound that is lost in shorter pieces is a finding when they add up to this share of the recording.
const TORN: f64 = 0.3;
/// Share of the dark seconds that must sound muffled for a pocket.
const MUFFLED: f64 = 0.7;

/// What can be wrong with a recording.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Fault {
    /// The sound is missing, all of it or again and again.
    SoundMissing,
    /// Something lies before the lens: a hand, cloth.
    CameraCovered,
    /// The camera sees no light: a cap, an unlit room.
    CameraDark,
    /// The camera is covered or in the dark, and the sound is muffled by cloth.
    InPocket,
    /// The same picture comes again and again.
    PictureFrozen,
    /// Nobody speaks and nothing moves.
    NothingHappens,
}

/// A picture that stands still for so many seconds is worth a word to the viewer.
const STILL: f64 = 20.0;

/// A fault, and where it lies.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Finding {
    /// What is wrong.
    pub fault: Fault,
    /// Where, in seconds of the recording, in order and apart.
    pub spans: Vec<Span>,
    /// Length of the spans together, in seconds.
    pub seconds: f64,
    /// The same as a share of the recording, 0 to 1.
    pub share: f64,
    /// One sentence for a person, with the times.
    pub sentence: String,
}

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

/// Everything that is wrong for long enough to be worth a sentence, whether or not the recording is rejected for it.
pub fn findings(transcript: &Transcript, signals: &Signals) -> Vec<Finding> {
    let duration = activity::duration(transcript, signals);
    let (picture, pieces) = SHORTEST;
    let mut found = Vec::new();
    let mut add = |fault, spans: Vec<Span>| {
        if !spans.is_empty() {
            found.push(Finding::of(fault, spans, duration));
        }
    };
    let hidden = long(picture::stretches_hidden(signals, None), picture);
    let (pocket, open): (Vec<Span>, Vec<Span>) =
        hidden.into_iter().partition(|s| sound::muffled_share(signals, &[*s]).is_some_and(|share| share >= MUFFLED));
    let blind: Vec<Span> = pocket.iter().chain(&open).copied().collect();
    add(Fault::InPocket, pocket);
    // A hand that lets some light through now and then is still one hand.
    let dark = picture::stretches_hidden(signals, Some(Hidden::Dark));
    let (dark, covered) =
        open.into_iter().partition(|s| dark.iter().map(|d| d.overlap(s)).sum::<f64>() > 0.5 * s.duration());
    add(Fault::CameraCovered, covered);
    add(Fault::CameraDark, dark);
    add(Fault::PictureFrozen, long(picture::frozen(signals), picture));
    let lost = sound::missing(signals);
    let torn = seconds(&lost) >= TORN * duration;
    add(Fault::SoundMissing, if torn { lost } else { long(lost, pieces) });
    // A camera that sees nothing does not say that nothing moves.
    let watched = |idle: &Span| blind.iter().map(|b| b.overlap(idle)).sum::<f64>() < 0.5 * idle.duration();
    add(Fault::NothingHappens, activity::idle_stretches(transcript, signals).into_iter().filter(watched).collect());
    found
}

/// Where the picture stands still for long.
pub(crate) fn stands_still(signals: &Signals) -> Vec<Span> {
    long(picture::frozen(signals), STILL)
}

/// Rejects a recording of which too little is left: whose sound is missing, whose camera saw nothing, or in which nothing
/// happens or only idle talk is heard, for most of its length. Missing sound and a picture that stands still are forgiven
/// where the words are known.
pub fn check(transcript: &Transcript, signals: &Signals) -> Result<(), Rejection> {
    let duration = activity::duration(transcript, signals);
    if duration < LONG_ENOUGH {
        return Ok(());
    }
    let findings = findings(transcript, signals);
    let (known, _) = words::known_and_spoken_seconds(transcript);
    let mostly = |lost: f64| lost > if duration - lost >= ENOUGH { NEARLY_ALL } else { MOST } * duration;
    let reject = |reason, faults: &[Fault], too_much: &dyn Fn(f64) -> bool| {
        let of: Vec<&Finding> = findings.iter().filter(|f| faults.contains(&f.fault)).collect();
        let evidence = union(of.iter().flat_map(|f| f.spans.clone()).collect());
        if evidence.is_empty() || !too_much(seconds(&evidence)) {
            return Ok(());
        }
        let sentence = of.iter().map(|f| f.sentence.as_str()).collect::<Vec<_>>().join(" ");
        Err(Rejection { reason, sentence, evidence })
    };
    let hidden = [Fault::CameraCovered, Fault::CameraDark, Fault::InPocket];
    reject(FailureReason::CameraOccluded, &hidden, &mostly)?;
    if known < TOLD.0 * duration {
        reject(FailureReason::AudioDropout, &[Fault::SoundMissing], &mostly)?;
    }
    let nothing_else = |idle: f64| duration - idle < GOING_ON;
    reject(FailureReason::NoProcedures, &[Fault::NothingHappens], &nothing_else)?;
    if known < TOLD.1 * duration || !title::names_work(transcript) {
        let [a, b, c] = hidden;
        reject(FailureReason::CameraOccluded, &[a, b, c, Fault::PictureFrozen], &mostly)?;
    }
    talk::check(transcript, signals)
}

impl Finding {
    fn of(fault: Fault, spans: Vec<Span>, duration: f64) -> Self {
        let seconds = seconds(&spans);
        let what = match fault {
            Fault::SoundMissing if spans.len() > 5 => "The sound drops out again and again, most",
            Fault::SoundMissing => "The sound is missing",
            Fault::CameraCovered => "The camera was covered",
            Fault::CameraDark => "The camera was covered or in the dark",
            Fault::InPocket => "The camera was covered and the sound muffled, as in a pocket,",
            Fault::PictureFrozen => "The picture stands still",
            Fault::NothingHappens => "Nobody speaks and nothing moves",
        };
        let sentence = format!("{what} {}.", said(&spans, duration));
        Self { fault, share: (seconds / duration.max(1.0)).min(1.0), seconds, spans, sentence }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::samples;
    use domain::signals::FrameSample;

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

    fn faults(transcript: &Transcript, signals: &Signals) -> Vec<(Fault, f64, f64)> {
        let found = findings(transcript, signals);
        found.iter().flat_map(|f| f.spans.iter().map(|s| (f.fault, s.start, s.end))).collect()
    }

    #[test]
    fn a_fault_of_a_part_is_a_finding_with_its_seconds_and_no_rejection() {
        let mut signals = samples::signals(200.0);
        let cover = |f: &mut FrameSample| (f.luma, f.detail, f.red, f.blue) = (90.0, 0.4, 20.0, -9.0);
        let frames = &mut signals.picture.as_mut().unwrap().frames;
        frames[10..20].iter_mut().for_each(cover);
        for f in &mut frames[30..35] {
            (f.change, f.moved, f.flow) = (0.05, 0.0, Some(0.001));
        }
        signals.sound.as_mut().unwrap().dropout[150..170].fill(1.0);
        let expected = [
            (Fault::CameraCovered, 40.0, 80.0),
            (Fault::PictureFrozen, 120.0, 136.0),
            (Fault::SoundMissing, 150.0, 170.0),
        ];
        assert_eq!(faults(&Transcript::silent(), &signals), expected);
        let found = findings(&Transcript::silent(), &signals);
        assert_eq!(found[0].sentence, "The camera was covered from 0:40 to 1:20 (20 % of the recording).");
        assert_eq!((found[0].seconds, found[0].share), (40.0, 0.2));
        assert_eq!(check(&Transcript::silent(), &signals), Ok(()));
        // One sample and three seconds are a hand that passes and a cough.
        let mut short = samples::signals(200.0);
        cover(&mut short.picture.as_mut().unwrap().frames[10]);
        short.sound.as_mut().unwrap().dropout[20..23].fill(1.0);
        assert_eq!(faults(&Transcript::silent(), &short), []);
    }

    #[test]
    fn a_pocket_is_dark_and_muffled_and_a_wall_is_no_hand() {
        let mut signals = samples::signals(60.0);
        for f in &mut signals.picture.as_mut().unwrap().frames {
            (f.luma, f.detail, f.red, f.blue) = (6.0, 0.2, 0.0, 0.0);
        }
        assert_eq!(faults(&Transcript::silent(), &signals), [(Fault::CameraDark, 0.0, 60.0)]);
        signals.sound.as_mut().unwrap().treble_db.fill(-65.0);
        assert_eq!(faults(&Transcript::silent(), &signals), [(Fault::InPocket, 0.0, 60.0)]);
        assert!(
            check(&samples::boiler(), &signals).unwrap_err().sentence.contains("as in a pocket, from 0:00 to 1:00")
        );
        for f in &mut signals.picture.as_mut().unwrap().frames {
            f.luma = 190.0;
        }
        assert_eq!(faults(&Transcript::silent(), &signals), []);
    }

    #[test]
    fn a_frozen_picture_is_forgiven_where_the_work_is_told_and_a_loop_is_not_frozen() {
        let mut signals = samples::signals(180.0);
        for f in &mut signals.picture.as_mut().unwrap().frames[5..] {
            (f.change, f.moved, f.flow) = (0.1, 0.0, Some(0.02));
        }
        let rejection = check(&Transcript::silent(), &signals).unwrap_err();
        assert_eq!(rejection.reason, FailureReason::CameraOccluded);
        assert_eq!(rejection.sentence, "The picture stands still from 0:20 to 3:00 (89 % of the recording).");
        assert_eq!(check(&samples::boiler(), &signals), Ok(()));
        for f in &mut signals.picture.as_mut().unwrap().frames {
            f.flow = Some(0.2);
        }
        assert_eq!(faults(&Transcript::silent(), &signals), []);
    }

    #[test]
    fn what_is_left_of_a_long_recording_is_worked_with() {
        let mut signals = samples::signals(1000.0);
        signals.sound.as_mut().unwrap().dropout[..750].fill(1.0);
        assert_eq!(check(&Transcript::silent(), &signals), Ok(()), "four minutes are left");
        signals.sound.as_mut().unwrap().dropout[..960].fill(1.0);
        assert_eq!(reason(&Transcript::silent(), &signals), Some(FailureReason::AudioDropout));
    }

    #[test]
    fn nothing_happens_is_said_with_its_seconds() {
        let mut signals = samples::signals(200.0);
        samples::fall_silent(&mut signals, 0.0, 200.0);
        let rejection = check(&Transcript::silent(), &signals).unwrap_err();
        assert_eq!(rejection.reason, FailureReason::NoProcedures);
        assert_eq!(rejection.sentence, "Nobody speaks and nothing moves from 0:00 to 3:20 (the whole recording).");
        let mut half = samples::signals(200.0);
        samples::fall_silent(&mut half, 100.0, 200.0);
        assert_eq!(check(&Transcript::silent(), &half), Ok(()));
        assert!(
            matches!(faults(&Transcript::silent(), &half)[..], [(Fault::NothingHappens, from, to)] if from < 105.0 && to == 200.0)
        );
    }
}
