//! Objects: the bytes of recordings, clips and thumbnails, in a folder or in any S3, behind one face.
//!
//! An object becomes visible whole or not at all, whatever dies in between, and is never changed afterwards, only
//! replaced. Nothing here keeps more than a few pieces of an object in memory, whatever its size.
//!
//! With the operator's keys (see [`crate::encryption`]) everything is encrypted on its way in and decrypted on its way out; sizes,
//! ranges and hashes are those of the bytes that were given.

mod common;
mod disk;
mod encrypted;
mod error;
mod hash;
mod key;
mod local;
mod raw;
mod rewrite;
mod s3;
mod sentinel;

pub use error::ObjectError;
pub(crate) use hash::Sha256;
pub(crate) use key::check as check_key;
pub use local::LocalFile;
pub use rewrite::Rewritten;
pub use s3::S3Settings;
pub(crate) use sentinel::{SENTINEL, check as check_sentinel};

use bytes::Bytes;
use disk::Disk;
use encrypted::Encrypted;
use futures::stream::BoxStream;
use raw::Raw;
use s3::S3;
use std::{ops::Range, path::Path};

/// The bytes of an object, in pieces, in order.
pub type ByteStream = BoxStream<'static, Result<Bytes, ObjectError>>;

/// What a store knows of an object without reading it.
#[derive(Clone, Debug, PartialEq)]
pub struct ObjectMeta {
    /// Its size.
    pub bytes: u64,
    /// Changes whenever the object is replaced; without quotes where the store gives none.
    pub etag: Option<String>,
}

/// What [`Objects::join`] made.
#[derive(Clone, Debug, PartialEq)]
pub struct Joined {
    /// The size of the joined object.
    pub bytes: u64,
    /// Its SHA-256 in lower-case hex.
    pub sha256: String,
}

/// A store of objects. Cheap to clone; clones share the store.
///
/// Every method fails with [`ObjectError::Key`] for a key that is not plain: see there.
#[derive(Clone)]
pub struct Objects(Store);

#[derive(Clone)]
enum Store {
    Raw(Raw),
    Encrypted(Encrypted),
}

/// What the door is tried with lies here.
pub(crate) const DOOR: &str = "doctor/";

/// Runs the same call on whichever store it is.
macro_rules! on {
    ($self:ident, $store:ident => $call:expr) => {
        match &$self.0 {
            Store::Raw($store) => $call,
            Store::Encrypted($store) => $call,
        }
    };
}

impl Objects {
    /// Objects as files under `root`, which is created. What a killed process left half-written a day ago is removed.
    pub fn disk(root: &Path) -> Result<Self, ObjectError> {
        Disk::open(root).map(|disk| Self(Store::Raw(Raw::Disk(disk))))
    }

    /// Objects in a bucket, which must exist. Nothing is asked of the server yet: see [`Objects::check`].
    pub fn s3(settings: &S3Settings) -> Result<Self, ObjectError> {
        S3::open(settings).map(|s3| Self(Store::Raw(Raw::S3(s3))))
    }

    /// The same store without decryption: objects as they are stored.
    pub(crate) fn stored(&self) -> Self {
        Self(Store::Raw(self.clone().into_raw()))
    }

    fn into_raw(self) -> Raw {
        match self.0 {
            Store::Raw(raw) | Store::Encrypted(Encrypted { raw, .. }) => raw,
        }
    }

    /// Writes an object that fits in memory, replacing what was there. On disk it is synced before this returns.
    pub async fn put(&self, key: &str, bytes: Bytes) -> Result<(), ObjectError> {
        key::check(key)?;
        on!(self, store => store.put(key, bytes).await)
    }

    /// Makes the file at `path` the object and removes it from `path`. On disk it is renamed when it lies on the same
    /// file system and copied otherwise, so nobody may write to it any more. On failure the file is still there.
    /// Encrypted, it is copied always. Returns the bytes.
    pub async fn put_file(&self, key: &str, path: &Path) -> Result<u64, ObjectError> {
        key::check(key)?;
        on!(self, store => store.put_file(key, path).await)
    }

    /// Makes the content of the file at `path` the object; the file stays the caller's, who may remove but must not
    /// change it: on disk it is hard-linked where that is possible and copied otherwise, and always where it is encrypted.
    /// Returns the bytes.
    pub async fn link_file(&self, key: &str, path: &Path) -> Result<u64, ObjectError> {
        key::check(key)?;
        on!(self, store => store.link_file(key, path).await)
    }

    /// The whole object in memory, so for small things only. `None` when it is not there.
    pub async fn get(&self, key: &str) -> Result<Option<Bytes>, ObjectError> {
        key::check(key)?;
        on!(self, store => store.get(key).await)
    }

    /// The bytes from `range.start` up to and without `range.end`, streamed; a range that ends beyond the object ends
    /// with it. A missing object is [`ObjectError::NotFound`].
    pub async fn get_range(&self, key: &str, range: Range<u64>) -> Result<ByteStream, ObjectError> {
        key::check(key)?;
        on!(self, store => store.get_range(key, range).await)
    }

    /// What is known of the object. `None` when it is not there.
    pub async fn head(&self, key: &str) -> Result<Option<ObjectMeta>, ObjectError> {
        key::check(key)?;
        on!(self, store => store.head(key).await)
    }

    /// The object as a file that a child process can read: on disk the object itself, which must only be read; on S3, and where it
    /// is encrypted, a copy in the folder `work` that goes when the value is dropped. `None` when the object is not there.
    pub async fn local(&self, key: &str, work: &Path) -> Result<Option<LocalFile>, ObjectError> {
        key::check(key)?;
        on!(self, store => store.local(key, work).await)
    }

    /// Writes the objects `keys`, one after the other, as the object `key`, and computes its hash on the way. The
    /// pieces stay, so that it can be done again; a single piece is linked (S3: copied by the server), not copied, unless it is
    /// encrypted.
    pub async fn join(&self, keys: &[String], key: &str) -> Result<Joined, ObjectError> {
        key::check(key)?;
        keys.iter().try_for_each(|piece| key::check(piece))?;
        if keys.iter().any(|piece| piece == key) {
            return Err(ObjectError::Key { key: key.to_owned(), why: "an object cannot be joined into itself" });
        }
        on!(self, store => store.join(keys, key).await)
    }

    /// Removes the object. One that is not there is as good as removed.
    pub async fn delete(&self, key: &str) -> Result<(), ObjectError> {
        key::check(key)?;
        on!(self, store => store.delete(key).await)
    }

    /// Removes every object under `prefix` (whole segments: `a/b` is not a prefix of `a/bc`) and returns how many
    /// there were. An empty prefix is refused.
    pub async fn delete_prefix(&self, prefix: &str) -> Result<u64, ObjectError> {
        let prefix = key::check_prefix(prefix)?;
        key::check(prefix)?;
        on!(self, store => store.delete_prefix(prefix).await)
    }

    /// The keys under `prefix` (whole segments; empty: all), sorted.
    pub async fn list(&self, prefix: &str) -> Result<Vec<String>, ObjectError> {
        let found = self.list_with_meta(prefix).await?;
        Ok(found.into_iter().map(|(key, _)| key).collect())
    }

    /// The same with what is known of each.
    pub async fn list_with_meta(&self, prefix: &str) -> Result<Vec<(String, ObjectMeta)>, ObjectError> {
        let prefix = key::check_prefix(prefix)?;
        on!(self, store => store.list(prefix).await)
    }

    /// Tries the door: writes, reads and removes a small object.
    pub async fn check(&self) -> Result<(), ObjectError> {
        let key = format!("{DOOR}{}", uuid::Uuid::new_v4());
        let bytes = Bytes::from(key.clone());
        self.put(&key, bytes.clone()).await?;
        let read = self.get(&key).await?;
        self.delete(&key).await?;
        if read.as_ref() != Some(&bytes) {
            return Err(ObjectError::other(format!("checking {key}"), "what was read is not what was written"));
        }
        Ok(())
    }
}
