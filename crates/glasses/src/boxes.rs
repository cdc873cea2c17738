//! Cuts a stream of fragmented MP4 (ISO/IEC 14496-12) into its header and its fragments, at top-level boxes, whatever the
//! chunks in which it comes, and reads where a fragment lies in time.

use std::ops::Range;

/// No box of a sane recorder is larger: 2 seconds at 250 Mbit/s.
const LARGEST_BOX: u64 = 64 << 20;

/// A piece of the stream. All pieces, one after another, are the stream.
#[derive(Clone, Debug, PartialEq)]
pub enum Piece {
    /// Everything up to and with `moov`.
    Header(Vec<u8>),
    /// One `moof` with its `mdat`.
    Fragment {
        /// The bytes.
        bytes: Vec<u8>,
        /// Where it begins on the stream's own clock, in seconds.
        start: f64,
        /// Where it ends.
        end: f64,
    },
}

/// The stream is not fragmented MP4.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
#[error("the recorder does not write fragmented MP4: {0}")]
pub struct NotFragmentedMp4(String);

/// Takes the stream chunk by chunk.
#[derive(Debug, Default)]
pub struct Cutter {
    /// Bytes since the last piece.
    held: Vec<u8>,
    /// How many of them are whole boxes.
    whole: usize,
    /// Where the `moof` among them is.
    moof: Option<Range<usize>>,
    tracks: Option<Vec<Track>>,
}

#[derive(Debug, Default, PartialEq)]
struct Track {
    id: u32,
    timescale: u32,
    video: bool,
    default_duration: u32,
}

impl Cutter {
    /// Takes the next bytes.
    pub fn feed(&mut self, bytes: &[u8]) {
        self.held.extend_from_slice(bytes);
    }

    /// The next piece that is whole.
    ///
    /// # Errors
    /// [`NotFragmentedMp4`]; the cutter is of no further use then.
    pub fn next_piece(&mut self) -> Result<Option<Piece>, NotFragmentedMp4> {
        while let Some((kind, size)) = top_level_box(&self.held[self.whole..])? {
            let Some(size) = usize::try_from(size).ok().filter(|size| self.held.len() - self.whole >= *size) else {
                break;
            };
            let at = self.whole..self.whole + size;
            self.whole = at.end;
            match &kind {
                b"moov" if self.tracks.is_none() => {
                    self.tracks = Some(tracks(&self.held[at]));
                    return Ok(Some(Piece::Header(self.take())));
                }
                b"moof" if self.tracks.is_some() && self.moof.is_none() => self.moof = Some(at),
                b"mdat" => {
                    let moof = self.moof.take().ok_or_else(|| wrong("media data before its fragment's index"))?;
                    let span = fragment_span(&self.held[moof], self.tracks.as_deref().unwrap_or_default());
                    let (start, end) = span.ok_or_else(|| wrong("a fragment without times"))?;
                    return Ok(Some(Piece::Fragment { bytes: self.take(), start, end }));
                }
                b"moof" | b"moov" => return Err(wrong("its boxes are not in order")),
                // styp, sidx, prft, free and the like go with the piece that follows.
                _ => {}
            }
        }
        Ok(None)
    }

    fn take(&mut self) -> Vec<u8> {
        let rest = self.held.split_off(self.whole);
        self.whole = 0;
        std::mem::replace(&mut self.held, rest)
    }
}

fn wrong(what: impl Into<String>) -> NotFragmentedMp4 {
    NotFragmentedMp4(what.into())
}

/// Type and size of the box that begins here; `None` while its first bytes are not all there.
fn top_level_box(bytes: &[u8]) -> Result<Option<([u8; 4], u64)>, NotFragmentedMp4> {
    let (Some(size), Some(kind)) = (u32_at(bytes, 0), bytes.get(4..8)) else { return Ok(None) };
    let kind = [kind[0], kind[1], kind[2], kind[3]];
    let (size, header) = match size {
        1 => match u64_at(bytes, 8) {
            Some(size) => (size, 16),
            None => return Ok(None),
        },
        size => (u64::from(size), 8),
    };
    if !kind.iter().all(|c| c.is_ascii_alphanumeric() || *c == b' ') {
        return Err(wrong("something else stands where a box should begin"));
    }
    if size < header || size > LARGEST_BOX {
        return Err(wrong(format!("a box of {size} bytes")));
    }
    Ok(Some((kind, size)))
}

/// The boxes inside a box's content.
fn boxes(content: &[u8]) -> impl Iterator<Item = (&[u8], &[u8])> {
    let mut rest = content;
    std::iter::from_fn(move || {
        let size = usize::try_from(u32_at(rest, 0)?).ok().filter(|size| (8..=rest.len()).contains(size))?;
        let (this, after) = rest.split_at(size);
        rest = after;
        Some((&this[4..8], &this[8..]))
    })
}

/// The content of the first box inside `content` along `path`.
fn inside<'a>(content: &'a [u8], path: &[&[u8; 4]]) -> Option<&'a [u8]> {
    path.iter().try_fold(content, |content, kind| Some(boxes(content).find(|(k, _)| k == kind)?.1))
}

fn tracks(moov: &[u8]) -> Vec<Track> {
    let content = &moov[8..];
    let mut tracks: Vec<Track> =
        boxes(content).filter(|(kind, _)| kind == b"trak").filter_map(|b| track(b.1)).collect();
    for trex in boxes(inside(content, &[b"mvex"]).unwrap_or_default()).filter(|(kind, _)| kind == b"trex") {
        let (id, duration) = (u32_at(trex.1, 4), u32_at(trex.1, 12));
        if let Some(track) = tracks.iter_mut().find(|track| Some(track.id) == id) {
            track.default_duration = duration.unwrap_or(0);
        }
    }
    tracks
}

fn track(trak: &[u8]) -> Option<Track> {
    let (tkhd, mdia) = (inside(trak, &[b"tkhd"])?, inside(trak, &[b"mdia"])?);
    let mdhd = inside(mdia, &[b"mdhd"])?;
    // Version 1 has its two times in 64 bits.
    let after_times = |content: &[u8]| if content.first() == Some(&1) { 20 } else { 12 };
    let id = u32_at(tkhd, after_times(tkhd))?;
    let timescale = u32_at(mdhd, after_times(mdhd)).filter(|scale| *scale > 0)?;
    let video = inside(mdia, &[b"hdlr"])?.get(8..12)? == b"vide";
    Some(Track { id, timescale, video, default_duration: 0 })
}

/// From where to where a fragment reaches, in seconds: its picture, or its sound where it has no picture.
fn fragment_span(moof: &[u8], tracks: &[Track]) -> Option<(f64, f64)> {
    let mut spans = boxes(&moof[8..]).filter(|(kind, _)| kind == b"traf").filter_map(|(_, traf)| {
        let tfhd = inside(traf, &[b"tfhd"])?;
        let track = tracks.iter().find(|track| Some(track.id) == u32_at(tfhd, 4))?;
        Some((track, track_span(traf, tfhd, track)?))
    });
    let first = spans.next()?;
    let chosen = std::iter::once(first).chain(spans).max_by_key(|(track, _)| track.video)?;
    let (start, duration) = chosen.1;
    let scale = f64::from(chosen.0.timescale);
    Some((start as f64 / scale, (start.saturating_add(duration)) as f64 / scale))
}

/// Start and duration of a track's fragment, in units of its timescale.
fn track_span(traf: &[u8], tfhd: &[u8], track: &Track) -> Option<(u64, u64)> {
    let tfdt = inside(traf, &[b"tfdt"])?;
    let start = if tfdt.first() == Some(&1) { u64_at(tfdt, 4)? } else { u64::from(u32_at(tfdt, 4)?) };
    let flags = u32_at(tfhd, 0)?;
    // Optional fields before the default duration: base data offset, description index.
    let at = 8 + if flags & 0x1 != 0 { 8 } else { 0 } + if flags & 0x2 != 0 { 4 } else { 0 };
    let default = if flags & 0x8 != 0 { u32_at(tfhd, at)? } else { track.default_duration };
    let mut duration = 0_u64;
    for (_, trun) in boxes(traf).filter(|(kind, _)| kind == b"trun") {
        duration = duration.saturating_add(run_duration(trun, default)?);
    }
    Some((start, duration))
}

fn run_duration(trun: &[u8], default: u32) -> Option<u64> {
    let (flags, samples) = (u32_at(trun, 0)?, u32_at(trun, 4)?);
    if flags & 0x100 == 0 {
        return Some(u64::from(default) * u64::from(samples));
    }
    let first = 8 + [0x1, 0x4].iter().filter(|flag| flags & **flag != 0).count() * 4;
    let each = [0x100, 0x200, 0x400, 0x800].iter().filter(|flag| flags & **flag != 0).count() * 4;
    trun.get(first..)?.chunks_exact(each).take(samples as usize).map(|sample| u32_at(sample, 0).map(u64::from)).sum()
}

fn u32_at(bytes: &[u8], at: usize) -> Option<u32> {
    Some(u32::from_be_bytes(bytes.get(at..at + 4)?.try_into().ok()?))
}

fn u64_at(bytes: &[u8], at: usize) -> Option<u64> {
    Some(u64::from_be_bytes(bytes.get(at..at + 8)?.try_into().ok()?))
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use std::{process::Command, sync::OnceLock};

    /// 5 seconds of picture and sound with fragments of at most 2 seconds.
    fn stream() -> &'static [u8] {
        static STREAM: OnceLock<Vec<u8>> = OnceLock::new();
        STREAM.get_or_init(|| {
            let words = "-v error -f lavfi -i testsrc2=s=64x64:r=10:d=5 -f lavfi -i sine=d=5 -c:v libx264 -preset ultrafast \
                         -g 20 -c:a aac -f mp4 -movflags empty_moov+default_base_moof+frag_keyframe+skip_trailer \
                         -frag_duration 2000000 pipe:1";
            let made = Command::new("ffmpeg").args(words.split_whitespace()).output().unwrap();
            assert!(made.status.success(), "{}", String::from_utf8_lossy(&made.stderr));
            made.stdout
        })
    }

    fn cut(chunks: &[&[u8]]) -> Result<Vec<Piece>, NotFragmentedMp4> {
        let mut cutter = Cutter::default();
        let mut pieces = Vec::new();
        for chunk in chunks {
            cutter.feed(chunk);
            while let Some(piece) = cutter.next_piece()? {
                pieces.push(piece);
            }
        }
        Ok(pieces)
    }

    fn bytes(pieces: &[Piece]) -> Vec<u8> {
        let of = |piece: &Piece| match piece {
            Piece::Header(bytes) | Piece::Fragment { bytes, .. } => bytes.clone(),
        };
        pieces.iter().flat_map(of).collect()
    }

    #[test]
    fn a_stream_is_a_header_and_fragments_that_follow_each_other() {
        let pieces = cut(&[stream()]).unwrap();
        assert!(matches!(&pieces[0], Piece::Header(bytes) if &bytes[4..8] == b"ftyp"));
        let mut at = 0.0;
        for piece in &pieces[1..] {
            let Piece::Fragment { start, end, .. } = piece else { panic!("a second header") };
            // The first picture lasts longer by the priming of the sound, 23 ms.
            assert!((start - at).abs() < 0.001 && end - start <= 2.03 && end > start, "{start} {end} after {at}");
            at = *end;
        }
        assert!((at - 5.0).abs() < 0.03, "{at}");
        assert_eq!(bytes(&pieces), stream());
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(64))]

        #[test]
        fn chunks_make_no_difference(cuts in prop::collection::vec(any::<prop::sample::Index>(), 0..60)) {
            let mut at: Vec<usize> = cuts.iter().map(|cut| cut.index(stream().len())).collect();
            at.extend([0, stream().len()]);
            at.sort_unstable();
            let chunks: Vec<&[u8]> = at.windows(2).map(|pair| &stream()[pair[0]..pair[1]]).collect();
            prop_assert_eq!(cut(&chunks).unwrap(), cut(&[stream()]).unwrap());
        }

        #[test]
        fn what_is_cut_is_always_the_beginning_of_the_stream(
            changes in prop::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 1..20),
            end in any::<prop::sample::Index>(),
        ) {
            let mut damaged = stream()[..end.index(stream().len())].to_vec();
            for (at, value) in &changes {
                let at = at.index(damaged.len().max(1));
                damaged.get_mut(at).into_iter().for_each(|byte| *byte = *value);
            }
            if let Ok(pieces) = cut(&[&damaged]) {
                prop_assert!(damaged.starts_with(&bytes(&pieces)));
            }
        }

        #[test]
        fn garbage_is_refused_or_waited_for(garbage in prop::collection::vec(any::<u8>(), 0..4096)) {
            prop_assert_eq!(cut(&[&garbage]).unwrap_or_default(), Vec::new());
        }
    }
}
