//! Evidence: what speaks for a boundary before each unit, measured over the whole recording.

use super::{
    cues::{announces_step, cues},
    picture,
    signals::{COUNT, Signal, Values},
    units::{Said, Terms, Units},
};
use domain::signals::Signals;

/// Share of a typical segment before and after a moment whose words are compared.
const WINDOW: f64 = 0.4;
/// Seconds before and after a moment whose speaking rates and new terms are compared.
const AROUND: f64 = 20.0;

/// The signals at each unit; `typical_seconds` is how long segments are, `duration` how long the recording is.
pub fn evidence(units: &Units, signals: &Signals, typical_seconds: f64, duration: f64) -> Vec<Values> {
    let starts = units.starts();
    let window = (WINDOW * typical_seconds).clamp(20.0, 60.0);
    let vocabulary = units.vocabulary();
    let words = |seconds| dips(&starts, seconds, vocabulary, |i| Sparse(&units.terms[i]));
    let (dip, wide_dip) = (words(window), words(2.0 * window));
    let width = units.meanings.iter().map(Vec::len).max().unwrap_or(0);
    let meanings = |seconds| match width {
        0 => vec![0.0; starts.len()],
        _ => dips(&starts, seconds, width, |i| Dense(&units.meanings[i])),
    };
    let (meaning_dip, wide_meaning_dip) = (meanings(window), meanings(2.0 * window));
    let pauses = pauses(&units.said);
    let scenes = picture::scene_changes(signals, &starts);
    let spoken: Vec<f64> = units.said.iter().map(|s| s.words as f64).collect();
    let seconds: Vec<f64> = units.said.iter().map(|s| (s.end - s.start).clamp(0.1, 60.0)).collect();
    let named: Vec<f64> = units.new_terms.iter().map(|n| f64::from(*n)).collect();
    let rate = |(words_before, words_after): (f64, f64), (before, after): (f64, f64)| {
        (((words_after + 2.0) / (after + 1.0)) / ((words_before + 2.0) / (before + 1.0))).ln().clamp(-1.0, 1.0)
    };
    (0..starts.len())
        .map(|i| {
            let before = if i > 0 { Some(&units.said[i - 1]) } else { None };
            let here = &units.said[i];
            let cue = cues(before.map_or("", |s| &s.text), &here.text);
            let late = starts[i] > 0.8 * duration || (duration - starts[i] < 60.0 && starts[i] > 0.5 * duration);
            let (named_before, named_after) = around(&starts, &named, i);
            let mut values = [0.0; COUNT];
            let mut set = |signal: Signal, value: f64| values[signal as usize] = value;
            set(Signal::MovesOn, cue.moves_on);
            set(Signal::AnnouncesStep, f64::from(u8::from(announces_step(&here.text))));
            set(Signal::Announces, cue.announces);
            set(Signal::Opens, cue.opens);
            set(Signal::Ended, cue.ended);
            set(Signal::GoesOn, cue.goes_on);
            set(Signal::MidSentence, cue.mid_sentence);
            set(Signal::Closes, if late { cue.closes } else { 0.0 });
            set(Signal::PauseRank, pauses[i].0);
            set(Signal::Pause, pauses[i].1);
            set(Signal::Rate, rate(around(&starts, &spoken, i), around(&starts, &seconds, i)));
            set(Signal::Dip, dip[i]);
            set(Signal::WideDip, wide_dip[i]);
            set(Signal::NewTerms, ((named_after + 1.0) / (named_before + 1.0)).ln().clamp(-1.5, 1.5));
            set(Signal::Repeats, if i > 0 { repeats(&units.terms[i - 1], &units.terms[i]) } else { 0.0 });
            set(Signal::MeaningDip, meaning_dip[i]);
            set(Signal::WideMeaningDip, wide_meaning_dip[i]);
            set(
                Signal::SameMeaning,
                if i > 0 && width > 0 { same(&units.meanings[i - 1], &units.meanings[i]) } else { 0.0 },
            );
            set(Signal::Scene, scenes[i]);
            set(Signal::Boundary, 1.0);
            values
        })
        .collect()
}

/// Sums of a value over the seconds before and after the start of a unit.
fn around(starts: &[f64], of: &[f64], i: usize) -> (f64, f64) {
    let before = (0..i).rev().take_while(|j| starts[i] - starts[*j] <= AROUND).map(|j| of[j]).sum();
    let after = (i..starts.len()).take_while(|j| starts[*j] - starts[i] < AROUND).map(|j| of[j]).sum();
    (before, after)
}

/// Share of the terms of the shorter that the other has, too.
fn repeats(a: &Terms, b: &Terms) -> f64 {
    let shared = a.iter().filter(|(term, _)| b.binary_search_by_key(term, |(t, _)| *t).is_ok()).count();
    shared as f64 / a.len().min(b.len()).max(1) as f64
}

fn same(a: &[f32], b: &[f32]) -> f64 {
    let dot = |a: &[f32], b: &[f32]| a.iter().zip(b).map(|(x, y)| f64::from(x * y)).sum::<f64>();
    let lengths = (dot(a, a) * dot(b, b)).sqrt();
    if lengths > 1e-9 { dot(a, b) / lengths } else { 0.0 }
}

/// A vector that is added into a dense sum.
trait Vector {
    fn add_to(&self, sum: &mut [f64], sign: f64);
}

struct Sparse<'a>(&'a Terms);
struct Dense<'a>(&'a [f32]);

impl Vector for Sparse<'_> {
    fn add_to(&self, sum: &mut [f64], sign: f64) {
        self.0.iter().for_each(|(id, v)| sum[*id as usize] += sign * f64::from(*v));
    }
}

impl Vector for Dense<'_> {
    fn add_to(&self, sum: &mut [f64], sign: f64) {
        self.0.iter().zip(sum).for_each(|(v, s)| *s += sign * f64::from(*v));
    }
}

/// How much less the windows before and after a unit resemble each other than elsewhere, in standard deviations, -2 to
/// 2.5 (block comparison, Hearst 1997).
fn dips<V: Vector>(starts: &[f64], seconds: f64, width: usize, vector: impl Fn(usize) -> V) -> Vec<f64> {
    let n = starts.len();
    let (mut left, mut right) = (vec![0f64; width], vec![0f64; width]);
    let (mut from, mut to) = (0, 0);
    let mut similar = vec![1.0; n];
    for i in 0..n {
        if i > 0 {
            vector(i - 1).add_to(&mut left, 1.0);
            vector(i - 1).add_to(&mut right, -1.0);
        }
        while to < n && starts[to] - starts[i] < seconds {
            vector(to).add_to(&mut right, 1.0);
            to += 1;
        }
        while from < i && starts[i] - starts[from] >= seconds {
            vector(from).add_to(&mut left, -1.0);
            from += 1;
        }
        if i > 0 {
            similar[i] = cosine(&left, &right);
        }
    }
    let inner = &similar[1.min(n)..];
    let mean = inner.iter().sum::<f64>() / inner.len().max(1) as f64;
    let deviation = (inner.iter().map(|s| (s - mean).powi(2)).sum::<f64>() / inner.len().max(1) as f64).sqrt();
    let deviation = if deviation > 1e-6 { deviation } else { 1.0 };
    similar.iter().map(|s| ((mean - s) / deviation).clamp(-2.0, 2.5)).collect()
}

fn cosine(a: &[f64], b: &[f64]) -> f64 {
    let (mut dot, mut l, mut r) = (0.0, 0.0, 0.0);
    for (a, b) in a.iter().zip(b) {
        dot += a * b;
        l += a * a;
        r += b * b;
    }
    if l > 1e-9 && r > 1e-9 { dot / (l * r).sqrt() } else { 0.0 }
}

/// The pause before each unit: the square of its rank among the recording's pauses, and its logarithm.
fn pauses(said: &[Said]) -> Vec<(f64, f64)> {
    let mut spoken_until = f64::NEG_INFINITY;
    let gaps: Vec<f64> = said
        .iter()
        .map(|s| {
            let gap = if spoken_until.is_finite() { (s.start - spoken_until).max(0.0) } else { 0.0 };
            spoken_until = spoken_until.max(s.end);
            gap
        })
        .collect();
    let mut sorted = gaps.clone();
    sorted.sort_by(f64::total_cmp);
    let of = |gap: &f64| {
        let rank = sorted.partition_point(|g| g < gap) as f64 / sorted.len() as f64;
        (if *gap > 0.05 { rank * rank } else { 0.0 }, (gap.ln_1p() / 6f64.ln()).min(1.5))
    };
    gaps.iter().map(of).collect()
}
