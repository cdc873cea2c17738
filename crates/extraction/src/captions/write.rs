//! Writing WebVTT: captions and chapters, text escaped.

use domain::{
    Span,
    utterance::{Speaker, Utterance},
};
use std::fmt::Write;

/// Utterances as WebVTT captions, in the order given; those without text or with impossible times are left out.
pub fn write_vtt(utterances: &[Utterance]) -> String {
    let cues = utterances.iter().map(|u| {
        let voice = if u.speaker == Speaker::Assistant { "<v Assistant>" } else { "" };
        (Span::new(u.start, u.end), voice, u.text.as_str())
    });
    write(cues)
}

/// Spans with their titles as WebVTT chapters, for a `<track kind="chapters">`.
pub fn write_chapters(chapters: &[(Span, &str)]) -> String {
    write(chapters.iter().map(|(span, title)| (*span, "", *title)))
}

fn write<'a>(cues: impl Iterator<Item = (Span, &'static str, &'a str)>) -> String {
    let mut out = String::from("WEBVTT\n");
    for (span, voice, text) in cues {
        let text = escape(text);
        if text.is_empty() || !span.start.is_finite() || !span.end.is_finite() || span.end < 0.0 {
            continue;
        }
        let start = milliseconds(span.start);
        // A cue must end after it starts.
        let end = milliseconds(span.end).max(start + 1);
        let _ = write!(out, "\n{} --> {}\n{voice}{text}\n", clock(start), clock(end));
    }
    out
}

fn milliseconds(seconds: f64) -> u64 {
    (seconds.max(0.0) * 1000.0).round() as u64
}

fn clock(ms: u64) -> String {
    format!("{:02}:{:02}:{:02}.{:03}", ms / 3_600_000, ms / 60_000 % 60, ms / 1000 % 60, ms % 1000)
}

/// One line, with `&`, `<` and `>` as entities, so that neither a tag nor an arrow can arise.
fn escape(text: &str) -> String {
    let line = text.split(|c: char| c.is_whitespace() || c.is_control()).filter(|w| !w.is_empty());
    let line = line.collect::<Vec<_>>().join(" ");
    line.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::captions::parse;
    use proptest::prelude::*;

    #[test]
    fn chapters_are_valid_whatever_the_title() {
        let written = write_chapters(&[
            (Span::new(0.0, 61.5), "Bleed <b>radiators</b>"),
            (Span::new(61.5, 61.5), "A --> B\n\n00:00 --> 00:01"),
        ]);
        assert_eq!(
            written,
            "WEBVTT\n\n00:00:00.000 --> 00:01:01.500\nBleed &lt;b&gt;radiators&lt;/b&gt;\n\
             \n00:01:01.500 --> 00:01:01.501\nA --&gt; B 00:00 --&gt; 00:01\n"
        );
    }

    proptest! {
        #[test]
        fn what_is_written_is_read_back(said in proptest::collection::vec((0u32..9_000_000, 1u32..9_000, "[a-zA-Z<>&'-]{1,9}( [a-z0-9&;<>{}-]{1,8}){0,6}", any::<bool>()), 0..20)) {
            let mut at = 0.0;
            let utterances: Vec<Utterance> = said.into_iter().map(|(gap, length, text, assistant)| {
                let start = at + f64::from(gap % 5000 + 100) / 1000.0;
                at = start + f64::from(length) / 1000.0;
                let speaker = if assistant { Speaker::Assistant } else { Speaker::Engineer };
                Utterance { speaker, start, end: at, text, confidence: 1.0, words: vec![] }
            }).collect();
            let read = parse(&write_vtt(&utterances)).unwrap();
            prop_assert_eq!(read.len(), utterances.len());
            for (r, u) in read.iter().zip(&utterances) {
                prop_assert_eq!(&r.text, &u.text);
                prop_assert_eq!(r.speaker, u.speaker);
                prop_assert!((r.start - u.start).abs() < 1e-3 && (r.end - u.end).abs() < 2e-3);
            }
        }
    }
}
