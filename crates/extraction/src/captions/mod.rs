//! Captions: WebVTT and SRT in, WebVTT captions and chapters out.

mod read;
mod write;

pub use read::{CaptionsError, MAX_BYTES, MAX_CUES, parse};
pub use write::{write_chapters, write_vtt};
