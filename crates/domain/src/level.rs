//! The level at which a voice activity network listens, the same on the device and in the pipeline.

/// Root mean square to which louder sound is turned down before the network listens. It takes noise near full scale
/// for a voice, and the same noise at this level for noise (measured: white, pink, brown, fans; speech down to 0 dB
/// over noise is found as well as before).
const LOUDEST: f64 = 700.0;
/// Share of a frame of 16 ms in the running mean of power: about 1.6 s of memory.
const POWER_SHARE: f64 = 0.01;

/// Turns loud sound down, frame by frame.
#[derive(Clone, Debug, Default)]
pub struct TurnDown {
    /// Running mean of the squared samples; `None` before the first frame.
    power: Option<f64>,
}

impl TurnDown {
    /// The frame, no louder than the network can bear. `frame` has `N` samples.
    ///
    /// # Panics
    /// When it has fewer.
    pub fn frame<const N: usize>(&mut self, frame: &[i16]) -> [i16; N] {
        let power = frame.iter().map(|&sample| f64::from(sample).powi(2)).sum::<f64>() / N as f64;
        let mean = self.power.map_or(power, |mean| mean + POWER_SHARE * (power - mean));
        self.power = Some(mean);
        let gain = (LOUDEST / mean.sqrt().max(1.0)).min(1.0);
        std::array::from_fn(|i| (gain * f64::from(frame[i])) as i16)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn loud_sound_is_turned_down_and_quiet_sound_stays() {
        let mut level = TurnDown::default();
        assert_eq!(level.frame::<4>(&[300, -300, 300, -300]), [300, -300, 300, -300]);
        let mut level = TurnDown::default();
        assert_eq!(level.frame::<4>(&[7000, -7000, 7000, -7000]), [700, -700, 700, -700]);
        // It remembers for a while how loud it was.
        assert_eq!(level.frame::<2>(&[1000, 1000])[0], 100);
    }
}
