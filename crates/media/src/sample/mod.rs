//! Sample recordings, made on the spot: moving pictures by ffmpeg, a voice by flite. For the demo and for tests.

mod boiler_service;
mod picture;
mod speech;

pub use boiler_service::BOILER_SERVICE;
pub use speech::Voice;

use crate::{
    MediaError, Tools,
    playable::{Beside, common},
    probe::verify,
    sniff::file_url,
};
use std::path::Path;

/// One sentence: its start in seconds, its words, and what the picture shows from then on.
pub type Line = (f64, &'static str, &'static str);

/// Seconds that the recording goes on after the last sentence.
const TAIL_SECONDS: f64 = 3.0;

/// Makes the sample recording "Boiler service" at `dst`: three minutes, 1280 x 720, H.264 and AAC in MP4.
///
/// # Errors
/// As [`sample_recording`].
pub async fn boiler_service(tools: &Tools, dst: &Path) -> Result<(), MediaError> {
    sample_recording(tools, BOILER_SERVICE, &Voice::find()?, dst).await
}

/// Makes an MP4 at `dst` in which `voice` says `script` over a picture for each of its scenes, a keyframe every 2 s.
/// A sentence that is not over when the next begins is heard to its end, and the next follows.
///
/// # Errors
/// [`MediaError`]
pub async fn sample_recording(tools: &Tools, script: &[Line], voice: &Voice, dst: &Path) -> Result<(), MediaError> {
    const DOING: &str = "making a sample recording";
    let beside = Beside::new(dst)?;
    let (track, sentence) = (beside.path().with_extension("track"), beside.path().with_extension("sentence"));
    let seconds = voice.speak(tools, script, &sentence, &track, TAIL_SECONDS).await?;
    let scenes = picture::scenes(script, seconds);
    let words = picture::can_write(tools).await;
    let mut args = common();
    args.extend(["-y", "-f", "s16le", "-ar", "16000", "-ac", "1", "-i"].map(Into::into));
    args.push(file_url(&track)?);
    args.extend(["-filter_complex".into(), picture::graph(&scenes, words).into()]);
    args.extend(["-map", "[picture]", "-map", "0:a", "-c:v", "libx264", "-preset", "ultrafast"].map(Into::into));
    args.extend(["-crf", "28", "-pix_fmt", "yuv420p", "-g", "30", "-keyint_min", "30"].map(Into::into));
    args.extend(["-c:a", "aac", "-b:a", "96k", "-ar", "44100", "-movflags", "+faststart"].map(Into::into));
    args.extend(["-t".into(), format!("{seconds:.3}").into(), "-f".into(), "mp4".into(), file_url(beside.path())?]);
    tools.within(DOING, 2.0 * seconds, tools.run(DOING, &tools.ffmpeg, args)).await?;
    verify(tools, DOING, beside.path(), seconds).await?;
    beside.publish(DOING)
}

/// The script as WebVTT, a cue for each sentence.
pub fn script_captions(script: &[Line]) -> String {
    use std::fmt::Write;
    let mut captions = String::from("WEBVTT\n");
    for (i, (start, text, _)) in script.iter().enumerate() {
        let next = script.get(i + 1).map_or(f64::INFINITY, |line| line.0);
        let end = (start + speech::seconds_to_say(text)).min(next);
        // Writing to a string does not fail.
        let _ = write!(captions, "\n{} --> {}\n{text}\n", clock(*start), clock(end));
    }
    captions
}

fn clock(seconds: f64) -> String {
    let ms = (seconds * 1000.0).round() as u64;
    format!("{:02}:{:02}:{:02}.{:03}", ms / 3_600_000, ms / 60_000 % 60, ms / 1000 % 60, ms % 1000)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn captions_follow_the_script() {
        let captions = script_captions(&[(1.0, "Hello there.", "a"), (1.5, "Again.", "a")]);
        assert!(captions.starts_with("WEBVTT\n\n00:00:01.000 --> 00:00:01.500\nHello there.\n\n00:00:01.500 --> "));
    }

    #[test]
    fn the_boiler_script_leaves_each_sentence_its_time() {
        for pair in BOILER_SERVICE.windows(2) {
            assert!(pair[0].0 + speech::seconds_to_say(pair[0].1) <= pair[1].0 + 0.5, "{pair:?}");
        }
    }
}
