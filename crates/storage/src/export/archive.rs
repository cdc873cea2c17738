//! Writing a ZIP of any size, a piece at a time.

use super::ExportError;
use crate::{
    backup::BackupError,
    consistent::create,
    objects::{ByteStream, Sha256},
};
use futures::TryStreamExt;
use std::{
    collections::HashMap,
    fs::{self, File},
    io::{self, BufWriter, Read, Seek, Write},
    path::{Path, PathBuf},
};
use zip::{CompressionMethod, DateTime, ZipWriter, write::SimpleFileOptions};

/// A ZIP on its way: a file beside its place, which only its owner reads, until it is whole.
pub(super) struct Archive {
    place: PathBuf,
    beside: PathBuf,
    zip: ZipWriter<BufWriter<File>>,
    /// The same file beneath it.
    file: File,
    names: HashMap<String, u32>,
    at: DateTime,
}

impl Archive {
    /// Begins the ZIP that will stand at `place`. What one that died had begun there is written over.
    pub(super) fn create(place: &Path, at: domain::Timestamp) -> Result<Self, ExportError> {
        let mut beside = place.as_os_str().to_owned();
        beside.push(".part");
        let beside = PathBuf::from(beside);
        if place.exists() {
            return Err(ExportError::file(place, io::Error::new(io::ErrorKind::AlreadyExists, "is there already")));
        }
        let file = create(&beside).map_err(|e| ExportError::file(&beside, e))?;
        file.try_lock().map_err(|e| ExportError::file(&beside, e.into()))?;
        let beneath = file.try_clone().map_err(|e| ExportError::file(&beside, e))?;
        Ok(Self {
            place: place.to_owned(),
            file: beneath,
            zip: ZipWriter::new(BufWriter::with_capacity(1 << 20, file)),
            beside,
            names: HashMap::new(),
            at: dos_time(at),
        })
    }

    /// The name under which a file can stand: this one, or with a number where it is taken.
    pub(super) fn free_name(&mut self, name: &str) -> String {
        let count = self.names.entry(name.to_owned()).or_insert(0);
        *count += 1;
        let count = *count;
        if count == 1 {
            return name.to_owned();
        }
        let (folder, file) = name.rsplit_once('/').map_or(("", name), |(folder, file)| (folder, file));
        let slash = if folder.is_empty() { "" } else { "/" };
        let numbered = match file.rsplit_once('.') {
            Some((stem, extension)) if !stem.is_empty() => format!("{folder}{slash}{stem}.{count}.{extension}"),
            _ => format!("{folder}{slash}{file}.{count}"),
        };
        self.free_name(&numbered)
    }

    /// Writes the bytes of an object as a file; returns how many, and their SHA-256.
    pub(super) async fn object(&mut self, name: &str, mut bytes: ByteStream) -> Result<(u64, String), BackupError> {
        self.begin(name).map_err(|e| BackupError::file(&self.beside, e))?;
        let (mut sha256, mut length) = (Sha256::new(), 0);
        loop {
            match bytes.try_next().await {
                Ok(Some(piece)) => {
                    sha256.update(&piece);
                    length += piece.len() as u64;
                    self.zip.write_all(&piece).map_err(|e| BackupError::file(&self.beside, e))?;
                }
                Ok(None) => return Ok((length, sha256.finish())),
                Err(error) => {
                    self.take_back()?;
                    return Err(error.into());
                }
            }
        }
    }

    /// Takes back the file that was written last: no byte of it is left.
    pub(super) fn take_back(&mut self) -> Result<(), BackupError> {
        let aborted = self.zip.abort_file().map_err(io::Error::other);
        // Whatever is written next is written from here on.
        let cut = aborted.and_then(|()| self.file.stream_position()).and_then(|end| self.file.set_len(end));
        cut.map_err(|e| BackupError::file(&self.beside, e))
    }

    /// Adds a file.
    pub(super) fn file(&mut self, name: &str, from: &Path) -> Result<(), ExportError> {
        let mut file = File::open(from).map_err(|e| ExportError::file(from, e))?;
        self.stream(name, &mut file)
    }

    /// Adds what is read as a file.
    pub(super) fn stream(&mut self, name: &str, from: &mut impl Read) -> Result<(), ExportError> {
        let copied = self.begin(name).and_then(|()| io::copy(from, &mut self.zip));
        copied.map(drop).map_err(|e| ExportError::file(&self.beside, e))
    }

    fn begin(&mut self, name: &str) -> io::Result<()> {
        let options = SimpleFileOptions::default()
            .compression_method(CompressionMethod::Stored)
            .large_file(true)
            .last_modified_time(self.at)
            .unix_permissions(0o600);
        self.zip.start_file(name, options).map_err(io::Error::other)
    }

    /// Ends the ZIP: synced, and only then at its place. Returns its bytes.
    pub(super) fn finish(self) -> Result<u64, ExportError> {
        let failed = |e| ExportError::file(&self.beside, e);
        let file = self.zip.finish().map_err(|e| failed(io::Error::other(e)))?;
        let file = file.into_inner().map_err(|e| failed(e.into_error()))?;
        let length = file.sync_all().and_then(|()| file.metadata()).map_err(failed)?.len();
        fs::hard_link(&self.beside, &self.place)
            .or_else(|e| {
                if e.kind() == io::ErrorKind::AlreadyExists { Err(e) } else { fs::rename(&self.beside, &self.place) }
            })
            .map_err(|e| ExportError::file(&self.place, e))?;
        let _ = fs::remove_file(&self.beside);
        let folder = self.place.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
        File::open(folder).and_then(|folder| folder.sync_all()).map_err(|e| ExportError::file(folder, e))?;
        Ok(length)
    }

    /// Leaves nothing.
    pub(super) fn discard(self) {
        let _ = fs::remove_file(&self.beside);
    }
}

/// A ZIP tells times from 1980 to 2107, to two seconds.
fn dos_time(at: domain::Timestamp) -> DateTime {
    let text = at.compact();
    let number =
        |range: std::ops::Range<usize>| text.get(range).and_then(|n| n.parse::<u16>().ok()).unwrap_or_default();
    let small = |range| u8::try_from(number(range)).unwrap_or_default();
    DateTime::from_date_and_time(number(0..4), small(4..6), small(6..8), small(9..11), small(11..13), small(13..15))
        .unwrap_or_default()
}
