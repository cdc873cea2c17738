//! Taking a backup while the installation runs.

use super::{BackupError, FORMAT, Folder, KEY, Manifest, ObjectsFile, folder};
use crate::{
    Db,
    consistent::{Copied, Keeper, Kept, copy, create, write_lines},
    db::tenant_rows::Whole,
    objects::{ByteStream, Objects},
};
use domain::Timestamp;
use serde::Serialize;
use std::{
    fs::{self, File},
    io::Write,
    path::Path,
};

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
        let staged = self.staging().join("generation");
        let mut keeper = self.clone();
        let rows = staged.join("rows");
        let Copied { schema, tables, objects: there, missing, copied } =
            copy(db, &objects.stored(), &Whole::Installation, &mut keeper, known, &rows).await?;
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
        Ok(Taken { name, rows, objects: count, bytes, copied, missing })
    }

    /// `20261122T060000Z`, and a further letter where two were taken in one second.
    fn free_name(&self, now: Timestamp) -> String {
        let name = now.compact();
        let names = std::iter::once(name.clone()).chain((b'b'..=b'z').map(|c| format!("{name}{}", c as char)));
        names.into_iter().find(|name| !self.generation(name).exists()).unwrap_or(name)
    }
}

impl Keeper for Folder {
    async fn keep(&mut self, _key: &str, bytes: ByteStream) -> Result<(u64, String), BackupError> {
        Folder::keep(self, bytes).await
    }

    fn has(&self, kept: &Kept) -> bool {
        Folder::has(self, kept)
    }
}

fn write(path: &Path, bytes: &[u8]) -> Result<(), BackupError> {
    let written = create(path).and_then(|mut file| file.write_all(bytes).and_then(|()| file.sync_all()));
    written.map_err(|e| BackupError::file(path, e))
}
