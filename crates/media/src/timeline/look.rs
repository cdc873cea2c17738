//! What a run holds, and where it holds nothing.

use crate::{
    MediaError, Tools,
    probe::{Packet, each_packet, header},
    sniff::Kind,
};
use domain::{Span, recording::MediaInfo};
use std::path::Path;

/// Neither picture nor sound for longer than this is a gap.
pub(super) const GAP_SECONDS: f64 = 0.5;
/// Sound is in one piece as long as nothing longer than this is missing in it.
const HOLE_SECONDS: f64 = 0.08;
/// More pieces of sound than this are not told apart: small holes then stay as they are.
const MOST_PIECES: usize = 1000;
/// A packet counts at most this long, whatever it says of itself.
const PACKET_LIMIT_SECONDS: f64 = 2.0;
/// Times further back than this belong to another place, whose start was lost.
const BACK_SECONDS: f64 = 2.0;

/// A run as its packets show it; all times in seconds on its own clock.
#[derive(Debug)]
pub(super) struct Look {
    pub kind: Kind,
    pub info: MediaInfo,
    /// Profile of the sound's codec, as ffmpeg calls it.
    pub profile: String,
    /// From its first picture or sound to its last.
    pub span: Span,
    /// The first picture, if there is any.
    pub picture_starts: Option<f64>,
    /// Pieces of sound, each without a hole, in order.
    pub sound: Vec<Span>,
    /// Where there is neither picture nor sound.
    pub gaps: Vec<Span>,
    /// Pictures that need one which is missing: from behind a gap to the next keyframe.
    pub torn: Vec<Span>,
}

/// Reads the packets of the run at `path`.
///
/// # Errors
/// [`MediaError::NotMedia`] for one that cannot be read; other kinds of it.
pub(super) async fn look(tools: &Tools, path: &Path) -> Result<Look, MediaError> {
    let (kind, info, profile) = header(tools, path).await?;
    if !matches!(kind, Kind::Mov | Kind::Matroska) {
        return Err(MediaError::not_media("it is neither MP4 nor WebM"));
    }
    let (video, audio) = (info.video.as_ref().map(|v| v.stream), info.audio.as_ref().map(|a| a.stream));
    let (mut first, mut picture, mut sound) = (f64::INFINITY, Cover::new(GAP_SECONDS), Cover::new(HOLE_SECONDS));
    let mut torn = Torn::default();
    each_packet(tools, path, kind, |packet| {
        let taken = match Some(packet.stream) {
            stream if stream == video => {
                torn.count(packet, picture.until());
                picture.add(packet)
            }
            stream if stream == audio => sound.add(packet),
            _ => false,
        };
        if taken && !packet.discard {
            first = first.min(packet.at);
        }
    })
    .await?;
    if picture.spans.is_empty() && sound.spans.is_empty() {
        return Err(MediaError::not_media("it holds no picture and no sound, only a header"));
    }
    if sound.spans.len() > MOST_PIECES {
        sound.spans = merged(sound.spans.into_iter(), GAP_SECONDS);
        sound.spans =
            if sound.spans.len() > MOST_PIECES { merged(sound.spans.into_iter(), f64::MAX) } else { sound.spans };
    }
    let mut all: Vec<Span> = picture.spans.iter().chain(&sound.spans).copied().collect();
    all.sort_by(|a, b| a.start.total_cmp(&b.start));
    let all = merged(all.into_iter(), GAP_SECONDS);
    let gaps: Vec<_> = all.windows(2).map(|w| Span::new(w[0].end, w[1].start)).collect();
    let end = all.last().map_or(first, |last| last.end);
    Ok(Look {
        kind,
        info: MediaInfo {
            video: info.video.filter(|_| !picture.spans.is_empty()),
            audio: info.audio.filter(|_| !sound.spans.is_empty()),
            ..info
        },
        profile,
        span: Span::new(first.min(end), end),
        picture_starts: picture.spans.first().map(|s| s.start),
        sound: sound.spans,
        torn: torn.finish(&gaps),
        gaps,
    })
}

/// Where one stream has packets.
struct Cover {
    spans: Vec<Span>,
    tolerance: f64,
}

impl Cover {
    fn new(tolerance: f64) -> Self {
        Self { spans: Vec::new(), tolerance }
    }

    fn until(&self) -> Option<f64> {
        self.spans.last().map(|s| s.end)
    }

    /// False for a packet whose time lies far back.
    fn add(&mut self, packet: &Packet) -> bool {
        let end = packet.at + packet.duration.clamp(0.0, PACKET_LIMIT_SECONDS);
        match self.spans.last_mut() {
            Some(last) if packet.at < last.end - BACK_SECONDS => return false,
            Some(last) if packet.at - last.end <= self.tolerance => {
                last.start = last.start.min(packet.at);
                last.end = last.end.max(end);
            }
            _ => self.spans.push(Span::new(packet.at, end)),
        }
        true
    }
}

/// Joins spans, sorted by start, between which there is no more than `tolerance`.
fn merged(spans: impl Iterator<Item = Span>, tolerance: f64) -> Vec<Span> {
    let mut merged: Vec<Span> = Vec::new();
    for span in spans {
        match merged.last_mut() {
            Some(last) if span.start - last.end <= tolerance => last.end = last.end.max(span.end),
            _ => merged.push(span),
        }
    }
    merged
}

/// Finds pictures behind a hole that build upon what is missing.
#[derive(Default)]
struct Torn {
    /// End of the picture before the hole, first picture behind it, the keyframe that ends it.
    found: Vec<(f64, Span)>,
    open: Option<(f64, f64)>,
}

impl Torn {
    fn count(&mut self, packet: &Packet, until: Option<f64>) {
        if packet.key {
            self.found.extend(self.open.take().map(|(hole, from)| (hole, Span { start: from, end: packet.at })));
        } else if let Some(hole) = until.filter(|until| packet.at - until > GAP_SECONDS && self.open.is_none()) {
            self.open = Some((hole, packet.at));
        }
    }

    /// Only a hole in which there is no sound either is a loss: a camera may give pictures seldom.
    fn finish(mut self, gaps: &[Span]) -> Vec<Span> {
        self.found.extend(self.open.take().map(|(hole, from)| (hole, Span { start: from, end: f64::MAX })));
        let lost = |hole: Span| gaps.iter().any(|gap| gap.overlap(&hole) > 0.0);
        let found = self.found.into_iter().filter(|(hole, torn)| lost(Span::new(*hole, torn.start)));
        found.map(|(_, torn)| torn).collect()
    }
}
