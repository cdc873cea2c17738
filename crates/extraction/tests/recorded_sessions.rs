//! Real recordings with segments marked by hand: how near the built-in extraction comes to them, and that it beats the
//! baselines. Stands on `tinyrec` of the shared data; the weights of the built-in extraction were set on it, so these
//! are in-sample figures. `cargo nextest run -p extraction --test recorded_sessions --no-capture` prints the titles.

#![allow(clippy::unwrap_used)]

use extraction::{
    Granularity,
    baselines::Baseline,
    evaluate::{self, Evaluation, Method, Recording},
};
use std::path::Path;

fn recordings(folder: &Path) -> Vec<(String, Recording)> {
    let mut files: Vec<_> = std::fs::read_dir(folder).unwrap().map(|f| f.unwrap().path()).collect();
    files.sort();
    let read = |file: &std::path::PathBuf| {
        let recording: Recording = serde_json::from_slice(&std::fs::read(file).unwrap()).unwrap();
        (file.file_stem().unwrap().to_string_lossy().into_owned(), recording.checked().unwrap())
    };
    files.iter().map(read).collect()
}

fn mean(recordings: &[(String, Recording)], granularity: Granularity, method: Method) -> Evaluation {
    let one = |(_, r): &(String, Recording)| evaluate::evaluate(r, granularity, method, &[], None).unwrap();
    let all: Vec<Evaluation> = recordings.iter().map(one).collect();
    let mean = Evaluation::mean(&all);
    println!("{granularity:?} {method:?}: {mean:.3?}");
    mean
}

#[test]
fn segments_come_near_those_marked_by_hand() {
    let Some(folder) = testkit::data().map(|data| data.join("tinyrec")) else { return };
    let recordings = recordings(&folder);
    for (granularity, least_tiou, most_pk) in [(Granularity::Coarse, 0.60, 0.36), (Granularity::Fine, 0.52, 0.45)] {
        let ours = mean(&recordings, granularity, Method::BuiltIn).segments;
        assert!(ours.tiou >= least_tiou && ours.pk <= most_pk, "{granularity:?}: {ours:?}");
        for name in Baseline::NAMES {
            let theirs = mean(&recordings, granularity, Method::Baseline(Baseline::named(name).unwrap())).segments;
            assert!(ours.tiou > theirs.tiou && ours.pk < theirs.pk, "{name} at {granularity:?}: {theirs:?}");
        }
    }
}

#[test]
fn titles_share_words_with_those_given_by_hand() {
    let Some(folder) = testkit::data().map(|data| data.join("tinyrec")) else { return };
    let recordings = recordings(&folder);
    for (name, recording) in &recordings {
        println!("{name}");
        let given = evaluate::found(recording, Granularity::Coarse, Method::Given, &[]);
        for (marked, found) in recording.marked(Granularity::Coarse).iter().zip(given) {
            println!("    {:5.0} {:5.0}  {} | {}", marked.start, marked.end, marked.title, found.title);
        }
    }
    let given = mean(&recordings, Granularity::Coarse, Method::Given);
    assert_eq!((given.segments.tiou, given.segments.pk), (1.0, 0.0));
    assert!(given.titles.rouge_l > 0.0, "{given:?}");
}
