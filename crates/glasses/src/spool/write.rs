//! Writing a file so that after a loss of power it is there whole or not at all.

use crate::GlassesError;
use std::{
    fs::{self, File, OpenOptions},
    io::{self, Write},
    os::unix::fs::OpenOptionsExt,
    path::Path,
};

/// Extension of a file that is being written.
pub(super) const UNFINISHED: &str = "tmp";

/// Writes `bytes` beside, syncs, renames to `name`, and syncs the folder. When this returns, the file stays.
pub(super) fn durably(folder: &Path, name: &str, bytes: &[u8]) -> Result<(), GlassesError> {
    let beside = folder.join(format!("{name}.{UNFINISHED}"));
    let write = || {
        let mut file = OpenOptions::new().write(true).create(true).truncate(true).mode(0o600).open(&beside)?;
        file.write_all(bytes)?;
        file.sync_all()?;
        rename(folder, &beside, &folder.join(name))
    };
    write().map_err(|cause: io::Error| {
        let _ = fs::remove_file(&beside);
        GlassesError::disk(&folder.join(name), cause)
    })
}

/// Renames within `folder`, durably.
pub(super) fn rename(folder: &Path, from: &Path, to: &Path) -> io::Result<()> {
    fs::rename(from, to)?;
    sync_folder(folder)
}

/// Makes durable which files the folder has.
pub(super) fn sync_folder(folder: &Path) -> io::Result<()> {
    File::open(folder)?.sync_all()
}

/// Empties a file whose name says that its bytes are not needed any more.
pub(super) fn empty(path: &Path) -> io::Result<()> {
    OpenOptions::new().write(true).open(path)?.set_len(0)
}
