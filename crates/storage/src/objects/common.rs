//! What a folder and a bucket do alike, through the library's one face.

use super::{ByteStream, ObjectError, ObjectMeta};
use bytes::Bytes;
use futures::{StreamExt, TryStreamExt, stream};
use object_store::{GetOptions, GetRange, GetResultPayload, ObjectStore, ObjectStoreExt, path::Path};
use std::{io::SeekFrom, ops::Range};
use tokio::io::{AsyncReadExt, AsyncSeekExt};
use tokio_util::io::ReaderStream;

/// Bytes read from a file at once: large enough that the hop to a blocking thread does not show.
pub(super) const READ_BYTES: usize = 256 * 1024;

pub(super) async fn get(store: &dyn ObjectStore, key: &str) -> Result<Option<Bytes>, ObjectError> {
    let doing = || format!("reading {key}");
    match found(store.get(&location(key)).await, doing)? {
        Some(result) => result.bytes().await.map(Some).map_err(|error| ObjectError::store(doing(), error)),
        None => Ok(None),
    }
}

pub(super) async fn get_range(
    store: &dyn ObjectStore,
    key: &str,
    range: Range<u64>,
) -> Result<ByteStream, ObjectError> {
    let doing = format!("reading {key}");
    if range.is_empty() {
        // Neither store has an empty range; the object must be there all the same.
        return match head(store, key).await? {
            Some(_) => Ok(stream::empty().boxed()),
            None => Err(ObjectError::NotFound { doing }),
        };
    }
    // Some servers read the end as a signed number.
    let range = range.start..range.end.min(i64::MAX as u64);
    let options = GetOptions { range: Some(GetRange::Bounded(range)), ..Default::default() };
    let result =
        store.get_opts(&location(key), options).await.map_err(|error| ObjectError::store(doing.as_str(), error))?;
    let range = result.range.clone();
    match result.payload {
        GetResultPayload::File(file, _) => {
            let mut file = tokio::fs::File::from_std(file);
            file.set_max_buf_size(READ_BYTES);
            file.seek(SeekFrom::Start(range.start)).await.map_err(|error| ObjectError::io(doing.as_str(), error))?;
            let bytes = file.take(range.end - range.start);
            Ok(ReaderStream::with_capacity(bytes, READ_BYTES)
                .map_err(move |error| ObjectError::io(doing.as_str(), error))
                .boxed())
        }
        GetResultPayload::Stream(bytes) => {
            Ok(bytes.map_err(move |error| ObjectError::store(doing.as_str(), error)).boxed())
        }
    }
}

pub(super) async fn head(store: &dyn ObjectStore, key: &str) -> Result<Option<ObjectMeta>, ObjectError> {
    let meta = found(store.head(&location(key)).await, || format!("looking up {key}"))?;
    Ok(meta.map(|meta| ObjectMeta { bytes: meta.size, etag: meta.e_tag }))
}

/// Sorted by key.
pub(super) async fn list(store: &dyn ObjectStore, prefix: &str) -> Result<Vec<(String, ObjectMeta)>, ObjectError> {
    let under = (!prefix.is_empty()).then(|| location(prefix));
    let mut found: Vec<(String, ObjectMeta)> = store
        .list(under.as_ref())
        .map_ok(|meta| (meta.location.to_string(), ObjectMeta { bytes: meta.size, etag: meta.e_tag }))
        .try_filter(|(key, _)| std::future::ready(!key.starts_with('.')))
        .try_collect()
        .await
        .map_err(|error| ObjectError::store(format!("listing {prefix}"), error))?;
    found.sort_by(|a, b| a.0.cmp(&b.0));
    Ok(found)
}

pub(super) async fn delete(store: &dyn ObjectStore, key: &str) -> Result<(), ObjectError> {
    found(store.delete(&location(key)).await, || format!("removing {key}")).map(|_| ())
}

pub(super) async fn delete_prefix(store: &dyn ObjectStore, prefix: &str) -> Result<u64, ObjectError> {
    let found = list(store, prefix).await?;
    for (key, _) in &found {
        delete(store, key).await?;
    }
    Ok(found.len() as u64)
}

/// The key as the library takes it. Keys are checked before, so nothing in them is escaped.
pub(super) fn location(key: &str) -> Path {
    Path::from(key)
}

/// "Not found" is a value here, not an error.
fn found<T>(result: object_store::Result<T>, doing: impl Fn() -> String) -> Result<Option<T>, ObjectError> {
    match result {
        Ok(value) => Ok(Some(value)),
        Err(object_store::Error::NotFound { .. }) => Ok(None),
        Err(error) => Err(ObjectError::store(doing(), error)),
    }
}
