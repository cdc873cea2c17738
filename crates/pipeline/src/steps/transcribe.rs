//! Speech to text. Captions that came with the recording are used as they are; else somebody has to listen.

use super::receive::Received;
use crate::{Event, Kit, StepError, Target, kit::Document};
use domain::{
    Span,
    job::Step,
    utterance::{Transcript, TranscriptSource, Utterance},
};
use extraction::captions;
use inference::{speech::Vocabulary, voice_activity::VoiceActivity};
use serde::{Deserialize, Serialize};
use std::{fs::File, io::BufWriter, io::Write, path::Path};
use storage::db::recordings::{Tracks, UtteranceOrigin};

/// Titles of tasks, and as many names of procedures, that a recogniser is told of.
const TERMS: u64 = 500;

/// The transcript.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Transcribed {
    /// A [`Transcript`].
    pub transcript: Document,
    /// Where its words come from.
    pub source: TranscriptSource,
    /// What went wrong on the way and was worked around, as sentences.
    pub notes: Vec<String>,
}

/// Writes the transcript: captions beside the recording, else a track inside it, else what the device sent, else what
/// the recogniser hears.
pub async fn transcribe(kit: &Kit, target: Target, received: &Received) -> Result<Transcribed, StepError> {
    let mut notes = Vec::new();
    let scratch = kit.scratch()?;
    let missing = || StepError::Fail(format!("object {} is missing", received.video_key));
    let source = kit.objects.local(&received.source.key, scratch.path()).await?.ok_or_else(missing)?;
    let mut transcript = brought(kit, target, received, source.path(), &mut notes).await?;
    if transcript.is_none() && received.probed.info.audio.is_some() {
        transcript = Some(listen(kit, target, source.path(), scratch.path()).await?);
    }
    let mut transcript = transcript.unwrap_or_else(Transcript::silent);
    fit(&mut transcript.utterances, received.probed.info.duration_seconds);
    for note in &notes {
        tracing::warn!(session = %target.session, note, "transcript");
    }
    kit.db.replace_transcript(target.tenant, target.session, &transcript.utterances).await?;
    if !transcript.utterances.is_empty() {
        let key = target.keys().captions();
        kit.objects.put(&key, captions::write_vtt(&transcript.utterances).into()).await?;
        let tracks = Tracks { captions: Some(key), ..Tracks::default() };
        kit.db.save_tracks(target.tenant, target.session, tracks).await?;
    }
    let document = kit.save_document(target.keys().step_result("transcript"), &transcript).await?;
    Ok(Transcribed { transcript: document, source: transcript.source, notes })
}

/// The words that came with the recording, the best first.
async fn brought(
    kit: &Kit,
    target: Target,
    received: &Received,
    source: &Path,
    notes: &mut Vec<String>,
) -> Result<Option<Transcript>, StepError> {
    if let Some(bytes) = kit.objects.get(&target.keys().uploaded_captions()).await? {
        // They may not have been taken out of the file yet.
        let deleted = kit.db.deleted_spans(target.tenant, target.session).await?;
        match captions::parse(&String::from_utf8_lossy(&bytes)) {
            Ok(all) => {
                let kept = on_timeline(without_deleted(all, &deleted), received);
                return Ok(Some(transcript(TranscriptSource::Captions, kept)));
            }
            Err(e) => notes.push(format!("the uploaded captions were not used: {e}")),
        }
    }
    if let Some(stream) = received.probed.info.captions_stream {
        let text = media::embedded_captions(&kit.media, source, stream).await;
        match text.map_err(|e| e.to_string()).and_then(|t| captions::parse(&t).map_err(|e| e.to_string())) {
            Ok(utterances) if !utterances.is_empty() => {
                return Ok(Some(transcript(TranscriptSource::EmbeddedTrack, utterances)));
            }
            Ok(_) => {}
            Err(e) => notes.push(format!("the caption track of the recording was not used: {e}")),
        }
    }
    let sent = kit.db.utterances(target.tenant, target.session, UtteranceOrigin::Device).await?;
    Ok((!sent.is_empty())
        .then(|| transcript(TranscriptSource::Device, on_timeline(without_deleted(sent, &received.deleted), received))))
}

/// Without what was said in a stretch that the engineer had deleted.
fn without_deleted(mut utterances: Vec<Utterance>, deleted: &[Span]) -> Vec<Utterance> {
    utterances.retain(|u| !deleted.iter().any(|gone| gone.touches(&Span::new(u.start, u.end))));
    utterances
}

/// From the session's clock, which is the device's, to the recording's.
fn on_timeline(mut utterances: Vec<Utterance>, received: &Received) -> Vec<Utterance> {
    let line = &received.timeline;
    utterances.retain(|u| u.end > line.begins_at());
    for u in &mut utterances {
        let shift = |at: f64| line.in_recording(at).max(0.0);
        (u.start, u.end) = (shift(u.start), shift(u.end));
        for word in &mut u.words {
            (word.start, word.end) = (shift(word.start), shift(word.end));
        }
    }
    utterances
}

/// Voice activity first: the recogniser is never given sound in which nobody speaks.
async fn listen(kit: &Kit, target: Target, source: &Path, scratch: &Path) -> Result<Transcript, StepError> {
    let path = scratch.join("sound.s16le");
    let mut file = BufWriter::new(File::create(&path)?);
    let mut voice = VoiceActivity::new();
    let mut written = Ok(());
    media::sound_16k_mono(&kit.media, source, |samples| {
        voice.push(samples);
        if written.is_ok() {
            written = samples.iter().try_for_each(|s| file.write_all(&s.to_le_bytes()));
        }
    })
    .await?;
    written.and_then(|()| file.flush())?;
    let voiced = voice.finish();
    let progress = |done| kit.tell(Event::Progress(Step::Transcribe, done));
    let recogniser = if kit.vocabulary && !voiced.is_empty() {
        kit.recogniser.expecting(Vocabulary::of(kit.db.vocabulary(target.tenant, TERMS).await?))
    } else {
        kit.recogniser.clone()
    };
    let utterances = recogniser.recognise(&path, &voiced, &progress).await?;
    Ok(Transcript { source: kit.recogniser.name(), utterances, voiced })
}

fn transcript(source: TranscriptSource, utterances: Vec<Utterance>) -> Transcript {
    Transcript { source, utterances, voiced: Vec::new() }
}

/// Keeps what lies inside the recording, in order.
fn fit(utterances: &mut Vec<Utterance>, duration: f64) {
    utterances.retain(|u| u.start.is_finite() && u.end.is_finite() && u.start < duration && !u.text.trim().is_empty());
    for u in utterances.iter_mut() {
        u.start = u.start.max(0.0);
        u.end = u.end.clamp(u.start, duration);
        u.confidence = if u.confidence.is_finite() { u.confidence.clamp(0.0, 1.0) } else { 0.0 };
    }
    utterances.sort_by(|a, b| a.start.total_cmp(&b.start));
}
