//! Small talk is no procedure, and loose talk over work is. `talk/small.txt` and `talk/work.txt` hold passages as a
//! recogniser writes them, an utterance a line, a passage a paragraph.

#![allow(clippy::unwrap_used)]

use domain::{
    Span,
    procedure::ProcedureStatus,
    signals::{FrameSample, Picture, Signals},
    utterance::{Transcript, TranscriptSource, Utterance},
};
use extraction::{Options, boundaries, name};

/// Lines said one after another, 0.42 s a word and 1.6 s between them.
fn transcript(passage: &str) -> Transcript {
    let mut at = 0.0;
    let said = passage.lines().map(|line| {
        let (start, end) = (at, at + 0.42 * line.split_whitespace().count() as f64);
        at = end + 1.6;
        Utterance { speaker: Default::default(), start, end, text: line.into(), confidence: 0.95, words: Vec::new() }
    });
    Transcript { source: TranscriptSource::Whisper, utterances: said.collect(), voiced: Vec::new() }
}

/// A camera that moves all the time, as on a head.
fn moving(duration_seconds: f64) -> Signals {
    let frames = (0..duration_seconds as usize / 2).map(|i| FrameSample {
        at: 2.0 * i as f64,
        change: 12.0,
        moved: 0.3,
        luma: 120.0,
        contrast: 40.0,
        sharpness: 6.0,
        ..Default::default()
    });
    let picture = Some(Picture { frames: frames.collect(), ..Default::default() });
    Signals { duration_seconds, picture, ..Default::default() }
}

/// The reasons for which each piece that is found is excluded.
fn pieces(passage: &str, task: Option<&str>) -> Vec<Option<String>> {
    let transcript = transcript(passage);
    let signals = moving(transcript.utterances.last().unwrap().end + 1.0);
    let options = Options { task_title: task.map(str::to_owned), ..Default::default() };
    let segments = boundaries::segment(&transcript, &signals, &options, &[]);
    let shown = |status| status == ProcedureStatus::Approved;
    let drafts = name(&segments, &transcript, &signals, &options);
    drafts.into_iter().map(|d| if shown(d.status) { None } else { Some(d.excluded_reason.unwrap()) }).collect()
}

fn passages(text: &'static str) -> Vec<&'static str> {
    text.split("\n\n").collect()
}

#[test]
fn small_talk_is_no_procedure() {
    let all = passages(include_str!("talk/small.txt"));
    let told = |p: &&&str| pieces(p, None).iter().all(Option::is_some);
    let found: Vec<_> = all.iter().filter(told).collect();
    println!("{} of {} passages of small talk are told from work", found.len(), all.len());
    all.iter().filter(|p| !told(p)).for_each(|p| println!("taken for work: {}", p.lines().next().unwrap()));
    assert!(found.len() >= 12, "{} of {}", found.len(), all.len());
    assert!(pieces(found[0], Some("Service the boiler")).contains(&None), "who has a task may talk of football at it");
}

#[test]
fn twenty_seconds_of_chat_are_no_procedure() {
    for passage in passages(include_str!("talk/small.txt")) {
        let said = transcript(passage).utterances;
        let some: Vec<&str> = passage.lines().take(said.iter().filter(|u| u.end < 22.0).count()).collect();
        assert!(pieces(&some.join("\n"), None).iter().all(Option::is_some), "{some:?}");
    }
}

#[test]
fn small_talk_between_pieces_of_work_belongs_to_none() {
    let (work, chat) = (passages(include_str!("talk/work.txt")), passages(include_str!("talk/small.txt")));
    let parts = [work[1], work[4], chat[1], chat[0], work[8], work[6]];
    let of = |n: usize| parts[..n].join("\n").lines().count();
    let transcript = transcript(&parts.join("\n"));
    let talk = Span::new(transcript.utterances[of(2)].start, transcript.utterances[of(4) - 1].end);
    let signals = moving(transcript.utterances.last().unwrap().end + 1.0);
    let found = |options| boundaries::segment(&transcript, &signals, &options, &[]);
    let said = found(Options::default());
    let lost: f64 = said.iter().map(|s| s.span.overlap(&talk)).sum();
    assert!(said.len() >= 2 && lost < 0.15 * talk.duration(), "{talk:?} {said:?}");
    let covered: f64 = said.iter().map(|s| s.span.duration()).sum();
    assert!(covered >= 0.9 * (signals.duration_seconds - talk.duration()), "{talk:?} {said:?}");
    let task = Options { task_title: Some("Service the boiler".into()), ..Default::default() };
    assert!(found(task).iter().map(|s| s.span.overlap(&talk)).sum::<f64>() > 0.9 * talk.duration());
}

#[test]
fn loose_talk_over_work_is_a_procedure() {
    for passage in passages(include_str!("talk/work.txt")) {
        assert!(pieces(passage, None).contains(&None), "{passage}");
    }
}
