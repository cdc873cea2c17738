//! Narration: how much of the recording is spoken over, and how much of that is understood.

use super::{known, seconds::Seconds, visibility::SHORT};
use crate::ramp::ramp;
use domain::{
    score::{Criterion, CriterionName},
    signals::Signals,
};

/// Share of the recording that a well-narrated one speaks over: hands need pauses.
const WELL_NARRATED: f64 = 0.45;
/// What more speech than that still adds.
const MORE: f64 = 0.1;
/// A silence of this many seconds is worth showing.
const SILENCE: f64 = 20.0;

pub fn judge(seconds: &Seconds, signals: &Signals) -> Criterion {
    let spoken: f64 = seconds.spoken().sum();
    let share = spoken / (seconds.recorded + SHORT);
    let score = 100.0 * ((1.0 - MORE) * ramp(share, 0.0..WELL_NARRATED) + MORE * share);
    let (heard, clear): (f64, f64) = (seconds.heard.iter().sum(), seconds.clear.iter().sum());
    let percent = (100.0 * heard / seconds.recorded.max(1.0)).round().min(100.0);
    let sentence = match () {
        _ if heard < 1.0 && signals.sound.is_none() => {
            "The recording has no sound, so the work is not explained.".to_owned()
        }
        _ if heard < 1.0 => "Nothing is said while the work is done.".to_owned(),
        _ if clear < 0.5 * heard && seconds.understood => {
            format!("Few words are said, during {percent:.0} % of the recording.")
        }
        _ if clear < 0.5 * heard => {
            format!("Somebody speaks during {percent:.0} % of the recording, but few of the words could be understood.")
        }
        _ => format!("The work is explained during {percent:.0} % of the recording."),
    };
    let silent = seconds.stretches(&seconds.clear, SILENCE, |clear| clear < 0.1);
    let evidence = match silent.is_empty() {
        true => seconds.stretches(&seconds.clear, 1.0, |clear| clear >= 0.1),
        false => silent,
    };
    known(CriterionName::Narration, score, sentence, evidence)
}
