//! Unclear: what a viewer will miss, each in a sentence with its seconds.

use crate::{language, prose::counted, quality, score::seconds::Seconds, title};
use domain::{
    Span,
    signals::{Signals, Sound},
    time::show_duration,
    utterance::Transcript,
};

/// Seconds of a dark picture or missing sound that are worth a sentence.
const LOST: f64 = 5.0;
/// Seconds of a poor picture, or of speech that nobody understands.
const POOR: f64 = 15.0;
/// Seconds without a word.
const SILENT: f64 = 90.0;

pub fn sentences(transcript: &Transcript, signals: &Signals) -> Vec<String> {
    let seconds = Seconds::of(transcript, signals);
    let (heard, clear): (f64, f64) = (seconds.heard.iter().sum(), seconds.clear.iter().sum());
    let mut found = Vec::new();
    if !language::spoken(transcript).is_english() {
        let read = "names, remarks and precautions are read from English only";
        found.push(format!("What is said is not English; without a language model {read}."));
    }
    if heard < 1.0 {
        found.push("Nothing is said that would explain the work.".to_owned());
    } else if !seconds.understood && clear < 0.5 * heard {
        found.push("Much of what is said could not be understood, so names and descriptions are sparse.".to_owned());
    } else {
        if !seconds.understood {
            let muffled: Vec<f64> = seconds.heard.iter().zip(&seconds.clear).map(|(h, c)| h - c).collect();
            found.extend(told("What is said could not be understood", seconds.stretches(&muffled, POOR, |m| m > 0.5)));
        }
        found.extend(told("Nothing is said", seconds.stretches(&seconds.heard, SILENT, |h| h < 0.1)));
    }
    if let (Some(seen), Some(_)) = (&seconds.seen, &signals.picture) {
        found.extend(told("The camera sees nothing", seconds.stretches(seen, LOST, |s| s < 0.1)));
        found.extend(told("The picture is dim or blurred", seconds.stretches(seen, POOR, |s| (0.1..0.4).contains(&s))));
    }
    found.extend(told("The picture stands still", quality::stands_still(signals)));
    if signals.picture.is_some() {
        found.extend(told("No picture was recorded", quality::picture_missing(signals)));
        if signals.sound.is_none() {
            found.push("The recording has no sound track.".to_owned());
        }
    }
    found.extend(told("The sound is missing", silence(signals)));
    found
}

/// Where there is no sound at all on the track.
fn silence(signals: &Signals) -> Vec<Span> {
    let dropout = signals.sound.as_ref().map_or(&[][..], |s| &s.dropout);
    let mut found: Vec<Span> = Vec::new();
    for (i, _) in dropout.iter().enumerate().filter(|(_, gone)| **gone >= 0.5) {
        let (start, end) = (i as f64 * Sound::WINDOW_SECONDS, (i + 1) as f64 * Sound::WINDOW_SECONDS);
        match found.last_mut().filter(|last| start - last.end < 0.5) {
            Some(last) => last.end = end,
            None => found.push(Span::new(start, end)),
        }
    }
    let mut found = signals.recorded(found);
    found.retain(|span| span.duration() >= LOST);
    found
}

/// One or two stretches by their times, more by the longest and the sum.
pub fn told(what: &str, spans: Vec<Span>) -> Option<String> {
    let clock = |s: &Span| format!("from {} to {}", title::clock(s.start), title::clock(s.end));
    match spans.as_slice() {
        [] => None,
        [one] => Some(format!("{what} {}.", clock(one))),
        [one, two] => Some(format!("{what} {} and {}.", clock(one), clock(two))),
        many => {
            let longest = many.iter().max_by(|a, b| a.duration().total_cmp(&b.duration()))?;
            let total = show_duration(Some(many.iter().map(Span::duration).sum()));
            let count = counted(many.len(), "place");
            Some(format!("{what} in {count}, {total} in all, the longest {}.", clock(longest)))
        }
    }
}
