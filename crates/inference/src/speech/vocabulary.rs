//! The words of a tenant: what its tasks and procedures are called. They make a recogniser expect them.

use std::collections::HashMap;

/// Terms that a recogniser keeps; more make each of them less expected.
const MOST: usize = 500;
/// Characters of a term; longer titles are prose.
const LONGEST: usize = 120;

/// Terms that are likely to be said, the most important first.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Vocabulary {
    terms: Vec<Term>,
}

/// A term, and how often it was among the texts.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Term {
    pub text: String,
    pub count: usize,
}

impl Vocabulary {
    /// The distinct terms of `texts` (titles, names), which come newest first: those that recur go before, then the
    /// newer ones. Case does not tell terms apart. At most 500, of at most 120 characters each.
    pub fn of(texts: impl IntoIterator<Item = impl AsRef<str>>) -> Self {
        let mut places: HashMap<String, usize> = HashMap::new();
        let mut terms: Vec<Term> = Vec::new();
        for text in texts {
            let text = clean(text.as_ref());
            if text.is_empty() {
                continue;
            }
            let place = *places.entry(text.to_lowercase()).or_insert(terms.len());
            match terms.get_mut(place) {
                Some(term) => term.count += 1,
                None => terms.push(Term { text, count: 1 }),
            }
        }
        terms.sort_by_key(|term| std::cmp::Reverse(term.count));
        terms.truncate(MOST);
        Self { terms }
    }

    /// Whether there is no term.
    pub fn is_empty(&self) -> bool {
        self.terms.is_empty()
    }

    pub(super) fn terms(&self) -> &[Term] {
        &self.terms
    }
}

/// One line of plain text; nothing where it is too long to be a name.
fn clean(text: &str) -> String {
    let plain: String = text.chars().map(|c| if c.is_control() { ' ' } else { c }).collect();
    let line = plain.split_whitespace().collect::<Vec<_>>().join(" ");
    if line.chars().count() > LONGEST { String::new() } else { line }
}

/// Whether `said` is nothing but a stretch of the prompt that reaches from one of its `terms` into the next, in order.
/// Whisper repeats its prompt where nothing is said; a person who names one task goes on with words of their own.
#[cfg_attr(not(feature = "whisper"), allow(dead_code, reason = "only whisper is prompted"))]
pub(super) fn is_echo(said: &str, terms: &[String]) -> bool {
    let prompt: Vec<(usize, String)> =
        terms.iter().enumerate().flat_map(|(i, term)| words(term).map(move |word| (i, word))).collect();
    let said: Vec<String> = words(said).collect();
    said.len() >= 3
        && prompt
            .windows(said.len())
            .any(|run| run[0].0 != run[run.len() - 1].0 && run.iter().map(|(_, word)| word).eq(said.iter()))
}

/// Lower-case words without punctuation.
pub(super) fn words(text: &str) -> impl Iterator<Item = String> + '_ {
    let trim = |word: &str| word.trim_matches(|c: char| !c.is_alphanumeric()).to_lowercase();
    text.split(|c: char| c.is_whitespace() || matches!(c, '-' | '/' | ',')).map(trim).filter(|word| !word.is_empty())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn terms_are_distinct_and_those_that_recur_come_first() {
        let vocabulary =
            Vocabulary::of(["Fit a gasket", "Bleed the\nradiator ", "bleed the radiator", "", &"x".repeat(200)]);
        let terms: Vec<(&str, usize)> = vocabulary.terms().iter().map(|t| (t.text.as_str(), t.count)).collect();
        assert_eq!(terms, [("Bleed the radiator", 2), ("Fit a gasket", 1)]);
        assert_eq!(Vocabulary::of((0..900).map(|i| format!("Task {i}"))).terms().len(), MOST);
    }

    #[test]
    fn a_stretch_over_two_terms_is_an_echo_and_one_term_is_speech() {
        let terms = ["Fit a gasket".to_owned(), "Bleed the radiator".to_owned()];
        assert!(is_echo("Fit a gasket, bleed the radiator.", &terms));
        assert!(is_echo("gasket, bleed the", &terms));
        assert!(!is_echo("Bleed the radiator.", &terms));
        assert!(!is_echo("Fit a gasket and bleed the radiator", &terms));
        assert!(!is_echo("gasket bleed", &terms), "two words may well be said");
        assert!(!is_echo("", &terms));
    }
}
