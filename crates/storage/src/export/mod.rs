//! What leaves an installation as a ZIP that everybody can open: all data of a person (see `person/`), and a tenant, which another
//! installation takes in.
//!
//! ```text
//! index.html          for people: what is in it, in words
//! manifest.json       what is in it, with counts and the SHA-256 of each file below; written last
//! rows/TABLE.jsonl    a row as JSON a line; a table comes after those that it refers to
//! objects.jsonl       key, file, size and SHA-256 of every object
//! objects/…           recordings, clips, pictures, captions under their keys
//! ```
//!
//! Nothing in it is compressed: films would not become smaller, and what is not packed cannot be more than it seems.

mod archive;
mod background;
mod import;
mod person;
mod reading;
mod tenant;
mod tenant_page;
mod words;

pub use background::export_due;
pub use import::{Imported, import};
pub use person::{PersonExported, export_person};
pub use reading::Package;
pub use tenant::{Exported, export_tenant};
pub use words::has_words;

use crate::{DbError, backup::BackupError, consistent::TableFile, objects::ObjectError};
use domain::TenantId;
use serde::{Deserialize, Serialize};
use std::{io, path::Path};

/// The layout above; another one has another number.
const FORMAT: u32 = 1;
const MANIFEST: &str = "manifest.json";
const OBJECTS: &str = "objects.jsonl";
const KIND: &str = "trainar tenant export";

/// Why there is no export, or nothing was imported.
#[derive(Debug, thiserror::Error)]
#[allow(missing_docs)]
pub enum ExportError {
    #[error(transparent)]
    Db(#[from] DbError),
    #[error(transparent)]
    Object(#[from] ObjectError),
    #[error("{doing}: {cause}")]
    File { doing: String, cause: io::Error },
    /// There is none that could be exported.
    #[error("there is no such {0}")]
    Unknown(&'static str),
    /// Its objects may still be there, and would go along.
    #[error("something of this organisation is being erased, which takes about 15 minutes; export it afterwards")]
    BeingErased,
    /// The file is no export, or not as it was written.
    #[error("{0}; nothing was imported. Take another copy of the file, or export again")]
    Damaged(String),
    /// It was written by a newer program.
    #[error("the export was written by a newer version ({0}); take that version. Nothing was imported")]
    Newer(String),
    /// Something of it is here already.
    #[error("{0} is here already; nothing was imported. Import into an installation that has none of it")]
    Here(String),
}

impl ExportError {
    pub(crate) fn file(path: &Path, cause: io::Error) -> Self {
        Self::File { doing: path.display().to_string(), cause }
    }
}

impl From<BackupError> for ExportError {
    fn from(error: BackupError) -> Self {
        match error {
            BackupError::Db(error) => Self::Db(error),
            BackupError::Object(error) => Self::Object(error),
            BackupError::File { doing, cause } => Self::File { doing, cause },
            other => Self::Damaged(other.to_string()),
        }
    }
}

/// `manifest.json`
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
struct Manifest {
    kind: String,
    format: u32,
    /// Version of the program that wrote it.
    program: String,
    /// When, in microseconds since 1970 UTC.
    taken_at: i64,
    tenant_id: TenantId,
    tenant_name: String,
    /// The migrations that had been applied, oldest first.
    schema: Vec<String>,
    /// In the order in which they are put into a database.
    tables: Vec<TableFile>,
    objects: Listed,
}

/// The objects all together.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
struct Listed {
    count: u64,
    bytes: u64,
    /// Of `objects.jsonl`, in hex.
    sha256: String,
}

/// A line of `objects.jsonl`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
struct ObjectLine {
    key: String,
    /// Its name within the ZIP.
    file: String,
    bytes: u64,
    sha256: String,
}
