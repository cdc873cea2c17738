//! Rows of one moment and all objects that they speak of, copied while the installation works: what backup and export stand on.
//!
//! Objects are copied first, then the rows of one moment are read, then the objects that came meanwhile are copied. An object
//! that the rows speak of and that is still not there went in between, joined or replaced: then the rows are read anew.

use crate::{
    Db,
    backup::BackupError,
    db::{Row, tenant_rows::Whole},
    objects::{ByteStream, DOOR, ObjectError, ObjectMeta, Objects, Sha256},
};
use futures::TryStreamExt;
use serde::{Deserialize, Serialize};
use std::{
    collections::{BTreeMap, BTreeSet},
    fs::{self, File},
    io::{BufWriter, Write},
    os::unix::fs::OpenOptionsExt,
    path::{Path, PathBuf},
};

/// How often the rows are read before a copy is what it is.
const ATTEMPTS: u32 = 5;

/// An object that was copied: a line of `objects.jsonl`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(crate) struct Kept {
    pub key: String,
    pub bytes: u64,
    pub sha256: String,
    /// What the store told when it was copied: with the same it need not be copied again.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub etag: Option<String>,
}

/// A file of rows, one as JSON a line.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(crate) struct TableFile {
    pub name: String,
    pub rows: u64,
    /// Of the file, in hex.
    pub sha256: String,
}

/// Where bytes are kept.
pub(crate) trait Keeper {
    /// Keeps the bytes of an object; returns how many, and their SHA-256.
    fn keep(&mut self, key: &str, bytes: ByteStream)
    -> impl Future<Output = Result<(u64, String), BackupError>> + Send;

    /// Whether the bytes of an object are still here.
    fn has(&self, kept: &Kept) -> bool;
}

/// What was copied.
pub(crate) struct Copied {
    /// The migrations of the database, oldest first.
    pub schema: Vec<String>,
    /// Files of rows in the folder that was given, in the order in which they are put into a database.
    pub tables: Vec<TableFile>,
    /// The objects by key.
    pub objects: BTreeMap<String, Kept>,
    /// Objects that rows speak of and that are not there: the installation has lost them.
    pub missing: Vec<String>,
    /// Bytes that were read.
    pub copied: u64,
}

/// Copies what an installation holds, or one tenant; `known` is what the keeper has already. Rows are written into `rows`.
pub(crate) async fn copy<K: Keeper>(
    db: &Db,
    objects: &Objects,
    what: &Whole,
    keeper: &mut K,
    known: BTreeMap<String, Kept>,
    rows: &Path,
) -> Result<Copied, BackupError> {
    let mut copying = Copying { keeper, objects, what, known, copied: 0 };
    let mut there = copying.all().await?;
    let mut attempt = 0;
    let (schema, tables, missing) = loop {
        attempt += 1;
        let (schema, tables, wanted) = write_rows(db, what, rows).await?;
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
    // What the installation has lost, an earlier copy may still have.
    let earlier = missing.iter().filter_map(|key| copying.known.get(key)).filter(|kept| copying.keeper.has(kept));
    let earlier: Vec<_> = earlier.cloned().collect();
    there.extend(earlier.into_iter().map(|kept| (kept.key.clone(), kept)));
    Ok(Copied { schema, tables, objects: there, missing, copied: copying.copied })
}

/// Copies objects that the keeper does not have.
struct Copying<'a, K> {
    keeper: &'a mut K,
    objects: &'a Objects,
    what: &'a Whole,
    /// What is known to be kept, by key.
    known: BTreeMap<String, Kept>,
    copied: u64,
}

impl<K: Keeper> Copying<'_, K> {
    /// Everything that is in the store now.
    async fn all(&mut self) -> Result<BTreeMap<String, Kept>, BackupError> {
        let mut there = BTreeMap::new();
        for (key, meta) in self.objects.list_with_meta(&self.what.prefix()).await? {
            if key.starts_with(DOOR) || self.what.leaves_out(&key) {
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
            && self.keeper.has(known)
        {
            return Ok(Some(known.clone()));
        }
        // All of it, also when it was replaced by a larger one meanwhile; of nothing there is no range.
        let range = if meta.bytes == 0 { 0..0 } else { 0..u64::MAX };
        let read = match self.objects.get_range(key, range).await {
            Ok(stream) => self.keeper.keep(key, stream).await,
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

/// Writes the rows as they are now; returns the schema, the files, and the keys of the objects that the rows speak of.
async fn write_rows(
    db: &Db,
    what: &Whole,
    folder: &Path,
) -> Result<(Vec<String>, Vec<TableFile>, BTreeSet<String>), BackupError> {
    fs::create_dir_all(folder).map_err(|e| BackupError::file(folder, e))?;
    let snapshot = db.snapshot().await?;
    let (mut files, mut wanted) = (Vec::new(), BTreeSet::new());
    for table in snapshot.tables() {
        let of_nobody = what.tenant().is_some() && table.tenant_column().is_none();
        if of_nobody || what.leaves_out_table(&table.name) {
            continue;
        }
        let mut file = Lines::create(&rows_file(folder, &table.name))?;
        let mut rows = std::pin::pin!(snapshot.rows(table, what.tenant()).await?);
        let mut count = 0;
        while let Some(mut row) = rows.try_next().await? {
            what.mask(&table.name, &mut row);
            wanted.extend(objects_of(&row).filter(|key| !what.leaves_out(key)));
            file.line(&row)?;
            count += 1;
        }
        files.push(TableFile { name: table.name.clone(), rows: count, sha256: file.finish()? });
    }
    Ok((snapshot.schema().await?, files, wanted))
}

/// Where the rows of a table are written.
pub(crate) fn rows_file(folder: &Path, table: &str) -> PathBuf {
    folder.join(format!("{table}.jsonl"))
}

/// The objects that a row speaks of stand in columns whose names end with `_key`.
fn objects_of(row: &Row) -> impl Iterator<Item = String> + '_ {
    let named = row.iter().filter(|(column, _)| column.ends_with("_key")).filter_map(|(_, value)| value.as_str());
    named.filter(|value| value.starts_with("tenants/")).map(str::to_owned)
}

/// Writes lines of JSON into a new file; returns its SHA-256.
pub(crate) fn write_lines<'a, T: Serialize + 'a>(
    path: &Path,
    lines: impl Iterator<Item = &'a T>,
) -> Result<String, BackupError> {
    let mut file = Lines::create(path)?;
    for line in lines {
        file.line(line)?;
    }
    file.finish()
}

/// A file of JSON lines that is hashed while it is written.
pub(crate) struct Lines {
    path: PathBuf,
    file: BufWriter<File>,
    sha256: Sha256,
}

impl Lines {
    pub(crate) fn create(path: &Path) -> Result<Self, BackupError> {
        let file = create(path).map_err(|e| BackupError::file(path, e))?;
        Ok(Self { path: path.to_owned(), file: BufWriter::new(file), sha256: Sha256::new() })
    }

    pub(crate) fn line(&mut self, value: &impl Serialize) -> Result<(), BackupError> {
        let mut line = serde_json::to_vec(value).map_err(|e| BackupError::file(&self.path, e.into()))?;
        line.push(b'\n');
        self.sha256.update(&line);
        self.file.write_all(&line).map_err(|e| BackupError::file(&self.path, e))
    }

    pub(crate) fn finish(self) -> Result<String, BackupError> {
        let synced = self.file.into_inner().map_err(|e| e.into_error()).and_then(|file| file.sync_all());
        synced.map_err(|e| BackupError::file(&self.path, e))?;
        Ok(self.sha256.finish())
    }
}

/// A file that only its owner reads.
pub(crate) fn create(path: &Path) -> std::io::Result<File> {
    File::options().write(true).create(true).truncate(true).mode(0o600).open(path)
}
