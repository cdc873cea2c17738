//! `Upload-Checksum`: a body that is kept only when it is what the client sent.

use crate::problem::Problem;
use aws_lc_rs::digest::{Algorithm, SHA1_FOR_LEGACY_USE_ONLY, SHA256, SHA512, digest};
use axum::http::{HeaderMap, StatusCode};
use base64::{Engine, engine::general_purpose::STANDARD};

/// Names of the algorithms, as a client is told them.
pub const ALGORITHMS: &str = "sha1,sha256,sha512";
/// Largest body with a checksum, in bytes: it is held in memory until it is known to be right.
pub const LARGEST_BODY: u64 = 16 << 20;

/// The checksum that a body must have.
#[derive(Clone)]
pub struct Checksum {
    algorithm: &'static Algorithm,
    expected: Vec<u8>,
}

impl Checksum {
    /// Reads the header.
    pub fn read(headers: &HeaderMap) -> Result<Option<Self>, Problem> {
        let Some(value) = headers.get(super::tus::CHECKSUM) else { return Ok(None) };
        let wrong = || {
            Problem::bad_request(format!(
                "Upload-Checksum must be an algorithm ({ALGORITHMS}) and a checksum in base64"
            ))
        };
        let (name, expected) = value.to_str().ok().and_then(|v| v.split_once(' ')).ok_or_else(wrong)?;
        let algorithm = match name {
            "sha1" => &SHA1_FOR_LEGACY_USE_ONLY,
            "sha256" => &SHA256,
            "sha512" => &SHA512,
            _ => return Err(wrong()),
        };
        let expected = STANDARD.decode(expected.trim()).map_err(|_| wrong())?;
        Ok(Some(Self { algorithm, expected }))
    }

    /// 460 unless the body has the checksum.
    pub fn verify(&self, body: &[u8]) -> Result<(), Problem> {
        if digest(self.algorithm, body).as_ref() == self.expected {
            return Ok(());
        }
        let status = StatusCode::from_u16(460).unwrap_or(StatusCode::BAD_REQUEST);
        let detail = "what arrived is not what the checksum says; nothing of it was kept, send it again";
        Err(Problem::new(status, "checksum-mismatch", detail))
    }
}
