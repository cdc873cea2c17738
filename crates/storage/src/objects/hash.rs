//! SHA-256 as it is written in rows and responses.

use aws_lc_rs::digest::{Context, SHA256};
use std::fmt::Write;

/// A running SHA-256.
pub(crate) struct Sha256(Context);

impl Sha256 {
    pub(crate) fn new() -> Self {
        Self(Context::new(&SHA256))
    }

    pub(crate) fn update(&mut self, bytes: &[u8]) {
        self.0.update(bytes);
    }

    /// Lower-case hex.
    pub(crate) fn finish(self) -> String {
        self.0.finish().as_ref().iter().fold(String::with_capacity(64), |mut hex, byte| {
            let _ = write!(hex, "{byte:02x}");
            hex
        })
    }
}
