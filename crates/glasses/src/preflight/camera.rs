//! Whether the lens sees and the microphone hears: a few frames and half a second of sound.

use super::{Check, State, check};
use crate::{
    sound::{RATE, SILENCE_DB, level_db},
    source::{Input, Source},
};
use media::Companion;
use std::{
    ffi::OsString,
    process::{Command, Stdio},
};
use tokio::io::AsyncReadExt;

const WIDTH: usize = 64;
const HEIGHT: usize = 36;
/// Mean luma, 0 to 255, below which a picture shows nothing.
const DARK: f64 = 20.0;
/// Standard deviation of luma below which it shows one surface, such as a thumb.
const FLAT: f64 = 4.0;

/// Whether pictures come and show something. Without pictures nothing can be recorded.
pub(super) async fn lens(source: &Source) -> Check {
    let input: Vec<OsString> = match &source.input {
        Input::Camera { camera, size, .. } => {
            // The first pictures of a camera that wakes up are dark.
            ["-f", "v4l2", "-video_size", size, "-i", camera, "-vf", "select=gte(n\\,4),scale=64:36,format=gray"]
                .map(Into::into)
                .into()
        }
        Input::File { path, .. } => [file(path), vec!["-vf".into(), "scale=64:36,format=gray".into()]].concat(),
    };
    let frame = WIDTH * HEIGHT;
    let output = ["-frames:v", "2", "-f", "rawvideo", "pipe:1"];
    match bytes(source, input, &output, 2 * frame).await {
        Ok(frames) if frames.len() >= frame => {
            let (mean, deviation) = luma(&frames[frames.len() - frame..]);
            if mean < DARK {
                check("lens", State::Warning, "The picture is dark. Uncover the lens, or put on a light")
            } else if deviation < FLAT {
                check("lens", State::Warning, "The picture shows nothing. Uncover or clean the lens")
            } else {
                check("lens", State::Good, "sees")
            }
        }
        Ok(_) => {
            check("lens", State::Impossible, "The camera gives no picture. Plug it in, or choose another with --camera")
        }
        Err(said) => {
            check("lens", State::Impossible, format!("The camera cannot be used: {said}. Choose another with --camera"))
        }
    }
}

/// Whether sound comes.
pub(super) async fn microphone(source: &Source) -> Check {
    let input: Vec<OsString> = match &source.input {
        Input::Camera { microphone: None, .. } => {
            return check("microphone", State::Warning, "No microphone. What is said is not recorded");
        }
        Input::Camera { microphone: Some(name), .. } => ["-f", "alsa", "-i", name].map(Into::into).into(),
        Input::File { copy_audio: None, .. } => {
            return check("microphone", State::Warning, "The file has no sound. What is said is not recorded");
        }
        Input::File { path, .. } => file(path),
    };
    let output = ["-vn", "-t", "0.5", "-ac", "1", "-ar", "16000", "-f", "s16le", "pipe:1"];
    match bytes(source, input, &output, RATE).await {
        Ok(sound) if !sound.is_empty() => {
            let samples: Vec<i16> = sound.chunks_exact(2).map(|s| i16::from_le_bytes([s[0], s[1]])).collect();
            let db = level_db(&samples);
            if db < SILENCE_DB {
                check("microphone", State::Warning, "The microphone is silent. Switch it on, or uncover it")
            } else {
                check("microphone", State::Good, format!("hears, {db:.0} dB"))
            }
        }
        Ok(_) => check(
            "microphone",
            State::Warning,
            "The microphone gives no sound. Plug it in, or choose another with --microphone",
        ),
        Err(said) => check(
            "microphone",
            State::Warning,
            format!("The microphone cannot be used: {said}. Choose another with --microphone (arecord -L names them)"),
        ),
    }
}

fn file(path: &std::path::Path) -> Vec<OsString> {
    let mut name = OsString::from("file:");
    name.push(path);
    vec!["-i".into(), name]
}

async fn bytes(source: &Source, input: Vec<OsString>, output: &[&str], most: usize) -> Result<Vec<u8>, String> {
    let mut command = Command::new(&source.ffmpeg);
    command.args(["-hide_banner", "-loglevel", "error", "-nostdin"]).args(input).args(output);
    command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
    let mut child = Companion::start(command).await.map_err(|e| e.to_string())?;
    let mut bytes = Vec::new();
    if let Some(stdout) = &mut child.stdout {
        stdout.take(most as u64).read_to_end(&mut bytes).await.map_err(|e| e.to_string())?;
    }
    // Gone when this returns, so that the recorder finds the device free.
    let (_, said) = child.end().await.map_err(|e| e.to_string())?;
    if bytes.is_empty() && !said.is_empty() { Err(reason(&said)) } else { Ok(bytes) }
}

/// The one line of ffmpeg's that says why: `[alsa @ 0x55d0] cannot open audio device default (No such file or directory)`.
/// What ALSA itself prints before is for its makers.
fn reason(said: &str) -> String {
    let mut lines = said.lines().map(str::trim).filter(|line| !line.is_empty() && !line.starts_with("ALSA lib"));
    let line = lines.next().unwrap_or(said);
    line.split_once("] ").filter(|(before, _)| before.starts_with('[')).map_or(line, |(_, rest)| rest).to_owned()
}

/// Mean and standard deviation.
fn luma(frame: &[u8]) -> (f64, f64) {
    let count = frame.len().max(1) as f64;
    let mean = frame.iter().map(|l| f64::from(*l)).sum::<f64>() / count;
    let variance = frame.iter().map(|l| (f64::from(*l) - mean).powi(2)).sum::<f64>() / count;
    (mean, variance.sqrt())
}

#[cfg(test)]
mod tests {
    use super::reason;
    use rstest::rstest;

    #[rstest]
    #[case(
        "ALSA lib confmisc.c:855:(parse_card) cannot find card '0'\nALSA lib pcm.c:2666:(snd_pcm_open_noupdate) Unknown PCM default\n\
         [alsa @ 0x55d0] cannot open audio device default (No such file or directory)\ndefault: Input/output error",
        "cannot open audio device default (No such file or directory)"
    )]
    #[case(
        "[video4linux2,v4l2 @ 0x1] Cannot open video device /dev/video0: No such file or directory\n/dev/video0: No such file or directory",
        "Cannot open video device /dev/video0: No such file or directory"
    )]
    #[case("/dev/video0: Permission denied", "/dev/video0: Permission denied")]
    fn one_line_says_why(#[case] said: &str, #[case] expected: &str) {
        assert_eq!(reason(said), expected);
    }
}
