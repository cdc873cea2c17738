//! The captions inside a recording.

use crate::{MediaError, Tools, playable::common, sniff};
use std::path::Path;

/// Captions longer than this are refused, in bytes.
pub const CAPTIONS_LIMIT_BYTES: u64 = 16 << 20;

/// The text caption stream `stream` (its index in the file) as WebVTT.
///
/// # Errors
/// [`MediaError::TooLarge`] above [`CAPTIONS_LIMIT_BYTES`]; other kinds of [`MediaError`].
pub async fn embedded_captions(tools: &Tools, src: &Path, stream: usize) -> Result<String, MediaError> {
    const DOING: &str = "reading the captions";
    let kind = sniff::sniff(src).await?;
    tools
        .within(DOING, kind.bytes as f64 / 1e7, async {
            let mut args = common();
            args.extend(sniff::open_args(src, kind.kind)?);
            args.extend(["-map".into(), format!("0:{stream}").into()]);
            args.extend(["-c:s", "webvtt", "-f", "webvtt", "pipe:1"].map(Into::into));
            let (bytes, _) = tools.output(DOING, &tools.ffmpeg, args, CAPTIONS_LIMIT_BYTES).await?;
            Ok(String::from_utf8_lossy(&bytes).into_owned())
        })
        .await
}
