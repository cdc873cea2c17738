//! A thumbnail: one frame as JPEG.

use crate::{
    MediaError, Tools,
    playable::{Beside, common},
    probe::MAX_PIXELS,
    sniff,
};
use std::path::Path;

/// Writes the frame at `at_seconds` (from the start of the recording), scaled to `height` pixels, to `dst` as JPEG.
///
/// # Errors
/// [`MediaError::NotMedia`] when there is no frame at that time; other kinds of [`MediaError`].
pub async fn thumbnail(tools: &Tools, src: &Path, at_seconds: f64, height: u32, dst: &Path) -> Result<(), MediaError> {
    const DOING: &str = "making a thumbnail";
    tools
        .within(DOING, 0.0, async {
            let beside = Beside::new(dst)?;
            let kind = sniff::sniff(src).await?.kind;
            let mut args = common();
            args.extend(["-y".into(), "-threads".into(), tools.threads.to_string().into()]);
            args.extend([
                "-max_pixels".into(),
                MAX_PIXELS.to_string().into(),
                "-skip_loop_filter".into(),
                "nokey".into(),
            ]);
            args.extend(["-ss".into(), format!("{:.3}", at_seconds.max(0.0)).into()]);
            args.extend(sniff::open_args(src, kind)?);
            let scale = format!("scale=-2:{}:flags=bilinear,format=yuvj420p", height.clamp(2, 4320) & !1);
            args.extend(["-map", "0:V:0", "-frames:v", "1", "-vf", &scale, "-q:v", "4"].map(Into::into));
            args.extend(["-c:v", "mjpeg", "-f", "mjpeg"].map(Into::into));
            args.push(sniff::file_url(beside.path())?);
            tools.run(DOING, &tools.ffmpeg, args).await?;
            let bytes = std::fs::read(beside.path()).map_err(|e| MediaError::io(DOING, dst, e))?;
            if !(bytes.starts_with(&[0xff, 0xd8, 0xff]) && bytes.ends_with(&[0xff, 0xd9])) {
                return Err(MediaError::not_media(format!("it has no picture at {at_seconds:.1} s")));
            }
            beside.publish(DOING)
        })
        .await
}
