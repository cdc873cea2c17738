//! A chosen few keyframes as small pictures. Only those are decoded: a 1080p keyframe costs some 10 to 30 ms.

use crate::{
    MediaError, Probed, Tools,
    playable::common,
    probe::MAX_PIXELS,
    sniff::{self, BlockReader},
};
use std::{ffi::OsString, path::Path, process::Stdio};
use tokio::io::BufReader;

/// Width of a sampled frame in pixels.
pub const FRAME_WIDTH: usize = 160;
/// Height of a sampled frame in pixels.
pub const FRAME_HEIGHT: usize = 90;

/// Gives `on_frame` one keyframe about every `every_seconds`, in order: its time in seconds from the start of the
/// recording and its planes in full range, not rotated: luma `[FRAME_HEIGHT, FRAME_WIDTH]`, then blue and red, each
/// `[FRAME_HEIGHT / 2, FRAME_WIDTH / 2]` (yuv420p). Returns how many there were; none without a picture.
///
/// # Errors
/// [`MediaError`].
pub async fn keyframes(
    tools: &Tools,
    src: &Path,
    probed: &Probed,
    every_seconds: f64,
    mut on_frame: impl FnMut(f64, &[u8]),
) -> Result<usize, MediaError> {
    const DOING: &str = "looking at keyframes";
    let Some(video) = &probed.info.video else { return Ok(0) };
    let map = format!("0:{}", video.stream);
    tools
        .within(DOING, probed.info.duration_seconds, async {
            let kind = sniff::sniff(src).await?.kind;
            let picker = tools.start(DOING, &tools.ffmpeg, pick(src, kind, &map, every_seconds)?, Stdio::null());
            let mut picker = picker.await?;
            let mut decoder = tools.start(DOING, &tools.ffmpeg, decode(tools), picker.pipe()).await?;
            let mut blocks = BlockReader::new(BufReader::with_capacity(64 << 10, decoder.stdout()?));
            let (mut frame, mut frames) = (Vec::new(), 0);
            let size = FRAME_WIDTH * FRAME_HEIGHT * 3 / 2;
            let failed = |e| MediaError::io(DOING, src, e);
            while let Some(at) = blocks.next(&mut frame, size as u64).await.map_err(failed)? {
                if frame.len() == size {
                    on_frame(at.clamp(0.0, probed.info.duration_seconds), &frame);
                    frames += 1;
                }
            }
            // Damage in the middle ends a program with an error; what was seen counts.
            let (picked, decoded) = (picker.finish().await, decoder.finish().await);
            if frames == 0 {
                picked.and(decoded)?;
            }
            Ok(frames)
        })
        .await
}

/// The first child copies the wanted keyframes. The filter counts in the output's time unit, for Matroska always the
/// millisecond; variable 0 holds when the next keyframe is due.
fn pick(src: &Path, kind: sniff::Kind, map: &str, every_seconds: f64) -> Result<Vec<OsString>, MediaError> {
    let every = (every_seconds * 1000.0).clamp(1.0, 3.6e6);
    // Keyframes drift by a few frames: one that is nearly due is taken, or every second one would be missed.
    let due = (every * 0.95) as u64;
    let drop = format!("noise=drop='if(key*gte(pts,ld(0)),st(0,pts+{due})*0,1)'");
    let mut args = common();
    args.extend(["-discard", "nokey"].map(Into::into));
    args.extend(sniff::open_args(src, kind)?);
    args.extend(["-map", map, "-c", "copy", "-avoid_negative_ts", "disabled"].map(Into::into));
    args.extend(["-bsf:v", &drop, "-f", "matroska", "pipe:1"].map(Into::into));
    Ok(args)
}

/// The second child decodes what the first gives, and writes frames with their times.
fn decode(tools: &Tools) -> Vec<OsString> {
    let mut args = common();
    let (threads, pixels) = (tools.threads.to_string(), MAX_PIXELS.to_string());
    args.extend(["-threads", &threads, "-max_pixels", &pixels, "-skip_loop_filter", "all"].map(Into::into));
    args.extend(
        ["-copyts", "-noautorotate", "-protocol_whitelist", "pipe", "-f", "matroska", "-i", "pipe:0"].map(Into::into),
    );
    let scale = format!("scale={FRAME_WIDTH}:{FRAME_HEIGHT}:flags=fast_bilinear:out_range=full,format=yuv420p");
    args.extend(["-an", "-vsync", "passthrough", "-vf", &scale, "-c:v", "rawvideo"].map(Into::into));
    args.extend(["-avoid_negative_ts", "disabled", "-flush_packets", "1", "-f", "matroska", "pipe:1"].map(Into::into));
    args
}
