//! A clip: one span of a playable recording, by stream copy.

use crate::{
    MediaError, Probed, Tools,
    playable::{Beside, common, muxing, streams},
    probe::verify,
    sniff,
};
use domain::Span;
use std::path::Path;

/// A clip as it came out.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Cut {
    /// Where it really starts, in seconds from the start of the recording: the keyframe at or before the span's start.
    pub starts_at: f64,
    /// How long it really is, in seconds.
    pub duration_seconds: f64,
}

/// Seconds added to a keyframe's time when seeking to it: printed times are rounded, and a hair too early would land on
/// the keyframe before.
const SEEK_SLACK: f64 = 0.0005;

/// Copies `span` out of the playable recording into `dst`, whose extension (`mp4` or `webm`) is the container. The span
/// is cut to the recording's length. `dst` appears whole or not at all.
///
/// # Errors
/// [`MediaError`]; a span that lies behind the recording's end gives [`MediaError::NotMedia`].
pub async fn cut(tools: &Tools, playable: &Path, probed: &Probed, span: Span, dst: &Path) -> Result<Cut, MediaError> {
    const DOING: &str = "cutting a clip";
    let end = span.end.min(probed.info.duration_seconds);
    let start = span.start.max(0.0);
    if end - start < 0.01 {
        let length = probed.info.duration_seconds;
        return Err(MediaError::not_media(format!("no clip from {start:.1} s to {end:.1} s in {length:.1} s")));
    }
    let starts_at = keyframe_before(&probed.keyframes, start);
    let expected = end - starts_at;
    tools
        .within(DOING, 0.0, async {
            let beside = Beside::new(dst)?;
            let kind = sniff::sniff(playable).await?.kind;
            let mut args = common();
            args.extend(["-y".into(), "-ss".into(), format!("{:.6}", starts_at + SEEK_SLACK).into()]);
            args.extend(sniff::open_args(playable, kind)?);
            args.extend(["-t".into(), format!("{expected:.6}").into()]);
            args.extend(streams(&probed.info, true, true));
            if probed.info.video.is_some() {
                // The last picture before a gap lasts as long as the gap.
                let shorter = format!("setts=duration='min(DURATION,max(1,{expected:.6}/TB-PTS))'");
                args.extend(["-bsf:v".into(), shorter.into()]);
            }
            args.extend(["-c", "copy", "-avoid_negative_ts", "make_zero"].map(Into::into));
            args.extend(muxing(dst.extension().and_then(|e| e.to_str()).unwrap_or("mp4")));
            args.push(sniff::file_url(beside.path())?);
            tools.run(DOING, &tools.ffmpeg, args).await?;
            beside.write_out();
            let duration_seconds = verify(tools, DOING, beside.path(), expected).await?;
            beside.publish(DOING)?;
            Ok(Cut { starts_at, duration_seconds })
        })
        .await
}

/// Without keyframes (sound only) every place will do.
fn keyframe_before(keyframes: &[f64], at: f64) -> f64 {
    if keyframes.is_empty() {
        return at;
    }
    let after = keyframes.partition_point(|k| *k <= at + SEEK_SLACK);
    keyframes[after.saturating_sub(1)]
}

#[cfg(test)]
mod tests {
    use super::keyframe_before;

    #[test]
    fn a_clip_starts_at_the_keyframe_at_or_before() {
        let keyframes = [0.0, 2.0, 4.0];
        for (at, expected) in [(0.0, 0.0), (1.9, 0.0), (2.0, 2.0), (3.999, 2.0), (99.0, 4.0)] {
            assert_eq!(keyframe_before(&keyframes, at), expected, "{at}");
        }
        assert_eq!(keyframe_before(&[], 1.5), 1.5);
        assert_eq!(keyframe_before(&[0.5], 0.1), 0.5);
    }
}
