//! Where pictures and sound come from: ffmpeg as a child that reads a camera and a microphone, or plays a file as if it
//! were one. It writes fragmented MP4 to its standard output and 16 kHz mono sound into a pipe beside it.

use crate::GlassesError;
use media::Companion;
use rustix::fs::{CWD, FileType, Mode, mknodat};
use std::{
    ffi::OsString,
    path::{Path, PathBuf},
    process::{Command, Stdio},
};
use tokio::net::unix::pipe;

/// Longest fragment, in microseconds of recording: what a loss of power costs at most.
const FRAGMENT_US: &str = "2000000";
/// No fragment is shorter, however many keyframes a file has.
const SHORTEST_FRAGMENT_US: &str = "1000000";

/// What to record from.
#[derive(Clone, Debug)]
pub struct Source {
    /// The ffmpeg program.
    pub ffmpeg: PathBuf,
    /// What it reads.
    pub input: Input,
}

/// What a source reads.
#[derive(Clone, Debug)]
pub enum Input {
    /// A camera and a microphone.
    Camera {
        /// V4L2 device, such as `/dev/video0`.
        camera: String,
        /// ALSA device, such as `default`; `None` records without sound.
        microphone: Option<String>,
        /// Width and height that the camera is asked for.
        size: String,
        /// Pictures a second that the camera is asked for.
        rate: u32,
        /// Bits a second of the picture.
        bits_per_second: u64,
    },
    /// A file in place of both.
    File {
        /// The file.
        path: PathBuf,
        /// Seconds of it in one second.
        speed: f64,
        /// Its picture is H.264, and is copied.
        copy_video: bool,
        /// Its sound is AAC, and is copied; `None` without sound.
        copy_audio: Option<bool>,
    },
}

/// A source that runs. Dropping it kills it.
pub struct Running {
    /// The child; its standard output is the recording.
    pub child: Companion,
    /// The sound, as 16-bit samples at 16 kHz; `None` without a microphone.
    pub sound: Option<pipe::Receiver>,
}

impl Source {
    /// Seconds of recording in one second.
    pub fn speed(&self) -> f64 {
        match self.input {
            Input::Camera { .. } => 1.0,
            Input::File { speed, .. } => speed,
        }
    }

    /// What a second of recording takes on the disk, about; a file's is not known before.
    pub fn bits_per_second(&self) -> u64 {
        match self.input {
            Input::Camera { bits_per_second, .. } => bits_per_second + 96_000,
            Input::File { .. } => 4_000_000,
        }
    }

    /// Opens the microphone alone, to hear commands while nothing is recorded. A file says nothing then.
    pub async fn listen(&self) -> Option<Companion> {
        let Input::Camera { microphone: Some(microphone), .. } = &self.input else { return None };
        let mut command = Command::new(&self.ffmpeg);
        command.args(["-hide_banner", "-loglevel", "error", "-nostdin", "-f", "alsa", "-i", microphone]);
        command.args(["-ac", "1", "-ar", "16000", "-flush_packets", "1", "-f", "s16le", "pipe:1"]);
        command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::null());
        Companion::start(command).await.ok()
    }

    /// Whether it ends by itself.
    pub fn is_file(&self) -> bool {
        matches!(self.input, Input::File { .. })
    }

    /// Starts it; a file from `position` seconds. `folder` is where the pipe for the sound may stand.
    ///
    /// # Errors
    /// When ffmpeg cannot be started.
    pub async fn start(&self, folder: &Path, position: f64) -> Result<Running, GlassesError> {
        let has_sound = match &self.input {
            Input::Camera { microphone, .. } => microphone.is_some(),
            Input::File { copy_audio, .. } => copy_audio.is_some(),
        };
        let sound = if has_sound { Some(sound_pipe(folder)?) } else { None };
        let mut command = Command::new(&self.ffmpeg);
        command.args(["-hide_banner", "-loglevel", "error", "-nostdin", "-y"]);
        self.input.arguments(&mut command, position);
        command.args(["-f", "mp4", "-movflags", "empty_moov+default_base_moof+frag_keyframe+skip_trailer"]);
        command.args(["-frag_duration", FRAGMENT_US, "-min_frag_duration", SHORTEST_FRAGMENT_US]);
        command.args(["-flush_packets", "1", "pipe:1"]);
        if let Some((path, _)) = &sound {
            let map = if self.is_file() { "0:a:0" } else { "1:a:0" };
            command.args(["-map", map, "-vn", "-ac", "1", "-ar", "16000", "-c:a", "pcm_s16le"]);
            command.args(["-flush_packets", "1", "-f", "s16le"]).arg(path);
        }
        command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
        let child = Companion::start(command).await;
        let child =
            child.map_err(|e| GlassesError::Source(format!("{} cannot be started: {e}", self.ffmpeg.display())))?;
        Ok(Running { child, sound: sound.map(|(_, receiver)| receiver) })
    }
}

impl Input {
    fn arguments(&self, command: &mut Command, position: f64) {
        match self {
            Self::Camera { camera, microphone, size, rate, bits_per_second } => {
                let rate = rate.to_string();
                command.args(["-f", "v4l2", "-thread_queue_size", "64", "-video_size", size, "-framerate", &rate]);
                command.args(["-i", camera]);
                if let Some(microphone) = microphone {
                    command.args(["-f", "alsa", "-thread_queue_size", "1024", "-i", microphone, "-map", "1:a:0"]);
                }
                command.args(["-map", "0:v:0", "-c:v", "libx264", "-b:v", &bits_per_second.to_string()]);
                encode(command);
                command.args(["-c:a", "aac", "-b:a", "96k"]);
            }
            Self::File { path, speed, copy_video, copy_audio } => {
                let mut file = OsString::from("file:");
                file.push(path);
                command.args(["-readrate", &speed.to_string()]);
                if position > 0.0 {
                    command.args(["-ss", &format!("{position:.3}")]);
                }
                command.args(["-protocol_whitelist", "file,pipe", "-i"]).arg(file).args(["-map", "0:v:0"]);
                if *copy_video {
                    command.args(["-c:v", "copy"]);
                } else {
                    command.args(["-c:v", "libx264", "-crf", "26"]);
                    encode(command);
                }
                match copy_audio {
                    Some(true) => command.args(["-map", "0:a:0", "-c:a", "copy"]),
                    Some(false) => command.args(["-map", "0:a:0", "-c:a", "aac", "-b:a", "96k"]),
                    None => command.arg("-an"),
                };
            }
        }
    }
}

/// A keyframe every 2 seconds, so that a fragment can be decoded by itself.
fn encode(command: &mut Command) {
    command.args(["-preset", "veryfast", "-pix_fmt", "yuv420p", "-sc_threshold", "0"]);
    command.args(["-force_key_frames", "expr:gte(t,n_forced*2)"]);
}

/// A pipe with a name that a child can open, and its end to read from.
fn sound_pipe(folder: &Path) -> Result<(PathBuf, pipe::Receiver), GlassesError> {
    let path = folder.join("sound.pipe");
    let _ = std::fs::remove_file(&path);
    let made = mknodat(CWD, &path, FileType::Fifo, Mode::RUSR | Mode::WUSR, 0).map_err(Into::into);
    let opened = made.and_then(|()| pipe::OpenOptions::new().open_receiver(&path));
    opened.map(|receiver| (path.clone(), receiver)).map_err(|cause| GlassesError::disk(&path, cause))
}
