//! What sound and picture show, sampled once: levels, voice, dropouts; a chosen few keyframes; and the poster.

use super::{receive::Received, still};
use crate::{Event, Kit, StepError, Target, kit::Document};
use domain::{
    Span,
    job::Step,
    signals::{FrameSample, Picture, Signals, Sound},
};
use inference::voice_activity::VoiceActivity;
use media::{FrameMeter, MediaError, Probed, SoundMeter, Tools};
use serde::{Deserialize, Serialize};
use std::path::Path;
use storage::db::recordings::Tracks;

/// A keyframe is looked at this often, in seconds: a fixed number per minute, whatever the recording's own rate.
const FRAME_EVERY_SECONDS: f64 = 4.0;
/// Height of the poster in pixels.
const POSTER_HEIGHT: u32 = 480;

/// What was observed.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Observed {
    /// [`Signals`].
    pub signals: Document,
    /// Key of the session's poster.
    pub poster_key: Option<String>,
}

/// Samples sound and picture.
pub async fn observe(kit: &Kit, target: Target, received: &Received) -> Result<Observed, StepError> {
    let scratch = kit.scratch()?;
    let missing = || StepError::Fail(format!("object {} is missing", received.video_key));
    let file = kit.objects.local(&received.video_key, scratch.path()).await?.ok_or_else(missing)?;
    let progress = |share| kit.tell(Event::Progress(Step::Observe, share));
    let signals = signals(&kit.media, file.path(), &received.probed, progress).await?;
    let poster_key = match &signals.picture {
        Some(picture) => Some(poster(kit, target, file.path(), scratch.path(), picture).await?),
        None => None,
    };
    let signals = kit.save_document(target.keys().step_result("signals"), &signals).await?;
    Ok(Observed { signals, poster_key })
}

/// What sound and picture of the recording at `file` show; `progress` is told how much has been seen, 0 to 1.
///
/// # Errors
/// [`MediaError`].
pub async fn signals(
    tools: &Tools,
    file: &Path,
    probed: &Probed,
    progress: impl Fn(f64),
) -> Result<Signals, MediaError> {
    let (sound, picture) = tokio::try_join!(hear(tools, file, probed), look(tools, file, probed, progress))?;
    let gaps = probed.info.gaps.iter().filter(|gap| !gap.is_at_edge()).map(|gap| gap.span).collect();
    Ok(Signals { duration_seconds: probed.info.duration_seconds, sound, picture, gaps })
}

async fn hear(tools: &Tools, file: &Path, probed: &Probed) -> Result<Option<Sound>, MediaError> {
    if probed.info.audio.is_none() {
        return Ok(None);
    }
    let (mut meter, mut voice) = (SoundMeter::default(), VoiceActivity::new());
    media::sound_16k_mono(tools, file, |samples| {
        meter.push(samples);
        voice.push(samples);
    })
    .await?;
    let mut sound = meter.finish(probed.info.duration_seconds);
    sound.voiced = voiced_share(&voice.finish(), sound.level_db.len());
    Ok(Some(sound))
}

/// Share of each window that lies in a voiced span.
fn voiced_share(voiced: &[Span], windows: usize) -> Vec<f32> {
    let mut share = vec![0.0f32; windows];
    for span in voiced {
        let first = (span.start / Sound::WINDOW_SECONDS) as usize;
        for (i, window) in share.iter_mut().enumerate().skip(first) {
            let start = i as f64 * Sound::WINDOW_SECONDS;
            if start >= span.end {
                break;
            }
            *window += (span.overlap(&Span::new(start, start + Sound::WINDOW_SECONDS)) / Sound::WINDOW_SECONDS) as f32;
        }
    }
    share.iter_mut().for_each(|s| *s = s.min(1.0));
    share
}

async fn look(
    tools: &Tools,
    file: &Path,
    probed: &Probed,
    progress: impl Fn(f64),
) -> Result<Option<Picture>, MediaError> {
    if probed.info.video.is_none() {
        return Ok(None);
    }
    let duration = probed.info.duration_seconds.max(1.0);
    let mut meter = FrameMeter::default();
    let mut frames: Vec<FrameSample> = Vec::new();
    media::keyframes(tools, file, probed, FRAME_EVERY_SECONDS, |at, planes| {
        frames.push(meter.measure(at, planes));
        progress((at / duration).min(1.0));
    })
    .await?;
    let flows = flows(&frames.iter().map(|f| f.at).collect::<Vec<_>>(), probed);
    frames.iter_mut().zip(flows).for_each(|(frame, flow)| frame.flow = flow);
    still::look_closer(tools, file, probed, &mut frames).await?;
    Ok(Some(Picture { frames, missing: probed.picture_gaps.clone() }))
}

/// What flows from each sample to the next, of all keyframes between them; `None` where nothing but keyframes does.
fn flows(samples: &[f64], probed: &Probed) -> Vec<Option<f32>> {
    // A sample's time has been rounded on its way.
    let first = |at: f64| probed.keyframes.partition_point(|k| *k < at - 0.1);
    let ends = samples.iter().skip(1).map(|at| first(*at)).chain([probed.keyframes.len()]);
    let mean = |(from, to): (usize, usize)| {
        let within: Vec<f32> = probed.flow.get(from..to)?.iter().copied().filter(|flow| *flow > 0.0).collect();
        (!within.is_empty()).then(|| within.iter().sum::<f32>() / within.len() as f32)
    };
    samples.iter().map(|at| first(*at)).zip(ends).map(mean).collect()
}

async fn poster(
    kit: &Kit,
    target: Target,
    file: &Path,
    scratch: &Path,
    picture: &Picture,
) -> Result<String, StepError> {
    let path = scratch.join("poster.jpg");
    media::thumbnail(&kit.media, file, poster_time(picture), POSTER_HEIGHT, &path).await?;
    let key = target.keys().poster();
    kit.objects.put_file(&key, &path).await?;
    let tracks = Tracks { poster: Some(key.clone()), ..Tracks::default() };
    kit.db.save_tracks(target.tenant, target.session, tracks).await?;
    Ok(key)
}

/// The frame that says most: sharp and well lit, from the first half, where the job is introduced.
fn poster_time(picture: &Picture) -> f64 {
    let first_half = &picture.frames[..picture.frames.len().div_ceil(2)];
    let appeal = |f: &FrameSample| f.sharpness + f.contrast / 4.0 - (f.luma - 120.0).abs() / 8.0;
    first_half.iter().max_by(|a, b| appeal(a).total_cmp(&appeal(b))).map_or(0.0, |f| f.at)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_voice_fills_its_windows_in_part() {
        assert_eq!(voiced_share(&[Span::new(0.5, 2.25)], 4), [0.5, 1.0, 0.25, 0.0]);
        assert_eq!(voiced_share(&[Span::new(2.0, 9.0)], 3), [0.0, 0.0, 1.0]);
    }
}
