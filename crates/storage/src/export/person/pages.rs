//! The pages of a person's export: plain HTML that needs no network and no script.

use super::{
    super::{ExportError, words},
    Filled, cells,
};
use crate::{consistent::create, db::Row};
use askama::Template;
use domain::{Timestamp, tenant::Tenant, user::User};
use std::{
    fs::File,
    io::{self, BufWriter, Write},
    path::{Path, PathBuf},
};

/// A label and what stands behind it.
pub(super) struct Fact {
    pub label: &'static str,
    pub value: String,
}

/// A procedure with its clip.
pub(super) struct Clip {
    pub name: String,
    pub description: String,
    pub from: String,
    pub film: Option<String>,
    pub picture: Option<String>,
}

/// Something that was said.
pub(super) struct Line {
    pub at: String,
    pub who: String,
    pub text: String,
}

/// The page of a session. Files are named within its folder.
#[derive(Template)]
#[template(path = "export/person/session.html")]
pub(super) struct SessionPage {
    pub language: String,
    pub name: String,
    pub timezone: String,
    /// Whether there was a recording, though its file may not be there any more.
    pub is_recorded: bool,
    pub film: Option<String>,
    pub poster: Option<String>,
    pub captions: Option<String>,
    pub facts: Vec<Fact>,
    pub clips: Vec<Clip>,
    pub lines: Vec<Line>,
    pub files: Vec<String>,
}

/// A session in the index.
#[derive(Template)]
#[template(path = "export/person/index_session.html")]
pub(super) struct SessionEntry {
    pub name: String,
    pub page: String,
    pub began: String,
    pub lasted: String,
    pub status: String,
    pub procedures: usize,
}

#[derive(Template)]
#[template(path = "export/person/index_head.html")]
struct Head<'a> {
    tenant: &'a Tenant,
    user: &'a User,
    taken_at: String,
    since: String,
    tables: Vec<TableRow<'a>>,
    has_sessions: bool,
}

struct TableRow<'a> {
    name: &'a str,
    title: &'a str,
    meaning: &'static str,
    rows: u64,
}

#[derive(Template)]
#[template(path = "export/person/index_foot.html")]
struct Foot {
    has_sessions: bool,
}

/// The index, written while the sessions are.
pub(super) struct Index {
    path: PathBuf,
    out: BufWriter<File>,
    has_sessions: bool,
}

impl Index {
    pub(super) fn begin(
        path: &Path,
        tenant: &Tenant,
        user: &User,
        filled: &[Filled],
        now: Timestamp,
    ) -> Result<Self, ExportError> {
        let tables = filled.iter().map(|table| {
            let (title, meaning) = words::of(&table.name);
            TableRow { name: &table.name, title, meaning, rows: table.rows }
        });
        let has_sessions = filled.iter().any(|table| table.name == "sessions");
        let head = Head {
            tenant,
            user,
            taken_at: now.show_exact(&tenant.timezone),
            since: user.created_at.show(&tenant.timezone),
            tables: tables.collect(),
            has_sessions,
        };
        let mut out = BufWriter::new(create(path).map_err(|e| ExportError::file(path, e))?);
        head.write_into(&mut out).map_err(|e| ExportError::file(path, e))?;
        Ok(Self { path: path.to_owned(), out, has_sessions })
    }

    pub(super) fn session(&mut self, entry: &SessionEntry) -> Result<(), ExportError> {
        entry.write_into(&mut self.out).map_err(|e| ExportError::file(&self.path, e))
    }

    pub(super) fn end(mut self) -> Result<(), ExportError> {
        let foot = Foot { has_sessions: self.has_sessions };
        foot.write_into(&mut self.out).and_then(|()| self.out.flush()).map_err(|e| ExportError::file(&self.path, e))
    }
}

#[derive(Template)]
#[template(path = "export/person/table_head.html")]
struct TableHead<'a> {
    name: &'a str,
    title: &'a str,
    meaning: &'static str,
    timezone: &'a str,
    columns: Vec<String>,
}

#[derive(Template)]
#[template(path = "export/person/table_row.html")]
struct TableCells {
    cells: Vec<String>,
}

#[derive(Template)]
#[template(path = "export/person/table_foot.html")]
struct TableFoot;

/// The page of a table, made with its first row.
pub(super) struct TablePage<'a> {
    path: PathBuf,
    table: &'a str,
    timezone: &'a str,
    out: Option<BufWriter<File>>,
}

impl<'a> TablePage<'a> {
    pub(super) fn new(path: &Path, table: &'a str, timezone: &'a str) -> Self {
        Self { path: path.to_owned(), table, timezone, out: None }
    }

    pub(super) fn row(&mut self, row: &Row) -> Result<(), ExportError> {
        let mut write = || -> io::Result<()> {
            let out = match &mut self.out {
                Some(out) => out,
                none => {
                    let (title, meaning) = words::of(self.table);
                    let columns = cells::shown(row).map(|(column, _)| cells::label(column)).collect();
                    let out = none.insert(BufWriter::new(create(&self.path)?));
                    TableHead { name: self.table, title, meaning, timezone: self.timezone, columns }.write_into(out)?;
                    out
                }
            };
            let cells =
                cells::shown(row).map(|(column, value)| cells::readable(column, value, self.timezone)).collect();
            TableCells { cells }.write_into(out)
        };
        write().map_err(|e| ExportError::file(&self.path, e))
    }

    pub(super) fn end(mut self) -> Result<(), ExportError> {
        let Some(out) = &mut self.out else { return Ok(()) };
        TableFoot.write_into(out).and_then(|()| out.flush()).map_err(|e| ExportError::file(&self.path, e))
    }
}
