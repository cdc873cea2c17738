//! Where the words of a session come from: the best source that there is, and never out of silence.

use crate::support::{Device, Outcome, Pairing, Place, Running, captions, ffmpeg, sample};
use domain::{
    SessionId,
    utterance::{Transcript, TranscriptSource},
};
use media::sample::Voice;
use reqwest::Method;
use serde_json::json;
use std::{fs, path::Path};
use testkit::whisper_model::{Say, write_model};

struct Scene {
    place: Place,
    pairing: Pairing,
    server: Running,
    device: Device,
}

impl Scene {
    async fn new() -> Self {
        let place = Place::new();
        let pairing = place.pair("Harbour");
        let server = place.serve().await;
        let device = pairing.at(&server);
        Self { place, pairing, server, device }
    }

    /// The transcript that the pipeline worked with, once it is through.
    async fn heard(&self, session: SessionId) -> Transcript {
        self.device.done(session).await;
        let Pairing { tenant, .. } = self.pairing;
        let path = format!("objects/tenants/{tenant}/sessions/{session}/steps/transcript.json");
        let transcript: Transcript = serde_json::from_slice(&fs::read(self.place.data().join(path)).unwrap()).unwrap();
        let outcome = Outcome::on_disk(&self.place.data(), tenant, session).await;
        let rows: Vec<&str> = outcome.utterances.iter().map(|u| u.text.as_str()).collect();
        assert_eq!(rows.join(" "), said(&transcript), "rows and object differ");
        transcript
    }
}

fn said(transcript: &Transcript) -> String {
    transcript.utterances.iter().map(|u| u.text.as_str()).collect::<Vec<_>>().join(" ")
}

/// The sample with a caption track.
fn with_track(place: &Place, codec: &str, ending: &str, video: &str) -> std::path::PathBuf {
    let vtt = place.write("track.vtt", captions().replace("boiler", "furnace"));
    let path = place.file(&format!("track.{ending}"));
    let (input, vtt) = (sample().display().to_string(), vtt.display().to_string());
    ffmpeg(&format!("-i {input} -i {vtt} -map 0 -map 1 -t 60 {video} -c:s {codec}"), &path);
    path
}

#[tokio::test]
async fn the_best_words_that_came_with_a_recording_are_used() {
    let scene = Scene::new().await;
    let device = &scene.device;
    let mov_text = with_track(&scene.place, "mov_text", "mp4", "-c:v copy -c:a copy");
    let webvtt = with_track(
        &scene.place,
        "webvtt",
        "webm",
        "-c:v libvpx -deadline realtime -cpu-used 16 -b:v 200k -c:a libopus",
    );

    // Captions go before a track.
    let session = device.record(&mov_text, Some(&captions())).await;
    let heard = scene.heard(session).await;
    assert_eq!(heard.source, TranscriptSource::Captions);
    assert!(said(&heard).contains("service a gas boiler"), "{}", said(&heard));

    for recording in [&mov_text, &webvtt] {
        let heard = scene.heard(device.record(recording, None).await).await;
        assert_eq!(heard.source, TranscriptSource::EmbeddedTrack, "{}", recording.display());
        assert!(said(&heard).contains("service a gas furnace"), "{}", said(&heard));
        assert!((heard.utterances[1].start - 4.3).abs() < 0.1, "{:?}", heard.utterances[1]);
    }

    // What the device heard itself, sent twice.
    let started = device.start().await;
    let spoken = json!({ "utterances": [
        { "number": 1, "start_seconds": 2.0, "end_seconds": 5.0, "text": "first I bleed the radiator" },
        { "number": 2, "start_seconds": 50.0, "end_seconds": 54.0, "text": "next I check the pump" },
    ] });
    for _ in 0..2 {
        let address = format!("/api/v1/sessions/{}/utterances", started.id);
        let answer = device.request(Method::POST, &address).json(&spoken).send().await.unwrap();
        assert!(answer.status().is_success(), "{}", answer.text().await.unwrap());
    }
    device.uploader().upload(&started.upload_url, &sample(), &[], None, |_| {}).await.unwrap();
    device.stop(started.id, 1).await;
    let heard = scene.heard(started.id).await;
    assert_eq!(heard.source, TranscriptSource::Device);
    assert_eq!(said(&heard), "first I bleed the radiator next I check the pump");
    scene.server.stop();
    scene.place.is_tidy();
}

#[tokio::test]
async fn captions_that_cannot_be_read_are_no_reason_to_fail() {
    let scene = Scene::new().await;
    let mov_text = with_track(&scene.place, "mov_text", "mp4", "-c:v copy -c:a copy");
    let session = scene.device.record(&mov_text, Some("00:00 --> what is this\n")).await;
    let heard = scene.heard(session).await;
    assert_ne!(heard.source, TranscriptSource::Captions, "{heard:?}");
    assert!(said(&heard).contains("furnace"), "{heard:?}");
    scene.server.stop();
}

#[tokio::test]
async fn without_words_somebody_listens_and_hears_nothing_in_silence() {
    let Ok(voice) = Voice::find() else { return testkit::skip("flite is not installed") };
    let scene = Scene::new().await;
    let spoken = scene.place.file("spoken.mp4");
    let tools = media::Tools::find(None, None).unwrap();
    let script = &media::sample::BOILER_SERVICE[..3];
    media::sample::sample_recording(&tools, script, &voice, &spoken).await.unwrap();
    let spoken = scene.device.record(&spoken, None).await;
    let silent = scene.device.record(&sample(), None).await;

    let heard = scene.heard(silent).await;
    assert_eq!(said(&heard), "", "words out of silence");
    assert!(heard.voiced.is_empty(), "a voice in a silent room: {:?}", heard.voiced);
    if !Path::new("/usr/bin/pocketsphinx_batch").exists() {
        return testkit::skip("PocketSphinx is not installed");
    }
    let heard = scene.heard(spoken).await;
    assert_eq!(heard.source, TranscriptSource::Pocketsphinx);
    let words = said(&heard).to_lowercase();
    let understood = ["service", "boiler", "isolate", "power", "supply", "switch", "electricity", "fuse"];
    let understood = understood.iter().filter(|word| words.contains(**word)).count();
    assert!(understood >= 2, "{words}");
    assert!(heard.utterances.iter().all(|u| u.confidence < 1.0), "{heard:?}");
    scene.server.stop();
    scene.place.is_tidy();
}

#[tokio::test]
async fn a_configured_whisper_model_is_what_listens() {
    let Ok(voice) = Voice::find() else { return testkit::skip("flite is not installed") };
    // The model says its script whatever it hears; that it is heard at all is what whisper.cpp does for real.
    let folder = tempfile::tempdir().unwrap();
    let model = folder.path().join("model.bin");
    let script = [Say::Time(0.0), Say::Text(" Open"), Say::Text(" the"), Say::Text(" panel."), Say::Time(2.0)];
    write_model(&model, &script).unwrap();
    let place = Place::new().set("SPEECH__WHISPER_MODEL", model.to_str().unwrap());
    let pairing = place.pair("Harbour");
    let server = place.serve().await;
    let scene = Scene { device: pairing.at(&server), place, pairing, server };
    let spoken = scene.place.file("spoken.mp4");
    let tools = media::Tools::find(None, None).unwrap();
    media::sample::sample_recording(&tools, &media::sample::BOILER_SERVICE[..3], &voice, &spoken).await.unwrap();
    let spoken = scene.device.record(&spoken, None).await;
    let heard = scene.heard(spoken).await;
    assert_eq!(heard.source, TranscriptSource::Whisper);
    assert!(said(&heard).starts_with("Open the panel."), "{heard:?}");
    scene.server.stop();
    scene.place.is_tidy();
}
