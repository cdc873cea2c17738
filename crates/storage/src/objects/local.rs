//! An object as a file that a child process can read.

use std::path::{Path, PathBuf};
use tempfile::TempPath;

/// A readable file with the content of an object. A copy is removed when this is dropped.
#[derive(Debug)]
pub struct LocalFile(Place);

#[derive(Debug)]
enum Place {
    Object(PathBuf),
    Copy(TempPath),
}

impl LocalFile {
    /// Where it lies. Only read it: on disk it is the object itself.
    pub fn path(&self) -> &Path {
        match &self.0 {
            Place::Object(path) => path,
            Place::Copy(path) => path,
        }
    }

    pub(super) fn object(path: PathBuf) -> Self {
        Self(Place::Object(path))
    }

    pub(super) fn copy(path: TempPath) -> Self {
        Self(Place::Copy(path))
    }
}

impl AsRef<Path> for LocalFile {
    fn as_ref(&self) -> &Path {
        self.path()
    }
}
