//! Room on the disk: how much there is, and a little that is kept for the end.

use rustix::fs::{FallocateFlags, fallocate, statvfs};
use std::{fs, os::unix::fs::OpenOptionsExt, path::Path};

/// Bytes of a file that holds room for the last parts and the stop of a session.
const BALLAST_BYTES: u64 = 16 << 20;
const BALLAST: &str = "ballast";

/// Bytes that can still be written below `path`, which need not be there yet. `None` when the system does not say.
pub fn free_bytes(path: &Path) -> Option<u64> {
    let stat = path.ancestors().find_map(|path| statvfs(path).ok())?;
    Some(stat.f_bavail.saturating_mul(stat.f_frsize))
}

/// Minutes of recording at `bits_per_second` for which there is room beside `reserve_bytes`.
pub fn minutes(free: u64, reserve_bytes: u64, bits_per_second: u64) -> u64 {
    free.saturating_sub(reserve_bytes) / (bits_per_second / 8 * 60).max(1)
}

/// Best effort: without it a full disk costs the part in hand.
pub(super) fn keep_ballast(root: &Path) {
    if free_bytes(root).is_some_and(|free| free < 4 * BALLAST_BYTES) {
        return;
    }
    let file = fs::OpenOptions::new().write(true).create(true).truncate(false).mode(0o600).open(root.join(BALLAST));
    if let Ok(file) = file {
        let _ = fallocate(&file, FallocateFlags::empty(), 0, BALLAST_BYTES);
    }
}

pub(super) fn drop_ballast(root: &Path) {
    let _ = fs::remove_file(root.join(BALLAST));
}
