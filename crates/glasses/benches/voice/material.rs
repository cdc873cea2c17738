//! Voices, rooms and noises.

use rand::{Rng, SeedableRng, rngs::StdRng};
use std::{f64::consts::TAU, fmt, path::Path, process::Command};

/// Samples a second.
pub const RATE: usize = 16_000;

/// What a phrase is said in.
#[derive(Clone, Copy)]
pub enum Noise {
    None,
    Echo,
    /// Noise of falling spectrum so many decibels below the voice.
    Falling(f64),
    /// A drill: harmonics that waver, and noise.
    Drill(f64),
    /// Six sentences at once.
    Babble(f64),
}

impl Noise {
    pub const ALL: &[Self] =
        &[Self::None, Self::Echo, Self::Falling(10.0), Self::Drill(10.0), Self::Babble(10.0), Self::Falling(0.0)];

    fn samples(self, folder: &Path, length: usize, random: &mut StdRng) -> Option<(Vec<f64>, f64)> {
        Some(match self {
            Self::None | Self::Echo => return None,
            Self::Falling(db) => {
                let mut before = 0.0;
                let mut next = || {
                    before = 0.7 * before + random.random_range(-1.0..1.0);
                    before
                };
                ((0..length).map(|_| next()).collect(), db)
            }
            Self::Drill(db) => {
                let mut phase = 0.0;
                let mut next = |i: usize| {
                    let seconds = i as f64 / RATE as f64;
                    phase += 180.0 * (1.0 + 0.05 * (TAU * 0.7 * seconds).sin()) / RATE as f64;
                    let tones: f64 = (1..20).map(|k| (TAU * phase * f64::from(k)).sin() / f64::from(k).sqrt()).sum();
                    tones * (1.0 + 0.5 * (TAU * 11.0 * seconds).sin()) + random.random_range(-1.4..1.4)
                };
                ((0..length).map(&mut next).collect(), db)
            }
            Self::Babble(db) => {
                let mut sum = vec![0.0; length];
                let sentences = [
                    "we had a look at the pump and then at the valve behind it, and both of them were fine",
                    "yesterday the delivery came late again, so nobody could begin before ten o'clock",
                    "if you turn this screw a little further, the pressure goes up and the lamp goes out",
                ];
                for (i, words) in sentences.iter().cycle().take(6).enumerate() {
                    let said = say(folder, ["kal16", "slt", "rms", "awb"][i % 4], words);
                    let from = random.random_range(0..said.len());
                    sum.iter_mut().zip(said.iter().cycle().skip(from)).for_each(|(sum, s)| *sum += f64::from(*s));
                }
                (sum, db)
            }
        })
    }
}

impl fmt::Display for Noise {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(&match self {
            Self::None => "clean".to_owned(),
            Self::Echo => "echo".to_owned(),
            Self::Falling(db) => format!("falling {db} dB"),
            Self::Drill(db) => format!("drill {db} dB"),
            Self::Babble(db) => format!("babble {db} dB"),
        })
    }
}

/// The voice at a usual loudness in a room, two seconds of the room before it. Returns also how many samples those are.
pub fn scene(folder: &Path, said: &[i16], noise: Noise, seed: u64) -> (Vec<i16>, usize) {
    const LOUDNESS: f64 = 2500.0;
    let before = 2 * RATE;
    let mut random = StdRng::seed_from_u64(seed);
    let power = |samples: &mut dyn Iterator<Item = f64>| {
        let (sum, count) = samples.fold((0.0, 1e-9), |(sum, count), s| (sum + s * s, count + 1.0));
        sum / count
    };
    // Pauses are no voice.
    let spoken = power(&mut said.iter().filter(|s| **s != 0).map(|s| f64::from(*s)));
    let gain = LOUDNESS / spoken.sqrt();
    let mut room: Vec<f64> = (0..before).map(|_| 0.0).chain(said.iter().map(|s| gain * f64::from(*s))).collect();
    if matches!(noise, Noise::Echo) {
        room = echo(&room, &mut random);
    }
    if let Some((noise, db)) = noise.samples(folder, room.len(), &mut random) {
        let gain = LOUDNESS / power(&mut noise.iter().copied()).sqrt() / 10_f64.powf(db / 20.0);
        room.iter_mut().zip(noise).for_each(|(sum, noise)| *sum += gain * noise);
    }
    // A microphone is never quite silent.
    (room.iter().map(|s| (s + random.random_range(-14.0..14.0)).clamp(-32768.0, 32767.0) as i16).collect(), before)
}

/// Sixty reflections that die away in 0.35 s, together half as loud as the voice itself.
fn echo(dry: &[f64], random: &mut StdRng) -> Vec<f64> {
    let reflections: Vec<(usize, f64)> = (0..60)
        .map(|_| {
            let delay: f64 = random.random_range(0.004..0.35);
            ((delay * RATE as f64) as usize, random.random_range(-1.0..1.0) * (-6.9 * delay / 0.35).exp())
        })
        .collect();
    let sum: f64 = reflections.iter().map(|(_, gain)| gain * gain).sum();
    let mut wet = dry.to_vec();
    for (delay, gain) in reflections {
        let gain = 0.5 * gain / sum.sqrt();
        wet[delay..].iter_mut().zip(dry).for_each(|(wet, dry)| *wet += gain * dry);
    }
    wet
}

/// What a voice says.
pub fn say(folder: &Path, voice: &str, words: &str) -> Vec<i16> {
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

/// The sentences of every other session of `../shared/data/tinyrec`.
pub fn talk(half: usize) -> Vec<String> {
    let Some(data) = testkit::data() else { return Vec::new() };
    let mut files = files(&data.join("tinyrec"), "json");
    files.sort();
    let mut sentences = Vec::new();
    for path in files.iter().skip(half).step_by(2) {
        let text = std::fs::read_to_string(path).expect("a session");
        let session: serde_json::Value = serde_json::from_str(&text).expect("a session");
        let utterances = session["utterances"].as_array().expect("utterances").iter();
        sentences.extend(utterances.filter_map(|utterance| utterance["text"].as_str()).map(str::to_owned));
    }
    sentences.retain(|words| words.contains(char::is_alphabetic));
    sentences
}

/// The recorded speech of `../shared/data/speech`.
pub fn recorded() -> impl Iterator<Item = Vec<i16>> {
    let folder = testkit::data().map(|data| data.join("speech"));
    folder.into_iter().flat_map(|folder| files(&folder, "flac")).map(|path| decode(&path))
}

fn files(folder: &Path, ending: &str) -> Vec<std::path::PathBuf> {
    let files = std::fs::read_dir(folder).expect("the folder").map(|file| file.expect("a file").path());
    files.filter(|path| path.extension().is_some_and(|e| e == ending)).collect()
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

/// Seconds of processor that this program and its ended children have used.
pub fn cpu() -> f64 {
    // A child that was killed just now is still being waited for.
    std::thread::sleep(std::time::Duration::from_millis(200));
    let stat = std::fs::read_to_string("/proc/self/stat").expect("/proc");
    let fields = stat.rsplit(')').next().expect("fields").split_whitespace();
    fields.skip(11).take(4).map(|ticks| ticks.parse::<f64>().expect("a number")).sum::<f64>() / 100.0
}
