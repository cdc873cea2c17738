//! How many spoken commands are missed or taken for another, and how often talk is taken for one, by the device's own
//! listener. Phrases and talk are said by synthetic voices; the phrases clean, in a room that echoes, and in noise. The
//! phrases and the margin were chosen on the first half of voices, sentences and sessions; the second is only measured.
//!
//! `TRAINAR_BENCH_LONG=1` voices all the talk of `../shared/data/tinyrec`, not ten minutes of each half.

mod material;

use glasses::voice::{Heard, Listener, PHRASES};
use material::{Noise, RATE, say, scene};
use std::{collections::BTreeMap, path::Path, time::Duration};
use tokio::time::Instant;

/// flite's voices and espeak-ng's.
const VOICES: [[&[&str]; 2]; 2] =
    [[&["rms", "awb"], &["en-us", "en-gb+m3"]], [&["slt", "kal16", "kal"], &["en-us+f3", "en-gb", "en-gb-scotland"]]];
/// Sentences that come near a command and are none.
const NEAR: [&[&str]; 2] = [
    &[
        "the training session started late",
        "we start the training on Monday",
        "delete the last line of the report",
        "our training sessions are short this week",
        "start the training",
        "training session",
        "stop the session",
        "did you start the training session",
        "he resumed training last session",
        "delete the last one",
    ],
    &[
        "resume the work when the pressure is back",
        "please start the pump and then pause",
        "that was only a minute ago",
        "this training session is about boilers",
        "he will stop training new people in session two",
        "start a session",
        "stop the session now",
        "when does the training session start",
        "pause for a minute",
        "a training session is planned",
        "restart the training session later",
        "delete the last message",
    ],
];
/// Seconds of talk of each half unless all is asked for.
const SHORT_TALK: f64 = 600.0;

#[tokio::main]
async fn main() {
    let long = std::env::var_os("TRAINAR_BENCH_LONG").is_some();
    let folder = tempfile::tempdir().expect("a temporary folder");
    let mut late = Vec::new();
    for (half, name) in ["tuned on", "measured only"].into_iter().enumerate() {
        for (voices, kind) in VOICES[half].iter().zip(["flite", "espeak-ng"]) {
            println!("\n{name}, {kind}: {}", voices.join(", "));
            late.extend(commands(folder.path(), voices).await);
            let near = NEAR[half].iter().flat_map(|words| voices.iter().map(|voice| say(folder.path(), voice, words)));
            false_alarms(folder.path(), "near sentences", near, f64::INFINITY).await;
        }
        let limit = if long { f64::INFINITY } else { SHORT_TALK };
        let voices = VOICES[half][0];
        let talk = material::talk(half).into_iter().enumerate();
        let talk = talk.map(|(i, words)| say(folder.path(), voices[i % voices.len()], &words));
        false_alarms(folder.path(), "talk", talk, limit).await;
    }
    println!();
    false_alarms(folder.path(), "recorded speech", material::recorded(), f64::INFINITY).await;
    late.sort();
    let at = |share: f64| late.get((share * late.len().saturating_sub(1) as f64) as usize).copied().unwrap_or_default();
    println!("from the end of a phrase to the command: median {:.2?}, worst {:.2?}", at(0.5), at(1.0));
}

/// What was heard for each phrase, and how long it took.
async fn commands(folder: &Path, voices: &[&str]) -> Vec<Duration> {
    let commands = || PHRASES.iter().filter(|phrase| phrase.command.is_some());
    let mut late = Vec::new();
    for noise in Noise::ALL {
        let mut confusion: BTreeMap<(&str, &str), usize> = BTreeMap::new();
        let (mut right, mut wrong) = (0, 0);
        for (seed, voice) in voices.iter().enumerate() {
            let said: Vec<_> = commands().map(|phrase| (phrase, say(folder, voice, phrase.words))).collect();
            let mut sound = Vec::new();
            let mut ends = Vec::new();
            for (_, samples) in &said {
                sound.extend(samples);
                sound.extend(std::iter::repeat_n(0, 2 * RATE));
                ends.push(sound.len());
            }
            let (sound, before) = scene(folder, &sound, *noise, seed as u64);
            let answers = listen(folder, &sound).await;
            let mut from = 0;
            for ((phrase, _), end) in said.iter().zip(ends.iter().map(|end| end + before)) {
                let heard: Vec<_> = answers.iter().filter(|answer| (from..end).contains(&answer.at)).collect();
                for answer in &heard {
                    if answer.heard.phrase == **phrase {
                        right += 1;
                        let spoken = Duration::from_secs_f64((answer.at + 2 * RATE - end) as f64 / RATE as f64);
                        late.push(spoken + answer.thinking);
                    } else {
                        wrong += 1;
                        *confusion.entry((phrase.words, answer.heard.phrase.words)).or_default() += 1;
                    }
                }
                if heard.is_empty() {
                    *confusion.entry((phrase.words, "")).or_default() += 1;
                }
                from = end;
            }
        }
        let all = 5 * voices.len();
        println!("{noise:<14} heard {right} of {all}, as another {wrong}");
        for ((said, heard), times) in confusion {
            println!("    {times} x {said}: {}", if heard.is_empty() { "missed" } else { heard });
        }
    }
    late
}

async fn false_alarms(folder: &Path, what: &str, pieces: impl Iterator<Item = Vec<i16>>, limit_seconds: f64) {
    let mut sound: Vec<i16> = Vec::new();
    let seconds = |sound: &[i16]| sound.len() as f64 / RATE as f64;
    for piece in pieces {
        sound.extend(piece);
        sound.extend(std::iter::repeat_n(0, 7 * RATE / 10));
        if seconds(&sound) > limit_seconds {
            break;
        }
    }
    let seconds = seconds(&sound);
    let cpu = material::cpu();
    let mut alarms: BTreeMap<&str, usize> = BTreeMap::new();
    let answers = listen(folder, &sound).await;
    for answer in &answers {
        *alarms.entry(answer.heard.phrase.words).or_default() += 1;
    }
    let share = 100.0 * (material::cpu() - cpu) / seconds;
    let hourly = answers.len() as f64 * 3600.0 / seconds;
    println!(
        "{what}: {seconds:.0} s, {} false alarms, {hourly:.1} an hour {alarms:?}; {share:.1} % of a core",
        answers.len()
    );
}

/// Something that was heard.
struct Answered {
    heard: Heard,
    /// Samples that had been given by then.
    at: usize,
    /// How long the listener took after them.
    thinking: Duration,
}

/// Gives the sound as fast as the listener takes it, a tenth of a second at a time.
async fn listen(folder: &Path, samples: &[i16]) -> Vec<Answered> {
    let program = Path::new("pocketsphinx_batch");
    let (mut listener, sound) = Listener::start(program, folder).await.expect("PocketSphinx is installed");
    let mut heard = Vec::new();
    let mut at = 0;
    for chunk in samples.chunks(RATE / 10) {
        let given = Instant::now();
        at += chunk.len();
        sound.send(chunk.iter().flat_map(|sample| sample.to_le_bytes()).collect()).await.expect("it takes sound");
        // Until the listener has done with the chunk before.
        while sound.capacity() < sound.max_capacity() {
            tokio::time::sleep(Duration::from_micros(200)).await;
        }
        while let Ok(Some(answer)) = tokio::time::timeout(Duration::ZERO, listener.next()).await {
            heard.push(Answered { heard: answer.expect("PocketSphinx lives"), at, thinking: given.elapsed() });
        }
    }
    drop(sound);
    while let Some(answer) = listener.next().await {
        heard.push(Answered { heard: answer.expect("PocketSphinx lives"), at, thinking: Duration::ZERO });
    }
    heard
}
