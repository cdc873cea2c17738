//! Windows: a long session is shown to the model in parts that overlap, each small enough for it.

use domain::{Span, utterance::Transcript};

/// Length of a window in seconds.
const SECONDS: f64 = 1200.0;
/// How much of a window the next one shows again, in seconds.
pub const OVERLAP: f64 = 120.0;
/// Characters of speech in a window, about four to a token; a window with more is shorter.
pub const CHARACTERS: usize = 32_000;
/// No window is shorter, in seconds, however densely somebody speaks.
const SHORTEST: f64 = 60.0;
/// Windows of one session, at most: eight hours of ordinary speech.
pub const MOST_WINDOWS: usize = 27;

/// The windows of a recording of `duration` seconds, in order: together they cover it, and neighbours overlap.
/// `None` where there would be more than [`MOST_WINDOWS`].
pub fn windows(transcript: &Transcript, duration: f64) -> Option<Vec<Span>> {
    let mut found: Vec<Span> = Vec::new();
    let mut start = 0.0;
    loop {
        let end = end(transcript, start, duration);
        found.push(Span::new(start, end));
        if end >= duration {
            return Some(found);
        }
        if found.len() == MOST_WINDOWS {
            return None;
        }
        // In dense speech the overlap shrinks with the window, so that every window brings something new.
        start = end - OVERLAP.min((end - start) / 4.0);
    }
}

/// Where a window that starts at `start` has to end.
fn end(transcript: &Transcript, start: f64, duration: f64) -> f64 {
    // A rest of less than half a window belongs to the window before it.
    let end = if duration - start <= 1.5 * SECONDS { duration } else { start + SECONDS };
    let mut characters = 0;
    for u in transcript.utterances.iter().filter(|u| u.start >= start && u.start < end) {
        characters += u.text.len() + 8;
        if characters > CHARACTERS && u.start > start + SHORTEST {
            return u.start.min(end);
        }
    }
    end
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::samples;

    #[test]
    fn windows_cover_a_recording_and_overlap() {
        for (seconds, count) in [(60.0, 1), (1800.0, 1), (1900.0, 2), (7200.0, 6), (0.0, 1)] {
            let found = windows(&Transcript::silent(), seconds).unwrap();
            assert_eq!(found.len(), count, "{found:?}");
            assert_eq!((found[0].start, found[count - 1].end), (0.0, seconds));
            assert!(found.windows(2).all(|w| w[0].end - w[1].start == OVERLAP), "{found:?}");
        }
        assert_eq!(windows(&Transcript::silent(), 86_400.0), None);
    }

    #[test]
    fn dense_speech_makes_shorter_windows() {
        let text = "word ".repeat(400);
        let said: Vec<_> = (0..60).map(|i| (i as f64 * 10.0, text.as_str())).collect();
        let found = windows(&samples::transcript(&said), 600.0).unwrap();
        assert_eq!(found.len(), 5, "{found:?}");
        assert!(found.windows(2).all(|w| w[0].start < w[1].start && w[1].start < w[0].end), "{found:?}");
        let wall: Vec<_> = (0..60).map(|_| (5.0, text.as_str())).collect();
        assert_eq!(windows(&samples::transcript(&wall), 600.0).unwrap().len(), 1, "all at one moment");
    }
}
