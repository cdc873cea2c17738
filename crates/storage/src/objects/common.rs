//! What a folder and a bucket do alike, through the library's one face.

use super::{ByteStream, ObjectError, ObjectMeta};
use bytes::Bytes;
use futures::{StreamExt, TryStreamExt, stream};
use object_store::{GetOptions, GetRange, GetResult, GetResultPayload, ObjectStore, ObjectStoreExt, path::Path};
use std::{
    io::{self, SeekFrom},
    ops::Range,
    path::Path as FilePath,
};
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
    let result = open(store, key, range, None).await.map_err(|error| ObjectError::store(doing.as_str(), error))?;
    stream_of(result, doing).await
}

/// The same, of the object of that tag only; `None` when it was replaced.
pub(super) async fn get_range_of(
    store: &dyn ObjectStore,
    key: &str,
    range: Range<u64>,
    etag: Option<String>,
) -> Result<Option<ByteStream>, ObjectError> {
    let doing = format!("reading {key}");
    match open(store, key, range, etag).await {
        Ok(result) => stream_of(result, doing).await.map(Some),
        Err(object_store::Error::Precondition { .. }) => Ok(None),
        Err(error) => Err(ObjectError::store(doing, error)),
    }
}

/// What the object begins with, at most `bytes`, and what is known of it. `None` when it is not there.
pub(super) async fn beginning(
    store: &dyn ObjectStore,
    key: &str,
    bytes: u64,
) -> Result<Option<(Bytes, ObjectMeta)>, ObjectError> {
    let doing = || format!("reading {key}");
    let result = match open(store, key, 0..bytes, None).await {
        // Of nothing there is no range.
        Err(error) if !matches!(error, object_store::Error::NotFound { .. }) => {
            return match head(store, key).await {
                Ok(Some(meta)) if meta.bytes == 0 => Ok(Some((Bytes::new(), meta))),
                _ => Err(ObjectError::store(doing(), error)),
            };
        }
        result => found(result, doing)?,
    };
    let Some(result) = result else { return Ok(None) };
    let meta = ObjectMeta { bytes: result.meta.size, etag: result.meta.e_tag.clone() };
    let bytes = result.bytes().await.map_err(|error| ObjectError::store(doing(), error))?;
    Ok(Some((bytes, meta)))
}

async fn open(
    store: &dyn ObjectStore,
    key: &str,
    range: Range<u64>,
    etag: Option<String>,
) -> object_store::Result<GetResult> {
    // Some servers read the end as a signed number.
    let range = range.start..range.end.min(i64::MAX as u64);
    let options = GetOptions { range: Some(GetRange::Bounded(range)), if_match: etag, ..Default::default() };
    store.get_opts(&location(key), options).await
}

async fn stream_of(result: GetResult, doing: String) -> Result<ByteStream, ObjectError> {
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

/// The bytes of a regular file, and how many there are; never those of what a symbolic link points to.
pub(super) async fn read_file(path: &FilePath, doing: &str) -> Result<(u64, ByteStream), ObjectError> {
    let open = async {
        let meta = tokio::fs::symlink_metadata(path).await?;
        if !meta.is_file() {
            let why = format!("{} is not a regular file", path.display());
            return Err(io::Error::new(io::ErrorKind::InvalidInput, why));
        }
        Ok((tokio::fs::File::open(path).await?, meta.len()))
    };
    let (mut file, bytes) = open.await.map_err(|error| ObjectError::io(doing, error))?;
    file.set_max_buf_size(READ_BYTES);
    let doing = doing.to_owned();
    let pieces = ReaderStream::with_capacity(file, READ_BYTES);
    Ok((bytes, pieces.map_err(move |error| ObjectError::io(doing.as_str(), error)).boxed()))
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

/// Refuses what turns out longer or, at its end, shorter than was said.
pub(super) fn exactly(key: &str, total: u64, sent: u64, at_end: bool) -> Result<(), ObjectError> {
    if sent > total || (at_end && sent < total) {
        return Err(ObjectError::other(
            format!("storing {key}"),
            format!("it changed while it was read: {sent} of {total} bytes"),
        ));
    }
    Ok(())
}
