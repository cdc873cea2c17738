//! What was said, from a file: WebVTT, SRT or JSON with `utterances`, told apart by what the file holds.

use anyhow::{Context, Result, bail};
use extraction::captions::{self, Spoken};
use std::{fs, io::Read, path::Path};

/// The largest transcript that is taken, in bytes.
const MAX_BYTES: u64 = 64 << 20;

/// A file as text.
pub enum Text {
    Json(String),
    Captions(String),
}

/// Reads a file that should hold a transcript, in whatever encoding captions come.
pub fn text(path: &Path) -> Result<Text> {
    let shown = path.display();
    let opened = fs::File::open(path).with_context(|| format!("cannot read {shown}"))?;
    let mut bytes = Vec::new();
    opened.take(MAX_BYTES + 1).read_to_end(&mut bytes).with_context(|| format!("cannot read {shown}"))?;
    if bytes.len() as u64 > MAX_BYTES {
        bail!("{shown} holds more than {} MiB: that is no transcript", MAX_BYTES >> 20);
    }
    let text = captions::decode(&bytes).with_context(|| format!("cannot read {shown}"))?;
    if text.trim().is_empty() {
        bail!("{shown} is empty: give WebVTT, SRT, or JSON with `utterances`");
    }
    let is_json =
        path.extension().is_some_and(|e| e.eq_ignore_ascii_case("json")) || text.trim_start().starts_with('{');
    Ok(if is_json { Text::Json(text) } else { Text::Captions(text) })
}

/// Reads and checks a transcript.
pub fn read(path: &Path) -> Result<Spoken> {
    match text(path)? {
        Text::Json(text) => {
            let spoken: Spoken = serde_json::from_str(&text).with_context(|| {
                format!("{} is no JSON with `utterances` (start and end in seconds, text)", path.display())
            })?;
            checked(spoken, path)
        }
        Text::Captions(text) => from_captions(&text, path),
    }
}

/// What captions say.
pub fn from_captions(text: &str, path: &Path) -> Result<Spoken> {
    let utterances = captions::parse(text).with_context(|| format!("cannot use {}", path.display()))?;
    checked(Spoken { duration_seconds: None, utterances }, path)
}

/// What was said, as the rest may rely on it.
pub fn checked(spoken: Spoken, path: &Path) -> Result<Spoken> {
    spoken.checked().with_context(|| format!("cannot use {}", path.display()))
}
