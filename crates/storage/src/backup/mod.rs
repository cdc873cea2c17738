//! Backups of a whole installation, taken while it runs: rows and objects in a folder that any engine and any object
//! store is restored from.
//!
//! ```text
//! generations/20261122T060000Z/backup.json     what the generation holds, with the hash of each file below; written last
//!                              objects.jsonl   key, size and SHA-256 of every object
//!                              rows/TABLE.jsonl
//!                              secret.key      the installation's key
//! blobs/ab/ab12…                               the bytes of objects under their SHA-256, shared by all generations
//! ```

mod folder;
mod restore;
mod take;

pub use folder::Folder;
pub use restore::{Generation, Restored};
pub use take::{Taken, Taking};

use crate::{
    DbError,
    consistent::{Kept, TableFile},
    objects::ObjectError,
};
use serde::{Deserialize, Serialize};
use std::{io, path::Path};

/// The layout above; another one has another number.
const FORMAT: u32 = 1;
/// The installation's key within a generation.
const KEY: &str = "secret.key";

/// Why there is no backup, or nothing was restored.
#[derive(Debug, thiserror::Error)]
#[allow(missing_docs)]
pub enum BackupError {
    #[error(transparent)]
    Db(#[from] DbError),
    #[error(transparent)]
    Object(#[from] ObjectError),
    #[error("{doing}: {cause}")]
    File { doing: String, cause: io::Error },
    /// Another one works in the folder.
    #[error("another backup into {0} is running; wait until it has ended")]
    Busy(String),
    /// The folder holds none, or not the one that is asked for.
    #[error("there is no such backup in {folder}; there is {there}")]
    Unknown { folder: String, there: String },
    /// A file is missing, or is not as it was written.
    #[error("the backup is damaged: {0}; take another generation, or another copy of the folder")]
    Damaged(String),
    /// It was written by a newer program.
    #[error("the backup has format {0}, which this version does not know; take the version that wrote it")]
    Newer(u32),
    /// The object store holds what the backup does not.
    #[error("the object store is not empty: it holds {0}; give an empty folder or bucket")]
    NotEmpty(String),
}

impl BackupError {
    pub(crate) fn file(path: &Path, cause: io::Error) -> Self {
        Self::File { doing: path.display().to_string(), cause }
    }
}

/// `backup.json`
#[derive(Clone, Debug, Serialize, Deserialize)]
struct Manifest {
    format: u32,
    /// Version of the program that wrote it.
    program: String,
    /// When, in microseconds since 1970 UTC.
    taken_at: i64,
    engine: String,
    /// The migrations that had been applied, oldest first.
    schema: Vec<String>,
    /// In the order in which they are put into a database.
    tables: Vec<TableFile>,
    objects: ObjectsFile,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
struct ObjectsFile {
    count: u64,
    bytes: u64,
    /// Of the file, in hex.
    sha256: String,
}
