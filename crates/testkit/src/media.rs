//! Recordings made by ffmpeg: a moving test picture and a tone.

use std::{
    path::{Path, PathBuf},
    process::Command,
};

/// The file format, and with it the codecs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Container {
    /// H.264 and AAC, its index at the end.
    Mp4,
    /// H.264 and AAC in fragments, as glasses write it while they record: a cut loses the last fragment only.
    FragmentedMp4,
    /// VP8 and Opus, without a duration and without cues, as a browser's MediaRecorder writes it.
    Webm,
}

/// What to make.
#[derive(Clone, Debug, PartialEq)]
pub struct MediaSpec {
    /// Length in seconds.
    pub seconds: f64,
    /// Pixels.
    pub width: u32,
    /// Pixels.
    pub height: u32,
    /// Frames per second.
    pub fps: u32,
    /// Seconds from keyframe to keyframe.
    pub keyframe_seconds: f64,
    /// With a tone of 440 Hz, 48 kHz mono, or without sound.
    pub audio: bool,
    /// The file format.
    pub container: Container,
}

impl Default for MediaSpec {
    /// Ten seconds of 320x180 at 10 frames a second, a keyframe every 2 s, with sound, MP4.
    fn default() -> Self {
        Self {
            seconds: 10.0,
            width: 320,
            height: 180,
            fps: 10,
            keyframe_seconds: 2.0,
            audio: true,
            container: Container::Mp4,
        }
    }
}

/// Writes a recording into `dir` and returns its path. `None`, said aloud, when ffmpeg is not installed.
pub fn recording(dir: &Path, spec: &MediaSpec) -> Option<PathBuf> {
    if Command::new("ffmpeg").arg("-version").output().is_err() {
        crate::skip("ffmpeg is not installed");
        return None;
    }
    let ending = if spec.container == Container::Webm { "webm" } else { "mp4" };
    let path = dir.join(format!("recording-{}.{ending}", uuid::Uuid::new_v4().simple()));
    crate::child::run(Command::new("ffmpeg").args(arguments(spec)).arg(&path));
    Some(path)
}

fn arguments(spec: &MediaSpec) -> Vec<String> {
    let MediaSpec { seconds, width, height, fps, .. } = spec;
    let gop = (spec.keyframe_seconds * f64::from(*fps)).round().max(1.0);
    let mut list = words("-nostdin -v error -threads 1 -f lavfi -i");
    list.push(format!("testsrc2=size={width}x{height}:rate={fps}:duration={seconds}"));
    if spec.audio {
        list.extend(words("-f lavfi -i"));
        list.push(format!("sine=frequency=440:sample_rate=48000:duration={seconds}"));
    }
    list.extend(words(&format!("-pix_fmt yuv420p -g {gop} -keyint_min {gop} -ac 1")));
    list.extend(words(match spec.container {
        Container::Mp4 => "-c:v libx264 -preset ultrafast -sc_threshold 0 -c:a aac -f mp4",
        Container::FragmentedMp4 => {
            "-c:v libx264 -preset ultrafast -sc_threshold 0 -c:a aac -f mp4 -movflags frag_keyframe+empty_moov"
        }
        Container::Webm => "-c:v libvpx -deadline realtime -cpu-used 8 -b:v 500k -c:a libopus -f webm -live 1",
    }));
    list
}

fn words(text: &str) -> Vec<String> {
    text.split_whitespace().map(str::to_owned).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn makes_what_was_asked_for() {
        let dir = tempfile::tempdir().unwrap();
        for container in [Container::Mp4, Container::FragmentedMp4, Container::Webm] {
            let spec = MediaSpec { seconds: 4.0, container, ..MediaSpec::default() };
            let Some(path) = recording(dir.path(), &spec) else { return };
            let packets = crate::child::run(
                Command::new("ffprobe")
                    .args(words("-v error -select_streams v -show_entries packet=flags -of csv=p=0"))
                    .arg(&path),
            );
            let keyframes = packets.lines().filter(|line| line.starts_with('K')).count();
            assert_eq!((packets.lines().count(), keyframes), (40, 2), "{container:?}");
        }
    }
}
