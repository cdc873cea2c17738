//! The boxes at the top of an MP4 or MOV file: whether the index is there, comes first, and all bytes arrived.

use super::Sniffed;
use crate::MediaError;
use std::{
    fs::File,
    io::{Read, Seek, SeekFrom},
};

/// More boxes than this at the top are only walked this far: an 8 hour fragmented file has some 30,000.
const MAX_BOXES: usize = 200_000;

pub(super) fn look(file: &mut File, sniffed: Sniffed) -> Result<Sniffed, MediaError> {
    let (mut at, mut moov, mut mdat, mut moof, mut quicktime, mut truncated) = (0, None, None, false, false, false);
    for _ in 0..MAX_BOXES {
        if at >= sniffed.bytes {
            break;
        }
        let Some((name, size, body)) = read_box(file, at) else {
            truncated = true;
            break;
        };
        let end = if size == 0 { sniffed.bytes } else { at.saturating_add(size) };
        if size != 0 && size < body {
            break; // not a box: rubbish after the last one
        }
        match &name {
            b"ftyp" => quicktime = brand(file) == Some(*b"qt  "),
            b"moov" => moov = Some((at, end <= sniffed.bytes)),
            b"mdat" => mdat = mdat.or(Some(at)),
            b"moof" => moof = true,
            name if !name.iter().all(|b| b.is_ascii_graphic() || *b == b' ' || *b == 0xa9) => break,
            _ => {}
        }
        truncated |= end > sniffed.bytes;
        at = end;
    }
    match moov {
        None if moof => Err(MediaError::not_media("its beginning is missing, only later fragments are there")),
        None => Err(MediaError::not_media(
            "it was cut off before its index (moov) was written, so nothing in it can be found",
        )),
        Some((_, false)) => Err(MediaError::not_media("it was cut off in the middle of its index (moov)")),
        Some((index, true)) => Ok(Sniffed {
            truncated,
            seekable: !truncated && !moof && mdat.is_some_and(|data| index < data),
            foreign: quicktime,
            ..sniffed
        }),
    }
}

/// Name, size (0: to the end) and length of the header of the box at `at`.
fn read_box(file: &mut File, at: u64) -> Option<([u8; 4], u64, u64)> {
    file.seek(SeekFrom::Start(at)).ok()?;
    let mut head = [0; 8];
    file.read_exact(&mut head).ok()?;
    let [a, b, c, d, name @ ..] = head;
    match u32::from_be_bytes([a, b, c, d]) {
        1 => {
            let mut large = [0; 8];
            file.read_exact(&mut large).ok()?;
            Some((name, u64::from_be_bytes(large).max(1), 16))
        }
        size => Some((name, size.into(), 8)),
    }
}

/// The major brand; the file stands just behind the header of `ftyp`.
fn brand(file: &mut File) -> Option<[u8; 4]> {
    let mut brand = [0; 4];
    file.read_exact(&mut brand).ok()?;
    Some(brand)
}
