//! No words where nobody speaks: every made sound goes the whole way, from samples through voice activity and a
//! recogniser to utterances.

#![allow(clippy::unwrap_used)]

mod support;

use domain::{Span, utterance::Utterance};
use inference::speech::{Pocketsphinx, Recogniser};
use support::*;

/// Utterances below this never become a title.
const TRUSTED: f32 = 0.6;

/// What a listener hears in `samples` where the voice activity, or this test, says that somebody speaks.
async fn hear(recogniser: &Recogniser, samples: &[i16], voiced: &[Span]) -> Vec<Utterance> {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("sound.raw");
    write(samples, &path);
    recogniser.recognise(&path, voiced, &|_| ()).await.unwrap()
}

/// Every sound, and how loud: from far away to overdriven.
fn sounds() -> impl Iterator<Item = (String, Vec<i16>)> {
    let all = noises::all().into_iter().chain(more_noises::all());
    all.flat_map(|(name, samples)| {
        [0.05, 0.3, 1.0, 5.0].map(|gain| (format!("{name} at {gain}"), noises::louder(samples.clone(), gain)))
    })
}

async fn says_nothing(recogniser: &Recogniser) {
    let mut wrong = Vec::new();
    for (name, samples) in sounds() {
        let voiced = voiced(&samples);
        let heard = hear(recogniser, &samples, &voiced).await;
        if !heard.is_empty() {
            let words: Vec<&str> = heard.iter().map(|utterance| utterance.text.as_str()).collect();
            wrong.push(format!("{name}: {words:?} in {voiced:.1?}"));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

fn pocketsphinx() -> Option<Recogniser> {
    let found = Pocketsphinx::find(None, 2).map(Recogniser::Pocketsphinx);
    if found.is_none() {
        testkit::skip("pocketsphinx and pocketsphinx-en-us are not installed");
    }
    found
}

#[tokio::test]
async fn pocketsphinx_says_nothing_in_noise_music_or_at_a_machine() {
    let Some(recogniser) = pocketsphinx() else { return };
    says_nothing(&recogniser).await;
}

/// The second line of defence: where the voice activity lets a noise through, nothing is believed.
#[tokio::test]
async fn what_pocketsphinx_makes_of_noise_is_never_trusted() {
    let Some(recogniser) = pocketsphinx() else { return };
    const SECONDS: f64 = 3.0;
    let (mut all, mut spans, mut names) = (Vec::new(), Vec::new(), Vec::new());
    for (name, samples) in noises::all().into_iter().chain(more_noises::all()) {
        let start = all.len() as f64 / RATE as f64;
        all.extend(&samples[..(SECONDS * RATE as f64) as usize]);
        all.extend(silence(1));
        spans.push(Span::new(start, start + SECONDS));
        names.push(name);
    }
    for utterance in hear(&recogniser, &all, &spans).await {
        let name = names[spans.iter().rposition(|span| span.start <= utterance.start).unwrap()];
        println!("{name}: {:.2} {}", utterance.confidence, utterance.text);
        assert!(utterance.confidence < TRUSTED, "{name}: {utterance:?}");
    }
}

#[cfg(feature = "whisper")]
#[tokio::test]
async fn whisper_says_nothing_in_noise_music_or_at_a_machine() {
    use inference::speech::Whisper;
    let Some(model) = std::env::var_os("TRAINAR_TEST_WHISPER_MODEL") else {
        return testkit::skip("TRAINAR_TEST_WHISPER_MODEL names no model file of whisper.cpp");
    };
    let child = std::path::Path::new(env!("CARGO_BIN_EXE_speech_child"));
    says_nothing(&Recogniser::Whisper(Whisper::new(child, std::path::Path::new(&model), 2))).await;
}

#[cfg(not(feature = "whisper"))]
#[test]
fn whisper_says_nothing_in_noise_music_or_at_a_machine() {
    eprintln!("SKIPPED: built without the feature `whisper`");
}
