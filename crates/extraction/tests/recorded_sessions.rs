//! Real recorded sessions with segments marked by hand: how near the built-in extraction comes to them.
//! Stands on `tinyrec` of the shared data (one JSON file per recording: `duration_seconds`, `utterances`, `coarse`, `fine`).
//! `cargo nextest run -p extraction --test recorded_sessions --no-capture` prints the table and the titles.

#![allow(clippy::unwrap_used)]

use domain::{
    Span,
    signals::Signals,
    utterance::{Transcript, TranscriptSource, Utterance},
};
use extraction::{
    Granularity, Options, boundaries,
    evaluate::{self, Measures},
};
use serde::Deserialize;

#[derive(Deserialize)]
struct Recording {
    duration_seconds: f64,
    utterances: Vec<Utterance>,
    coarse: Vec<Marked>,
    fine: Vec<Marked>,
}

#[derive(Deserialize)]
struct Marked {
    start: f64,
    end: f64,
    title: String,
}

#[test]
fn segments_come_near_those_marked_by_hand() {
    let Some(folder) = testkit::data().map(|data| data.join("tinyrec")) else { return };
    for (granularity, least_tiou, most_pk) in [(Granularity::Coarse, 0.60, 0.36), (Granularity::Fine, 0.53, 0.42)] {
        let mean = table(&folder, granularity);
        assert!(mean.tiou >= least_tiou && mean.pk <= most_pk, "{granularity:?}: {mean:?}");
    }
}

fn table(folder: &std::path::Path, granularity: Granularity) -> Measures {
    let mut files: Vec<_> = std::fs::read_dir(folder).unwrap().map(|f| f.unwrap().path()).collect();
    files.sort();
    let measures: Vec<Measures> = files.iter().map(|file| one(file, granularity)).collect();
    let mean = evaluate::average(&measures);
    println!("MEAN of {} {granularity:?}: {mean:.3?}\n", measures.len());
    mean
}

fn one(file: &std::path::Path, granularity: Granularity) -> Measures {
    let recording: Recording = serde_json::from_slice(&std::fs::read(file).unwrap()).unwrap();
    let transcript =
        Transcript { source: TranscriptSource::Captions, utterances: recording.utterances, voiced: Vec::new() };
    let signals = Signals { duration_seconds: recording.duration_seconds, sound: None, picture: None };
    let options = Options { granularity, ..Default::default() };
    let segments = boundaries::segment(&transcript, &signals, &options);
    let drafts = extraction::name(&segments, &transcript, &signals, &options);
    let marked = if granularity == Granularity::Fine { recording.fine } else { recording.coarse };
    let reference: Vec<Span> = marked.iter().map(|m| Span::new(m.start, m.end)).collect();
    let found: Vec<Span> = segments.iter().map(|s| s.span).collect();
    let measures = evaluate::measure(&reference, &found, recording.duration_seconds);
    println!("{} {measures:.3?}", file.file_name().unwrap().to_string_lossy());
    for m in &marked {
        println!("    marked {:5.0} {:5.0}  {}", m.start, m.end, m.title);
    }
    for d in &drafts {
        println!("    found  {:5.0} {:5.0}  {} | {}", d.start_seconds, d.end_seconds, d.procedure_name, d.description);
    }
    measures
}
