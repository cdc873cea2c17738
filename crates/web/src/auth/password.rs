//! Passwords: Argon2id with the parameters that OWASP recommends (19 MiB, 2 passes, 1 lane), which are the crate's own.

use argon2::{
    Argon2,
    password_hash::{PasswordHasher, PasswordVerifier, phc::PasswordHash},
};
use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};

/// A password could not be hashed, or a stored hash could not be read.
#[derive(Debug, thiserror::Error)]
#[error("password: {0}")]
pub struct PasswordError(argon2::password_hash::Error);

/// The PHC string of a password, with a salt of its own. Takes tens of milliseconds by design: not for an async worker
/// thread.
pub fn hash_password(password: &str) -> Result<String, PasswordError> {
    Ok(Argon2::default().hash_password(password.as_bytes()).map_err(PasswordError)?.to_string())
}

/// Whether `password` is the one behind `hash`. Without a hash as much work is done, so that the time taken does not
/// tell whether an address is known. Not for an async worker thread.
pub fn verify_password(password: &str, hash: Option<&str>) -> bool {
    match hash.map(PasswordHash::new) {
        Some(Ok(hash)) => Argon2::default().verify_password(password.as_bytes(), &hash).is_ok(),
        Some(Err(_)) | None => {
            let _ = hash_password(password);
            false
        }
    }
}

/// A password for somebody who did not choose one: 96 random bits.
pub fn made_up_password() -> String {
    URL_SAFE_NO_PAD.encode(rand::random::<[u8; 12]>())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_hash_is_argon2id_and_fits_its_password_only() {
        let hash = hash_password("correct horse").unwrap();
        assert!(hash.starts_with("$argon2id$v=19$m=19456,t=2,p=1$"), "{hash}");
        assert!(verify_password("correct horse", Some(&hash)));
        assert!(!verify_password("correct horse ", Some(&hash)));
        assert!(!verify_password("correct horse", None));
        assert_ne!(hash, hash_password("correct horse").unwrap());
        assert_ne!(made_up_password(), made_up_password());
    }
}
