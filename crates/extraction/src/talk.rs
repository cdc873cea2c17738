//! Talk: whether people speak of the work before them or of football, the children and the boss.
//!
//! What is said of people, of what was, and of life outside work counts for small talk; what points at things, says what
//! comes next or is a verb or a thing of the trades counts for work. Work may be told in the past and with the customer's story in
//! between, but never without the words of the trades: where these are not rare, nothing is small talk.

use crate::{
    language::Language,
    title::Passage,
    verbs::{self, Level},
    words::{bare, confident_runs, normalise},
};
use domain::{Span, utterance::Transcript};
use std::{
    collections::{BTreeSet, HashSet},
    sync::LazyLock,
};

/// Words below which talk is not judged.
const ENOUGH: usize = 60;
/// What a run within a session must have for small talk, less what it has for work.
const CLEARLY: f64 = 8.0;
/// Verbs and things of the trades per hundred words above which nothing is small talk; a few stand in any talk.
const RARE: f64 = 3.5;
/// What each of them weighs against the words of small talk where runs of it are sought.
const TRADE: f64 = 3.0;
/// Different verbs of the trades from which a few words are taken for work,
const WORKED: usize = 4;
/// where the counts per hundred words are at least so far on its side.
const PLAINLY: f64 = 5.0;
/// The same for what small talk leaves of a session.
const SOMEWHAT: f64 = 3.0;

/// The sentence about it.
pub(crate) const SMALL: &str = "Only small talk is heard: what is said is not about work.";

const PEOPLE: &str = "he she him his her hers wife husband missus mrs dad mum mom mother father brother sister kid kids mate mates \
    cousin daughter son sons boss grandad grandpa grandma gran uncle aunt nephew niece boyfriend girlfriend lad lads friend friends \
    neighbour neighbor";
const PAST: &str = "was were went said told had did didn't wasn't weren't couldn't hadn't came saw thought bought fell lost watched \
    remember yesterday";
const LIFE: &str = "weekend holiday holidays match football pub birthday school university beach christmas party weather tv telly \
    series traffic dinner lunch saturday sunday monday tuesday wednesday thursday friday tonight night morning news";
const THINGS: &str = "adhesive axle bearing belt blade boiler bolt bracket brake breaker burner cable caliper casing circuit cistern clamp \
    coil compressor connector core coupling cylinder disc drill duct elbow fan filter flange float fuse gasket gauge gear gland grout \
    hammer harness hinge hose housing injector insulation isolator joint leak mains meter motor multimeter neutral nozzle nut \
    olive pad panel pipe plaster pliers plug pressure pulley pump radiator relay screw screwdriver seal sealant sensor shaft silicone \
    siphon socket spanner spindle stopcock switch tap terminal tester thermostat thread tile torque trap tyre valve washer wire wrench";
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

static CHAT: LazyLock<HashSet<&str>> =
    LazyLock::new(|| [PEOPLE, PAST, LIFE].iter().flat_map(|list| list.split_whitespace()).collect());
static OF_THE_TRADES: LazyLock<HashSet<&str>> = LazyLock::new(|| THINGS.split_whitespace().collect());
static POINTING: LazyLock<HashSet<&str>> = LazyLock::new(|| POINTS.split_whitespace().collect());

/// Whether enough is said, in English, and it is small talk.
pub(crate) fn is_small(said: &[Passage]) -> bool {
    let words = words(said);
    words.len() >= ENOUGH && is_english(&words) && is_chat(&words)
}

/// Whether what is said, in English, be it little, is about work.
pub(crate) fn is_work(said: &[Passage]) -> bool {
    let words = words(said);
    let verbs: BTreeSet<String> = words.iter().filter_map(|w| trade(w)).collect();
    verbs.len() >= WORKED && is_english(&words) && leaning(&words) <= -PLAINLY
}

/// Whether what is said, be it little, is rather about work than not.
pub(crate) fn leans_to_work(said: &[Passage]) -> bool {
    let words = words(said);
    leaning(&words) < -SOMEWHAT || !is_rare(&words)
}

/// The stretches of small talk within a longer session: the runs of utterances with the greatest sums (Bentley 1984).
pub(crate) fn stretches(transcript: &Transcript) -> Vec<Span> {
    let said: Vec<(Span, Vec<String>)> = transcript
        .utterances
        .iter()
        .map(|u| (Span::new(u.start, u.end), confident_runs(u).iter().flat_map(|run| bare_words(run)).collect()))
        .collect();
    let all: Vec<String> = said.iter().flat_map(|(_, words)| words.clone()).collect();
    let mut found = Vec::new();
    if is_english(&all) {
        let gains: Vec<f64> = said.iter().map(|(_, words)| balance(words, TRADE)).collect();
        runs(&said, &gains, &mut found);
    }
    found
}

/// Appends the runs of small talk among utterances, in order.
fn runs(said: &[(Span, Vec<String>)], gains: &[f64], found: &mut Vec<Span>) {
    let (mut best, mut sum, mut start) = ((0.0, 0, 0), 0.0, 0);
    for (i, gain) in gains.iter().enumerate() {
        if sum <= 0.0 {
            (sum, start) = (0.0, i);
        }
        sum += gain;
        if sum > best.0 {
            best = (sum, start, i + 1);
        }
    }
    let (gain, start, end) = best;
    let words: Vec<String> = said[start..end].iter().flat_map(|(_, words)| words.clone()).collect();
    if gain < CLEARLY || words.len() < ENOUGH {
        return;
    }
    runs(&said[..start], &gains[..start], found);
    if is_chat(&words) {
        found.push(Span::new(said[start].0.start, said[end - 1].0.end));
    }
    runs(&said[end..], &gains[end..], found);
}

/// What of words speaks for small talk less what speaks for work.
fn balance(words: &[String], trade: f64) -> f64 {
    let among = |list: &HashSet<&str>| words.iter().filter(|w| list.contains(w.as_str())).count();
    let pairs = words.windows(2).filter(|pair| POINT.iter().any(|p| p[0] == pair[0] && p[1] == pair[1])).count();
    (among(&CHAT) as f64) - (among(&POINTING) + pairs) as f64 - trade * of_the_trades(words)
}

fn of_the_trades(words: &[String]) -> f64 {
    let thing = |w: &str| OF_THE_TRADES.contains(w) || w.strip_suffix('s').is_some_and(|w| OF_THE_TRADES.contains(w));
    words.iter().filter(|w| trade(w).is_some() || thing(w)).count() as f64
}

/// Whether verbs and things of the trades are as rare as in any talk.
fn is_rare(words: &[String]) -> bool {
    100.0 * of_the_trades(words) <= RARE * words.len() as f64
}

/// Whether enough words are small talk.
fn is_chat(words: &[String]) -> bool {
    leaning(words) > 0.0 && is_rare(words)
}

/// How far words lean to small talk, per hundred words; below 0 they lean to work.
fn leaning(words: &[String]) -> f64 {
    100.0 * balance(words, 1.0) / words.len().max(1) as f64
}

/// The verb of the trades that a word may be a form of.
fn trade(word: &str) -> Option<String> {
    verbs::verb(word).filter(|verb| verb.level > Level::Weak).map(|verb| verb.base)
}

fn words(said: &[Passage]) -> Vec<String> {
    said.iter().flat_map(|p| bare_words(&p.text)).collect()
}

fn bare_words(text: &str) -> Vec<String> {
    normalise(text).split_whitespace().map(bare).filter(|w| !w.is_empty()).collect()
}

fn is_english(words: &[String]) -> bool {
    Language::of(words.iter().map(String::as_str)).is_english()
}

/// Whether what is said is English.
pub(crate) fn in_english(said: &[Passage]) -> bool {
    is_english(&words(said))
}
