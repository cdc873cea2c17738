//! The header of an encrypted object, and the cipher of its segments.

use super::keys::{KeyError, KeyId, Keys};
use aead_stream::{
    NewStream, StreamBE32, StreamPrimitive,
    aead::{
        self, AeadCore, AeadInOut, Nonce, Tag, TagPosition,
        consts::{U12, U16},
        inout::InOutBuf,
    },
};
use aws_lc_rs::aead::{AES_256_GCM, Aad, LessSafeKey, Nonce as AwsNonce, UnboundKey};

/// Bytes of the header.
pub(crate) const HEADER: usize = 48;
/// Bytes of what is sealed at once.
pub(crate) const SEGMENT: usize = 64 * 1024;
/// Bytes that a segment grows by.
pub(crate) const TAG: usize = 16;
/// A segment as it is stored, save the last.
pub(crate) const SEALED_SEGMENT: usize = SEGMENT + TAG;

const MAGIC: &[u8; 8] = b"TrainAR\x01";

/// What an encrypted object begins with.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Header([u8; HEADER]);

impl Header {
    /// A header for the key that encrypts now, with a salt that no other has.
    pub(crate) fn fresh(keys: &Keys) -> Self {
        let mut header = [0; HEADER];
        header[..8].copy_from_slice(MAGIC);
        header[8..16].copy_from_slice(&keys.current().0);
        aws_lc_rs::rand::fill(&mut header[16..]).unwrap_or_else(|_| unreachable!("no random bytes"));
        Self(header)
    }

    /// The header of an object by its first bytes; `None` when it is not encrypted.
    pub(crate) fn read(beginning: &[u8]) -> Option<Self> {
        let header: [u8; HEADER] = beginning.get(..HEADER)?.try_into().ok()?;
        header.starts_with(MAGIC).then_some(Self(header))
    }

    /// Id of the key that it was encrypted by.
    pub(crate) fn key(&self) -> KeyId {
        let mut id = [0; 8];
        id.copy_from_slice(&self.0[8..16]);
        KeyId(id)
    }

    pub(crate) fn bytes(&self) -> &[u8] {
        &self.0
    }

    /// The cipher of the object of that name.
    pub(crate) fn cipher(&self, keys: &Keys, name: &str) -> Result<Cipher, KeyError> {
        let mut derived = [0; 32 + 7];
        keys.derive(self.key(), &[b"object\0", &self.0, name.as_bytes()], &mut derived)?;
        let (key, nonce) = derived.split_at(32);
        let key = UnboundKey::new(&AES_256_GCM, key).map_err(|_| KeyError::Damaged)?;
        let nonce = nonce.try_into().map_err(|_| KeyError::Damaged)?;
        Ok(Cipher(StreamBE32::from_aead(Aes(LessSafeKey::new(key)), &nonce)))
    }
}

/// Seals and opens the segments of one object.
pub(crate) struct Cipher(StreamBE32<Aes>);

/// A segment that can't be sealed or opened.
#[derive(Debug)]
pub(crate) struct Refused;

impl Cipher {
    /// Seals the segment in place, which grows by [`TAG`].
    pub(crate) fn seal(&self, position: u32, last: bool, segment: &mut Vec<u8>) -> Result<(), Refused> {
        self.0.encrypt_in_place(position, last, &[], segment).map_err(|_| Refused)
    }

    /// Opens it in place.
    pub(crate) fn open(&self, position: u32, last: bool, segment: &mut Vec<u8>) -> Result<(), Refused> {
        self.0.decrypt_in_place(position, last, &[], segment).map_err(|_| Refused)
    }
}

/// Bytes of an object of `plain` bytes once it is encrypted.
pub(crate) fn sealed_bytes(plain: u64) -> u64 {
    HEADER as u64 + plain + TAG as u64 * segments(plain)
}

/// Bytes of an encrypted object before; `None` when no object has that many.
pub(crate) fn plain_bytes(sealed: u64) -> Option<u64> {
    let body = sealed.checked_sub(HEADER as u64)?;
    let plain = body.checked_sub(TAG as u64 * body.div_ceil(SEALED_SEGMENT as u64).max(1))?;
    (sealed_bytes(plain) == sealed).then_some(plain)
}

/// Segments of an object of `plain` bytes: an empty one has an empty segment.
pub(crate) fn segments(plain: u64) -> u64 {
    plain.div_ceil(SEGMENT as u64).max(1)
}

/// AES-256-GCM of the library that TLS uses here too, behind the face that [`aead_stream`] takes.
struct Aes(LessSafeKey);

impl AeadCore for Aes {
    type NonceSize = U12;
    type TagSize = U16;
    const TAG_POSITION: TagPosition = TagPosition::Postfix;
}

impl AeadInOut for Aes {
    fn encrypt_inout_detached(
        &self,
        nonce: &Nonce<Self>,
        data: &[u8],
        buffer: InOutBuf<'_, '_, u8>,
    ) -> aead::Result<Tag<Self>> {
        let nonce = AwsNonce::assume_unique_for_key((*nonce).into());
        let tag = self.0.seal_in_place_separate_tag(nonce, Aad::from(data), buffer.into_out_with_copied_in());
        tag.map_err(|_| aead::Error).and_then(|tag| tag.as_ref().try_into().map_err(|_| aead::Error))
    }

    fn decrypt_inout_detached(
        &self,
        nonce: &Nonce<Self>,
        data: &[u8],
        buffer: InOutBuf<'_, '_, u8>,
        tag: &Tag<Self>,
    ) -> aead::Result<()> {
        let nonce = AwsNonce::assume_unique_for_key((*nonce).into());
        let opened = self.0.open_in_place_separate_tag(nonce, Aad::from(data), tag, buffer.into_out_with_copied_in());
        opened.map(|_| ()).map_err(|_| aead::Error)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sizes_go_there_and_back_and_no_other_size_passes() {
        let segment = SEGMENT as u64;
        let sizes = [0, 1, segment - 1, segment, segment + 1, 2 * segment, 7 * segment + 9, 1 << 40];
        for plain in sizes {
            assert_eq!(plain_bytes(sealed_bytes(plain)), Some(plain));
        }
        for sealed in [0, 47, 48, 63, 48 + 65_536 + 16 + 1, 48 + 65_536 + 16 + 16] {
            assert_eq!(plain_bytes(sealed), None, "{sealed}");
        }
        assert_eq!((sealed_bytes(0), sealed_bytes(segment), sealed_bytes(segment + 1)), (64, 65_600, 65_617));
    }
}
