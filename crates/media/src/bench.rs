//! Small pieces of work for the benchmark: what a machine's ffmpeg costs at its plainest.

use crate::{
    MediaError, Tools,
    playable::{Beside, common},
    sniff,
};
use std::path::Path;

/// Copies all streams of `src` into a fresh MP4 or WebM (by the extension of `dst`).
///
/// # Errors
/// [`MediaError`].
pub async fn stream_copy_remux(tools: &Tools, src: &Path, dst: &Path) -> Result<(), MediaError> {
    const DOING: &str = "copying the streams";
    let sniffed = sniff::sniff(src).await?;
    tools
        .within(DOING, sniffed.bytes as f64 / 1e7, async {
            let beside = Beside::new(dst)?;
            let mut args = common();
            args.push("-y".into());
            args.extend(sniff::open_args(src, sniffed.kind)?);
            args.extend(["-map", "0:v?", "-map", "0:a?", "-c", "copy", "-f"].map(Into::into));
            args.push(if dst.extension().is_some_and(|e| e == "webm") { "webm".into() } else { "mp4".into() });
            args.push(sniff::file_url(beside.path())?);
            tools.run(DOING, &tools.ffmpeg, args).await?;
            beside.publish(DOING)
        })
        .await
}

/// Decodes every frame and every sample of `src` and throws them away.
///
/// # Errors
/// [`MediaError`].
pub async fn decode_fully(tools: &Tools, src: &Path) -> Result<(), MediaError> {
    const DOING: &str = "decoding the whole recording";
    let sniffed = sniff::sniff(src).await?;
    tools
        .within(DOING, sniffed.bytes as f64 / 1e6, async {
            let mut args = common();
            args.extend(["-threads".into(), tools.threads.to_string().into()]);
            args.extend(sniff::open_args(src, sniffed.kind)?);
            args.extend(["-map", "0:v?", "-map", "0:a?", "-f", "null", "-"].map(Into::into));
            tools.run(DOING, &tools.ffmpeg, args).await
        })
        .await
}
