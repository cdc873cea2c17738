//! The folder that backups stand in: its generations, and the bytes that they share.

use super::{BackupError, FORMAT, Kept, Manifest};
use crate::objects::{ByteStream, Sha256};
use futures::TryStreamExt;
use std::{
    collections::{BTreeMap, HashSet},
    fs::{self, DirBuilder, File},
    io::{BufRead, BufReader, Read, Write},
    os::unix::fs::DirBuilderExt,
    path::{Path, PathBuf},
};
use tempfile::NamedTempFile;
use tokio::io::AsyncWriteExt;

const GENERATIONS: &str = "generations";
const BLOBS: &str = "blobs";
const STAGING: &str = "staging";
pub(super) const MANIFEST: &str = "backup.json";
pub(super) const OBJECTS: &str = "objects.jsonl";

/// A folder of backups.
#[derive(Clone, Debug)]
pub struct Folder(PathBuf);

/// Held by whoever writes into the folder.
pub(super) struct Lock(#[allow(dead_code, reason = "unlocked when it is dropped")] File);

impl Folder {
    /// The folder at `path`, which need not exist yet.
    pub fn at(path: &Path) -> Self {
        Self(path.to_owned())
    }

    /// Names of the backups, oldest first.
    ///
    /// # Errors
    /// Where the folder cannot be read.
    pub fn generations(&self) -> Result<Vec<String>, BackupError> {
        let folder = self.0.join(GENERATIONS);
        if !folder.exists() {
            return Ok(Vec::new());
        }
        let failed = |cause| BackupError::file(&folder, cause);
        let mut names = Vec::new();
        for entry in fs::read_dir(&folder).map_err(failed)? {
            let entry = entry.map_err(failed)?;
            // What is not finished has no manifest.
            if entry.path().join(MANIFEST).exists() {
                names.push(entry.file_name().to_string_lossy().into_owned());
            }
        }
        names.sort();
        Ok(names)
    }

    /// The newest backup, or the one of that name.
    pub(super) fn find(&self, name: Option<&str>) -> Result<String, BackupError> {
        let names = self.generations()?;
        let found = match name {
            Some(name) => names.iter().find(|known| *known == name),
            None => names.last(),
        };
        found.cloned().ok_or_else(|| BackupError::Unknown {
            folder: self.0.display().to_string(),
            there: if names.is_empty() { "none".into() } else { names.join(", ") },
        })
    }

    pub(super) fn generation(&self, name: &str) -> PathBuf {
        self.0.join(GENERATIONS).join(name)
    }

    pub(super) fn staging(&self) -> PathBuf {
        self.0.join(STAGING)
    }

    pub(super) fn blob(&self, sha256: &str) -> PathBuf {
        self.0.join(BLOBS).join(sha256.get(..2).unwrap_or("xx")).join(sha256)
    }

    /// Makes the folder, readable by its owner only, and keeps others from writing into it.
    pub(super) fn lock(&self) -> Result<Lock, BackupError> {
        let make = |path: &Path| {
            DirBuilder::new().recursive(true).mode(0o700).create(path).map_err(|e| BackupError::file(path, e))
        };
        for folder in [GENERATIONS, BLOBS, STAGING] {
            make(&self.0.join(folder))?;
        }
        let path = self.0.join("lock");
        let file = File::create(&path).map_err(|e| BackupError::file(&path, e))?;
        file.try_lock().map_err(|_| BackupError::Busy(self.0.display().to_string()))?;
        // Nobody else is here: what lies in it was left by one that died.
        let staging = self.staging();
        fs::remove_dir_all(&staging).map_err(|e| BackupError::file(&staging, e))?;
        make(&staging)?;
        Ok(Lock(file))
    }

    /// What a generation says of itself.
    pub(super) fn manifest(&self, name: &str) -> Result<Manifest, BackupError> {
        let path = self.generation(name).join(MANIFEST);
        let text = fs::read(&path).map_err(|e| BackupError::file(&path, e))?;
        let format = serde_json::from_slice::<serde_json::Value>(&text).ok().and_then(|m| m["format"].as_u64());
        match format {
            Some(format) if format != u64::from(FORMAT) => return Err(BackupError::Newer(format as u32)),
            _ => {}
        }
        serde_json::from_slice(&text).map_err(|e| BackupError::Damaged(format!("{}: {e}", path.display())))
    }

    /// The objects of a generation by key.
    pub(super) fn objects(&self, name: &str) -> Result<BTreeMap<String, Kept>, BackupError> {
        let path = self.generation(name).join(OBJECTS);
        let file = File::open(&path).map_err(|e| BackupError::file(&path, e))?;
        let mut objects = BTreeMap::new();
        for line in BufReader::new(file).lines() {
            let line = line.map_err(|e| BackupError::file(&path, e))?;
            let kept: Kept =
                serde_json::from_str(&line).map_err(|e| BackupError::Damaged(format!("{}: {e}", path.display())))?;
            objects.insert(kept.key.clone(), kept);
        }
        Ok(objects)
    }

    /// Keeps the bytes of an object; returns how many, and their SHA-256.
    pub(super) async fn keep(&self, mut bytes: ByteStream) -> Result<(u64, String), BackupError> {
        let staging = self.staging();
        let failed = |cause| BackupError::file(&staging, cause);
        let staged = NamedTempFile::new_in(&staging).map_err(failed)?;
        let mut file = tokio::fs::File::from_std(staged.reopen().map_err(failed)?);
        let (mut sha256, mut length) = (Sha256::new(), 0);
        while let Some(piece) = bytes.try_next().await? {
            sha256.update(&piece);
            length += piece.len() as u64;
            file.write_all(&piece).await.map_err(failed)?;
        }
        file.sync_all().await.map_err(failed)?;
        let sha256 = sha256.finish();
        let blob = self.blob(&sha256);
        let placed = fs::create_dir_all(blob.parent().unwrap_or(&staging)).and_then(|()| {
            staged.persist(&blob).map_err(|error| error.error)?;
            File::open(blob.parent().unwrap_or(&staging))?.sync_all()
        });
        placed.map_err(|e| BackupError::file(&blob, e))?;
        Ok((length, sha256))
    }

    /// Whether the bytes of an object are here, by their length.
    pub(super) fn has(&self, kept: &Kept) -> bool {
        fs::metadata(self.blob(&kept.sha256)).is_ok_and(|meta| meta.is_file() && meta.len() == kept.bytes)
    }

    /// Removes all but the newest generations, and the bytes that no generation holds any more.
    pub(super) fn prune(&self, keep: usize) -> Result<(), BackupError> {
        let names = self.generations()?;
        let (old, kept) = names.split_at(names.len().saturating_sub(keep.max(1)));
        for name in old {
            let path = self.generation(name);
            fs::remove_dir_all(&path).map_err(|e| BackupError::file(&path, e))?;
        }
        let mut wanted = HashSet::new();
        for name in kept {
            wanted.extend(self.objects(name)?.into_values().map(|kept| kept.sha256));
        }
        let blobs = self.0.join(BLOBS);
        let failed = |cause| BackupError::file(&blobs, cause);
        for folder in fs::read_dir(&blobs).map_err(failed)? {
            for blob in fs::read_dir(folder.map_err(failed)?.path()).map_err(failed)? {
                let blob = blob.map_err(failed)?;
                if !wanted.contains(blob.file_name().to_string_lossy().as_ref()) {
                    fs::remove_file(blob.path()).map_err(failed)?;
                }
            }
        }
        Ok(())
    }
}

/// Copies a file and hashes it on the way.
pub(super) fn copy_hashed(from: &Path, to: &mut impl Write) -> std::io::Result<String> {
    let mut file = File::open(from)?;
    let (mut sha256, mut buffer) = (Sha256::new(), vec![0; 1 << 20]);
    loop {
        match file.read(&mut buffer)? {
            0 => return Ok(sha256.finish()),
            n => {
                sha256.update(&buffer[..n]);
                to.write_all(&buffer[..n])?;
            }
        }
    }
}
