//! Restoring a backup into an empty installation.

use super::{BackupError, Folder, KEY, Kept, Manifest, TableFile, folder};
use crate::{
    Db, consistent,
    db::Row,
    encryption::Keys,
    objects::{Objects, SENTINEL, check_sentinel},
};
use std::{
    collections::BTreeMap,
    fs::{self, File},
    io::{self, BufRead, BufReader},
    path::Path,
};
use tempfile::NamedTempFile;

/// Rows that go into the database at once.
const BATCH: usize = 200;

/// A backup that can be restored: its rows and the list of its objects are as they were written.
#[derive(Debug)]
pub struct Generation {
    folder: Folder,
    name: String,
    manifest: Manifest,
    objects: BTreeMap<String, Kept>,
}

/// What was restored.
#[derive(Clone, Debug, PartialEq, serde::Serialize)]
pub struct Restored {
    /// The backup's name.
    pub name: String,
    /// All rows.
    pub rows: u64,
    /// All objects; each was hashed on the way.
    pub objects: u64,
    /// Their bytes.
    pub bytes: u64,
}

impl Folder {
    /// The newest backup, or the one of that name, once what it says of itself has been found true.
    ///
    /// # Errors
    /// [`BackupError::Unknown`], [`BackupError::Damaged`], [`BackupError::Newer`].
    pub fn open(&self, name: Option<&str>) -> Result<Generation, BackupError> {
        let name = self.find(name)?;
        let manifest = self.manifest(&name)?;
        let place = self.generation(&name);
        same(&place.join(folder::OBJECTS), &manifest.objects.sha256)?;
        for table in &manifest.tables {
            same(&rows_file(&place, table), &table.sha256)?;
        }
        let objects = self.objects(&name)?;
        if let Some(lost) = objects.values().find(|kept| !self.has(kept)) {
            return Err(BackupError::Damaged(format!("the bytes of {} are missing", lost.key)));
        }
        Ok(Generation { folder: self.clone(), name, manifest, objects })
    }
}

impl Generation {
    /// Its name.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// The migrations of the database that it is restored into.
    pub fn schema(&self) -> &[String] {
        &self.manifest.schema
    }

    /// The installation's key.
    ///
    /// # Errors
    /// When it cannot be read.
    pub fn key(&self) -> Result<Vec<u8>, BackupError> {
        let path = self.folder.generation(&self.name).join(KEY);
        fs::read(&path).map_err(|e| BackupError::file(&path, e))
    }

    /// Refuses keys that its objects cannot be decrypted by.
    ///
    /// # Errors
    /// [`BackupError::Object`] says which key is missing.
    pub fn opens_by(&self, keys: Option<&Keys>) -> Result<(), BackupError> {
        let Some(sentinel) = self.objects.get(SENTINEL) else { return Ok(()) };
        let blob = self.folder.blob(&sentinel.sha256);
        let stored = fs::read(&blob).map_err(|e| BackupError::file(&blob, e))?;
        Ok(check_sentinel(keys, &stored)?)
    }

    /// Reads all bytes and compares their hashes.
    ///
    /// # Errors
    /// [`BackupError::Damaged`] with the first object that is not as it was.
    pub fn check(&self) -> Result<Restored, BackupError> {
        for kept in self.objects.values() {
            let blob = self.folder.blob(&kept.sha256);
            let sha256 = folder::copy_hashed(&blob, &mut io::sink()).map_err(|e| BackupError::file(&blob, e))?;
            if sha256 != kept.sha256 {
                return Err(damaged(kept));
            }
        }
        Ok(self.contents())
    }

    /// Puts everything into an empty database that has the schema of [`Generation::schema`], and into an object store that
    /// holds nothing else; then brings the schema up to date. What fails half-way can be done again.
    ///
    /// Objects come as they were stored, encrypted or not: see [`Generation::opens_by`].
    ///
    /// `work` is a folder on the disk of the object store, where that is one.
    ///
    /// # Errors
    /// See [`BackupError`]; no row is there then.
    pub async fn restore(&self, db: &Db, objects: &Objects, work: &Path) -> Result<Restored, BackupError> {
        let objects = &objects.stored();
        let there = objects.list("").await?;
        let mut foreign = there.into_iter().filter(|key| !self.objects.contains_key(key) && key != SENTINEL);
        if let Some(foreign) = foreign.next() {
            return Err(BackupError::NotEmpty(foreign));
        }
        // Says so before hours of copying when there are rows.
        drop(db.load().await?);
        // One of an empty store would say that everything is encrypted.
        objects.delete(SENTINEL).await?;
        for kept in self.objects.values() {
            let copy = self.verified(kept, work).await?.into_temp_path();
            objects.put_file(&kept.key, &copy).await?;
        }
        let loading = db.load().await?;
        for table in &self.manifest.tables {
            let path = rows_file(&self.folder.generation(&self.name), table);
            let mut lines = BufReader::new(File::open(&path).map_err(|e| BackupError::file(&path, e))?).lines();
            loop {
                let batch: Vec<Row> =
                    lines.by_ref().take(BATCH).map(|line| row(&path, line)).collect::<Result<_, _>>()?;
                if batch.is_empty() {
                    break;
                }
                loading.insert(&table.name, batch).await?;
            }
        }
        loading.commit().await?;
        db.migrate().await?;
        Ok(self.contents())
    }

    fn contents(&self) -> Restored {
        let Manifest { tables, objects, .. } = &self.manifest;
        let rows = tables.iter().map(|table| table.rows).sum();
        Restored { name: self.name.clone(), rows, objects: objects.count, bytes: objects.bytes }
    }

    /// A copy of an object's bytes, hashed on the way.
    async fn verified(&self, kept: &Kept, work: &Path) -> Result<NamedTempFile, BackupError> {
        let (blob, work, kept) = (self.folder.blob(&kept.sha256), work.to_owned(), kept.clone());
        let copied = tokio::task::spawn_blocking(move || {
            let mut copy = NamedTempFile::new_in(&work).map_err(|e| BackupError::file(&work, e))?;
            let sha256 = folder::copy_hashed(&blob, &mut copy).map_err(|e| BackupError::file(&blob, e))?;
            if sha256 == kept.sha256 { Ok(copy) } else { Err(damaged(&kept)) }
        });
        copied.await.map_err(|e| BackupError::Damaged(e.to_string()))?
    }
}

fn rows_file(generation: &Path, table: &TableFile) -> std::path::PathBuf {
    consistent::rows_file(&generation.join("rows"), &table.name)
}

fn row(path: &Path, line: io::Result<String>) -> Result<Row, BackupError> {
    let line = line.map_err(|e| BackupError::file(path, e))?;
    serde_json::from_str(&line).map_err(|e| BackupError::Damaged(format!("{}: {e}", path.display())))
}

fn same(path: &Path, sha256: &str) -> Result<(), BackupError> {
    let found = folder::copy_hashed(path, &mut io::sink()).map_err(|e| BackupError::file(path, e))?;
    if found == sha256 {
        return Ok(());
    }
    Err(BackupError::Damaged(format!("{} is not as it was written", path.display())))
}

fn damaged(kept: &Kept) -> BackupError {
    BackupError::Damaged(format!("the bytes of {} are not as they were", kept.key))
}
