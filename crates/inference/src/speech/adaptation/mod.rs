//! PocketSphinx adapted to a vocabulary: copies of its general language model and dictionary in which the words of the
//! tenant are likelier, words it never heard of have a pronunciation, and the phrases of titles are words of their own
//! (`heat_exchanger`), since one word is all that the compiled model can be given without making it anew.

mod language_model;
mod pronunciation;

use self::pronunciation::Pronunciations;
use super::vocabulary::{Vocabulary, words};
use std::{
    collections::{BTreeMap, HashMap},
    fmt::Write,
    io,
    path::{Path, PathBuf},
};
use tempfile::TempDir;

/// Probability that is given to the tenant's words, all together, and to its phrases. Chosen on spoken sentences; between
/// 0.02 and 0.1 it made no difference that counts.
const SHARE: f64 = 0.03;
/// Words in a phrase.
const PHRASE: usize = 3;
/// New words and phrases; more cost time and do not fit into the compiled model.
const MOST: usize = 4000;
/// Names of Debian's general models.
const LANGUAGE_MODEL: &str = "en-us.lm.bin";
const DICTIONARY: &str = "cmudict-en-us.dict";
/// What joins the words of a phrase.
pub(super) const JOINT: char = '_';

/// Words that say nothing of a trade: never made likelier, and no phrase begins or ends with one.
const COMMON: [&str; 34] = [
    "a", "an", "and", "are", "as", "at", "be", "by", "do", "for", "from", "i", "if", "in", "into", "is", "it", "its",
    "no", "not", "of", "off", "on", "or", "out", "over", "that", "the", "then", "this", "to", "up", "with", "you",
];

/// The files that PocketSphinx decodes with.
pub(super) struct Models {
    pub language: PathBuf,
    pub dictionary: PathBuf,
    /// Holds the files while they are used.
    _folder: Option<TempDir>,
}

impl Models {
    /// The general models in the folder `model`, adapted to `vocabulary` where it has terms. Where that cannot be done
    /// (a language model of another format, no room) the general ones hear almost as much, so that is no error. Blocking.
    pub fn expecting(vocabulary: &Vocabulary, model: &Path) -> Self {
        let (language, dictionary) = (model.join(LANGUAGE_MODEL), model.join(DICTIONARY));
        let general = Self { language, dictionary, _folder: None };
        if vocabulary.is_empty() { general } else { adapt(vocabulary, &general).unwrap_or(general) }
    }
}

fn adapt(vocabulary: &Vocabulary, from: &Models) -> io::Result<Models> {
    let general = std::fs::read(&from.language)?;
    let dictionary = std::fs::read_to_string(&from.dictionary)?;
    let pronunciations = Pronunciations::of(&dictionary);
    let (single, phrases) = counts(vocabulary);

    let said: HashMap<&str, Vec<String>> =
        single.keys().map(|word| (word.as_str(), pronunciations.of_word(word))).collect();
    let mut added = String::new();
    let mut entry = |token: &str, sounds: &[String]| {
        for (i, sound) in sounds.iter().enumerate() {
            let variant = if i == 0 { String::new() } else { format!("({})", i + 1) };
            let _ = writeln!(added, "{token}{variant} {sound}");
        }
    };
    let mut shares: Vec<(String, f64)> = Vec::new();
    let all: usize = single.iter().filter(|(word, _)| is_telling(word)).map(|(_, count)| count).sum();
    for (word, count) in single.iter().filter(|(word, _)| is_telling(word)) {
        if said[word.as_str()].is_empty() {
            continue;
        }
        if !pronunciations.knows(word) {
            entry(word, &said[word.as_str()]);
        }
        shares.push((word.clone(), SHARE * *count as f64 / all as f64));
    }
    let all: usize = phrases.values().sum();
    for (phrase, count) in &phrases {
        // A phrase is said as its words are, each in its two most usual ways.
        let sounds = phrase.iter().fold(vec![String::new()], |before, word| {
            let next = said.get(word.as_str()).map(Vec::as_slice).unwrap_or_default();
            let join =
                |start: &String| next.iter().take(2).map(|end| format!("{start} {end}").trim().to_owned()).collect();
            before.iter().flat_map(|start| -> Vec<String> { join(start) }).take(4).collect()
        });
        if !sounds.is_empty() {
            let token = phrase.join(&JOINT.to_string());
            entry(&token, &sounds);
            shares.push((token, SHARE * *count as f64 / all as f64));
        }
    }
    shares.sort_by(|a, b| b.1.total_cmp(&a.1));
    shares.truncate(MOST);
    let adapted = language_model::with_shares(&general, &shares)?;
    let folder = tempfile::tempdir()?;
    let models = Models {
        language: folder.path().join(LANGUAGE_MODEL),
        dictionary: folder.path().join(DICTIONARY),
        _folder: Some(folder),
    };
    std::fs::write(&models.language, adapted)?;
    std::fs::write(&models.dictionary, format!("{}\n{added}", dictionary.trim_end()))?;
    Ok(models)
}

type Counts = (BTreeMap<String, usize>, BTreeMap<Vec<String>, usize>);

/// How often each word and each phrase stands in the terms.
fn counts(vocabulary: &Vocabulary) -> Counts {
    let (mut single, mut phrases) = Counts::default();
    for term in vocabulary.terms() {
        let list: Vec<String> = words(&term.text).collect();
        for word in &list {
            *single.entry(word.clone()).or_default() += term.count;
        }
        for length in 2..=PHRASE {
            let is_phrase = |run: &&[String]| is_telling(&run[0]) && is_telling(&run[length - 1]);
            for run in list.windows(length).filter(is_phrase) {
                *phrases.entry(run.to_vec()).or_default() += term.count;
            }
        }
    }
    (single, phrases)
}

fn is_telling(word: &str) -> bool {
    !COMMON.contains(&word)
}
