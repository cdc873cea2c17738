//! Talk: whether people speak of the work before them or of football, the children and the boss.
//!
//! What is said of people, of what was, and of life outside work counts for small talk; what points at things, says what
//! comes next or is a verb of the trades counts for work. The counts per hundred words are compared.

use crate::{
    title::Passage,
    verbs::{self, Level},
    words::{bare, is_stop, normalise},
};
use std::collections::BTreeSet;

/// Words below which talk is not judged.
const ENOUGH: usize = 60;
/// Different verbs of the trades from which a few words are taken for work,
const WORKED: usize = 4;
/// where the counts per hundred words are at least so far on its side.
const PLAINLY: f64 = 5.0;
/// Share of the words that are English function words in English speech, at least; other languages are not judged.
const ENGLISH: f64 = 0.25;

const PEOPLE: &str = "he she him his her hers wife husband missus mrs dad mum mom mother father brother sister kid kids mate mates \
    cousin daughter son sons boss grandad grandpa grandma gran uncle aunt nephew niece boyfriend girlfriend lad lads friend friends \
    neighbour neighbor";
const PAST: &str = "was were went said told had did didn't wasn't weren't couldn't hadn't came saw thought bought fell lost watched \
    remember yesterday";
const LIFE: &str = "weekend holiday holidays match football pub birthday school university beach christmas party weather tv telly \
    series traffic dinner lunch saturday sunday monday tuesday wednesday thursday friday tonight night morning news";
const POINTS: &str = "here this these look see gonna now next let's i'll";
const POINT: &[[&str; 2]] = &[
    ["like", "that"],
    ["like", "this"],
    ["that", "one"],
    ["there", "we"],
    ["there", "you"],
    ["going", "to"],
    ["need", "to"],
    ["make", "sure"],
];

/// Whether enough is said, in English, and it is small talk.
pub(crate) fn is_small(said: &[Passage]) -> bool {
    let words = words(said);
    words.len() >= ENOUGH && is_english(&words) && leaning(&words) > 0.0
}

/// Whether what is said, in English, be it little, is about work.
pub(crate) fn is_work(said: &[Passage]) -> bool {
    let words = words(said);
    let verbs: BTreeSet<String> = words.iter().filter_map(|w| trade(w)).collect();
    verbs.len() >= WORKED && is_english(&words) && leaning(&words) <= -PLAINLY
}

/// How far words lean to small talk, per hundred words; below 0 they lean to work.
fn leaning(words: &[String]) -> f64 {
    let among = |list: &str| {
        let list: BTreeSet<&str> = list.split_whitespace().collect();
        words.iter().filter(|w| list.contains(w.as_str())).count()
    };
    let small = among(PEOPLE) + among(PAST) + among(LIFE);
    let pairs = words.windows(2).filter(|pair| POINT.iter().any(|p| p[0] == pair[0] && p[1] == pair[1])).count();
    let work = among(POINTS) + pairs + words.iter().filter_map(|w| trade(w)).count();
    100.0 * (small as f64 - work as f64) / words.len().max(1) as f64
}

/// The verb of the trades that a word may be a form of.
fn trade(word: &str) -> Option<String> {
    verbs::verb(word).filter(|verb| verb.level > Level::Weak).map(|verb| verb.base)
}

fn words(said: &[Passage]) -> Vec<String> {
    let bare = |p: &Passage| normalise(&p.text).split_whitespace().map(bare).collect::<Vec<_>>();
    said.iter().flat_map(bare).filter(|w| !w.is_empty()).collect()
}

/// Whether bare words are those of English speech.
fn is_english(words: &[String]) -> bool {
    words.iter().filter(|w| is_stop(w)).count() as f64 >= ENGLISH * words.len() as f64
}

/// Whether what is said is English.
pub(crate) fn in_english(said: &[Passage]) -> bool {
    is_english(&words(said))
}
