//! Signals: what sound and picture show, sampled once, small enough to keep.

use crate::Span;
use serde::{Deserialize, Serialize};

/// Everything observed in a recording.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Signals {
    /// Length of the recording in seconds.
    pub duration_seconds: f64,
    /// `None` where the recording has no sound track.
    pub sound: Option<Sound>,
    /// `None` where the recording has no picture.
    pub picture: Option<Picture>,
    /// Where nothing was recorded (a pause, a lost part), in order, in seconds: no fault of the recording, and nobody's
    /// idleness.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub gaps: Vec<Span>,
}

impl Signals {
    /// What of these spans was recorded.
    pub fn recorded(&self, spans: Vec<Span>) -> Vec<Span> {
        spans.iter().flat_map(|span| span.without(&self.gaps)).collect()
    }

    /// Length of the gaps together, in seconds.
    pub fn gap_seconds(&self) -> f64 {
        self.gaps.iter().map(Span::duration).sum()
    }
}

/// The sound, one value per window of [`Sound::WINDOW_SECONDS`].
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Sound {
    /// Root mean square level in dBFS, at least -100; `[windows]`.
    pub level_db: Vec<f32>,
    /// Share of the window in which a voice was heard, 0 to 1; `[windows]`.
    pub voiced: Vec<f32>,
    /// Share of the window that is digital silence (at least 20 ms of samples within one step of zero, or no samples at
    /// all), 0 to 1; `[windows]`.
    pub dropout: Vec<f32>,
    /// The same level of what lies above some 2 kHz; far below `level_db` where cloth muffles the microphone;
    /// `[windows]`, empty where it was not measured.
    #[serde(default)]
    pub treble_db: Vec<f32>,
}

impl Sound {
    /// Length of one window in seconds.
    pub const WINDOW_SECONDS: f64 = 1.0;
}

/// The picture, one value per sampled keyframe, in order.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Picture {
    /// The samples.
    pub frames: Vec<FrameSample>,
    /// Where no picture comes for some seconds: it begins late, pauses, or ends before the recording; in order, seconds.
    #[serde(default)]
    pub missing: Vec<Span>,
}

/// One sampled keyframe, measured on a picture of 160 x 90.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct FrameSample {
    /// Seconds from the start of the recording.
    pub at: f64,
    /// Mean luma, 0 (black) to 255.
    pub luma: f32,
    /// Standard deviation of luma; near 0 for a covered lens.
    pub contrast: f32,
    /// Mean absolute difference of neighbouring pixels; low when blurred or covered, raised by noise.
    pub sharpness: f32,
    /// Mean absolute luma difference to the sample before, 0 to 255; 0 for the first.
    pub change: f32,
    /// Mean luma on a grid, row by row; `[GRID_ROWS x GRID_COLUMNS]`.
    pub grid: Vec<u8>,
    /// How much blocks of 5 x 5 pixels stand out from their neighbours, in luma: low for a smooth surface, hardly
    /// raised by noise.
    #[serde(default)]
    pub detail: f32,
    /// Share of those blocks that look otherwise than in the sample before, beyond noise and a change of the whole
    /// picture's brightness, 0 to 1; 0 for the first.
    #[serde(default)]
    pub moved: f32,
    /// Mean distance of blue from gray (Cb), -128 to 127.
    #[serde(default)]
    pub blue: f32,
    /// Mean distance of red from gray (Cr), -128 to 127.
    #[serde(default)]
    pub red: f32,
    /// Mean size of the packets that are no keyframes, from this sample to the next, as a share of the keyframes' size:
    /// next to nothing while the picture stands still. `None` where every packet is a keyframe.
    #[serde(default)]
    pub flow: Option<f32>,
    /// What the frames after this sample show, in stretches in which one sample looks like the next; `None` where they
    /// were not looked at.
    #[serde(default)]
    pub between: Option<Between>,
}

/// The frames between samples that look the same: is it one picture, or a scene that comes round again?
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Between {
    /// Largest share of blocks that look otherwise than at the start, as [`FrameSample::moved`], 0 to 1.
    pub moved: f32,
    /// Median over the frames of the mean luma difference to the frame one sample later, 0 to 255: noise of a live camera
    /// is another one there, what a coarse encoding leaves is not.
    pub change: f32,
}

impl FrameSample {
    /// Columns of `grid`.
    pub const GRID_COLUMNS: usize = 8;
    /// Rows of `grid`.
    pub const GRID_ROWS: usize = 5;
}
