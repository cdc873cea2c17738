//! Cut: the model's pieces of work, put together from its windows, as boundaries of the recording, or not at all.

use super::{Answer, ProposedSegment, windows::OVERLAP};
use crate::{Segment, boundaries::MIN_SECONDS, evaluate::measure};
use domain::{Span, utterance::Transcript};

/// A boundary this near to a built-in one, in seconds, is that one.
const SAME: f64 = 8.0;
/// A boundary this near to the beginning of an utterance, in seconds, lies there.
const NEAR: f64 = 10.0;
/// How far a piece may reach over its window or its neighbour, in seconds, before it counts as wrong.
const LAX: f64 = 10.0;
/// A later window's first piece that starts this soon, in seconds, only goes on from the window before.
const EDGE: f64 = 30.0;
/// Share of pieces that may be wrong for the others to be believed.
const WRONG: f64 = 0.2;
/// Share of the speech in the built-in segments that the pieces must hold.
const COVERED: f64 = 0.8;
/// Pk against the built-in boundaries above which the two have nothing to do with each other.
const MOST_PK: f64 = 0.45;
/// Confidence of a boundary that only the model has.
const CONFIDENCE: f32 = 0.5;

/// The model's pieces of work.
#[derive(Debug)]
pub struct Pieces {
    /// In order, inside the recording, without overlap.
    pub all: Vec<Piece>,
    /// Whether the times as a whole can be believed.
    sound: bool,
}

/// One of them.
#[derive(Clone, Debug)]
pub struct Piece {
    /// Where it lies.
    pub span: Span,
    /// Unchecked.
    pub title: String,
    /// Unchecked.
    pub description: String,
}

/// Puts the pieces of all windows together.
pub fn pieces(answers: &[Answer], duration: f64) -> Pieces {
    let (mut all, mut wrong, mut count): (Vec<Piece>, usize, usize) = (Vec::new(), 0, 0);
    for (i, answer) in answers.iter().enumerate() {
        let window = answer.window;
        count += answer.proposal.segments.len();
        let mut segments: Vec<&ProposedSegment> = answer.proposal.segments.iter().collect();
        segments.sort_by(|a, b| a.start_seconds.total_cmp(&b.start_seconds));
        let mut before = f64::NEG_INFINITY;
        let known = all.len();
        for (n, segment) in segments.into_iter().enumerate() {
            let Some(span) = inside(segment, &window, duration).filter(|s| s.start >= before - LAX) else {
                wrong += 1;
                continue;
            };
            before = span.end;
            let goes_on = i > 0 && n == 0 && span.start <= window.start + EDGE;
            let known_as = all[..known].iter_mut().rev().find(|p| match goes_on {
                true => p.span.start <= window.start && p.span.end > window.start,
                false => (p.span.start - span.start).abs() < OVERLAP / 2.0,
            });
            match known_as {
                Some(piece) => piece.span.end = piece.span.end.max(span.end),
                None => {
                    all.push(Piece { span, title: segment.title.clone(), description: segment.description.clone() })
                }
            }
        }
    }
    all.sort_by(|a, b| a.span.start.total_cmp(&b.span.start));
    for i in 1..all.len() {
        all[i - 1].span.end = all[i - 1].span.end.min(all[i].span.start);
    }
    all.retain(|p| p.span.duration() > 0.0);
    Pieces { sound: count > 0 && wrong as f64 <= WRONG * count as f64, all }
}

/// Where a piece lies, if it lies in its window.
fn inside(segment: &ProposedSegment, window: &Span, duration: f64) -> Option<Span> {
    let (start, end) = (segment.start_seconds, segment.end_seconds);
    let lies = start.is_finite()
        && end.is_finite()
        && start < end
        && start >= window.start - LAX
        && start < window.end
        && end <= window.end + LAX;
    lies.then(|| Span::new(start.clamp(0.0, duration), end.clamp(0.0, duration)))
}

/// The active stretches of the recording cut at the model's boundaries; `None` where these are not plausible. Idle
/// stretches stay idle: only the built-in extraction knows what is seen and heard there.
pub fn cut(pieces: &Pieces, built_in: &[Segment], transcript: &Transcript, duration: f64) -> Option<Vec<Segment>> {
    if !pieces.sound || covered(&pieces.all, built_in, transcript) < COVERED {
        return None;
    }
    let boundaries: Vec<f64> = pieces.all.iter().map(|p| snapped(p.span.start, built_in, transcript)).collect();
    let mut found: Vec<Segment> = Vec::new();
    for stretch in stretches(built_in) {
        let mut start = stretch.start;
        let inner = boundaries.iter().copied().filter(|b| *b > stretch.start && stretch.end - b >= MIN_SECONDS);
        for boundary in inner {
            if boundary - start >= MIN_SECONDS {
                found.push(segment(start, boundary, built_in));
                start = boundary;
            }
        }
        found.push(segment(start, stretch.end, built_in));
    }
    let spans = |of: &[Segment]| of.iter().map(|s| s.span).collect::<Vec<_>>();
    let (few, many) = (built_in.len().min(found.len()), built_in.len().max(found.len()));
    let plausible = many <= 2 * few && measure(&spans(built_in), &spans(&found), duration).pk <= MOST_PK;
    plausible.then_some(found)
}

fn segment(start: f64, end: f64, built_in: &[Segment]) -> Segment {
    let agreed = built_in.iter().find(|s| s.span.start == start);
    Segment { span: Span::new(start, end), confidence: agreed.map_or(CONFIDENCE, |s| s.confidence.max(CONFIDENCE)) }
}

/// The built-in segments, joined where one goes over into the next.
fn stretches(built_in: &[Segment]) -> Vec<Span> {
    let mut found: Vec<Span> = Vec::new();
    for s in built_in {
        match found.last_mut() {
            Some(last) if s.span.start - last.end < 1.0 => last.end = last.end.max(s.span.end),
            _ => found.push(s.span),
        }
    }
    found
}

/// Share of what is said in the built-in segments that lies in the pieces; of the segments' time where nothing is said.
fn covered(pieces: &[Piece], built_in: &[Segment], transcript: &Transcript) -> f64 {
    let said = transcript.utterances.iter().map(|u| Span::new(u.start, u.end));
    let within = |span: &Span, s: &Segment| Span::new(span.start.max(s.span.start), span.end.min(s.span.end));
    let mut parts: Vec<Span> = said
        .flat_map(|u| built_in.iter().filter(move |s| s.span.overlap(&u) > 0.0).map(move |s| within(&u, s)))
        .collect();
    if parts.is_empty() {
        parts = built_in.iter().map(|s| s.span).collect();
    }
    let total: f64 = parts.iter().map(Span::duration).sum();
    let held: f64 = parts.iter().map(|part| pieces.iter().map(|p| p.span.overlap(part)).sum::<f64>()).sum();
    if total > 0.0 { held / total } else { 0.0 }
}

/// A boundary, moved to the built-in one or to the beginning of the utterance that it means.
fn snapped(at: f64, built_in: &[Segment], transcript: &Transcript) -> f64 {
    let nearest = |candidates: &mut dyn Iterator<Item = f64>, within: f64| {
        let distance = |t: &f64| (t - at).abs();
        candidates.filter(|t| distance(t) <= within).min_by(|a, b| distance(a).total_cmp(&distance(b)))
    };
    nearest(&mut built_in.iter().map(|s| s.span.start), SAME)
        .or_else(|| nearest(&mut transcript.utterances.iter().map(|u| u.start), NEAR))
        .unwrap_or(at)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{proposal::Proposal, samples};
    use proptest::prelude::*;

    fn answer(window: (f64, f64), pieces: &[(f64, f64)]) -> Answer {
        let segments = pieces.iter().map(|(start, end)| ProposedSegment {
            start_seconds: *start,
            end_seconds: *end,
            title: format!("{start}"),
            description: String::new(),
        });
        let proposal = Proposal { segments: segments.collect(), ..Proposal::default() };
        Answer { window: Span::new(window.0, window.1), proposal }
    }

    fn built_in(spans: &[(f64, f64)]) -> Vec<Segment> {
        spans.iter().map(|(a, b)| Segment { span: Span::new(*a, *b), confidence: 0.9 }).collect()
    }

    fn cut_at(proposed: &[(f64, f64)], found: &[(f64, f64)]) -> Option<Vec<(f64, f64)>> {
        let pieces = pieces(&[answer((0.0, 180.0), proposed)], 180.0);
        let cut = cut(&pieces, &built_in(found), &samples::boiler(), 180.0)?;
        Some(cut.iter().map(|s| (s.span.start, s.span.end)).collect())
    }

    const FOUND: &[(f64, f64)] = &[(0.0, 55.0), (55.0, 118.0), (118.0, 180.0)];

    #[test]
    fn a_plausible_cut_is_taken_and_snapped() {
        let moved = cut_at(&[(0.0, 52.0), (52.0, 88.0), (88.0, 121.0), (121.0, 181.0)], FOUND);
        // 52 and 121 mean built-in boundaries; 88 means the utterance at 85.
        assert_eq!(moved.unwrap(), [(0.0, 55.0), (55.0, 85.0), (85.0, 118.0), (118.0, 180.0)]);
        assert_eq!(cut_at(&[(0.0, 115.0), (115.0, 180.0)], FOUND).unwrap(), [(0.0, 118.0), (118.0, 180.0)]);
    }

    #[test]
    fn an_implausible_cut_is_not_taken() {
        let slivers: Vec<_> = (0..60).map(|i| (3.0 * f64::from(i), 3.0 * f64::from(i) + 3.0)).collect();
        for proposed in [
            &[][..],
            &[(0.0, 180.0)],
            &slivers,
            &[(0.0, 20.0), (160.0, 180.0)],
            &[(-500.0, -400.0), (0.0, 60.0), (60.0, 180.0)],
            &[(0.0, 55.0), (55.0, 118.0), (118.0, 9000.0)],
            &[(0.0, 180.0), (0.0, 180.0), (0.0, 180.0), (0.0, 180.0)],
            &[(180.0, 0.0), (118.0, 55.0)],
            &[(f64::NAN, 55.0), (55.0, f64::INFINITY)],
            &[(0.0, 25.0), (25.0, 140.0), (140.0, 160.0), (160.0, 180.0)],
        ] {
            assert_eq!(cut_at(proposed, FOUND), None, "{proposed:?}");
        }
    }

    #[test]
    fn idle_stretches_stay_idle() {
        let found = &[(0.0, 55.0), (100.0, 180.0)];
        assert_eq!(
            cut_at(&[(0.0, 70.0), (70.0, 134.0), (134.0, 180.0)], found).unwrap(),
            [(0.0, 55.0), (100.0, 134.0), (134.0, 180.0)]
        );
    }

    #[test]
    fn windows_are_stitched_where_they_overlap() {
        let windows = [
            answer((0.0, 1200.0), &[(0.0, 400.0), (400.0, 1100.0), (1100.0, 1200.0)]),
            // The first goes on from before; the second is the first window's third.
            answer((1080.0, 2000.0), &[(1080.0, 1110.0), (1110.0, 1500.0), (1500.0, 2000.0)]),
            answer((1880.0, 2800.0), &[(1885.0, 2300.0), (2300.0, 2800.0)]),
        ];
        let stitched = pieces(&windows, 2800.0);
        let spans: Vec<_> = stitched.all.iter().map(|p| (p.span.start, p.span.end)).collect();
        assert!(stitched.sound);
        assert_eq!(spans, [(0.0, 400.0), (400.0, 1100.0), (1100.0, 1500.0), (1500.0, 2300.0), (2300.0, 2800.0)]);
    }

    proptest! {
        #[test]
        fn whatever_is_proposed_a_cut_is_ordered_inside_apart_and_long_enough(
            proposed in prop::collection::vec((-50.0..250.0f64, -50.0..250.0f64), 0..12)
        ) {
            let found = &[(0.0, 55.0), (55.0, 100.0), (118.0, 180.0)];
            if let Some(cut) = cut_at(&proposed, found) {
                prop_assert!(cut.iter().all(|(a, b)| *a >= 0.0 && *b <= 180.0 && b - a >= MIN_SECONDS), "{:?}", cut);
                prop_assert!(cut.windows(2).all(|w| w[0].1 <= w[1].0), "{:?}", cut);
                let seconds: f64 = cut.iter().map(|(a, b)| b - a).sum();
                prop_assert!((seconds - 162.0).abs() < 1e-6, "work is lost or idleness won: {:?}", cut);
            }
        }
    }
}
