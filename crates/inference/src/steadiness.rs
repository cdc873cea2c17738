//! Tells voices from what only sounds as full as one: notes that are held, motors that run. A speaker changes between
//! vowels and consonants many times a second and never holds a pitch; a melody, a chord or a drill stays periodic and
//! keeps its timbre, and what is played over drums keeps its spectrum between the beats.

use crate::sound::RATE;

/// Samples in a moment: 32 ms.
pub const MOMENT: usize = 512;
/// Moments that are judged together: 3 s.
pub const BLOCK: usize = 94;
/// Moments below which only a held spectrum can be told, 0.8 s, and below which nothing can, 0.4 s.
pub const FEWEST: usize = 25;
const FEWEST_HELD: usize = 12;

/// One sample in so many is enough for the pitch.
const THINNING: usize = 4;
/// Periods that are tried, in thinned samples: 400 to 50 Hz.
const PERIODS: std::ops::Range<usize> = 10..80;
/// Thinned samples that are compared with themselves a period later.
const COMPARED: usize = 256;
/// Correlation from which a moment is periodic.
const PERIODIC: f64 = 0.8;
/// Decibels below the loudest moment of a block at which a moment counts as a pause.
const PAUSE: f64 = 30.0;
/// Hertz below which hardly anybody speaks: the floor at which phoneticians look for pitch, too.
const LOWEST_VOICE: f64 = 75.0;
/// Periodic share from which a sound is judged by whether its period ever changes, and the share of neighbouring moments
/// with the very same period that no voice reaches.
const UNMOVED: (f64, f64) = (0.75, 0.9);
/// Likeness of neighbouring spectra that a quarter of the moments of held notes exceed. Speech stays below 0.92 over 3 s,
/// also over noise; over an organ that is as loud it comes to 0.96.
const HELD: f64 = 0.97;
/// Lines of the spectrum that are compared: 90 Hz to 4 kHz.
const LINES: std::ops::Range<usize> = 3..128;
/// Added to the amplitude of a line before its logarithm is taken: what lies below is the room.
const ROOM: f32 = 30.0;

/// What was measured in one moment.
#[derive(Clone, Copy, Debug)]
pub struct Moment {
    /// Energy, dB.
    energy: f64,
    /// Energy of the differences between neighbouring samples against energy, dB: high for hisses, low for vowels.
    brightness: f64,
    /// Highest correlation with itself a period later, and that period in thinned samples.
    correlation: f64,
    period: usize,
    /// Pearson's correlation of its logarithmic spectrum with that of the moment before.
    likeness: f64,
}

/// Measures the latest moment of a stream that is given to it.
pub struct Meter {
    samples: Vec<i16>,
    thinned: Vec<f64>,
    /// Logarithmic spectrum of the moment before; `[LINES]`, empty at first.
    spectrum: Vec<f64>,
}

impl Meter {
    pub fn new() -> Self {
        Self { samples: Vec::with_capacity(MOMENT), thinned: Vec::new(), spectrum: Vec::new() }
    }

    /// Takes a frame of a part of a moment; a measurement whenever a moment is full.
    pub fn push(&mut self, frame: &[i16]) -> Option<Moment> {
        self.samples.extend_from_slice(frame);
        if self.samples.len() < MOMENT {
            return None;
        }
        self.thinned
            .extend(self.samples.chunks_exact(THINNING).map(|four| four.iter().map(|&s| f64::from(s)).sum::<f64>()));
        let surplus = self.thinned.len().saturating_sub(COMPARED + PERIODS.end);
        self.thinned.drain(..surplus);
        let square = |value: f64| value * value;
        let energy: f64 = self.samples.iter().map(|&s| square(f64::from(s))).sum::<f64>() / MOMENT as f64;
        let change = |pair: &[i16]| square(f64::from(pair[1]) - f64::from(pair[0]));
        let changes: f64 = self.samples.windows(2).map(change).sum::<f64>() / MOMENT as f64;
        let spectrum = spectrum(&self.samples);
        let likeness = if self.spectrum.is_empty() { 0.0 } else { self::correlation(&self.spectrum, &spectrum) };
        self.spectrum = spectrum;
        self.samples.clear();
        let (period, correlation) = self.pitch();
        Some(Moment {
            energy: 10.0 * (energy + 1.0).log10(),
            brightness: 10.0 * ((changes + 1.0) / (energy + 1.0)).log10(),
            correlation,
            period,
            likeness,
        })
    }

    /// The shortest period that fits nearly as well as the best one.
    fn pitch(&self) -> (usize, f64) {
        if self.thinned.len() < COMPARED + PERIODS.end {
            return (0, 0.0);
        }
        let fits: Vec<f64> = PERIODS
            .map(|period| correlation(&self.thinned[..COMPARED], &self.thinned[period..period + COMPARED]))
            .collect();
        let best = fits.iter().copied().fold(0.0, f64::max);
        let shortest = fits.iter().position(|&fit| fit >= 0.97 * best).unwrap_or_default();
        (PERIODS.start + shortest, best)
    }
}

/// Whether the moments of a block are those of held notes or of a running motor. The rules were found on made sounds and
/// on recorded and spoken sentences, clean and under noise: much of it periodic while its timbre hardly moves (in dB from
/// moment to moment over the periodic share: music and drills up to 0.8, speech from 1.1), or below any voice, or always
/// with the same period, or with a spectrum that is held, whatever beats over it.
pub fn is_steady(block: &[Moment]) -> bool {
    let loudest = loudest(block);
    let sounds = |moment: &&Moment| moment.energy > loudest - PAUSE;
    let sounding: Vec<&Moment> = block.iter().filter(sounds).collect();
    if is_held(block) {
        return true;
    }
    let mut periods: Vec<usize> = sounding.iter().filter(|m| m.correlation > PERIODIC).map(|m| m.period).collect();
    let periodic = periods.len() as f64 / sounding.len().max(1) as f64;
    if periodic < 0.3 {
        return false;
    }
    let steps = block.windows(2).map(|pair| (pair[1].brightness - pair[0].brightness).abs());
    let movement = steps.sum::<f64>() / (block.len() - 1).max(1) as f64;
    periods.sort_unstable();
    let pitch = (RATE / THINNING) as f64 / periods[periods.len() / 2].max(1) as f64;
    movement < periodic || pitch < LOWEST_VOICE || (periodic > UNMOVED.0 && unmoved(block) > UNMOVED.1)
}

/// Whether a quarter of the moments keep the spectrum of the one before. No window of 0.4 s of speech, recorded or spoken
/// by flite, does.
pub fn is_held(block: &[Moment]) -> bool {
    let loudest = loudest(block);
    let sounds = |moment: &&Moment| moment.energy > loudest - PAUSE;
    let mut likeness: Vec<f64> = block.iter().filter(sounds).map(|moment| moment.likeness).collect();
    likeness.sort_unstable_by(f64::total_cmp);
    block.len() >= FEWEST_HELD && likeness.get(likeness.len() * 3 / 4).is_some_and(|quarter| *quarter > HELD)
}

/// Share of the periodic moments after a periodic one that have the same period.
fn unmoved(block: &[Moment]) -> f64 {
    let both = |pair: &&[Moment]| pair.iter().all(|moment| moment.correlation > PERIODIC);
    let pairs: Vec<&[Moment]> = block.windows(2).filter(both).collect();
    pairs.iter().filter(|pair| pair[0].period == pair[1].period).count() as f64 / pairs.len().max(1) as f64
}

/// Logarithmic amplitudes of a moment (Hann window); `[LINES]`.
fn spectrum(samples: &[i16]) -> Vec<f64> {
    let turn = std::f32::consts::TAU / (MOMENT - 1) as f32;
    let mut windowed: [f32; MOMENT] = std::array::from_fn(|i| {
        let sample = samples.get(i).copied().unwrap_or_default();
        (0.5 - 0.5 * (turn * i as f32).cos()) * f32::from(sample)
    });
    let lines = microfft::real::rfft_512(&mut windowed);
    lines[LINES].iter().map(|line| f64::from((line.norm_sqr().sqrt() + ROOM).ln())).collect()
}

/// Whether `rest` is but the pause after `before`: nothing in it is as loud as what sounds there.
pub fn is_pause(rest: &[Moment], before: f64) -> bool {
    loudest(rest) < before - PAUSE
}

/// Energy of the loudest moment, dB.
pub fn loudest(block: &[Moment]) -> f64 {
    block.iter().map(|moment| moment.energy).fold(0.0, f64::max)
}

/// Pearson's correlation.
fn correlation(a: &[f64], b: &[f64]) -> f64 {
    let n = a.len() as f64;
    let (mean_a, mean_b) = (a.iter().sum::<f64>() / n, b.iter().sum::<f64>() / n);
    let (mut both, mut of_a, mut of_b) = (0.0, 1.0, 1.0);
    for (x, y) in a.iter().zip(b) {
        let (x, y) = (x - mean_a, y - mean_b);
        both += x * y;
        of_a += x * x;
        of_b += y * y;
    }
    both / (of_a * of_b).sqrt()
}
