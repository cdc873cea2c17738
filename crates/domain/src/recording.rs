//! Recording: the bytes of a session and what is known of them.

use crate::{SessionId, Span, TenantId};
use serde::{Deserialize, Serialize};
use strum::{Display, EnumString, IntoStaticStr, VariantArray};

/// What a media file turned out to be, whatever its name or header claims.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct MediaInfo {
    /// The demuxer's name: `mov,mp4,m4a,3gp,3g2,mj2` or `matroska,webm`.
    pub container: String,
    /// Length in seconds as the packets show it, not as the header claims.
    pub duration_seconds: f64,
    /// The file's size in bytes.
    pub bytes: u64,
    /// The picture, if there is one.
    pub video: Option<VideoInfo>,
    /// The sound, if there is one.
    pub audio: Option<AudioInfo>,
    /// Index of the first embedded text caption stream, if there is one.
    pub captions_stream: Option<usize>,
    /// Something about the file that its owner should know, such as "cut off after 12 s".
    pub warnings: Vec<String>,
    /// Stretches of the session in which nothing was recorded, in order.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub gaps: Vec<Gap>,
}

/// A stretch of a recording that holds nothing.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct Gap {
    /// Where, in seconds from the start of the recording. What is missing before its start or behind its end has no width.
    pub span: Span,
    /// Why.
    pub kind: GapKind,
    /// Its true length in seconds where that is not the span's.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub seconds: Option<f64>,
}

impl Gap {
    /// Its true length in seconds; `None` where nobody knows.
    pub fn length(&self) -> Option<f64> {
        self.seconds.or(Some(self.span.duration()).filter(|_| !self.is_at_edge()))
    }

    /// Whether it lies before the start of the recording or behind its end.
    pub fn is_at_edge(&self) -> bool {
        self.span.duration() <= 0.0
    }
}

/// Why nothing was recorded.
#[derive(
    Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize, Display, EnumString, IntoStaticStr, VariantArray,
)]
#[serde(rename_all = "snake_case")]
#[strum(serialize_all = "snake_case")]
pub enum GapKind {
    /// The engineer paused the session.
    Paused,
    /// The engineer had it deleted.
    Deleted,
    /// The recorder had to begin again, or a part never arrived.
    Missing,
}

impl GapKind {
    /// What the player says of it.
    pub fn label(self) -> &'static str {
        match self {
            Self::Paused => "Paused",
            Self::Deleted => "Deleted by the engineer",
            Self::Missing => "Not recorded",
        }
    }
}

/// The picture of a media file.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct VideoInfo {
    /// Stream index in the file.
    pub stream: usize,
    /// ffmpeg's codec name: `h264`, `vp8`, `vp9`, `av1`, `hevc`.
    pub codec: String,
    /// Pixels, as shown (after rotation).
    pub width: u32,
    /// Pixels, as shown (after rotation).
    pub height: u32,
    /// Degrees clockwise that a player turns the picture: 0, 90, 180, 270.
    pub rotation: u32,
    /// Pixel format, such as `yuv420p`.
    pub pixel_format: String,
}

/// The sound of a media file.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct AudioInfo {
    /// Stream index in the file.
    pub stream: usize,
    /// ffmpeg's codec name: `aac`, `opus`, `vorbis`, `mp3`.
    pub codec: String,
    /// Samples per second.
    pub sample_rate: u32,
    /// Number of channels.
    pub channels: u32,
}

/// Where a part stands in the recording of its session.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Place {
    /// Number of the part, from 1, over the whole session.
    pub part: u32,
    /// Number of its run, from 1: the parts of one run, put one after another, are one stream.
    pub run: u32,
    /// Where it begins on the session's clock, in milliseconds.
    pub start_ms: u64,
    /// Its length in milliseconds, 0 for a part that is only a header; `None` for a recording that comes in one piece.
    pub duration_ms: Option<u64>,
}

impl Place {
    /// The place of a recording that comes in one piece.
    pub const WHOLE: Self = Self { part: 1, run: 1, start_ms: 0, duration_ms: None };

    /// Whether it holds anything of the stretch from `from_ms` to `to_ms`.
    pub fn touches(&self, from_ms: u64, to_ms: u64) -> bool {
        let length = self.duration_ms.unwrap_or(0);
        length > 0 && self.start_ms < to_ms && self.start_ms.saturating_add(length) > from_ms
    }
}

/// Where the objects of a session stand. Every key is fixed, so that writing twice does no harm.
#[derive(Clone, Copy, Debug)]
pub struct Keys {
    /// The wall.
    pub tenant: TenantId,
    /// The session.
    pub session: SessionId,
}

impl Keys {
    /// Prefix of everything that belongs to the session.
    pub fn prefix(&self) -> String {
        format!("tenants/{}/sessions/{}", self.tenant, self.session)
    }

    /// The recording as it arrived, its first `bytes` bytes joined: one that grew later has a key of its own.
    pub fn source(&self, bytes: u64) -> String {
        format!("{}/source-{bytes}", self.prefix())
    }

    /// The recording as a browser plays it; `extension` is `mp4` or `webm`.
    pub fn playable(&self, extension: &str) -> String {
        format!("{}/recording.{extension}", self.prefix())
    }

    /// The frame that stands for the session.
    pub fn poster(&self) -> String {
        format!("{}/poster.jpg", self.prefix())
    }

    /// Captions that came beside the recording, as they came.
    pub fn uploaded_captions(&self) -> String {
        format!("{}/captions.source", self.prefix())
    }

    /// The transcript as WebVTT.
    pub fn captions(&self) -> String {
        format!("{}/captions.vtt", self.prefix())
    }

    /// The procedures as WebVTT chapters.
    pub fn chapters(&self) -> String {
        format!("{}/chapters.vtt", self.prefix())
    }

    /// A camera frame, numbered from 1.
    pub fn frame(&self, number: u64) -> String {
        format!("{}/frames/{number:06}.jpg", self.prefix())
    }

    /// What a step left for the next one and is too large for a row, such as the transcript.
    pub fn step_result(&self, name: &str) -> String {
        format!("{}/steps/{name}.json", self.prefix())
    }

    /// Prefix of the clips of procedures and their thumbnails.
    pub fn clips(&self) -> String {
        format!("{}/procedures", self.prefix())
    }

    /// The clip of procedure `number`, from 1.
    pub fn clip(&self, number: usize, extension: &str) -> String {
        format!("{}/{number:03}.{extension}", self.clips())
    }

    /// The thumbnail of procedure `number`, from 1.
    pub fn thumbnail(&self, number: usize) -> String {
        format!("{}/{number:03}.jpg", self.clips())
    }
}
