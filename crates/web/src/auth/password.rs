//! Passwords: Argon2id with the parameters that OWASP recommends (19 MiB, 2 passes, 1 lane), which are the crate's own.

use argon2::{
    Argon2,
    password_hash::{PasswordHasher, PasswordVerifier, phc::PasswordHash},
};
use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use tokio::{sync::Semaphore, task::JoinError};

/// Passwords that are hashed at once: each takes 19 MiB.
const AT_ONCE: usize = 4;
/// Requests that wait for their turn: some seconds of work.
const WAITING: usize = 100;

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

/// Hashing by many at once, which would take the memory of the server: some hash, some wait, the rest is asked to come again.
pub struct Hashing {
    slots: Semaphore,
    /// Of those who hash and those who wait.
    places: Semaphore,
}

/// Too many hash and wait already.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Busy;

/// All hashing of a server.
pub static HASHING: Hashing = Hashing::new(AT_ONCE, WAITING);

impl Hashing {
    const fn new(at_once: usize, waiting: usize) -> Self {
        Self { slots: Semaphore::const_new(at_once), places: Semaphore::const_new(at_once + waiting) }
    }

    /// Runs `work`, which hashes, on a thread for it, once it is its turn. The turn lasts until the work ends, also when nobody waits
    /// for it any more.
    pub async fn run<T: Send + 'static>(
        &'static self,
        work: impl FnOnce() -> T + Send + 'static,
    ) -> Result<Result<T, JoinError>, Busy> {
        let place = self.places.try_acquire().map_err(|_| Busy)?;
        let slot = self.slots.acquire().await.map_err(|_| Busy)?;
        Ok(tokio::task::spawn_blocking(move || {
            let _turn = (place, slot);
            work()
        })
        .await)
    }
}

/// A password for somebody who did not choose one: 96 random bits.
pub fn made_up_password() -> String {
    URL_SAFE_NO_PAD.encode(rand::random::<[u8; 12]>())
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::sync::mpsc;

    #[tokio::test(flavor = "multi_thread")]
    async fn some_hash_some_wait_and_the_rest_comes_again() {
        let hashing: &'static Hashing = Box::leak(Box::new(Hashing::new(1, 1)));
        let (begun, has_begun) = mpsc::channel();
        let (go_on, may_go_on) = mpsc::channel::<()>();
        let first = tokio::spawn(hashing.run(move || {
            begun.send(()).unwrap();
            may_go_on.recv().unwrap();
            1
        }));
        has_begun.recv().unwrap();
        let second = tokio::spawn(hashing.run(|| 2));
        while hashing.places.available_permits() > 0 {
            tokio::task::yield_now().await;
        }
        assert!(matches!(hashing.run(|| 3).await, Err(Busy)));
        // Nobody waits for it any more, and it works on: its memory is still taken.
        first.abort();
        assert!(first.await.unwrap_err().is_cancelled());
        assert_eq!(hashing.slots.available_permits(), 0);
        assert!(matches!(hashing.run(|| 3).await, Err(Busy)));
        go_on.send(()).unwrap();
        assert_eq!(second.await.unwrap().unwrap().unwrap(), 2);
        assert_eq!(hashing.run(|| 3).await.unwrap().unwrap(), 3);
    }

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
