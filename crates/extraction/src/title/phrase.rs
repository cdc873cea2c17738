//! Phrase: a verb and its object out of a sentence, as "I'm going to replace the inlet filter" says it.

use super::vocabulary::*;
use crate::{
    verbs::{self, Form, Verb},
    words::{self, bare, ends_clause, is_stop},
};

/// The most words a title has.
const MOST_WORDS: usize = 7;

/// A verb phrase.
#[derive(Clone, Debug, PartialEq)]
pub struct Phrase {
    /// Verb first, in base form, two to seven words: "replace the inlet filter".
    pub text: String,
    /// Terms of the object.
    pub object: Vec<String>,
    /// How plainly it is said that this is what is done, 0 to 3.
    pub said_as: f64,
    /// Whether the verb names a piece of work by itself.
    pub names_work: bool,
}

/// All verb phrases of a text, in order.
pub fn phrases(text: &str) -> Vec<Phrase> {
    let text = words::normalise(text);
    let words: Vec<&str> = text.split_whitespace().filter(|w| !bare(w).is_empty() || ends_clause(w)).collect();
    words.split_inclusive(|w| ends_clause(w)).flat_map(clause).collect()
}

/// A word as written, without punctuation, and in lower case.
struct Token<'a> {
    written: &'a str,
    lower: String,
}

fn clause(words: &[&str]) -> Vec<Phrase> {
    let tokens: Vec<Token> = words
        .iter()
        .map(|w| Token { written: w.trim_matches(|c: char| !c.is_alphanumeric()), lower: bare(w) })
        .filter(|t| !t.lower.is_empty() && !matches!(t.lower.as_str(), "um" | "uh" | "er" | "erm"))
        .collect();
    let leading = tokens.iter().take_while(|t| has(LEADING, &t.lower)).count();
    (0..tokens.len())
        .filter_map(|k| {
            let verb = verbs::verb(&tokens[k].lower).filter(|verb| !is_auxiliary(verb, tokens.get(k + 1)))?;
            let said_as = said_as(&tokens, k, &verb, leading)?;
            let (text, object) = with_object(&tokens, k, &verb)?;
            Some(Phrase { text, object, said_as, names_work: verb.names_work })
        })
        .collect()
}

/// "go ahead and drain", "start by closing", "start closing": the work is in the verb that follows.
fn is_auxiliary(verb: &Verb, next: Option<&Token>) -> bool {
    let next = next.map_or("", |t| t.lower.as_str());
    let leads = matches!(verb.base.as_str(), "go" | "come" | "try" | "start" | "stop" | "continue" | "finish" | "help");
    leads
        && (matches!(next, "ahead" | "and" | "by" | "to" | "with")
            || verbs::verb(next).is_some_and(|v| v.form == Form::Gerund))
}

/// How plainly the words before say that the verb at `k` is what is done; `None` where they do not, or say the opposite.
fn said_as(tokens: &[Token], k: usize, verb: &Verb, leading: usize) -> Option<f64> {
    let lower = |i: usize| tokens[i].lower.as_str();
    if (k.saturating_sub(5)..k).any(|i| has(NOT_DONE, lower(i))) {
        return None;
    }
    let mut at = k;
    while at > 0 && has(BETWEEN, lower(at - 1)) {
        at -= 1;
    }
    let one = if at > 0 { lower(at - 1) } else { "" };
    let ends_in = |phrase: &str| {
        let parts: Vec<&str> = phrase.split(' ').collect();
        at >= parts.len() && (0..parts.len()).all(|p| lower(at - parts.len() + p) == parts[p])
    };
    let intent = entries(INTENTS).any(ends_in);
    let next_is = |list| k + 1 < tokens.len() && has(list, lower(k + 1));
    match verb.form {
        Form::Base | Form::Gerund if intent => Some(3.0),
        Form::Base if k == leading && (next_is(DETERMINERS) || next_is(AFTER_VERB)) => Some(2.5),
        Form::Base if k == leading && verb.names_work && k + 1 < tokens.len() && !is_stop(lower(k + 1)) => Some(1.2),
        Form::Base if matches!(one, "we" | "i" | "you" | "and") && (next_is(DETERMINERS) || next_is(AFTER_VERB)) => {
            Some(2.0)
        }
        Form::Base if matches!(one, "can" | "should" | "must" | "could") => Some(1.5),
        Form::Base if one == "to" && next_is(DETERMINERS) => Some(1.0),
        Form::Gerund if matches!(one, "i'm" | "we're" | "you're" | "am" | "are" | "im") => Some(2.5),
        Form::Gerund if k == leading && next_is(DETERMINERS) => Some(2.0),
        Form::Gerund if next_is(DETERMINERS) => Some(0.8),
        Form::Past if matches!(one, "i've" | "we've" | "i" | "we" | "have") => Some(1.2),
        _ => None,
    }
}

/// The verb in base form with its object, and the object's terms; `None` where no thing is named.
fn with_object(tokens: &[Token], k: usize, verb: &Verb) -> Option<(String, Vec<String>)> {
    let mut at = k + 1;
    let mut words = vec![verb.base.clone()];
    if at < tokens.len() && has(AFTER_VERB, tokens[at].lower.as_str()) {
        words.push(tokens[at].lower.clone());
        at += 1;
    }
    let (thing, next) = thing(tokens, at, true)?;
    at = next;
    let mut object = thing.clone();
    words.extend(thing);
    if words.len() == 1 + object.len() && at < tokens.len() && has(PARTICLES, tokens[at].lower.as_str()) {
        words.insert(1, tokens[at].lower.clone());
        at += 1;
    }
    let linked = tokens.get(at).is_some_and(|t| has(LINKS, &t.lower)).then(|| self::thing(tokens, at + 1, false));
    if let Some((more, _)) = linked.flatten().filter(|(more, _)| words.len() + 1 + more.len() <= MOST_WORDS) {
        words.push(tokens[at].lower.clone());
        object.extend(more.clone());
        words.extend(more);
    }
    let terms = words::terms(&object.join(" "));
    ((2..=MOST_WORDS).contains(&words.len()) && !terms.is_empty()).then(|| (words.join(" "), terms))
}

/// The thing named from `at` on, with its article, and where it ends.
fn thing(tokens: &[Token], mut at: usize, skip_amounts: bool) -> Option<(Vec<String>, usize)> {
    let lower = |i: usize| tokens.get(i).map_or("", |t| t.lower.as_str());
    if skip_amounts && lower(at) == "a" && lower(at + 2) == "of" && has(VAGUE, lower(at + 1)) {
        at += 3;
    }
    let mut words = Vec::new();
    while has(DETERMINERS, lower(at)) {
        words = vec![match lower(at) {
            article @ ("a" | "an" | "all" | "both" | "another") => article.to_owned(),
            _ => "the".to_owned(),
        }];
        at += 1;
    }
    let from = words.len();
    while at < tokens.len() && words.len() < from + 4 {
        let word = lower(at);
        let fits = has(QUALIFIERS, word) || !is_stop(word) && !words::is_adverb(word) && !has(LINKS, word);
        if has(VAGUE, word) && !has(QUALIFIERS, word) {
            return None;
        }
        if !fits || is_no_noun(word) {
            break;
        }
        words.push(tokens[at].written.to_owned());
        at += 1;
    }
    let head = words.last().filter(|_| words.len() > from)?.to_lowercase();
    let alone = words.len() == 1 && verbs::verb(&head).is_some_and(|v| v.form != Form::Base);
    let is_thing = !alone && !has(QUALIFIERS, head.as_str()) && !has(ADJECTIVES, head.as_str());
    (is_thing && head.chars().any(char::is_alphabetic)).then_some((words, at))
}

/// Words that end a thing's name: verbs of the next clause and adverbs.
fn is_no_noun(word: &str) -> bool {
    has(NO_NOUNS, word)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(said: &str, expected: &[&str]) {
        let found: Vec<String> = phrases(said).into_iter().map(|p| p.text).collect();
        assert_eq!(found, expected, "{said}");
    }

    #[test]
    fn intents_imperatives_and_what_is_going_on() {
        check("Okay, so now I'm going to replace the inlet filter.", &["replace the inlet filter"]);
        check("Um, let's go ahead and drain the system.", &["drain the system"]);
        check("Tighten the nut with two spanners", &["tighten the nut"]);
        check("I'm taking the cover off now", &["take off the cover"]);
        check("Switch off the electrical supply at the spur", &["switch off the electrical supply"]);
        check("We've just replaced this gasket", &["replace the gasket"]);
        check("we've replaced this gasket", &["replace the gasket"]);
        check("Now we need to bleed a couple of radiators", &["bleed radiators"]);
    }

    #[test]
    fn what_is_not_done_or_names_nothing_is_no_phrase() {
        for said in [
            "Don't open the valve",
            "before you remove the cover",
            "let's do it",
            "I'm going to take this thing",
            "let's see",
            "I'm going to be quick",
            "if you cut the wire",
            "",
        ] {
            check(said, &[]);
        }
    }
}
