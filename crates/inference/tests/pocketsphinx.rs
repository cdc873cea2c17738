//! PocketSphinx on sounds, recorded speech and spoken sentences. Prints word error rates; asserts what must hold.

#![allow(clippy::unwrap_used)]

mod support;

use domain::{Span, utterance::Utterance};
use inference::speech::{Pocketsphinx, Recogniser, SpeechError};
use std::path::Path;
use support::*;

fn recogniser() -> Option<Recogniser> {
    let found = Pocketsphinx::find(None, 2).map(Recogniser::Pocketsphinx);
    if found.is_none() {
        eprintln!("SKIPPED: pocketsphinx and pocketsphinx-en-us are not installed");
    }
    found
}

async fn recognise(recogniser: &Recogniser, samples: &[i16], voiced: &[Span]) -> Vec<Utterance> {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("a sound.raw");
    write(samples, &path);
    recogniser.recognise(&path, voiced, &|_| ()).await.unwrap()
}

#[tokio::test]
async fn nothing_is_said_in_silence_a_fan_or_a_tone() {
    let Some(recogniser) = recogniser() else { return };
    for (name, samples) in [("silence", silence(30)), ("fan", fan(30)), ("tone", tone(30, 440.0))] {
        assert_eq!(recognise(&recogniser, &samples, &voiced(&samples)).await, [], "{name}");
    }
}

#[tokio::test]
async fn recorded_speech_is_understood_in_part_and_words_stand_where_they_are_said() {
    let Some(recogniser) = recogniser() else { return };
    let (mut errors, mut all) = (0, 0);
    for Spoken { name, samples, text } in recorded() {
        // Twice, far apart: the second time must be heard at its own place.
        let seconds = samples.len() as f64 / RATE as f64;
        let sound = [&samples[..], &silence(8), &samples].concat();
        let spans = voiced(&sound);
        let heard = recognise(&recogniser, &sound, &spans).await;
        for utterance in &heard {
            println!("{name} {:5.1} {:.2} {}", utterance.start, utterance.confidence, utterance.text);
        }
        let (first, second): (Vec<_>, Vec<_>) = heard.iter().partition(|utterance| utterance.end < seconds + 1.0);
        assert!(second.iter().all(|utterance| utterance.start > seconds + 7.0), "{name}: {second:?}");
        let words = first.iter().map(|utterance| utterance.text.as_str()).collect::<Vec<_>>().join(" ");
        let (wrong, said) = word_errors(&text, &words);
        if name == "goforward.flac" {
            assert!(wrong <= 2, "{words}");
            assert!(!second.is_empty());
        }
        errors += wrong;
        all += said;
    }
    println!("word error rate {:.2}", errors as f64 / all as f64);
}

#[tokio::test]
async fn progress_goes_from_nothing_to_all_and_never_back() {
    let (Some(recogniser), Some(spoken)) = (recogniser(), synthetic("Open the panel and check the fuse.")) else {
        return;
    };
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("sound.raw");
    write(&spoken.samples, &path);
    let seen = std::sync::Mutex::new(Vec::new());
    recogniser.recognise(&path, &voiced(&spoken.samples), &|done| seen.lock().unwrap().push(done)).await.unwrap();
    let seen = seen.into_inner().unwrap();
    assert!(seen.windows(2).all(|pair| pair[0] <= pair[1]), "{seen:?}");
    assert_eq!(seen.last(), Some(&1.0));
}

#[tokio::test]
async fn a_failing_program_and_a_missing_sound_say_so() {
    let Some(Recogniser::Pocketsphinx(sphinx)) = recogniser() else { return };
    let voiced = [Span::new(0.0, 1.0)];
    let missing = Recogniser::Pocketsphinx(sphinx.clone()).recognise(Path::new("/no/such.raw"), &voiced, &|_| ()).await;
    assert!(matches!(missing, Err(SpeechError::Sound { .. })), "{missing:?}");

    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("sound.raw");
    write(&silence(2), &path);
    let broken = Pocketsphinx { program: "/bin/false".into(), ..sphinx };
    let died = Recogniser::Pocketsphinx(broken).recognise(&path, &voiced, &|_| ()).await;
    assert!(matches!(died, Err(SpeechError::Died { .. })), "{died:?}");
}
