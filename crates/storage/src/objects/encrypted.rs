//! A store whose objects are encrypted by the operator's keys. What is written is bound to its name, so a copy is sealed anew.

use super::{ByteStream, Joined, LocalFile, ObjectError, ObjectMeta, Sha256, common, raw::Raw};
use crate::encryption::{
    Keys,
    cipher::{self, Cipher, HEADER, Header},
    segments::{Opener, Sealer},
};
use bytes::Bytes;
use futures::{StreamExt, TryStreamExt, stream};
use std::{ops::Range, path::Path};

/// How often a range is read anew when the object is replaced just then.
const ATTEMPTS: u32 = 5;
/// Objects that are looked into at the same time when many are listed.
const AT_ONCE: usize = 16;

#[derive(Clone)]
pub(super) struct Encrypted {
    pub(super) raw: Raw,
    pub(super) keys: Keys,
    /// Whether objects from before encryption are read.
    pub(super) plain: bool,
}

/// What an object's first bytes tell.
enum Kind {
    /// With its size as it was before.
    Encrypted(Header, u64),
    Plain(u64),
}

impl Encrypted {
    pub(super) async fn put(&self, key: &str, bytes: Bytes) -> Result<(), ObjectError> {
        self.raw.put(key, self.seal(key, &bytes)?).await
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

    pub(super) async fn get(&self, key: &str) -> Result<Option<Bytes>, ObjectError> {
        let Some(stored) = self.raw.get(key).await? else { return Ok(None) };
        open(&self.keys, self.plain, key, stored).map(Some)
    }

    pub(super) async fn get_range(&self, key: &str, range: Range<u64>) -> Result<ByteStream, ObjectError> {
        for _ in 0..ATTEMPTS {
            let Some((kind, etag)) = self.look(key).await? else {
                return Err(ObjectError::NotFound { doing: reading(key) });
            };
            if let Some(read) = self.read(key, kind, range.clone(), etag).await? {
                return Ok(read);
            }
        }
        Err(ObjectError::other(reading(key), "it was replaced again and again"))
    }

    pub(super) async fn head(&self, key: &str) -> Result<Option<ObjectMeta>, ObjectError> {
        let Some((kind, etag)) = self.look(key).await? else { return Ok(None) };
        let (Kind::Encrypted(_, bytes) | Kind::Plain(bytes)) = kind;
        Ok(Some(ObjectMeta { bytes, etag }))
    }

    pub(super) async fn local(&self, key: &str, work: &Path) -> Result<Option<LocalFile>, ObjectError> {
        let Some(meta) = self.head(key).await? else { return Ok(None) };
        let pieces = self.get_range(key, 0..meta.bytes).await?;
        LocalFile::copied(key, work, meta.bytes, pieces).await.map(Some)
    }

    pub(super) async fn join(&self, keys: &[String], key: &str) -> Result<Joined, ObjectError> {
        let mut sizes = Vec::with_capacity(keys.len());
        for piece in keys {
            let Some(meta) = self.head(piece).await? else {
                return Err(ObjectError::NotFound { doing: format!("joining {key}: reading {piece}") });
            };
            sizes.push(meta.bytes);
        }
        let bytes = sizes.iter().sum();
        let (store, pieces) = (self.clone(), keys.to_vec());
        let hashed = std::sync::Arc::new(std::sync::Mutex::new(Some(Sha256::new())));
        let hashing = hashed.clone();
        let pieces = stream::iter(pieces.into_iter().zip(sizes))
            .then(move |(piece, bytes)| {
                let store = store.clone();
                async move { store.get_range(&piece, 0..bytes).await }
            })
            .try_flatten()
            .inspect_ok(move |piece| {
                if let Ok(mut sha256) = hashing.lock()
                    && let Some(sha256) = sha256.as_mut()
                {
                    sha256.update(piece);
                }
            });
        self.upload(key, bytes, pieces.boxed()).await?;
        let sha256 = hashed.lock().ok().and_then(|mut sha256| sha256.take());
        let sha256 = sha256.ok_or_else(|| ObjectError::other(format!("joining {key}"), "its hash is lost"))?;
        Ok(Joined { bytes, sha256: sha256.finish() })
    }

    pub(super) async fn delete(&self, key: &str) -> Result<(), ObjectError> {
        self.raw.delete(key).await
    }

    pub(super) async fn delete_prefix(&self, prefix: &str) -> Result<u64, ObjectError> {
        self.raw.delete_prefix(prefix).await
    }

    pub(super) async fn list(&self, prefix: &str) -> Result<Vec<(String, ObjectMeta)>, ObjectError> {
        let mut found = self.raw.list(prefix).await?;
        found.retain(|(key, _)| key != super::SENTINEL);
        if !self.plain {
            // All are encrypted, so their sizes tell.
            for (_, meta) in &mut found {
                meta.bytes = cipher::plain_bytes(meta.bytes).unwrap_or(meta.bytes);
            }
            return Ok(found);
        }
        let looked = stream::iter(found).map(async |(key, _)| Ok((self.head(&key).await?, key)));
        let looked = looked.buffered(AT_ONCE);
        // What went meanwhile is left out.
        looked.try_filter_map(async |(meta, key)| Ok(meta.map(|meta| (key, meta)))).try_collect().await
    }

    /// Writes exactly `bytes` as they come.
    pub(super) async fn upload(&self, key: &str, bytes: u64, pieces: ByteStream) -> Result<(), ObjectError> {
        let sealer = self.sealer(key)?;
        let failed = {
            let key = key.to_owned();
            move || ObjectError::other(storing(&key), "it cannot be encrypted")
        };
        let sealed = stream::try_unfold(Some((pieces, sealer)), move |state| {
            let failed = failed.clone();
            async move {
                let Some((mut pieces, mut sealer)) = state else { return Ok(None) };
                match pieces.try_next().await? {
                    Some(piece) => {
                        let sealed = sealer.push(&piece).map_err(|_| failed())?;
                        Ok(Some((Bytes::from(sealed), Some((pieces, sealer)))))
                    }
                    None => Ok(Some((sealer.finish().map_err(|_| failed())?.into(), None))),
                }
            }
        });
        self.raw.upload(key, cipher::sealed_bytes(bytes), sealed.boxed()).await
    }

    /// Which key encrypts the object, and its tag; `None` when it is not there. The key is `None` for one that is not
    /// encrypted.
    pub(super) async fn key_of(&self, key: &str) -> Result<Option<Option<crate::encryption::KeyId>>, ObjectError> {
        let beginning = common::beginning(self.raw.store(), key, HEADER as u64).await?;
        Ok(beginning.map(|(bytes, _)| Header::read(&bytes).map(|header| header.key())))
    }

    /// The same object decrypted, whether or not those from before encryption are read.
    pub(super) fn reading_plain(&self) -> Self {
        Self { plain: true, ..self.clone() }
    }

    /// What the object is by its first bytes, and its tag.
    async fn look(&self, key: &str) -> Result<Option<(Kind, Option<String>)>, ObjectError> {
        let Some((bytes, meta)) = common::beginning(self.raw.store(), key, HEADER as u64).await? else {
            return Ok(None);
        };
        let kind = match Header::read(&bytes) {
            Some(header) => {
                let plain = cipher::plain_bytes(meta.bytes).ok_or_else(|| damaged(key, "it is cut off"))?;
                Kind::Encrypted(header, plain)
            }
            None if self.plain => Kind::Plain(meta.bytes),
            None => return Err(ObjectError::NotEncrypted { doing: reading(key) }),
        };
        Ok(Some((kind, meta.etag)))
    }

    /// `None` when the object was replaced.
    async fn read(
        &self,
        key: &str,
        kind: Kind,
        range: Range<u64>,
        etag: Option<String>,
    ) -> Result<Option<ByteStream>, ObjectError> {
        if range.is_empty() {
            return Ok(Some(stream::empty().boxed()));
        }
        let (header, bytes) = match kind {
            Kind::Plain(_) => return common::get_range_of(self.raw.store(), key, range, etag).await,
            Kind::Encrypted(header, bytes) => (header, bytes),
        };
        if range.start >= bytes {
            let cause = format!("it has {bytes} bytes, and those from {} are wanted", range.start);
            return Err(ObjectError::other(reading(key), cause));
        }
        let opener = Opener::new(self.cipher(key, &header)?, bytes, range.start..range.end.min(bytes));
        let Some(sealed) = common::get_range_of(self.raw.store(), key, opener.needs(), etag).await? else {
            return Ok(None);
        };
        let key = key.to_owned();
        let opened = stream::try_unfold((sealed, opener), move |(mut sealed, mut opener)| {
            let key = key.clone();
            async move {
                match sealed.try_next().await? {
                    Some(piece) => {
                        let opened = opener.push(&piece).map_err(|_| damaged(&key, "a part of it is not as it was"))?;
                        Ok(Some((Bytes::from(opened), (sealed, opener))))
                    }
                    None if opener.is_done() => Ok(None),
                    None => Err(damaged(&key, "it is cut off")),
                }
            }
        });
        // Until a segment is whole, nothing comes of it.
        Ok(Some(opened.try_filter(|piece| std::future::ready(!piece.is_empty())).boxed()))
    }

    fn seal(&self, key: &str, bytes: &[u8]) -> Result<Bytes, ObjectError> {
        let mut sealer = self.sealer(key)?;
        let sealed = sealer.push(bytes).and_then(|mut sealed| {
            sealed.append(&mut sealer.finish()?);
            Ok(sealed)
        });
        sealed.map(Bytes::from).map_err(|_| ObjectError::other(storing(key), "it cannot be encrypted"))
    }

    fn sealer(&self, key: &str) -> Result<Sealer, ObjectError> {
        let header = Header::fresh(&self.keys);
        let cipher = self.cipher(key, &header)?;
        Ok(Sealer::new(header, cipher))
    }

    fn cipher(&self, key: &str, header: &Header) -> Result<Cipher, ObjectError> {
        cipher_of(&self.keys, key, header)
    }
}

/// A whole object as it is stored, decrypted. `plain` lets one pass that is not encrypted.
pub(super) fn open(keys: &Keys, plain: bool, key: &str, stored: Bytes) -> Result<Bytes, ObjectError> {
    let Some(header) = Header::read(&stored) else {
        return if plain { Ok(stored) } else { Err(ObjectError::NotEncrypted { doing: reading(key) }) };
    };
    let bytes = cipher::plain_bytes(stored.len() as u64).ok_or_else(|| damaged(key, "it is cut off"))?;
    let mut opener = Opener::new(cipher_of(keys, key, &header)?, bytes, 0..bytes);
    let opened = opener.push(&stored[HEADER..]).map_err(|_| damaged(key, "a part of it is not as it was"))?;
    Ok(opened.into())
}

fn cipher_of(keys: &Keys, key: &str, header: &Header) -> Result<Cipher, ObjectError> {
    header
        .cipher(keys, key)
        .map_err(|cause| ObjectError::Undecipherable { doing: reading(key), cause: cause.to_string() })
}

fn damaged(key: &str, why: &str) -> ObjectError {
    ObjectError::Undecipherable {
        doing: reading(key),
        cause: format!("{why}: it is damaged, or was changed, or belongs to another name; restore it from your backup"),
    }
}

fn reading(key: &str) -> String {
    format!("reading {key}")
}

fn storing(key: &str) -> String {
    format!("storing {key}")
}
