//! What extraction from a transcript costs: wall time and peak memory at 0.5, 1, 2 and 4 hours, each in a process of its
//! own. `cargo bench -p extraction --bench extract`. The speech is that of TinyRec one recording after the other, again
//! and again; without that data, made-up sentences.

#![allow(clippy::unwrap_used, missing_docs)]

use domain::utterance::Utterance;
use extraction::{Options, boundaries, captions::Spoken, evaluate::Recording, score, summary};
use std::{env, fs, process::Command, time::Instant};

const HOURS: [f64; 4] = [0.5, 1.0, 2.0, 4.0];
const CHILD: &str = "EXTRACT_BENCH_FILE";

fn main() {
    match env::var(CHILD) {
        Ok(file) => println!("{}", extract(&file)),
        Err(_) => table(),
    }
}

fn table() {
    let build = if cfg!(debug_assertions) { "debug" } else { "release" };
    println!("extraction from a transcript, {build} build\n");
    println!("| hours | utterances | procedures | wall s | peak RSS MiB |\n|---|---|---|---|---|");
    let folder = tempfile::tempdir().unwrap();
    let idle = folder.path().join("idle.json");
    fs::write(&idle, r#"{"utterances": []}"#).unwrap();
    let measured = |file: &std::path::Path| {
        let mut child = Command::new(env::current_exe().unwrap());
        let child = child.env(CHILD, file).stdout(std::process::Stdio::piped()).spawn().unwrap();
        measure(child)
    };
    println!("| 0 | {} | {:.1} |", measured(&idle).0, measured(&idle).1);
    for hours in HOURS {
        let file = folder.path().join(format!("{hours}.json"));
        let spoken = serde_json::json!({ "utterances": speech(hours * 3600.0) });
        fs::write(&file, serde_json::to_vec(&spoken).unwrap()).unwrap();
        let (said, memory) = measured(&file);
        println!("| {hours} | {said} | {memory:.1} |");
    }
}

/// What the child says, and its peak resident memory in MiB.
fn measure(mut child: std::process::Child) -> (String, f64) {
    use std::io::Read;
    use wait4::Wait4;
    let mut said = String::new();
    child.stdout.take().unwrap().read_to_string(&mut said).unwrap();
    let ended = child.wait4().unwrap();
    assert!(ended.status.success());
    (said.trim().to_owned(), ended.rusage.maxrss as f64 / 1048576.0)
}

/// Reads a transcript, extracts, and says how much was found in which time.
fn extract(file: &str) -> String {
    let began = Instant::now();
    let spoken: Spoken = serde_json::from_slice(&fs::read(file).unwrap()).unwrap();
    let (transcript, signals) = spoken.checked().unwrap().into_inputs();
    let options = Options::default();
    let segments = boundaries::segment(&transcript, &signals, &options, &[]);
    let drafts = extraction::name(&segments, &transcript, &signals, &options);
    let card = score::score(&drafts, &transcript, &signals, &options);
    summary::summarise(&drafts, &transcript, &card, &signals, &options);
    format!("{} | {} | {:.3}", transcript.utterances.len(), drafts.len(), began.elapsed().as_secs_f64())
}

fn speech(seconds: f64) -> Vec<Utterance> {
    let recordings = recordings();
    let (mut said, mut at) = (Vec::new(), 0.0);
    for recording in recordings.iter().cycle() {
        let moved =
            recording.utterances.iter().map(|u| Utterance { start: u.start + at, end: u.end + at, ..u.clone() });
        said.extend(moved.filter(|u| u.end <= seconds));
        at += recording.duration_seconds;
        if at >= seconds {
            return said;
        }
    }
    said
}

fn recordings() -> Vec<Recording> {
    let Some(data) = testkit::data() else { return vec![made_up()] };
    let mut files: Vec<_> = fs::read_dir(data.join("tinyrec")).unwrap().map(|f| f.unwrap().path()).collect();
    files.sort();
    files.iter().map(|f| serde_json::from_slice(&fs::read(f).unwrap()).unwrap()).collect()
}

/// Ten minutes in which an engineer replaces one part after the other.
fn made_up() -> Recording {
    const PARTS: [&str; 5] = ["pump", "filter", "burner", "condensate trap", "valve"];
    let utterance = |i: usize| {
        let part = PARTS[i / 40];
        let text = if i.is_multiple_of(40) {
            format!("Okay, next let's replace the {part}.")
        } else {
            format!("I loosen screw {} of the {part} and lift its cover a little.", i % 40)
        };
        let start = i as f64 * 3.0;
        Utterance { speaker: Default::default(), start, end: start + 2.7, text, confidence: 1.0, words: Vec::new() }
    };
    Recording { duration_seconds: 600.0, utterances: (0..200).map(utterance).collect(), coarse: vec![], fine: vec![] }
}
