//! Describe: one or two sentences that somebody said and that stand for the whole piece of work.
//! Words are only ever left out, never invented; nothing where the words are not sure.

use crate::{
    Segment,
    language::Language,
    title::{
        self,
        tagging::{self, Tag},
    },
    verbs::{self, Form},
    words,
};
use domain::utterance::{Transcript, Utterance};
use std::collections::BTreeMap;

/// Sentences shorter or longer than this say too little or too much, in words.
const WORDS: std::ops::RangeInclusive<usize> = 6..=32;
/// In speech without punctuation, where an utterance is taken for a sentence.
const UNPUNCTUATED_WORDS: std::ops::RangeInclusive<usize> = 6..=18;
/// Sentences of a segment that are weighed, at most.
const MOST_SENTENCES: usize = 400;
/// Chance of going on to a similar sentence (Erkan and Radev 2004).
const DAMPING: f64 = 0.85;
/// Rounds of the power iteration; the order has long settled by then.
const ROUNDS: usize = 20;

/// One or two central sentences of a segment, in the order in which they were said; may be empty.
pub fn describe(segment: &Segment, transcript: &Transcript) -> String {
    describe_beside("", segment, transcript)
}

/// As [`describe`], leaving out sentences that say no more than the title does.
pub fn describe_beside(title: &str, segment: &Segment, transcript: &Transcript) -> String {
    let known = words::terms(title);
    let adds = |sentence: &String| {
        let terms = words::terms(sentence);
        terms.iter().filter(|t| !known.contains(t)).count() >= 2
    };
    let sentences: Vec<String> = said(segment, transcript).into_iter().filter(adds).take(MOST_SENTENCES).collect();
    let mut chosen = central(&sentences);
    chosen.sort_unstable();
    chosen.into_iter().map(|i| finished(&sentences[i])).collect::<Vec<_>>().join(" ")
}

/// The whole sentences that were said, cleaned.
fn said(segment: &Segment, transcript: &Transcript) -> Vec<String> {
    let passages = title::passages(transcript, &segment.span);
    if !Language::of(passages.iter().map(|p| p.text.as_str())).is_english() {
        // What is a filler there, and what an aside, nobody here knows.
        let whole = passages.iter().flat_map(|passage| sentences(&passage.text));
        return whole.filter(|s| WORDS.contains(&s.split(' ').count()) && !s.ends_with('?')).collect();
    }
    if passages.iter().any(|p| p.text.contains(['.', '?', '!', '\u{2026}'])) {
        let whole = passages.iter().flat_map(|passage| sentences(&passage.text)).filter(|s| {
            let starts_small = s.chars().find(|c| c.is_alphanumeric()).is_some_and(char::is_lowercase);
            !starts_small && !is_loose(s)
        });
        let cleaned = whole.map(|sentence| words::clean(&sentence));
        return cleaned.filter(|s| WORDS.contains(&s.split(' ').count()) && !s.ends_with('?') && is_said(s)).collect();
    }
    let middle = |u: &Utterance| (u.start + u.end) / 2.0;
    let within =
        transcript.utterances.iter().filter(|u| segment.span.start <= middle(u) && middle(u) < segment.span.end);
    let whole = within.filter_map(words::confident_text).filter(|text| !is_loose(text) && is_one_clause(text));
    let cleaned = whole.map(words::clean);
    cleaned.filter(|s| UNPUNCTUATED_WORDS.contains(&s.split(' ').count()) && is_said(s)).collect()
}

/// The sentences of a text that end as sentences do; a last one without a full stop counts.
fn sentences(text: &str) -> Vec<String> {
    let words: Vec<&str> = text.split_whitespace().collect();
    words.split_inclusive(|w| w.ends_with(['.', '?', '!', '\u{2026}'])).map(|s| s.join(" ")).collect()
}

/// Whether a sentence visibly lacks its beginning or its end.
fn is_loose(sentence: &str) -> bool {
    const LOOSE_ENDS: &[&str] = &[
        "a", "an", "the", "of", "to", "and", "or", "but", "in", "on", "at", "for", "with", "from", "into", "by", "as",
        "that", "that's", "it's", "is", "are", "was", "i", "i'm", "we", "we're", "you", "my", "your", "our", "this",
        "because", "so", "if", "when", "where", "which", "who", "will", "can", "have", "just", "like", "than", "then",
        "not", "don't", "very", "what", "how", "since", "usually", "other", "some", "any", "their",
    ];
    const LOOSE_STARTS: &[&str] =
        &["is", "are", "was", "of", "which", "than", "who", "or", "whereas", "because", "to", "under"];
    let text = words::normalise(sentence);
    let mut ends = text.split_whitespace().map(words::bare).filter(|w| !w.is_empty());
    let first = ends.next().unwrap_or_default();
    let last = ends.next_back().unwrap_or_default();
    LOOSE_STARTS.contains(&first.as_str()) || LOOSE_ENDS.contains(&last.as_str()) || runs_together(&text)
}

/// Whether another sentence starts within: "we have to use plastic Yeah I suppose"; or a word broke off: "wear m my".
fn runs_together(text: &str) -> bool {
    const STARTS: &[&str] = &[
        "Yeah", "Yes", "No", "Oh", "Okay", "Ok", "Well", "Alright", "Right", "So", "And", "But", "It", "The", "We",
        "They", "This", "That", "That's", "It's", "You", "He", "She", "There", "What", "If", "Are", "Is", "Did", "Do",
        "Does", "Mm", "Just", "Like", "Then", "How", "Which", "Because", "Now",
    ];
    let words: Vec<&str> = text.split_whitespace().collect();
    let inner = |w: &str| w.trim_matches(|c: char| !c.is_alphanumeric() && c != '\'').to_owned();
    let starts =
        words.windows(2).skip(1).any(|w| !w[0].ends_with([':', '"']) && STARTS.contains(&inner(w[1]).as_str()));
    let broken = words.windows(2).any(|w| {
        let (a, b) = (words::bare(w[0]), words::bare(w[1]));
        a.len() < 3
            && !a.is_empty()
            && a.chars().all(|c| c.is_ascii_lowercase())
            && b.len() > a.len()
            && b.starts_with(&a)
            && !words::is_stop(&a)
            || a.len() == 1
                && a.chars().all(|c| c.is_ascii_lowercase())
                && a != "a"
                && a != "i"
                && w[0].chars().all(char::is_lowercase)
    });
    starts || broken
}

/// Whether a sentence says that something is or is done, and is neither an aside nor taken back.
fn is_said(sentence: &str) -> bool {
    const ASIDES: &[&str] =
        &["sorry", "oops", "excuse", "thanks", "thank", "bye", "folks", "subscribe", "hello", "guess", "hope"];
    let tokens = tagging::tokens(sentence);
    let verb = tokens.iter().any(|t| matches!(t.tag, Tag::Verb | Tag::Auxiliary) || t.clitic || t.lower.contains('\''))
        || tokens.first().is_some_and(|t| verbs::verb(&t.lower).is_some_and(|v| v.form == Form::Base));
    verb && !tokens.iter().any(|t| ASIDES.contains(&t.lower.as_str()))
}

/// Whether an utterance without punctuation reads as a single sentence.
fn is_one_clause(text: &str) -> bool {
    const SUBJECTS: &[&str] = &[
        "i", "i'm", "i've", "i'll", "you", "you'll", "you're", "we", "we're", "we've", "we'll", "it", "it's", "it'll",
        "that's", "there's", "they", "they're", "he", "she", "he's", "she's", "what", "yeah", "yep", "right", "nope",
    ];
    const JOINTS: &[&str] = &[
        "if",
        "until",
        "when",
        "that",
        "because",
        "so",
        "before",
        "otherwise",
        "and",
        "but",
        "as",
        "where",
        "which",
        "while",
    ];
    let tokens = tagging::tokens(text);
    let starts = |i: usize| {
        let token = &tokens[i];
        let before = &tokens[i - 1];
        let joined = JOINTS.contains(&before.lower.as_str());
        let after_thing = matches!(before.tag, Tag::Noun | Tag::Unknown | Tag::Adverb)
            || matches!(before.lower.as_str(), "off" | "out" | "up" | "in" | "on" | "down" | "back");
        let takes =
            |t: &tagging::Token| matches!(t.lower.as_str(), "the" | "it" | "them" | "a" | "this" | "your" | "sure");
        let imperative = verbs::verb(&token.lower).is_some_and(|v| v.form == Form::Base)
            && after_thing
            && tokens.get(i + 1).is_some_and(takes);
        let subject = SUBJECTS.contains(&token.lower.as_str())
            && matches!(before.tag, Tag::Noun | Tag::Unknown | Tag::Adverb | Tag::Adjective);
        !joined && (imperative || subject)
    };
    // "Connect the load bank the tails are on tight": an order, and then something else.
    let orders = tokens.first().is_some_and(|t| verbs::verb(&t.lower).is_some_and(|v| v.form == Form::Base));
    let finite = tokens.iter().any(|t| t.clitic || matches!(t.lower.as_str(), "is" | "are" | "was" | "were"));
    let joined = tokens.iter().any(|t| JOINTS.contains(&t.lower.as_str()));
    !((1..tokens.len()).any(starts) || orders && finite && !joined)
}

/// The sentence that is most like all others (LexRank over TF-IDF cosines), and a second one that adds to it.
fn central(sentences: &[String]) -> Vec<usize> {
    let vectors = vectors(sentences);
    let similar = |a: usize, b: usize| -> f64 {
        let (short, long) = if vectors[a].len() < vectors[b].len() { (a, b) } else { (b, a) };
        vectors[short].iter().map(|(term, w)| w * vectors[long].get(term).unwrap_or(&0.0)).sum()
    };
    let n = sentences.len();
    let links: Vec<Vec<f64>> = (0..n).map(|a| (0..n).map(|b| similar(a, b)).collect()).collect();
    let degree: Vec<f64> = links.iter().map(|row| row.iter().sum::<f64>().max(1e-9)).collect();
    let mut rank = vec![1.0; n];
    for _ in 0..ROUNDS {
        rank = (0..n)
            .map(|b| 1.0 - DAMPING + DAMPING * (0..n).map(|a| rank[a] * links[a][b] / degree[a]).sum::<f64>())
            .collect();
    }
    let worth: Vec<f64> =
        (0..n).map(|i| if vectors[i].is_empty() { 0.0 } else { rank[i] * plainness(&sentences[i]) }).collect();
    let best = |of: &dyn Fn(usize) -> f64| {
        (0..n).map(|i| (of(i), i)).filter(|(w, _)| *w > 0.0).max_by(|a, b| a.0.total_cmp(&b.0).then(b.1.cmp(&a.1)))
    };
    let Some((most, first)) = best(&|i| worth[i]) else { return Vec::new() };
    let second = best(&|i| if i == first || links[i][first] > 0.6 { 0.0 } else { worth[i] * (1.0 - links[i][first]) })
        .filter(|(worth, i)| *worth > 0.4 * most && vectors[*i].len() > 2);
    [Some(first), second.map(|(_, i)| i)].into_iter().flatten().collect()
}

/// A vector of unit length for each sentence: weight of each of its terms.
///
/// Ordered maps: sums of fractions depend on their order, and the same recording has to give the same sentences.
fn vectors(sentences: &[String]) -> Vec<BTreeMap<String, f64>> {
    let terms: Vec<Vec<String>> = sentences.iter().map(|s| words::terms(s)).collect();
    let mut within: BTreeMap<&String, f64> = BTreeMap::new();
    for of in &terms {
        let mut once: Vec<&String> = of.iter().collect();
        once.sort();
        once.dedup();
        once.into_iter().for_each(|t| *within.entry(t).or_insert(0.0) += 1.0);
    }
    let n = sentences.len() as f64;
    let vector = |of: &Vec<String>| {
        let mut vector: BTreeMap<String, f64> = BTreeMap::new();
        of.iter().for_each(|t| *vector.entry(t.clone()).or_insert(0.0) += (1.0 + n / within[t]).ln());
        let length = vector.values().map(|w| w * w).sum::<f64>().sqrt().max(1e-9);
        vector.values_mut().for_each(|w| *w /= length);
        vector
    };
    terms.iter().map(vector).collect()
}

/// How well a sentence reads by itself, 0 to 1.
fn plainness(sentence: &str) -> f64 {
    let words: Vec<String> = sentence.split_whitespace().map(words::bare).collect();
    let first = words.first().map_or("", String::as_str);
    let pointing = matches!(
        first,
        "it" | "that"
            | "this"
            | "which"
            | "he"
            | "she"
            | "they"
            | "because"
            | "of"
            | "it's"
            | "that's"
            | "these"
            | "those"
            | "again"
    );
    let doubtful = words.windows(2).any(|w| {
        matches!(
            (w[0].as_str(), w[1].as_str()),
            ("i", "think") | ("look", "at") | ("you", "can") | ("let's", "see") | ("i", "mean")
        )
    });
    let fits = if (7..=22).contains(&words.len()) { 1.0 } else { 0.8 };
    let dangling = sentence.trim_end_matches('.').ends_with(['-', ',']);
    let elsewhere = title::is_elsewhere(sentence);
    fits * if elsewhere { 0.5 } else { 1.0 }
        * if pointing || dangling { 0.6 } else { 1.0 }
        * if doubtful { 0.7 } else { 1.0 }
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
    fn the_same_recording_always_gives_the_same_sentences() {
        let transcript = samples::boiler();
        let once = describe(&part(118.0, 168.0), &transcript);
        assert!((0..50).all(|_| describe(&part(118.0, 168.0), &transcript) == once));
    }

    #[test]
    fn it_does_not_say_the_title_again() {
        let transcript = samples::transcript(&[
            (1.0, "Now I'm going to replace the small inlet filter."),
            (8.0, "The inlet filter sits behind the union nut on the left."),
        ]);
        let title = "Replace the small inlet filter";
        let description = describe_beside(title, &part(0.0, 30.0), &transcript);
        assert_eq!(description, "The inlet filter sits behind the union nut on the left.");
    }

    #[test]
    fn speech_without_punctuation_gives_sentences_where_an_utterance_is_one() {
        let transcript = samples::transcript(&[
            (1.0, "undo the nut it's a nineteen you can see the washer"),
            (8.0, "the washer sits in the groove behind the nut"),
            (15.0, "and then put the"),
        ]);
        assert_eq!(describe(&part(0.0, 30.0), &transcript), "The washer sits in the groove behind the nut.");
    }

    #[test]
    fn what_was_taken_back_is_not_quoted() {
        let transcript =
            samples::transcript(&[(1.0, "I set the pump to two bar, no sorry, one bar is what the plate says.")]);
        assert_eq!(describe(&part(0.0, 30.0), &transcript), "");
    }

    #[test]
    fn unsure_words_and_silence_leave_it_empty() {
        let mut transcript = samples::boiler();
        transcript.utterances.iter_mut().for_each(|u| u.confidence = 0.5);
        assert_eq!(describe(&part(0.0, 180.0), &transcript), "");
        assert_eq!(describe(&part(0.0, 180.0), &Transcript::silent()), "");
    }
}
