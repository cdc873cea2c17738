//! Measures sound second by second: how loud, how muffled, and where nothing arrived.

use crate::SAMPLE_RATE;
use domain::signals::Sound;

const WINDOW: usize = (SAMPLE_RATE as f64 * Sound::WINDOW_SECONDS) as usize;
const FLOOR_DB: f64 = -100.0;
/// Samples near zero in a row that are digital silence: 20 ms. The quietest room makes no such row.
const SILENT_RUN: usize = SAMPLE_RATE as usize / 50;
/// Where the treble begins, in Hz: half of what lies there passes.
const TREBLE_HZ: f64 = 2000.0;

/// Turns samples, as they come, into one value per window of [`Sound::WINDOW_SECONDS`].
#[derive(Clone, Debug, Default)]
pub struct SoundMeter {
    sound: Sound,
    filled: usize,
    squares: f64,
    treble_squares: f64,
    /// Samples of the window that belong to digital silence.
    silent: usize,
    /// Samples near zero in a row, up to now.
    run: usize,
    treble: HighPass,
}

impl SoundMeter {
    /// Takes the next samples (16 kHz mono), any number of them.
    pub fn push(&mut self, samples: &[i16]) {
        let mut rest = samples;
        while !rest.is_empty() {
            let (now, later) = rest.split_at(rest.len().min(WINDOW - self.filled));
            for sample in now {
                let value = f64::from(*sample) / 32768.0;
                self.squares += value * value;
                self.treble_squares += self.treble.next(value).powi(2);
                self.filled += 1;
                self.listen_for_silence(*sample);
            }
            if self.filled == WINDOW {
                self.close();
            }
            rest = later;
        }
    }

    fn listen_for_silence(&mut self, sample: i16) {
        if !(-1..=1).contains(&sample) {
            self.run = 0;
            return;
        }
        self.run += 1;
        match self.run {
            // What lies in the window before is no longer counted.
            SILENT_RUN => self.silent += SILENT_RUN.min(self.filled),
            run if run > SILENT_RUN => self.silent += 1,
            _ => {}
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
        let windows = windows.max(self.sound.level_db.len());
        self.sound.level_db.resize(windows, FLOOR_DB as f32);
        self.sound.treble_db.resize(windows, FLOOR_DB as f32);
        self.sound.dropout.resize(windows, 1.0);
        self.sound.voiced = vec![0.0; windows];
        self.sound
    }

    fn close(&mut self) {
        let db = |squares: f64| (10.0 * (squares / self.filled as f64).log10()).max(FLOOR_DB) as f32;
        self.sound.level_db.push(db(self.squares));
        self.sound.treble_db.push(db(self.treble_squares));
        self.sound.dropout.push(self.silent as f32 / self.filled as f32);
        (self.filled, self.squares, self.treble_squares, self.silent) = (0, 0.0, 0.0, 0);
    }
}

/// Butterworth high-pass of second order (coefficients: Audio EQ Cookbook, R. Bristow-Johnson).
#[derive(Clone, Debug)]
struct HighPass {
    gain: f64,
    a: [f64; 2],
    x: [f64; 2],
    y: [f64; 2],
}

impl Default for HighPass {
    fn default() -> Self {
        let w = std::f64::consts::TAU * TREBLE_HZ / f64::from(SAMPLE_RATE);
        let alpha = w.sin() / std::f64::consts::SQRT_2;
        let a0 = 1.0 + alpha;
        let (gain, a) = ((1.0 + w.cos()) / 2.0 / a0, [-2.0 * w.cos() / a0, (1.0 - alpha) / a0]);
        Self { gain, a, x: [0.0; 2], y: [0.0; 2] }
    }
}

impl HighPass {
    fn next(&mut self, x: f64) -> f64 {
        let y = self.gain * (x - 2.0 * self.x[0] + self.x[1]) - self.a[0] * self.y[0] - self.a[1] * self.y[1];
        (self.x, self.y) = ([x, self.x[0]], [y, self.y[0]]);
        y
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

    #[test]
    fn zero_crossings_and_a_quiet_room_are_no_dropout() {
        // A tone goes through zero all the time; a faint noise stays within a few steps of it.
        let tone = (0..WINDOW).map(|i| ((i as f64 * 0.01).sin() * 300.0) as i16);
        let room = (0..WINDOW).map(|i| (i * i / 7 % 9) as i16 - 4);
        let torn = (0..WINDOW).map(|i| if i / 1600 % 2 == 0 { 900 } else { 0 });
        let mut meter = SoundMeter::default();
        meter.push(&tone.chain(room).chain(torn).collect::<Vec<_>>());
        let dropout = meter.finish(3.0).dropout;
        assert!(dropout[0] < 0.01 && dropout[1] < 0.01 && (dropout[2] - 0.5).abs() < 0.02, "{dropout:?}");
    }

    #[test]
    fn treble_is_told_from_bass() {
        let tone = |hz: f64| {
            let mut meter = SoundMeter::default();
            let wave = |i: usize| (8000.0 * (std::f64::consts::TAU * hz * i as f64 / 16_000.0).sin()) as i16;
            meter.push(&(0..WINDOW).map(wave).collect::<Vec<_>>());
            let sound = meter.finish(1.0);
            sound.treble_db[0] - sound.level_db[0]
        };
        assert!(tone(4000.0) > -1.0 && (tone(2000.0) + 3.0).abs() < 0.3 && tone(200.0) < -38.0);
    }
}
