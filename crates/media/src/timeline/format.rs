//! What most of the runs are, so that the others follow them.

use super::Placed;
use crate::playable::Plan;
use domain::recording::{AudioInfo, MediaInfo, VideoInfo};
use std::ffi::OsString;

/// How the recording comes out.
#[derive(Debug)]
pub(super) struct Format {
    /// `mp4` or `webm`.
    pub extension: &'static str,
    pub video: Option<Video>,
    pub audio: Option<Audio>,
}

/// The picture of all runs. Width and height in pixels as stored, rotation in degrees clockwise.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Video {
    codec: String,
    width: u32,
    height: u32,
    rotation: u32,
    pixel_format: String,
}

/// The sound of all runs.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Audio {
    pub codec: String,
    pub sample_rate: u32,
    pub channels: u32,
    /// The sound is stored at that rate, so that a silent packet of our own fits in.
    plain: bool,
}

impl Format {
    pub fn of(runs: &[Placed]) -> Self {
        let video = most(runs, |run| run.look.info.video.as_ref().map(Video::of));
        let audio = most(runs, Audio::of);
        let info = |runs: &[Placed]| MediaInfo {
            video: runs.iter().find(|r| Video::in_run(r) == video).and_then(|r| r.look.info.video.clone()),
            audio: runs.iter().find(|r| Audio::of(r) == audio).and_then(|r| r.look.info.audio.clone()),
            ..runs[0].look.info.clone()
        };
        let plan = Plan::of(&info(runs));
        let others_differ = runs.iter().any(|r| Video::in_run(r).is_some_and(|v| Some(v) != video));
        let video = video.map(|v| {
            let encodable = ["h264", "vp8", "vp9"].contains(&v.codec.as_str()) && v.rotation == 0;
            if plan.keeps_video && (encodable || !others_differ) { v } else { v.as_re_encoded(plan.extension) }
        });
        let audio = audio.map(|a| if plan.keeps_audio && a.plain { a } else { Audio::re_encoded(plan.extension) });
        Self { extension: plan.extension, video, audio }
    }

    pub fn copies_video(&self, run: &Placed) -> bool {
        Video::in_run(run) == self.video
    }

    pub fn copies_audio(&self, run: &Placed) -> bool {
        Audio::of(run) == self.audio
    }

    /// What is re-encoded of `run`, as a sentence part.
    pub fn difference(&self, run: &Placed) -> Option<String> {
        let picture = Video::in_run(run).is_some() && !self.copies_video(run);
        let sound = Audio::of(run).is_some() && !self.copies_audio(run);
        let what = match (picture, sound) {
            (true, true) => "picture and sound",
            (true, false) => "the picture",
            (false, true) => "the sound",
            (false, false) => return None,
        };
        Some(format!(
            "part {} of the recording is of another kind than the rest: {what} had to be re-encoded",
            run.index + 1
        ))
    }
}

/// What the longest time of all runs is of.
fn most<T: PartialEq>(runs: &[Placed], kind: impl Fn(&Placed) -> Option<T>) -> Option<T> {
    let mut kinds: Vec<(T, f64)> = Vec::new();
    for run in runs {
        let Some(of_run) = kind(run) else { continue };
        match kinds.iter_mut().find(|(known, _)| *known == of_run) {
            Some((_, seconds)) => *seconds += run.look.span.duration(),
            None => kinds.push((of_run, run.look.span.duration())),
        }
    }
    kinds.into_iter().max_by(|a, b| a.1.total_cmp(&b.1)).map(|(kind, _)| kind)
}

impl Video {
    fn in_run(run: &Placed) -> Option<Self> {
        run.look.info.video.as_ref().map(Self::of)
    }

    fn of(info: &VideoInfo) -> Self {
        let upright = info.rotation.is_multiple_of(180);
        let (width, height) = if upright { (info.width, info.height) } else { (info.height, info.width) };
        let VideoInfo { codec, rotation, pixel_format, .. } = info.clone();
        Self { codec, width, height, rotation, pixel_format }
    }

    /// Upright, at most 1920 wide, in a codec for `extension`.
    fn as_re_encoded(&self, extension: &str) -> Self {
        let upright = self.rotation.is_multiple_of(180);
        let (width, height) = if upright { (self.width, self.height) } else { (self.height, self.width) };
        let share = (1920.0 / f64::from(width)).min(1.0);
        let even = |pixels: u32| ((f64::from(pixels) * share / 2.0).round() as u32 * 2).max(2);
        let codec = if extension == "webm" { "vp8" } else { "h264" };
        Self {
            codec: codec.into(),
            width: even(width),
            height: even(height),
            rotation: 0,
            pixel_format: "yuv420p".into(),
        }
    }

    /// ffmpeg's arguments that make this of any picture.
    pub fn encoding(&self, threads: usize) -> Vec<OsString> {
        let Self { width: w, height: h, pixel_format, .. } = self;
        let fit = format!(
            "scale={w}:{h}:force_original_aspect_ratio=decrease:flags=bilinear,pad={w}:{h}:-1:-1,setsar=1,format={pixel_format}"
        );
        let codec: &[&str] = match self.codec.as_str() {
            "vp8" => &["-c:v", "libvpx", "-b:v", "2500k"],
            "vp9" => &["-c:v", "libvpx-vp9", "-b:v", "2000k", "-row-mt", "1"],
            _ => &["-c:v", "libx264", "-preset", "veryfast", "-crf", "23"],
        };
        let live: &[&str] =
            if self.codec.starts_with("vp") { &["-deadline", "realtime", "-cpu-used", "8"] } else { &[] };
        let mut args: Vec<OsString> = vec!["-vf".into(), fit.into(), "-vsync".into(), "vfr".into()];
        args.extend(codec.iter().chain(live).map(Into::into));
        args.extend(["-force_key_frames", "expr:gte(t,n_forced*2)", "-threads"].map(Into::into));
        args.push(threads.to_string().into());
        args
    }
}

impl Audio {
    fn of(run: &Placed) -> Option<Self> {
        let AudioInfo { codec, sample_rate, channels, .. } = run.look.info.audio.clone()?;
        let stored = codec == "opus" || codec == "aac" && ["LC", ""].contains(&run.look.profile.as_str());
        let plain = stored && (1..=2).contains(&channels) && sample_rate > 0;
        Some(Self { codec, sample_rate, channels, plain })
    }

    fn re_encoded(extension: &str) -> Self {
        let codec = if extension == "webm" { "opus" } else { "aac" };
        Self { codec: codec.into(), sample_rate: 48_000, channels: 2, plain: true }
    }

    /// `mono` or `stereo`.
    pub fn layout(&self) -> &'static str {
        if self.channels == 1 { "mono" } else { "stereo" }
    }

    /// ffmpeg's arguments that choose this codec.
    pub fn encoder(&self) -> Vec<OsString> {
        let args: &[&str] = match self.codec.as_str() {
            "opus" => &["-c:a", "libopus", "-b:a", "96k"],
            _ => &["-c:a", "aac", "-b:a", "128k"],
        };
        args.iter().map(Into::into).collect()
    }

    /// ffmpeg's arguments that make this of any sound, its holes filled.
    pub fn encoding(&self) -> Vec<OsString> {
        let filter = format!("aresample={}:async=1,aformat=channel_layouts={}", self.sample_rate, self.layout());
        let mut args = vec!["-af".into(), filter.into()];
        args.extend(self.encoder());
        args
    }

    /// The container in which pieces of it keep their times exactly.
    pub fn container(&self) -> &'static str {
        if self.codec == "aac" { "mp4" } else { "matroska" }
    }
}
