//! Phrase: a verb and its object out of a sentence, as "I'm going to replace the inlet filter" says it.

use super::{
    frames, said,
    tagging::{self, Token},
    thing::{self, Thing},
    vocabulary::*,
};
use crate::{
    verbs::{self, Level, Verb},
    words::{self, is_stop},
};
use std::collections::{BTreeMap, BTreeSet};

/// The most words a title has.
pub const MOST_WORDS: usize = 7;
/// Things named before that a pronoun may stand for.
const REMEMBERED: usize = 6;

/// A pronoun does not stand for a thing of this weight or less.
const HARDLY_SPOKEN_OF: f64 = 0.25;

/// A verb phrase.
#[derive(Clone, Debug, PartialEq)]
pub struct Phrase {
    /// Verb first, in base form, two to seven words: "replace the inlet filter". Case as written.
    pub words: Vec<String>,
    /// The verb in base form.
    pub verb: String,
    /// Where the object's last word stands in `words`.
    pub head_at: usize,
    /// Whether no noun stands before the object's last word: "the old filter".
    pub bare: bool,
    /// Terms of the object.
    pub object: Vec<String>,
    /// How plainly it is said that this is what is done, 0 to 3.
    pub said_as: f64,
    /// How well the verb names a piece of work by itself.
    pub level: Level,
}

impl Phrase {
    /// A verb with a thing; `None` where that is too long or says nothing.
    pub fn new(verb: &[&str], thing: &Thing, said_as: f64, level: Level) -> Option<Self> {
        let words: Vec<String> = verb.iter().map(|v| (*v).to_owned()).chain(thing.words.iter().cloned()).collect();
        let object = words::terms(&thing.core().join(" "));
        let fits = (2..=MOST_WORDS).contains(&words.len())
            && !object.is_empty()
            && is_sound(thing.core())
            && !repeats(verb[0], &object)
            && thing
                .core()
                .last()
                .is_some_and(|w| !has(&QUALIFIERS, &w.to_lowercase()) && !has(&ADJECTIVES, &w.to_lowercase()))
            && !matches!(thing.head.as_str(), "one" | "ones");
        let (head_at, bare) = (words.len() - 1, thing.modifiers().is_empty());
        fits.then(|| Self { verb: verb[0].to_owned(), words, head_at, bare, object, said_as, level })
    }

    /// The phrase as text.
    pub fn text(&self) -> String {
        self.words.join(" ")
    }
}

/// Whether the words of a name are words: no pieces of one or two letters, no run of letters and numbers.
pub fn is_sound(core: &[String]) -> bool {
    let scrap = |w: &String| {
        w.chars().count() < 3
            && w.chars().all(|c| c.is_lowercase())
            && !is_stop(w)
            && verbs::verb(w).is_none()
            && !tagging::is_ordinary(w)
    };
    let single = |w: &String| w.chars().count() < 2 && w.chars().all(char::is_lowercase);
    let numerals = core.iter().filter(|w| has(&NUMERALS, &w.to_lowercase())).count();
    !core.iter().any(|w| scrap(w) || single(w)) && numerals < 2
}

/// Whether an object says its verb again: "replace the replace", "implement implementing features".
pub fn repeats(verb: &str, object: &[String]) -> bool {
    let verb = words::stem(verb);
    object.iter().any(|term| *term == verb || term.len() > 2 && object.len() == 1 && verb.starts_with(term.as_str()))
}

/// All verb phrases of a text by itself, in order.
pub fn phrases(text: &str) -> Vec<Phrase> {
    let mut reader = Reader::default();
    let tokens = tagging::tokens(text);
    tokens.split_inclusive(|t| t.ends).flat_map(|clause| reader.clause(clause, &thing::mentions(clause))).collect()
}

/// Reads sentence after sentence and remembers what was named.
#[derive(Default)]
pub struct Reader {
    /// Weight of each term in what is read, 0 to 1.
    pub weights: BTreeMap<String, f64>,
    /// Words that are used as nouns in what is read.
    pub nouns: BTreeSet<String>,
    /// Things named so far, the latest last.
    pub named: Vec<Thing>,
}

impl Reader {
    /// The verb phrases of the next clause, in which these things are named.
    pub fn clause(&mut self, clause: &[Token], mentions: &[Thing]) -> Vec<Phrase> {
        let mut found: Vec<Phrase> = (0..clause.len()).filter_map(|k| self.phrase(clause, k, mentions)).collect();
        found.extend(frames::passive(clause, mentions));
        found.extend(frames::nominal(clause, mentions));
        self.named.extend_from_slice(mentions);
        found
    }

    fn phrase(&self, clause: &[Token], k: usize, mentions: &[Thing]) -> Option<Phrase> {
        let verb = said::verb_at(clause, k)?;
        let said_as = said::said_as(clause, k, &verb, &self.nouns)?;
        self.with_object(clause, k, &verb, said_as, mentions)
    }

    /// The verb in base form with its object.
    fn with_object(&self, clause: &[Token], k: usize, verb: &Verb, said_as: f64, mentions: &[Thing]) -> Option<Phrase> {
        let lower = |i: usize| clause.get(i).map_or("", |t| t.lower.as_str());
        let mut at = k + 1;
        let mut head = vec![verb.base.clone()];
        let second = verbs::verb(lower(at + 1)).filter(|v| lower(at) == "and" && v.form == verb.form);
        if let Some(second) = second.filter(|_| thing::thing(clause, at + 2).is_some()) {
            head.extend(["and".to_owned(), second.base]);
            at += 2;
        }
        let particle = has(&AFTER_VERB, lower(at))
            && (!has(&PREPOSITIONAL, lower(at)) || has(&WITH_PREPOSITION, &verb.base))
            && (!matches!(lower(at), "in" | "on" | "over") || has(&WITH_PARTICLE, &verb.base));
        if verb.base == "go" && !particle {
            return None;
        }
        if particle {
            head.push(lower(at).to_owned());
            at += 1;
        }
        let (object, resolved) = match thing::thing(clause, at).filter(|t| !matches!(t.head.as_str(), "one" | "ones")) {
            Some(thing) => (thing, false),
            None => (
                self.stands_for(clause, at, k, mentions)
                    .filter(|_| verb.level > Level::Weak || has(&APART, lower(at + 1)))?,
                true,
            ),
        };
        at = object.place.end;
        let next = lower(at);
        let particle_follows = has(&PARTICLES, next)
            && !particle
            && (!matches!(next, "in" | "on" | "over") || at + 1 >= clause.len() && has(&WITH_PARTICLE, &verb.base));
        if particle_follows {
            head.push(next.to_owned());
            at += 1;
        }
        let verb_words: Vec<&str> = head.iter().map(String::as_str).collect();
        let weight = self.weights.get(&words::stem(&object.head)).copied().unwrap_or(0.0);
        let said_as = match resolved {
            true if self.weights.is_empty() => said_as - 0.3,
            // The less it is spoken of, the less sure is what was meant.
            true => said_as - 0.3 - 0.9 * (0.7 - weight).max(0.0),
            false => said_as,
        };
        let mut phrase = Phrase::new(&verb_words, &object, said_as, verb.level)?;
        let placed = has(&PLACED, &verb.base) || particle_follows && has(&PLACED, &head.join(" "));
        extend(&mut phrase, clause, at, placed && !particle_follows);
        Some(phrase)
    }

    /// The thing that a pronoun, or "the new one", at a token stands for: named lately, often, and of the same number.
    fn stands_for(&self, clause: &[Token], at: usize, verb_at: usize, mentions: &[Thing]) -> Option<Thing> {
        let both = matches!(clause.get(at).map(|t| t.lower.as_str()), Some("both" | "all" | "each"));
        let at = if both && clause.get(at + 1).is_some_and(|t| t.lower == "of") { at + 2 } else { at };
        let one = thing::thing(clause, at);
        let pronoun = clause.get(at)?.lower.as_str();
        // "Reuse that check": no pronoun, though its noun says too little.
        let pointing = matches!(pronoun, "this" | "that" | "these" | "those");
        let alone = clause.get(at + 1).is_none_or(|t| is_stop(&t.lower) || has(&PARTICLES, &t.lower));
        if one.is_none() && (!has(&PRONOUNS, pronoun) || pointing && !alone && !clause[at].ends) {
            return None;
        }
        let plural = match &one {
            Some(one) => one.head == "ones",
            None => matches!(pronoun, "them" | "these" | "those"),
        };
        let before = mentions.iter().filter(|m| m.place.end <= verb_at);
        let here = before.clone().count();
        let known = self.named.iter().chain(before).rev().filter(|t| !matches!(t.head.as_str(), "one" | "ones"));
        let weight = |thing: &Thing| self.weights.get(&words::stem(&thing.head)).copied().unwrap_or(0.0);
        let (_, found) = known
            .take(REMEMBERED)
            .enumerate()
            .map(|(distance, thing)| {
                let unlike = if thing.is_plural() == plural { 0.0 } else { 0.7 };
                // "Strip the carburettor and clean it."
                let beside = if distance == 0 && distance < here { 0.5 } else { 0.0 };
                (weight(thing) + beside - 0.12 * distance as f64 - unlike, thing)
            })
            .max_by(|a, b| a.0.total_cmp(&b.0))
            .filter(|(_, thing)| self.weights.is_empty() || weight(thing) > HARDLY_SPOKEN_OF)?;
        let core = found.core().iter().filter(|w| !has(&QUALIFIERS, &w.to_lowercase())).cloned();
        let words: Vec<String> = std::iter::once("the".to_owned()).chain(core).collect();
        let end = one.map_or(at + 1, |one| one.place.end);
        Some(Thing { words, articles: 1, head: found.head.clone(), place: at..end })
    }
}

/// Adds what still belongs to the object: "and the cover", "of the trap", and a place where the clause ends with it.
fn extend(phrase: &mut Phrase, clause: &[Token], mut at: usize, placed: bool) {
    let lower = |i: usize| clause.get(i).map_or("", |t| t.lower.as_str());
    let joined = lower(at) == "and" && at > 0 && !clause[at - 1].ends;
    if let Some(more) = joined.then(|| thing::thing(clause, at + 1)).flatten() {
        let end = more.place.end;
        let whole = end >= clause.len() || has(&LINKS, lower(end));
        if whole && verbs::verb(lower(at + 1)).is_none() && append(phrase, "and", &more) {
            at = end;
        }
    }
    let mut trial = phrase.clone();
    let mut first = true;
    while let Some(more) = has(&LINKS, lower(at)).then(|| thing::thing(clause, at + 1)).flatten() {
        let of = lower(at) == "of";
        if matches!(more.head.as_str(), "one" | "ones") || !append(&mut trial, lower(at), &more) {
            return;
        }
        at = more.place.end;
        if of || at >= clause.len() || placed && first {
            *phrase = trial.clone();
        }
        first = false;
    }
}

fn append(phrase: &mut Phrase, link: &str, thing: &Thing) -> bool {
    let fits = phrase.words.len() + 1 + thing.words.len() <= MOST_WORDS;
    if fits {
        phrase.words.push(link.to_owned());
        phrase.words.extend(thing.words.iter().cloned());
        phrase.object.extend(words::terms(&thing.core().join(" ")));
    }
    fits
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(said: &str, expected: &[&str]) {
        let found: Vec<String> = phrases(said).iter().map(Phrase::text).collect();
        assert_eq!(found, expected, "{said}");
    }

    #[test]
    fn intents_imperatives_and_what_is_going_on() {
        check("Okay, so now I'm going to replace the inlet filter.", &["replace the inlet filter"]);
        check("Um, let's go ahead and drain the system.", &["drain the system"]);
        check("Tighten the nut with two spanners, please", &["tighten the nut with two spanners"]);
        check("I'm taking the cover off now", &["take off the cover"]);
        check(
            "Switch off the electrical supply at the spur and lock it",
            &["switch off the electrical supply", "lock the spur"],
        );
        check("We've just replaced this gasket", &["replace the gasket"]);
        check("Now we need to bleed a couple of radiators", &["bleed radiators"]);
        check("remove the screws and the cover", &["remove the screws and the cover"]);
        check("saute chopped potatoes in a pan", &["saute chopped potatoes in a pan"]);
        check("He unplugs the 24 V supply", &["unplug the 24 V supply"]);
        check("Let's open it in VS Code and rename the RCD test", &["rename the RCD test"]);
    }

    #[test]
    fn announced_work_is_read_whatever_the_dictionary_takes_its_verb_for() {
        check("i'm gonna rod the drain from here", &["rod the drain"]);
        check("Next I clean the fan", &["clean the fan"]);
        check("Peel the old seal off", &["peel off the old seal"]);
        check("Let's adjust the door closer", &["adjust the door closer"]);
    }

    #[test]
    fn what_is_said_twice_or_is_no_name_is_no_phrase() {
        for said in [
            "let's replace the replace",
            "let's plug the plu",
            "I saw the crack",
            "write the two cpc nought",
            "set on the table",
        ] {
            check(said, &[]);
        }
    }

    #[test]
    fn another_time_and_wishes_count_for_less() {
        let said_as = |text: &str| phrases(text).first().map_or(0.0, |p| p.said_as);
        let now = said_as("I'm changing the pump");
        for less in ["I'm changing the pump tomorrow", "maybe I'm changing the pump", "I'm changing the pump next week"]
        {
            assert!(said_as(less) < now - 0.5, "{less}");
        }
    }

    #[test]
    fn pronouns_stand_for_what_was_named() {
        check("That ram is weeping, so I'm resealing it", &["reseal the ram"]);
        check("Here are the old pads. Take them off.", &["take off the pads"]);
    }

    #[test]
    fn passive_and_noun_talk_name_the_work_too() {
        check("The filter is being replaced", &["replace the filter"]);
        check("Now the new RCBOs get fitted", &["fit the new RCBOs"]);
        check("So this is the pump bearing replacement", &["replace the pump bearing"]);
        check("Alright, oil change", &["change the oil"]);
        check("It's time for the load bank test", &["do the load bank test"]);
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
