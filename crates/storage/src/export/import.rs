//! Taking in a tenant: all of it or nothing, and then the same by count and hash.
//!
//! The rows go first into a database of their own, with the schema as it was when they were written: what the rules of the schema
//! refuse is refused there, and later migrations run there. Then the objects are put where nobody sees them, and at the very end
//! the rows, in one transaction.

use super::{ExportError, ObjectLine, Package};
use crate::{
    Db, DbError,
    db::{
        Row, Table,
        dump::{Loading, Snapshot},
        tenant_rows::Whole,
    },
    objects::{Objects, Sha256},
};
use domain::{
    TenantId, Timestamp,
    audit::{Action, Actor, Entry},
};
use futures::{Stream, TryStreamExt};
use serde::Serialize;
use std::{collections::HashSet, path::Path, sync::Arc};
use tempfile::NamedTempFile;

/// Rows that go into a database at once.
const BATCH: usize = 200;
/// As many characters of rows, where they are long.
const BATCH_BYTES: usize = 4 << 20;

/// What was imported.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Imported {
    /// The tenant.
    pub tenant_id: TenantId,
    /// Its name.
    pub tenant_name: String,
    /// All rows; their hashes were compared after they had been written.
    pub rows: u64,
    /// All objects; each was hashed on the way.
    pub objects: u64,
    /// Their bytes.
    pub bytes: u64,
}

/// Takes in a tenant that is not here, and notes it in its audit log. What was killed half-way is done again by the same call; only
/// one may run at a time.
///
/// `work` is a folder on the disk of the object store, where that is one.
///
/// # Errors
/// See [`ExportError`]; nothing of it is to be seen then.
pub async fn import(
    package: Package,
    db: &Db,
    objects: &Objects,
    work: &Path,
    now: Timestamp,
) -> Result<Imported, ExportError> {
    let package = Arc::new(package);
    let (tenant, name) = package.tenant();
    let (staged, emails) = stage(&package, work).await?;
    // Says so before hours of copying when it is here.
    drop(db.admit(tenant, name, &emails).await.map_err(here)?);
    let prefix = format!("tenants/{tenant}");
    let done = async {
        // What an import that was killed has left.
        let wanted: HashSet<String> =
            package.objects()?.map(|line| Ok(line?.key)).collect::<Result<_, ExportError>>()?;
        for key in objects.list(&prefix).await? {
            if !wanted.contains(&key) {
                objects.delete(&key).await?;
            }
        }
        drop(wanted);
        for line in package.objects()? {
            let line = line?;
            let copy = verified(&package, &line, work).await?.into_temp_path();
            objects.put_file(&line.key, &copy).await?;
        }
        let loading = db.admit(tenant, name, &emails).await.map_err(here)?;
        let rows = load(&staged, &loading, tenant).await?;
        let entry = Entry::new(Actor::operator(), Action::TenantImported).on("tenant", tenant, name);
        loading.note(tenant, &entry, now).await?;
        loading.commit().await?;
        Ok(rows)
    };
    match done.await {
        Ok(rows) => {
            let (_, objects, bytes) = package.counts();
            Ok(Imported { tenant_id: tenant, tenant_name: name.to_owned(), rows, objects, bytes })
        }
        Err(error) => {
            // Unless somebody else has just brought it in.
            if matches!(db.tenant(tenant).await, Ok(None)) {
                let _ = objects.delete_prefix(&prefix).await;
            }
            Err(error)
        }
    }
}

/// A database of their own for the rows; it goes when this is dropped.
struct Staged {
    db: Db,
    _folder: tempfile::TempDir,
}

/// Puts the rows into a database of their own; returns it, and the addresses of the users.
async fn stage(package: &Package, work: &Path) -> Result<(Staged, Vec<String>), ExportError> {
    let folder = tempfile::Builder::new().prefix("importing-").tempdir_in(work);
    let folder = folder.map_err(|e| ExportError::file(work, e))?;
    let schema = &package.manifest.schema;
    let db = Db::open_sqlite_as_of(&folder.path().join("rows.db"), schema).await.map_err(|error| match error {
        DbError::Refused(_) => ExportError::Newer(package.manifest.program.clone()),
        other => other.into(),
    })?;
    let damaged = |error: DbError| match error {
        DbError::Refused(why) | DbError::Exists(why) => ExportError::Damaged(format!("its rows break a rule: {why}")),
        other => other.into(),
    };
    let loading = db.load().await?;
    let mut emails = Vec::new();
    for table in &package.manifest.tables {
        let what = Whole::Tenant { id: package.manifest.tenant_id, now: Timestamp(0) };
        if what.leaves_out_table(&table.name) {
            return Err(ExportError::Damaged(format!("it holds rows of {}, which no export does", table.name)));
        }
        let mut batch = Batch::default();
        for row in package.rows(&table.name)? {
            let row = row?;
            if table.name == "users" {
                emails.extend(row.get("email").and_then(|email| email.as_str()).map(str::to_owned));
            }
            if batch.push(row) {
                loading.insert(&table.name, batch.take()).await.map_err(damaged)?;
            }
        }
        loading.insert(&table.name, batch.take()).await.map_err(damaged)?;
    }
    loading.commit().await.map_err(damaged)?;
    db.migrate().await?;
    Ok((Staged { db, _folder: folder }, emails))
}

/// Puts the rows where they belong and reads them back: they must be the same. Returns how many.
async fn load(staged: &Staged, loading: &Loading, tenant: TenantId) -> Result<u64, ExportError> {
    let snapshot: Snapshot = staged.db.snapshot().await?;
    let what = Whole::Tenant { id: tenant, now: Timestamp(0) };
    let mut all = 0;
    for table in snapshot.tables() {
        if table.tenant_column().is_none() || what.leaves_out_table(&table.name) {
            continue;
        }
        move_rows(&snapshot, loading, table, tenant).await?;
        let given = counted(snapshot.rows(table, Some(tenant)).await?).await?;
        let got = counted(loading.rows(table, tenant).await?).await?;
        if given != got {
            return Err(DbError::Refused(format!(
                "{}: {} rows came out as {}, or changed",
                table.name, given.0, got.0
            ))
            .into());
        }
        all += got.0;
    }
    Ok(all)
}

/// One at a time goes over a connection: the rows have been read to their end when this returns.
async fn move_rows(snapshot: &Snapshot, loading: &Loading, table: &Table, tenant: TenantId) -> Result<(), ExportError> {
    let mut rows = std::pin::pin!(snapshot.rows(table, Some(tenant)).await?);
    let mut batch = Batch::default();
    while let Some(row) = rows.try_next().await? {
        if batch.push(row) {
            loading.insert(&table.name, batch.take()).await.map_err(here)?;
        }
    }
    loading.insert(&table.name, batch.take()).await.map_err(here)
}

/// How many rows, and the hash of them.
async fn counted(rows: impl Stream<Item = Result<Row, DbError>>) -> Result<(u64, String), ExportError> {
    let (mut rows, mut count, mut sha256) = (std::pin::pin!(rows), 0, Sha256::new());
    while let Some(row) = rows.try_next().await? {
        sha256.update(serde_json::Value::Object(row).to_string().as_bytes());
        sha256.update(b"\n");
        count += 1;
    }
    Ok((count, sha256.finish()))
}

/// Rows until there are enough of them.
#[derive(Default)]
struct Batch {
    rows: Vec<Row>,
    bytes: usize,
}

impl Batch {
    /// Whether they are enough.
    fn push(&mut self, row: Row) -> bool {
        self.bytes += row.values().filter_map(|value| value.as_str()).map(str::len).sum::<usize>();
        self.rows.push(row);
        self.rows.len() >= BATCH || self.bytes >= BATCH_BYTES
    }

    fn take(&mut self) -> Vec<Row> {
        std::mem::take(self).rows
    }
}

/// A copy of an object's bytes, hashed on the way.
async fn verified(package: &Arc<Package>, line: &ObjectLine, work: &Path) -> Result<NamedTempFile, ExportError> {
    let (package, line, work) = (package.clone(), line.clone(), work.to_owned());
    let copied = tokio::task::spawn_blocking(move || {
        let mut copy = NamedTempFile::new_in(&work).map_err(|e| ExportError::file(&work, e))?;
        package.copy(&line, &mut copy)?;
        Ok(copy)
    });
    copied.await.map_err(|error| ExportError::Damaged(error.to_string()))?
}

fn here(error: DbError) -> ExportError {
    match error {
        DbError::Exists(what) => ExportError::Here(what),
        other => other.into(),
    }
}
