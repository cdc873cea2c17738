//! Labels: where the captions are titles of steps that somebody wrote, a piece of work is called what its longest label
//! says, as an order.

use super::{
    rank::Candidate,
    tagging::{self, Tag},
};
use crate::{
    verbs::{self, Form},
    words,
};
use domain::{Span, utterance::Transcript};

/// Above what any other candidate reaches.
const SCORE: f64 = 20.0;
/// Fewest and most words of a title.
const WORDS: (usize, usize) = (2, 7);

/// The labels within a span as titles, the one that stands longest first.
pub fn candidates(transcript: &Transcript, span: &Span) -> Vec<Candidate> {
    let mut found: Vec<(String, f64)> = Vec::new();
    for utterance in &transcript.utterances {
        let seconds = Span::new(utterance.start, utterance.end.max(utterance.start)).overlap(span);
        if seconds < 0.5 * (utterance.end - utterance.start) {
            continue;
        }
        let Some(title) = words::confident_text(utterance).and_then(order) else { continue };
        match found.iter_mut().find(|(known, _)| *known == title) {
            Some((_, all)) => *all += seconds,
            None => found.push((title, seconds)),
        }
    }
    found.into_iter().map(|(text, seconds)| Candidate { text, score: SCORE + seconds / (1.0 + seconds) }).collect()
}

/// "Peels the onion" as "Peel the onion"; `None` for what does not begin with a verb or is no title by its length.
fn order(label: &str) -> Option<String> {
    let label = label.trim().trim_end_matches(['.', ',', ';', '!']);
    let said: Vec<&str> = label.split_whitespace().collect();
    if !(WORDS.0..=WORDS.1).contains(&said.len()) {
        return None;
    }
    let (first, second) = (said[0].to_lowercase(), said[1].to_lowercase());
    let rest = said[1..].join(" ");
    let told = verbs::verb(&first).map(|verb| verb.base).or_else(|| match verbs::bases(&first) {
        Some((bases, Form::Third | Form::Gerund)) => bases.into_iter().find(|base| tagging::is_ordinary(base)),
        _ => None,
    });
    let is_verb = |word: &str| tagging::tokens(word).first().is_some_and(|token| token.tag == Tag::Verb);
    match told {
        Some(base) => Some(format!("{base} {rest}")),
        None if is_verb(&first) => Some(format!("{first} {rest}")),
        // "Deep fry the batter".
        None => verbs::verb(&second).filter(|v| v.form == Form::Base).map(|_| format!("{first} {rest}")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn labels_become_orders() {
        let of = |label: &str| order(label);
        assert_eq!(of("Turns Pancakes").as_deref(), Some("turn Pancakes"));
        assert_eq!(of("Immerses pancake inside Syrup").as_deref(), Some("immerse pancake inside Syrup"));
        assert_eq!(of("Deep fry pancake batter in the pan").as_deref(), Some("deep fry pancake batter in the pan"));
        assert_eq!(of("The onion").as_deref(), None);
        assert_eq!(of("Wash").as_deref(), None);
    }
}
