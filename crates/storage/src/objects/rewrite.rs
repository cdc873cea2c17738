//! Encrypting what is there already, and encrypting it anew by another key. Nobody else may write meanwhile: what is deleted or
//! replaced while it is rewritten would come back.

use super::{ObjectError, ObjectMeta, Objects, Store, encrypted::Encrypted, sentinel};
use serde::Serialize;
use std::collections::BTreeMap;

/// What was rewritten.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
pub struct Rewritten {
    /// Objects that were encrypted.
    pub objects: u64,
    /// Their bytes, decrypted.
    pub bytes: u64,
    /// Objects that the first key had encrypted before.
    pub already: u64,
    /// Objects that stay as they are, each with why.
    pub left: Vec<String>,
}

impl Objects {
    /// Encrypts every object that is not encrypted by the first key; one that broke off goes on where it was. `take_plain` takes
    /// objects that are not encrypted although all were. `tell` hears of each object before its turn.
    ///
    /// # Errors
    /// When the store cannot be read or written. What is damaged is left, and named.
    pub async fn rewrite(
        &self,
        take_plain: bool,
        mut tell: impl FnMut(&str, &ObjectMeta),
    ) -> Result<Rewritten, ObjectError> {
        let Store::Encrypted(store) = &self.0 else { return Err(ObjectError::NoKey) };
        let reading = if take_plain { store.reading_plain() } else { store.clone() };
        let mut done = Rewritten::default();
        for (key, meta) in store.raw.list("").await? {
            if key == super::SENTINEL || key.starts_with(super::DOOR) {
                continue;
            }
            let Some(id) = store.key_of(&key).await? else { continue };
            if id == Some(store.keys.current()) {
                done.already += 1;
                continue;
            }
            tell(&key, &meta);
            match one(&reading, &key).await {
                Ok(bytes) => (done.objects, done.bytes) = (done.objects + 1, done.bytes + bytes),
                Err(error @ (ObjectError::Undecipherable { .. } | ObjectError::NotEncrypted { .. })) => {
                    done.left.push(error.to_string());
                }
                Err(error) => return Err(error),
            }
        }
        if done.left.is_empty() {
            sentinel::all_encrypted(store).await?;
        }
        Ok(done)
    }

    /// How many objects each key has encrypted, by its id; `None` counts those that are not encrypted.
    ///
    /// # Errors
    /// When the store cannot be read.
    pub async fn encrypted_by(&self) -> Result<BTreeMap<Option<String>, u64>, ObjectError> {
        let Store::Encrypted(store) = &self.0 else { return Err(ObjectError::NoKey) };
        let mut counts = BTreeMap::new();
        for (key, _) in store.raw.list("").await? {
            if key == super::SENTINEL || key.starts_with(super::DOOR) {
                continue;
            }
            if let Some(id) = store.key_of(&key).await? {
                *counts.entry(id.map(|id| id.to_string())).or_insert(0) += 1;
            }
        }
        Ok(counts)
    }
}

async fn one(store: &Encrypted, key: &str) -> Result<u64, ObjectError> {
    let Some(meta) = store.head(key).await? else { return Ok(0) };
    let range = if meta.bytes == 0 { 0..0 } else { 0..meta.bytes };
    let pieces = store.get_range(key, range).await?;
    store.upload(key, meta.bytes, pieces).await?;
    Ok(meta.bytes)
}
