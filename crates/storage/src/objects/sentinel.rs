//! The sentinel: an object that tells whether a store is encrypted, and by which keys, before anything else is read.

use super::{ObjectError, Objects, Store, encrypted::Encrypted, raw::Raw};
use crate::encryption::Keys;
use futures::TryStreamExt;
use serde::{Deserialize, Serialize};
use std::collections::BTreeSet;

/// Its key. It is encrypted as any object, and in no list of them.
pub(crate) const SENTINEL: &str = "encryption/sentinel";
const DOING: &str = "opening the encrypted objects";

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
struct Sentinel {
    /// Whether there may be objects from before encryption.
    plain: bool,
    /// Ids of the keys that objects may be encrypted by.
    keys: BTreeSet<String>,
}

impl Objects {
    /// The same store with everything encrypted that is written from now on. What was written before is read as it is, until
    /// [`Objects::rewrite`] has encrypted it.
    ///
    /// # Errors
    /// [`ObjectError::Undecipherable`] when these are not the keys of what is there.
    pub async fn encrypted(self, keys: Keys) -> Result<Self, ObjectError> {
        let raw = self.into_raw();
        let mut store = Encrypted { raw, keys, plain: true };
        let current = store.keys.current().to_string();
        let sentinel = match store.raw.get(SENTINEL).await? {
            Some(stored) => {
                let mut sentinel = opened(&store.keys, stored)?;
                let new = sentinel.keys.insert(current);
                if new {
                    write(&store, &sentinel).await?;
                }
                sentinel
            }
            None => {
                let sentinel = Sentinel { plain: !is_empty(&store.raw).await?, keys: [current].into() };
                write(&store, &sentinel).await?;
                sentinel
            }
        };
        store.plain = sentinel.plain;
        Ok(Self(Store::Encrypted(store)))
    }

    /// Refuses a store that is encrypted, as there is no key.
    ///
    /// # Errors
    /// [`ObjectError::NoKey`], and whatever keeps it from being asked.
    pub async fn not_encrypted(self) -> Result<Self, ObjectError> {
        match self.0 {
            Store::Raw(ref raw) if raw.head(SENTINEL).await?.is_some() => Err(ObjectError::NoKey),
            _ => Ok(self),
        }
    }

    /// Whether there may be objects from before encryption; `None` when nothing is encrypted.
    pub fn has_plain(&self) -> Option<bool> {
        match &self.0 {
            Store::Raw(_) => None,
            Store::Encrypted(store) => Some(store.plain),
        }
    }
}

/// Whether a sentinel opens by these keys, and names none that is missing.
pub(crate) fn check(keys: Option<&Keys>, stored: &[u8]) -> Result<(), ObjectError> {
    let keys = keys.ok_or(ObjectError::NoKey)?;
    opened(keys, stored.to_vec().into()).map(|_| ())
}

/// From now on everything is encrypted by the key that encrypts now.
pub(super) async fn all_encrypted(store: &Encrypted) -> Result<(), ObjectError> {
    write(store, &Sentinel { plain: false, keys: [store.keys.current().to_string()].into() }).await
}

fn opened(keys: &Keys, stored: bytes::Bytes) -> Result<Sentinel, ObjectError> {
    let refused = |cause: String| ObjectError::Undecipherable { doing: DOING.into(), cause };
    let bytes = super::encrypted::open(keys, false, SENTINEL, stored)?;
    let sentinel: Sentinel = serde_json::from_slice(&bytes).map_err(|error| refused(error.to_string()))?;
    let known: BTreeSet<_> = keys.ids().iter().map(ToString::to_string).collect();
    match sentinel.keys.difference(&known).next() {
        Some(missing) => Err(refused(format!(
            "some are encrypted by key {missing}, which is not among the keys that are set; put that key back \
             (`trainar encryption rewrite` encrypts everything by the first key)"
        ))),
        None => Ok(sentinel),
    }
}

async fn write(store: &Encrypted, sentinel: &Sentinel) -> Result<(), ObjectError> {
    let bytes = serde_json::to_vec(sentinel).map_err(|error| ObjectError::other(DOING.into(), error))?;
    store.put(SENTINEL, bytes.into()).await
}

async fn is_empty(raw: &Raw) -> Result<bool, ObjectError> {
    let first = raw.store().list(None).try_next().await;
    Ok(first.map_err(|error| ObjectError::store(DOING, error))?.is_none())
}
