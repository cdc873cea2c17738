//! Recordings with the segments that people marked in them, as data sets give them.

use crate::{
    Granularity,
    captions::{CaptionsError, Spoken},
};
use domain::{Span, utterance::Utterance};
use serde::Deserialize;

/// Words per second by which a transcript without times is laid out in time.
pub const WORDS_PER_SECOND: f64 = 2.5;

/// A recording with what people marked in it.
#[derive(Clone, Debug, Deserialize)]
pub struct Recording {
    /// Length of the recording in seconds.
    pub duration_seconds: f64,
    /// What is said.
    pub utterances: Vec<Utterance>,
    /// Whole pieces of work.
    #[serde(default)]
    pub coarse: Vec<Marked>,
    /// The steps within them.
    #[serde(default)]
    pub fine: Vec<Marked>,
}

/// A segment that a person marked.
#[derive(Clone, Debug, Deserialize)]
pub struct Marked {
    /// Seconds from the start of the recording.
    pub start: f64,
    /// Seconds from the start of the recording.
    pub end: f64,
    /// What the person called it; empty where the data set has no titles.
    #[serde(default)]
    pub title: String,
}

/// Why nothing can be measured on a recording.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
pub enum MarkedError {
    /// The list of this level is empty or absent.
    #[error("no segments are marked at the level `{}`", if *.0 == Granularity::Fine { "fine" } else { "coarse" })]
    NothingMarked(Granularity),
    /// A marked segment that no recording can hold.
    #[error("marked segment {number} lies from {start} to {end} s of a recording of {duration} s")]
    Impossible {
        /// Its place in the list, from 1.
        number: usize,
        /// Seconds.
        start: f64,
        /// Seconds.
        end: f64,
        /// Seconds.
        duration: f64,
    },
    /// A topic of a meeting that names utterances which are not there.
    #[error("segment {number} spans utterances {first} to {last} of {utterances}")]
    NoSuchUtterances {
        /// Its place in the list, from 1.
        number: usize,
        /// Index of its first utterance.
        first: usize,
        /// Index of its last utterance.
        last: usize,
        /// How many there are.
        utterances: usize,
    },
    /// The transcript cannot be used.
    #[error(transparent)]
    Transcript(#[from] CaptionsError),
}

impl Marked {
    /// Where it lies.
    pub fn span(&self) -> Span {
        Span::new(self.start, self.end)
    }
}

impl Recording {
    /// The recording, where its times make sense; its utterances as the rest may rely on them.
    pub fn checked(mut self) -> Result<Self, MarkedError> {
        let spoken = self.spoken().checked()?;
        self.utterances = spoken.utterances;
        let duration = self.duration_seconds;
        for list in [&self.coarse, &self.fine] {
            for (i, m) in list.iter().enumerate() {
                // Annotations may end a little after the last frame.
                if !(m.start >= -1.0 && m.start < m.end && m.end <= duration + 60.0) {
                    return Err(MarkedError::Impossible { number: i + 1, start: m.start, end: m.end, duration });
                }
            }
        }
        Ok(self)
    }

    /// The segments marked at one level.
    pub fn marked(&self, granularity: Granularity) -> &[Marked] {
        if granularity == Granularity::Fine { &self.fine } else { &self.coarse }
    }

    /// What is said, by itself.
    pub fn spoken(&self) -> Spoken {
        Spoken { duration_seconds: Some(self.duration_seconds), utterances: self.utterances.clone() }
    }
}

/// A meeting of the QMSum data set: a transcript without times, and topics as runs of its utterances.
#[derive(Clone, Debug, Deserialize)]
#[allow(missing_docs)]
pub struct Meeting {
    pub name: String,
    utterances: Vec<Turn>,
    segments: Vec<Topic>,
}

#[derive(Clone, Debug, Deserialize)]
struct Turn {
    text: String,
}

#[derive(Clone, Debug, Deserialize)]
struct Topic {
    first: usize,
    last: usize,
    title: String,
}

impl Meeting {
    /// The meeting laid out in time, each utterance as long as its words take at [`WORDS_PER_SECOND`], without pauses.
    pub fn recording(self) -> Result<Recording, MarkedError> {
        let mut now = 0.0;
        let all: Vec<Utterance> = self.utterances.iter().map(|turn| utterance(&turn.text, &mut now)).collect();
        let mut coarse = Vec::new();
        for (i, topic) in self.segments.into_iter().enumerate() {
            let Topic { first, last, title } = topic;
            let missing = || MarkedError::NoSuchUtterances { number: i + 1, first, last, utterances: all.len() };
            let (from, to) = (all.get(first).ok_or_else(missing)?, all.get(last).ok_or_else(missing)?);
            // A topic of nothing but noises takes no time.
            if from.start < to.end {
                coarse.push(Marked { start: from.start, end: to.end, title });
            }
        }
        Recording { duration_seconds: now, utterances: all, coarse, fine: Vec::new() }.checked()
    }
}

/// One turn without its marks of noises ("{vocalsound}"), punctuation joined to the word before it.
fn utterance(text: &str, now: &mut f64) -> Utterance {
    let mut said = String::new();
    let mut words = 0;
    for token in text.split_whitespace().filter(|t| !(t.starts_with('{') && t.ends_with('}'))) {
        let is_word = token.chars().any(char::is_alphanumeric);
        if is_word && !said.is_empty() {
            said.push(' ');
        }
        words += usize::from(is_word);
        said.push_str(token);
    }
    let start = *now;
    *now += words as f64 / WORDS_PER_SECOND;
    Utterance { speaker: Default::default(), start, end: *now, text: said, confidence: 1.0, words: Vec::new() }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn meeting(first: usize, last: usize) -> Result<Recording, MarkedError> {
        let json = serde_json::json!({
            "name": "m", "utterances": [
                {"speaker": "A", "text": "Okay {vocalsound} um , let's begin ."},
                {"speaker": "B", "text": "{laugh}"},
                {"speaker": "A", "text": "The remote is yellow ."}],
            "segments": [{"first": first, "last": last, "title": "Opening"}]});
        serde_json::from_value::<Meeting>(json).unwrap().recording()
    }

    #[test]
    fn a_meeting_without_times_is_laid_out_by_its_words() {
        let recording = meeting(0, 1).unwrap();
        let said: Vec<_> = recording.utterances.iter().map(|u| (u.start, u.end, u.text.as_str())).collect();
        assert_eq!(said, [(0.0, 1.6, "Okay um, let's begin."), (1.6, 3.2, "The remote is yellow.")]);
        assert_eq!(recording.marked(Granularity::Coarse)[0].span(), Span::new(0.0, 1.6));
        assert_eq!(recording.duration_seconds, 3.2);
        let refused = meeting(0, 7).unwrap_err().to_string();
        assert_eq!(refused, "segment 1 spans utterances 0 to 7 of 3");
    }

    #[test]
    fn marks_that_no_recording_can_hold_are_refused() {
        let with = |start: f64, end: f64| {
            let marked = Marked { start, end, title: String::new() };
            Recording { duration_seconds: 90.0, utterances: vec![], coarse: vec![marked], fine: vec![] }.checked()
        };
        assert!(with(0.0, 90.5).is_ok());
        for (start, end) in [(50.0, 40.0), (f64::NAN, 5.0), (3.0, 1e9), (-40.0, 10.0)] {
            assert!(with(start, end).is_err(), "{start} {end}");
        }
    }
}
