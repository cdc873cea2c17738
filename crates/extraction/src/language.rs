//! Language: which one is spoken, told by its small words. Titles, remarks and precautions are read by rules of English;
//! where another language is certain, they must not be read at all.

use crate::words;
use domain::utterance::{Speaker, Transcript};
use rust_stemmers::{Algorithm, Stemmer};
use std::{collections::HashMap, sync::LazyLock};
use unicode_segmentation::UnicodeSegmentation;

/// Languages (ISO 639-1) with a list of small words, English first. Each is a bit of a number.
const CODES: [&str; 45] = [
    "en", "af", "ar", "bg", "bn", "ca", "cs", "da", "de", "el", "es", "et", "eu", "fa", "fi", "fr", "ga", "gl", "gu",
    "he", "hi", "hr", "hu", "hy", "id", "it", "ko", "lt", "lv", "mr", "ms", "nl", "no", "pl", "pt", "ro", "ru", "sk",
    "sl", "sv", "tr", "uk", "ur", "vi", "tl",
];
/// Words that are looked at to tell a language.
const LOOKED_AT: usize = 2000;
/// Fewer words tell nothing.
const ENOUGH: usize = 20;
/// Share of the words that must be small words of the language, and how many times as many as are of English.
const SHARE: f64 = 0.25;
const MORE: f64 = 1.5;

/// A language.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Language {
    /// English, or nothing that could be told: noise is no foreign language.
    English,
    /// Another one, by its place in [`CODES`].
    Known(usize),
    /// Another one, in another script, of which no small words are known.
    Unknown,
}

/// The languages in which a lower-case word is a small word, a bit each.
static SMALL: LazyLock<HashMap<&'static str, u64>> = LazyLock::new(|| {
    let mut small = HashMap::new();
    for (i, code) in CODES.iter().enumerate() {
        for word in stop_words::lookup(code).into_iter().flatten() {
            *small.entry(*word).or_insert(0) |= 1 << i;
        }
    }
    small
});

/// The language that the engineer speaks.
pub fn spoken(transcript: &Transcript) -> Language {
    let said = transcript.utterances.iter().filter(|u| u.speaker == Speaker::Engineer);
    Language::of(said.map(|u| u.text.as_str()))
}

impl Language {
    /// The language of these texts together.
    pub fn of<'a>(texts: impl IntoIterator<Item = &'a str>) -> Self {
        let mut counts = [0usize; CODES.len()];
        let (mut all, mut foreign) = (0usize, 0usize);
        for word in texts.into_iter().flat_map(pieces).take(LOOKED_AT) {
            all += 1;
            foreign += usize::from(!word.chars().any(is_latin));
            let mut languages = SMALL.get(word.as_str()).copied().unwrap_or(0);
            while languages != 0 {
                counts[languages.trailing_zeros() as usize] += 1;
                languages &= languages - 1;
            }
        }
        if all < ENOUGH {
            return Self::English;
        }
        let (most, count) =
            counts.into_iter().enumerate().skip(1).max_by_key(|(i, n)| (*n, usize::MAX - i)).unwrap_or((0, 0));
        let share = |n: usize| n as f64 / all as f64;
        match () {
            _ if share(count) >= SHARE && count as f64 >= MORE * counts[0] as f64 => Self::Known(most),
            _ if share(foreign) > 0.5 => Self::Unknown,
            _ => Self::English,
        }
    }

    /// The language of this ISO 639-1 code, where its small words are known.
    #[cfg(test)]
    pub fn named(code: &str) -> Option<Self> {
        CODES.iter().position(|known| *known == code).map(Self::Known)
    }

    /// ISO 639-1 code of another language than English, where it is known.
    pub fn code(self) -> Option<&'static str> {
        if let Self::Known(i) = self { CODES.get(i).copied() } else { None }
    }

    pub fn is_english(self) -> bool {
        self == Self::English
    }

    /// As [`words::terms`], by the small words and the stems of this language, as far as they are known.
    pub fn terms(self, text: &str) -> Vec<String> {
        let bit = match self {
            Self::English => return words::terms(text),
            Self::Known(i) => 1 << i,
            Self::Unknown => 0,
        };
        let stemmer = self.algorithm().map(Stemmer::create);
        let small = |word: &String| SMALL.get(word.as_str()).is_some_and(|languages| languages & bit != 0);
        let content = pieces(text).filter(|w| !small(w) && w.len() < 40);
        content.map(|w| stemmer.as_ref().map_or(w.clone(), |stemmer| stemmer.stem(&w).into_owned())).collect()
    }

    fn algorithm(self) -> Option<Algorithm> {
        Some(match self.code()? {
            "ar" => Algorithm::Arabic,
            "da" => Algorithm::Danish,
            "de" => Algorithm::German,
            "el" => Algorithm::Greek,
            "es" => Algorithm::Spanish,
            "fi" => Algorithm::Finnish,
            "fr" => Algorithm::French,
            "hu" => Algorithm::Hungarian,
            "it" => Algorithm::Italian,
            "nl" => Algorithm::Dutch,
            "no" => Algorithm::Norwegian,
            "pt" => Algorithm::Portuguese,
            "ro" => Algorithm::Romanian,
            "ru" => Algorithm::Russian,
            "sv" => Algorithm::Swedish,
            "tr" => Algorithm::Turkish,
            _ => return None,
        })
    }
}

/// Lower-case words with letters; "l'\u{e9}crou" is two.
fn pieces(text: &str) -> impl Iterator<Item = String> {
    let lower = words::normalise(text).to_lowercase();
    let found: Vec<String> = lower.unicode_words().flat_map(|w| w.split('\'')).map(str::to_owned).collect();
    found.into_iter().filter(|w| w.chars().any(char::is_alphabetic))
}

fn is_latin(c: char) -> bool {
    c.is_alphabetic() && c < '\u{250}'
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::samples;

    #[test]
    fn languages_are_told_by_their_small_words() {
        for (code, text) in [
            (
                "de",
                "Zuerst schalte ich den Strom am Sicherungskasten ab, dann drehe ich den Hahn unter dem Kessel zu und \
                    l\u{f6}se die vier Schrauben an der Verkleidung.",
            ),
            (
                "fr",
                "D'abord je coupe le courant au tableau et je ferme les deux vannes, ensuite je desserre l'\u{e9}crou avec une \
                    cl\u{e9} et je retire le vieux filtre.",
            ),
            (
                "es",
                "Primero corto la corriente en el cuadro y cierro las dos v\u{e1}lvulas, despu\u{e9}s aflojo la tuerca con una \
                    llave y saco el filtro viejo.",
            ),
            (
                "nl",
                "Eerst schakel ik de stroom uit in de meterkast en draai ik de twee kranen dicht, daarna maak ik de moer los \
                    met een sleutel.",
            ),
            (
                "pl",
                "Dzisiaj wymieniamy filtr w pompie, najpierw wy\u{142}\u{105}czam pr\u{105}d i zamykam oba zawory, a potem \
                    odkr\u{119}cam nakr\u{119}tk\u{119} kluczem i wyjmuj\u{119} stary filtr, bo jest ju\u{17c} bardzo brudny.",
            ),
        ] {
            assert_eq!(Language::of([text]).code(), Some(code));
        }
        let japanese = "\u{30dd}\u{30f3}\u{30d7}\u{306e}\u{30d5}\u{30a3}\u{30eb}\u{30bf}\u{30fc}\u{3092}\u{4ea4}\u{63db}\u{3057}\u{307e}\u{3059}".repeat(5);
        assert!(!Language::of([japanese.as_str()]).is_english());
    }

    #[test]
    fn english_noise_and_little_are_no_foreign_language() {
        assert!(spoken(&samples::boiler()).is_english());
        let noise = "zorp blick fand grum plat skeen worf dlim krat".repeat(5);
        for text in ["", "ja ja", "fold dough, roll dough, cut dough into six parts, oil the pan", noise.as_str()] {
            assert!(Language::of([text]).is_english(), "{text}");
        }
    }

    #[test]
    fn terms_are_content_words_of_the_language() {
        let german = Language::named("de").unwrap();
        assert_eq!(german.terms("Die Filter und den Filter habe ich mit der Zange"), ["filt", "filt", "zang"]);
    }
}
