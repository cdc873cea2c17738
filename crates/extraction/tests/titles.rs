//! Titles: what spoken work is called. `passages.toml` holds sixty passages of trades work with acceptable titles and
//! `further.toml` thirty more;
//! the shared data holds recorded sessions with titles marked by hand.
//! `cargo nextest run -p extraction --test titles --no-capture` prints what came out.

#![allow(clippy::unwrap_used)]

use domain::{
    Span,
    utterance::{Transcript, TranscriptSource, Utterance},
};
use extraction::{Options, Segment, describe, title};
use rust_stemmers::{Algorithm, Stemmer};
use serde::Deserialize;

#[derive(Deserialize)]
struct Passages {
    passage: Vec<Passage>,
}

#[derive(Deserialize)]
struct Passage {
    trade: String,
    #[serde(default)]
    held_out: bool,
    said: String,
    #[serde(default)]
    titles: Vec<String>,
    /// Verbs that, each with each of `to`, are acceptable, too.
    #[serde(default)]
    does: Vec<String>,
    #[serde(default)]
    to: Vec<String>,
}

impl Passage {
    fn transcript(&self) -> Transcript {
        transcript(self.said.lines())
    }

    /// Whether a foreman would accept the title.
    fn accepts(&self, title: &str) -> bool {
        let paired = self.does.iter().flat_map(|does| self.to.iter().map(move |to| format!("{does} {to}")));
        self.titles.iter().cloned().chain(paired).any(|t| normalised(&t) == normalised(title))
    }

    /// Prints what came out for it.
    fn show(&self, title: &str) {
        let transcript = self.transcript();
        let mark = if self.accepts(title) { "  " } else { "NO" };
        println!("{mark} {:14} {title}", self.trade);
        println!("       {}", describe::describe_beside(title, &whole(&transcript), &transcript));
    }

    fn title(&self) -> String {
        let transcript = self.transcript();
        title::title(&whole(&transcript), &transcript, &Options::default())
    }
}

fn passages() -> Vec<Passage> {
    toml::from_str::<Passages>(include_str!("titles/passages.toml")).unwrap().passage
}

fn further() -> Vec<Passage> {
    toml::from_str::<Passages>(include_str!("titles/further.toml")).unwrap().passage
}

/// Lines said one after another, 0.4 s a word and 1.2 s between them.
fn transcript<'a>(lines: impl Iterator<Item = &'a str>) -> Transcript {
    let mut at = 0.0;
    let utterances = lines.map(|line| {
        let start = at;
        let end = start + 0.4 * line.split_whitespace().count() as f64;
        at = end + 1.2;
        let text = line.to_owned();
        Utterance { speaker: Default::default(), start, end, text, confidence: 0.95, words: Vec::new() }
    });
    Transcript { source: TranscriptSource::Whisper, utterances: utterances.collect(), voiced: Vec::new() }
}

fn whole(transcript: &Transcript) -> Segment {
    let end = transcript.utterances.last().map_or(1.0, |u| u.end);
    Segment { span: Span::new(0.0, end), confidence: 0.8 }
}

/// Stems without articles and hyphens: two titles with the same are the same title.
fn normalised(title: &str) -> Vec<String> {
    let stemmer = Stemmer::create(Algorithm::English);
    title
        .to_lowercase()
        .split(|c: char| !c.is_alphanumeric())
        .filter(|w| !w.is_empty() && !matches!(*w, "a" | "an" | "the"))
        .map(|w| stemmer.stem(w).into_owned())
        .collect()
}

#[test]
fn passages_of_trades_work_get_a_title_that_a_foreman_would_accept() {
    for (held_out, least) in [(false, 0.85), (true, 0.65)] {
        let of: Vec<Passage> = passages().into_iter().filter(|p| p.held_out == held_out).collect();
        let mut accepted = 0;
        for passage in &of {
            let found = passage.title();
            accepted += usize::from(passage.accepts(&found));
            if !held_out || std::env::var("TRAINAR_SHOW_HELD_OUT").is_ok() {
                passage.show(&found);
            }
        }
        let share = accepted as f64 / of.len() as f64;
        println!("held out {held_out}: {accepted} of {} accepted", of.len());
        assert!(share >= least, "{share}");
    }
}

#[test]
fn further_passages_get_such_a_title_too() {
    let all = further();
    let found: Vec<String> = all.iter().map(Passage::title).collect();
    all.iter().zip(&found).for_each(|(passage, title)| passage.show(title));
    let accepted = all.iter().zip(&found).filter(|(passage, title)| passage.accepts(title)).count();
    println!("further: {accepted} of {} accepted", all.len());
    assert!(accepted as f64 >= 0.85 * all.len() as f64, "{accepted}");
}

#[test]
fn two_hours_are_named_piece_by_piece() {
    let all = passages();
    let lines = (0..).flat_map(|_| all.iter()).flat_map(|p| p.said.lines());
    let mut transcript = transcript(lines.take(1800));
    transcript.utterances.retain(|u| u.end <= 7200.0);
    let segments: Vec<Segment> = (0..24)
        .map(|i| Segment { span: Span::new(f64::from(i) * 300.0, f64::from(i + 1) * 300.0), confidence: 0.5 })
        .collect();
    title::titles(&segments[..1], &transcript, &Options::default());
    let began = std::time::Instant::now();
    let titles = title::titles(&segments, &transcript, &Options::default());
    let named = began.elapsed();
    segments.iter().for_each(|s| drop(describe::describe(s, &transcript)));
    let words: usize = transcript.utterances.iter().map(|u| u.text.split_whitespace().count()).sum();
    println!("{words} words of two hours: titles {named:?}, descriptions {:?}", began.elapsed() - named);
    let mut alike: Vec<Vec<String>> = titles.iter().map(|t| normalised(t)).collect();
    alike.sort();
    alike.dedup();
    assert_eq!(alike.len(), titles.len(), "{titles:?}");
}

#[derive(Deserialize)]
struct Recording {
    utterances: Vec<Utterance>,
    coarse: Vec<Marked>,
}

#[derive(Deserialize)]
struct Marked {
    start: f64,
    end: f64,
    title: String,
}

/// Titles of the segments that a person marked, against the titles that the person gave.
#[test]
fn titles_come_near_those_given_by_hand() {
    let Some(data) = testkit::data() else { return };
    for (set, least) in [("tinyrec", 0.06), ("goalstep", 0.5)] {
        let mut files: Vec<_> = std::fs::read_dir(data.join(set)).unwrap().map(|f| f.unwrap().path()).collect();
        files.sort();
        let shares: Vec<f64> = files.iter().map(|file| recording(file, set == "tinyrec")).collect();
        let mean = shares.iter().sum::<f64>() / shares.len() as f64;
        println!("{set}: ROUGE-L {mean:.4}, mean of {} recordings", shares.len());
        assert!(mean >= least, "{set}: {mean}");
    }
}

fn recording(file: &std::path::Path, show: bool) -> f64 {
    let Recording { utterances, coarse } = serde_json::from_slice(&std::fs::read(file).unwrap()).unwrap();
    let transcript = Transcript { source: TranscriptSource::Captions, utterances, voiced: Vec::new() };
    let segments: Vec<Segment> =
        coarse.iter().map(|m| Segment { span: Span::new(m.start, m.end), confidence: 0.8 }).collect();
    let found = title::titles(&segments, &transcript, &Options::default());
    let show = show || std::env::var("TRAINAR_SHOW_ALL").is_ok();
    for ((found, marked), segment) in found.iter().zip(&coarse).zip(&segments).filter(|_| show) {
        println!("    {found}  <- {}", marked.title.trim());
        if std::env::var("TRAINAR_SHOW_ALL").is_err() {
            println!("         {}", describe::describe_beside(found, segment, &transcript));
        }
    }
    found.iter().zip(&coarse).map(|(f, m)| rouge_l(f, &m.title)).sum::<f64>() / coarse.len() as f64
}

/// F1 of the longest common subsequence of words (Lin 2004), 0 to 1.
fn rouge_l(found: &str, marked: &str) -> f64 {
    let words = |text: &str| -> Vec<String> {
        let lower = text.to_lowercase();
        lower.split(|c: char| !c.is_alphanumeric()).filter(|w| !w.is_empty()).map(str::to_owned).collect()
    };
    let (a, b) = (words(found), words(marked));
    let mut row = vec![0; b.len() + 1];
    for x in &a {
        let mut diagonal = 0;
        for (j, y) in b.iter().enumerate() {
            let longest = if x == y { diagonal + 1 } else { row[j].max(row[j + 1]) };
            diagonal = std::mem::replace(&mut row[j + 1], longest);
        }
    }
    if a.is_empty() || b.is_empty() { 0.0 } else { 2.0 * f64::from(row[b.len()]) / (a.len() + b.len()) as f64 }
}

mod rules {
    use super::*;
    use proptest::prelude::*;

    /// Words of the trades, small words, fillers and nonsense in any order.
    const WORDS: &str = "um, uh, so, okay, now, next, let's, I'm, we, you, I, it, them, this, that, the, a, an, my, some, \
        both, of, to, in, on, off, out, up, with, from, and, or, not, going to, need to, is, are, was, been, replace, \
        replacing, replaced, remove, clean, cleaning, tighten, bleed, fit, check, use, show, go, take, put, make, new, \
        old, dirty, tight, quickly, small, filter, filters, pump, pump's, valve, valves, RCD, 24 V, VS Code, bearing, \
        replacement, test, thing, stuff, one, trap, condensate, boiler, screws, two, Thanks for watching, xyzzy, zażółć, \
        Schraube, 12, hand, end, top, back";
    const NO_END: &str =
        "a an the of to in on at for with from and or but my your this that is are new old dirty small tight um uh";
    const NO_START: &str = "um uh er so okay ok now next and but the a an i we you it this that let's just well";

    fn utterances() -> impl Strategy<Value = Vec<String>> {
        let words: Vec<&str> = WORDS.split(", ").map(str::trim).collect();
        let word = (proptest::sample::select(words), proptest::sample::select(vec!["", "", "", "", ",", "."]));
        let line = proptest::collection::vec(word.prop_map(|(word, mark)| format!("{word}{mark}")), 1..14);
        proptest::collection::vec(line.prop_map(|words| words.join(" ")), 1..16)
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(512))]

        #[test]
        fn every_title_keeps_the_form(said in utterances(), each in 1usize..5) {
            let transcript = transcript(said.iter().map(String::as_str));
            let spans = transcript.utterances.chunks(each).map(|u| Span::new(u[0].start, u[u.len() - 1].end));
            let segments: Vec<Segment> = spans.map(|span| Segment { span, confidence: 0.5 }).collect();
            let titles = title::titles(&segments, &transcript, &Options::default());
            prop_assert_eq!(titles.len(), segments.len());
            for title in titles.iter().filter(|t| !t.starts_with("Work from ")) {
                let words: Vec<String> = title.split(' ').map(str::to_lowercase).collect();
                prop_assert!((2..=7).contains(&words.len()), "{}", title);
                prop_assert!(!title.starts_with(char::is_lowercase), "{}", title);
                prop_assert!(!NO_START.split(' ').any(|w| w == words[0]), "{}", title);
                prop_assert!(!NO_END.split(' ').any(|w| w == words[words.len() - 1]), "{}", title);
                prop_assert!(!words.iter().any(|w| ["um", "uh", "xyzzy,"].contains(&w.as_str())), "{}", title);
            }
            let mut alike: Vec<Vec<String>> = titles.iter().map(|t| normalised(t)).collect();
            alike.sort();
            alike.dedup();
            prop_assert_eq!(alike.len(), titles.len(), "{:?}", titles);
        }
    }

    #[test]
    fn doubtful_words_become_neither_title_nor_description() {
        for passage in passages() {
            let mut transcript = passage.transcript();
            transcript.utterances.iter_mut().for_each(|u| u.confidence = 0.3);
            let segment = whole(&transcript);
            assert!(title::title(&segment, &transcript, &Options::default()).starts_with("Work from "));
            assert_eq!(describe::describe(&segment, &transcript), "");
        }
    }

    #[test]
    fn descriptions_are_whole_sentences_of_what_was_said() {
        let words = |text: &str| normalised(&text.replace('\u{2019}', "'"));
        for passage in passages() {
            let transcript = passage.transcript();
            let description = describe::describe(&whole(&transcript), &transcript);
            let said = words(&passage.said);
            assert!(words(&description).iter().all(|w| said.contains(w)), "{description}");
            let form = description.is_empty()
                || description.ends_with(['.', '!']) && !description.starts_with(char::is_lowercase);
            assert!(form, "{description}");
        }
    }
}
