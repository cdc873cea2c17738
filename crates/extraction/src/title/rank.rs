//! Rank: which of the things that were said best stands for a whole segment.

use super::{
    Said, frames, manner,
    phrase::{self, MOST_WORDS, Phrase, Reader},
    subject::Subject,
    thing::Thing,
    vocabulary::*,
};
use crate::{verbs::Level, words};
use domain::Span;
use std::collections::{BTreeMap, BTreeSet};

/// Words from which on a segment holds more than one piece of work needs.
const LONG: usize = 250;

/// A title that a segment may get, as words in the case in which they were said.
#[derive(Clone, Debug)]
pub struct Candidate {
    /// Two to seven words, verb first.
    pub text: String,
    /// How well it stands for the segment; see [`super::GOOD_ENOUGH`].
    pub score: f64,
}

/// Verb phrases that could stand for a segment, best first.
pub fn candidates(said: &[Said], span: &Span, subject: &Subject, segment: usize, of_session: bool) -> Vec<Candidate> {
    let mentions: Vec<&Thing> = said.iter().flat_map(|s| &s.mentions).flatten().collect();
    let names = Names::of(&mentions);
    let mut reader =
        Reader { weights: subject.weights(segment).clone(), nouns: nouns(&mentions), ..Default::default() };
    let discussed = manner::discussed(said);
    let long = said.iter().map(|s| s.tokens.len()).sum::<usize>() > LONG;
    let worth = |begins_work: f64, said: &Said, phrase: &Phrase| {
        let late = ((said.passage.start - span.start) / span.duration().max(1.0)).clamp(0.0, 1.0);
        let level = match phrase.level {
            Level::Task => 1.0,
            Level::Step => 0.1,
            Level::Weak => -0.9,
        };
        // "Today I will service a boiler" is about the session, not about its first piece of work.
        let session = if of_session && speaks_of_session(&said.passage.text) {
            -2.5 * subject.elsewhere(&phrase.object, segment)
        } else {
            0.0
        };
        let salience = subject.salience(&phrase.object, segment);
        // In much talk, what is hardly spoken of is not what it is about.
        let aside = if long { -3.0 * (0.35 - salience).max(0.0) } else { 0.0 };
        let named = phrase.words.get(1).is_some_and(|w| has(&DETERMINERS, &w.to_lowercase()));
        let announced = if phrase.said_as >= 2.0 { 0.6 } else { 1.0 };
        let opinion = -discussed * announced * (2.2 - 1.4 * salience + if named { 0.0 } else { 1.0 });
        let again = subject.count(&words::stem(&phrase.verb), segment) - 1.0;
        0.8 * phrase.said_as
            + level
            + 1.5 * begins_work * (1.0 - late)
            + session
            + 1.0 * (1.0 - late)
            + 2.4 * salience
            + aside
            + opinion
            + 0.3 * again.clamp(0.0, 5.0).ln_1p()
    };
    let mut best: BTreeMap<Vec<String>, (f64, f64, String)> = BTreeMap::new();
    let mut add = |begins_work: f64, said: &Said, phrase: Phrase| {
        let salience = subject.salience(&phrase.object, segment);
        if phrase.level == Level::Weak && salience < 0.45 {
            return;
        }
        let score = worth(begins_work, said, &phrase);
        let key = [words::stem(&phrase.verb), words::stem(&phrase.words[phrase.head_at].to_lowercase())];
        let text = names.complete(phrase).text();
        let entry = best.entry(key.to_vec()).or_insert((f64::MIN, 0.0, String::new()));
        entry.1 += 1.0;
        if score > entry.0 {
            (entry.0, entry.2) = (score, text);
        }
    };
    for one in said {
        for (clause, mentions) in one.clauses() {
            reader.clause(clause, mentions).into_iter().for_each(|phrase| add(one.passage.begins_work, one, phrase));
        }
    }
    let clauses: Vec<_> = said.iter().flat_map(Said::clauses).collect();
    if let Some(first) = said.first() {
        // Where people only talk, what is old and what is new are opinions.
        let changed = if discussed < 0.3 { frames::replaced(&clauses) } else { Vec::new() };
        changed.into_iter().for_each(|phrase| add(0.0, first, phrase));
    }
    let mut found: Vec<Candidate> = best
        .into_values()
        .map(|(score, n, text)| Candidate { text, score: score + 0.35 * (n - 1.0).min(3.0) })
        .collect();
    found.sort_by(|a, b| b.score.total_cmp(&a.score));
    found
}

/// Words that stand as nouns behind an article or another word of a name.
fn nouns(mentions: &[&Thing]) -> BTreeSet<String> {
    let named = mentions.iter().flat_map(|thing| {
        let sure = thing.articles > 0 || thing.core().len() > 1;
        let from = usize::from(thing.articles == 0);
        thing.core().iter().skip(from).filter(move |_| sure)
    });
    named.map(|w| w.to_lowercase()).collect()
}

fn speaks_of_session(text: &str) -> bool {
    let text = text.to_lowercase();
    ["today", "in this video", "in this session", "in this recording"].iter().any(|phrase| text.contains(phrase))
}

/// The fullest name by which a thing is mostly called: "drain pump" for "pump".
struct Names {
    /// For each stem of a last word.
    modifiers: BTreeMap<String, Modifiers>,
    /// How often the stem of a word is the last of a name.
    heads: BTreeMap<String, usize>,
    /// The last words of names by the stem of the word before: how often, and as first written.
    ends: BTreeMap<String, Ends>,
}

/// Words that follow another in names, by their stem: how often, and as first written.
type Ends = BTreeMap<String, (usize, String)>;

/// The words before a last word in lower case: how often, and as first written.
type Modifiers = BTreeMap<Vec<String>, (usize, Vec<String>)>;

impl Names {
    fn of(mentions: &[&Thing]) -> Self {
        let mut modifiers: BTreeMap<String, Modifiers> = BTreeMap::new();
        for thing in mentions.iter().filter(|t| !t.modifiers().is_empty()) {
            let key = thing.modifiers().iter().map(|w| w.to_lowercase()).collect();
            let of = modifiers.entry(words::stem(&thing.head)).or_default();
            of.entry(key).or_insert_with(|| (0, thing.modifiers().to_vec())).0 += 1;
        }
        let mut heads: BTreeMap<String, usize> = BTreeMap::new();
        let mut ends: BTreeMap<String, Ends> = BTreeMap::new();
        for thing in mentions {
            *heads.entry(words::stem(&thing.head)).or_default() += 1;
            for pair in thing.core().windows(2) {
                let of = ends.entry(words::stem(&pair[0].to_lowercase())).or_default();
                of.entry(words::stem(&pair[1].to_lowercase())).or_insert_with(|| (0, pair[1].clone())).0 += 1;
            }
        }
        Self { modifiers, heads, ends }
    }

    /// "The new access" of "access point": what is mostly said as part of a longer name gets its end.
    fn whole(&self, phrase: &mut Phrase, head: &str) {
        let Some((n, last)) = self.ends.get(head).and_then(|ends| ends.values().max_by_key(|(n, _)| *n)) else {
            return;
        };
        let alone = self.heads.get(head).copied().unwrap_or(0);
        if *n > 1 && *n > alone && phrase.words.len() < MOST_WORDS && phrase.head_at + 1 == phrase.words.len() {
            phrase.words.push(last.clone());
            phrase.head_at += 1;
            phrase.bare = false;
        }
    }

    fn complete(&self, mut phrase: Phrase) -> Phrase {
        let head = words::stem(&phrase.words[phrase.head_at].to_lowercase());
        if phrase.bare {
            self.whole(&mut phrase, &head);
        }
        let Some(seen) = self.modifiers.get(&head).filter(|_| phrase.bare) else { return phrase };
        let all: usize = seen.values().map(|(n, _)| n).sum();
        let most = seen.values().max_by_key(|(n, _)| *n).filter(|(n, _)| 2 * n > all).map(|(_, words)| words);
        let new = |words: &&Vec<String>| words.iter().all(|w| !phrase.words.iter().any(|p| p.eq_ignore_ascii_case(w)));
        let again = |words: &&Vec<String>| phrase::repeats(&phrase.verb, &words::terms(&words.join(" ")));
        let fits = |words: &&Vec<String>| phrase.words.len() + words.len() <= MOST_WORDS && words.len() <= 2;
        if let Some(words) = most.filter(|w| fits(w) && !again(w)).filter(new) {
            let at = phrase.head_at;
            phrase.words.splice(at..at, words.iter().cloned());
            phrase.head_at += words.len();
        }
        phrase
    }
}

/// How a title is written: words that are only capitalised because of where they stood start small.
pub struct Casing {
    small: BTreeSet<String>,
    shouting: bool,
}

impl Casing {
    /// From all that was said in a session.
    pub fn of<'a>(said: impl Iterator<Item = &'a Said>) -> Self {
        let (mut small, mut loud, mut all) = (BTreeSet::new(), 0, 0);
        for token in
            said.flat_map(|s| &s.tokens).filter(|t| t.written.chars().filter(|c| c.is_alphabetic()).count() > 1)
        {
            all += 1;
            loud += usize::from(token.written.chars().all(|c| !c.is_lowercase()));
            if token.written.chars().next().is_some_and(char::is_lowercase) {
                small.insert(token.lower.clone());
            }
        }
        Self { small, shouting: 10 * loud > 7 * all }
    }

    /// In sentence case.
    pub fn sentence(&self, title: &str) -> String {
        let word = |word: &str| {
            let lower = word.to_lowercase();
            let inner = word.chars().skip(1).any(|c| c.is_uppercase() || c.is_ascii_digit());
            let short = word.chars().count() < 2;
            let plain = self.small.contains(&lower) || super::tagging::is_ordinary(&lower) || has(&DETERMINERS, &lower);
            if self.shouting || !inner && !short && plain { lower } else { word.to_owned() }
        };
        let mut written: Vec<String> = title.split(' ').map(word).collect();
        for i in 1..written.len() {
            let next = written[i].chars().next().unwrap_or_default();
            match written[i - 1].as_str() {
                "a" if matches!(next, 'a' | 'e' | 'i' | 'o') => written[i - 1] = "an".to_owned(),
                "an" if next.is_ascii_lowercase() && !matches!(next, 'a' | 'e' | 'i' | 'o' | 'u' | 'h') => {
                    written[i - 1] = "a".to_owned();
                }
                _ => {}
            }
        }
        words::capitalise(&written.join(" "))
    }
}
