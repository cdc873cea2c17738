//! A transcript by itself, without sound and picture, from whatever file it came.

use super::{CaptionsError, MAX_CUES, read::MAX_CUE_CHARS, read::MAX_SECONDS};
use domain::{
    signals::Signals,
    utterance::{Transcript, TranscriptSource, Utterance},
};
use serde::Deserialize;

/// What was said, and how long the recording is.
#[derive(Clone, Debug, Deserialize)]
pub struct Spoken {
    /// Length of the recording in seconds, where it is known.
    pub duration_seconds: Option<f64>,
    /// In any order until [`Spoken::checked`].
    pub utterances: Vec<Utterance>,
}

impl Spoken {
    /// What was said as the rest may rely on it: ordered by start, each utterance within the recording, with text, its
    /// ends the right way round. What lies before the start of the recording is left out.
    ///
    /// # Errors
    /// Too many utterances; a time or a length that no recording has.
    pub fn checked(mut self) -> Result<Self, CaptionsError> {
        if self.utterances.len() > MAX_CUES {
            return Err(CaptionsError::TooManyCues);
        }
        let possible = |seconds: f64| seconds.is_finite() && seconds.abs() <= MAX_SECONDS;
        if let Some(seconds) = self.duration_seconds.filter(|d| !possible(*d) || *d < 0.0) {
            return Err(CaptionsError::ImpossibleDuration(seconds));
        }
        for (i, u) in self.utterances.iter_mut().enumerate() {
            if let Some(seconds) = [u.start, u.end].into_iter().find(|s| !possible(*s)) {
                return Err(CaptionsError::ImpossibleTime { number: i + 1, seconds });
            }
            (u.start, u.end) = (u.start.min(u.end).max(0.0), u.start.max(u.end));
            u.confidence = if u.confidence.is_nan() { 0.0 } else { u.confidence.clamp(0.0, 1.0) };
            u.text =
                u.text.trim().chars().filter(|c| !c.is_control() || c.is_whitespace()).take(MAX_CUE_CHARS).collect();
            u.words.retain(|w| possible(w.start) && possible(w.end));
        }
        self.utterances.retain(|u| u.end >= 0.0 && !u.text.is_empty());
        self.utterances.sort_by(|a, b| a.start.total_cmp(&b.start).then(a.end.total_cmp(&b.end)));
        Ok(self)
    }

    /// What to tell who gave a length that ends before the last word: [`Spoken::into_inputs`] takes the later one.
    pub fn outlasted(&self) -> Option<String> {
        /// Seconds by which a length may be rounded.
        const ROUNDED: f64 = 1.0;
        let end = self.utterances.iter().map(|u| u.end).fold(0.0, f64::max);
        let given = self.duration_seconds.filter(|given| given + ROUNDED <= end)?;
        Some(format!(
            "duration_seconds is {given:.1}, but the last word ends at {end:.1}: the recording is taken to last {end:.1} \
             seconds; correct whichever of them is wrong."
        ))
    }

    /// The transcript and the signals of a recording that nobody looked at or listened to: only its words count.
    /// It is as long as it is said to be, and at least until its last word.
    pub fn into_inputs(self) -> (Transcript, Signals) {
        let end = self.utterances.iter().map(|u| u.end).fold(0.0, f64::max);
        let duration_seconds = self.duration_seconds.unwrap_or(end).max(end);
        let transcript =
            Transcript { source: TranscriptSource::Captions, utterances: self.utterances, voiced: Vec::new() };
        (transcript, Signals { duration_seconds, ..Signals::default() })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn utterance(start: f64, end: f64, text: &str) -> Utterance {
        Utterance { speaker: Default::default(), start, end, text: text.into(), confidence: 1.0, words: vec![] }
    }

    fn checked(utterances: Vec<Utterance>, duration_seconds: Option<f64>) -> Result<Spoken, CaptionsError> {
        Spoken { duration_seconds, utterances }.checked()
    }

    #[test]
    fn what_is_out_of_order_is_put_in_order() {
        let said = vec![
            utterance(30.0, 20.0, " last "),
            utterance(-5.0, 2.0, "first"),
            utterance(-9.0, -5.0, "before"),
            utterance(3.0, 4.0, "  "),
            utterance(1.0, 90.0, &"x".repeat(5000)),
        ];
        let spoken = checked(said, Some(10.0)).unwrap();
        let said: Vec<_> = spoken.utterances.iter().map(|u| (u.start, u.end, u.text.len())).collect();
        assert_eq!(said, [(0.0, 2.0, 5), (1.0, 90.0, 2000), (20.0, 30.0, 4)]);
        assert_eq!(spoken.into_inputs().1.duration_seconds, 90.0);
    }

    #[test]
    fn impossible_times_are_told() {
        let told = |said, duration| checked(said, duration).unwrap_err().to_string();
        for (start, end) in [(0.0, f64::NAN), (f64::INFINITY, 1.0), (0.0, 1e300), (-1e9, 2.0)] {
            let error = told(vec![utterance(0.0, 1.0, "a"), utterance(start, end, "b")], None);
            assert!(error.contains("utterance 2"), "{error}");
        }
        for duration in [-1.0, f64::NAN, 1e12] {
            assert!(told(vec![], Some(duration)).contains("duration_seconds"));
        }
        assert!(told(vec![utterance(0.0, 1.0, "a"); MAX_CUES + 1], None).contains("more than 100000"));
    }
}
