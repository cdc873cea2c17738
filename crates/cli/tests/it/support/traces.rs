//! What of a session lies in the files of an installation, byte for byte.

use super::sample;
use aho_corasick::AhoCorasick;
use std::{
    fs,
    path::{Path, PathBuf},
    process::Command,
};

/// Every file below a folder.
pub fn files(folder: &Path) -> Vec<PathBuf> {
    let Ok(entries) = fs::read_dir(folder) else { return Vec::new() };
    let paths: Vec<_> = entries.map(|entry| entry.unwrap().path()).collect();
    paths.into_iter().flat_map(|path| if path.is_dir() { files(&path) } else { vec![path] }).collect()
}

/// Bytes of the recording, from places where there is picture and sound.
pub fn pieces_of_the_recording() -> Vec<Vec<u8>> {
    let bytes = fs::read(sample()).unwrap();
    (1..10).map(|tenth| bytes[bytes.len() * tenth / 10..][..48].to_vec()).collect()
}

/// The files below a folder that hold one of these.
pub fn holding(folder: &Path, wanted: &[impl AsRef<[u8]>]) -> Vec<String> {
    let wanted = AhoCorasick::new(wanted).unwrap();
    // Another process reads: to close a database's file would take the locks that this one holds on it.
    let bytes = |path: &PathBuf| Command::new("cat").arg(path).output().unwrap().stdout;
    let found = files(folder).into_iter().filter(|path| wanted.is_match(&bytes(path)));
    found.map(|path| path.display().to_string()).collect()
}
