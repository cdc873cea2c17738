//! Said: how plainly the words around a verb say that it is what is done here.

use super::{
    tagging::{Tag, Token},
    vocabulary::*,
};
use crate::{
    verbs::{self, Form, Level, Verb},
    words::is_stop,
};
use std::collections::BTreeSet;

/// An imperative without an article stands in a clause of at most so many words: "wash the knife" said by the book.
const TERSE: usize = 9;

/// The verb that a token may be: of the lexicon, or a word that the tagger takes for one.
pub fn verb_at(clause: &[Token], k: usize) -> Option<Verb> {
    let token = &clause[k];
    if token.clitic || token.ends && k + 1 < clause.len() {
        return None;
    }
    let verb = verbs::verb(&token.lower).or_else(|| unlisted(token))?;
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

/// 0 to 3; `None` where the words do not say so, or say the opposite.
pub fn said_as(clause: &[Token], k: usize, verb: &Verb, nouns: &BTreeSet<String>) -> Option<f64> {
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
    let ends_in = |phrase: &str| {
        let length = phrase.split(' ').count();
        at >= length && phrase.split(' ').enumerate().all(|(p, part)| lower(at - length + p) == part)
    };
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
    match verb.form {
        Form::Base | Form::Gerund if (object || content) && entries(&INTENTS).any(ends_in) => Some(3.0),
        // "What I'm doing here is grinding out the crack."
        Form::Gerund if one == "is" && clause[..k].iter().any(|t| t.lower == "doing") && (object || content) => {
            Some(2.7)
        }
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
