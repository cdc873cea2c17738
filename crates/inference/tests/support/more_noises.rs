//! More sounds of workplaces in which nobody speaks, of kinds that the rules of the voice gate were not found on.

use super::{
    RATE, noise,
    noises::{Noise, samples},
};
use std::f32::consts::TAU;

const SECONDS: usize = 20;

/// Sounds of 20 s.
pub fn all() -> Vec<Noise> {
    [
        ("band with drums", band(120.0, 0)),
        ("slow band with drums", band(84.0, 3)),
        ("piano", piano()),
        ("arpeggio", arpeggio()),
        ("organ", organ()),
        ("whistling", whistling()),
        ("siren", siren()),
        ("sawing", sawing()),
        ("sanding", sanding()),
        ("impact wrench", impact_wrench()),
        ("jackhammer", jackhammer()),
        ("clock", clock()),
        ("water", water()),
        ("wind", wind()),
        ("hum of a transformer", hum()),
        ("beeps", beeps()),
        ("birds", birds()),
        ("steps and knocks", knocks()),
        ("compressor", compressor()),
    ]
    .map(|(name, sound)| (name, samples(&sound, 8000.0)))
    .into()
}

fn each(mut at: impl FnMut(usize, f32) -> f32) -> Vec<f32> {
    (0..SECONDS * RATE).map(|i| at(i, i as f32 / RATE as f32)).collect()
}

fn hiss() -> Vec<f32> {
    noise(SECONDS, 10_000.0).into_iter().map(|s| f32::from(s) / 10_000.0).collect()
}

/// The same number from 0 to 1 for the same two.
fn chance(a: usize, b: usize) -> f32 {
    let mixed = (a.wrapping_mul(2_654_435_761) ^ b.wrapping_mul(40_503)).wrapping_mul(2_246_822_519) >> 7;
    (mixed % 1000) as f32 / 1000.0
}

fn pitch(semitones: i32) -> f32 {
    220.0 * 2_f32.powf(semitones as f32 / 12.0)
}

/// A struck string: bright at first, then dull.
fn string(hertz: f32, t: f32) -> f32 {
    (1..=8).map(|n| (TAU * hertz * n as f32 * t).sin() / n as f32 * (-(1.5 + n as f32) * t).exp()).sum()
}

/// Kick, snare, hats, bass and chords at so many beats a minute.
fn band(beats: f32, shift: i32) -> Vec<f32> {
    let hiss = hiss();
    let beat = 60.0 / beats;
    each(|i, t| {
        let (number, within) = ((t / beat) as usize, t % beat);
        let kick = (TAU * (50.0 * within + 8.0 * (1.0 - (-30.0 * within).exp()))).sin() * (-9.0 * within).exp();
        let snare =
            if number % 2 == 1 { (hiss[i] + 0.5 * (TAU * 190.0 * within).sin()) * (-14.0 * within).exp() } else { 0.0 };
        let hat = hiss[i] * (-60.0 * (t % (beat / 2.0))).exp() * 0.4;
        let root = [0, -4, 3, -2][number / 4 % 4] + shift;
        let bass = string(pitch(root - 24), within);
        let chord: f32 = [0, 4, 7].iter().map(|n| string(pitch(root + n), t % (2.0 * beat))).sum();
        1.5 * kick + snare + hat + bass + 0.5 * chord
    })
}

fn piano() -> Vec<f32> {
    each(|_, t| {
        let at = |length: f32, low: i32| {
            let number = (t / length) as usize;
            string(pitch(low + (chance(number, low as usize) * 18.0) as i32), t % length)
        };
        at(0.31, -5) + 0.7 * at(0.62, -17)
    })
}

fn arpeggio() -> Vec<f32> {
    let tune = [0, 4, 7, 12, 16, 12, 7, 4];
    each(|_, t| {
        let (number, within) = ((t / 0.125) as usize, t % 0.125);
        let hertz = pitch(tune[number % 8] + [0, 5, -2, 3][number / 16 % 4]);
        (TAU * hertz * t).sin().signum() * (-8.0 * within).exp()
    })
}

fn organ() -> Vec<f32> {
    each(|_, t| {
        let root = [0, 5, 7, 2][(t / 2.0) as usize % 4];
        let pipe = |n: i32| (1..=4).map(|k| (TAU * pitch(root + n) * k as f32 * t).sin() / k as f32).sum::<f32>();
        pipe(-12) + pipe(0) + pipe(4) + pipe(7)
    })
}

fn whistling() -> Vec<f32> {
    let hiss = hiss();
    let mut phase = 0.0;
    each(|i, t| {
        let number = (t / 0.5) as usize;
        let (from, to) =
            (pitch(24 + (chance(number, 1) * 12.0) as i32), pitch(24 + (chance(number + 1, 1) * 12.0) as i32));
        let way = ((t % 0.5) / 0.1).min(1.0);
        phase += TAU * (from + (to - from) * way) / RATE as f32;
        let breath = if number % 5 == 4 { 0.0 } else { 1.0 };
        breath * phase.sin() + 0.05 * hiss[i]
    })
}

fn siren() -> Vec<f32> {
    let mut phase = 0.0;
    each(|_, t| {
        phase += TAU * (900.0 + 500.0 * (TAU * 0.25 * t).sin()) / RATE as f32;
        (1..=4).map(|n| (phase * n as f32).sin() / n as f32).sum()
    })
}

fn sawing() -> Vec<f32> {
    let hiss = hiss();
    let mut low = 0.0;
    each(|i, t| {
        let stroke = t % 0.7;
        let (strength, smooth) = if stroke < 0.35 { (1.0, 0.5) } else { (0.5, 0.25) };
        low += smooth * (hiss[i] - low);
        low * strength * (TAU * stroke / 0.7).sin().abs().powf(0.5) * (1.0 + 0.4 * (TAU * 45.0 * t).sin())
    })
}

fn sanding() -> Vec<f32> {
    let hiss = hiss();
    each(|i, t| hiss[i] * (0.3 + 0.7 * (TAU * 1.9 * t).sin().abs()))
}

fn impact_wrench() -> Vec<f32> {
    let hiss = hiss();
    each(|i, t| {
        let burst = if t % 3.0 < 1.6 { 1.0 } else { 0.02 };
        let blow = t % 0.045;
        let ring: f32 = [1100.0, 2300.0, 3900.0].iter().map(|hertz| (TAU * hertz * blow).sin()).sum();
        burst
            * (0.6 * hiss[i] * (-150.0 * blow).exp()
                + 0.4 * ring * (-70.0 * blow).exp()
                + 0.3 * (TAU * 240.0 * t).sin())
    })
}

fn jackhammer() -> Vec<f32> {
    let hiss = hiss();
    each(|i, t| {
        let blow = t % 0.055;
        let thump = (TAU * 85.0 * blow).sin() * (-35.0 * blow).exp();
        if t % 5.0 < 3.5 { thump + 0.7 * hiss[i] * (-60.0 * blow).exp() } else { 0.02 * hiss[i] }
    })
}

fn clock() -> Vec<f32> {
    let hiss = hiss();
    each(|i, t| hiss[i] * (-200.0 * (t % 0.5)).exp() + 0.5 * (TAU * 3100.0 * t).sin() * (-120.0 * (t % 1.0)).exp())
}

fn water() -> Vec<f32> {
    let hiss = hiss();
    let mut low = 0.0;
    each(|i, t| {
        low += 0.4 * (hiss[i] - low);
        let drop = (t / 0.09) as usize;
        let (hertz, within) = (400.0 + 1200.0 * chance(drop, 2), t % 0.09);
        let bubble = (TAU * (hertz + 3000.0 * within) * within).sin() * (-40.0 * within).exp() * chance(drop, 3);
        low + bubble
    })
}

fn wind() -> Vec<f32> {
    let hiss = hiss();
    let (mut low, mut lower) = (0.0, 0.0);
    each(|i, t| {
        let gust = 0.5 + 0.5 * (TAU * 0.23 * t).sin() * (TAU * 0.11 * t + 1.0).sin();
        low += (0.02 + 0.1 * gust) * (hiss[i] - low);
        lower += 0.1 * (low - lower);
        (low + lower) * (0.2 + gust)
    })
}

fn hum() -> Vec<f32> {
    each(|_, t| (1..=12).map(|n| (TAU * 100.0 * n as f32 * t).sin() / (n * n) as f32).sum())
}

fn beeps() -> Vec<f32> {
    each(|_, t| if t % 0.8 < 0.15 { (TAU * 2000.0 * t).sin() } else { 0.0 })
}

fn birds() -> Vec<f32> {
    let hiss = hiss();
    let mut phase = 0.0;
    each(|i, t| {
        let (number, within) = ((t / 0.18) as usize, t % 0.18);
        let sings = chance(number / 4, 4) > 0.4;
        phase += TAU * (2500.0 + 2500.0 * chance(number, 5) + 6000.0 * within) / RATE as f32;
        if sings { phase.sin() * (TAU * within / 0.36).sin() } else { 0.02 * hiss[i] }
    })
}

fn knocks() -> Vec<f32> {
    let hiss = hiss();
    let mut low = 0.0;
    each(|i, t| {
        low += 0.15 * (hiss[i] - low);
        let (number, within) = ((t / 0.6) as usize, t % 0.6 - 0.2 * chance((t / 0.6) as usize, 6));
        let knock = if within > 0.0 { (-45.0 * within).exp() } else { 0.0 };
        let body = (TAU * (120.0 + 150.0 * chance(number, 7)) * within).sin();
        knock * (low * 3.0 + body) + 0.01 * hiss[i]
    })
}

fn compressor() -> Vec<f32> {
    let hiss = hiss();
    let mut low = 0.0;
    each(|i, t| {
        low += 0.3 * (hiss[i] - low);
        let stroke = (TAU * 14.0 * t).sin().max(0.0);
        low * (0.4 + stroke) + 0.5 * (1..=5).map(|n| (TAU * 47.0 * n as f32 * t).sin() / n as f32).sum::<f32>()
    })
}
