//! Raw sound files: 16 kHz mono signed 16-bit little-endian samples and nothing else. Read in windows, never whole.

use domain::Span;
use std::{
    fs::File,
    io::{self, Read, Seek, SeekFrom},
    path::Path,
};

/// Samples in a second.
pub const RATE: usize = 16_000;

/// The samples of `span` (seconds); fewer where the file ends earlier.
pub fn read(sound: &Path, span: Span) -> io::Result<Vec<i16>> {
    let from = (span.start.max(0.0) * RATE as f64) as u64;
    let samples = (span.duration().max(0.0) * RATE as f64).round() as u64;
    let mut file = File::open(sound)?;
    file.seek(SeekFrom::Start(2 * from))?;
    let mut bytes = Vec::with_capacity(2 * samples as usize);
    file.take(2 * samples).read_to_end(&mut bytes)?;
    Ok(bytes.chunks_exact(2).map(|pair| i16::from_le_bytes([pair[0], pair[1]])).collect())
}

/// `spans` with those longer than `longest` seconds cut where the sound is quietest, so that hardly a word is split.
pub fn cut_long(sound: &Path, spans: &[Span], longest: f64) -> io::Result<Vec<Span>> {
    let mut pieces = Vec::with_capacity(spans.len());
    for span in spans {
        let mut start = span.start;
        while span.end - start > longest {
            let search = Span::new(start + longest * 0.6, start + longest);
            let cut = quietest(&read(sound, search)?).map_or(search.end, |offset| search.start + offset);
            pieces.push(Span::new(start, cut));
            start = cut;
        }
        pieces.push(Span::new(start, span.end));
    }
    Ok(pieces)
}

/// Seconds from the start of `samples` to the middle of its quietest 100 ms.
fn quietest(samples: &[i16]) -> Option<f64> {
    const WINDOW: usize = RATE / 10;
    let energy = |window: &[i16]| window.iter().map(|&s| i64::from(s) * i64::from(s)).sum::<i64>();
    (0..samples.len().saturating_sub(WINDOW))
        .step_by(RATE / 50)
        .min_by_key(|&at| energy(&samples[at..at + WINDOW]))
        .map(|at| (at + WINDOW / 2) as f64 / RATE as f64)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_long_stretch_is_cut_in_its_pause() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("sound.raw");
        let loud = |from: f64, to: f64, at: f64| if at >= from && at < to { 0 } else { 8000 };
        let bytes: Vec<u8> = (0..40 * RATE)
            .map(|i| loud(22.0, 22.4, i as f64 / RATE as f64) * if i % 2 == 0 { 1 } else { -1 })
            .flat_map(|s: i16| s.to_le_bytes())
            .collect();
        std::fs::write(&path, bytes).unwrap();

        let pieces = cut_long(&path, &[Span::new(0.0, 40.0), Span::new(50.0, 51.0)], 28.0).unwrap();

        assert_eq!(pieces.len(), 3);
        assert!((22.0..22.4).contains(&pieces[0].end), "{pieces:?}");
        assert_eq!(pieces[1], Span::new(pieces[0].end, 40.0));
        assert_eq!(read(&path, Span::new(39.5, 45.0)).unwrap().len(), RATE / 2);
    }
}
