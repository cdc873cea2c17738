//! All frames of a short stretch as small pictures in gray. Costs as much as playing it; for stretches of seconds only.

use crate::{FRAME_HEIGHT, FRAME_WIDTH, MediaError, Probed, Tools, playable::common, probe::MAX_PIXELS, sniff};
use domain::Span;
use std::{path::Path, process::Stdio};
use tokio::io::AsyncReadExt;

/// The frames of `span` (seconds from the start of the recording), `per_second` of them: luma
/// `[FRAME_HEIGHT, FRAME_WIDTH]` in full range, not rotated. None without a picture.
///
/// # Errors
/// [`MediaError`].
pub async fn frames(
    tools: &Tools,
    src: &Path,
    probed: &Probed,
    span: Span,
    per_second: u32,
) -> Result<Vec<Vec<u8>>, MediaError> {
    const DOING: &str = "looking closer at the picture";
    let Some(video) = &probed.info.video else { return Ok(Vec::new()) };
    tools
        .within(DOING, span.duration(), async {
            let kind = sniff::sniff(src).await?.kind;
            let (threads, pixels) = (tools.threads.to_string(), MAX_PIXELS.to_string());
            let mut args = common();
            args.extend(["-threads", &threads, "-max_pixels", &pixels, "-skip_loop_filter", "nokey"].map(Into::into));
            args.extend(["-noautorotate".into(), "-ss".into(), format!("{:.3}", span.start).into()]);
            args.extend(["-t".into(), format!("{:.3}", span.duration()).into()]);
            args.extend(sniff::open_args(src, kind)?);
            let filter = format!(
                "fps={per_second},scale={FRAME_WIDTH}:{FRAME_HEIGHT}:flags=fast_bilinear:out_range=full,format=gray"
            );
            args.extend(["-map".into(), format!("0:{}", video.stream).into(), "-vf".into(), filter.into()]);
            args.extend(["-f", "rawvideo", "pipe:1"].map(Into::into));
            let mut decoder = tools.start(DOING, &tools.ffmpeg, args, Stdio::null()).await?;
            let mut bytes = Vec::new();
            let most = (span.duration() * f64::from(per_second)) as u64 + 2;
            let stdout = decoder.stdout()?.take(most * (FRAME_WIDTH * FRAME_HEIGHT) as u64);
            { stdout }.read_to_end(&mut bytes).await.map_err(|e| MediaError::io(DOING, src, e))?;
            // Damage ends the program with an error; what was seen counts.
            let (_, _) = decoder.end().await?;
            Ok(bytes.chunks_exact(FRAME_WIDTH * FRAME_HEIGHT).map(<[u8]>::to_vec).collect())
        })
        .await
}
