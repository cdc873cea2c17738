//! The sound of a recording as samples for listening programs.

use crate::{MediaError, Tools, playable::common, sniff};
use std::{path::Path, process::Stdio};
use tokio::io::AsyncReadExt;

/// Samples per second of what [`sound_16k_mono`] gives.
pub const SAMPLE_RATE: u32 = 16_000;

/// Reads the first sound track once, as 16 kHz mono; `on_samples` is given it piece by piece, in order, at most half a
/// second at a time. Gaps are filled with zeros, so that sample `n` is the sound at `n / 16000` seconds from the start
/// of the recording. Returns the number of samples.
///
/// # Errors
/// [`MediaError`], also when the recording has no sound.
pub async fn sound_16k_mono(tools: &Tools, src: &Path, mut on_samples: impl FnMut(&[i16])) -> Result<u64, MediaError> {
    const DOING: &str = "reading the sound";
    let kind = sniff::sniff(src).await?;
    // An hour of sound takes seconds; the size of the file bounds what an honest one can hold.
    let extra = kind.bytes as f64 / 1e6;
    tools
        .within(DOING, extra, async {
            let mut args = common();
            args.extend(["-vn", "-sn", "-dn"].map(Into::into));
            args.extend(sniff::open_args(src, kind.kind)?);
            args.extend(["-map", "0:a:0", "-af", "aresample=16000:async=1:first_pts=0", "-ac", "1"].map(Into::into));
            args.extend(["-c:a", "pcm_s16le", "-f", "s16le", "pipe:1"].map(Into::into));
            let mut running = tools.start(DOING, &tools.ffmpeg, args, Stdio::null()).await?;
            let mut stdout = running.stdout()?;
            let mut bytes = vec![0; SAMPLE_RATE as usize];
            let (mut samples, mut total, mut odd) = (Vec::with_capacity(bytes.len() / 2), 0, 0);
            loop {
                let read = stdout.read(&mut bytes[odd..]).await.map_err(|e| MediaError::io(DOING, src, e))?;
                if read == 0 {
                    break;
                }
                let filled = odd + read;
                samples.clear();
                samples.extend(bytes[..filled].chunks_exact(2).map(|s| i16::from_le_bytes([s[0], s[1]])));
                odd = filled % 2;
                bytes[0] = bytes[filled - 1];
                total += samples.len() as u64;
                on_samples(&samples);
            }
            running.finish().await?;
            Ok(total)
        })
        .await
}
