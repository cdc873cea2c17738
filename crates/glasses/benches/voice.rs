//! How many spoken commands are missed or taken for another, and how often talk is taken for one. Phrases are said by
//! synthetic voices, clean and in noise; talk is the recorded speech of `../shared/data/speech` and synthetic sentences
//! that come near. Thresholds were chosen on the first half of voices and sentences; the second was only measured.

use glasses::voice::{Heard, Listener, PHRASES, Phrase};
use rand::{Rng, SeedableRng};
use std::{collections::BTreeMap, path::Path, process::Command};

const RATE: usize = 16_000;
/// flite's voices, then espeak-ng's: tuned on, and measured only.
const VOICES: [&[&str]; 2] = [&["rms", "awb", "en-us", "en-gb+m3"], &["slt", "kal16", "en-us+f3", "en-gb"]];
const NOISE_DB: [Option<f64>; 3] = [None, Some(10.0), Some(0.0)];
/// Sentences that come near a command and are none: tuned on, and measured only.
const NEAR: [&[&str]; 2] = [
    &[
        "the training session started late",
        "stop the pump and close the valve",
        "we start the training on Monday",
        "delete the last line of the report",
        "the last minute of the session was long",
        "our training sessions are short this week",
        "pause here for a moment and look at the gauge",
    ],
    &[
        "resume the work when the pressure is back",
        "please start the pump and then pause",
        "that was only a minute ago",
        "this training session is about boilers",
        "turn off the valve and wait a minute",
        "he will stop training new people in session two",
        "start with the last bolt and delete nothing",
    ],
];

#[tokio::main]
async fn main() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    for (half, name) in ["tuned on", "measured only"].into_iter().enumerate() {
        println!("\n{name}: {}", VOICES[half].join(", "));
        commands(folder.path(), VOICES[half]).await;
        near(folder.path(), VOICES[half], NEAR[half]).await;
    }
    recorded(folder.path()).await;
}

/// Hits, confusions and misses of every phrase.
async fn commands(folder: &Path, voices: &[&str]) {
    println!("{:<26} {:>8} {:>8} {:>8}   heard as another", "phrase", "clean", "10 dB", "0 dB");
    for phrase in PHRASES.iter().filter(|phrase| phrase.command.is_some()) {
        let (mut hits, mut wrong) = ([0; 3], 0);
        for (number, voice) in voices.iter().enumerate() {
            let said = say(folder, voice, phrase.words);
            for (level, noise) in NOISE_DB.iter().enumerate() {
                let heard = listen(folder, &in_a_room(&said, *noise, number as u64)).await;
                hits[level] += usize::from(heard.iter().any(|heard| heard.phrase == *phrase));
                wrong += heard.iter().filter(|heard| heard.phrase.command.is_some() && heard.phrase != *phrase).count();
            }
        }
        let shown = hits.map(|hits| format!("{hits}/{}", voices.len()));
        println!("{:<26} {:>8} {:>8} {:>8}   {wrong}", phrase.words, shown[0], shown[1], shown[2]);
    }
}

async fn near(folder: &Path, voices: &[&str], sentences: &[&str]) {
    let (mut seconds, mut alarms) = (0.0, BTreeMap::new());
    for voice in voices {
        let mut talk = Vec::new();
        for sentence in sentences {
            talk.extend(in_a_room(&say(folder, voice, sentence), None, 0));
        }
        seconds += talk.len() as f64 / RATE as f64;
        count(&mut alarms, &listen(folder, &talk).await);
    }
    report("near sentences", seconds, &alarms);
}

async fn recorded(folder: &Path) {
    let Some(data) = testkit::data() else { return };
    let (mut seconds, mut alarms) = (0.0, BTreeMap::new());
    let files = std::fs::read_dir(data.join("speech")).expect("the folder of speech");
    for path in
        files.map(|file| file.expect("a file").path()).filter(|path| path.extension().is_some_and(|e| e == "flac"))
    {
        let samples = decode(&path);
        seconds += samples.len() as f64 / RATE as f64;
        count(&mut alarms, &listen(folder, &samples).await);
    }
    println!();
    report("recorded speech", seconds, &alarms);
}

fn count(alarms: &mut BTreeMap<&'static str, usize>, heard: &[Heard]) {
    for Phrase { words, .. } in heard.iter().map(|heard| heard.phrase).filter(|phrase| phrase.command.is_some()) {
        *alarms.entry(words).or_default() += 1;
    }
}

fn report(what: &str, seconds: f64, alarms: &BTreeMap<&'static str, usize>) {
    let all: usize = alarms.values().sum();
    println!("{what}: {seconds:.0} s, {all} false alarms, {:.1} an hour {alarms:?}", all as f64 * 3600.0 / seconds);
}

async fn listen(folder: &Path, samples: &[i16]) -> Vec<Heard> {
    let program = Path::new("pocketsphinx_continuous");
    let (mut listener, sound) = Listener::start(program, folder, PHRASES).await.expect("PocketSphinx is installed");
    let feed = async {
        for chunk in samples.chunks(2048) {
            let bytes = chunk.iter().flat_map(|sample| sample.to_le_bytes()).collect();
            sound.send(bytes).await.expect("the listener takes sound");
        }
        drop(sound);
    };
    let hear = async {
        let mut heard = Vec::new();
        while let Some(phrase) = listener.next().await {
            heard.push(phrase);
        }
        heard
    };
    tokio::join!(feed, hear).1
}

/// With 0.4 s of silence before and 1.6 s after, and noise of falling spectrum so many dB below the voice.
fn in_a_room(said: &[i16], noise_db: Option<f64>, seed: u64) -> Vec<i16> {
    let silence = |seconds: f64| std::iter::repeat_n(0, (seconds * RATE as f64) as usize);
    let clean: Vec<i16> = silence(0.4).chain(said.iter().copied()).chain(silence(1.6)).collect();
    let Some(db) = noise_db else { return clean };
    let power = |samples: &[f64]| samples.iter().map(|s| s * s).sum::<f64>() / samples.len().max(1) as f64;
    let mut random = rand::rngs::StdRng::seed_from_u64(seed);
    let mut before = 0.0;
    let noise: Vec<f64> = clean
        .iter()
        .map(|_| {
            before = 0.7 * before + random.random_range(-1.0..1.0);
            before
        })
        .collect();
    let voice: Vec<f64> = said.iter().map(|s| f64::from(*s)).collect();
    let gain = (power(&voice) / power(&noise) / 10_f64.powf(db / 10.0)).sqrt();
    clean.iter().zip(noise).map(|(s, n)| (f64::from(*s) + n * gain).clamp(-32768.0, 32767.0) as i16).collect()
}

fn say(folder: &Path, voice: &str, words: &str) -> Vec<i16> {
    let path = folder.join("said.wav");
    let mut command = if voice.starts_with("en-") {
        let mut command = Command::new("espeak-ng");
        command.args(["-v", voice, "-s", "150", "-w"]).arg(&path).arg(words);
        command
    } else {
        let mut command = Command::new("flite");
        command.args(["-voice", voice, "-t", words, "-o"]).arg(&path);
        command
    };
    assert!(command.status().expect("flite and espeak-ng are installed").success(), "{voice} cannot say {words}");
    decode(&path)
}

fn decode(path: &Path) -> Vec<i16> {
    let mut command = Command::new("ffmpeg");
    command
        .args(["-v", "error", "-nostdin", "-i"])
        .arg(path)
        .args(["-ac", "1", "-ar", "16000", "-f", "s16le", "pipe:1"]);
    let decoded = command.output().expect("ffmpeg is installed").stdout;
    decoded.chunks_exact(2).map(|s| i16::from_le_bytes([s[0], s[1]])).collect()
}
