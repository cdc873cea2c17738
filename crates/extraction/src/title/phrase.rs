//! Phrase: a verb and its object out of a sentence, as "I'm going to replace the inlet filter" says it.

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

const LEADING: &[&str] = &[
    "so",
    "and",
    "then",
    "ok",
    "okay",
    "all",
    "right",
    "alright",
    "cool",
    "great",
    "good",
    "well",
    "now",
    "next",
    "first",
    "finally",
    "lastly",
    "just",
    "carefully",
    "also",
    "please",
    "again",
    "here",
    "there",
    "firstly",
    "secondly",
    "um",
    "uh",
    "simply",
    "slowly",
    "gently",
    "always",
    "quickly",
    "yeah",
];
/// Between an intent and its verb.
const BETWEEN: &[&str] = &[
    "just",
    "now",
    "then",
    "also",
    "first",
    "quickly",
    "carefully",
    "really",
    "go",
    "ahead",
    "and",
    "start",
    "by",
    "try",
    "come",
    "actually",
    "be",
];
const INTENTS: &[&str] = &[
    "going to",
    "gonna",
    "let's",
    "lets",
    "let us",
    "let me",
    "need to",
    "want to",
    "have to",
    "i'll",
    "we'll",
    "i will",
    "we will",
    "got to",
    "time to",
    "ready to",
    "step is to",
    "job is to",
    "thing is to",
    "how to",
    "sure to",
    "wanna",
    "you'll",
    "would like to",
];
/// Work that is not done, or not here.
const NOT_DONE: &[&str] = &[
    "not",
    "don't",
    "never",
    "can't",
    "won't",
    "cannot",
    "didn't",
    "doesn't",
    "before",
    "until",
    "unless",
    "if",
    "without",
    "when",
    "shouldn't",
    "couldn't",
    "wouldn't",
    "why",
    "haven't",
    "wasn't",
];
const PARTICLES: &[&str] = &["off", "out", "up", "down", "apart", "away"];
const AFTER_VERB: &[&str] =
    &["off", "out", "up", "down", "apart", "away", "on", "at", "about", "through", "into", "over"];
const DETERMINERS: &[&str] = &[
    "the", "a", "an", "this", "that", "these", "those", "my", "your", "our", "its", "his", "her", "their", "some",
    "any", "all", "both", "each", "another",
];
const LINKS: &[&str] =
    &["of", "from", "to", "on", "in", "into", "under", "with", "at", "for", "behind", "below", "between", "onto"];
/// Adjectives that are no subject matter and yet belong to a thing.
const QUALIFIERS: &[&str] = &[
    "new", "old", "own", "first", "second", "third", "main", "big", "little", "last", "next", "other", "same", "whole",
];
/// Adjectives that cannot stand at the end of a name: what they belong to was cut off.
const ADJECTIVES: &[&str] = &[
    "real",
    "actual",
    "public",
    "native",
    "relevant",
    "certain",
    "different",
    "single",
    "quick",
    "general",
    "basic",
    "simple",
    "small",
    "large",
    "long",
    "short",
    "current",
    "specific",
    "various",
    "entire",
    "full",
    "empty",
    "static",
    "nice",
    "cool",
    "easy",
    "hard",
    "good",
    "better",
    "best",
    "possible",
    "available",
    "separate",
    "similar",
    "special",
    "extra",
    "existing",
    "following",
    "previous",
    "final",
    "correct",
    "proper",
    "clean",
    "dirty",
    "hot",
    "cold",
    "loose",
    "tight",
    "false",
    "free",
];
const VAGUE: &[&str] = &[
    "thing",
    "things",
    "stuff",
    "way",
    "ways",
    "one",
    "ones",
    "lot",
    "bit",
    "couple",
    "kind",
    "sort",
    "time",
    "times",
    "moment",
    "second",
    "something",
    "anything",
    "everything",
    "idea",
    "example",
    "case",
    "point",
    "example",
    "piece",
    "side",
    "bunch",
    "video",
    "sense",
    "question",
    "questions",
    "issue",
    "people",
    "person",
    "number",
];

fn clause(words: &[&str]) -> Vec<Phrase> {
    let tokens: Vec<Token> = words
        .iter()
        .map(|w| Token { written: w.trim_matches(|c: char| !c.is_alphanumeric()), lower: bare(w) })
        .filter(|t| !t.lower.is_empty() && !matches!(t.lower.as_str(), "um" | "uh" | "er" | "erm"))
        .collect();
    let leading = tokens.iter().take_while(|t| LEADING.contains(&t.lower.as_str())).count();
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
    if (k.saturating_sub(5)..k).any(|i| NOT_DONE.contains(&lower(i))) {
        return None;
    }
    let mut at = k;
    while at > 0 && BETWEEN.contains(&lower(at - 1)) {
        at -= 1;
    }
    let one = if at > 0 { lower(at - 1) } else { "" };
    let ends_in = |phrase: &&&str| {
        let parts: Vec<&str> = phrase.split(' ').collect();
        at >= parts.len() && (0..parts.len()).all(|p| lower(at - parts.len() + p) == parts[p])
    };
    let intent = INTENTS.iter().find(ends_in).is_some();
    let next_is = |list: &[&str]| k + 1 < tokens.len() && list.contains(&lower(k + 1));
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
    if at < tokens.len() && AFTER_VERB.contains(&tokens[at].lower.as_str()) {
        words.push(tokens[at].lower.clone());
        at += 1;
    }
    let (thing, next) = thing(tokens, at, true)?;
    at = next;
    let mut object = thing.clone();
    words.extend(thing);
    if words.len() == 1 + object.len() && at < tokens.len() && PARTICLES.contains(&tokens[at].lower.as_str()) {
        words.insert(1, tokens[at].lower.clone());
        at += 1;
    }
    if at < tokens.len() && LINKS.contains(&tokens[at].lower.as_str()) {
        if let Some((more, _)) =
            self::thing(tokens, at + 1, false).filter(|(more, _)| words.len() + 1 + more.len() <= MOST_WORDS)
        {
            words.push(tokens[at].lower.clone());
            object.extend(more.clone());
            words.extend(more);
        }
    }
    let terms = words::terms(&object.join(" "));
    ((2..=MOST_WORDS).contains(&words.len()) && !terms.is_empty()).then(|| (words.join(" "), terms))
}

/// The thing named from `at` on, with its article, and where it ends.
fn thing(tokens: &[Token], mut at: usize, skip_amounts: bool) -> Option<(Vec<String>, usize)> {
    let lower = |i: usize| tokens.get(i).map_or("", |t| t.lower.as_str());
    if skip_amounts && lower(at) == "a" && lower(at + 2) == "of" && VAGUE.contains(&lower(at + 1)) {
        at += 3;
    }
    let mut words = Vec::new();
    while DETERMINERS.contains(&lower(at)) {
        words = vec![match lower(at) {
            article @ ("a" | "an" | "all" | "both" | "another") => article.to_owned(),
            _ => "the".to_owned(),
        }];
        at += 1;
    }
    let from = words.len();
    while at < tokens.len() && words.len() < from + 4 {
        let word = lower(at);
        let fits = QUALIFIERS.contains(&word) || !is_stop(word) && !words::is_adverb(word) && !LINKS.contains(&word);
        if VAGUE.contains(&word) && !QUALIFIERS.contains(&word) {
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
    let is_thing = !alone && !QUALIFIERS.contains(&head.as_str()) && !ADJECTIVES.contains(&head.as_str());
    (is_thing && head.chars().any(char::is_alphabetic)).then_some((words, at))
}

/// Words that end a thing's name: verbs of the next clause and adverbs.
fn is_no_noun(word: &str) -> bool {
    const NO_NOUNS: &[&str] = &[
        "using",
        "shows",
        "called",
        "gets",
        "means",
        "works",
        "needs",
        "happens",
        "says",
        "against",
        "aside",
        "ahead",
        "forward",
        "together",
        "inside",
        "instead",
        "whenever",
        "whereas",
        "although",
        "though",
        "since",
        "towards",
        "toward",
        "around",
        "onto",
        "via",
        "per",
        "else",
        "ago",
        "true",
        "please",
        "properly",
        "somewhere",
    ];
    NO_NOUNS.contains(&word)
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
