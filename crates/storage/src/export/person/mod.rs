//! All of a person's data, to be read by that person and by other programs.
//!
//! ```text
//! index.html                       begins here
//! sessions/0001-boiler-service/    a page, the recording, clips, pictures, captions, and what arrived from the device
//! tables/TABLE.html                what else is kept, in plain tables
//! data/TABLE.json                  the same for programs: an array of rows, times as RFC 3339
//! ```

mod cells;
mod own;
mod pages;
mod session;

use super::{ExportError, archive::Archive, words};
use crate::{Db, db::person_rows::PersonRows, objects::Objects};
use cells::JsonRows;
use domain::{Timestamp, tenant::Tenant, user::User};
use futures::TryStreamExt;
use own::Person;
use pages::{Index, TablePage};
use serde::Serialize;
use std::{fs, path::Path};
use uuid::Uuid;

/// What was exported.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct PersonExported {
    /// Rows of the database.
    pub rows: u64,
    /// Sessions.
    pub sessions: u64,
    /// Recordings, clips, pictures, captions.
    pub files: u64,
    /// Keys of objects that its rows speak of and the store has not: lost, or deleted while the file was made.
    pub missing: Vec<String>,
    /// Bytes of the ZIP.
    pub file_bytes: u64,
}

/// A table that holds something of the person.
struct Filled {
    name: String,
    rows: u64,
}

/// Writes all data of a user as a ZIP to `place`, which must not exist yet. `work` is an empty folder for what is on its way.
///
/// # Errors
/// See [`ExportError`]. There is no file then.
pub async fn export_person(
    db: &Db,
    objects: &Objects,
    tenant: &Tenant,
    user: &User,
    place: &Path,
    work: &Path,
    now: Timestamp,
) -> Result<PersonExported, ExportError> {
    let mut archive = Archive::create(place, now)?;
    match write(db, objects, tenant, user, &mut archive, work, now).await {
        Ok(mut exported) => {
            exported.file_bytes = archive.finish()?;
            Ok(exported)
        }
        Err(error) => {
            archive.discard();
            Err(error)
        }
    }
}

async fn write(
    db: &Db,
    objects: &Objects,
    tenant: &Tenant,
    user: &User,
    archive: &mut Archive,
    work: &Path,
    now: Timestamp,
) -> Result<PersonExported, ExportError> {
    fs::create_dir_all(work).map_err(|e| ExportError::file(work, e))?;
    // The rows of one moment first: nobody waits for a database while films are copied.
    let rows = db.person_rows(tenant.id, user.id).await?;
    let person = Person::of(&rows, user).await?;
    let filled = tables(&rows, &person, tenant, work).await?;
    let sessions = rows.ids("sessions").await?;
    for id in &sessions {
        session::spool(&rows, &person, *id, work).await?;
    }
    drop(rows);

    let (mut files, mut missing) = (0, Vec::new());
    let mut index = Index::begin(&work.join("index.html"), tenant, user, &filled, now)?;
    for (number, id) in sessions.iter().enumerate() {
        let (entry, copied, lost) = session::write(objects, tenant, *id, number + 1, archive, work).await?;
        index.session(&entry)?;
        files += copied;
        missing.extend(lost);
    }
    index.end()?;
    for table in &filled {
        for (folder, kind) in [("tables", "html"), ("data", "json")] {
            let name = format!("{}.{kind}", table.name);
            archive.file(&format!("{folder}/{name}"), &work.join(&name))?;
        }
    }
    archive.file("index.html", &work.join("index.html"))?;
    let rows = filled.iter().map(|table| table.rows).sum();
    Ok(PersonExported { rows, sessions: sessions.len() as u64, files, missing, file_bytes: 0 })
}

/// Writes what is theirs of every table, as a page and for programs.
async fn tables(rows: &PersonRows, person: &Person, tenant: &Tenant, work: &Path) -> Result<Vec<Filled>, ExportError> {
    let mut filled = Vec::new();
    for table in rows.tables() {
        let mut found = std::pin::pin!(rows.rows(table).await?);
        let mut page = TablePage::new(&work.join(format!("{}.html", table.name)), &table.name, &tenant.timezone);
        let mut json = JsonRows::new(&work.join(format!("{}.json", table.name)));
        let mut count = 0;
        while let Some(row) = found.try_next().await? {
            let Some(row) = person.own(&table.name, row) else { continue };
            page.row(&row)?;
            json.row(&row)?;
            count += 1;
        }
        if count > 0 {
            page.end()?;
            json.end()?;
            filled.push(Filled { name: table.name.clone(), rows: count });
        }
    }
    filled.sort_by_key(|table| words::place(&table.name));
    Ok(filled)
}

/// Where the spooled rows of a session stand.
fn spooled(work: &Path, session: Uuid) -> std::path::PathBuf {
    work.join(format!("session-{session}.json"))
}
