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
async fn recorded_speech_is_understood_in_part_and_words_stand_where_they_are_said() {
    let Some(recogniser) = recogniser() else { return };
    let spoken = recorded();
    let (sound, places) = in_a_row(&spoken);
    let heard = recognise(&recogniser, &sound, &voiced(&sound)).await;
    let (mut errors, mut all) = (0, 0);
    for (Spoken { name, text, .. }, place) in spoken.iter().zip(&places) {
        let words = texts_within(&heard, place);
        let (wrong, said) = word_errors(text, &words);
        println!("{name}: {wrong} of {said} wrong: {words}");
        assert!(name != "goforward.flac" || wrong <= 2, "{words}");
        errors += wrong;
        all += said;
    }
    println!("word error rate {:.2}", errors as f64 / all.max(1) as f64);
    let inside = |utterance: &Utterance| places.iter().any(|p| utterance.start >= p.start && utterance.end <= p.end);
    assert!(heard.iter().all(inside), "{heard:?}");
}

/// Everything in one sound with 3 s of silence around each, and where it lies (with the padding of voice activity).
fn in_a_row(spoken: &[Spoken]) -> (Vec<i16>, Vec<Span>) {
    let mut sound = silence(3);
    let mut places = Vec::new();
    for Spoken { samples, .. } in spoken {
        let start = sound.len() as f64 / RATE as f64;
        sound.extend(samples);
        places.push(Span::new(start - 0.5, sound.len() as f64 / RATE as f64 + 0.5));
        sound.extend(silence(3));
    }
    (sound, places)
}

fn texts_within(heard: &[Utterance], place: &Span) -> String {
    let inside = heard.iter().filter(|utterance| utterance.start >= place.start && utterance.end <= place.end);
    inside.map(|utterance| utterance.text.as_str()).collect::<Vec<_>>().join(" ")
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

/// What a title may be made of (0.6) must be more often right than wrong.
#[tokio::test]
async fn clear_speech_is_trusted_and_speech_in_noise_is_not() {
    let Some(recogniser) = recogniser() else { return };
    let clear: Vec<Spoken> = [
        "Now I remove the four screws from the access panel.",
        "Okay, now we put the new filter into the housing.",
        "Make sure the gas valve is closed before you start.",
        "Next disconnect the hose and drain the water tank.",
        "Tighten the bolts to twenty five newton meters.",
    ]
    .into_iter()
    .filter_map(synthetic)
    .chain(recorded())
    .collect();
    if clear.is_empty() {
        return;
    }
    let (sound, places) = in_a_row(&clear);
    let (mut trusted, mut wrong, mut said) = (0, 0, 0);
    for utterance in recognise(&recogniser, &sound, &voiced(&sound)).await {
        let at = places.iter().position(|place| utterance.start >= place.start && utterance.end <= place.end).unwrap();
        let (errors, words) = word_errors(&clear[at].text, &utterance.text);
        println!("{:.2} {errors} of {words} wrong: {}", utterance.confidence, utterance.text);
        if utterance.confidence >= 0.6 && utterance.words.len() * 2 > words {
            (trusted, wrong, said) = (trusted + 1, wrong + errors, said + words);
        }
    }
    println!("{trusted} of {} trusted, word error rate of those {:.2}", clear.len(), wrong as f64 / said.max(1) as f64);
    assert!(trusted > 0 && wrong * 5 <= said, "{trusted} trusted, {wrong} of {said} words wrong");

    let masked: Vec<i16> = clear.iter().take(5).flat_map(|spoken| noisy(&spoken.samples, 3.0)).collect();
    let heard = recognise(&recogniser, &masked, &voiced(&masked)).await;
    let believed: Vec<&Utterance> = heard.iter().filter(|utterance| utterance.confidence >= 0.6).collect();
    println!("in noise {} of {} trusted", believed.len(), heard.len());
    assert!(believed.len() < trusted, "{believed:?}");
}
