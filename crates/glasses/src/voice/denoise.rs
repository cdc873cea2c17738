//! Steady noise taken out of a piece of sound: a Wiener filter whose gain follows the signal as Ephraim and Malah's
//! decision-directed estimate does (1984). What the noise is, is measured before and after the voice.

use microfft::{Complex32, inverse::ifft_512, real::rfft_512};

/// Samples of a window, and from one to the next: 32 ms and 8 ms.
const WINDOW: usize = 512;
const HOP: usize = WINDOW / 4;
const LINES: usize = WINDOW / 2 + 1;
/// Windows at either end that hold no voice: 0.24 s.
const QUIET: usize = 30;
/// How much louder than its mean noise may be.
const EXCESS: f32 = 1.5;
/// How much of the estimate is the window before's.
const SMOOTH: f32 = 0.9;
/// Nothing is made quieter than this: silence without any noise is foreign to the recogniser.
const FLOOR: f32 = 0.08;

/// The same 16 kHz samples with less noise.
pub fn denoise(samples: &[i16]) -> Vec<i16> {
    let shape: Vec<f32> = (0..WINDOW)
        .map(|i| (0.5 - 0.5 * (std::f32::consts::TAU * i as f32 / WINDOW as f32).cos()).sqrt() / 2_f32.sqrt())
        .collect();
    let silence = || std::iter::repeat_n(0.0, WINDOW);
    let sound: Vec<f32> = silence().chain(samples.iter().map(|&s| f32::from(s))).chain(silence()).collect();
    let mut spectra: Vec<Vec<Complex32>> = sound.windows(WINDOW).step_by(HOP).map(|w| spectrum(w, &shape)).collect();
    let noise = noise(&spectra);
    let mut clean = vec![1.0; LINES];
    for lines in &mut spectra {
        for ((line, noise), clean) in lines.iter_mut().zip(&noise).zip(&mut clean) {
            let now = line.norm_sqr() / noise;
            let before = SMOOTH * *clean + (1.0 - SMOOTH) * (now - 1.0).max(0.0);
            let gain = (before / (1.0 + before)).max(FLOOR);
            *clean = gain * gain * now;
            *line *= gain;
        }
    }
    let mut sum = vec![0.0; sound.len()];
    for (lines, at) in spectra.iter().zip((0..).step_by(HOP)) {
        for ((sum, value), shape) in sum[at..].iter_mut().zip(values(lines)).zip(&shape) {
            *sum += value * shape;
        }
    }
    sum[WINDOW..sum.len() - WINDOW].iter().map(|&value| value as i16).collect()
}

fn spectrum(window: &[f32], shape: &[f32]) -> Vec<Complex32> {
    let mut shaped: [f32; WINDOW] = std::array::from_fn(|i| window[i] * shape[i]);
    let lines = rfft_512(&mut shaped);
    // The highest line shares the place of the lowest.
    let highest = Complex32::new(lines[0].im, 0.0);
    lines[0].im = 0.0;
    lines.iter().copied().chain([highest]).collect()
}

fn values(lines: &[Complex32]) -> impl Iterator<Item = f32> {
    let mut whole: [Complex32; WINDOW] =
        std::array::from_fn(|i| if i < LINES { lines[i] } else { lines[WINDOW - i].conj() });
    let values = ifft_512(&mut whole).map(|value| value.re);
    values.into_iter()
}

/// Power of every line where nobody speaks: the first and last windows that lie within the sound.
fn noise(spectra: &[Vec<Complex32>]) -> Vec<f32> {
    let edge = WINDOW / HOP + 2;
    let inner = &spectra[edge.min(spectra.len() / 2)..spectra.len() - edge.min(spectra.len() / 2)];
    let (first, last) = (&inner[..QUIET.min(inner.len())], &inner[inner.len().saturating_sub(QUIET)..]);
    let count = (first.len() + last.len()).max(1) as f32;
    (0..LINES)
        .map(|i| {
            let power: f32 = first.iter().chain(last).map(|lines| lines[i].norm_sqr()).sum();
            EXCESS * power / count + 1e-3
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn power(samples: &[i16]) -> f64 {
        samples.iter().map(|&s| f64::from(s).powi(2)).sum::<f64>() / samples.len() as f64
    }

    /// Noise, with a tone over it from 0.5 s to 1.5 s of 2 s.
    fn tone_in_noise(tone: f32) -> Vec<i16> {
        let mut state = 1_u32;
        (0..32_000)
            .map(|i| {
                state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
                let noise = (state >> 16) as f32 / 65_536.0 - 0.5;
                let on = if (8_000..24_000).contains(&i) { tone } else { 0.0 };
                (2000.0 * noise + on * (i as f32 * 0.3).sin()) as i16
            })
            .collect()
    }

    #[test]
    fn noise_goes_and_what_stands_out_of_it_stays() {
        let before = tone_in_noise(4000.0);
        let after = denoise(&before);
        assert_eq!(after.len(), before.len());
        assert!(power(&after[1000..7000]) < power(&before[1000..7000]) / 30.0, "the noise alone");
        let kept = power(&after[10_000..22_000]) / power(&before[10_000..22_000]);
        assert!((0.8..1.1).contains(&kept), "the tone: {kept}");
    }

    #[test]
    fn any_length_will_do() {
        for length in [0, 1, 127, 512, 513, 2000] {
            assert_eq!(denoise(&tone_in_noise(4000.0)[..length]).len(), length);
        }
    }
}
