//! Proposal: what a language model says of a recording, and what of it can be believed.
//!
//! The transcript is data, but a model may take it for instructions, and an answer may be anything. So nothing counts
//! because the model says it: boundaries must be near what was found without it, words must have been spoken, scores
//! may differ only a little from what was measured. Whatever does not pass leaves the built-in result in its place.

mod check;
mod criteria;
mod cut;
mod merge;
mod prompt;
mod windows;

pub use criteria::{MOST_POINTS, judge};
pub use merge::{Merged, Taken, merge};
pub use prompt::{INSTRUCTIONS, material, schema};
pub use windows::{MOST_WINDOWS, windows};

use domain::Span;
use serde::{Deserialize, Serialize};

/// Pieces in one answer, at most; more is no segmentation.
const MOST_PIECES: usize = 200;

/// A part of the recording and what the model says of it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Answer {
    /// The part that the model was shown.
    pub window: Span,
    /// What it says.
    pub proposal: Proposal,
}

/// What a model says, in the words of [`schema`]. Nothing in it has been checked.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Proposal {
    /// The pieces of work.
    pub segments: Vec<ProposedSegment>,
    /// The judgements.
    #[serde(default)]
    pub criteria: Vec<ProposedCriterion>,
    /// What was done, in prose.
    #[serde(default)]
    pub summary: String,
}

/// A piece of work.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[allow(missing_docs)]
pub struct ProposedSegment {
    /// Seconds of the recording.
    pub start_seconds: f64,
    /// Seconds of the recording.
    pub end_seconds: f64,
    pub title: String,
    #[serde(default)]
    pub description: String,
}

/// A judgement.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct ProposedCriterion {
    /// One of [`domain::score::CriterionName`]; others are passed over.
    pub name: String,
    /// 0 to 100; `None` where there is not enough evidence.
    pub score: Option<f64>,
    /// Why.
    #[serde(default)]
    pub sentence: String,
    /// Where it shows.
    #[serde(default)]
    pub evidence: Vec<ProposedSpan>,
}

/// A stretch of the recording.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[allow(missing_docs)]
pub struct ProposedSpan {
    pub start_seconds: f64,
    pub end_seconds: f64,
}

/// Reads the text of an answer: JSON, alone or in a fence of backquotes, after a model's thoughts or not.
///
/// # Errors
/// A sentence that says where it is no JSON of [`schema`], without the text itself.
pub fn read(text: &str) -> Result<Proposal, String> {
    let answer = text.rsplit_once("</think>").map_or(text, |(_, answer)| answer).trim();
    let inner = answer.strip_prefix("```").and_then(|rest| rest.trim_end().strip_suffix("```"));
    let json = inner.map_or(answer, |fenced| fenced.trim_start_matches(|c: char| c.is_ascii_alphanumeric()));
    let proposal: Proposal = serde_json::from_str(json.trim()).map_err(|e| match e.classify() {
        serde_json::error::Category::Eof => "the JSON ends too early".to_owned(),
        serde_json::error::Category::Data => "it is JSON, but not what the schema says".to_owned(),
        _ => format!("no JSON at line {}, column {}", e.line(), e.column()),
    })?;
    if proposal.segments.len() > MOST_PIECES {
        return Err(format!("it has {} segments", proposal.segments.len()));
    }
    Ok(proposal)
}

#[cfg(test)]
mod tests {
    use super::*;

    const ANSWER: &str = r#"{"segments":[{"start_seconds":0,"end_seconds":5.5,"title":"A","description":""}],"criteria":[],"summary":""}"#;

    #[test]
    fn json_is_read_in_a_fence_and_after_thoughts() {
        let plain = read(ANSWER).unwrap();
        assert_eq!(plain.segments[0].end_seconds, 5.5);
        for text in [
            format!("```json\n{ANSWER}\n```"),
            format!("\n```\n{ANSWER}```\n"),
            format!("<think>\n{{\"segments\": hm}}\n</think>\n\n{ANSWER}"),
            format!("<think></think>```JSON\n{ANSWER}\n```"),
        ] {
            assert_eq!(read(&text).unwrap(), plain, "{text}");
        }
    }

    #[test]
    fn whatever_is_not_the_schema_is_refused_and_not_repeated() {
        for text in [
            "",
            "Sure! Here you are",
            &ANSWER[..40],
            r#"{"foo": 1}"#,
            r#"{"segments": {}}"#,
            r#"{"segments": [{"start_seconds": "0", "end_seconds": 1, "title": "secret"}]}"#,
            r#"{"segments": [{"start_seconds": NaN, "end_seconds": 1, "title": "secret"}]}"#,
            r#"{"segments": [{"start_seconds": 1e999, "end_seconds": 1, "title": "secret"}]}"#,
            &format!("{ANSWER} and {ANSWER}"),
            "```json",
            &"[".repeat(100_000),
        ] {
            let refused = read(text).unwrap_err();
            assert!(!refused.contains("secret") && refused.len() < 100, "{refused}");
        }
        let piece = r#"{"start_seconds":0,"end_seconds":1,"title":"A"}"#;
        let many = format!(r#"{{"segments":[{}]}}"#, vec![piece; 10_000].join(","));
        assert_eq!(read(&many).unwrap_err(), "it has 10000 segments");
    }
}
