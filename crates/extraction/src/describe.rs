//! Describe: one or two sentences that somebody said and that stand for the whole piece of work.
//! Words are only ever left out, never invented; nothing where the words are not sure.

use crate::{Segment, title, words};
use domain::utterance::Transcript;
use std::collections::HashMap;

/// Sentences shorter or longer than this say too little or too much, in words.
const WORDS: std::ops::RangeInclusive<usize> = 6..=32;
/// Sentences of a segment that are weighed, at most.
const MOST_SENTENCES: usize = 400;

/// One or two central sentences of a segment, in the order in which they were said; may be empty.
pub fn describe(segment: &Segment, transcript: &Transcript) -> String {
    let sentences: Vec<String> = title::passages(transcript, &segment.span)
        .iter()
        .flat_map(|passage| sentences(&passage.text))
        .filter(|sentence| !is_fragment(sentence))
        .map(|sentence| words::clean(&sentence))
        .filter(|s| WORDS.contains(&s.split_whitespace().count()) && !s.ends_with('?'))
        .take(MOST_SENTENCES)
        .collect();
    let mut chosen = central(&sentences);
    chosen.sort_unstable();
    chosen.into_iter().map(|i| finished(&sentences[i])).collect::<Vec<_>>().join(" ")
}

/// The sentences of a text that end as sentences do; a last one without a full stop counts.
fn sentences(text: &str) -> Vec<String> {
    let words: Vec<&str> = text.split_whitespace().collect();
    words.split_inclusive(|w| w.ends_with(['.', '?', '!', '\u{2026}'])).map(|s| s.join(" ")).collect()
}

/// Whether a sentence visibly lacks its beginning or its end.
fn is_fragment(sentence: &str) -> bool {
    const LOOSE_ENDS: &[&str] = &[
        "a", "an", "the", "of", "to", "and", "or", "but", "in", "on", "at", "for", "with", "from", "into", "by", "as",
        "that", "that's", "it's", "is", "are", "was", "i", "i'm", "we", "we're", "you", "my", "your", "our", "this",
        "because", "so", "if", "when", "where", "which", "who", "will", "can", "have", "just", "like", "than", "then",
        "not", "don't", "very", "what", "how", "since",
    ];
    const LOOSE_STARTS: &[&str] =
        &["is", "are", "was", "of", "which", "than", "who", "or", "whereas", "because", "to", "under"];
    let text = words::normalise(sentence);
    let mut ends = text.split_whitespace().map(words::bare).filter(|w| !w.is_empty());
    let first = ends.next().unwrap_or_default();
    let last = ends.next_back().unwrap_or_default();
    let starts_small = text.chars().find(|c| c.is_alphanumeric()).is_some_and(char::is_lowercase);
    starts_small || LOOSE_STARTS.contains(&first.as_str()) || LOOSE_ENDS.contains(&last.as_str())
}

/// The sentence nearest to what all sentences say, and a second one that adds something to it.
fn central(sentences: &[String]) -> Vec<usize> {
    let terms: Vec<Vec<String>> = sentences
        .iter()
        .map(|s| {
            let mut terms = words::terms(s);
            terms.sort();
            terms.dedup();
            terms
        })
        .collect();
    let mut weight: HashMap<&str, f64> = HashMap::new();
    terms.iter().flatten().for_each(|t| *weight.entry(t).or_insert(0.0) += 1.0);
    let worth = |i: usize, known: &[String]| {
        let new: f64 = terms[i].iter().filter(|t| !known.contains(t)).map(|t| weight[t.as_str()].ln_1p()).sum();
        let pointing = matches!(
            words::bare(sentences[i].split_whitespace().next().unwrap_or_default()).as_str(),
            "it" | "that" | "this" | "which" | "he" | "she" | "they" | "because" | "of"
        );
        let dangling = sentences[i].trim_end_matches('.').ends_with(['-', ',']);
        new / (terms[i].len() as f64 + 4.0).sqrt() * if pointing || dangling { 0.6 } else { 1.0 }
    };
    let best = |known: &[String], not: Option<usize>| {
        let others = (0..sentences.len()).filter(|i| Some(*i) != not);
        others.map(|i| (worth(i, known), i)).max_by(|a, b| a.0.total_cmp(&b.0).then(b.1.cmp(&a.1)))
    };
    let Some((first_worth, first)) = best(&[], None).filter(|(worth, _)| *worth > 0.0) else { return Vec::new() };
    let second =
        best(&terms[first], Some(first)).filter(|(worth, i)| *worth > 0.5 * first_worth && terms[*i].len() > 2);
    [Some(first), second.map(|(_, i)| i)].into_iter().flatten().collect()
}

/// With a full stop at its end.
fn finished(sentence: &str) -> String {
    let text = sentence.trim_end_matches([',', ';', ':', ' ', '-']);
    if text.ends_with(['.', '!', '\u{2026}']) { text.to_owned() } else { format!("{text}.") }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::samples;
    use domain::Span;

    fn part(start: f64, end: f64) -> Segment {
        Segment { span: Span::new(start, end), confidence: 0.8 }
    }

    #[test]
    fn a_description_is_made_of_sentences_that_were_said() {
        let transcript = samples::boiler();
        let description = describe(&part(55.0, 118.0), &transcript);
        assert!(description.contains("condensate trap"), "{description}");
        let said: Vec<_> = transcript.utterances.iter().map(|u| words::clean(&u.text)).collect();
        let sentences: Vec<_> = description.split_inclusive(". ").map(str::trim).collect();
        assert!(sentences.len() <= 2 && sentences.iter().all(|s| said.iter().any(|x| x == s)), "{description}");
    }

    #[test]
    fn unsure_words_and_silence_leave_it_empty() {
        let mut transcript = samples::boiler();
        transcript.utterances.iter_mut().for_each(|u| u.confidence = 0.5);
        assert_eq!(describe(&part(0.0, 180.0), &transcript), "");
        assert_eq!(describe(&part(0.0, 180.0), &Transcript::silent()), "");
    }
}
