//! Media: ffmpeg and ffprobe as child processes. A file is judged by what it holds, never by its name or its header's word.
#![cfg_attr(test, allow(clippy::unwrap_used))]

mod child;
mod error;
mod sniff;
mod tools;

mod captions;
mod cut;
mod frames;
mod keyframes;
mod playable;
mod probe;
mod sound;
mod thumbnail;
mod timeline;

pub mod bench;
mod frame_meter;
pub mod sample;
mod sound_meter;

pub use captions::{CAPTIONS_LIMIT_BYTES, embedded_captions};
pub use child::Companion;
pub use cut::{Cut, cut};
pub use error::MediaError;
pub use frame_meter::{FrameMeter, between};
pub use frames::frames;
pub use keyframes::{FRAME_HEIGHT, FRAME_WIDTH, keyframes};
pub use playable::{Playable, make_playable};
pub use probe::{MAX_PIXELS, Probed, probe};
pub use sound::{SAMPLE_RATE, sound_16k_mono};
pub use sound_meter::SoundMeter;
pub use thumbnail::{sound_thumbnail, thumbnail};
pub use timeline::{Joined, Run, join_runs};
pub use tools::{Tools, Usage};
