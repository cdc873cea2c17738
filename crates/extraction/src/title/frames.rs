//! Frames: work that is named without a verb phrase: "the filter gets replaced", "pump bearing replacement",
//! "the old seal comes off … the new seal goes on".

use super::{
    phrase::Phrase,
    said,
    tagging::{Tag, Token},
    thing::Thing,
    vocabulary::*,
};
use crate::{
    verbs::{self, Form, Level},
    words,
};
use std::{collections::BTreeMap, sync::LazyLock};

/// Nouns of work, and the verb that takes what stands before them as its object.
const NOMINALS: &[(&str, &str)] = &[
    ("adjustment", "adjust"),
    ("alignment", "align"),
    ("calibration", "calibrate"),
    ("change", "change"),
    ("cleaning", "clean"),
    ("commissioning", "commission"),
    ("configuration", "configure"),
    ("inspection", "inspect"),
    ("installation", "install"),
    ("lubrication", "lubricate"),
    ("overhaul", "overhaul"),
    ("rebuild", "rebuild"),
    ("removal", "remove"),
    ("repair", "repair"),
    ("replacement", "replace"),
    ("rewire", "rewire"),
    ("splice", "splice"),
    ("swap", "swap"),
    ("termination", "terminate"),
];

/// Nouns of work that keep their name: "do the load bank test".
static DONE: List = list!(
    "analysis, check, checks, flush, measurement, service, survey, test, tests, alignment, commissioning, handover, \
    inspection, calibration"
);

/// Before a noun of work: that it is what comes now.
static NAMED_NOW: List = list!("is, it's, for, doing, do, about, are, with, be, now, next, run, carry, having");

/// "The filter is replaced", "the RCBOs get fitted", "the seal needs replacing".
pub fn passive(clause: &[Token], mentions: &[Thing]) -> Vec<Phrase> {
    let lower = |i: usize| clause.get(i).map_or("", |t| t.lower.as_str());
    let negated = clause.iter().any(|t| has(&NOT_DONE, &t.lower));
    let of = |thing: &Thing| {
        let mut at = thing.place.end;
        let own = clause[at - 1].clitic;
        let mut plain: f64 = if own { 1.2 } else { 0.0 };
        while let Some(worth) = match lower(at) {
            "gets" | "get" | "needs" | "need" | "being" => Some(2.2),
            "is" | "are" | "was" | "were" => Some(1.4),
            "been" => Some(0.6),
            "to" | "be" | "now" | "all" | "both" | "has" | "have" | "just" | "then" => Some(0.0),
            _ => None,
        } {
            plain = if lower(at) == "been" { 0.6 } else { plain.max(worth) };
            at += 1;
        }
        let verb = verbs::verb(lower(at)).filter(|v| v.level > Level::Weak)?;
        let needed = lower(at.saturating_sub(1)).starts_with("need");
        let fits = verb.form == Form::Past && clause.get(at).is_some_and(|t| t.tag != Tag::Noun)
            || verb.form == Form::Gerund && needed;
        let fitting = fits && plain > 0.0 && !has(&STATES, lower(at));
        let mut thing = thing.clone();
        if thing.articles == 0 {
            thing.words.insert(0, "the".to_owned());
            thing.articles = 1;
        }
        fitting.then(|| Phrase::new(&[&verb.base], &thing, plain, verb.level)).flatten()
    };
    if negated { Vec::new() } else { mentions.iter().filter_map(of).collect() }
}

/// Participles that say how a thing is, not what is done to it.
static STATES: List = list!(
    "closed, open, connected, fixed, worn, locked, isolated, broken, bent, torn, loaded, built, made, based, set, \
    mixed, stuck, jammed, blocked, cracked, shut, found, left, finished, designed, turned, plugged"
);

/// "Pump bearing replacement", "it's time for the load bank test".
pub fn nominal(clause: &[Token], mentions: &[Thing]) -> Vec<Phrase> {
    let leading = clause.iter().take_while(|t| has(&LEADING, &t.lower)).count();
    let finite = clause.iter().any(|t| t.tag == Tag::Auxiliary || matches!(t.lower.as_str(), "is" | "are"));
    let of = |thing: &Thing| {
        let from = thing.place.start;
        let before = if from > 0 { clause[from - 1].lower.as_str() } else { "" };
        let named_now =
            has(&NAMED_NOW, before) || matches!(before, "out") && from > 1 && clause[from - 2].lower == "carry";
        let said_as = match () {
            () if named_now => 2.5,
            () if from <= leading && !finite => 2.3,
            () => return None,
        };
        let modifiers = thing.modifiers();
        let verb = NOMINALS.iter().find(|(noun, _)| *noun == thing.head).map(|(_, verb)| *verb);
        match verb.filter(|_| !modifiers.is_empty()) {
            Some(verb) => {
                let words: Vec<String> = std::iter::once("the".to_owned())
                    .chain(thing.core()[..thing.core().len() - 1].iter().cloned())
                    .collect();
                let head = words.last().map(|w| w.to_lowercase()).unwrap_or_default();
                Phrase::new(
                    &[verb],
                    &Thing { words, articles: 1, head, place: thing.place.clone() },
                    said_as,
                    Level::Task,
                )
            }
            None if has(&DONE, &thing.head) => {
                let words = std::iter::once("the".to_owned()).chain(thing.core().iter().cloned()).collect();
                let worth = if modifiers.is_empty() { said_as - 0.8 } else { said_as };
                let level = if named_now { Level::Task } else { Level::Step };
                Phrase::new(&["do"], &Thing { words, articles: 1, ..thing.clone() }, worth, level)
            }
            None => None,
        }
    };
    mentions.iter().filter_map(of).collect()
}

/// Beside a thing: that it is moved.
static MOVES: List = list!("goes, comes, drops, slides, lifts, gets, pops, falls, take, takes, put, get, off, away");

/// Things of which an old one and a new one are spoken of: they are replaced. With the number of times it was said.
pub fn replaced(clauses: &[(&[Token], &Vec<Thing>)]) -> Vec<Phrase> {
    static OLD: List = list!("old, worn, faulty, broken, existing, failed, damaged");
    #[derive(Default)]
    struct Seen {
        old: usize,
        new: usize,
        fitted: bool,
        taken: bool,
        thing: Option<Thing>,
    }
    let mut seen: BTreeMap<String, Seen> = BTreeMap::new();
    let mut last: Option<String> = None;
    for (clause, mentions) in clauses {
        let acts = |t: &Token| {
            has(&APART, &t.lower)
                || verbs::verb(&t.lower).is_some_and(|v| v.level > Level::Weak)
                || has(&MOVES, &t.lower)
        };
        for thing in *mentions {
            let one = matches!(thing.head.as_str(), "one" | "ones");
            let Some(key) = (if one { last.clone() } else { Some(words::stem(&thing.head)) }) else { continue };
            let entry = seen.entry(key.clone()).or_default();
            let beside = said::beside(clause, thing.place.clone());
            let before = &clause[thing.place.start.saturating_sub(6)..thing.place.start];
            // "I'm thinking of buying a new van", "we fitted a new one last year": not here.
            if before.iter().any(|t| has(&SUPPOSED, &t.lower)) || said::at_another_time(beside) {
                continue;
            }
            let acted = beside.iter().any(acts);
            let old = thing.says(&OLD);
            entry.old += usize::from(old);
            entry.taken |= old && acted;
            let new = thing.core().iter().any(|w| w.eq_ignore_ascii_case("new"));
            entry.new += usize::from(new);
            let behind = clause.get(thing.place.end).map_or("", |t| t.lower.as_str());
            let begins =
                before.iter().rev().take(3).all(|t| t.tag != Tag::Auxiliary && !t.clitic && !t.lower.contains('\''));
            entry.fitted |= new
                && (matches!(behind, "goes" | "go")
                    || matches!(behind, "in" | "on") && begins
                    || clause.len() == thing.place.end && thing.place.start == 0);
            entry.taken |= new && acted;
            if !one {
                last = Some(key);
                let longer = entry.thing.as_ref().is_none_or(|t| t.modifiers().len() < thing.modifiers().len());
                if longer {
                    entry.thing = Some(thing.clone());
                }
            }
        }
    }
    let of = |seen: Seen| {
        let thing = seen.thing.filter(|_| seen.new > 0 && (seen.old > 0 && seen.taken || seen.fitted))?;
        let core = thing.modifiers().iter().cloned().chain(thing.core().last().cloned());
        let words: Vec<String> = std::iter::once("the".to_owned()).chain(core).collect();
        let said_as = if seen.old > 0 { 1.9 } else { 1.6 };
        Phrase::new(&["replace"], &Thing { words, articles: 1, ..thing }, said_as, Level::Task)
    };
    seen.into_values().filter_map(of).collect()
}
