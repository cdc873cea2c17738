//! Word error rate and speed of the recognisers, beside their own programs, in one run. Prints tables.
//!
//! `TRAINAR_BENCH_WHISPER_MODEL` names a real model of whisper.cpp; without one its speed is that of models of the same
//! size without weights, and its word error rate is not measured. `TRAINAR_BENCH_WHISPER_CLI` names whisper.cpp's own
//! `whisper-cli`.

#![allow(clippy::unwrap_used)]

#[path = "../tests/support/mod.rs"]
mod support;

use domain::{Span, utterance::Utterance};
use inference::speech::{Pocketsphinx, Recogniser, Vocabulary, Whisper};
use std::{
    io::Write,
    path::{Path, PathBuf},
    process::{Command, Stdio},
    time::Instant,
};
use support::{RATE, Spoken, noise, noisy, recorded, synthetic_by, trade, voiced, word_errors, write};
use testkit::whisper_model::{Say, Size, write_model_of};

const MODELS: &str = "/usr/share/pocketsphinx/model/en-us";
const CHILD: &str = env!("CARGO_BIN_EXE_speech_child");

#[tokio::main]
async fn main() {
    // `cargo test --benches` asks benches to do nothing much.
    if std::env::args().any(|argument| argument == "--test") {
        return;
    }
    let general = recorded();
    let spoken: Vec<Spoken> = ["rms", "slt"]
        .iter()
        .flat_map(|voice| trade::SENTENCES.iter().filter_map(move |text| synthetic_by(voice, text)))
        .collect();
    let over_noise = |decibels: f64| -> Vec<Spoken> {
        let mixed =
            |s: &Spoken| Spoken { samples: noisy(&s.samples, decibels), name: s.name.clone(), text: s.text.clone() };
        general.iter().map(mixed).collect()
    };
    pocketsphinx(&[
        ("recorded", general.iter().map(copy).collect()),
        ("recorded, fan 10 dB", over_noise(10.0)),
        ("recorded, fan 0 dB", over_noise(0.0)),
        ("trade words, flite", spoken),
    ])
    .await;
    whisper_speed();
    if let Some(model) = std::env::var_os("TRAINAR_BENCH_WHISPER_MODEL") {
        let whisper = Recogniser::Whisper(Whisper::new(Path::new(CHILD), Path::new(&model), cores()));
        row("whisper, our way", "recorded", measure(&whisper, &general).await);
    } else {
        println!("word error rate of whisper: not measured, TRAINAR_BENCH_WHISPER_MODEL is not set");
    }
}

struct Figures {
    wrong: usize,
    said: usize,
    wall: f64,
    sound: f64,
}

fn row(engine: &str, data: &str, figures: Figures) {
    let Figures { wrong, said, wall, sound } = figures;
    let rate = 100.0 * wrong as f64 / said.max(1) as f64;
    println!("{engine:<34} {data:<22} {rate:>5.1} % of {said:>3} words wrong   {:.3} of real time", wall / sound);
}

async fn pocketsphinx(sets: &[(&str, Vec<Spoken>)]) {
    let Some(sphinx) = Pocketsphinx::find(None, cores()) else {
        println!("PocketSphinx is not installed");
        return;
    };
    let plain = Recogniser::Pocketsphinx(sphinx);
    let adapted = plain.expecting(Vocabulary::of(trade::TITLES));
    for (data, set) in sets.iter().filter(|(_, set)| !set.is_empty()) {
        row("pocketsphinx_batch itself", data, itself(set, &[]));
        row("pocketsphinx_continuous itself", data, continuous(set));
        row("PocketSphinx, our way", data, measure(&plain, set).await);
        row("PocketSphinx, our way, vocabulary", data, measure(&adapted, set).await);
    }
}

/// Voice activity, then the recogniser: all the sounds in one, 2 s apart, as in a recording.
async fn measure(recogniser: &Recogniser, set: &[Spoken]) -> Figures {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("sound.raw");
    let (mut sound, mut places) = (noise(2, 10.0), Vec::new());
    for Spoken { samples, .. } in set {
        let start = sound.len() as f64 / RATE as f64;
        sound.extend(samples);
        places.push(Span::new(start - 0.5, sound.len() as f64 / RATE as f64 + 0.5));
        sound.extend(noise(2, 10.0));
    }
    write(&sound, &path);
    // Voice activity is part of the work.
    let begun = Instant::now();
    let heard = recogniser.recognise(&path, &voiced(&sound), &|_| ()).await.unwrap();
    let wall = begun.elapsed().as_secs_f64();
    let within = |place: &Span| -> String {
        let inside = |u: &&Utterance| u.start >= place.start && u.end <= place.end;
        heard.iter().filter(inside).map(|u| plain(&u.text)).collect::<Vec<_>>().join(" ")
    };
    let errors = set.iter().zip(&places).map(|(spoken, place)| word_errors(&spoken.text, &within(place)));
    let (wrong, said) = errors.fold((0, 0), |sum, e| (sum.0 + e.0, sum.1 + e.1));
    let sound = set.iter().map(|spoken| spoken.samples.len()).sum::<usize>() as f64 / RATE as f64;
    Figures { wrong, said, wall, sound }
}

/// The program by itself, with its defaults: a file per sound, one process.
fn itself(set: &[Spoken], options: &[&str]) -> Figures {
    let (folder, sound) = files(set);
    let names: String = (0..set.len()).map(|i| format!("{i}\n")).collect();
    std::fs::write(folder.path().join("control"), names).unwrap();
    let begun = Instant::now();
    let done = Command::new("pocketsphinx_batch")
        .args(models())
        .args(["-adcin", "yes", "-cepext", ".raw", "-cepdir", ".", "-ctl", "control", "-hyp", "heard"])
        .args(options)
        .current_dir(folder.path())
        .stderr(Stdio::null())
        .status();
    let wall = begun.elapsed().as_secs_f64();
    assert!(done.unwrap().success());
    let heard = std::fs::read_to_string(folder.path().join("heard")).unwrap();
    let heard = heard.lines().map(|line| line.rsplit_once('(').map_or(line, |(text, _)| text));
    let errors = set.iter().zip(heard).map(|(spoken, heard)| word_errors(&spoken.text, &without_variants(heard)));
    let (wrong, said) = errors.fold((0, 0), |sum, e| (sum.0 + e.0, sum.1 + e.1));
    Figures { wrong, said, wall, sound }
}

/// PocketSphinx's other program, which has a voice activity of its own: a process per sound.
fn continuous(set: &[Spoken]) -> Figures {
    let (folder, sound) = files(set);
    let (mut wrong, mut said) = (0, 0);
    let begun = Instant::now();
    for (i, spoken) in set.iter().enumerate() {
        let output = Command::new("pocketsphinx_continuous")
            .args(models())
            .args(["-infile", &format!("{i}.raw")])
            .current_dir(folder.path())
            .stderr(Stdio::null())
            .output()
            .unwrap();
        let heard = String::from_utf8_lossy(&output.stdout).split_whitespace().collect::<Vec<_>>().join(" ");
        let errors = word_errors(&spoken.text, &without_variants(&heard));
        (wrong, said) = (wrong + errors.0, said + errors.1);
    }
    Figures { wrong, said, wall: begun.elapsed().as_secs_f64(), sound }
}

fn models() -> [String; 6] {
    ["-hmm", "en-us", "-lm", "en-us.lm.bin", "-dict", "cmudict-en-us.dict"]
        .map(|text| if text.starts_with('-') { text.into() } else { format!("{MODELS}/{text}") })
}

/// Each sound in a raw file of its own; and the seconds of all.
fn files(set: &[Spoken]) -> (tempfile::TempDir, f64) {
    let folder = tempfile::tempdir().unwrap();
    set.iter().enumerate().for_each(|(i, spoken)| write(&spoken.samples, &folder.path().join(format!("{i}.raw"))));
    (folder, set.iter().map(|spoken| spoken.samples.len()).sum::<usize>() as f64 / RATE as f64)
}

/// Two minutes of unbroken speech by models of real size without weights: the threads dealt out in different ways.
fn whisper_speed() {
    let folder = tempfile::tempdir().unwrap();
    let sound = folder.path().join("sound.raw");
    write(&noise(112, 3000.0), &sound);
    let mut script = vec![Say::Time(0.0)];
    // As many tokens as 28 s of speech have, or nearly.
    script.extend((0..60).map(|_| Say::Text(" word")));
    for (name, size) in [("tiny.en", Size::TINY), ("base.en", Size::BASE)] {
        let model = folder.path().join("model.bin");
        write_model_of(size, &model, &script).unwrap();
        for (threads, at_once) in [(1, 1), (cores(), 1), (cores(), cores())] {
            let begun = Instant::now();
            child(&model, &sound, threads, at_once);
            let wall = begun.elapsed().as_secs_f64();
            println!(
                "whisper, size of {name}: {threads} threads, {at_once} windows at once: {:.3} of real time",
                wall / 112.0
            );
        }
        if let Some(cli) = std::env::var_os("TRAINAR_BENCH_WHISPER_CLI") {
            let begun = Instant::now();
            itself_whisper(Path::new(&cli), &model, &sound);
            println!("whisper-cli itself, size of {name}: {:.3} of real time", begun.elapsed().as_secs_f64() / 112.0);
        }
    }
}

fn child(model: &Path, sound: &Path, threads: usize, at_once: usize) {
    let windows: Vec<[Span; 1]> = (0..4).map(|i| [Span::new(28.0 * f64::from(i), 28.0 * f64::from(i + 1))]).collect();
    let request = serde_json::json!({ "sound": sound, "language": "en", "windows": windows });
    let mut child = Command::new(CHILD)
        .args(["recognise", "--threads", &threads.to_string(), "--at-once", &at_once.to_string(), "--model"])
        .arg(model)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn()
        .unwrap();
    child.stdin.take().unwrap().write_all(request.to_string().as_bytes()).unwrap();
    let output = child.wait_with_output().unwrap();
    assert_eq!(String::from_utf8_lossy(&output.stdout).lines().count(), 4);
}

fn itself_whisper(cli: &Path, model: &Path, sound: &Path) {
    let wav: PathBuf = sound.with_extension("wav");
    let mut ffmpeg = Command::new("ffmpeg");
    ffmpeg.args(["-y", "-v", "error", "-f", "s16le", "-ar", "16000", "-ac", "1", "-i"]).arg(sound).arg(&wav);
    assert!(ffmpeg.status().unwrap().success());
    let mut command = Command::new(cli);
    command.arg("-m").arg(model).arg("-f").arg(&wav).args(["-t", &cores().to_string(), "-bs", "1", "-bo", "1", "-nf"]);
    assert!(command.stdout(Stdio::null()).stderr(Stdio::null()).status().unwrap().success());
}

fn without_variants(text: &str) -> String {
    text.split_whitespace().map(|word| word.split('(').next().unwrap_or(word)).collect::<Vec<_>>().join(" ")
}

fn plain(text: &str) -> String {
    text.to_lowercase().replace(['.', ',', '?', '!'], "")
}

fn copy(spoken: &Spoken) -> Spoken {
    Spoken { name: spoken.name.clone(), samples: spoken.samples.clone(), text: spoken.text.clone() }
}

fn cores() -> usize {
    std::thread::available_parallelism().map_or(1, usize::from)
}
