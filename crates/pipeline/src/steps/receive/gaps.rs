//! Why nothing was recorded.

use domain::{
    Span,
    recording::{Gap, GapKind},
};

/// A gap is a pause when most of it was one.
const MOST: f64 = 0.5;

/// The gaps of a recording that begins at `origin` seconds on the session's clock, each with its reason: what was deleted, then
/// what was paused, else what is missing.
pub fn explained(gaps: &[Span], origin: f64, breaks: &[(GapKind, u64, Option<u64>)]) -> Vec<Gap> {
    let spans = |kind: GapKind| {
        let of_kind = breaks.iter().filter(move |(k, ..)| *k == kind);
        of_kind.map(move |(_, start, end)| {
            let end = end.map_or(f64::MAX, |end| end as f64 / 1e3 - origin);
            Span::new(*start as f64 / 1e3 - origin, end)
        })
    };
    let kind = |gap: &Span| {
        if spans(GapKind::Deleted).any(|deleted| deleted.overlap(gap) > 0.0) {
            return GapKind::Deleted;
        }
        let paused: f64 = spans(GapKind::Paused).map(|paused| paused.overlap(gap)).sum();
        if paused > MOST * gap.duration() { GapKind::Paused } else { GapKind::Missing }
    };
    gaps.iter().map(|gap| Gap { span: *gap, kind: kind(gap) }).collect()
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
        let kinds: Vec<_> = explained(&gaps, 1.0, &breaks).into_iter().map(|gap| gap.kind).collect();
        assert_eq!(kinds, [GapKind::Paused, GapKind::Missing, GapKind::Deleted, GapKind::Paused]);
    }
}
