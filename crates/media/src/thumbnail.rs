//! A thumbnail: one frame as JPEG.

use crate::{
    MediaError, Tools,
    playable::{Beside, common},
    probe::MAX_PIXELS,
    sniff,
};
use domain::Span;
use std::path::Path;

/// Writes the frame at `at_seconds` (from the start of the recording), scaled to `height` pixels, to `dst` as JPEG.
///
/// # Errors
/// [`MediaError::NotMedia`] when there is no frame at that time; other kinds of [`MediaError`].
pub async fn thumbnail(tools: &Tools, src: &Path, at_seconds: f64, height: u32, dst: &Path) -> Result<(), MediaError> {
    let seek = Span::new(at_seconds.max(0.0), at_seconds.max(0.0));
    let scale = format!("scale=-2:{}:flags=bilinear,format=yuvj420p", height.clamp(2, 4320) & !1);
    picture(tools, src, seek, &["-map", "0:V:0", "-vf", &scale], dst).await
}

/// Draws the sound of `span` as a wave of 16:9 and `height` pixels: the thumbnail of a clip that has no picture.
///
/// # Errors
/// [`MediaError`]
pub async fn sound_thumbnail(tools: &Tools, src: &Path, span: Span, height: u32, dst: &Path) -> Result<(), MediaError> {
    let height = height.clamp(2, 4320) & !1;
    let size = format!("{}x{height}", height * 16 / 9);
    let wave = format!(
        "[0:a:0]aformat=channel_layouts=mono,showwavespic=s={size}:colors=0x5b8def,format=rgba[wave];\
         color=c=0x10151f:s={size}:r=1[back];[back][wave]overlay=shortest=1,format=yuvj420p[out]"
    );
    picture(tools, src, span, &["-filter_complex", &wave, "-map", "[out]"], dst).await
}

async fn picture(tools: &Tools, src: &Path, span: Span, filter: &[&str], dst: &Path) -> Result<(), MediaError> {
    const DOING: &str = "making a thumbnail";
    let at_seconds = span.start;
    tools
        .within(DOING, 0.0, async {
            let beside = Beside::new(dst)?;
            let kind = sniff::sniff(src).await?.kind;
            let mut args = common();
            // For one frame a second thread costs more than it gives, in time and in memory.
            let pixels = MAX_PIXELS.to_string();
            args.extend(["-y", "-threads", "1", "-max_pixels", &pixels, "-skip_loop_filter", "nokey"].map(Into::into));
            args.extend(["-ss".into(), format!("{at_seconds:.3}").into()]);
            if span.duration() > 0.0 {
                args.extend(["-t".into(), format!("{:.3}", span.duration()).into()]);
            }
            args.extend(sniff::open_args(src, kind)?);
            args.extend(filter.iter().map(Into::into));
            args.extend(["-frames:v", "1", "-q:v", "4", "-c:v", "mjpeg", "-f", "mjpeg"].map(Into::into));
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
