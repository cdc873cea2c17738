//! The working folder of one process. It is locked while the process lives, so that the next one can tell what a dead
//! process left behind and clear it away.

use std::{
    fs::{self, File},
    io,
    path::{Path, PathBuf},
};
use uuid::Uuid;

/// A folder of this process below the shared working folder; removed when dropped.
#[derive(Debug)]
pub struct Workspace {
    path: PathBuf,
    _lock: File,
}

impl Workspace {
    /// Makes a folder below `root` and clears away the folders of processes that have died.
    pub fn create(root: &Path) -> io::Result<Self> {
        fs::create_dir_all(root)?;
        for entry in fs::read_dir(root)?.flatten() {
            let path = entry.path();
            if path.extension().is_some_and(|e| e == "lock") && File::open(&path).is_ok_and(|f| f.try_lock().is_ok()) {
                let _ = fs::remove_dir_all(path.with_extension(""));
                let _ = fs::remove_file(&path);
            }
        }
        let path = root.join(Uuid::now_v7().to_string());
        // Locked before its folder exists: nobody can take the folder for a dead one.
        let lock = File::create(path.with_extension("lock"))?;
        lock.lock()?;
        fs::create_dir(&path)?;
        Ok(Self { path, _lock: lock })
    }

    /// The folder.
    pub fn path(&self) -> &Path {
        &self.path
    }
}

impl Drop for Workspace {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.path);
        let _ = fs::remove_file(self.path.with_extension("lock"));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_living_process_keeps_its_folder_and_a_dead_ones_is_cleared() {
        let root = tempfile::tempdir().unwrap();
        let living = Workspace::create(root.path()).unwrap();
        let dead = root.path().join("dead");
        fs::create_dir(&dead).unwrap();
        fs::write(dead.with_extension("lock"), "").unwrap();
        let next = Workspace::create(root.path()).unwrap();
        assert!(living.path().exists() && next.path().exists());
        assert!(!dead.exists() && !dead.with_extension("lock").exists());
    }
}
