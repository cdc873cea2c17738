//! The real data that no repository holds.

use std::path::{Path, PathBuf};

/// The folder of shared data: `TRAINAR_TEST_DATA`, else `shared/data` beside the checkout. Says aloud when it is absent.
pub fn data() -> Option<PathBuf> {
    let folder = match std::env::var_os("TRAINAR_TEST_DATA") {
        Some(folder) => PathBuf::from(folder),
        None => Path::new(env!("CARGO_MANIFEST_DIR")).join("../../../shared/data"),
    };
    match folder.canonicalize() {
        Ok(folder) if folder.is_dir() => Some(folder),
        _ => {
            crate::skip(&format!("there is no test data at {}; set TRAINAR_TEST_DATA", folder.display()));
            None
        }
    }
}
