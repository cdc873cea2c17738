//! Sounds of workplaces in which nobody speaks. All are made here: 16 kHz, mono, the same at every run.

use super::{RATE, fan, noise, silence, tone};
use std::f32::consts::TAU;

/// A name and a sound of 20 s.
pub type Noise = (&'static str, Vec<i16>);

const SECONDS: usize = 20;

/// Everything that may not be taken for speech.
pub fn all() -> Vec<Noise> {
    let mut all = vec![
        ("silence", silence(SECONDS)),
        ("faint noise", noise(SECONDS, 50.0)),
        ("white noise", noise(SECONDS, 3000.0)),
        ("loud white noise", noise(SECONDS, 20_000.0)),
        ("fan", fan(SECONDS)),
        ("fan beside the ear", louder(fan(SECONDS), 8.0)),
        ("tone", tone(SECONDS, 440.0)),
    ];
    for (name, sound) in [
        ("chords", chords()),
        ("melody", melody(1.0)),
        ("slow melody with vibrato", melody(2.5)),
        ("bass line", bass()),
        ("drill", drill(60.0, 200.0)),
        ("fast drill", drill(150.0, 320.0)),
        ("hammer drill", hammer_drill()),
        ("hammering", hammering()),
        ("grinder", grinder()),
        ("vacuum cleaner", vacuum()),
        ("alarm", alarm()),
        ("engine", engine()),
    ] {
        all.push((name, samples(&sound, 6000.0)));
    }
    all
}

/// `sound` at a peak of `level`.
pub fn samples(sound: &[f32], level: f32) -> Vec<i16> {
    let peak = sound.iter().fold(0.0_f32, |peak, s| peak.max(s.abs())).max(1e-6);
    sound.iter().map(|s| (s / peak * level) as i16).collect()
}

pub fn louder(samples: Vec<i16>, gain: f32) -> Vec<i16> {
    samples.into_iter().map(|s| (f32::from(s) * gain) as i16).collect()
}

fn each(mut at: impl FnMut(usize, f32) -> f32) -> Vec<f32> {
    (0..SECONDS * RATE).map(|i| at(i, i as f32 / RATE as f32)).collect()
}

fn hiss() -> Vec<f32> {
    noise(SECONDS, 10_000.0).into_iter().map(|s| f32::from(s) / 10_000.0).collect()
}

/// An instrument's note: overtones that fall off, a soft beginning and end.
fn note(hertz: f32, t: f32, length: f32) -> f32 {
    let envelope = (t / 0.03).min(1.0) * ((length - t) / 0.1).clamp(0.0, 1.0) * (-1.2 * t).exp();
    envelope * (1..=6).map(|n| (TAU * hertz * n as f32 * t).sin() / n as f32).sum::<f32>()
}

fn semitones(above_a: i32) -> f32 {
    220.0 * 2_f32.powf(above_a as f32 / 12.0)
}

fn chords() -> Vec<f32> {
    let progression = [[0, 4, 7], [5, 9, 12], [7, 11, 14], [0, 4, 7]];
    each(|_, t| {
        let chord = progression[(t / 1.5) as usize % 4];
        chord.iter().map(|&n| note(semitones(n), t % 1.5, 1.5)).sum()
    })
}

fn melody(slowness: f32) -> Vec<f32> {
    let tune = [0, 2, 4, 5, 7, 7, 9, 7, 4, 5, 2, 4, 0, -5, 0, 0];
    let length = 0.4 * slowness;
    let mut phase = 0.0;
    each(|_, t| {
        let within = t % length;
        let hertz = semitones(tune[(t / length) as usize % tune.len()]) * (1.0 + 0.01 * (TAU * 5.5 * t).sin());
        phase += TAU * hertz / RATE as f32;
        let envelope = (within / 0.03).min(1.0) * ((length - within) / 0.06).clamp(0.0, 1.0);
        envelope * (1..=8).map(|n| (phase * n as f32).sin() / n as f32).sum::<f32>()
    })
}

fn bass() -> Vec<f32> {
    let tune = [-24, -24, -17, -19, -24, -12, -17, -19];
    let hiss = hiss();
    each(|i, t| {
        let snare = if (t + 0.25) % 0.5 < 0.08 { hiss[i] * (-30.0 * ((t + 0.25) % 0.5)).exp() } else { 0.0 };
        note(semitones(tune[(t / 0.25) as usize % 8]), t % 0.25, 0.25) + 1.5 * snare
    })
}

/// A saw-tooth whose speed rises and falls with the load, in bursts.
fn drill(from: f32, to: f32) -> Vec<f32> {
    let hiss = hiss();
    let mut phase = 0.0;
    each(|i, t| {
        let within = t % 4.0;
        if within > 2.8 {
            return 0.01 * hiss[i];
        }
        let hertz = from + (to - from) * (1.0 - (-3.0 * within).exp()) * (1.0 - 0.1 * (TAU * 0.7 * t).sin());
        phase = (phase + hertz / RATE as f32) % 1.0;
        2.0 * phase - 1.0 + 0.3 * (TAU * 7.0 * phase).sin() + 0.3 * hiss[i]
    })
}

fn hammer_drill() -> Vec<f32> {
    let (motor, hiss) = (drill(90.0, 140.0), hiss());
    each(|i, t| 0.5 * motor[i] + hiss[i] * (-120.0 * (t % 0.025)).exp() * if t % 4.0 < 2.8 { 1.0 } else { 0.0 })
}

fn hammering() -> Vec<f32> {
    let hiss = hiss();
    each(|i, t| {
        let within = t % 0.45;
        let ring: f32 = [820.0, 1370.0, 2650.0].iter().map(|hertz| (TAU * hertz * within).sin()).sum();
        hiss[i] * (-90.0 * within).exp() + 0.25 * ring * (-25.0 * within).exp() + 0.005 * hiss[i]
    })
}

fn grinder() -> Vec<f32> {
    let hiss = hiss();
    let mut phase = 0.0;
    each(|i, t| {
        phase += TAU * (480.0 + 40.0 * (TAU * 0.3 * t).sin()) / RATE as f32;
        (1..=5).map(|n| (phase * n as f32).sin() / n as f32).sum::<f32>() + 0.8 * hiss[i]
    })
}

fn vacuum() -> Vec<f32> {
    let hiss = hiss();
    let mut low = 0.0;
    each(|i, t| {
        low += 0.2 * (hiss[i] - low);
        2.0 * low + 0.4 * (TAU * 310.0 * t).sin() + 0.2 * (TAU * 620.0 * t).sin()
    })
}

fn alarm() -> Vec<f32> {
    let mut phase = 0.0;
    each(|_, t| {
        phase += TAU * if t % 1.0 < 0.5 { 800.0 } else { 1000.0 } / RATE as f32;
        phase.sin().signum()
    })
}

fn engine() -> Vec<f32> {
    let hiss = hiss();
    let mut phase: f32 = 0.0;
    each(|i, t| {
        phase = (phase + (28.0 + 6.0 * (TAU * 0.2 * t).sin()) / RATE as f32) % 1.0;
        (-18.0 * phase).exp() * (1.0 + 0.5 * hiss[i]) + 0.5 * (TAU * 2.0 * phase).sin()
    })
}
