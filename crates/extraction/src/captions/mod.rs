//! Captions: WebVTT, SRT or a transcript alone in, WebVTT captions and chapters out.

mod decode;
mod read;
mod spoken;
mod write;

pub use decode::decode;
pub use read::{CaptionsError, MAX_BYTES, MAX_CUES, parse};
pub use spoken::Spoken;
pub use write::{write_chapters, write_vtt};
