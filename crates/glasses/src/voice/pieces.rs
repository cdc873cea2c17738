//! Pieces of the microphone's sound in which somebody speaks, by the `earshot` network, and short enough to be a command:
//! a command is said with a pause before and after it.

use domain::level::TurnDown;
use earshot::Detector;
use std::{collections::VecDeque, ops::RangeInclusive};

/// Samples that the network takes at a time: 16 ms.
const FRAME: usize = 256;
/// Score at which a voice begins, and below which it may have ended: soft syllables do not cut a phrase.
const ONSET: f32 = 0.5;
const OFFSET: f32 = 0.35;
/// Frames without a voice after which a piece has ended: 0.4 s.
const PAUSE: usize = 25;
/// Frames kept before a voice: 0.4 s, for its first consonant, and to know the noise.
const BEFORE: usize = 25;
/// Frames of voice that a command may have: 0.4 s to 3.5 s.
const LENGTHS: RangeInclusive<usize> = 25..=220;

/// Cuts a stream of 16 kHz samples. Memory holds the longest piece.
pub struct Pieces {
    detector: Box<Detector>,
    /// Samples that do not fill a frame yet.
    rest: Vec<i16>,
    /// The last frames, no more than a piece may have.
    frames: VecDeque<Vec<i16>>,
    level: TurnDown,
    /// Frames since the voice began, and since it was last heard.
    open: Option<(usize, usize)>,
}

impl Pieces {
    /// Nothing heard yet.
    #[allow(clippy::new_without_default, reason = "a listener is started, it has no default")]
    pub fn new() -> Self {
        let frames = VecDeque::new();
        Self { detector: Detector::default_boxed(), rest: Vec::new(), frames, level: TurnDown::default(), open: None }
    }

    /// Takes the next samples, any number of them. Returns the pieces that ended with them.
    pub fn push(&mut self, samples: &[i16]) -> Vec<Vec<i16>> {
        self.rest.extend_from_slice(samples);
        let rest = std::mem::take(&mut self.rest);
        let mut frames = rest.chunks_exact(FRAME);
        let pieces = frames.by_ref().filter_map(|frame| self.frame(frame)).collect();
        self.rest = frames.remainder().to_vec();
        pieces
    }

    fn frame(&mut self, frame: &[i16]) -> Option<Vec<i16>> {
        self.frames.push_back(frame.to_vec());
        if self.frames.len() > BEFORE + LENGTHS.end() + PAUSE {
            self.frames.pop_front();
        }
        let quiet = self.level.frame::<FRAME>(frame);
        let score = self.detector.predict_i16(&quiet);
        match &mut self.open {
            None if score >= ONSET => self.open = Some((1, 0)),
            None => {}
            Some((length, since)) => {
                *length += 1;
                *since = if score >= OFFSET { 0 } else { *since + 1 };
                if *since >= PAUSE {
                    let (whole, voice) = (*length, *length - *since);
                    self.open = None;
                    if LENGTHS.contains(&voice) {
                        let from = self.frames.len().saturating_sub(BEFORE + whole);
                        return Some(self.frames.range(from..).flatten().copied().collect());
                    }
                }
            }
        }
        None
    }
}
