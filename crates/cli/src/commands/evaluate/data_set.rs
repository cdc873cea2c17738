//! Data sets: folders of recordings in which people marked segments.

use anyhow::{Context, Result, bail};
use extraction::{
    captions,
    evaluate::{Meeting, Recording},
};
use flate2::read::GzDecoder;
use std::{
    fs,
    io::Read,
    path::{Path, PathBuf},
};

/// A file larger than this, unpacked, in bytes, is no data set of ours.
const MAX_BYTES: u64 = 256 << 20;

/// One recording of a data set, or why it cannot be used.
pub struct Entry {
    pub name: String,
    /// The file, and which recording of it.
    pub source: String,
    pub recording: Result<(Recording, Layout)>,
}

/// Where the times of the utterances come from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Layout {
    /// From the data set.
    Timed,
    /// From the number of words.
    ByWords,
}

/// The first `limit` recordings of a folder, by the names of the files. What cannot be read is an entry with its error.
pub fn read(dir: &Path, limit: usize) -> Result<Vec<Entry>> {
    let folder = fs::read_dir(dir).with_context(|| format!("cannot read the folder {}", dir.display()))?;
    let mut files: Vec<PathBuf> = folder.collect::<std::io::Result<Vec<_>>>()?.into_iter().map(|f| f.path()).collect();
    files.retain(|file| is_data(file));
    files.sort();
    if files.is_empty() {
        bail!("{} holds no .json or .json.gz file of recordings", dir.display());
    }
    let mut entries = Vec::new();
    for file in files {
        if entries.len() >= limit {
            break;
        }
        match recordings(&file) {
            Ok(found) => entries.extend(found),
            Err(error) => {
                entries.push(Entry { name: stem(&file), source: file.display().to_string(), recording: Err(error) });
            }
        }
    }
    entries.truncate(limit);
    Ok(entries)
}

fn is_data(file: &Path) -> bool {
    let name = file.to_string_lossy().to_lowercase();
    name.ends_with(".json") || name.ends_with(".json.gz")
}

/// The name of a file without its endings.
fn stem(file: &Path) -> String {
    let name = file.file_name().unwrap_or_default().to_string_lossy();
    name.split(".json").next().unwrap_or_default().to_owned()
}

/// The recordings of one file: itself one, or a list of meetings.
fn recordings(file: &Path) -> Result<Vec<Entry>> {
    let text = captions::decode(&bytes(file)?)?;
    if text.trim_start().starts_with('[') {
        let meetings: Vec<Meeting> = serde_json::from_str(&text).context("is no list of meetings as in QMSum")?;
        let entry = |meeting: Meeting| Entry {
            name: meeting.name.clone(),
            source: format!("{}, meeting {}", file.display(), meeting.name),
            recording: meeting.recording().map(|r| (r, Layout::ByWords)).map_err(Into::into),
        };
        return Ok(meetings.into_iter().map(entry).collect());
    }
    let recording: Recording = serde_json::from_str(&text)
        .context("is no recording with marks (`duration_seconds`, `utterances`, `coarse`, `fine`)")?;
    let recording = recording.checked().map(|r| (r, Layout::Timed)).map_err(Into::into);
    Ok(vec![Entry { name: stem(file), source: file.display().to_string(), recording }])
}

fn bytes(file: &Path) -> Result<Vec<u8>> {
    let opened = fs::File::open(file).context("cannot be read")?;
    let packed = file.extension().is_some_and(|e| e.eq_ignore_ascii_case("gz"));
    let reader: Box<dyn Read> = if packed { Box::new(GzDecoder::new(opened)) } else { Box::new(opened) };
    let mut bytes = Vec::new();
    reader.take(MAX_BYTES + 1).read_to_end(&mut bytes).context("cannot be read")?;
    if bytes.len() as u64 > MAX_BYTES {
        bail!("holds more than {} MiB: split it", MAX_BYTES >> 20);
    }
    Ok(bytes)
}
