//! The index page of a tenant's export, for a person who has unpacked it.

use super::{ExportError, Manifest, words};
use crate::{consistent::rows_file, db::Row};
use askama::Template;
use domain::{Timestamp, tenant::Tenant};
use std::{
    collections::HashMap,
    fs::File,
    io::{self, BufRead, BufReader, BufWriter, Lines, Write},
    path::Path,
};

#[derive(Template)]
#[template(path = "export/tenant_head.html")]
struct Head<'a> {
    tenant: &'a Tenant,
    taken_at: String,
    program: &'a str,
    objects: u64,
    bytes: u64,
    tables: Vec<TableRow<'a>>,
    left_out: Vec<TableRow<'a>>,
}

struct TableRow<'a> {
    name: &'a str,
    title: &'a str,
    meaning: &'static str,
    rows: u64,
}

#[derive(Template)]
#[template(path = "export/tenant_session.html")]
struct SessionRow {
    name: String,
    began: String,
    status: String,
    film: Option<String>,
}

#[derive(Template)]
#[template(path = "export/tenant_foot.html")]
struct Foot;

/// Writes the page; the rows are read from `rows`, and `files` tells the file of an object by its key.
pub(super) fn write(
    page: &Path,
    tenant: &Tenant,
    manifest: &Manifest,
    rows: &Path,
    files: &HashMap<String, String>,
) -> Result<(), ExportError> {
    let written = || {
        let mut out = BufWriter::new(File::create(page)?);
        head(tenant, manifest).write_into(&mut out)?;
        let mut recordings = Rows::open(rows, "recordings")?;
        let mut recording = recordings.next()?;
        let mut sessions = Rows::open(rows, "sessions")?;
        while let Some(session) = sessions.next()? {
            let id = text(&session, "id");
            // Both stand in the order of the session's id.
            while recording.as_ref().is_some_and(|found| text(found, "session_id") < id) {
                recording = recordings.next()?;
            }
            let own = recording.as_ref().filter(|found| text(found, "session_id") == id);
            let row = SessionRow {
                film: own.and_then(|found| files.get(text(found, "video_key"))).cloned(),
                name: text(&session, "name").to_owned(),
                began: Timestamp(session.get("started_at").and_then(|at| at.as_i64()).unwrap_or_default())
                    .show(&tenant.timezone),
                status: text(&session, "status").replace('_', " "),
            };
            row.write_into(&mut out)?;
        }
        Foot.write_into(&mut out)?;
        out.flush()
    };
    written().map_err(|e: io::Error| ExportError::file(page, e))
}

fn head<'a>(tenant: &'a Tenant, manifest: &'a Manifest) -> Head<'a> {
    let row = |name: &'a str, rows| {
        let (title, meaning) = words::of(name);
        TableRow { name, title, meaning, rows }
    };
    let mut tables: Vec<_> = manifest.tables.iter().map(|table| row(&table.name, table.rows)).collect();
    tables.sort_by_key(|table| words::place(table.name));
    Head {
        taken_at: Timestamp(manifest.taken_at).show_exact(&tenant.timezone),
        tenant,
        program: &manifest.program,
        objects: manifest.objects.count,
        bytes: manifest.objects.bytes,
        tables,
        left_out: ["logins", "user_links", "pairing_codes", "second_factors", "recovery_codes"]
            .map(|name| row(name, 0))
            .into(),
    }
}

fn text<'a>(row: &'a Row, column: &str) -> &'a str {
    row.get(column).and_then(|value| value.as_str()).unwrap_or_default()
}

/// Rows of a file, one at a time.
struct Rows(Lines<BufReader<File>>);

impl Rows {
    fn open(folder: &Path, table: &str) -> io::Result<Self> {
        Ok(Self(BufReader::new(File::open(rows_file(folder, table))?).lines()))
    }

    fn next(&mut self) -> io::Result<Option<Row>> {
        self.0.next().transpose()?.map(|line| serde_json::from_str(&line).map_err(Into::into)).transpose()
    }
}
