//! Words: what was said as the other files use it: confident text, content words, fillers, sentences.

use domain::utterance::{Transcript, Utterance};
use rust_stemmers::{Algorithm, Stemmer};
use std::{collections::HashSet, sync::LazyLock};
use unicode_segmentation::UnicodeSegmentation;

/// Below this confidence a word is never used in a name, a description or a summary.
pub const CONFIDENT: f32 = 0.6;

/// Words that carry no subject matter.
static STOP: LazyLock<HashSet<&'static str>> = LazyLock::new(|| {
    "a about above after again all already also always am an and any anyone anything are around as at back bad be \
     because been before being below best better between big both but by came can come comes coming could did do does \
     doing done down each else even ever every everyone everything few fine first for from further gave get gets \
     getting give go goes going gone gonna good got great had half has have having he hello her here hers hey hi him \
     his how i if in into is it its just keep kind know last later least let lets like little look looked looking \
     looks lot lots made make makes making many may maybe me mean might mine more most much must my need needs never \
     new next nice no nor not nothing now of off oh ok okay old on once one ones only onto or other others our out over \
     own part people perhaps pretty probably put quick quite really right said same saw say says see seen she should \
     show shows so some someone something soon sort still stuff such sure take taken takes tell than thank thanks that \
     the their them then there these they thing things think this those three through time to today together told too \
     took try trying two um uh under until up upon us use used using very wanna want wanted wants was way we week well \
     went were what whatever when where whether which while who why will with within without would yeah year yep yes \
     yet you your actually basically obviously literally guys cool awesome alright anyway day minute second seconds \
     minutes bit ll ve re don didn doesn isn wasn aren couldn wouldn shouldn won cant cannot im ive dont thats er erm hmm \
     ah mhm"
        .split_whitespace()
        .collect()
});

static FILLERS: LazyLock<HashSet<&'static str>> = LazyLock::new(|| {
    "um umm uh uhh uhm er erm hmm hm mhm ah eh huh mm mmm mm-hmm uh-huh mm-mm 'kay".split_whitespace().collect()
});

/// Whether a lower-case word carries no subject matter.
pub fn is_stop(word: &str) -> bool {
    word.chars().count() < 2 || STOP.contains(word) || word.split('\'').next().is_some_and(|w| STOP.contains(w))
}

/// Whether a lower-case word is an adverb in -ly ("carefully", but not "supply").
pub fn is_adverb(word: &str) -> bool {
    const NOUNS: &[&str] = &[
        "supply",
        "assembly",
        "subassembly",
        "family",
        "reply",
        "ply",
        "fly",
        "jelly",
        "pulley",
        "butterfly",
        "dolly",
    ];
    word.ends_with("ly") && !NOUNS.contains(&word)
}

/// The stem of a lower-case word, so that "filters" and "filter" count as one.
pub fn stem(word: &str) -> String {
    static STEMMER: LazyLock<Stemmer> = LazyLock::new(|| Stemmer::create(Algorithm::English));
    STEMMER.stem(word).into_owned()
}

/// Stems of the words with subject matter, in order; numbers are left out.
pub fn terms(text: &str) -> Vec<String> {
    let lower = normalise(text).to_lowercase();
    lower
        .unicode_words()
        .filter(|w| !is_stop(w) && w.chars().any(char::is_alphabetic) && w.len() < 40)
        .map(stem)
        .collect()
}

/// Typographic apostrophes as plain ones.
pub fn normalise(text: &str) -> String {
    text.replace(['\u{2019}', '\u{2018}'], "'")
}

/// The runs of words of an utterance that were recognised with confidence; nothing is joined over a doubtful word.
pub fn confident_runs(utterance: &Utterance) -> Vec<String> {
    if !is_confident(utterance.confidence) {
        return Vec::new();
    }
    if utterance.words.is_empty() {
        return vec![utterance.text.clone()];
    }
    utterance
        .words
        .split(|word| !is_confident(word.confidence))
        .filter(|run| !run.is_empty())
        .map(|run| run.iter().map(|w| w.text.trim()).collect::<Vec<_>>().join(" "))
        .collect()
}

/// The whole text of an utterance, where all of it was recognised with confidence.
pub fn confident_text(utterance: &Utterance) -> Option<&str> {
    let sure = is_confident(utterance.confidence) && utterance.words.iter().all(|w| is_confident(w.confidence));
    sure.then(|| utterance.text.trim()).filter(|text| !text.is_empty())
}

/// Seconds of the transcript whose words are known, and seconds in which somebody spoke at all.
pub fn known_and_spoken_seconds(transcript: &Transcript) -> (f64, f64) {
    let length = |u: &Utterance| (u.end - u.start).clamp(0.0, 60.0);
    let known = transcript
        .utterances
        .iter()
        .map(|u| {
            let share = match u.words.len() {
                _ if !is_confident(u.confidence) => 0.0,
                0 => 1.0,
                n => u.words.iter().filter(|w| is_confident(w.confidence)).count() as f64 / n as f64,
            };
            share * length(u)
        })
        .sum();
    let voiced: f64 = transcript.voiced.iter().map(|v| v.duration()).sum();
    (known, voiced.max(transcript.utterances.iter().map(length).sum()))
}

/// A sentence without fillers ("um", "you know") and without words or phrases said twice in a row.
pub fn clean(sentence: &str) -> String {
    let text = normalise(sentence);
    let mut words: Vec<&str> = text
        .split_whitespace()
        .filter(|word| !FILLERS.contains(bare(word).as_str()) && !bare(word).is_empty())
        .collect();
    drop_asides(&mut words);
    drop_openers(&mut words);
    drop_repeats(&mut words);
    drop_closers(&mut words);
    let joined = words.join(" ");
    let joined = joined.trim_matches(|c: char| c == ',' || c == '-' || c.is_whitespace());
    capitalise(joined)
}

/// A word in lower case without the punctuation around it.
pub fn bare(word: &str) -> String {
    word.trim_matches(|c: char| !c.is_alphanumeric()).to_lowercase()
}

/// The text with its first letter in upper case.
pub fn capitalise(text: &str) -> String {
    let mut chars = text.chars();
    chars.next().map(|first| first.to_uppercase().chain(chars).collect()).unwrap_or_default()
}

/// "you know", "I mean", "sort of", "kind of", "like" between commas.
fn drop_asides(words: &mut Vec<&str>) {
    let mut i = 0;
    while i < words.len() {
        let pair = (bare(words[i]), words.get(i + 1).map(|w| bare(w)).unwrap_or_default());
        let aside = matches!((pair.0.as_str(), pair.1.as_str()), ("you", "know") | ("i", "mean"))
            && !ends_clause(words[i])
            && words.get(i + 1).is_some_and(|w| w.ends_with(','));
        let hedge = matches!((pair.0.as_str(), pair.1.as_str()), ("sort", "of") | ("kind", "of"))
            && (i == 0
                || !matches!(bare(words[i - 1]).as_str(), "this" | "that" | "the" | "what" | "some" | "a" | "any"));
        if aside || hedge {
            words.drain(i..i + 2);
        } else if pair.0 == "like" && words[i].ends_with(',') {
            words.remove(i);
        } else {
            i += 1;
        }
    }
}

/// "Okay, so", "Yeah", "All right" at the start.
fn drop_openers(words: &mut Vec<&str>) {
    const OPENERS: &[&str] = &[
        "ok",
        "okay",
        "so",
        "yeah",
        "yep",
        "right",
        "alright",
        "well",
        "and",
        "but",
        "oh",
        "cool",
        "basically",
        "anyway",
    ];
    let mut from = 0;
    while from < words.len() && from < 4 && words.len() - from > 3 {
        let word = bare(words[from]);
        if word == "all" && words.get(from + 1).is_some_and(|w| bare(w) == "right" && w.ends_with(',')) {
            from += 2;
        } else if OPENERS.contains(&word.as_str()) && (word != "right" && word != "well" || words[from].ends_with(','))
        {
            from += 1;
        } else {
            break;
        }
    }
    words.drain(..from);
}

/// ", yeah", ", okay", ", right" at the end.
fn drop_closers(words: &mut Vec<&str>) {
    while let [.., before, last] = words.as_slice() {
        let tag = matches!(bare(last).as_str(), "yeah" | "yep" | "okay" | "ok" | "right" | "alright" | "so" | "oh");
        if !(tag && before.ends_with(',') && words.len() > 4) {
            return;
        }
        words.pop();
    }
}

/// A word, pair or triple that is followed by itself is said once.
fn drop_repeats(words: &mut Vec<&str>) {
    for length in (1..=3).rev() {
        let mut i = 0;
        while i + 2 * length <= words.len() {
            let same = (0..length).all(|k| bare(words[i + k]) == bare(words[i + length + k]));
            let emphasis =
                length == 1 && (matches!(bare(words[i]).as_str(), "very" | "that" | "had") || is_numeral(words[i]));
            if same && !emphasis {
                words.drain(i..i + length);
            } else {
                i += 1;
            }
        }
    }
}

/// Whether a word is a number: "fifty fifty" is no slip of the tongue.
pub fn is_numeral(word: &str) -> bool {
    const NUMBERS: &[&str] = &[
        "zero", "oh", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten", "twenty",
        "thirty", "forty", "fifty", "sixty", "seventy", "eighty", "ninety", "hundred",
    ];
    let word = bare(word);
    NUMBERS.contains(&word.as_str()) || word.starts_with(|c: char| c.is_ascii_digit())
}

/// Whether a word ends its clause.
pub fn ends_clause(word: &str) -> bool {
    word.ends_with(['.', ',', ';', ':', '?', '!', '\u{2026}', ')'])
}

fn is_confident(confidence: f32) -> bool {
    confidence >= CONFIDENT
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn fillers_and_repetitions_go_and_the_rest_stays() {
        for (said, cleaned) in [
            ("Um, so we, we take the the cover off.", "We take the cover off."),
            ("Okay so, you know, this is kind of the main valve", "This is the main valve"),
            ("it is, you know, hot", "It is, hot"),
            ("What kind of valve is it?", "What kind of valve is it?"),
            ("Mix it fifty fifty, yeah.", "Mix it fifty fifty"),
            ("uh", ""),
        ] {
            assert_eq!(clean(said), cleaned);
        }
    }

    #[test]
    fn terms_are_stems_of_content_words() {
        assert_eq!(terms("Now I'm removing the filters, don't you know"), ["remov", "filter"]);
    }

    #[test]
    fn nothing_is_joined_over_a_doubtful_word() {
        let word =
            |text: &str, confidence| domain::utterance::Word { text: text.into(), start: 0., end: 0., confidence };
        let utterance = Utterance {
            speaker: Default::default(),
            start: 0.0,
            end: 2.0,
            text: "do not open".into(),
            confidence: 0.9,
            words: vec![word("do", 0.9), word("not", 0.2), word("open", 0.9)],
        };
        assert_eq!(confident_runs(&utterance), ["do", "open"]);
        assert_eq!(confident_text(&utterance), None);
    }
}
