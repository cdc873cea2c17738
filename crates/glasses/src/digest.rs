//! Hashes of parts, as they are written in names and in HTTP.

use aws_lc_rs::digest::{SHA256, digest};
use base64::{Engine, engine::general_purpose::STANDARD};

/// SHA-256 in 64 hex digits.
pub fn sha256(bytes: &[u8]) -> String {
    hex::encode(digest(&SHA256, bytes))
}

/// The SHA-256 in a `Repr-Digest` (RFC 9530), in hex digits.
pub(crate) fn of_repr_digest(value: &str) -> Option<String> {
    let all = value.split(',').find_map(|entry| entry.trim().strip_prefix("sha-256=:"));
    let bytes = STANDARD.decode(all?.strip_suffix(':')?).ok()?;
    Some(hex::encode(bytes))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_what_it_writes() {
        let value = format!("sha-512=:AAAA:, sha-256=:{}:", STANDARD.encode(digest(&SHA256, b"part")));
        assert_eq!(of_repr_digest(&value), Some(sha256(b"part")));
        assert_eq!(of_repr_digest("sha-256=:!:"), None);
        assert_eq!(of_repr_digest("md5=:AAAA:"), None);
    }
}
