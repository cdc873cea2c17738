//! What kind of file it is, by its own bytes, and the arguments with which it is opened: that demuxer and no other, no
//! protocol but files. A playlist, a script or a subtitle that names another file is never opened, whatever its name.

mod ebml;
mod isobmff;

pub(crate) use ebml::BlockReader;

use crate::MediaError;
use std::{ffi::OsString, fs::File, io::Read, path::Path};

/// What the first look found.
#[derive(Clone, Debug)]
pub(crate) struct Sniffed {
    pub kind: Kind,
    pub bytes: u64,
    /// The file ends before it should.
    pub truncated: bool,
    /// The index comes first and is whole, so that a browser can seek at once.
    pub seekable: bool,
    /// A `.mov` rather than an `.mp4`, or Matroska rather than WebM.
    pub foreign: bool,
}

/// The containers that are taken, each by one demuxer that opens no other file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    Mov,
    Matroska,
    MpegTs,
    Avi,
    Mp3,
    Wav,
    Flac,
    Ogg,
}

impl Kind {
    pub fn demuxer(self) -> &'static str {
        match self {
            Self::Mov => "mov",
            Self::Matroska => "matroska",
            Self::MpegTs => "mpegts",
            Self::Avi => "avi",
            Self::Mp3 => "mp3",
            Self::Wav => "wav",
            Self::Flac => "flac",
            Self::Ogg => "ogg",
        }
    }
}

/// Looks at `path` itself.
pub(crate) async fn sniff(path: &Path) -> Result<Sniffed, MediaError> {
    let path = path.to_owned();
    let failed = |e| MediaError::Io { doing: "looking at the file".into(), source: std::io::Error::other(e) };
    tokio::task::spawn_blocking(move || look(&path)).await.map_err(failed)?
}

/// The arguments that open `path` for reading, up to and with `-i`.
pub(crate) fn open_args(path: &Path, kind: Kind) -> Result<Vec<OsString>, MediaError> {
    let demuxer = kind.demuxer();
    let mut args: Vec<OsString> = ["-protocol_whitelist", "file", "-format_whitelist", demuxer, "-max_streams", "64"]
        .into_iter()
        .map(Into::into)
        .collect();
    args.extend(["-probesize", "20M", "-analyzeduration", "10M"].map(OsString::from));
    if kind == Kind::Mov {
        args.extend(["-enable_drefs", "0"].map(OsString::from));
    }
    args.extend([OsString::from("-f"), demuxer.into(), "-i".into(), file_url(path)?]);
    Ok(args)
}

/// `file:` and the absolute path: no name is then taken for an option, a protocol or a pattern.
pub(crate) fn file_url(path: &Path) -> Result<OsString, MediaError> {
    let absolute = std::path::absolute(path).map_err(|e| MediaError::io("finding", path, e))?;
    let mut url = OsString::from("file:");
    url.push(absolute);
    Ok(url)
}

fn look(path: &Path) -> Result<Sniffed, MediaError> {
    let failed = |e| MediaError::io("opening", path, e);
    let mut file = File::open(path).map_err(failed)?;
    let metadata = file.metadata().map_err(failed)?;
    if !metadata.is_file() {
        return Err(MediaError::not_media("it is not a file"));
    }
    let bytes = metadata.len();
    if bytes == 0 {
        return Err(MediaError::not_media("it is empty"));
    }
    let mut head = Vec::new();
    file.by_ref().take(1024).read_to_end(&mut head).map_err(failed)?;
    let kind = kind_of(&head).ok_or_else(|| MediaError::not_media(unknown(&head)))?;
    let sniffed = Sniffed { kind, bytes, truncated: false, seekable: true, foreign: false };
    match kind {
        Kind::Mov => isobmff::look(&mut file, sniffed),
        Kind::Matroska => ebml::look(&mut file, sniffed),
        _ => Ok(sniffed),
    }
}

fn kind_of(head: &[u8]) -> Option<Kind> {
    let at = |offset: usize, bytes: &[u8]| head.get(offset..offset + bytes.len()) == Some(bytes);
    let boxes: [&[u8]; 9] = [b"ftyp", b"moov", b"mdat", b"free", b"skip", b"wide", b"pnot", b"styp", b"moof"];
    Some(match () {
        () if boxes.iter().any(|name| at(4, name)) => Kind::Mov,
        () if at(0, &[0x1a, 0x45, 0xdf, 0xa3]) => Kind::Matroska,
        () if at(0, b"RIFF") && at(8, b"AVI ") => Kind::Avi,
        () if at(0, b"RIFF") && at(8, b"WAVE") => Kind::Wav,
        () if at(0, b"fLaC") => Kind::Flac,
        () if at(0, b"OggS") => Kind::Ogg,
        () if at(0, b"ID3") => Kind::Mp3,
        () if at(0, b"G") && at(188, b"G") && at(376, b"G") => Kind::MpegTs,
        () if head.len() > 2 && head[0] == 0xff && head[1] & 0xe6 == 0xe2 && head[2] & 0xf0 != 0xf0 => Kind::Mp3,
        () => return None,
    })
}

fn unknown(head: &[u8]) -> String {
    let text = head.iter().all(|b| b.is_ascii_graphic() || b.is_ascii_whitespace() || *b >= 0x80);
    let what = if text { "it is text" } else { "its content is of no known kind" };
    format!("{what}; MP4, MOV, WebM, MKV, MPEG-TS, AVI, MP3, WAV, FLAC and Ogg are taken")
}
