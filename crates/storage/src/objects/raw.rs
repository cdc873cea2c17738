//! A folder or a bucket: the bytes as they are stored.

use super::{ByteStream, Joined, LocalFile, ObjectError, ObjectMeta, common, disk::Disk, s3::S3};
use bytes::Bytes;
use object_store::ObjectStore;
use std::{ops::Range, path::Path};

#[derive(Clone)]
pub(super) enum Raw {
    Disk(Disk),
    S3(S3),
}

/// Runs the same call on whichever it is.
macro_rules! on {
    ($self:ident, $store:ident => $call:expr) => {
        match $self {
            Raw::Disk($store) => $call,
            Raw::S3($store) => $call,
        }
    };
}

impl Raw {
    pub(super) async fn put(&self, key: &str, bytes: Bytes) -> Result<(), ObjectError> {
        on!(self, store => store.put(key, bytes).await)
    }

    pub(super) async fn put_file(&self, key: &str, path: &Path) -> Result<u64, ObjectError> {
        on!(self, store => store.put_file(key, path).await)
    }

    pub(super) async fn link_file(&self, key: &str, path: &Path) -> Result<u64, ObjectError> {
        on!(self, store => store.link_file(key, path).await)
    }

    /// Writes exactly `total` bytes as they come.
    pub(super) async fn upload(&self, key: &str, total: u64, pieces: ByteStream) -> Result<(), ObjectError> {
        on!(self, store => store.upload(key, total, pieces).await)
    }

    pub(super) async fn get(&self, key: &str) -> Result<Option<Bytes>, ObjectError> {
        common::get(self.store(), key).await
    }

    pub(super) async fn get_range(&self, key: &str, range: Range<u64>) -> Result<ByteStream, ObjectError> {
        common::get_range(self.store(), key, range).await
    }

    pub(super) async fn head(&self, key: &str) -> Result<Option<ObjectMeta>, ObjectError> {
        common::head(self.store(), key).await
    }

    pub(super) async fn local(&self, key: &str, work: &Path) -> Result<Option<LocalFile>, ObjectError> {
        on!(self, store => store.local(key, work).await)
    }

    pub(super) async fn join(&self, keys: &[String], key: &str) -> Result<Joined, ObjectError> {
        on!(self, store => store.join(keys, key).await)
    }

    pub(super) async fn delete(&self, key: &str) -> Result<(), ObjectError> {
        common::delete(self.store(), key).await
    }

    pub(super) async fn delete_prefix(&self, prefix: &str) -> Result<u64, ObjectError> {
        common::delete_prefix(self.store(), prefix).await
    }

    pub(super) async fn list(&self, prefix: &str) -> Result<Vec<(String, ObjectMeta)>, ObjectError> {
        common::list(self.store(), prefix).await
    }

    pub(super) fn store(&self) -> &dyn ObjectStore {
        on!(self, store => store.store())
    }
}
