//! Captions: the lines that say when something is said, and captions without what was said in some stretches.

use crate::Span;
use std::borrow::Cow;

/// Captions (WebVTT or SRT) without the cues that lie in one of `stretches` (as [`Span::merged`] gives them) with any part of theirs, and
/// how many these were. Where nothing is left out the text stays as it is; else it is WebVTT that holds the other cues and nothing beside
/// them, as a note may repeat what was said.
pub fn without<'a>(text: &'a str, stretches: &[Span]) -> (Cow<'a, str>, usize) {
    let unix = text.trim_start_matches('\u{feff}').replace("\r\n", "\n").replace('\r', "\n");
    let (mut lines, mut left_out) = (unix.lines().peekable(), 0);
    let mut kept = String::from("WEBVTT\n");
    while let Some(line) = lines.next() {
        let Some((one, other)) = timing(line) else { continue };
        let cue = Span::new(one.min(other), one.max(other));
        let keeps = !cue.touches_any(stretches);
        left_out += usize::from(!keeps);
        if keeps {
            kept.extend(["\n", line, "\n"]);
        }
        while let Some(said) = lines.next_if(|line| !line.trim().is_empty() && timing(line).is_none()) {
            // A number right before the next timing is that cue's, where the blank line was forgotten.
            let counter = said.trim().bytes().all(|b| b.is_ascii_digit());
            if keeps && !(counter && lines.peek().is_some_and(|line| timing(line).is_some())) {
                kept.extend([said, "\n"]);
            }
        }
    }
    if left_out == 0 { (Cow::Borrowed(text), 0) } else { (Cow::Owned(kept), left_out) }
}

/// The times of a line `start --> end settings`, in seconds.
pub fn timing(line: &str) -> Option<(f64, f64)> {
    let (start, rest) = line.split_once("-->")?;
    Some((seconds(start.trim())?, seconds(rest.split_whitespace().next()?)?))
}

/// `1:02:03.450`, `02:03,450`, `02:03`.
fn seconds(clock: &str) -> Option<f64> {
    let parts: Vec<&str> = clock.split(':').collect();
    if !(2..=3).contains(&parts.len()) || clock.len() > 20 {
        return None;
    }
    parts.iter().enumerate().try_fold(0.0, |total, (i, part)| {
        let last = i + 1 == parts.len();
        let digits = |s: &str| !s.is_empty() && s.bytes().all(|b| b.is_ascii_digit());
        let part = part.replace(',', ".");
        let well_formed = match part.split_once('.') {
            Some((whole, fraction)) => last && digits(whole) && digits(fraction),
            None => digits(&part),
        };
        well_formed.then(|| part.parse::<f64>().ok()).flatten().map(|value| total * 60.0 + value)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_said_in_a_stretch_is_left_out_and_nothing_else() {
        let vtt = "WEBVTT\n\nNOTE secret\n\n1\n00:01.000 --> 00:02.000 align:start\nfirst\n\n2\n00:05.000 --> 00:09.000\nsecret\nsecret\n\n\
                   00:12.000 --> 00:11.000\nlast\n";
        assert_eq!(without(vtt, &[Span::new(3.0, 5.0), Span::new(20.0, 30.0)]), (vtt.into(), 0));
        let kept = "WEBVTT\n\n00:01.000 --> 00:02.000 align:start\nfirst\n\n00:12.000 --> 00:11.000\nlast\n";
        assert_eq!(without(vtt, &[Span::new(8.9, 10.0)]), (kept.into(), 1));
        assert_eq!(without(vtt, &[Span::new(0.0, f64::MAX)]), ("WEBVTT\n".into(), 3));
        let srt = "\u{feff}1\r\n00:00:01,000 --> 00:00:02,000\r\none\r\n2\r\n00:00:03,000 --> 00:00:03,000\r\ntwo\r\n";
        let (kept, left_out) = without(srt, &[Span::new(3.0, 4.0)]);
        assert_eq!((kept.as_ref(), left_out), ("WEBVTT\n\n00:00:01,000 --> 00:00:02,000\none\n", 1));
    }
}
