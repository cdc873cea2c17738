//! A spoken track: each sentence by flite, laid down at its time over faint room noise.

use super::Line;
use crate::{MediaError, SAMPLE_RATE, Tools};
use std::{
    fs::File,
    io::{self, BufWriter, Write},
    path::{Path, PathBuf},
};

const DOING: &str = "speaking a sample";

/// A voice of flite.
#[derive(Clone, Debug)]
pub struct Voice {
    /// The flite program.
    pub flite: PathBuf,
    /// The voice's name; `rms` is understood best.
    pub name: String,
}

impl Voice {
    /// flite's voice `rms`.
    ///
    /// # Errors
    /// [`MediaError::Missing`] when flite is not installed.
    pub fn find() -> Result<Self, MediaError> {
        Ok(Self { flite: crate::tools::locate(None, "flite")?, name: "rms".into() })
    }

    /// Writes the whole script to `track` as bare samples (16 kHz mono, 16 bit, little-endian) and returns its length
    /// in seconds. `scratch` is a file that holds one sentence at a time.
    pub(super) async fn speak(
        &self,
        tools: &Tools,
        script: &[Line],
        scratch: &Path,
        track: &Path,
        tail_seconds: f64,
    ) -> Result<f64, MediaError> {
        let failed = |e| MediaError::io(DOING, track, e);
        let mut track = Track { out: BufWriter::new(File::create(track).map_err(failed)?), samples: 0, noise: 1 };
        for (start, text, _) in script {
            let args = ["-voice", &self.name, "-t", text, "-o"].map(Into::into).into_iter().chain([scratch.into()]);
            tools.within(DOING, 0.0, tools.run(DOING, &self.flite, args.collect())).await?;
            let wav = std::fs::read(scratch).map_err(failed)?;
            let spoken = samples(&wav).ok_or_else(|| failed(io::Error::other("flite gave no 16 kHz mono sound")))?;
            track.room_until(*start).and_then(|()| track.lay(spoken)).map_err(failed)?;
        }
        track.room_until(track.seconds() + tail_seconds).and_then(|()| track.out.flush()).map_err(failed)?;
        Ok(track.seconds())
    }
}

/// About how long the voice takes to say `text`, in seconds.
pub(super) fn seconds_to_say(text: &str) -> f64 {
    0.5 + text.len() as f64 * 0.063
}

struct Track {
    out: BufWriter<File>,
    samples: u64,
    noise: u32,
}

impl Track {
    fn seconds(&self) -> f64 {
        self.samples as f64 / f64::from(SAMPLE_RATE)
    }

    fn room_until(&mut self, seconds: f64) -> io::Result<()> {
        while self.seconds() < seconds {
            self.put(0)?;
        }
        Ok(())
    }

    fn lay(&mut self, spoken: &[u8]) -> io::Result<()> {
        spoken.chunks_exact(2).try_for_each(|s| self.put(i16::from_le_bytes([s[0], s[1]])))
    }

    /// One sample with the noise of a quiet room, the same each time: digital silence would count as a dropout.
    fn put(&mut self, sample: i16) -> io::Result<()> {
        self.noise = self.noise.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        self.samples += 1;
        self.out.write_all(&sample.saturating_add((self.noise >> 26) as i16 - 32).to_le_bytes())
    }
}

/// The samples in a WAV file of 16 kHz mono.
fn samples(wav: &[u8]) -> Option<&[u8]> {
    let data = wav.windows(4).take(512).position(|w| w == b"data")? + 8;
    let right = wav.get(22..24)? == 1_u16.to_le_bytes() && wav.get(24..28)? == SAMPLE_RATE.to_le_bytes();
    wav.get(data..).filter(|_| right)
}
