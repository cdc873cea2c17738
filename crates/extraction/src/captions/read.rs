//! Reading WebVTT or SRT, however badly made. Nothing in a hostile file does more than be left out.

use crate::words::normalise;
use domain::{
    captions::timing,
    utterance::{Speaker, Utterance},
};

/// The largest caption text that is taken, in bytes.
pub const MAX_BYTES: usize = 16 << 20;
/// The most cues that are taken.
pub const MAX_CUES: usize = 100_000;
/// The longest text of one cue that is kept, in characters.
pub(super) const MAX_CUE_CHARS: usize = 2_000;
/// No recording is longer, in seconds.
pub(super) const MAX_SECONDS: f64 = 100.0 * 3600.0;

/// Why a text cannot be taken as captions.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
pub enum CaptionsError {
    /// More bytes than [`MAX_BYTES`].
    #[error("captions of {0} bytes are too large: send at most {MAX_BYTES}")]
    TooLarge(usize),
    /// More cues than [`MAX_CUES`].
    #[error("captions have more than {MAX_CUES} cues: join or drop some")]
    TooManyCues,
    /// No cue and no WebVTT header.
    #[error("the text is neither WebVTT nor SRT: no line holds `start --> end`")]
    NotCaptions,
    /// Bytes that are text in none of the encodings known.
    #[error("this is not text in UTF-8, or in UTF-16 with a byte order mark: save it as UTF-8")]
    NotText,
    /// A time that no recording has.
    #[error(
        "utterance {number} has the time {seconds}: times are seconds from the start of the recording, at most {MAX_SECONDS}"
    )]
    ImpossibleTime {
        /// Its place in the file, from 1.
        number: usize,
        /// The time as given.
        seconds: f64,
    },
    /// A length that no recording has.
    #[error("duration_seconds is {0}: give the length of the recording in seconds, at most {MAX_SECONDS}")]
    ImpossibleDuration(f64),
}

/// Reads WebVTT or SRT: times in seconds, tags and entities resolved, ordered by start, empty cues left out.
pub fn parse(text: &str) -> Result<Vec<Utterance>, CaptionsError> {
    if text.len() > MAX_BYTES {
        return Err(CaptionsError::TooLarge(text.len()));
    }
    let text = text.trim_start_matches('\u{feff}');
    let unix = text.replace("\r\n", "\n").replace('\r', "\n");
    let mut cues: Vec<Utterance> = Vec::new();
    let (mut lines, mut timings) = (unix.lines().peekable(), 0);
    while let Some(line) = lines.next() {
        let Some((start, end)) = timing(line) else { continue };
        timings += 1;
        if timings > MAX_CUES {
            return Err(CaptionsError::TooManyCues);
        }
        let mut said = String::new();
        while let Some(next) = lines.next_if(|l| !l.trim().is_empty() && timing(l).is_none()) {
            // A number right before the next timing is that cue's, where the blank line was forgotten.
            let counter =
                next.trim().chars().all(|c| c.is_ascii_digit()) && lines.peek().is_some_and(|l| timing(l).is_some());
            if !counter && said.len() < 4 * MAX_CUE_CHARS {
                said.push_str(next);
                said.push('\n');
            }
        }
        let (speaker, text) = plain(&said);
        if text.is_empty() || start.max(end) > MAX_SECONDS {
            continue;
        }
        let (start, end) = (start.min(end), start.max(end));
        cues.push(Utterance { speaker, start, end, text, confidence: 1.0, words: Vec::new() });
    }
    if timings == 0 && !text.trim_start().starts_with("WEBVTT") {
        return Err(CaptionsError::NotCaptions);
    }
    cues.sort_by(|a, b| a.start.total_cmp(&b.start).then(a.end.total_cmp(&b.end)));
    cues.dedup_by(|next, kept| {
        let again = next.text == kept.text && next.speaker == kept.speaker && next.start <= kept.end + 0.05;
        if again {
            kept.end = kept.end.max(next.end);
        }
        again
    });
    Ok(cues)
}

/// Who speaks (by a `<v Assistant>` tag) and the text without tags, overrides, entities and control characters.
fn plain(cue: &str) -> (Speaker, String) {
    let mut speaker = Speaker::Engineer;
    let mut out = String::with_capacity(cue.len());
    let mut rest = cue;
    while let Some(at) = rest.find(['<', '{', '&']) {
        out.push_str(&rest[..at]);
        let here = &rest[at..];
        rest = match here.as_bytes()[0] {
            b'<' if tag_length(here).is_some() => {
                let length = tag_length(here).unwrap_or(1);
                let tag = &here[1..length - 1];
                if tag.starts_with('v') && tag.to_lowercase().ends_with(" assistant") {
                    speaker = Speaker::Assistant;
                }
                &here[length..]
            }
            b'{' if here.starts_with("{\\") && near(here, b'}').is_some() => {
                &here[near(here, b'}').map_or(1, |end| end + 1)..]
            }
            b'&' => {
                let (text, length) = entity(here);
                out.push_str(text);
                &here[length..]
            }
            _ => {
                out.push_str(&here[..1]);
                &here[1..]
            }
        };
    }
    out.push_str(rest);
    let printable: String = out.chars().map(|c| if c.is_control() { ' ' } else { c }).collect();
    let words: Vec<&str> = printable.split_whitespace().collect();
    (speaker, normalise(&words.join(" ")).chars().take(MAX_CUE_CHARS).collect())
}

/// Bytes of the tag at the start of a text; `None` for a lone `<`, as in "5 < 6".
fn tag_length(text: &str) -> Option<usize> {
    let first = text[1..].chars().next()?;
    let opens = first.is_ascii_alphanumeric() || first == '/';
    near(text, b'>').filter(|_| opens).map(|end| end + 1)
}

/// Where an ASCII byte stands within the first 200: a bound, so that a text of nothing but `<` costs no more.
fn near(text: &str, byte: u8) -> Option<usize> {
    text.bytes().take(200).position(|b| b == byte)
}

/// The text of the entity at the start of a text, and its length in bytes.
fn entity(text: &str) -> (&'static str, usize) {
    const ENTITIES: &[(&str, &str)] = &[
        ("&amp;", "&"),
        ("&lt;", "<"),
        ("&gt;", ">"),
        ("&nbsp;", " "),
        ("&quot;", "\""),
        ("&#39;", "'"),
        ("&apos;", "'"),
        ("&lrm;", ""),
        ("&rlm;", ""),
    ];
    ENTITIES.iter().find(|(name, _)| text.starts_with(name)).map_or(("&", 1), |(name, value)| (value, name.len()))
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn check(text: &str, expected: &[(f64, f64, &str)]) {
        let read = parse(text).unwrap();
        let read: Vec<_> = read.iter().map(|u| (u.start, u.end, u.text.as_str())).collect();
        assert_eq!(read, expected);
    }

    #[test]
    fn webvtt_with_header_notes_settings_and_tags() {
        check(
            "\u{feff}WEBVTT - title\r\nKind: captions\r\n\r\nNOTE a note\r\n\r\nintro\r\n00:01.500 --> 00:03.000 align:start position:0%\r\n\
             <v Ann><i>Isolate</i> the <00:02.000>boiler</v>\r\nsupply &amp; wait\r\n\r\n01:00:00.000 --> 01:00:01.000\r\n5 < 6\r\n",
            &[(1.5, 3.0, "Isolate the boiler supply & wait"), (3600.0, 3601.0, "5 < 6")],
        );
    }

    #[test]
    fn srt_with_commas_wrong_order_and_forgotten_blank_lines() {
        check(
            "2\n00:00:05,000 --> 00:00:04,000\n{\\an8}Second\n3\n00:00:06,5 --> 00:00:07,000\nThird\n\n1\n00:00:00,000 --> 00:00:02,000\nFirst",
            &[(0.0, 2.0, "First"), (4.0, 5.0, "Second"), (6.5, 7.0, "Third")],
        );
    }

    #[test]
    fn what_is_no_caption_file_is_refused_and_an_empty_one_is_not() {
        assert_eq!(parse("hello\nworld"), Err(CaptionsError::NotCaptions));
        assert_eq!(parse(""), Err(CaptionsError::NotCaptions));
        assert_eq!(parse("WEBVTT\n\n"), Ok(vec![]));
        assert_eq!(parse(&"x".repeat(MAX_BYTES + 1)), Err(CaptionsError::TooLarge(MAX_BYTES + 1)));
        assert_eq!(parse(&"0:00 --> 0:01\n".repeat(MAX_CUES + 1)), Err(CaptionsError::TooManyCues));
    }

    #[test]
    fn a_rolling_caption_is_said_once() {
        check("WEBVTT\n\n0:01 --> 0:02\nOpen it\n\n0:02 --> 0:04\nOpen it\n", &[(1.0, 4.0, "Open it")]);
    }

    proptest! {
        #[test]
        fn hostile_text_never_panics_and_times_stay_ordered(text in "(?s)([0-9:.,<>&{}\\-\\sva-z\u{fe}\u{2028}]|-->|\\n){0,200}") {
            if let Ok(cues) = parse(&text) {
                prop_assert!(cues.iter().all(|c| c.start >= 0.0 && c.start <= c.end && !c.text.is_empty()));
                prop_assert!(cues.windows(2).all(|w| w[0].start <= w[1].start));
            }
        }
    }
}
