//! Quality: what is wrong with a recording, where, and whether enough is left of it to show work.
//!
//! A fault becomes a finding with its seconds; only a recording of which too little is left is rejected.

mod finding;
mod nothing;
mod picture;
mod sound;
mod stretches;
mod talk;

pub use finding::{Fault, Finding};
pub use nothing::{why_excluded, why_nothing, why_nothing_said};
pub(crate) use picture::end as picture_ends;

use crate::{activity, title, words};
use domain::{Span, session::FailureReason, signals::Signals, utterance::Transcript};
use picture::Hidden;
use stretches::{long, seconds, union};

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

/// A picture that stands still for so many seconds is worth a word to the viewer.
const STILL: f64 = 20.0;

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
    let duration = activity::recorded_seconds(transcript, signals);
    let (picture, pieces) = SHORTEST;
    let mut found = Vec::new();
    let mut add = |fault, spans: Vec<Span>| {
        if !spans.is_empty() {
            found.push(Finding::of(fault, spans, duration, signals.sound.is_none()));
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
    add(Fault::PictureMissing, long(picture::missing(signals), picture));
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

/// Where no picture was recorded.
pub(crate) fn picture_missing(signals: &Signals) -> Vec<Span> {
    long(picture::missing(signals), SHORTEST.0)
}

/// Rejects a recording of which too little is left: whose sound is missing, whose camera saw nothing, or in which nothing
/// happens or only idle talk is heard, for most of its length. Missing sound and a picture that stands still are forgiven
/// where the words are known.
pub fn check(transcript: &Transcript, signals: &Signals) -> Result<(), Rejection> {
    let duration = activity::recorded_seconds(transcript, signals);
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
    // Without a sound track nothing was lost on the way: such a camera is worked with.
    if known < TOLD.0 * duration && signals.sound.is_some() {
        reject(FailureReason::AudioDropout, &[Fault::SoundMissing], &mostly)?;
    }
    let nothing_else = |idle: f64| duration - idle < GOING_ON;
    reject(FailureReason::NoProcedures, &[Fault::NothingHappens], &nothing_else)?;
    if known < TOLD.1 * duration || !title::names_work(transcript) {
        let [a, b, c] = hidden;
        let missing = signals.picture.is_some().then_some(Fault::PictureMissing);
        let blind: Vec<Fault> = [a, b, c, Fault::PictureFrozen].into_iter().chain(missing).collect();
        reject(FailureReason::CameraOccluded, &blind, &mostly)?;
    }
    talk::check(transcript, signals)
}

#[cfg(test)]
mod tests;
