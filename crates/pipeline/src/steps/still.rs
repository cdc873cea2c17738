//! Looks closer where one sampled keyframe looks like the next: is it one picture, or a scene that comes round again?
//! How much flows between keyframes does not tell: an encoder of constant bit rate spends as much on either.

use domain::{Span, signals::FrameSample};
use media::{MediaError, Probed, Tools};
use std::{ops::Range, path::Path};

/// Mean luma change, and share of changed blocks, up to which two samples may show one picture.
const ALIKE: (f32, f32) = (3.0, 0.015);
/// Standard deviation of luma below which there is nothing to look at.
const BLANK: f32 = 6.0;
/// Looks in a whole recording; each decodes the frames of two distances between samples, some 8 s.
const LOOKS: usize = 6;
/// Looks in one stretch: one, and one more for every so many seconds.
const SECONDS_A_LOOK: f64 = 60.0;
const LOOKS_A_STRETCH: usize = 3;
/// Samples further apart than this are not looked between, in seconds.
const FAR: f64 = 10.0;
/// Frames per second that are looked at.
const PER_SECOND: u32 = 5;

/// Fills [`FrameSample::between`] in the stretches in which the samples are alike, the longest first.
///
/// # Errors
/// [`MediaError`]
pub async fn look_closer(
    tools: &Tools,
    file: &Path,
    probed: &Probed,
    frames: &mut [FrameSample],
) -> Result<(), MediaError> {
    for (stretch, looks) in looks(frames) {
        for at in &looks {
            let [here, next, end] = [0, 1, 2].map(|i| frames[at + i].at);
            let seen = media::frames(tools, file, probed, Span::new(here, end), PER_SECOND).await?;
            let later = ((next - here) * f64::from(PER_SECOND)).round() as usize;
            frames[*at].between = media::between(&seen, later);
        }
        // What lies between two looks is as the nearer one.
        let seen: Vec<_> = looks.iter().filter_map(|at| Some((*at, frames[*at].between?))).collect();
        for i in stretch {
            frames[i].between = seen.iter().min_by_key(|(at, _)| at.abs_diff(i)).map(|(_, between)| *between);
        }
    }
    Ok(())
}

/// The stretches of samples that are each like the next, and the samples to look from; two more follow each of these.
fn looks(frames: &[FrameSample]) -> Vec<(Range<usize>, Vec<usize>)> {
    let alike = |pair: &[FrameSample]| {
        let seen = pair.iter().all(|frame| frame.contrast >= BLANK);
        seen && pair[1].change <= ALIKE.0 && pair[1].moved <= ALIKE.1 && pair[1].at - pair[0].at <= FAR
    };
    let mut stretches: Vec<Range<usize>> = Vec::new();
    for (i, _) in frames.windows(2).enumerate().filter(|(_, pair)| alike(pair)) {
        match stretches.last_mut().filter(|last| last.end == i) {
            Some(last) => last.end = i + 1,
            None => stretches.push(i..i + 1),
        }
    }
    stretches.retain(|stretch| stretch.len() >= 2);
    let seconds = |stretch: &Range<usize>| frames[stretch.end].at - frames[stretch.start].at;
    stretches.sort_by(|a, b| seconds(b).total_cmp(&seconds(a)));
    let mut left = LOOKS;
    let mut all = Vec::new();
    for stretch in stretches {
        let wanted = LOOKS_A_STRETCH.min(1 + (seconds(&stretch) / SECONDS_A_LOOK) as usize).min(stretch.len() - 1);
        let count = wanted.min(left);
        left -= count;
        let at = |k: usize| stretch.start + (stretch.len() - 1) * (2 * k + 1) / (2 * count);
        let looks: Vec<usize> = (0..count).map(at).collect();
        if !looks.is_empty() {
            all.push((stretch, looks));
        }
    }
    all
}

#[cfg(test)]
mod tests {
    use super::*;

    fn samples(changes: &[f32]) -> Vec<FrameSample> {
        let sample = |(i, change): (usize, &f32)| FrameSample {
            at: 4.0 * i as f64,
            change: *change,
            contrast: 40.0,
            ..FrameSample::default()
        };
        changes.iter().enumerate().map(sample).collect()
    }

    #[test]
    fn only_where_samples_are_alike_and_two_more_follow() {
        assert_eq!(looks(&samples(&[0.0, 30.0, 0.5, 30.0, 20.0])), []);
        assert_eq!(looks(&samples(&[0.0, 30.0, 0.5, 0.7, 20.0])), [(1..3, vec![1])]);
        assert_eq!(looks(&[]), []);
    }

    #[test]
    fn a_long_recording_takes_no_more_looks_than_a_short_one() {
        let hours = looks(&samples(&[0.0; 5000]));
        assert_eq!(hours.len(), 1);
        assert_eq!(hours[0].1.len(), LOOKS_A_STRETCH);
        assert!(hours[0].1.windows(2).all(|pair| pair[0] < pair[1]) && hours[0].1[2] + 2 < 5000, "{hours:?}");
        let often: Vec<f32> = (0..900).map(|i| if i % 5 == 0 { 40.0 } else { 0.1 }).collect();
        assert_eq!(looks(&samples(&often)).iter().map(|(_, looks)| looks.len()).sum::<usize>(), LOOKS);
    }
}
