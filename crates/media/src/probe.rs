//! What a file holds: its streams by ffprobe, its length and keyframes by its packets.

use crate::{
    MediaError, Playable, Tools,
    playable::Plan,
    sniff::{self, Kind, Sniffed},
};
use domain::{
    Span,
    recording::{AudioInfo, MediaInfo, VideoInfo},
};
use serde::{Deserialize, Serialize};
use std::{path::Path, process::Stdio};
use tokio::io::{AsyncBufReadExt, BufReader};

/// Largest picture that is taken, in pixels: 8192 x 8192.
pub const MAX_PIXELS: u64 = 8192 * 8192;

/// Keyframes nearer than this to the one before are left out: an all-keyframe file would fill the list.
const KEYFRAME_GAP_SECONDS: f64 = 0.2;
/// Without a packet of the picture for this long, no picture comes. A camera that records seldom has smaller gaps.
const PICTURE_GAP_SECONDS: f64 = 3.0;
/// A single packet counts at most this long, whatever it says of itself.
const PACKET_LIMIT_SECONDS: f64 = 10.0;

/// What a recording turned out to be.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Probed {
    /// Streams, length, warnings.
    pub info: MediaInfo,
    /// Times of the keyframes in seconds from the start of the recording, ascending, at least 0.2 s apart; empty
    /// without a picture.
    pub keyframes: Vec<f64>,
    /// Mean size of the packets between a keyframe and the next that are none, as a share of the keyframe's own size:
    /// how much the picture changes meanwhile. One for each of `keyframes`, 0 where there are no such packets.
    #[serde(default)]
    pub flow: Vec<f32>,
    /// Where no picture comes for 3 s and more though the recording goes on, in order, in seconds from its start; empty
    /// without a picture.
    #[serde(default)]
    pub picture_gaps: Vec<Span>,
    /// The file's own clock at its start, in seconds. All other times count from here.
    pub start_time: f64,
    /// What it needs until a browser plays it.
    pub playable: Playable,
}

impl Probed {
    /// `mp4` or `webm`: the extension of the playable recording and of its clips.
    pub fn playable_extension(&self) -> &'static str {
        Plan::of(&self.info).extension
    }
}

/// Judges the file at `path` by its content.
///
/// # Errors
/// [`MediaError::NotMedia`] and [`MediaError::TooLarge`] are final; others are the machine's.
pub async fn probe(tools: &Tools, path: &Path) -> Result<Probed, MediaError> {
    const DOING: &str = "examining the recording";
    tools
        .within(DOING, 0.0, async {
            let sniffed = sniff::sniff(path).await?;
            let file = describe(tools, path, &sniffed).await?;
            let mut info = info(&file, &sniffed)?;
            let packets = scan(tools, path, sniffed.kind, &file, &info).await?;
            if packets.end <= packets.start {
                return Err(MediaError::not_media("it holds no picture and no sound, only a header"));
            }
            info.duration_seconds = packets.end - packets.start;
            info.warnings.extend(doubts(&file, &sniffed, info.duration_seconds));
            let playable = Playable::of(&sniffed, &info, file.streams.len());
            let Packets { keyframes, flow, picture_gaps, start, .. } = packets;
            Ok(Probed { info, keyframes, flow, picture_gaps, start_time: start, playable })
        })
        .await
}

#[derive(Deserialize)]
struct Described {
    #[serde(default)]
    streams: Vec<Stream>,
    #[serde(default)]
    format: Format,
}

#[derive(Default, Deserialize)]
struct Format {
    #[serde(default)]
    format_name: String,
    start_time: Option<String>,
    duration: Option<String>,
}

#[derive(Deserialize)]
struct Stream {
    index: usize,
    #[serde(default)]
    codec_type: String,
    #[serde(default)]
    codec_name: String,
    #[serde(default)]
    profile: String,
    #[serde(default)]
    width: u32,
    #[serde(default)]
    height: u32,
    #[serde(default)]
    pix_fmt: String,
    #[serde(default)]
    sample_rate: String,
    #[serde(default)]
    channels: u32,
    #[serde(default)]
    disposition: Disposition,
    #[serde(default)]
    side_data_list: Vec<SideData>,
}

#[derive(Default, Deserialize)]
struct Disposition {
    #[serde(default)]
    attached_pic: u8,
}

#[derive(Deserialize)]
struct SideData {
    rotation: Option<f64>,
}

impl Stream {
    fn is(&self, kind: &str) -> bool {
        self.codec_type == kind && !self.codec_name.is_empty() && self.codec_name != "unknown"
    }
}

async fn describe(tools: &Tools, path: &Path, sniffed: &Sniffed) -> Result<Described, MediaError> {
    const DOING: &str = "reading the recording's header";
    const ENTRIES: &str = "format=format_name,start_time,duration:\
        stream=index,codec_type,codec_name,profile,width,height,pix_fmt,sample_rate,channels:\
        stream_disposition=attached_pic:stream_side_data=rotation:stream_tags=:format_tags=";
    let mut args = quiet();
    args.extend(["-show_entries", ENTRIES, "-of", "json"].map(Into::into));
    // A frame is decoded here when the header says too little: not a huge one.
    args.extend(["-max_pixels".into(), MAX_PIXELS.to_string().into(), "-threads".into(), "1".into()]);
    args.extend(sniff::open_args(path, sniffed.kind)?);
    let (json, stderr) = tools.output(DOING, &tools.ffprobe, args, 4 << 20).await.map_err(|e| blame(e, sniffed))?;
    let file: Described = serde_json::from_slice(&json).map_err(|e| MediaError::Tool {
        doing: DOING,
        exit: "success".into(),
        stderr: format!("ffprobe's answer cannot be read: {e}"),
    })?;
    // Sizes that ffprobe refuses it leaves out of its answer and complains of.
    let unclear = |s: &Stream| s.codec_type == "video" && s.disposition.attached_pic == 0 && s.pix_fmt.is_empty();
    match file.streams.iter().any(unclear).then(|| refused_size(&stderr)).flatten() {
        Some((width, height)) => Err(too_large(width, height)),
        None => Ok(file),
    }
}

/// The size in `Picture size 16384x16384 is invalid`, when it is over [`MAX_PIXELS`].
fn refused_size(stderr: &str) -> Option<(u32, u32)> {
    let sizes = stderr.split("Picture size ").skip(1).filter_map(|said| {
        let (width, height) = said.split(' ').next()?.split_once('x')?;
        Some((width.parse().ok()?, height.parse().ok()?))
    });
    sizes.into_iter().find(|(width, height)| is_too_large(*width, *height))
}

fn is_too_large(width: u32, height: u32) -> bool {
    u64::from(width) * u64::from(height) > MAX_PIXELS
}

fn too_large(width: u32, height: u32) -> MediaError {
    MediaError::TooLarge { what: format!("its picture has {width}x{height} pixels, at most 8192x8192 are taken") }
}

/// A file that ffprobe does not read is at fault itself: it was opened before, and the program runs.
fn blame(error: MediaError, sniffed: &Sniffed) -> MediaError {
    let name = sniffed.kind.demuxer();
    match error {
        MediaError::Tool { stderr, .. } => MediaError::not_media(format!(
            "it begins like {name} but cannot be read ({})",
            crate::error::last_line(&stderr)
        )),
        MediaError::NotMedia { .. } => {
            MediaError::not_media(format!("it begins like {name} but what follows is damaged"))
        }
        other => other,
    }
}

fn info(file: &Described, sniffed: &Sniffed) -> Result<MediaInfo, MediaError> {
    if let Some(stream) = file.streams.iter().find(|s| is_too_large(s.width, s.height)) {
        return Err(too_large(stream.width, stream.height));
    }
    let video = file.streams.iter().find(|s| s.is("video") && s.disposition.attached_pic == 0 && s.width > 0);
    let audio = file.streams.iter().find(|s| s.is("audio") && s.channels > 0);
    if video.is_none() && audio.is_none() {
        return Err(MediaError::not_media("it holds no picture and no sound that can be read"));
    }
    Ok(MediaInfo {
        container: file.format.format_name.clone(),
        duration_seconds: 0.0,
        bytes: sniffed.bytes,
        video: video.map(video_info),
        audio: audio.map(|s| AudioInfo {
            stream: s.index,
            codec: s.codec_name.clone(),
            sample_rate: s.sample_rate.parse().unwrap_or(0),
            channels: s.channels,
        }),
        captions_stream: file.streams.iter().find(|s| s.is("subtitle") && is_text(&s.codec_name)).map(|s| s.index),
        warnings: Vec::new(),
        gaps: Vec::new(),
    })
}

fn is_text(codec: &str) -> bool {
    ["mov_text", "webvtt", "subrip", "ass", "ssa", "text"].contains(&codec)
}

fn video_info(stream: &Stream) -> VideoInfo {
    let anticlockwise = stream.side_data_list.iter().find_map(|s| s.rotation).unwrap_or(0.0);
    let rotation = (-(anticlockwise / 90.0).round() as i32).rem_euclid(4) as u32 * 90;
    let upright = rotation.is_multiple_of(180);
    let (width, height) = if upright { (stream.width, stream.height) } else { (stream.height, stream.width) };
    VideoInfo {
        stream: stream.index,
        codec: stream.codec_name.clone(),
        width,
        height,
        rotation,
        pixel_format: stream.pix_fmt.clone(),
    }
}

fn doubts(file: &Described, sniffed: &Sniffed, seconds: f64) -> Option<String> {
    let claimed = file.format.duration.as_deref().and_then(|d| d.parse::<f64>().ok());
    let claimed = claimed.filter(|c| (c - seconds).abs() > 1.0 + 0.02 * seconds);
    match (sniffed.truncated, claimed) {
        (true, Some(c)) if c > seconds => Some(format!("the file is cut off after {seconds:.0} s of {c:.0} s")),
        (true, _) => Some(format!("the file is cut off after {seconds:.0} s")),
        (false, Some(c)) => Some(format!("the file claims to last {c:.0} s but holds {seconds:.0} s")),
        (false, None) => None,
    }
}

/// What the header of the file says of its streams, without its length; beside it the profile of its sound's codec.
pub(crate) async fn header(tools: &Tools, path: &Path) -> Result<(Kind, MediaInfo, String), MediaError> {
    let sniffed = sniff::sniff(path).await?;
    let file = describe(tools, path, &sniffed).await?;
    let info = info(&file, &sniffed)?;
    let profile = file.streams.into_iter().find(|s| info.audio.as_ref().is_some_and(|a| a.stream == s.index));
    Ok((sniffed.kind, info, profile.map(|s| s.profile).unwrap_or_default()))
}

/// What the packets show, on the file's own clock but for the keyframes.
struct Packets {
    start: f64,
    end: f64,
    keyframes: Vec<f64>,
    flow: Vec<f32>,
    picture_gaps: Vec<Span>,
}

async fn scan(
    tools: &Tools,
    path: &Path,
    kind: Kind,
    file: &Described,
    info: &MediaInfo,
) -> Result<Packets, MediaError> {
    let (video, audio) = (info.video.as_ref().map(|v| v.stream), info.audio.as_ref().map(|a| a.stream));
    let (mut first, mut end, mut keyframes) = (f64::INFINITY, f64::NEG_INFINITY, Vec::<f64>::new());
    let (mut flow, mut gaps) = (Flow::default(), Gaps::default());
    each_packet(tools, path, kind, |packet| {
        if Some(packet.stream) != video && Some(packet.stream) != audio {
            return;
        }
        end = end.max(packet.at + packet.duration.clamp(0.0, PACKET_LIMIT_SECONDS));
        if !packet.discard {
            first = first.min(packet.at);
        }
        if Some(packet.stream) == video {
            let far = keyframes.last().is_none_or(|last| packet.at - last >= KEYFRAME_GAP_SECONDS);
            if packet.key && far {
                keyframes.push(packet.at);
            }
            flow.count(packet, far);
            gaps.count(packet.at);
        }
    })
    .await?;
    // ffmpeg counts from what the format calls its start; so must these times, unless that is a lie.
    let declared = file.format.start_time.as_deref().and_then(|s| s.parse::<f64>().ok());
    let start = declared.filter(|s| (s - first).abs() < 1.0).unwrap_or(first);
    for keyframe in &mut keyframes {
        *keyframe = (*keyframe - start).max(0.0);
    }
    let picture_gaps = if video.is_some() { gaps.finish(start, end) } else { Vec::new() };
    Ok(Packets { start, end, keyframes, flow: flow.finish(), picture_gaps })
}

/// Gives `on_packet` every packet of the file that has a time, as they come. What a damaged tail leaves counts.
pub(crate) async fn each_packet(
    tools: &Tools,
    path: &Path,
    kind: Kind,
    mut on_packet: impl FnMut(&Packet),
) -> Result<(), MediaError> {
    const DOING: &str = "scanning the recording's packets";
    let mut args = quiet();
    args.extend(
        ["-show_entries", "packet=stream_index,pts_time,dts_time,duration_time,size,flags", "-of", "csv=p=0"]
            .map(Into::into),
    );
    args.extend(sniff::open_args(path, kind)?);
    let mut running = tools.start(DOING, &tools.ffprobe, args, Stdio::null()).await?;
    let mut lines = BufReader::with_capacity(64 << 10, running.stdout()?);
    let (mut line, mut any) = (Vec::new(), false);
    while lines.read_until(b'\n', &mut line).await.map_err(|e| MediaError::io(DOING, path, e))? > 0 {
        if let Some(packet) = Packet::parse(&line) {
            any = true;
            on_packet(&packet);
        }
        line.clear();
    }
    // A damaged tail ends with an error: what could be read counts, if there was anything.
    let (status, stderr) = running.end().await?;
    if !status.success() && !any {
        return Err(MediaError::not_media(format!("nothing in it can be read ({})", crate::error::last_line(&stderr))));
    }
    Ok(())
}

/// Compares the sizes of keyframes with those of the packets between them.
#[derive(Default)]
struct Flow {
    /// One for every keyframe that has ended.
    shares: Vec<f32>,
    /// Bytes of the current keyframe, then bytes and number of the packets after it.
    open: Option<(u64, u64, u32)>,
}

impl Flow {
    /// Takes the next packet of the picture; `far` where a keyframe counts as another one.
    fn count(&mut self, packet: &Packet, far: bool) {
        if packet.key && far {
            self.shares.extend(self.open.replace((packet.bytes, 0, 0)).map(share));
        } else if let Some((_, bytes, number)) = self.open.as_mut().filter(|_| !packet.key) {
            *bytes += packet.bytes;
            *number += 1;
        }
    }

    fn finish(mut self) -> Vec<f32> {
        self.shares.extend(self.open.map(share));
        self.shares
    }
}

fn share((keyframe, bytes, number): (u64, u64, u32)) -> f32 {
    (bytes as f64 / f64::from(number.max(1)) / keyframe.max(1) as f64) as f32
}

/// Finds where the picture's packets are far apart. They come in the order of decoding, so nearly in that of time.
#[derive(Default)]
struct Gaps {
    latest: Option<f64>,
    /// On the file's own clock.
    spans: Vec<Span>,
    first: Option<f64>,
}

impl Gaps {
    fn count(&mut self, at: f64) {
        self.first = Some(self.first.map_or(at, |first| first.min(at)));
        if let Some(latest) = self.latest.filter(|latest| at - latest >= PICTURE_GAP_SECONDS) {
            self.spans.push(Span::new(latest, at));
        }
        self.latest = Some(self.latest.map_or(at, |latest| latest.max(at)));
    }

    /// All gaps, counted from `start`, of a recording from `start` to `end`; nothing where there was no packet at all.
    fn finish(self, start: f64, end: f64) -> Vec<Span> {
        let (Some(first), Some(latest)) = (self.first, self.latest) else { return Vec::new() };
        let edge = |from: f64, to: f64| (to - from >= PICTURE_GAP_SECONDS).then(|| Span::new(from, to));
        let all = edge(start, first).into_iter().chain(self.spans).chain(edge(latest, end));
        all.map(|gap| Span::new((gap.start - start).max(0.0), (gap.end - start).max(0.0))).collect()
    }
}

/// A packet as ffprobe shows it; times in seconds on the file's own clock.
pub(crate) struct Packet {
    pub stream: usize,
    pub at: f64,
    pub duration: f64,
    bytes: u64,
    pub key: bool,
    pub discard: bool,
}

impl Packet {
    /// One line of `stream_index,pts_time,dts_time,duration_time,size,flags`.
    fn parse(line: &[u8]) -> Option<Self> {
        let mut fields = std::str::from_utf8(line).ok()?.trim_end().split(',');
        let stream = fields.next()?.parse().ok()?;
        let (pts, dts) = (fields.next()?.parse::<f64>(), fields.next()?.parse::<f64>());
        let at = pts.or(dts).ok().filter(|t| t.is_finite())?;
        let duration = fields.next()?.parse().unwrap_or(0.0);
        let bytes = fields.next()?.parse().unwrap_or(0);
        let flags = fields.next()?;
        Some(Self { stream, at, duration, bytes, key: flags.contains('K'), discard: flags.contains('D') })
    }
}

fn quiet() -> Vec<std::ffi::OsString> {
    ["-hide_banner", "-loglevel", "error"].map(Into::into).to_vec()
}

/// Length in seconds of a file that this program just had written, or what is wrong with it. Its header may be believed
/// once it is whole: ffmpeg writes the length from the packets, at the very end.
pub(crate) async fn verify(tools: &Tools, doing: &'static str, path: &Path, expected: f64) -> Result<f64, MediaError> {
    let look = async {
        let sniffed = sniff::sniff(path).await?;
        let file = describe(tools, path, &sniffed).await?;
        info(&file, &sniffed)?;
        let seconds = file.format.duration.and_then(|d| d.parse::<f64>().ok()).unwrap_or(0.0);
        Ok((sniffed.truncated, seconds))
    };
    let (truncated, seconds) = look.await.map_err(|e| unreadable(doing, e))?;
    approve(doing, truncated, seconds, expected)?;
    Ok(seconds)
}

/// [`probe`] of a file that this program just had written, or what is wrong with it.
pub(crate) async fn verify_packets(
    tools: &Tools,
    doing: &'static str,
    path: &Path,
    expected: f64,
) -> Result<Probed, MediaError> {
    let probed = probe(tools, path).await.map_err(|e| unreadable(doing, e))?;
    approve(doing, sniff::sniff(path).await?.truncated, probed.info.duration_seconds, expected)?;
    Ok(probed)
}

fn approve(doing: &'static str, truncated: bool, seconds: f64, expected: f64) -> Result<(), MediaError> {
    if truncated {
        return Err(wrong(doing, "the result is cut off".into()));
    }
    if (seconds - expected).abs() > 1.0 + 0.05 * expected {
        return Err(wrong(doing, format!("the result lasts {seconds:.1} s instead of {expected:.1} s")));
    }
    Ok(())
}

fn unreadable(doing: &'static str, error: MediaError) -> MediaError {
    match error {
        MediaError::NotMedia { reason } => wrong(doing, format!("the result is not readable: {reason}")),
        other => other,
    }
}

fn wrong(doing: &'static str, stderr: String) -> MediaError {
    MediaError::Tool { doing, exit: "success".into(), stderr }
}
