//! The token by which a device is known. Only its hash is kept.

use aws_lc_rs::digest::{SHA256, digest};
use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};

const PREFIX: &str = "tdt_";

/// A new token, to be given to the device once (`tdt_` and 43 characters), and its hash, to be kept: SHA-256 in
/// lower-case hex.
pub fn new_device_token() -> (String, String) {
    let token = format!("{PREFIX}{}", URL_SAFE_NO_PAD.encode(rand::random::<[u8; 32]>()));
    let hash = hash(&token);
    (token, hash)
}

/// What is kept of a token: SHA-256 in lower-case hex.
pub(crate) fn hash(token: &str) -> String {
    hex::encode(digest(&SHA256, token.as_bytes()))
}

/// Whether a text can be a token at all; what can't is refused without asking the database.
pub(crate) fn is_plausible(token: &str) -> bool {
    token.starts_with(PREFIX) && token.len() == PREFIX.len() + 43
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tokens_differ_and_their_hash_is_theirs() {
        let (one, hash_of_one) = new_device_token();
        let (two, hash_of_two) = new_device_token();
        assert!(is_plausible(&one) && is_plausible(&two));
        assert_ne!(one, two);
        assert_ne!(hash_of_one, hash_of_two);
        assert_eq!(hash(&one), hash_of_one);
        assert_eq!(hash("abc"), "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
    }
}
