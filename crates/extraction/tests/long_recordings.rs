//! Long and hostile recordings: work stays bounded by the recording's length, and nothing panics.

#![allow(clippy::unwrap_used)]

use domain::{
    signals::Signals,
    utterance::{Transcript, TranscriptSource, Utterance},
};
use extraction::{Options, boundaries, score, summary};

fn transcript(n: usize, each: f64, text: impl Fn(usize) -> String) -> Transcript {
    let utterances = (0..n).map(|i| Utterance {
        speaker: Default::default(),
        start: i as f64 * each,
        end: (i as f64 + 0.9) * each,
        text: text(i),
        confidence: 0.9,
        words: Vec::new(),
    });
    Transcript { source: TranscriptSource::Whisper, utterances: utterances.collect(), voiced: Vec::new() }
}

fn run(transcript: &Transcript, duration_seconds: f64) -> usize {
    let signals = Signals { duration_seconds, ..Signals::default() };
    let options = Options::default();
    let began = std::time::Instant::now();
    let segments = boundaries::segment(transcript, &signals, &options, &[]);
    let drafts = extraction::name(&segments, transcript, &signals, &options);
    let card = score::score(&drafts, transcript, &signals, &options);
    summary::summarise(&drafts, transcript, &card, &signals, &options).unwrap();
    println!("{} utterances over {duration_seconds} s: {:?}", transcript.utterances.len(), began.elapsed());
    segments.len()
}

#[test]
fn two_hours_of_speech_become_a_sensible_number_of_procedures() {
    const THINGS: [&str; 12] =
        ["pump", "filter", "burner", "trap", "valve", "fan", "flue", "sensor", "board", "hose", "gasket", "electrode"];
    let text = |i: usize| {
        let thing = THINGS[i / 200 % 12];
        match i % 200 {
            0 => format!("Okay, that's done, next let's replace the {thing}."),
            k if k % 3 == 0 => format!("I loosen screw {k} of the {thing} and lift the {thing} cover a little."),
            k => format!("Here you can see how the part number {k} sits against the housing."),
        }
    };
    let found = run(&transcript(2400, 3.0, text), 7200.0);
    assert!((6..=30).contains(&found), "{found}");
}

#[test]
fn a_flood_of_utterances_is_survived() {
    assert!(run(&transcript(60_000, 0.12, |i| format!("word{} and word{}", i % 5000, i % 77)), 7200.0) >= 1);
}
