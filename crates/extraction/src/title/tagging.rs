//! Tagging: the words of a text with their parts of speech. Harper's Brill tagger (Brill 1992) over its frequency
//! dictionary; what it does not know, most trade words among them, stays [`Tag::Unknown`] for the lexicon to judge.

use crate::{
    verbs,
    words::{bare, ends_clause, is_numeral, is_stop, normalise},
};
use harper_brill::{BrillTagger, FreqDict, Tagger, UPOS, brill_tagger};
use std::sync::{Arc, LazyLock};

/// The longest run of words that is tagged at once.
const LONGEST: usize = 60;
/// Share of the words that the dictionary has to know for a text to count as English.
const ENGLISH: f64 = 0.55;

/// Loaded once, by the first text: 3 MB.
static TAGGER: LazyLock<Arc<BrillTagger<FreqDict>>> = LazyLock::new(brill_tagger);

/// A part of speech, as coarse as titles need it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Tag {
    Noun,
    Verb,
    Auxiliary,
    Adjective,
    Adverb,
    Number,
    /// Prepositions, pronouns, determiners, conjunctions, interjections.
    Function,
    /// Not in the dictionary.
    Unknown,
}

/// A word of a text.
#[derive(Clone, Debug)]
pub struct Token {
    /// As written, without the punctuation around it.
    pub written: String,
    /// In lower case, without a final 's.
    pub lower: String,
    /// Whether 's was cut from its end ("the pump's").
    pub clitic: bool,
    /// What it is in its sentence.
    pub tag: Tag,
    /// Whether a clause ends behind it.
    pub ends: bool,
    /// Whether a question ends behind it.
    pub asks: bool,
}

/// The words of a text: fillers, and words said twice in a row, are left out.
pub fn tokens(text: &str) -> Vec<Token> {
    let text = normalise(text).replace(['\u{2013}', '\u{2014}'], ", ");
    let mut words: Vec<(&str, bool)> = Vec::new();
    for word in text.split_whitespace() {
        let lower = bare(word);
        if lower.is_empty()
            || matches!(
                lower.as_str(),
                "um" | "umm"
                    | "uh"
                    | "uhm"
                    | "er"
                    | "erm"
                    | "hmm"
                    | "ah"
                    | "eh"
                    | "mm"
                    | "mmm"
                    | "mm-hmm"
                    | "mhm"
                    | "mm-mm"
                    | "uh-huh"
            )
        {
            // "the, um, cover": the commas belong to the filler.
            if let Some(last) = words.last_mut() {
                last.1 = last.1 && !last.0.ends_with(',') || lower.is_empty() && ends_clause(word);
            }
            continue;
        }
        words.push((word, ends_clause(word)));
    }
    drop_fragments(&mut words);
    drop_restarts(&mut words);
    let mut tokens: Vec<Token> = words.into_iter().map(|(word, ends)| token(word, ends)).collect();
    for sentence in tokens.chunks_mut(LONGEST) {
        tag(sentence);
    }
    tokens
}

/// Whether tagged words are those of an English text.
pub fn is_english<'a>(tokens: impl Iterator<Item = &'a Token>) -> bool {
    let (mut known, mut all) = (0, 0);
    for token in tokens.filter(|t| t.lower.chars().all(char::is_alphabetic)) {
        all += 1;
        known += usize::from(token.tag != Tag::Unknown || verbs::verb(&token.lower).is_some());
    }
    all > 0 && f64::from(known as u32) >= ENGLISH * f64::from(all as u32)
}

/// Whether the dictionary knows a lower-case word as an ordinary word, not as a name.
pub fn is_ordinary(lower: &str) -> bool {
    TAGGER.tag_sentence(&[lower.to_owned()]).first().copied().flatten().is_some_and(|tag| tag != UPOS::PROPN)
}

/// The beginning of a word that is then said whole: "the fil filter", "plu-plug".
fn drop_fragments(words: &mut Vec<(&str, bool)>) {
    let mut i = 0;
    while i + 1 < words.len() {
        let (this, next) = (bare(words[i].0), bare(words[i + 1].0));
        let begins = this.len() < next.len() && next.starts_with(&this) && !words[i].1;
        let broken = words[i].0.ends_with('-') && this.len() < 5;
        let fragment = begins && this.len() < 5 && this.chars().all(char::is_alphabetic) && !is_word(&this);
        if broken || fragment {
            words.remove(i);
        } else {
            i += 1;
        }
    }
}

/// Whether a lower-case word is one that stands by itself.
fn is_word(lower: &str) -> bool {
    matches!(lower, "a" | "i")
        || lower.len() > 1 && (is_stop(lower) || verbs::verb(lower).is_some() || is_ordinary(lower))
}

/// A run of up to three words that is followed by itself is said once.
fn drop_restarts(words: &mut Vec<(&str, bool)>) {
    for length in (1..=3).rev() {
        let mut i = 0;
        while i + 2 * length <= words.len() {
            let same = (0..length).all(|k| bare(words[i + k].0) == bare(words[i + length + k].0));
            let whole = (i..i + length).any(|k| words[k].0.ends_with(['.', '?', '!']));
            if same && !whole && !is_numeral(words[i].0) { drop(words.drain(i..i + length)) } else { i += 1 }
        }
    }
}

fn token(word: &str, ends: bool) -> Token {
    let written = word.trim_matches(|c: char| !c.is_alphanumeric() && c != '+' && c != '#').to_owned();
    let lower = bare(word);
    let asks = word.ends_with('?');
    let closed =
        ["it's", "that's", "let's", "what's", "there's", "here's", "he's", "she's", "who's", "how's", "where's"];
    match lower.strip_suffix("'s").filter(|_| !closed.contains(&lower.as_str())).map(str::to_owned) {
        Some(stem) => {
            let written = written.strip_suffix("'s").unwrap_or(&written).to_owned();
            Token { written, lower: stem, clitic: true, tag: Tag::Unknown, ends, asks }
        }
        None => Token { written, lower, clitic: false, tag: Tag::Unknown, ends, asks },
    }
}

fn tag(sentence: &mut [Token]) {
    let mut words = Vec::with_capacity(sentence.len());
    let mut places = Vec::with_capacity(sentence.len());
    for token in sentence.iter() {
        places.push(words.len());
        match token.lower.split_once('\'') {
            Some((first, rest)) => words.extend([first.to_owned(), format!("'{rest}")]),
            None => words.push(token.lower.clone()),
        }
        if token.ends {
            words.push(",".to_owned());
        }
    }
    let tags = TAGGER.tag_sentence(&words);
    let loud = |t: &Token| {
        t.written.chars().count() > 1 && t.written.chars().all(|c| c.is_ascii_uppercase() || c.is_ascii_digit())
    };
    let shouting = sentence.iter().all(|t| loud(t) || t.written.chars().count() < 2);
    for (token, place) in sentence.iter_mut().zip(places) {
        token.tag = match tags.get(place).copied().flatten() {
            _ if token.lower.starts_with(|c: char| c.is_ascii_digit()) => Tag::Number,
            // "VS", "EV", "PRV": names, whatever the small word is.
            _ if !shouting && loud(token) => Tag::Noun,
            Some(UPOS::NOUN | UPOS::PROPN) => Tag::Noun,
            Some(UPOS::VERB) => Tag::Verb,
            Some(UPOS::AUX) => Tag::Auxiliary,
            Some(UPOS::ADJ) => Tag::Adjective,
            Some(UPOS::ADV) => Tag::Adverb,
            Some(UPOS::NUM) => Tag::Number,
            Some(UPOS::SYM | UPOS::PUNCT) | None => Tag::Unknown,
            Some(_) => Tag::Function,
        };
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn fillers_and_restarts_go_and_commas_around_them_too() {
        let said: Vec<String> =
            tokens("I'll, um, I'll take the, the old tap off.").into_iter().map(|t| t.lower).collect();
        assert_eq!(said, ["i'll", "take", "the", "old", "tap", "off"]);
        assert!(tokens("Lift it. It drops").iter().any(|t| t.lower == "it" && t.ends));
    }

    #[test]
    fn trade_words_stay_open_and_plain_words_do_not() {
        let tags: Vec<Tag> = tokens("we replace the circlip").iter().map(|t| t.tag).collect();
        assert_eq!(tags, [Tag::Function, Tag::Verb, Tag::Function, Tag::Unknown]);
    }

    #[test]
    fn other_languages_are_told_apart() {
        assert!(is_english(tokens("so I pull the gland off and re-terminate the SWA").iter()));
        for other in
            ["jetzt tauschen wir den Filter und ziehen die Schrauben fest", "ahora cambiamos el filtro de aceite", ""]
        {
            assert!(!is_english(tokens(other).iter()), "{other}");
        }
    }
}
