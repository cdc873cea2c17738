//! Sealing bytes that come in pieces, and opening a range of them. No I/O.

use super::cipher::{Cipher, HEADER, Header, Refused, SEALED_SEGMENT, SEGMENT, TAG, segments};
use std::ops::Range;

/// Seals what is pushed, in order.
pub(crate) struct Sealer {
    cipher: Cipher,
    position: u32,
    /// Begins an object: not given out yet.
    header: Option<Header>,
    /// Bytes that may be the last.
    held: Vec<u8>,
}

impl Sealer {
    pub(crate) fn new(header: Header, cipher: Cipher) -> Self {
        Self { cipher, position: 0, header: Some(header), held: Vec::new() }
    }

    /// What can be stored now.
    pub(crate) fn push(&mut self, mut bytes: &[u8]) -> Result<Vec<u8>, Refused> {
        let mut out = Vec::with_capacity(HEADER + bytes.len() + (bytes.len() / SEGMENT + 2) * TAG);
        self.begin(&mut out);
        while !bytes.is_empty() {
            if self.held.len() == SEGMENT {
                self.seal(false, &mut out)?;
            }
            let (now, rest) = bytes.split_at(bytes.len().min(SEGMENT - self.held.len()));
            self.held.extend_from_slice(now);
            bytes = rest;
        }
        Ok(out)
    }

    /// The rest.
    pub(crate) fn finish(mut self) -> Result<Vec<u8>, Refused> {
        let mut out = Vec::with_capacity(HEADER + self.held.len() + TAG);
        self.begin(&mut out);
        self.seal(true, &mut out)?;
        Ok(out)
    }

    fn begin(&mut self, out: &mut Vec<u8>) {
        if let Some(header) = self.header.take() {
            out.extend_from_slice(header.bytes());
        }
    }

    fn seal(&mut self, last: bool, out: &mut Vec<u8>) -> Result<(), Refused> {
        self.cipher.seal(self.position, last, &mut self.held)?;
        out.append(&mut self.held);
        self.position = self.position.checked_add(1).ok_or(Refused)?;
        Ok(())
    }
}

/// Opens a range of an encrypted object.
pub(crate) struct Opener {
    cipher: Cipher,
    /// Bytes of the object, opened.
    plain: u64,
    /// What is still wanted, in bytes of the opened object.
    wanted: Range<u64>,
    /// Segment that comes next.
    next: u64,
    held: Vec<u8>,
}

impl Opener {
    /// For `wanted`, which is not empty, of an object of `plain` bytes.
    pub(crate) fn new(cipher: Cipher, plain: u64, wanted: Range<u64>) -> Self {
        Self { cipher, plain, next: wanted.start / SEGMENT as u64, wanted, held: Vec::new() }
    }

    /// The bytes of the encrypted object that must be pushed, in order.
    pub(crate) fn needs(&self) -> Range<u64> {
        let after = (self.wanted.end.max(1) - 1) / SEGMENT as u64 + 1;
        let at = |segment| HEADER as u64 + segment * SEALED_SEGMENT as u64;
        at(self.next)..at(after).min(super::cipher::sealed_bytes(self.plain))
    }

    /// What can be read now.
    pub(crate) fn push(&mut self, mut bytes: &[u8]) -> Result<Vec<u8>, Refused> {
        let mut out = Vec::with_capacity(bytes.len() + self.held.len());
        while !bytes.is_empty() {
            let whole = self.sealed_length().ok_or(Refused)?;
            let (now, rest) = bytes.split_at(bytes.len().min(whole - self.held.len()));
            self.held.extend_from_slice(now);
            bytes = rest;
            if self.held.len() == whole {
                self.open(&mut out)?;
            }
        }
        Ok(out)
    }

    /// Whether all that was wanted has been given.
    pub(crate) fn is_done(&self) -> bool {
        self.held.is_empty() && self.wanted.is_empty()
    }

    /// Bytes that the next segment has as it is stored; `None` behind the last.
    fn sealed_length(&self) -> Option<usize> {
        let left = self.plain.checked_sub(self.next * SEGMENT as u64)?;
        (self.next < segments(self.plain)).then(|| left.min(SEGMENT as u64) as usize + TAG)
    }

    fn open(&mut self, out: &mut Vec<u8>) -> Result<(), Refused> {
        let position = u32::try_from(self.next).map_err(|_| Refused)?;
        let last = self.next + 1 == segments(self.plain);
        self.cipher.open(position, last, &mut self.held)?;
        let begins = self.next * SEGMENT as u64;
        let from = self.wanted.start.saturating_sub(begins) as usize;
        let to = (self.wanted.end - begins).min(self.held.len() as u64) as usize;
        out.extend_from_slice(&self.held[from.min(to)..to]);
        self.wanted.start = (begins + to as u64).max(self.wanted.start);
        self.held.clear();
        self.next += 1;
        Ok(())
    }
}
