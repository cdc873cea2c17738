//! A tenant with everything: its rows and its objects, while the server runs.

use super::{
    ExportError, FORMAT, KIND, Listed, MANIFEST, Manifest, OBJECTS, ObjectLine, archive::Archive, tenant_page,
};
use crate::{
    Db,
    backup::BackupError,
    consistent::{Copied, Keeper, Kept, copy, rows_file, write_lines},
    db::tenant_rows::Whole,
    objects::{ByteStream, Objects},
};
use domain::{Timestamp, tenant::Tenant};
use serde::Serialize;
use std::{
    collections::{BTreeMap, HashMap},
    fs,
    path::Path,
};

/// What was exported.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Exported {
    /// All rows.
    pub rows: u64,
    /// All objects.
    pub objects: u64,
    /// Their bytes.
    pub bytes: u64,
    /// Bytes of the ZIP.
    pub file_bytes: u64,
    /// Objects that rows speak of and that are not there: the installation has lost them.
    pub missing: Vec<String>,
}

/// Writes a tenant as a ZIP to `place`, which must not exist yet. `work` is a folder for the rows on their way.
///
/// # Errors
/// See [`ExportError`]. There is no file then.
pub async fn export_tenant(
    db: &Db,
    objects: &Objects,
    tenant: &Tenant,
    place: &Path,
    work: &Path,
    program: &str,
    now: Timestamp,
) -> Result<Exported, ExportError> {
    if db.erasures(tenant.id).await?.iter().any(|erasure| erasure.completed_at.is_none()) {
        return Err(ExportError::BeingErased);
    }
    let what = Whole::Tenant { id: tenant.id, now };
    let mut keeper = Entries {
        archive: Archive::create(place, now)?,
        prefix: what.prefix(),
        files: HashMap::new(),
        kept: HashMap::new(),
    };
    let done = async {
        let copied = copy(db, objects, &what, &mut keeper, BTreeMap::new(), work).await?;
        finish(&mut keeper, copied, tenant, work, program, now)
    };
    match done.await {
        Ok(mut exported) => {
            exported.file_bytes = keeper.archive.finish()?;
            Ok(exported)
        }
        Err(error) => {
            keeper.archive.discard();
            Err(error)
        }
    }
}

/// The rows, and what is said of everything.
fn finish(
    keeper: &mut Entries,
    copied: Copied,
    tenant: &Tenant,
    work: &Path,
    program: &str,
    now: Timestamp,
) -> Result<Exported, ExportError> {
    let Copied { schema, tables, objects, missing, .. } = copied;
    let line = |kept: &Kept| ObjectLine {
        key: kept.key.clone(),
        file: keeper.files.get(&kept.key).cloned().unwrap_or_default(),
        bytes: kept.bytes,
        sha256: kept.sha256.clone(),
    };
    let lines: Vec<_> = objects.values().map(line).collect();
    let listed = Listed {
        count: lines.len() as u64,
        bytes: lines.iter().map(|line| line.bytes).sum(),
        sha256: write_lines(&work.join(OBJECTS), lines.iter())?,
    };
    let manifest = Manifest {
        kind: KIND.into(),
        format: FORMAT,
        program: program.into(),
        taken_at: now.0,
        tenant_id: tenant.id,
        tenant_name: tenant.name.clone(),
        schema,
        tables,
        objects: listed,
    };
    let page = work.join("index.html");
    tenant_page::write(&page, tenant, &manifest, work, &keeper.files)?;
    let archive = &mut keeper.archive;
    for table in &manifest.tables {
        archive.file(&format!("rows/{}.jsonl", table.name), &rows_file(work, &table.name))?;
    }
    archive.file(OBJECTS, &work.join(OBJECTS))?;
    archive.file("index.html", &page)?;
    let text = serde_json::to_vec_pretty(&manifest).unwrap_or_default();
    archive.stream(MANIFEST, &mut text.as_slice())?;
    let _ = fs::remove_file(&page);
    Ok(Exported {
        rows: manifest.tables.iter().map(|table| table.rows).sum(),
        objects: manifest.objects.count,
        bytes: manifest.objects.bytes,
        file_bytes: 0,
        missing,
    })
}

/// Objects as files of the ZIP, under their keys.
struct Entries {
    archive: Archive,
    prefix: String,
    /// The file of an object by its key: the newest, where it was replaced meanwhile.
    files: HashMap<String, String>,
    /// Bytes and SHA-256 of it.
    kept: HashMap<String, (u64, String)>,
}

impl Keeper for Entries {
    async fn keep(&mut self, key: &str, bytes: ByteStream) -> Result<(u64, String), BackupError> {
        let within = key.strip_prefix(&self.prefix).unwrap_or(key);
        let name = self.archive.free_name(&format!("objects/{}", within.trim_start_matches('/')));
        let kept = self.archive.object(&name, bytes).await?;
        if self.kept.get(key) == Some(&kept) {
            // A store that does not tell what has changed: it is there already.
            self.archive.take_back()?;
            return Ok(kept);
        }
        self.files.insert(key.to_owned(), name);
        self.kept.insert(key.to_owned(), kept.clone());
        Ok(kept)
    }

    fn has(&self, kept: &Kept) -> bool {
        self.files.contains_key(&kept.key)
    }
}
