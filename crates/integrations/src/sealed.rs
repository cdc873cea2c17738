//! Secrets of integrations as they are kept: encrypted by a key of the installation, AES-256-GCM.

use aws_lc_rs::{
    aead::{AES_256_GCM, Aad, Nonce, RandomizedNonceKey},
    hkdf::{HKDF_SHA256, KeyType, Salt},
};
use base64::{Engine, engine::general_purpose::STANDARD_NO_PAD};

const NONCE: usize = 12;

/// Why a kept secret can't be read.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("a secret can't be read with this installation's secret.key; restore that file from your backup")]
pub struct Unreadable;

/// Encrypts `secret` by the key of the installation. Returns text.
pub fn seal(key: &[u8; 32], secret: &[u8]) -> Result<String, Unreadable> {
    let mut bytes = secret.to_vec();
    let nonce = derived(key)?.seal_in_place_append_tag(Aad::empty(), &mut bytes).map_err(|_| Unreadable)?;
    Ok(STANDARD_NO_PAD.encode([nonce.as_ref().as_slice(), &bytes].concat()))
}

/// Decrypts what [`seal`] gave.
pub fn open(key: &[u8; 32], sealed: &str) -> Result<Vec<u8>, Unreadable> {
    let bytes = STANDARD_NO_PAD.decode(sealed).map_err(|_| Unreadable)?;
    let (nonce, rest) = bytes.split_at_checked(NONCE).ok_or(Unreadable)?;
    let nonce = Nonce::try_assume_unique_for_key(nonce).map_err(|_| Unreadable)?;
    let mut rest = rest.to_vec();
    let secret = derived(key)?.open_in_place(nonce, Aad::empty(), &mut rest).map_err(|_| Unreadable)?;
    Ok(secret.to_vec())
}

/// The same key signs other things: this one is for secrets only.
fn derived(key: &[u8; 32]) -> Result<RandomizedNonceKey, Unreadable> {
    struct Length;
    impl KeyType for Length {
        fn len(&self) -> usize {
            32
        }
    }
    let mut derived = [0; 32];
    let extracted = Salt::new(HKDF_SHA256, b"trainar").extract(key);
    extracted
        .expand(&[b"secrets of integrations"], Length)
        .and_then(|out| out.fill(&mut derived))
        .map_err(|_| Unreadable)?;
    RandomizedNonceKey::new(&AES_256_GCM, &derived).map_err(|_| Unreadable)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_sealed_opens_with_its_key_only_and_unchanged_only() {
        let sealed = seal(&[7; 32], b"hush").unwrap();
        assert_eq!(open(&[7; 32], &sealed).unwrap(), b"hush");
        assert_ne!(seal(&[7; 32], b"hush").unwrap(), sealed, "never twice the same");
        assert_eq!(open(&[8; 32], &sealed), Err(Unreadable));
        let mut changed = sealed.into_bytes();
        changed[20] = if changed[20] == b'A' { b'B' } else { b'A' };
        assert_eq!(open(&[7; 32], &String::from_utf8(changed).unwrap()), Err(Unreadable));
        assert_eq!(open(&[7; 32], "AAAA"), Err(Unreadable));
    }
}
