//! Voice activity: where in the sound somebody speaks, by the `earshot` network (its weights are inside the crate), less
//! the music and the motors that it takes for voices.

use crate::{
    sound::RATE,
    steadiness::{BLOCK, FEWEST, MOMENT, Meter, Moment, is_held, is_pause, is_steady, loudest},
};
use domain::{Span, level::TurnDown};
use earshot::Detector;

/// Samples that the network takes at a time: 16 ms.
const FRAME: usize = 256;
/// Score at which a voice begins.
const ONSET: f32 = 0.5;
/// Score below which it may have ended; lower than the onset, so that soft syllables do not cut a word.
const OFFSET: f32 = 0.35;
/// Score that a voice reaches somewhere in a stretch; noises and the network's start do not.
const CERTAIN: f32 = 0.7;
/// Seconds without a voice before a stretch ends.
const HANGOVER: f64 = 0.2;
/// Seconds kept on both sides, so that no first or last consonant is lost.
const PADDING: f64 = 0.3;
/// Seconds of voice below which a stretch is taken for a click or a cough.
const SHORTEST: f64 = 0.12;

/// Listens to a stream of 16 kHz mono samples. Memory grows with the number of voiced stretches only,
/// and by a byte for every 3 s of one.
pub struct VoiceActivity {
    detector: Box<Detector>,
    /// Samples that do not fill a frame yet; `[< FRAME]`.
    rest: Vec<i16>,
    frames: usize,
    level: TurnDown,
    meter: Meter,
    open: Option<Stretch>,
    spans: Vec<Span>,
}

/// The stretch that is going on, counted in frames.
struct Stretch {
    from: usize,
    /// The frame after its last voiced one.
    to: usize,
    /// Highest score.
    peak: f32,
    /// The moments of the block that is not full yet.
    moments: Vec<Moment>,
    /// Energy of the loudest moment of the block before, dB.
    loudest: f64,
    /// Whether each full block was steady, and so no voice.
    steady: Vec<bool>,
}

impl Stretch {
    fn new(from: usize, score: f32) -> Self {
        Self { from, to: from + 1, peak: score, moments: Vec::new(), loudest: 0.0, steady: Vec::new() }
    }

    fn hear(&mut self, moment: Moment) {
        self.moments.push(moment);
        if self.moments.len() == BLOCK {
            self.steady.push(is_steady(&self.moments));
            self.loudest = loudest(&self.moments);
            self.moments.clear();
        }
    }

    /// What is left of it without its steady blocks, in frames. A rest too short or too quiet to judge
    /// is as what went before.
    fn voices(mut self) -> Vec<(usize, usize)> {
        const FRAMES: usize = BLOCK * MOMENT / FRAME;
        let before = self.steady.last().copied().unwrap_or(false);
        self.steady.push(match self.moments.len() {
            _ if is_pause(&self.moments, self.loudest) => before,
            ..FEWEST => before || is_held(&self.moments),
            _ => is_steady(&self.moments),
        });
        let mut voices: Vec<(usize, usize)> = Vec::new();
        for block in (0..self.steady.len()).filter(|&i| !self.steady[i]) {
            let from = self.from + block * FRAMES;
            let to = if block + 1 == self.steady.len() { self.to } else { (from + FRAMES).min(self.to) };
            match voices.last_mut() {
                Some(last) if last.1 == from => last.1 = to,
                _ if from < to => voices.push((from, to)),
                _ => {}
            }
        }
        voices
    }
}

impl VoiceActivity {
    /// A listener that has heard nothing.
    #[allow(clippy::new_without_default, reason = "a listener is started, it has no default")]
    pub fn new() -> Self {
        Self {
            detector: Detector::default_boxed(),
            rest: Vec::with_capacity(FRAME),
            frames: 0,
            level: TurnDown::default(),
            meter: Meter::new(),
            open: None,
            spans: Vec::new(),
        }
    }

    /// Takes the next samples (16 kHz, mono), any number of them.
    pub fn push(&mut self, mut samples: &[i16]) {
        if !self.rest.is_empty() {
            let (head, tail) = samples.split_at(samples.len().min(FRAME - self.rest.len()));
            self.rest.extend_from_slice(head);
            samples = tail;
            if self.rest.len() < FRAME {
                return;
            }
            let frame = std::mem::take(&mut self.rest);
            self.frame(&frame);
        }
        let mut frames = samples.chunks_exact(FRAME);
        frames.by_ref().for_each(|frame| self.frame(frame));
        self.rest = frames.remainder().to_vec();
    }

    /// The voiced stretches, padded, ordered, none touching another; seconds from the first sample.
    pub fn finish(mut self) -> Vec<Span> {
        let end = seconds(self.frames) + self.rest.len() as f64 / RATE as f64;
        self.close();
        if let Some(last) = self.spans.last_mut() {
            last.end = last.end.min(end);
        }
        self.spans
    }

    fn frame(&mut self, frame: &[i16]) {
        let moment = self.meter.push(frame);
        let quiet = self.level.frame::<FRAME>(frame);
        let score = self.detector.predict_i16(&quiet);
        let now = self.frames;
        self.frames += 1;
        match &mut self.open {
            None if score >= ONSET => self.open = Some(Stretch::new(now, score)),
            Some(stretch) if score >= OFFSET => {
                stretch.to = now + 1;
                stretch.peak = stretch.peak.max(score);
            }
            Some(stretch) if seconds(now + 1 - stretch.to) > HANGOVER => self.close(),
            _ => {}
        }
        if let (Some(moment), Some(stretch)) = (moment, &mut self.open) {
            stretch.hear(moment);
        }
    }

    fn close(&mut self) {
        let Some(stretch) = self.open.take() else { return };
        if seconds(stretch.to - stretch.from) < SHORTEST || stretch.peak < CERTAIN {
            return;
        }
        for (from, to) in stretch.voices() {
            let span = Span::new((seconds(from) - PADDING).max(0.0), seconds(to) + PADDING);
            match self.spans.last_mut() {
                Some(last) if span.start <= last.end => last.end = span.end,
                _ => self.spans.push(span),
            }
        }
    }
}

/// Packs voiced stretches, in order, into windows whose stretches together last at most `longest_seconds`. A stretch
/// longer than that is cut into equal pieces.
pub fn pack(spans: &[Span], longest_seconds: f64) -> Vec<Vec<Span>> {
    let mut windows: Vec<Vec<Span>> = Vec::new();
    let mut filled = f64::INFINITY;
    for piece in spans.iter().flat_map(|span| equal_pieces(*span, longest_seconds)) {
        // The tolerance is for pieces that were cut to exactly the longest.
        if filled + piece.duration() > longest_seconds + 1e-6 {
            windows.push(Vec::new());
            filled = 0.0;
        }
        filled += piece.duration();
        if let Some(window) = windows.last_mut() {
            window.push(piece);
        }
    }
    windows
}

fn equal_pieces(span: Span, longest: f64) -> impl Iterator<Item = Span> {
    let count = (span.duration() / longest - 1e-9).ceil().max(1.0);
    let length = span.duration() / count;
    (0..count as usize)
        .map(move |i| Span::new(span.start + i as f64 * length, (span.start + (i + 1) as f64 * length).min(span.end)))
}

fn seconds(frames: usize) -> f64 {
    (frames * FRAME) as f64 / RATE as f64
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn windows_hold_every_stretch_in_order_and_none_is_too_long() {
        let spans = [(0.0, 10.0), (12.0, 29.0), (30.0, 32.0), (40.0, 100.0), (101.0, 101.5)];
        let spans: Vec<Span> = spans.map(|(start, end)| Span::new(start, end)).into();
        let windows = pack(&spans, 28.0);

        let length = |window: &Vec<Span>| window.iter().map(Span::duration).sum::<f64>();
        assert!(windows.iter().all(|window| !window.is_empty() && length(window) <= 28.0 + 1e-6), "{windows:?}");
        let packed: Vec<Span> = windows.concat();
        assert!(packed.windows(2).all(|pair| pair[0].end <= pair[1].start + 1e-9), "{packed:?}");
        let all = |spans: &[Span]| spans.iter().map(Span::duration).sum::<f64>();
        assert!((all(&packed) - all(&spans)).abs() < 1e-6);
        assert_eq!(windows[0], spans[..2]);
    }

    #[test]
    fn nothing_voiced_gives_no_window() {
        assert!(pack(&[], 28.0).is_empty());
    }

    #[test]
    fn how_the_samples_are_dealt_out_changes_nothing() {
        let samples: Vec<i16> = (0..5 * RATE).map(|i| ((i * i / 7) % 20_011) as i16 - 10_000).collect();
        let whole = {
            let mut voice = VoiceActivity::new();
            voice.push(&samples);
            voice.finish()
        };
        let mut voice = VoiceActivity::new();
        samples.chunks(97).for_each(|chunk| voice.push(chunk));
        assert_eq!(voice.finish(), whole);
    }
}
