//! Why nothing was recorded.

use super::timeline::Timeline;
use domain::{
    Span,
    recording::{Gap, GapKind},
};

/// A gap is a pause when most of it was one.
const MOST: f64 = 0.5;
/// A gap's length and its room in the recording may differ by rounding, in seconds.
const ROUNDING: f64 = 0.1;

/// A stretch that somebody paused or deleted: why, from when and until when on the session's clock, in milliseconds.
pub type Break = (GapKind, u64, Option<u64>);

/// `breaks` of one kind, in seconds on the session's clock.
pub fn of_kind(breaks: &[Break], kind: GapKind) -> impl Iterator<Item = Span> {
    let of_kind = breaks.iter().filter(move |(k, ..)| *k == kind);
    of_kind.map(|(_, start, end)| Span::new(*start as f64 / 1e3, end.map_or(f64::MAX, |end| end as f64 / 1e3)))
}

/// The gaps of a recording, each with its reason and its true length: what was deleted, then what was paused, else what is
/// missing.
pub fn explained(gaps: &[Span], timeline: &Timeline, breaks: &[Break]) -> Vec<Gap> {
    let kind = |gap: &Span| {
        if of_kind(breaks, GapKind::Deleted).any(|deleted| deleted.overlap(gap) > 0.0) {
            return GapKind::Deleted;
        }
        let paused: f64 = of_kind(breaks, GapKind::Paused).map(|paused| paused.overlap(gap)).sum();
        if paused > MOST * gap.duration() { GapKind::Paused } else { GapKind::Missing }
    };
    let explained = gaps.iter().map(|gap| {
        let clock = Span::new(timeline.on_clock(gap.start), timeline.on_clock(gap.end));
        let differs = (clock.duration() - gap.duration()).abs() > ROUNDING;
        Gap { span: *gap, kind: kind(&clock), seconds: differs.then_some(clock.duration()) }
    });
    explained.collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_gap_has_the_reason_that_was_told() {
        let breaks = [
            (GapKind::Paused, 11_000, Some(19_500)),
            (GapKind::Deleted, 41_000, Some(42_000)),
            (GapKind::Paused, 90_000, None),
        ];
        let gaps = [(9.0, 18.0), (20.0, 22.0), (38.0, 41.0), (85.0, 120.0)].map(|(a, b)| Span::new(a, b));
        let found = explained(&gaps, &Timeline::from(1.0), &breaks);
        let kinds: Vec<_> = found.iter().map(|gap| gap.kind).collect();
        assert_eq!(kinds, [GapKind::Paused, GapKind::Missing, GapKind::Deleted, GapKind::Paused]);
        assert!(found.iter().all(|gap| gap.seconds.is_none()), "{found:?}");
    }

    #[test]
    fn a_gap_that_is_shown_shorter_keeps_its_length() {
        let weekend = [(GapKind::Paused, 12_000, Some(226_800_000))];
        let timeline = Timeline::of(vec![(0.0, 0.0), (226_801.0, 612.0)]);
        let found = explained(&[Span::new(12.0, 612.0)], &timeline, &weekend);
        let expected = Gap { span: Span::new(12.0, 612.0), kind: GapKind::Paused, seconds: Some(226_789.0) };
        assert_eq!(found, [expected]);
    }
}
