//! EBML, as far as it is needed: whether a Matroska or WebM file is whole and has its index, and the blocks of a
//! Matroska stream that ffmpeg writes to us.

use super::Sniffed;
use crate::MediaError;
use std::{
    fs::File,
    io::{self, BufReader, Read, Seek, SeekFrom},
};
use tokio::io::{AsyncRead, AsyncReadExt};

const EBML: u32 = 0x1a45_dfa3;
const DOC_TYPE: u32 = 0x4282;
const SEGMENT: u32 = 0x1853_8067;
const SEEK_HEAD: u32 = 0x114d_9b74;
const CUES: u32 = 0x1c53_bb6b;
const INFO: u32 = 0x1549_a966;
const DURATION: u32 = 0x4489;
const CLUSTER: u32 = 0x1f43_b675;
const TIMESTAMP: u32 = 0xe7;
const SIMPLE_BLOCK: u32 = 0xa3;
const BLOCK_GROUP: u32 = 0xa0;
const BLOCK: u32 = 0xa1;

/// More elements than this are not walked: what matters comes before the first cluster.
const MAX_ELEMENTS: usize = 1000;

pub(super) fn look(file: &mut File, sniffed: Sniffed) -> Result<Sniffed, MediaError> {
    let mut found = Found::default();
    let mut file = BufReader::new(file);
    // Whatever cannot be read ends the walk; ffprobe judges the rest.
    drop(walk(&mut file, &mut found));
    let truncated = found.segment_end.is_some_and(|end| end > sniffed.bytes);
    Ok(Sniffed {
        truncated,
        seekable: !truncated && found.segment_end.is_some() && found.cues && found.duration,
        foreign: found.doc_type != b"webm",
        ..sniffed
    })
}

#[derive(Default)]
struct Found {
    doc_type: Vec<u8>,
    segment_end: Option<u64>,
    cues: bool,
    duration: bool,
}

fn walk(file: &mut (impl Read + Seek), found: &mut Found) -> io::Result<()> {
    file.seek(SeekFrom::Start(0))?;
    for _ in 0..MAX_ELEMENTS {
        let (id, size) = (id(file)?, size(file)?);
        let body = file.stream_position()?;
        match (id, size) {
            (EBML, _) => continue, // descend
            (SEGMENT, size) => {
                found.segment_end = size.map(|size| body.saturating_add(size));
                continue;
            }
            (INFO, Some(_)) => continue,
            (CLUSTER, _) | (_, None) => return Ok(()),
            (DOC_TYPE | SEEK_HEAD, Some(size)) => {
                let mut bytes = Vec::new();
                file.take(size.min(4096)).read_to_end(&mut bytes)?;
                if id == DOC_TYPE {
                    bytes.retain(|b| *b != 0);
                    found.doc_type = bytes;
                } else {
                    found.cues |= bytes.windows(4).any(|w| w == CUES.to_be_bytes());
                }
            }
            (CUES, _) => found.cues = true,
            (DURATION, _) => found.duration = true,
            _ => {}
        }
        file.seek(SeekFrom::Start(body.saturating_add(size.unwrap_or(0)).min(i64::MAX as u64)))?;
    }
    Ok(())
}

fn byte(file: &mut impl Read) -> io::Result<u8> {
    let mut byte = [0];
    file.read_exact(&mut byte)?;
    Ok(byte[0])
}

fn id(file: &mut impl Read) -> io::Result<u32> {
    let first = byte(file)?;
    let more = first.leading_zeros();
    if more > 3 {
        return Err(io::ErrorKind::InvalidData.into());
    }
    (0..more).try_fold(u32::from(first), |id, _| Ok(id << 8 | u32::from(byte(file)?)))
}

/// `None`: unknown, as live writers leave it.
fn size(file: &mut impl Read) -> io::Result<Option<u64>> {
    let first = byte(file)?;
    let more = first.leading_zeros();
    if more > 7 {
        return Err(io::ErrorKind::InvalidData.into());
    }
    let mask = (0x7f_u16 >> more) as u8;
    let value =
        (0..more).try_fold(u64::from(first & mask), |size, _| io::Result::Ok(size << 8 | u64::from(byte(file)?)))?;
    Ok((value != (1 << (7 * (more + 1))) - 1).then_some(value))
}

/// Reads the blocks of a one-track Matroska stream as ffmpeg's muxer writes it, whose time unit is the millisecond.
pub(crate) struct BlockReader<R> {
    input: R,
    cluster: i64,
}

impl<R: AsyncRead + Unpin> BlockReader<R> {
    /// A reader at the stream's first byte.
    pub fn new(input: R) -> Self {
        Self { input, cluster: 0 }
    }

    /// The next block's time in seconds; its payload replaces what is in `payload`. `None` at the end.
    pub async fn next(&mut self, payload: &mut Vec<u8>, limit: u64) -> io::Result<Option<f64>> {
        loop {
            let Some(id) = self.number(true).await? else { return Ok(None) };
            let Some(size) = self.number(false).await? else { return Ok(None) };
            match id as u32 {
                SEGMENT | CLUSTER | BLOCK_GROUP => {}
                TIMESTAMP if size <= 8 => {
                    let mut value = 0;
                    for _ in 0..size {
                        value = value << 8 | i64::from(self.input.read_u8().await?);
                    }
                    self.cluster = value;
                }
                SIMPLE_BLOCK | BLOCK if (4..=limit + 4).contains(&size) => {
                    self.input.read_u8().await?; // track number below 128
                    let offset = self.input.read_i16().await?;
                    self.input.read_u8().await?;
                    payload.resize(size as usize - 4, 0);
                    self.input.read_exact(payload).await?;
                    return Ok(Some((self.cluster + i64::from(offset)) as f64 / 1000.0));
                }
                SIMPLE_BLOCK | BLOCK | TIMESTAMP => return Err(io::ErrorKind::InvalidData.into()),
                _ => {
                    tokio::io::copy(&mut (&mut self.input).take(size), &mut tokio::io::sink()).await?;
                }
            }
        }
    }

    /// An element's id (with its marker) or its size (without); `None` at the end of the stream.
    async fn number(&mut self, marker: bool) -> io::Result<Option<u64>> {
        let first = match self.input.read_u8().await {
            Err(e) if e.kind() == io::ErrorKind::UnexpectedEof => return Ok(None),
            first => first?,
        };
        let more = first.leading_zeros();
        let mask = if marker { 0xff } else { (0x7f_u16 >> more) as u8 };
        let mut value = u64::from(first & mask);
        for _ in 0..more {
            value = value << 8 | u64::from(self.input.read_u8().await?);
        }
        Ok(Some(value))
    }
}
