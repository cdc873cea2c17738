//! What is known of a model on the disk. Beside the files stands `NAME.json`, which says what was verified: later
//! checks compare with that.

use super::{Model, ModelError, ModelFile};
use aws_lc_rs::digest::{Context, SHA256};
use serde::{Deserialize, Serialize};
use std::{
    fs::File,
    io::{self, Read},
    path::{Path, PathBuf},
};

/// How a model stands on the disk, without reading its files through.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum State {
    /// Nothing is there.
    Absent,
    /// This many bytes of a fetch that was interrupted.
    Partial(u64),
    /// All files are there, with this many bytes; nobody has compared their checksums.
    Unverified(u64),
    /// The same, but they are not as long as they were when their checksums were right.
    Changed(u64),
    /// The same, and they are as long as they were when their checksums were right: only [`verify`] tells whether they
    /// still are.
    Noted(u64),
}

impl State {
    /// Bytes of a model that is there whole.
    pub fn bytes(&self) -> Option<u64> {
        match self {
            Self::Absent | Self::Partial(_) => None,
            Self::Unverified(bytes) | Self::Changed(bytes) | Self::Noted(bytes) => Some(*bytes),
        }
    }
}

/// What was verified, beside the files.
#[derive(Debug, Serialize, Deserialize)]
struct Record {
    model: String,
    /// Where the files came from; empty where they were put there by hand.
    address: String,
    files: Vec<Entry>,
}

#[derive(Debug, Serialize, Deserialize)]
struct Entry {
    file: String,
    bytes: u64,
    sha256: String,
}

/// How `model` stands in the models folder.
pub fn state(model: &Model, folder: &Path) -> State {
    let length = |path: PathBuf| path.metadata().ok().map(|data| data.len());
    let lengths: Option<Vec<u64>> = model.files.iter().map(|file| length(folder.join(model.place(file)))).collect();
    let Some(lengths) = lengths else {
        let kept = |file: &ModelFile| length(partial(&folder.join(model.place(file))));
        let there = |file: &ModelFile| length(folder.join(model.place(file)));
        let bytes: u64 = model.files.iter().filter_map(|file| there(file).or(kept(file))).sum();
        return if bytes == 0 { State::Absent } else { State::Partial(bytes) };
    };
    let bytes = lengths.iter().sum();
    match read(model, folder) {
        None => State::Unverified(bytes),
        Some(record) if record.files.iter().map(|entry| entry.bytes).eq(lengths) => State::Noted(bytes),
        Some(_) => State::Changed(bytes),
    }
}

/// Reads every file of `model` through and compares its checksum: with the one that was verified when the file came,
/// else with the one that this program knows. Returns the bytes read.
///
/// # Errors
/// [`ModelError::Missing`], [`ModelError::Damaged`], [`ModelError::Read`].
pub fn verify(model: &Model, folder: &Path) -> Result<u64, ModelError> {
    let before = read(model, folder);
    let mut entries = Vec::new();
    for file in &model.files {
        let path = folder.join(model.place(file));
        if !path.exists() {
            return Err(ModelError::Missing { name: model.name.clone(), path });
        }
        let (found, bytes) = sha256(&path).map_err(|source| ModelError::Read { path: path.clone(), source })?;
        let recorded = before.iter().flat_map(|record| &record.files).find(|entry| entry.file == file.name);
        let expected = recorded.map_or(&file.sha256, |entry| &entry.sha256).clone();
        if found != expected {
            return Err(ModelError::Damaged { name: model.name.clone(), path, found, expected });
        }
        entries.push(Entry { file: file.name.clone(), bytes, sha256: found });
    }
    let bytes = entries.iter().map(|entry| entry.bytes).sum();
    let address = before.map(|record| record.address).unwrap_or_default();
    save(folder, &Record { model: model.name.clone(), address, files: entries })?;
    Ok(bytes)
}

/// Notes that the files of `model`, with the checksums that it states, came from `address`.
pub(super) fn note(model: &Model, folder: &Path, address: &str) -> Result<(), ModelError> {
    let entry = |file: &ModelFile| {
        let bytes = folder.join(model.place(file)).metadata().map_or(0, |data| data.len());
        Entry { file: file.name.clone(), bytes, sha256: file.sha256.clone() }
    };
    let files = model.files.iter().map(entry).collect();
    save(folder, &Record { model: model.name.clone(), address: address.into(), files })
}

/// Where an unfinished file lies.
pub(super) fn partial(path: &Path) -> PathBuf {
    let mut name = path.file_name().unwrap_or_default().to_owned();
    name.push(".part");
    path.with_file_name(name)
}

/// SHA-256 in lower-case hexadecimal digits, and the length.
pub(super) fn sha256(path: &Path) -> io::Result<(String, u64)> {
    let mut file = File::open(path)?;
    let mut context = Context::new(&SHA256);
    let bytes = absorb(&mut file, &mut context)?;
    Ok((hex(context), bytes))
}

/// Reads to the end.
pub(super) fn absorb(file: &mut File, context: &mut Context) -> io::Result<u64> {
    let (mut buffer, mut bytes) = (vec![0; 1 << 20], 0);
    loop {
        match file.read(&mut buffer)? {
            0 => return Ok(bytes),
            n => {
                context.update(&buffer[..n]);
                bytes += n as u64;
            }
        }
    }
}

pub(super) fn hex(context: Context) -> String {
    context.finish().as_ref().iter().map(|byte| format!("{byte:02x}")).collect()
}

fn place(model: &str, folder: &Path) -> PathBuf {
    folder.join(format!("{model}.json"))
}

fn read(model: &Model, folder: &Path) -> Option<Record> {
    serde_json::from_slice(&std::fs::read(place(&model.name, folder)).ok()?).ok()
}

fn save(folder: &Path, record: &Record) -> Result<(), ModelError> {
    let path = place(&record.model, folder);
    let failed = |source: io::Error| ModelError::Write { path: path.clone(), kept: 0, source };
    let json = serde_json::to_vec_pretty(record).map_err(|error| failed(error.into()))?;
    let mut beside = tempfile::NamedTempFile::new_in(folder).map_err(failed)?;
    io::Write::write_all(&mut beside, &json).map_err(failed)?;
    beside.persist(&path).map(drop).map_err(|error| failed(error.error))
}
