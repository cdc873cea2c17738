//! Thing: what a verb acts on, as it was named: "the inlet filter", "two screws", "the 24 V supply".

use super::{
    tagging::{Tag, Token},
    vocabulary::*,
};
use crate::{
    verbs::{self, Form, Level},
    words::{self, is_stop},
};

/// The most words of a thing's name, without its article.
const MOST_WORDS: usize = 5;

/// A thing named in a clause.
#[derive(Clone, Debug, PartialEq)]
pub struct Thing {
    /// As written, with its article.
    pub words: Vec<String>,
    /// How many articles stand in front.
    pub articles: usize,
    /// The last word, in lower case: what kind of thing it is.
    pub head: String,
    /// The tokens of the clause that name it.
    pub place: std::ops::Range<usize>,
}

impl Thing {
    /// Its words without the article.
    pub fn core(&self) -> &[String] {
        &self.words[self.articles..]
    }

    /// Nouns before the head: "inlet" of "the new inlet filter".
    pub fn modifiers(&self) -> &[String] {
        let core = self.core();
        let plain = |w: &String| {
            let w = w.to_lowercase();
            has(&QUALIFIERS, &w) || has(&ADJECTIVES, &w) || has(&COUNTS, &w) || w.chars().all(|c| c.is_ascii_digit())
        };
        let from = core.iter().take_while(|w| plain(w)).count().min(core.len() - 1);
        &core[from..core.len() - 1]
    }

    /// Whether there are several.
    pub fn is_plural(&self) -> bool {
        self.head.ends_with('s') && !self.head.ends_with("ss")
    }

    /// Whether a word of its name is one of a list.
    pub fn says(&self, list: &List) -> bool {
        self.core().iter().any(|w| has(list, &w.to_lowercase()))
    }
}

/// All things named in a clause, in order.
pub fn mentions(clause: &[Token]) -> Vec<Thing> {
    let mut found = Vec::new();
    let mut at = 0;
    while at < clause.len() {
        match thing(clause, at) {
            Some(thing) => {
                at = thing.place.end;
                found.push(thing);
            }
            None => at += 1,
        }
    }
    found
}

/// The thing named from a token on. A name of "one" ("the new one") is found, too; other empty names are not.
pub fn thing(clause: &[Token], from: usize) -> Option<Thing> {
    let lower = |i: usize| clause.get(i).map_or("", |t| t.lower.as_str());
    let mut at = from;
    if lower(at) == "a" && has(&VAGUE, lower(at + 1)) {
        at += match (lower(at + 1), lower(at + 2)) {
            (_, "of") => 3,
            ("couple", _) => 2,
            _ => 0,
        };
    }
    let mut words = Vec::new();
    while has(&DETERMINERS, lower(at)) {
        words = match lower(at) {
            article @ ("a" | "an" | "all" | "both" | "another") => vec![article.to_owned()],
            "some" | "any" => Vec::new(),
            _ => vec!["the".to_owned()],
        };
        at += 1;
        if lower(at) == "of" && has(&DETERMINERS, lower(at + 1)) {
            at += 1;
        }
    }
    let (articles, start) = (words.len(), at);
    while at < clause.len() && at - start < MOST_WORDS && fits(clause, start, at, start > from) {
        let token = &clause[at];
        let owns = token.clitic && clause.get(at + 1).is_some_and(|t| matches!(t.tag, Tag::Noun | Tag::Unknown));
        words.push(if owns { format!("{}'s", token.written) } else { token.written.clone() });
        at += 1;
        if token.clitic && !owns || matches!(token.lower.as_str(), "one" | "ones") {
            break;
        }
    }
    let after_be = start == from && from > 0 && has(&BE, &clause[from - 1].lower);
    while words.len() > articles && !can_be_head(&clause[at - 1], words.len() - articles > 1 || start > from, after_be)
    {
        words.pop();
        at -= 1;
    }
    // "The joint tight": where the tagger leaves no noun, the first word that is no plain adjective is one.
    if words.len() == articles
        && start > from
        && at == start
        && start < clause.len()
        && fits(clause, start, start, true)
    {
        let token = &clause[start];
        let word = token.lower.as_str();
        let followed = clause.get(start + 1).is_some_and(|t| has(&ADJECTIVES, &t.lower));
        if followed
            && !has(&ADJECTIVES, word)
            && !has(&QUALIFIERS, word)
            && !has(&COUNTS, word)
            && token.tag != Tag::Number
        {
            words.push(token.written.clone());
            at += 1;
        }
    }
    let head = clause[start.min(clause.len())..at].last()?.lower.clone();
    // "Two stay": several of what has no plural.
    let counted =
        words.get(articles).is_some_and(|w| has(&COUNTS, &w.to_lowercase()) && !w.eq_ignore_ascii_case("more"));
    if counted && words.len() > articles + 1 && !head.ends_with('s') && !has(&PLURALS, &head) {
        return None;
    }
    // "It squeaks".
    let before = if from > 0 { lower(from - 1) } else { "" };
    if start == from
        && head.ends_with('s')
        && at == from + 1
        && matches!(before, "it" | "he" | "she" | "that" | "which")
    {
        return None;
    }
    let alone = words.len() - articles == 1;
    if alone && has(&VAGUE_ALONE, &head) {
        return None;
    }
    (!has(&VAGUE, &head) || matches!(head.as_str(), "one" | "ones") && words.len() > articles + 1).then_some(Thing {
        words,
        articles,
        head,
        place: from..at,
    })
}

/// Whether a token may belong to a name that starts at `start`.
fn fits(clause: &[Token], start: usize, at: usize, determined: bool) -> bool {
    let token = &clause[at];
    let word = token.lower.as_str();
    let next = clause.get(at + 1);
    let after = |tags: &[Tag]| next.is_some_and(|t| tags.contains(&t.tag));
    let counts = has(&COUNTS, word) && (at == start || has(&QUALIFIERS, &clause[at - 1].lower));
    if has(&QUALIFIERS, word) || counts || matches!(word, "one" | "ones") && (determined || at > start) {
        return true;
    }
    // "The cover ninety point": a measure, and no part of the name.
    if has(&NUMERALS, word) && (at > start || !determined) && !matches!(word, "one") {
        return false;
    }
    let unit = at > start && clause[at - 1].tag == Tag::Number && token.written.chars().all(char::is_uppercase);
    if (is_stop(word) && !unit)
        || words::is_adverb(word)
        || has(&LINKS, word)
        || has(&NO_NOUNS, word)
        || word.contains('\'')
    {
        return false;
    }
    let opens_clause =
        next.is_some_and(|t| has(&DETERMINERS, &t.lower) || matches!(t.lower.as_str(), "it" | "them" | "up" | "off"));
    let form = verbs::verb(word).map(|v| v.form);
    // "The old seal off": a noun behind "old" or "new".
    let qualified = at > start && has(&QUALIFIERS, &clause[at - 1].lower);
    if opens_clause && at > start && !qualified && matches!(form, Some(Form::Base | Form::Third)) {
        return false;
    }
    match token.tag {
        _ if has(&COUNTS, word) => false,
        Tag::Function | Tag::Auxiliary => false,
        Tag::Adverb => after(&[Tag::Adjective, Tag::Noun, Tag::Unknown]) && determined && at == start,
        Tag::Verb => match form.or_else(|| verbs::bases(word).map(|(_, form)| form)) {
            Some(Form::Past) => at == start && after(&[Tag::Noun, Tag::Unknown, Tag::Adjective]),
            // "It's still calling the function": what is done, and no name.
            Some(Form::Gerund) => {
                let doing = !determined && clause[start.saturating_sub(2)..start].iter().any(|t| has(&BE, &t.lower));
                determined || at > start || after(&[Tag::Noun, Tag::Unknown]) && !doing
            }
            Some(Form::Third) => determined && at == start,
            _ => determined || at > start,
        },
        _ => true,
    }
}

/// Whether a name may end in a token; `led` where an article or another word stands before it, `after_be` where it may
/// be what somebody is doing.
fn can_be_head(token: &Token, led: bool, after_be: bool) -> bool {
    let word = token.lower.as_str();
    let guessed = || verbs::bases(word).filter(|_| token.tag == Tag::Verb || after_be).map(|(_, form)| form);
    let form = verbs::verb(word).map(|v| v.form).or_else(guessed);
    // "The automate": a verb wherever it stands.
    let never_noun = ["ate", "ise", "ize", "ify"].iter().any(|end| word.ends_with(end))
        && verbs::verb(word).is_some_and(|v| v.form == Form::Base);
    let noun = match form {
        _ if never_noun => false,
        Some(Form::Gerund) => has(&THINGS_IN_ING, word) || led && token.tag == Tag::Noun && verbs::verb(word).is_none(),
        Some(Form::Past) => led,
        _ => true,
    };
    let plain = has(&QUALIFIERS, word) || has(&ADJECTIVES, word) || has(&COUNTS, word);
    let no_noun = match token.tag {
        // "The door closer", "a leak detector": behind another noun it is what does something.
        Tag::Adjective if led && does_something(word) => false,
        Tag::Adjective | Tag::Number | Tag::Adverb => true,
        // "The automate": a verb after all.
        Tag::Verb => form == Some(Form::Past) || verbs::verb(word).is_some_and(|v| v.level == Level::Task),
        _ => false,
    };
    noun && !plain && !no_noun && word.chars().any(char::is_alphabetic)
}

/// Whether a word in -er or -or may name a part, and not only compare.
fn does_something(word: &str) -> bool {
    const COMPARE: &[&str] = &[
        "bigger", "smaller", "larger", "longer", "shorter", "higher", "lower", "better", "wider", "tighter", "looser",
        "easier", "harder", "faster", "slower", "deeper", "thicker", "thinner", "stronger", "warmer", "colder",
        "hotter", "brighter", "darker", "older", "newer", "safer", "simpler", "nicer", "cleaner", "louder", "quieter",
        "inner", "outer", "upper", "other", "further", "proper", "superior", "inferior", "exterior", "interior",
        "minor", "major", "prior", "clever", "sober", "eager", "bitter",
    ];
    word.len() > 4 && (word.ends_with("er") || word.ends_with("or")) && !COMPARE.contains(&word)
}

#[cfg(test)]
mod tests {
    use super::{super::tagging::tokens, *};

    #[test]
    fn names_keep_their_parts_and_end_in_a_noun() {
        for (said, named) in [
            ("the old inlet filter", "the old inlet filter"),
            ("this fill valve in the toilet", "the fill valve"),
            ("the 24 V supply", "the 24 V supply"),
            ("the pump's impeller", "the pump's impeller"),
            ("the joint tight", "the joint"),
            ("a couple of radiators", "radiators"),
            ("some chopped potatoes", "chopped potatoes"),
            ("the cover remove the screws", "the cover"),
            ("VS Code", "VS Code"),
        ] {
            let found = thing(&tokens(said), 0).map(|t| t.words.join(" "));
            assert_eq!(found.as_deref(), Some(named), "{said}");
        }
        for nothing in ["it", "the thing", "the hot", "thirty mil", "a bit", "quickly"] {
            assert_eq!(thing(&tokens(nothing), 0), None, "{nothing}");
        }
    }
}
