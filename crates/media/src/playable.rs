//! A recording as browsers play it: as it is, copied into a fitting container, or re-encoded where nothing else helps.

use crate::{
    MediaError, Probed, Tools,
    probe::verify_packets,
    sniff::{self, Kind, Sniffed},
};
use domain::recording::MediaInfo;
use serde::{Deserialize, Serialize};
use std::{ffi::OsString, path::Path, process::Stdio};
use tokio::io::{AsyncBufReadExt, BufReader};

/// What a recording needs until Chromium and Firefox play it and seek in it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Playable {
    /// Nothing: MP4 with its index first, or WebM with length and seek points.
    AsIs,
    /// A stream copy: the index to the front, length and seek points written.
    Remux,
    /// Re-encoding of the picture, of the sound, or of both; what already plays is copied.
    Transcode,
}

impl Playable {
    pub(crate) fn of(sniffed: &Sniffed, info: &MediaInfo, streams: usize) -> Self {
        let plan = Plan::of(info);
        if !(plan.keeps_video && plan.keeps_audio) {
            return Self::Transcode;
        }
        let whole = sniffed.seekable && !sniffed.foreign && info.warnings.is_empty();
        let alone = streams == usize::from(info.video.is_some()) + usize::from(info.audio.is_some());
        let home = match sniffed.kind {
            Kind::Mov => "mp4",
            Kind::Matroska => "webm",
            _ => "",
        };
        if whole && alone && home == plan.extension { Self::AsIs } else { Self::Remux }
    }
}

/// The container in which the recording will play, and what of it can be copied.
pub(crate) struct Plan {
    pub extension: &'static str,
    pub keeps_video: bool,
    pub keeps_audio: bool,
}

impl Plan {
    pub fn of(info: &MediaInfo) -> Self {
        let video = info.video.as_ref().map(|v| (v.codec.as_str(), v.pixel_format.as_str()));
        let video = video.map(|(codec, format)| (codec, ["yuv420p", "yuvj420p"].contains(&format)));
        let audio = info.audio.as_ref().map(|a| a.codec.as_str());
        let extension = match (video, audio) {
            (Some(("vp8", true)), _) | (None, Some("opus" | "vorbis")) => "webm",
            (Some(("vp9" | "av1", true)), None | Some("opus" | "vorbis")) => "webm",
            _ => "mp4",
        };
        let at_home = |audio| match extension {
            "webm" => matches!(audio, "opus" | "vorbis"),
            _ => matches!(audio, "aac" | "opus") || (audio == "mp3" && video.is_some()),
        };
        Self {
            extension,
            keeps_video: matches!(video, None | Some(("h264" | "vp8" | "vp9" | "av1", true))),
            keeps_audio: audio.is_none_or(at_home),
        }
    }
}

/// Writes the recording at `src` to `dst` as browsers play it: first picture and first sound, rotation kept.
/// `progress` is told the share done, 0 to 1. `dst` appears whole or not at all. Returns what it came out as.
///
/// # Errors
/// [`MediaError`]; the result's length is compared with `probed` before it counts.
pub async fn make_playable(
    tools: &Tools,
    src: &Path,
    probed: &Probed,
    dst: &Path,
    progress: impl Fn(f64) + Send + Sync,
) -> Result<Probed, MediaError> {
    const DOING: &str = "making the recording playable";
    let seconds = probed.info.duration_seconds;
    let re_encodes = probed.playable == Playable::Transcode;
    let extra = if re_encodes { 6.0 * seconds } else { seconds };
    tools
        .within(DOING, extra, async {
            let beside = Beside::new(dst)?;
            let kind = sniff::sniff(src).await?.kind;
            let mut args = common();
            args.push("-y".into());
            args.extend(sniff::open_args(src, kind)?);
            args.extend(streams(&probed.info, true, true));
            args.extend(encoding(tools, probed));
            args.extend(muxing(probed.playable_extension()));
            args.push(sniff::file_url(beside.path())?);
            run_telling(tools, DOING, args, seconds, &progress).await?;
            beside.write_out();
            let made = verify_packets(tools, DOING, beside.path(), seconds).await?;
            beside.publish(DOING)?;
            progress(1.0);
            Ok(made)
        })
        .await
}

/// Runs ffmpeg, whose output will last `seconds`, and tells `progress` the share done, 0 to 1.
pub(crate) async fn run_telling(
    tools: &Tools,
    doing: &'static str,
    mut args: Vec<OsString>,
    seconds: f64,
    progress: impl Fn(f64),
) -> Result<(), MediaError> {
    args.splice(0..0, ["-progress", "pipe:1", "-stats_period", "0.5"].map(Into::into));
    let mut running = tools.start(doing, &tools.ffmpeg, args, Stdio::null()).await?;
    let mut lines = BufReader::new(running.stdout()?).lines();
    while let Some(line) = lines.next_line().await.map_err(|e| MediaError::io(doing, &tools.ffmpeg, e))? {
        if let Some(micros) = line.strip_prefix("out_time_us=").and_then(|t| t.parse::<f64>().ok()) {
            progress((micros / 1e6 / seconds).clamp(0.0, 1.0));
        }
    }
    running.finish().await
}

/// What every call of ffmpeg begins with.
pub(crate) fn common() -> Vec<OsString> {
    ["-hide_banner", "-loglevel", "error", "-nostdin"].map(Into::into).to_vec()
}

/// Chooses the streams that a result carries.
pub(crate) fn streams(info: &MediaInfo, video: bool, audio: bool) -> Vec<OsString> {
    let video = info.video.as_ref().filter(|_| video).map(|v| v.stream);
    let audio = info.audio.as_ref().filter(|_| audio).map(|a| a.stream);
    let chosen = video.into_iter().chain(audio);
    let mut args: Vec<OsString> = chosen.flat_map(|s| ["-map".into(), format!("0:{s}").into()]).collect();
    args.extend(["-dn", "-sn", "-map_metadata", "-1", "-map_chapters", "-1"].map(Into::into));
    args
}

/// The container's arguments, up to the output's name.
pub(crate) fn muxing(extension: &str) -> Vec<OsString> {
    let args: &[&str] = match extension {
        "webm" => &["-cues_to_front", "1", "-f", "webm"],
        _ => &["-movflags", "+faststart", "-f", "mp4"],
    };
    args.iter().map(Into::into).collect()
}

fn encoding(tools: &Tools, probed: &Probed) -> Vec<OsString> {
    let Plan { extension, keeps_video, keeps_audio } = Plan::of(&probed.info);
    let mut args: Vec<OsString> = Vec::new();
    if keeps_video {
        args.extend(["-c:v", "copy"].map(Into::into));
    } else {
        let scale = "scale='min(1920,iw)':-2:flags=bilinear,setsar=1,format=yuv420p";
        args.extend(["-vf", scale, "-c:v", "libx264", "-preset", "veryfast", "-crf", "23"].map(Into::into));
        args.extend(["-force_key_frames", "expr:gte(t,n_forced*2)", "-threads"].map(Into::into));
        args.push(tools.threads.to_string().into());
    }
    let sound: &[&str] = match (keeps_audio, extension) {
        (true, _) => &["-c:a", "copy"],
        (false, "webm") => &["-c:a", "libopus", "-ac", "2", "-b:a", "96k"],
        (false, _) => &["-c:a", "aac", "-ac", "2", "-b:a", "128k"],
    };
    args.extend(sound.iter().map(Into::into));
    args
}

/// A place to write in, beside `dst` and gone with this value, from where the result is renamed.
/// A folder rather than a file: a child that starts late cannot create its output in a folder that is gone.
pub(crate) struct Beside<'a> {
    dst: &'a Path,
    path: std::path::PathBuf,
    folder: tempfile::TempDir,
}

impl<'a> Beside<'a> {
    pub fn new(dst: &'a Path) -> Result<Self, MediaError> {
        let parent = dst.parent().filter(|p| !p.as_os_str().is_empty()).unwrap_or(Path::new("."));
        let folder = tempfile::Builder::new().prefix(".making-").tempdir_in(parent);
        let folder = folder.map_err(|e| MediaError::io("writing beside", dst, e))?;
        Ok(Self { dst, path: folder.path().join("output"), folder })
    }

    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Where what is needed on the way may lie.
    pub fn folder(&self) -> &Path {
        self.folder.path()
    }

    /// Has the disk begin while the result is examined: who stores it will sync it, and then waits less.
    pub fn write_out(&self) {
        if let Ok(file) = std::fs::File::open(&self.path) {
            tokio::task::spawn_blocking(move || file.sync_data());
        }
    }

    pub fn publish(self, doing: &'static str) -> Result<(), MediaError> {
        std::fs::rename(&self.path, self.dst).map_err(|e| MediaError::io(doing, self.dst, e))
    }
}
