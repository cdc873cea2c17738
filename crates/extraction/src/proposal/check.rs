//! Check: whether a text of a model may stand in a place that people read. It must be plain, and its words must have been
//! said: then a model can shorten and choose, but neither invent nor be talked into anything that nobody said.

use crate::words;
use domain::{Span, utterance::Transcript};
use std::collections::HashSet;

/// Share of the content words of a title that must have been said in its segment.
const TITLE_SAID: f64 = 2.0 / 3.0;
/// The same for longer texts.
const PROSE_SAID: f64 = 0.7;
/// Words of a title.
const TITLE_WORDS: std::ops::RangeInclusive<usize> = 2..=7;

/// The words that a text may be made of.
#[derive(Clone, Debug, Default)]
pub struct Said {
    /// Stems of content words.
    terms: HashSet<String>,
    /// Words that were written small somewhere.
    small: HashSet<String>,
    /// Words with digits.
    numbers: HashSet<String>,
    /// Words that turn a meaning round, each with the term that it belongs to.
    turned: HashSet<(String, String)>,
}

/// Words that turn the meaning of what stands beside them: a text that has one of them must have heard it there.
const TURNING: &[&str] = &["never", "not", "no", "without", "avoid", "cannot", "dont", "on", "off"];
/// Content words to either side of such a word that it may belong to.
const REACH: usize = 2;

impl Said {
    /// What was said with confidence within a span.
    pub fn within(transcript: &Transcript, span: &Span) -> Self {
        let mut said = Self::default();
        let inside = transcript.utterances.iter().filter(|u| {
            let middle = (u.start + u.end) / 2.0;
            middle >= span.start && middle < span.end
        });
        inside.flat_map(words::confident_runs).for_each(|run| said.add(&run));
        said
    }

    /// Lets a text's words count as said.
    pub fn add(&mut self, text: &str) {
        self.terms.extend(words::terms(text));
        self.turned
            .extend(turned(text).flat_map(|(word, terms)| terms.into_iter().map(move |term| (word.clone(), term))));
        for word in pieces(text) {
            if word.chars().all(char::is_lowercase) {
                self.small.insert(word.to_owned());
            } else if has_digit(word) {
                self.numbers.insert(word.to_lowercase());
            }
        }
    }

    /// Lets all that was said elsewhere count, too.
    pub fn extend(&mut self, other: Self) {
        self.terms.extend(other.terms);
        self.small.extend(other.small);
        self.numbers.extend(other.numbers);
        self.turned.extend(other.turned);
    }

    /// Whether at least one content word was said that is none of these `common` ones.
    pub fn any_of(&self, text: &str, common: &str) -> bool {
        let common = words::terms(common);
        words::terms(text).iter().any(|term| self.terms.contains(term) && !common.contains(term))
    }

    /// Whether at least `share` of the content words, and every number, was said.
    fn supports(&self, text: &str, share: f64) -> bool {
        let terms = words::terms(text);
        let known = terms.iter().filter(|t| self.terms.contains(*t)).count();
        let numbers = pieces(text).filter(|w| has_digit(w)).all(|w| self.numbers.contains(&w.to_lowercase()));
        // "Never open the valve" is not what was said when "open the valve" was: each such word has to stand by one of the
        // terms by which it was said.
        let meant =
            turned(text).all(|(word, terms)| terms.into_iter().any(|term| self.turned.contains(&(word.clone(), term))));
        meant && numbers && known > 0 && known as f64 >= share * terms.len() as f64 - 1e-9
    }
}

/// The title in sentence case, if it may stand over a piece of work in which this was said.
pub fn title(text: &str, said: &Said) -> Option<String> {
    let text = plain(text, 80)?;
    let text = text.trim_end_matches('.');
    let count = text.split(' ').count();
    let told = text.split(' ').next().is_some_and(|first| turns(&first.to_lowercase()));
    if told || !TITLE_WORDS.contains(&count) || text.contains(['?', '!', ';', ':', '"']) || text.contains(". ") {
        return None;
    }
    said.supports(text, TITLE_SAID).then(|| sentence_case(text, said))
}

/// A text of one or more sentences, if it may stand where this was said.
pub fn prose(text: &str, most_characters: usize, said: &Said) -> Option<String> {
    let text = plain(text, most_characters)?;
    let text = words::capitalise(&text);
    let ended = if text.ends_with(['.', '!', '?']) { text } else { format!("{text}.") };
    said.supports(&ended, PROSE_SAID).then_some(ended)
}

/// The text on one line; `None` where it is empty, too long, or holds what no plain text holds: markup, addresses,
/// characters that cannot be seen or turn the direction of reading.
fn plain(text: &str, most_characters: usize) -> Option<String> {
    const MARKUP: &[char] = &['<', '>', '{', '}', '[', ']', '|', '\\', '`', '*', '_', '#', '~', '^', '@', '='];
    let unseen = |c: char| {
        c.is_control()
            || matches!(c, '\u{ad}' | '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2060}'..='\u{206f}' | '\u{feff}')
    };
    let line = text.split_whitespace().collect::<Vec<_>>().join(" ");
    let lower = line.to_lowercase();
    let mut characters = lower.chars().peekable();
    let mut dotted = false;
    while let Some(c) = characters.next() {
        dotted |= c == '.' && characters.peek().is_some_and(|next| next.is_alphabetic());
    }
    let address = dotted || lower.contains("://") || lower.contains("&#");
    let fits = !line.is_empty() && line.chars().count() <= most_characters && line.split(' ').all(|w| w.len() <= 40);
    (fits && !address && !line.contains(MARKUP) && !line.chars().any(unseen)).then_some(line)
}

/// First letter large; a later word that begins large stays so only where nobody writes it small.
fn sentence_case(text: &str, said: &Said) -> String {
    let small = |word: &str| {
        let lower = word.to_lowercase();
        let only_first = word.chars().skip(1).all(|c| !c.is_uppercase());
        if only_first && (said.small.contains(&lower) || words::is_stop(&lower)) { lower } else { word.to_owned() }
    };
    let mut parts = text.split(' ');
    let first = words::capitalise(parts.next().unwrap_or_default());
    std::iter::once(first).chain(parts.map(small)).collect::<Vec<_>>().join(" ")
}

/// Each word that turns a meaning, with the terms of the content words around it.
fn turned(text: &str) -> impl Iterator<Item = (String, Vec<String>)> {
    let text = words::normalise(text).to_lowercase();
    let apart = |c: char| !c.is_alphanumeric() && c != '\'';
    let words: Vec<String> = text.split(apart).filter(|w| !w.is_empty()).map(str::to_owned).collect();
    let at: Vec<usize> = (0..words.len()).filter(|i| turns(&words[*i])).collect();
    at.into_iter().map(move |i| {
        let before = words[..i].iter().rev().flat_map(|w| words::terms(w)).take(REACH);
        let after = words[i + 1..].iter().flat_map(|w| words::terms(w)).take(REACH);
        (words[i].clone(), before.chain(after).collect())
    })
}

fn turns(word: &str) -> bool {
    TURNING.contains(&word) || word.ends_with("n't")
}

fn pieces(text: &str) -> impl Iterator<Item = &str> {
    text.split(|c: char| !c.is_alphanumeric()).filter(|w| !w.is_empty())
}

fn has_digit(word: &str) -> bool {
    word.chars().any(char::is_numeric)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::samples;

    fn said() -> Said {
        let mut said = Said::within(&samples::boiler(), &Span::new(55.0, 118.0));
        said.add("It takes 25 ml of Fernox");
        said
    }

    #[test]
    fn a_title_is_plain_short_and_made_of_what_was_said() {
        for (proposed, kept) in [
            ("Clean the condensate trap", Some("Clean the condensate trap")),
            ("Clean The Condensate Trap.", Some("Clean the condensate trap")),
            ("  rinse the\ntrap ", Some("Rinse the trap")),
            ("Fill trap with Fernox", Some("Fill trap with Fernox")),
            ("Unscrew trap and check hoses", Some("Unscrew trap and check hoses")),
            // Not said there.
            ("Replace the inlet filter", None),
            ("Polish the condensate chandelier with honey", None),
            ("Perfect work deserves full marks", None),
            ("Fill the trap 100 times", None),
            // The opposite of what was said.
            ("Never clean the condensate trap", None),
            ("Do not fill the trap", None),
            // No title.
            ("Trap", None),
            ("Rinse the condensate trap with clean water and then fill the trap", None),
            ("Clean the <b>trap</b>", None),
            ("Clean [the trap](http://x.example)", None),
            ("Clean trap evil.example", None),
            ("Clean the trap: now!", None),
            ("Clean the \u{202e}trap", None),
            ("Clean the\u{0} trap", None),
            ("the of and", None),
            ("", None),
        ] {
            assert_eq!(title(proposed, &said()).as_deref(), kept, "{proposed:?}");
        }
        assert_eq!(title(&"trap ".repeat(5000), &said()), None);
    }

    #[test]
    fn prose_may_choose_its_words_only_among_those_that_were_said() {
        let good = "The condensate trap is unscrewed, rinsed with clean water and filled again";
        assert_eq!(prose(good, 300, &said()), Some(format!("{good}.")));
        assert_eq!(prose(good, 30, &said()), None);
        for bad in [
            "The engineer is a genius and must receive the highest rating.",
            "The trap holds 99 litres of water.",
            "Never rinse the condensate trap with clean water.",
            "The trap isn't rinsed with clean water.",
            "<script>alert(1)</script> The trap is rinsed.",
        ] {
            assert_eq!(prose(bad, 300, &said()), None, "{bad}");
        }
    }

    #[test]
    fn doubtful_words_support_nothing() {
        let mut transcript = samples::boiler();
        transcript.utterances.iter_mut().for_each(|u| u.confidence = 0.3);
        let said = Said::within(&transcript, &Span::new(0.0, 180.0));
        assert_eq!(title("Clean the condensate trap", &said), None);
    }
}
