//! Whether a server or worker uses the data folder of this machine.

use anyhow::{Context, Result};
use std::{
    fs::{self, File, TryLockError},
    path::Path,
};

const LOCK: &str = "in-use.lock";

/// Held by every server and worker while it runs.
pub fn share(data: &Path) -> Result<File> {
    let file = open(data)?;
    match file.try_lock_shared() {
        Ok(()) => Ok(file),
        Err(TryLockError::WouldBlock) => {
            anyhow::bail!("everything in {} is being encrypted; start again when that has ended", data.display())
        }
        Err(TryLockError::Error(error)) => Err(error).context("cannot lock the data folder"),
    }
}

/// Held by who must be alone.
pub fn alone(data: &Path) -> Result<File> {
    let file = open(data)?;
    match file.try_lock() {
        Ok(()) => Ok(file),
        Err(TryLockError::WouldBlock) => {
            anyhow::bail!("a server or worker runs on {}; stop all of them first", data.display())
        }
        Err(TryLockError::Error(error)) => Err(error).context("cannot lock the data folder"),
    }
}

fn open(data: &Path) -> Result<File> {
    fs::create_dir_all(data).with_context(|| format!("cannot create the data folder {}", data.display()))?;
    let path = data.join(LOCK);
    File::options()
        .write(true)
        .create(true)
        .truncate(false)
        .open(&path)
        .with_context(|| format!("cannot open {}", path.display()))
}
