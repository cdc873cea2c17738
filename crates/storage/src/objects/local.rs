//! An object as a file that a child process can read.

use super::{ByteStream, ObjectError};
use futures::TryStreamExt;
use std::{
    io,
    path::{Path, PathBuf},
};
use tempfile::TempPath;
use tokio::io::AsyncWriteExt;

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

    /// A copy in the folder `work` of all `bytes` of an object. Its name keeps the ending, by which some programs go.
    pub(super) async fn copied(
        key: &str,
        work: &Path,
        bytes: u64,
        mut pieces: ByteStream,
    ) -> Result<Self, ObjectError> {
        let failed = |error: io::Error| ObjectError::io(format!("fetching {key}"), error);
        let ending = Path::new(key).extension().map(|e| format!(".{}", e.to_string_lossy())).unwrap_or_default();
        let copy = tempfile::Builder::new().prefix("object-").suffix(&ending).tempfile_in(work).map_err(failed)?;
        let (file, path) = copy.into_parts();
        let mut file = tokio::fs::File::from_std(file);
        let mut came = 0;
        while let Some(piece) = pieces.try_next().await? {
            came += piece.len() as u64;
            file.write_all(&piece).await.map_err(failed)?;
        }
        file.flush().await.map_err(failed)?;
        if came != bytes {
            return Err(failed(io::Error::other(format!("{came} of {bytes} bytes came"))));
        }
        Ok(Self(Place::Copy(path)))
    }
}

impl AsRef<Path> for LocalFile {
    fn as_ref(&self) -> &Path {
        self.path()
    }
}
