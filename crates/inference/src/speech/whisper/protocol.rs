//! What the program and its whisper child say to each other: one JSON request on stdin, one JSON line per window on
//! stdout, as they are done.

use domain::{Span, utterance::Word};
use serde::{Deserialize, Serialize};
use std::path::PathBuf;

/// What the child says on stderr when its model is loaded: what breaks before that is the model's fault.
pub const LOADED: &str = "trainar: the model is loaded";

/// What is to be recognised.
#[derive(Debug, Serialize, Deserialize)]
pub struct Request {
    /// Raw sound: 16 kHz, mono, signed 16 bit, little-endian.
    pub sound: PathBuf,
    /// ISO 639-1, such as `en`; absent: whisper tells from the first window.
    pub language: Option<String>,
    /// Terms that are likely to be said, the most important first.
    #[serde(default)]
    pub vocabulary: Vec<String>,
    /// Each at most 30 s of voiced pieces, which are listened to as if they followed one another.
    pub windows: Vec<Vec<Span>>,
}

/// What was said in one window.
#[derive(Debug, Serialize, Deserialize)]
pub struct Answer {
    /// Its place in the request, from 0.
    pub window: usize,
    /// Times in seconds from the start of the sound.
    pub words: Vec<Word>,
}
