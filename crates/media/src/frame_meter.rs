//! Measures sampled frames: what the picture shows, without understanding it.

use crate::{FRAME_HEIGHT, FRAME_WIDTH};
use domain::signals::{Between, FrameSample};

/// Pixels of luma in a frame.
const PIXELS: usize = FRAME_WIDTH * FRAME_HEIGHT;
/// Side of a block in pixels: large enough that noise averages out, small enough for a hand.
const BLOCK: usize = 5;
const BLOCK_COLUMNS: usize = FRAME_WIDTH / BLOCK;
const BLOCK_ROWS: usize = FRAME_HEIGHT / BLOCK;
/// Change of a block's mean luma that is movement: at least, and at most however noisy the picture is.
const MOVED: (f32, f32) = (6.0, 16.0);
/// Median changes that noise makes hardly ever.
const BEYOND_NOISE: f32 = 6.0;

/// Turns successive frames into samples.
#[derive(Clone, Debug, Default)]
pub struct FrameMeter {
    previous: Vec<u8>,
    previous_blocks: Vec<f32>,
}

impl FrameMeter {
    /// Measures the frame at `at` seconds: luma `[FRAME_HEIGHT, FRAME_WIDTH]`, row by row, then blue and red at half
    /// the size each way (yuv420p, full range). Without those two it counts as gray.
    pub fn measure(&mut self, at: f64, frame: &[u8]) -> FrameSample {
        let (luma, chroma) = frame.split_at(frame.len().min(PIXELS));
        let (blue, red) = chroma.split_at(chroma.len() / 2);
        let mean = mean(luma.iter().map(|l| f64::from(*l)));
        let variance = self::mean(luma.iter().map(|l| (f64::from(*l) - mean).powi(2)));
        let change = self::mean(luma.iter().zip(&self.previous).map(|(a, b)| f64::from(a.abs_diff(*b))));
        let colour = |plane: &[u8]| self::mean(plane.iter().map(|c| f64::from(*c) - 128.0)) as f32;
        let blocks = blocks(luma);
        let moved = moved(&blocks, &self.previous_blocks);
        let detail = detail(&blocks);
        self.previous.clear();
        self.previous.extend_from_slice(luma);
        self.previous_blocks = blocks;
        FrameSample {
            at,
            luma: mean as f32,
            contrast: variance.sqrt() as f32,
            sharpness: sharpness(luma),
            change: change as f32,
            grid: grid(luma),
            detail,
            moved,
            blue: colour(blue),
            red: colour(red),
            flow: None,
            between: None,
        }
    }
}

/// What frames (luma `[FRAME_HEIGHT, FRAME_WIDTH]`, evenly spaced) show that begin at a sample and go on `later` frames
/// and more beyond it, where the next sample lies; `None` where too few do.
pub fn between(frames: &[Vec<u8>], later: usize) -> Option<Between> {
    /// Frames that must have one to be compared with.
    const FEWEST: usize = 4;
    let pairs = frames.iter().zip(frames.get(later..)?);
    let mut changes: Vec<f32> =
        pairs.map(|(a, b)| mean(a.iter().zip(b).map(|(a, b)| f64::from(a.abs_diff(*b)))) as f32).collect();
    if later == 0 || changes.len() < FEWEST {
        return None;
    }
    changes.sort_unstable_by(f32::total_cmp);
    let first = blocks(&frames[0]);
    let moved = frames.iter().map(|frame| moved(&blocks(frame), &first)).fold(0.0, f32::max);
    Some(Between { moved, change: changes[changes.len() / 2] })
}

fn sharpness(luma: &[u8]) -> f32 {
    let across = luma.chunks(FRAME_WIDTH).flat_map(|row| row.windows(2).map(|p| f64::from(p[0].abs_diff(p[1]))));
    let down = luma.iter().zip(luma.iter().skip(FRAME_WIDTH)).map(|(a, b)| f64::from(a.abs_diff(*b)));
    mean(across.chain(down)) as f32
}

fn grid(luma: &[u8]) -> Vec<u8> {
    let (rows, columns) = (FrameSample::GRID_ROWS, FrameSample::GRID_COLUMNS);
    let mut sums = vec![(0_u32, 0_u32); rows * columns];
    for (i, value) in luma.iter().enumerate().take(PIXELS) {
        let (row, column) = (i / FRAME_WIDTH * rows / FRAME_HEIGHT, i % FRAME_WIDTH * columns / FRAME_WIDTH);
        let (sum, count) = &mut sums[row * columns + column];
        *sum += u32::from(*value);
        *count += 1;
    }
    sums.into_iter().map(|(sum, count)| (sum / count.max(1)) as u8).collect()
}

/// Mean luma of blocks; `[BLOCK_ROWS, BLOCK_COLUMNS]`.
fn blocks(luma: &[u8]) -> Vec<f32> {
    let mut sums = vec![0_u32; BLOCK_ROWS * BLOCK_COLUMNS];
    for (y, row) in luma.chunks_exact(FRAME_WIDTH).enumerate().take(BLOCK_ROWS * BLOCK) {
        for (x, pixels) in row.chunks_exact(BLOCK).enumerate() {
            sums[y / BLOCK * BLOCK_COLUMNS + x] += pixels.iter().map(|p| u32::from(*p)).sum::<u32>();
        }
    }
    sums.into_iter().map(|sum| sum as f32 / (BLOCK * BLOCK) as f32).collect()
}

/// Mean distance of a block from the mean of its four neighbours: a smooth slope has none.
fn detail(blocks: &[f32]) -> f32 {
    let at = |x: usize, y: usize| blocks[y * BLOCK_COLUMNS + x];
    let inner = (1..BLOCK_ROWS - 1).flat_map(|y| (1..BLOCK_COLUMNS - 1).map(move |x| (x, y)));
    let distance = |(x, y): (usize, usize)| {
        let around = (at(x - 1, y) + at(x + 1, y) + at(x, y - 1) + at(x, y + 1)) / 4.0;
        f64::from((at(x, y) - around).abs())
    };
    mean(inner.map(distance)) as f32
}

/// Share of the blocks that changed, beyond a change of brightness all over (the median) and beyond noise.
fn moved(blocks: &[f32], previous: &[f32]) -> f32 {
    if previous.len() != blocks.len() || blocks.is_empty() {
        return 0.0;
    }
    let change: Vec<f32> = blocks.iter().zip(previous).map(|(a, b)| a - b).collect();
    let all_over = median(change.clone());
    let change: Vec<f32> = change.into_iter().map(|c| (c - all_over).abs()).collect();
    let enough = (BEYOND_NOISE * median(change.clone())).clamp(MOVED.0, MOVED.1);
    change.iter().filter(|c| **c > enough).count() as f32 / change.len() as f32
}

fn median(mut values: Vec<f32>) -> f32 {
    let middle = values.len() / 2;
    *values.select_nth_unstable_by(middle, f32::total_cmp).1
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

    /// Noise of some 10 luma steps, another for every `seed`.
    fn noise(x: usize, y: usize, seed: usize) -> u8 {
        let mixed = ((x * 73_856_093) ^ (y * 19_349_663) ^ (seed * 83_492_791)).wrapping_mul(2_654_435_761) >> 16;
        (mixed % 35) as u8
    }

    #[test]
    fn a_covered_lens_has_neither_contrast_nor_sharpness() {
        let sample = FrameMeter::default().measure(3.0, &frame(|_, _| 4));
        assert_eq!(
            (sample.at, sample.luma, sample.contrast, sample.sharpness, sample.change),
            (3.0, 4.0, 0.0, 0.0, 0.0)
        );
        assert_eq!(sample.grid, vec![4; 40]);
        assert_eq!((sample.detail, sample.moved, sample.blue, sample.red), (0.0, 0.0, 0.0, 0.0));
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

    #[test]
    fn detail_is_what_a_scene_has_and_noise_and_a_slope_have_not() {
        let detail = |f: Vec<u8>| FrameMeter::default().measure(0.0, &f).detail;
        let (slope, noisy) = (detail(frame(|x, _| x as u8)), detail(frame(|x, y| noise(x, y, 1))));
        let scene = detail(frame(|x, y| if (x / 14 + y / 11) % 2 == 0 { 60 } else { 90 }));
        assert!(slope < 0.1 && noisy < 2.0 && scene > 6.0, "slope {slope}, noise {noisy}, scene {scene}");
    }

    #[test]
    fn a_hand_moves_and_noise_and_a_cloud_do_not() {
        let mut meter = FrameMeter::default();
        let hand =
            |at: usize, seed| frame(move |x, y| noise(x, y, seed) + if x / 16 == at && y > 60 { 90 } else { 40 });
        meter.measure(0.0, &hand(2, 1));
        let noisy = meter.measure(4.0, &hand(2, 2)).moved;
        let moved = meter.measure(8.0, &hand(4, 3)).moved;
        let dimmer: Vec<u8> = hand(4, 3).iter().map(|l| l - 25).collect();
        let cloud = meter.measure(12.0, &dimmer).moved;
        assert!(noisy < 0.01 && (0.03..0.2).contains(&moved) && cloud == 0.0, "{noisy} {moved} {cloud}");
    }

    #[test]
    fn the_colour_of_a_finger_is_red() {
        let mut planes = frame(|_, _| 90);
        planes.extend([110; PIXELS / 4]);
        planes.extend([170; PIXELS / 4]);
        let sample = FrameMeter::default().measure(0.0, &planes);
        assert_eq!((sample.luma, sample.blue, sample.red), (90.0, -18.0, 42.0));
    }
}
