//! Seconds: what every second of a recording gives to hear, to understand and to see, each 0 to 1.

use super::visibility;
use crate::{activity, ramp::ramp, words};
use domain::{
    Span,
    signals::{Signals, Sound},
    utterance::{Speaker, Transcript, Utterance},
};

/// Confidence of a word from which on it helps, and from which on it counts fully.
const CONFIDENCE: std::ops::Range<f64> = 0.4..0.8;
/// A spoken word explains at most this many seconds: what stays on the screen after it was said is not speech.
const SECONDS_A_WORD: f64 = 0.6;
/// A week: more is no recording.
const MOST_SECONDS: f64 = 604_800.0;

/// Curves over a recording, a value per second; the last second may be a part of one.
pub struct Seconds {
    /// Length of the recording.
    pub duration: f64,
    /// The same without its gaps: shares are of this.
    pub recorded: f64,
    gaps: Vec<Span>,
    /// Whether anybody speaks. `[seconds]`
    pub heard: Vec<f64>,
    /// Whether what is spoken is understood; at most `heard`. `[seconds]`
    pub clear: Vec<f64>,
    /// Whether nearly all that is spoken is known: then few words are few words.
    pub understood: bool,
    /// Whether something can be seen; `None` where nobody looked or listened at all. `[seconds]`
    pub seen: Option<Vec<f64>>,
}

impl Seconds {
    pub fn of(transcript: &Transcript, signals: &Signals) -> Self {
        let duration = activity::duration(transcript, signals).min(MOST_SECONDS);
        let bins = duration.ceil() as usize;
        let (mut said, mut clear, mut voiced) = (vec![0.0; bins], vec![0.0; bins], vec![0.0; bins]);
        let by_engineer = |u: &&Utterance| u.speaker == Speaker::Engineer;
        for utterance in transcript.utterances.iter().filter(by_engineer) {
            let span = Span::new(utterance.start, utterance.end);
            spread(&mut said, &span, 1.0);
            spread(&mut clear, &span, clarity(utterance));
        }
        match &signals.sound {
            Some(sound) => {
                let shares = sound.voiced.iter().enumerate();
                shares.for_each(|(i, share)| spread(&mut voiced, &window(i), ramp(f64::from(*share), 0.0..1.0)));
            }
            None => transcript.voiced.iter().for_each(|span| spread(&mut voiced, span, 1.0)),
        }
        let mut heard: Vec<f64> = said.iter().zip(&voiced).map(|(said, voiced)| said.max(*voiced).min(1.0)).collect();
        if let Some(sound) = &signals.sound {
            // Words that came as captions can be read while the sound is gone, but not heard.
            for (i, gone) in sound.dropout.iter().enumerate().take(bins) {
                heard[i] *= 1.0 - 0.5 * ramp(f64::from(*gone), 0.0..1.0);
            }
        }
        if signals.sound.is_none() && signals.picture.is_some() {
            heard.iter_mut().for_each(|heard| *heard *= 0.5);
        }
        heard.iter().zip(&mut clear).for_each(|(heard, clear)| *clear = clear.min(*heard));
        let looked = signals.sound.is_some() || signals.picture.is_some();
        let seen = looked.then(|| visibility::curve(signals, bins, duration));
        let (known, spoken) = words::known_and_spoken_seconds(transcript);
        let (recorded, gaps) = ((duration - signals.gap_seconds()).max(0.0), signals.gaps.clone());
        Self { duration, recorded, gaps, heard, clear, understood: known > 0.95 * spoken, seen }
    }

    /// What a second gives to hear: half for a voice, half for its words.
    pub fn spoken(&self) -> impl Iterator<Item = f64> {
        self.heard.iter().zip(&self.clear).map(|(heard, clear)| 0.5 * heard + 0.5 * clear)
    }

    /// Stretches of at least `least` seconds in which a curve satisfies `is`, without the gaps.
    pub fn stretches(&self, curve: &[f64], least: f64, is: impl Fn(f64) -> bool) -> Vec<Span> {
        let mut found: Vec<Span> = Vec::new();
        for (i, _) in curve.iter().enumerate().filter(|(_, value)| is(**value)) {
            let end = (i as f64 + 1.0).min(self.duration);
            match found.last_mut().filter(|last| i as f64 - last.end < 0.5) {
                Some(last) => last.end = end,
                None => found.push(Span::new(i as f64, end)),
            }
        }
        let mut found: Vec<Span> = found.iter().flat_map(|span| span.without(&self.gaps)).collect();
        found.retain(|span| span.duration() >= least);
        found
    }
}

/// Share of the time of an utterance that is understood, 0 to 1.
fn clarity(utterance: &Utterance) -> f64 {
    let sure = certainty(utterance);
    let words = utterance.words.len().max(utterance.text.split_whitespace().count()) as f64;
    sure.min(SECONDS_A_WORD * sure * words / (utterance.end - utterance.start).max(0.1))
}

/// How sure the words of an utterance are, 0 to 1.
pub fn certainty(utterance: &Utterance) -> f64 {
    let sure = |confidence: f32| ramp(f64::from(confidence), CONFIDENCE);
    let words: f64 = utterance.words.iter().map(|w| sure(w.confidence)).sum();
    let mean = if utterance.words.is_empty() { 1.0 } else { words / utterance.words.len() as f64 };
    sure(utterance.confidence) * mean
}

/// Adds `value` to every second that a span covers, by the share that it covers.
pub fn spread(curve: &mut [f64], span: &Span, value: f64) {
    if !(span.start.is_finite() && span.end.is_finite()) || value <= 0.0 {
        return;
    }
    let last = (span.end.max(0.0).ceil() as usize).min(curve.len());
    for (i, second) in curve.iter_mut().enumerate().take(last).skip(span.start.max(0.0) as usize) {
        *second += value * span.overlap(&Span::new(i as f64, i as f64 + 1.0));
    }
}

fn window(i: usize) -> Span {
    Span::new(i as f64 * Sound::WINDOW_SECONDS, (i + 1) as f64 * Sound::WINDOW_SECONDS)
}
