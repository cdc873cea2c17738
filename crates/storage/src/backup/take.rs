//! Taking a backup while the installation runs.
//!
//! Objects are copied first, then the rows of one moment are read, then the objects that came meanwhile are copied. An object
//! that the rows speak of and that is still not there went in between, joined or replaced: then the rows are read anew.

use super::{BackupError, FORMAT, Folder, KEY, Kept, Manifest, ObjectsFile, TableFile, folder};
use crate::{
    Db,
    db::Row,
    objects::{DOOR, ObjectError, ObjectMeta, Objects, Sha256},
};
use domain::Timestamp;
use futures::TryStreamExt;
use serde::Serialize;
use std::{
    collections::{BTreeMap, BTreeSet},
    fs::{self, File},
    io::{BufWriter, Write},
    os::unix::fs::OpenOptionsExt,
    path::{Path, PathBuf},
};

/// How often the rows are read before a backup is what it is.
const ATTEMPTS: u32 = 5;

/// What a backup is taken with.
#[derive(Clone, Debug)]
pub struct Taking {
    /// Version of the program.
    pub program: String,
    /// The installation's key: without it nobody's signed address, sealed secret or ticket is good any more.
    pub key: Vec<u8>,
    /// How many backups are kept, this one included; at least 1.
    pub keep: usize,
}

/// A backup that was taken.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Taken {
    /// Its name: when it was taken, in UTC.
    pub name: String,
    /// All rows.
    pub rows: u64,
    /// All objects.
    pub objects: u64,
    /// Their bytes.
    pub bytes: u64,
    /// Bytes that were not in the folder yet.
    pub copied: u64,
    /// Objects that rows speak of and that are not there: the installation has lost them. Those that an earlier backup had are in
    /// this one.
    pub missing: Vec<String>,
}

impl Folder {
    /// Takes a backup. An earlier one stays as it is until this one is whole. What is encrypted stays so.
    ///
    /// # Errors
    /// See [`BackupError`]. Nothing that is there is touched then.
    pub async fn take(&self, db: &Db, objects: &Objects, how: &Taking, now: Timestamp) -> Result<Taken, BackupError> {
        let _lock = self.lock()?;
        let known = self.generations()?.last().map(|name| self.objects(name)).transpose()?.unwrap_or_default();
        let mut copying = Copying { folder: self, objects: &objects.stored(), known, copied: 0 };
        let mut there = copying.all().await?;
        let staged = self.staging().join("generation");
        let mut attempt = 0;
        let (schema, tables, missing) = loop {
            attempt += 1;
            let (schema, tables, wanted) = write_rows(db, &staged.join("rows")).await?;
            let before = std::mem::replace(&mut there, copying.all().await?);
            // What has gone since the rows were read was copied before.
            let gone = wanted.iter().filter(|key| !there.contains_key(*key));
            let saved: Vec<_> = gone.filter_map(|key| before.get(key).cloned()).collect();
            there.extend(saved.into_iter().map(|kept| (kept.key.clone(), kept)));
            let missing: Vec<_> = wanted.into_iter().filter(|key| !there.contains_key(key)).collect();
            if missing.is_empty() || attempt == ATTEMPTS {
                break (schema, tables, missing);
            }
        };
        // What the installation has lost, an earlier backup may still have.
        let earlier = missing.iter().filter_map(|key| copying.known.get(key)).filter(|kept| self.has(kept));
        let earlier: Vec<_> = earlier.cloned().collect();
        there.extend(earlier.into_iter().map(|kept| (kept.key.clone(), kept)));
        let (count, bytes) = (there.len() as u64, there.values().map(|kept| kept.bytes).sum());
        let index = write_lines(&staged.join(folder::OBJECTS), there.values())?;
        let rows = tables.iter().map(|table| table.rows).sum();
        let manifest = Manifest {
            format: FORMAT,
            program: how.program.clone(),
            taken_at: now.0,
            engine: db.engine().into(),
            schema,
            tables,
            objects: ObjectsFile { count, bytes, sha256: index },
        };
        write(&staged.join(KEY), &how.key)?;
        write(&staged.join(folder::MANIFEST), &serde_json::to_vec_pretty(&manifest).unwrap_or_default())?;
        let name = self.free_name(now);
        let place = self.generation(&name);
        let published =
            fs::rename(&staged, &place).and_then(|()| File::open(place.parent().unwrap_or(&place))?.sync_all());
        published.map_err(|e| BackupError::file(&place, e))?;
        // While something is missing, no earlier backup goes.
        if missing.is_empty() {
            self.prune(how.keep)?;
        }
        Ok(Taken { name, rows, objects: count, bytes, copied: copying.copied, missing })
    }

    /// `20261122T060000Z`, and a further letter where two were taken in one second.
    fn free_name(&self, now: Timestamp) -> String {
        let name = now.compact();
        let names = std::iter::once(name.clone()).chain((b'b'..=b'z').map(|c| format!("{name}{}", c as char)));
        names.into_iter().find(|name| !self.generation(name).exists()).unwrap_or(name)
    }
}

/// Copies objects that the folder does not have.
struct Copying<'a> {
    folder: &'a Folder,
    objects: &'a Objects,
    /// What is known to be in the folder, by key.
    known: BTreeMap<String, Kept>,
    copied: u64,
}

impl Copying<'_> {
    /// Everything that is in the store now.
    async fn all(&mut self) -> Result<BTreeMap<String, Kept>, BackupError> {
        let mut there = BTreeMap::new();
        for (key, meta) in self.objects.list_with_meta("").await? {
            if key.starts_with(DOOR) {
                continue;
            }
            if let Some(kept) = self.one(&key, meta).await? {
                self.known.insert(key.clone(), kept.clone());
                there.insert(key, kept);
            }
        }
        Ok(there)
    }

    /// `None` when it has gone meanwhile.
    async fn one(&mut self, key: &str, meta: ObjectMeta) -> Result<Option<Kept>, BackupError> {
        if let Some(known) = self.known.get(key)
            && known.bytes == meta.bytes
            && known.etag.is_some()
            && known.etag == meta.etag
            && self.folder.has(known)
        {
            return Ok(Some(known.clone()));
        }
        // All of it, also when it was replaced by a larger one meanwhile; of nothing there is no range.
        let range = if meta.bytes == 0 { 0..0 } else { 0..u64::MAX };
        let read = match self.objects.get_range(key, range).await {
            Ok(stream) => self.folder.keep(stream).await,
            Err(error) => Err(error.into()),
        };
        let (bytes, sha256) = match read {
            Err(BackupError::Object(ObjectError::NotFound { .. })) => return Ok(None),
            read => read?,
        };
        self.copied += bytes;
        // Replaced while it was read, it has another tag, and is read again next time.
        let etag = meta.etag.filter(|_| bytes == meta.bytes);
        Ok(Some(Kept { key: key.to_owned(), bytes, sha256, etag }))
    }
}

/// Writes all rows as they are now; returns the schema, the files, and the keys of the objects that the rows speak of.
async fn write_rows(db: &Db, folder: &Path) -> Result<(Vec<String>, Vec<TableFile>, BTreeSet<String>), BackupError> {
    fs::create_dir_all(folder).map_err(|e| BackupError::file(folder, e))?;
    let snapshot = db.snapshot().await?;
    let (mut files, mut wanted) = (Vec::new(), BTreeSet::new());
    for table in snapshot.tables() {
        let mut file = Lines::create(&folder.join(format!("{}.jsonl", table.name)))?;
        let mut rows = std::pin::pin!(snapshot.rows(table, None).await?);
        let mut count = 0;
        while let Some(row) = rows.try_next().await? {
            wanted.extend(objects_of(&row));
            file.line(&row)?;
            count += 1;
        }
        files.push(TableFile { name: table.name.clone(), rows: count, sha256: file.finish()? });
    }
    Ok((snapshot.schema().await?, files, wanted))
}

/// The objects that a row speaks of stand in columns whose names end with `_key`.
fn objects_of(row: &Row) -> impl Iterator<Item = String> + '_ {
    let named = row.iter().filter(|(column, _)| column.ends_with("_key")).filter_map(|(_, value)| value.as_str());
    named.filter(|value| value.starts_with("tenants/")).map(str::to_owned)
}

fn write_lines<'a, T: Serialize + 'a>(path: &Path, lines: impl Iterator<Item = &'a T>) -> Result<String, BackupError> {
    let mut file = Lines::create(path)?;
    for line in lines {
        file.line(line)?;
    }
    file.finish()
}

/// A file of JSON lines that is hashed while it is written.
struct Lines {
    path: PathBuf,
    file: BufWriter<File>,
    sha256: Sha256,
}

impl Lines {
    fn create(path: &Path) -> Result<Self, BackupError> {
        let file = create(path).map_err(|e| BackupError::file(path, e))?;
        Ok(Self { path: path.to_owned(), file: BufWriter::new(file), sha256: Sha256::new() })
    }

    fn line(&mut self, value: &impl Serialize) -> Result<(), BackupError> {
        let mut line = serde_json::to_vec(value).map_err(|e| BackupError::file(&self.path, e.into()))?;
        line.push(b'\n');
        self.sha256.update(&line);
        self.file.write_all(&line).map_err(|e| BackupError::file(&self.path, e))
    }

    fn finish(self) -> Result<String, BackupError> {
        let synced = self.file.into_inner().map_err(|e| e.into_error()).and_then(|file| file.sync_all());
        synced.map_err(|e| BackupError::file(&self.path, e))?;
        Ok(self.sha256.finish())
    }
}

/// A file that only its owner reads.
fn create(path: &Path) -> std::io::Result<File> {
    File::options().write(true).create(true).truncate(true).mode(0o600).open(path)
}

fn write(path: &Path, bytes: &[u8]) -> Result<(), BackupError> {
    let written = create(path).and_then(|mut file| file.write_all(bytes).and_then(|()| file.sync_all()));
    written.map_err(|e| BackupError::file(path, e))
}
