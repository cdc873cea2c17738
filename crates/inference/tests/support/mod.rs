//! Sounds to listen to: made ones, spoken ones (flite) and recorded ones (a folder of FLAC files with an index).

#![allow(dead_code, reason = "each test file uses its part")]

pub mod more_noises;
pub mod noises;
pub mod trade;

use domain::Span;
use inference::voice_activity::VoiceActivity;
use std::path::Path;
use std::process::Command;

pub const RATE: usize = 16_000;

/// A raw sound with what is said in it, lower case without punctuation.
pub struct Spoken {
    pub name: String,
    pub samples: Vec<i16>,
    pub text: String,
}

/// Recorded speech from the shared data; says so and is empty when absent.
pub fn recorded() -> Vec<Spoken> {
    let Some(folder) = testkit::data().map(|data| data.join("speech")) else { return Vec::new() };
    let Ok(index) = std::fs::read_to_string(folder.join("index.json")) else {
        eprintln!("SKIPPED: no recorded speech in {}", folder.display());
        return Vec::new();
    };
    let index: Vec<serde_json::Value> = serde_json::from_str(&index).unwrap();
    let spoken = |entry: &serde_json::Value| {
        let name = entry["file"].as_str().unwrap();
        let samples = decode(&folder.join(name))?;
        Some(Spoken { name: name.into(), samples, text: entry["text"].as_str().unwrap().replace("mister", "mr") })
    };
    index.iter().filter_map(spoken).collect()
}

/// A sentence spoken by flite after 0.4 s of silence; says so and is `None` when flite is absent.
pub fn synthetic(text: &str) -> Option<Spoken> {
    synthetic_by("rms", text)
}

/// A sentence spoken by one of flite's voices.
pub fn synthetic_by(voice: &str, text: &str) -> Option<Spoken> {
    let folder = tempfile::tempdir().unwrap();
    let wav = folder.path().join("said.wav");
    let said = Command::new("flite").args(["-voice", voice, "-t", text, "-o"]).arg(&wav).status();
    if !said.is_ok_and(|status| status.success()) {
        eprintln!("SKIPPED: flite is not installed");
        return None;
    }
    let mut samples = vec![0; RATE * 2 / 5];
    samples.extend(decode(&wav)?);
    let text = text.to_lowercase().replace(['.', ',', '?'], "");
    Some(Spoken { name: format!("flite: {text}"), samples, text })
}

fn decode(path: &Path) -> Option<Vec<i16>> {
    let output = Command::new("ffmpeg")
        .args(["-v", "error", "-i"])
        .arg(path)
        .args(["-f", "s16le", "-ac", "1", "-ar", "16000", "-"])
        .output();
    let Ok(output) = output else {
        eprintln!("SKIPPED: ffmpeg is not installed");
        return None;
    };
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    Some(output.stdout.chunks_exact(2).map(|pair| i16::from_le_bytes([pair[0], pair[1]])).collect())
}

/// Digital silence.
pub fn silence(seconds: usize) -> Vec<i16> {
    vec![0; seconds * RATE]
}

/// White noise, the same each time.
pub fn noise(seconds: usize, amplitude: f32) -> Vec<i16> {
    let mut state = 0x2545_F491_u32;
    let mut next = move || {
        state ^= state << 13;
        state ^= state >> 17;
        state ^= state << 5;
        state as f32 / u32::MAX as f32 * 2.0 - 1.0
    };
    (0..seconds * RATE).map(|_| (amplitude * next()) as i16).collect()
}

/// A fan: dark noise, a hum with its overtones, and blades that beat 25 times a second.
pub fn fan(seconds: usize) -> Vec<i16> {
    let mut low = 0.0_f32;
    noise(seconds, 1.0e4)
        .into_iter()
        .enumerate()
        .map(|(i, white)| {
            let t = i as f32 / RATE as f32;
            low += 0.05 * (f32::from(white) - low);
            let wave = |hertz: f32| (std::f32::consts::TAU * hertz * t).sin();
            let hum = 400.0 * wave(50.0) + 250.0 * wave(100.0) + 100.0 * wave(150.0);
            (low * (1.0 + 0.3 * wave(25.0)) + hum) as i16
        })
        .collect()
}

/// A pure tone.
pub fn tone(seconds: usize, hertz: f32) -> Vec<i16> {
    let wave = |i: usize| (std::f32::consts::TAU * hertz * i as f32 / RATE as f32).sin();
    (0..seconds * RATE).map(|i| (6000.0 * wave(i)) as i16).collect()
}

/// A fan over speech at a signal-to-noise ratio in dB.
pub fn noisy(speech: &[i16], decibels: f64) -> Vec<i16> {
    mixed(speech, &fan(speech.len() / RATE + 1), decibels)
}

/// `noise` (over and over) over speech at a signal-to-noise ratio in dB.
pub fn mixed(speech: &[i16], noise: &[i16], decibels: f64) -> Vec<i16> {
    let over: Vec<i16> = noise.iter().copied().cycle().take(speech.len()).collect();
    let power = |s: &[i16]| s.iter().map(|&x| f64::from(x).powi(2)).sum::<f64>() / s.len().max(1) as f64;
    let gain = (power(speech) / power(&over) / 10f64.powf(decibels / 10.0)).sqrt();
    speech.iter().zip(over).map(|(&s, n)| (f64::from(s) + gain * f64::from(n)) as i16).collect()
}

pub fn voiced(samples: &[i16]) -> Vec<Span> {
    let mut voice = VoiceActivity::new();
    samples.chunks(4000).for_each(|chunk| voice.push(chunk));
    voice.finish()
}

pub fn write(samples: &[i16], path: &Path) {
    let bytes: Vec<u8> = samples.iter().flat_map(|sample| sample.to_le_bytes()).collect();
    std::fs::write(path, bytes).unwrap();
}

/// Word errors of `heard` against `said` (Levenshtein distance over words), and how many words were said.
pub fn word_errors(said: &str, heard: &str) -> (usize, usize) {
    let said: Vec<&str> = said.split_whitespace().collect();
    let heard: Vec<&str> = heard.split_whitespace().collect();
    let mut row: Vec<usize> = (0..=heard.len()).collect();
    for (i, word) in said.iter().enumerate() {
        let mut diagonal = row[0];
        row[0] = i + 1;
        for (j, other) in heard.iter().enumerate() {
            let cost = (diagonal + usize::from(word != other)).min(row[j] + 1).min(row[j + 1] + 1);
            diagonal = std::mem::replace(&mut row[j + 1], cost);
        }
    }
    (row[heard.len()], said.len())
}
