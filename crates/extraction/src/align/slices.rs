//! Slices: a trainee's session in short even pieces. The trainer's steps are looked for in these and not in the
//! trainee's procedures, so that neither another cut nor another title changes what is found.

use domain::{
    Span,
    utterance::{Speaker, Transcript},
};

use crate::words;

/// Slices to an average step: short steps beside long ones need fine ones.
const PER_STEP: f64 = 16.0;
/// Seconds of a slice.
const SECONDS: std::ops::RangeInclusive<f64> = 6.0..=20.0;
/// Slices, at most: those of long sessions are longer.
const MOST: usize = 360;

/// A short piece of a session.
#[derive(Clone, Debug)]
pub struct Slice {
    /// From the first word said in it to the end of the last.
    pub span: Span,
    /// What is said with confidence.
    pub said: String,
}

/// The slices in which something is said, in order.
pub fn slices(transcript: &Transcript, steps: usize) -> Vec<Slice> {
    let spoken: Vec<_> = transcript.utterances.iter().filter(|u| u.speaker == Speaker::Engineer).collect();
    let (Some(first), Some(last)) = (spoken.first(), spoken.last()) else { return Vec::new() };
    let whole = (last.end - first.start).max(0.0);
    let even = (whole / (PER_STEP * steps.max(1) as f64)).clamp(*SECONDS.start(), *SECONDS.end());
    let length = even.max(whole / MOST as f64);
    let mut slices: Vec<Slice> = Vec::new();
    let mut number = None;
    for utterance in &spoken {
        let said = words::confident_runs(utterance).join(" ");
        if said.is_empty() || !utterance.start.is_finite() || !utterance.end.is_finite() {
            continue;
        }
        let at = (((utterance.start + utterance.end) / 2.0 - first.start) / length).floor();
        let span = Span::new(utterance.start, utterance.end);
        match slices.last_mut().filter(|_| number == Some(at)) {
            Some(slice) => {
                slice.span.end = slice.span.end.max(span.end);
                slice.said.push(' ');
                slice.said.push_str(&said);
            }
            None => slices.push(Slice { span, said }),
        }
        number = Some(at);
    }
    slices
}
