//! Measures sound second by second: how loud, and where nothing arrived.

use crate::SAMPLE_RATE;
use domain::signals::Sound;

const WINDOW: usize = (SAMPLE_RATE as f64 * Sound::WINDOW_SECONDS) as usize;
const FLOOR_DB: f64 = -100.0;

/// Turns samples, as they come, into one value per window of [`Sound::WINDOW_SECONDS`].
#[derive(Clone, Debug, Default)]
pub struct SoundMeter {
    sound: Sound,
    filled: usize,
    squares: f64,
    zeros: usize,
}

impl SoundMeter {
    /// Takes the next samples (16 kHz mono), any number of them.
    pub fn push(&mut self, samples: &[i16]) {
        let mut rest = samples;
        while !rest.is_empty() {
            let (now, later) = rest.split_at(rest.len().min(WINDOW - self.filled));
            self.squares += now.iter().map(|s| (f64::from(*s) / 32768.0).powi(2)).sum::<f64>();
            self.zeros += now.iter().filter(|s| **s == 0).count();
            self.filled += now.len();
            if self.filled == WINDOW {
                self.close();
            }
            rest = later;
        }
    }

    /// The windows, one for every second of a recording of `duration_seconds`: where it has none, the sound dropped
    /// out. `voiced` is all 0; who listens for voices fills it.
    pub fn finish(mut self, duration_seconds: f64) -> Sound {
        // A last piece shorter than this says nothing of its second.
        if self.filled > WINDOW / 20 {
            self.close();
        }
        let windows = (duration_seconds / Sound::WINDOW_SECONDS - 0.05).ceil().clamp(0.0, 1e6) as usize;
        self.sound.level_db.resize(windows.max(self.sound.level_db.len()), FLOOR_DB as f32);
        self.sound.dropout.resize(self.sound.level_db.len(), 1.0);
        self.sound.voiced = vec![0.0; self.sound.level_db.len()];
        self.sound
    }

    fn close(&mut self) {
        let power = self.squares / self.filled as f64;
        self.sound.level_db.push((10.0 * power.log10()).max(FLOOR_DB) as f32);
        self.sound.dropout.push(self.zeros as f32 / self.filled as f32);
        (self.filled, self.squares, self.zeros) = (0, 0.0, 0);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn level_and_dropout_are_told_per_second_however_the_samples_come() {
        let mut samples = vec![16384_i16; WINDOW];
        samples.extend(vec![0; WINDOW]);
        samples.extend(vec![-16384; WINDOW / 2]);
        let mut meter = SoundMeter::default();
        samples.chunks(777).for_each(|piece| meter.push(piece));
        let sound = meter.finish(4.0);
        assert_eq!(sound.dropout, [0.0, 1.0, 0.0, 1.0]);
        assert_eq!(sound.voiced, [0.0; 4]);
        let [loud, silent, half, missing] = sound.level_db[..] else { panic!("{:?}", sound.level_db) };
        assert!((loud + 6.02).abs() < 0.01 && (half - loud).abs() < 0.01, "{loud} {half}");
        assert_eq!((silent, missing), (-100.0, -100.0));
    }

    #[test]
    fn a_few_samples_over_do_not_make_a_second() {
        let mut meter = SoundMeter::default();
        meter.push(&vec![1; WINDOW + 100]);
        assert_eq!(meter.finish(1.01).level_db.len(), 1);
    }
}
