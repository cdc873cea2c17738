//! Measures sampled frames: what the picture shows, without understanding it.

use crate::{FRAME_HEIGHT, FRAME_WIDTH};
use domain::signals::FrameSample;

/// Turns successive gray frames into samples.
#[derive(Clone, Debug, Default)]
pub struct FrameMeter {
    previous: Vec<u8>,
}

impl FrameMeter {
    /// Measures the frame at `at` seconds; `luma` is `[FRAME_HEIGHT, FRAME_WIDTH]`, row by row.
    pub fn measure(&mut self, at: f64, luma: &[u8]) -> FrameSample {
        let mean = mean(luma.iter().map(|l| f64::from(*l)));
        let variance = self::mean(luma.iter().map(|l| (f64::from(*l) - mean).powi(2)));
        let change = self::mean(luma.iter().zip(&self.previous).map(|(a, b)| f64::from(a.abs_diff(*b))));
        self.previous.clear();
        self.previous.extend_from_slice(luma);
        FrameSample {
            at,
            luma: mean as f32,
            contrast: variance.sqrt() as f32,
            sharpness: sharpness(luma),
            change: change as f32,
            grid: grid(luma),
        }
    }
}

fn sharpness(luma: &[u8]) -> f32 {
    let across = luma.chunks(FRAME_WIDTH).flat_map(|row| row.windows(2).map(|p| f64::from(p[0].abs_diff(p[1]))));
    let down = luma.iter().zip(luma.iter().skip(FRAME_WIDTH)).map(|(a, b)| f64::from(a.abs_diff(*b)));
    mean(across.chain(down)) as f32
}

fn grid(luma: &[u8]) -> Vec<u8> {
    let (rows, columns) = (FrameSample::GRID_ROWS, FrameSample::GRID_COLUMNS);
    let mut sums = vec![(0_u32, 0_u32); rows * columns];
    for (i, value) in luma.iter().enumerate().take(FRAME_WIDTH * FRAME_HEIGHT) {
        let (row, column) = (i / FRAME_WIDTH * rows / FRAME_HEIGHT, i % FRAME_WIDTH * columns / FRAME_WIDTH);
        let (sum, count) = &mut sums[row * columns + column];
        *sum += u32::from(*value);
        *count += 1;
    }
    sums.into_iter().map(|(sum, count)| (sum / count.max(1)) as u8).collect()
}

/// 0 for nothing.
fn mean(values: impl Iterator<Item = f64>) -> f64 {
    let (sum, count) = values.fold((0.0, 0_u32), |(sum, count), v| (sum + v, count + 1));
    if count == 0 { 0.0 } else { sum / f64::from(count) }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn frame(pixel: impl Fn(usize, usize) -> u8) -> Vec<u8> {
        (0..FRAME_HEIGHT).flat_map(|y| (0..FRAME_WIDTH).map(move |x| (x, y))).map(|(x, y)| pixel(x, y)).collect()
    }

    #[test]
    fn a_covered_lens_has_neither_contrast_nor_sharpness() {
        let sample = FrameMeter::default().measure(3.0, &frame(|_, _| 4));
        assert_eq!(
            (sample.at, sample.luma, sample.contrast, sample.sharpness, sample.change),
            (3.0, 4.0, 0.0, 0.0, 0.0)
        );
        assert_eq!(sample.grid, vec![4; 40]);
    }

    #[test]
    fn stripes_are_sharp_and_a_new_picture_is_a_change() {
        let mut meter = FrameMeter::default();
        meter.measure(0.0, &frame(|_, _| 0));
        let sample = meter.measure(4.0, &frame(|x, _| if x % 2 == 0 { 200 } else { 0 }));
        assert_eq!((sample.luma, sample.contrast, sample.change), (100.0, 100.0, 100.0));
        assert!(sample.sharpness > 90.0, "{}", sample.sharpness);
    }

    #[test]
    fn the_grid_tells_left_from_right_and_top_from_bottom() {
        let sample = FrameMeter::default().measure(0.0, &frame(|x, y| if x < 20 && y < 18 { 255 } else { 0 }));
        assert_eq!(sample.grid.iter().position(|v| *v > 0), Some(0));
        assert_eq!(sample.grid.iter().filter(|v| **v > 0).count(), 1);
        assert_eq!(sample.grid[0], 255);
    }
}
