//! Said: how plainly the words around a verb say that it is what is done here.

use super::{
    tagging::{Tag, Token},
    vocabulary::*,
};
use crate::{
    verbs::{self, Form, Level, Verb},
    words::{self, is_stop},
};
use std::collections::BTreeSet;

/// An imperative without an article stands in a clause of at most so many words: "wash the knife" said by the book.
const TERSE: usize = 9;

/// Words on either side that are taken to be of the same statement.
const BESIDE: usize = 7;

/// The verb that a token may be: of the lexicon, or a word that the tagger takes for one.
pub fn verb_at(clause: &[Token], k: usize) -> Option<Verb> {
    let token = &clause[k];
    if token.clitic || token.ends && k + 1 < clause.len() {
        return None;
    }
    let verb = verbs::verb(&token.lower).or_else(|| unlisted(token)).or_else(|| intended(clause, k))?;
    (!has(&EMPTY, &verb.base) && !is_auxiliary(&verb, clause.get(k + 1))).then_some(verb)
}

/// A verb that the lexicon lacks.
fn unlisted(token: &Token) -> Option<Verb> {
    let word = token.lower.as_str();
    if token.tag != Tag::Verb || is_stop(word) || word.contains('\'') || word.len() < 3 {
        return None;
    }
    let (base, form) = match verbs::bases(word) {
        Some((bases, form)) => (bases.into_iter().find(|base| super::tagging::is_ordinary(base))?, form),
        None => (word.to_owned(), Form::Base),
    };
    Some(Verb { base, form, level: Level::Weak })
}

/// "I'm going to rod the drain": a verb, whatever the dictionary takes it for.
fn intended(clause: &[Token], k: usize) -> Option<Verb> {
    let word = clause[k].lower.as_str();
    let plain = word.len() > 2 && !is_stop(word) && word.chars().all(char::is_alphabetic) && !words::is_adverb(word);
    let takes = clause.get(k + 1).is_some_and(|t| has(&DETERMINERS, &t.lower));
    let led = k > 0 && clause[k - 1].lower != "the" && intends(clause, k);
    (plain && takes && led).then(|| Verb { base: word.to_owned(), form: Form::Base, level: Level::Step })
}

/// Whether the words before a token say that what follows will be done.
fn intends(clause: &[Token], at: usize) -> bool {
    let ends_in = |phrase: &str| {
        let length = phrase.split(' ').count();
        at >= length && phrase.split(' ').enumerate().all(|(p, part)| clause[at - length + p].lower == part)
    };
    entries(&INTENTS).any(ends_in)
}

/// "go ahead and drain", "start by closing", "start closing": the work is in the verb that follows.
fn is_auxiliary(verb: &Verb, next: Option<&Token>) -> bool {
    let next = next.map_or("", |t| t.lower.as_str());
    let leads = matches!(
        verb.base.as_str(),
        "go" | "come"
            | "try"
            | "start"
            | "stop"
            | "continue"
            | "finish"
            | "help"
            | "keep"
            | "have"
            | "need"
            | "want"
            | "get"
    );
    leads
        && (matches!(next, "ahead" | "and" | "by" | "to" | "with")
            || verbs::verb(next).is_some_and(|v| v.form == Form::Gerund))
}

/// 0 to 3; `None` where the words do not say so, or say the opposite. Less where it is said of another time, or asked,
/// or only thought of.
pub fn said_as(clause: &[Token], k: usize, verb: &Verb, nouns: &BTreeSet<String>) -> Option<f64> {
    let plain = plainly(clause, k, verb, nouns)?;
    let supposed = clause[..k].iter().rev().take(6).any(|t| has(&SUPPOSED, &t.lower));
    let asked = clause.len() < TERSE + k && clause.last().is_some_and(|t| t.asks);
    let less = [(at_another_time(beside(clause, k..k + 1)), 1.4), (supposed, 0.9), (asked, 1.0)];
    let said = plain - less.iter().filter(|(is, _)| *is).map(|(_, by)| by).sum::<f64>();
    (said > 0.0).then_some(said)
}

/// The words that are said with some others, as far as speech without punctuation tells.
pub fn beside(clause: &[Token], place: std::ops::Range<usize>) -> &[Token] {
    &clause[place.start.saturating_sub(BESIDE)..(place.end + BESIDE).min(clause.len())]
}

/// "Yesterday", "already", "last week".
pub fn at_another_time(clause: &[Token]) -> bool {
    is_another_time(&clause.iter().map(|t| t.lower.as_str()).collect::<Vec<_>>())
}

/// As [`at_another_time`], of words in lower case.
pub fn is_another_time(words: &[&str]) -> bool {
    words.iter().any(|w| has(&OTHER_TIME, w))
        || words.windows(2).any(|w| matches!(w[0], "last" | "next") && has(&CALENDAR, w[1]))
}

fn plainly(clause: &[Token], k: usize, verb: &Verb, nouns: &BTreeSet<String>) -> Option<f64> {
    let lower = |i: usize| clause.get(i).map_or("", |t| t.lower.as_str());
    if (k.saturating_sub(5)..k).any(|i| has(&NOT_DONE, lower(i))) {
        return None;
    }
    let leading = clause.iter().take_while(|t| has(&LEADING, &t.lower)).count();
    let mut at = k;
    while at > 0 && has(&BETWEEN, lower(at - 1)) {
        at -= 1;
    }
    let one = if at > 0 { lower(at - 1) } else { "" };
    let next = lower(k + 1);
    let object = has(&DETERMINERS, next) || has(&AFTER_VERB, next) || has(&PRONOUNS, next);
    let content = clause.get(k + 1).is_some_and(|t| !is_stop(&t.lower) && !has(&LINKS, &t.lower));
    let mut rest = clause.iter().skip(k + 1);
    let finite =
        rest.any(|t| t.tag == Tag::Auxiliary || t.clitic || matches!(t.lower.as_str(), "is" | "are" | "has" | "goes"));
    // "test point on the valve": a noun here, as elsewhere in the talk.
    let as_noun = !object && nouns.contains(lower(k));
    let terse = content && !finite && !as_noun && clause.len() - leading <= TERSE;
    let listed = verb.level > Level::Weak;
    let subject = matches!(one, "we" | "i");
    // "I saw the crack": seen, not cut.
    if lower(k) == "saw" && (at > 0 && matches!(one, "we" | "i" | "you" | "they") || !object) {
        return None;
    }
    // "Water off, flush it": how a thing is, not an order.
    let ordered = |i: usize| verbs::verb(lower(i)).is_some_and(|v| v.form == Form::Base);
    let takes = |i: usize| has(&DETERMINERS, lower(i)) || has(&PRONOUNS, lower(i));
    if k == leading && has(&PARTICLES, next) && ordered(k + 2) && takes(k + 3) {
        return None;
    }
    // "Next I clean the fan."
    let announced = subject && clause[..at].iter().any(|t| matches!(t.lower.as_str(), "next" | "now" | "first"));
    match verb.form {
        Form::Base | Form::Gerund if (object || content) && intends(clause, at) => Some(3.0),
        // "What I'm doing here is grinding out the crack."
        Form::Gerund if one == "is" && clause[..k].iter().any(|t| t.lower == "doing") && (object || content) => {
            Some(2.7)
        }
        Form::Base if announced && listed && (object || content) => Some(2.5),
        Form::Base if k == leading && object => Some(2.5),
        Form::Base if k == leading && terse => Some(if listed { 2.3 } else { 1.2 }),
        Form::Base if (matches!(one, "we" | "i" | "you") || k > 0 && lower(k - 1) == "and") && object => Some(2.0),
        Form::Base if matches!(one, "we" | "i") && content && listed => Some(1.6),
        Form::Base if matches!(one, "can" | "should" | "must" | "could") && (object || content) => Some(1.5),
        Form::Base if one == "to" && (has(&DETERMINERS, next) || has(&PRONOUNS, next)) => Some(1.0),
        Form::Base if listed && has(&DETERMINERS, next) && k > leading && follows_clause(&clause[k - 1]) => Some(1.5),
        Form::Gerund
            if matches!(one, "i'm" | "we're" | "you're" | "am" | "are" | "im" | "about") && (object || content) =>
        {
            Some(2.5)
        }
        Form::Gerund if k == leading && (object || terse) => Some(2.0),
        Form::Gerund if has(&DETERMINERS, next) => Some(0.8),
        Form::Third if matches!(one, "he" | "she" | "it" | "they") && object && listed && one != "it" => Some(1.8),
        Form::Third if k == leading && (object || terse) && listed && !nouns.contains(lower(k)) => Some(1.8),
        Form::Past if matches!(one, "i've" | "we've" | "i" | "we" | "have") && (object || content) => Some(1.2),
        _ => None,
    }
}

/// Whether, in speech without punctuation, a clause may have ended with a token.
fn follows_clause(token: &Token) -> bool {
    matches!(token.tag, Tag::Noun | Tag::Adverb | Tag::Unknown | Tag::Adjective) && !has(&DETERMINERS, &token.lower)
}
