//! Objects in a bucket of any S3. Large ones go up in parts, a few at a time; one that breaks off is called off, so
//! nothing is visible before it is whole. Parts of a killed process stay until the bucket's own rule removes them
//! ("abort incomplete multipart uploads", see the guide).

use super::{Joined, LocalFile, ObjectError, common, hash::Sha256};
use bytes::{Bytes, BytesMut};
use futures::{Stream, StreamExt, TryStreamExt, stream};
use object_store::{
    BackoffConfig, ClientOptions, ObjectStore, ObjectStoreExt, RetryConfig, WriteMultipart,
    aws::{AmazonS3, AmazonS3Builder},
};
use secrecy::{ExposeSecret, SecretString};
use std::{path::Path, sync::Arc, time::Duration};

/// Bytes of one part; S3 wants at least 5 MiB and at most 10,000 parts, so those of huge objects are larger.
const PART: u64 = 8 << 20;
/// Parts that travel at the same time.
const PARTS_AT_ONCE: usize = 3;
/// The largest object that S3 copies in one call.
const LARGEST_COPY: u64 = 5 << 30;

/// Where the bucket is and who we are.
#[derive(Clone, Debug)]
pub struct S3Settings {
    /// `https://s3.example.org` or `http://127.0.0.1:9000`; `None` is AWS itself.
    pub endpoint: Option<String>,
    /// The bucket, which must exist.
    pub bucket: String,
    /// `eu-central-1`; servers other than AWS mostly take `us-east-1`.
    pub region: String,
    /// Access key id.
    pub access_key: String,
    /// Secret access key.
    pub secret_key: SecretString,
    /// Whether plain `http://` is accepted. For a server on the same machine or network only.
    pub allow_http: bool,
    /// `endpoint/bucket/key` (most servers) instead of `bucket.endpoint/key` (AWS).
    pub path_style: bool,
}

#[derive(Clone)]
pub(super) struct S3 {
    bucket: Arc<AmazonS3>,
}

impl S3 {
    pub(super) fn open(settings: &S3Settings) -> Result<Self, ObjectError> {
        // No limit on a whole request, which may stream to a slow reader for an hour; only on silence.
        let client = ClientOptions::new()
            .with_timeout_disabled()
            .with_connect_timeout(Duration::from_secs(10))
            .with_read_timeout(Duration::from_secs(120));
        // Short: whoever needs more patience (a job, an upload) tries again itself, and knows that it does.
        let retry = RetryConfig {
            backoff: BackoffConfig { max_backoff: Duration::from_secs(3), ..Default::default() },
            max_retries: 4,
            retry_timeout: Duration::from_secs(30),
        };
        let mut builder = AmazonS3Builder::new()
            .with_bucket_name(&settings.bucket)
            .with_region(&settings.region)
            .with_access_key_id(&settings.access_key)
            .with_secret_access_key(settings.secret_key.expose_secret())
            .with_virtual_hosted_style_request(!settings.path_style)
            .with_client_options(client)
            .with_allow_http(settings.allow_http)
            .with_retry(retry);
        if let Some(endpoint) = &settings.endpoint {
            builder = builder.with_endpoint(endpoint);
        }
        let bucket = builder
            .build()
            .map_err(|error| ObjectError::store(format!("opening the bucket {}", settings.bucket), error))?;
        Ok(Self { bucket: Arc::new(bucket) })
    }

    pub(super) async fn put(&self, key: &str, bytes: Bytes) -> Result<(), ObjectError> {
        let put = self.bucket.put(&common::location(key), bytes.into()).await;
        put.map(|_| ()).map_err(|error| ObjectError::store(storing(key), error))
    }

    pub(super) async fn put_file(&self, key: &str, path: &Path) -> Result<u64, ObjectError> {
        let bytes = self.link_file(key, path).await?;
        tokio::fs::remove_file(path).await.map_err(|error| ObjectError::io(storing(key), error))?;
        Ok(bytes)
    }

    pub(super) async fn link_file(&self, key: &str, path: &Path) -> Result<u64, ObjectError> {
        let (bytes, pieces) = common::read_file(path, &storing(key)).await?;
        self.upload(key, bytes, pieces).await?;
        Ok(bytes)
    }

    pub(super) async fn local(&self, key: &str, work: &Path) -> Result<Option<LocalFile>, ObjectError> {
        let Some(meta) = common::head(self.store(), key).await? else { return Ok(None) };
        let pieces = common::get_range(self.store(), key, 0..meta.bytes).await?;
        LocalFile::copied(key, work, meta.bytes, pieces).await.map(Some)
    }

    pub(super) async fn join(&self, keys: &[String], key: &str) -> Result<Joined, ObjectError> {
        let mut sizes = Vec::with_capacity(keys.len());
        for piece in keys {
            let Some(meta) = common::head(self.store(), piece).await? else {
                return Err(ObjectError::NotFound { doing: format!("joining {key}: reading {piece}") });
            };
            sizes.push(meta.bytes);
        }
        let bytes = sizes.iter().sum();
        let mut sha256 = Sha256::new();
        let mut pieces = stream::iter(keys.iter().zip(sizes))
            .then(|(piece, bytes)| common::get_range(self.store(), piece, 0..bytes))
            .try_flatten()
            .inspect_ok(|piece| sha256.update(piece))
            .boxed();
        match keys {
            [piece] if bytes <= LARGEST_COPY => {
                while pieces.try_next().await?.is_some() {}
                drop(pieces);
                let copied = self.bucket.copy(&common::location(piece), &common::location(key)).await;
                copied.map_err(|error| ObjectError::store(format!("joining {key}"), error))?;
            }
            _ => self.upload(key, bytes, pieces).await?,
        }
        Ok(Joined { bytes, sha256: sha256.finish() })
    }

    pub(super) fn store(&self) -> &dyn ObjectStore {
        &*self.bucket
    }

    /// Uploads exactly `total` bytes, in one request when they are few.
    pub(super) async fn upload(
        &self,
        key: &str,
        total: u64,
        mut pieces: impl Stream<Item = Result<Bytes, ObjectError>> + Unpin,
    ) -> Result<(), ObjectError> {
        if total <= PART {
            let mut all = BytesMut::new();
            while let Some(piece) = pieces.try_next().await? {
                all.extend_from_slice(&piece);
                common::exactly(key, total, all.len() as u64, false)?;
            }
            common::exactly(key, total, all.len() as u64, true)?;
            return self.put(key, all.freeze()).await;
        }
        let failed = |error| ObjectError::store(storing(key), error);
        let part = usize::try_from(PART.max(total.div_ceil(9_000))).unwrap_or(usize::MAX);
        let upload = self.bucket.put_multipart(&common::location(key)).await.map_err(failed)?;
        let mut upload = WriteMultipart::new_with_chunk_size(upload, part);
        match send(key, total, &mut pieces, &mut upload).await {
            Ok(()) => upload.finish().await.map(|_| ()).map_err(failed),
            Err(error) => {
                if let Err(left) = upload.abort().await {
                    tracing::warn!(key, error = %left, "an upload that broke off could not be called off; its parts stay");
                }
                Err(error)
            }
        }
    }
}

async fn send(
    key: &str,
    total: u64,
    pieces: &mut (impl Stream<Item = Result<Bytes, ObjectError>> + Unpin),
    upload: &mut WriteMultipart,
) -> Result<(), ObjectError> {
    let mut sent = 0;
    while let Some(piece) = pieces.try_next().await? {
        sent += piece.len() as u64;
        common::exactly(key, total, sent, false)?;
        upload.wait_for_capacity(PARTS_AT_ONCE).await.map_err(|error| ObjectError::store(storing(key), error))?;
        upload.put(piece);
    }
    common::exactly(key, total, sent, true)
}

fn storing(key: &str) -> String {
    format!("storing {key}")
}
