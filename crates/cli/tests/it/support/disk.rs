//! A disk that fills up.

use std::{
    fs,
    path::{Path, PathBuf},
    process::Command,
};
use tempfile::TempDir;

/// A small file system of its own; unmounted when dropped, and only then its folder can go.
pub struct Disk(TempDir);

impl Disk {
    /// `None`, said aloud, without the right to mount.
    pub fn mount(size: &str) -> Option<Self> {
        let folder = tempfile::Builder::new().prefix("trainar-it-").tempdir().unwrap();
        let mut mount = Command::new("mount");
        mount.args(["-t", "tmpfs", "-o", &format!("size={size}"), "tmpfs"]).arg(folder.path());
        if !matches!(mount.output(), Ok(done) if done.status.success()) {
            testkit::skip("a file system can only be mounted as root");
            return None;
        }
        Some(Self(folder))
    }

    pub fn path(&self) -> &Path {
        self.0.path()
    }

    pub fn resize(&self, size: &str) {
        let done = Command::new("mount").args(["-o", &format!("remount,size={size}")]).arg(self.0.path()).status();
        assert!(done.unwrap().success());
    }

    /// Leaves so many bytes free.
    pub fn fill(&self, free: u64) -> PathBuf {
        let stat = rustix::fs::statvfs(self.0.path()).unwrap();
        let path = self.0.path().join("ballast");
        fs::write(&path, vec![1; (stat.f_bavail * stat.f_frsize - free) as usize]).unwrap();
        path
    }
}

impl Drop for Disk {
    fn drop(&mut self) {
        let _ = Command::new("umount").arg("-l").arg(self.0.path()).status();
    }
}
