//! Heard: the pieces of work in a recording whose words are known.

use super::{
    OPENING_SECONDS,
    cohesion::Lexical,
    cues::introduces,
    decode::{SEED, decode},
    elsewhere,
    evidence::evidence,
    labels::are_labels,
    lattice::{Lattice, Lengths},
    signals::{Signal, Values},
    units::{Terms, Units},
    weights::{self, Kind},
};
use crate::{Granularity, Segment, title};
use domain::{Span, signals::Signals, utterance::Transcript};

/// Typical length of a step that has a label, in seconds.
const LABELLED_SECONDS: f64 = 30.0;
/// Who announces so many steps in full announces them all, and pieces are as long as the announcements are apart,
const ENOUGH_ANNOUNCED: f64 = 3.0;
/// but not shorter than this, in seconds.
const LEAST_ANNOUNCED: f64 = 25.0;
/// Standard deviation in seconds of the window over which what is said is smoothed.
const SMOOTHING: f64 = 12.0;
/// Seconds that a label counts for.
const LABEL_WEIGHT: f64 = 10.0;
/// Typical length of a piece of work in a recording of [`USUAL_SECONDS`].
const COARSE_SECONDS: f64 = 150.0;
/// The same for the steps within.
const FINE_SECONDS: f64 = 60.0;
const USUAL_SECONDS: f64 = 800.0;
/// Pieces of work grow with this power of the recording's length, between the shortest and the longest it is known for.
const GROWTH: f64 = 0.7;
const KNOWN_SECONDS: (f64, f64) = (60.0, 2700.0);

/// What is measured once over the whole recording.
pub struct Heard {
    /// What the captions are.
    pub kind: Kind,
    units: Units,
    directions: Vec<Terms>,
    weights: Vec<f64>,
    evidence: Vec<Values>,
    lengths: Lengths,
}

impl Heard {
    /// Measures a transcript in order; `active` are the seconds in which something happens.
    pub fn new(
        transcript: &Transcript,
        signals: &Signals,
        meanings: &[Vec<f32>],
        active: f64,
        fine: Granularity,
    ) -> Self {
        let units = Units::of(&transcript.utterances, meanings);
        let end = units.said.last().map_or(0.0, |s| s.end);
        let duration = signals.duration_seconds.max(end);
        let kind = if are_labels(&units.said) { Kind::Labels } else { Kind::Speech };
        let grown = (active.clamp(KNOWN_SECONDS.0, KNOWN_SECONDS.1) / USUAL_SECONDS).powf(GROWTH);
        let typical = match (kind, fine) {
            (Kind::Labels, _) => LABELLED_SECONDS,
            (Kind::Speech, Granularity::Coarse) => COARSE_SECONDS * grown,
            (Kind::Speech, Granularity::Fine) => FINE_SECONDS * grown,
        };
        let mut evidence = evidence(&units, signals, COARSE_SECONDS * grown, duration);
        if !units.language.is_english() {
            elsewhere::read(&units, &mut evidence);
        }
        let announced = evidence.iter().map(|values| values[Signal::AnnouncesStep as usize]).sum::<f64>();
        let typical = match announced >= ENOUGH_ANNOUNCED {
            true => typical.min((active / (announced + 1.0)).max(LEAST_ANNOUNCED)),
            false => typical,
        };
        let starts = units.starts();
        let next = |i: usize| starts.get(i + 1).copied().unwrap_or(end);
        let seconds = |i: usize| (next(i) - starts[i]).clamp(0.5, 20.0);
        Self {
            kind,
            directions: units.directions(if kind == Kind::Speech { SMOOTHING } else { 0.0 }),
            // Every label counts alike; what is said counts by the time it takes.
            weights: (0..starts.len()).map(|i| if kind == Kind::Speech { seconds(i) } else { LABEL_WEIGHT }).collect(),
            evidence,
            lengths: Lengths { typical, longest: (6.0 * typical).clamp(900.0, 1800.0) },
            units,
        }
    }

    /// Whether sentence embeddings are known.
    pub fn has_meanings(&self) -> bool {
        !self.units.meanings.is_empty()
    }

    /// The ways to cut one stretch; `None` where nobody speaks in it.
    pub fn lattice(&self, stretch: &Span, edges: (bool, bool)) -> Option<Lattice> {
        let from = self.units.said.partition_point(|u| u.start < stretch.start - 1.0);
        let to = self.units.said.partition_point(|u| u.start < stretch.end).max(from);
        let mut starts: Vec<f64> = self.units.said[from..to].iter().map(|s| s.start).collect();
        let first = starts.first_mut()?;
        *first = match self.kind {
            Kind::Speech => stretch.start,
            Kind::Labels => first.max(0.0),
        };
        let vocabulary = self.units.vocabulary();
        let mut cohesion = Lexical::new(&self.directions[from..to], &self.weights[from..to], vocabulary);
        let evidence = self.evidence[from..to].to_vec();
        let lattice = Lattice::new(stretch, &starts, evidence, &mut cohesion, self.lengths, edges);
        Some(match self.kind {
            Kind::Speech => lattice,
            // A label says when its step ends; what follows until the next label belongs to none.
            Kind::Labels => lattice.ending(self.units.said[from..to].iter().map(|s| s.end)),
        })
    }
}

/// The pieces of work in the given stretches, in order.
pub fn segments(
    transcript: &Transcript,
    signals: &Signals,
    meanings: &[Vec<f32>],
    stretches: &[Span],
    granularity: Granularity,
) -> Vec<Segment> {
    let active = stretches.iter().map(Span::duration).sum();
    let heard = Heard::new(transcript, signals, meanings, active, granularity);
    let weights = weights::of(heard.kind, granularity, heard.has_meanings());
    let last = stretches.len().saturating_sub(1);
    let of = |(i, stretch): (usize, &Span)| {
        let whole = vec![Segment { span: *stretch, confidence: 0.5 }];
        let Some(lattice) = heard.lattice(stretch, (i == 0, i == last)) else { return whole };
        if (heard.kind, granularity) == (Kind::Labels, Granularity::Fine) {
            // Each label is a step.
            let cuts: Vec<usize> = (0..=lattice.units()).collect();
            return lattice.spans(&cuts).into_iter().map(|span| Segment { span, confidence: 1.0 }).collect();
        }
        decode(&lattice, &lattice.scores(&weights), SEED).unwrap_or(whole)
    };
    let mut found: Vec<Segment> = stretches.iter().enumerate().flat_map(of).collect();
    if heard.kind == Kind::Speech {
        join_opening(&mut found, transcript);
    }
    found
}

/// What is said for a moment before the first piece of work belongs to it, unless it is a piece by itself, a greeting or
/// an introduction.
fn join_opening(found: &mut Vec<Segment>, transcript: &Transcript) {
    let [first, second, ..] = found[..] else { return };
    let said = title::passages(transcript, &first.span);
    let apart = |p: &title::Passage| title::announces(&p.text) || title::greets(&p.text) || introduces(&p.text);
    let joins = first.span.duration() < OPENING_SECONDS && second.span.start - first.span.end < 1e-6;
    if joins && !said.is_empty() && !said.iter().any(apart) {
        found[1].span.start = first.span.start;
        found.remove(0);
    }
}
