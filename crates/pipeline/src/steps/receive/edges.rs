//! What is missing before the recording's start and behind its end: no run shows it, so it is told from what else is known.

use super::gaps::{Break, of_kind};
use domain::{
    Span,
    recording::{Gap, GapKind},
};

/// Less than this is no gap, in seconds.
const SHORTEST: f64 = 0.5;
/// A camera needs a while: before the first part so many seconds without a reason are no gap.
const WARM_UP: f64 = 10.0;
/// Parts that were lost may be longer than those that arrived by this factor.
const LONGER: f64 = 1.5;

/// What is known of a session beside its runs; all times in seconds on the session's clock.
#[derive(Debug)]
pub struct Known<'a> {
    /// What of the session is in the recording, from its first second to its last.
    pub recorded: Span,
    /// Pauses and deletions.
    pub breaks: &'a [Break],
    /// Parts before the first that is in the recording, which nobody deleted.
    pub lost_before: u32,
    /// Parts behind the last that is in the recording, which nobody deleted.
    pub lost_behind: u32,
    /// Where the last part ends that arrived, whether it could be read or not.
    pub arrived_until: f64,
    /// When the session was stopped. A device that does not say when seems to have stopped as it said so.
    pub stopped_at: Option<f64>,
    /// Length of the longest part, in seconds.
    pub longest_part: f64,
}

impl Known<'_> {
    /// Gaps before the start of the recording, in order.
    pub fn before(&self) -> Vec<Gap> {
        let stretch = Span::new(0.0, self.recorded.start);
        let found = self.explained(stretch);
        let least = if self.lost_before > 0 { SHORTEST } else { WARM_UP };
        let kept = found.into_iter().filter(|(span, kind)| *kind != GapKind::Missing || span.duration() >= least);
        kept.map(|(span, kind)| edge(0.0, kind, Some(span.duration()))).collect()
    }

    /// Gaps behind the end of the recording, which lasts `seconds`, in order.
    pub fn behind(&self, seconds: f64) -> Vec<Gap> {
        let from = self.recorded.end;
        let stopped = self.stopped_at.filter(|at| *at > from);
        let told = self.breaks.iter().filter_map(|(_, _, end)| *end).max().unwrap_or(0) as f64 / 1e3;
        let until = stopped.unwrap_or(told).max(self.arrived_until).max(from);
        let mut found = self.explained(Span::new(from, until));
        let missing: f64 =
            found.iter().filter(|(_, kind)| *kind == GapKind::Missing).map(|(span, _)| span.duration()).sum();
        let arrived = self.arrived_until > from + SHORTEST;
        let most = LONGER * f64::from(self.lost_behind + 1) * self.longest_part;
        let is_length_known = self.lost_behind > 0 && (missing <= most || arrived && stopped.is_none());
        if !is_length_known {
            found.retain(|(_, kind)| *kind != GapKind::Missing);
        }
        let at_once = stopped.is_some_and(|at| at - from < SHORTEST);
        let lost = self.lost_behind > 0 && !at_once && found.iter().all(|(_, kind)| *kind == GapKind::Paused);
        let mut gaps: Vec<_> =
            found.into_iter().map(|(span, kind)| edge(seconds, kind, Some(span.duration()))).collect();
        if lost {
            gaps.insert(0, edge(seconds, GapKind::Missing, None));
        }
        gaps
    }

    /// Pieces of `stretch`, in order, each with its reason.
    fn explained(&self, stretch: Span) -> Vec<(Span, GapKind)> {
        let deleted = of_kind(self.breaks, GapKind::Deleted).filter_map(|gone| {
            // Parts go as a whole.
            let near = |a: f64, b: f64| (a - b).abs() < self.longest_part;
            let start = if near(gone.start, stretch.start) { stretch.start } else { gone.start };
            let end = if near(gone.end, stretch.end) { stretch.end } else { gone.end };
            within(Span::new(start, end), stretch)
        });
        let deleted = Span::merged(deleted.collect());
        let paused = of_kind(self.breaks, GapKind::Paused).filter_map(|pause| within(pause, stretch));
        let paused: Vec<_> = Span::merged(paused.collect()).iter().flat_map(|pause| pause.without(&deleted)).collect();
        let told = Span::merged([deleted.clone(), paused.clone()].concat());
        let missing = stretch.without(&told);
        let of = |spans: Vec<Span>, kind: GapKind| spans.into_iter().map(move |span| (span, kind));
        let mut all: Vec<_> = of(deleted, GapKind::Deleted)
            .chain(of(paused, GapKind::Paused))
            .chain(of(missing, GapKind::Missing))
            .filter(|(span, _)| span.duration() >= SHORTEST)
            .collect();
        all.sort_by(|a, b| a.0.start.total_cmp(&b.0.start));
        all
    }
}

fn edge(at: f64, kind: GapKind, seconds: Option<f64>) -> Gap {
    Gap { span: Span::new(at, at), kind, seconds }
}

/// What of `span` lies in `stretch`.
fn within(span: Span, stretch: Span) -> Option<Span> {
    (span.overlap(&stretch) > 0.0).then(|| Span::new(span.start.max(stretch.start), span.end.min(stretch.end)))
}

#[cfg(test)]
mod tests {
    use super::*;
    use GapKind::{Deleted, Missing, Paused};

    fn known(breaks: &[Break]) -> Known<'_> {
        Known {
            recorded: Span::new(4.0, 16.0),
            breaks,
            lost_before: 0,
            lost_behind: 0,
            arrived_until: 16.0,
            stopped_at: Some(24.0),
            longest_part: 2.0,
        }
    }

    fn told(gaps: Vec<Gap>) -> Vec<(GapKind, Option<f64>)> {
        gaps.into_iter().map(|gap| (gap.kind, gap.seconds)).collect()
    }

    #[test]
    fn what_was_deleted_or_paused_at_an_edge_is_told() {
        let first = [(Deleted, 0, Some(3_100))];
        assert_eq!(told(known(&first).before()), [(Deleted, Some(4.0))]);
        let last = [(Deleted, 17_000, Some(1_000_000))];
        assert_eq!(told(known(&last).behind(12.0)), [(Deleted, Some(8.0))]);
        assert!(known(&last).behind(12.0)[0].is_at_edge());
        // The last minute was paused and then deleted; the device does not say when it stopped.
        let both = [(Paused, 16_000, Some(50_000)), (Deleted, 40_000, Some(60_000))];
        let both = Known { stopped_at: Some(1.0), ..known(&both) };
        assert_eq!(told(both.behind(12.0)), [(Paused, Some(24.0)), (Deleted, Some(20.0))]);
        let open = [(Paused, 16_000, None)];
        assert_eq!(told(known(&open).behind(12.0)), [(Paused, Some(8.0))]);
    }

    #[test]
    fn what_is_missing_at_an_edge_is_told_where_parts_were_lost() {
        let none = known(&[]);
        assert_eq!((none.before(), none.behind(12.0)), (vec![], vec![]));
        let late = Known { recorded: Span::new(300.0, 310.0), ..known(&[]) };
        assert_eq!(told(late.before()), [(Missing, Some(300.0))]);
        let lost = Known { lost_before: 2, lost_behind: 4, ..known(&[]) };
        assert_eq!(told(lost.before()), [(Missing, Some(4.0))]);
        assert_eq!(told(lost.behind(12.0)), [(Missing, Some(8.0))]);
        // Four parts are not an hour.
        let late_stop = Known { stopped_at: Some(3600.0), ..lost };
        assert_eq!(told(late_stop.behind(12.0)), [(Missing, None)]);
        let at_once = Known { stopped_at: Some(16.3), lost_behind: 1, ..known(&[]) };
        assert_eq!(at_once.behind(12.0), []);
        let no_stop = Known { stopped_at: None, lost_behind: 4, ..known(&[]) };
        assert_eq!(told(no_stop.behind(12.0)), [(Missing, None)]);
        let unreadable = Known { arrived_until: 30.0, ..no_stop };
        assert_eq!(told(unreadable.behind(12.0)), [(Missing, Some(14.0))]);
        // They were deleted on the device.
        let gone = [(Deleted, 17_000, Some(24_000))];
        assert_eq!(told(Known { lost_behind: 4, ..known(&gone) }.behind(12.0)), [(Deleted, Some(8.0))]);
        let paused = [(Paused, 16_000, Some(24_000))];
        let paused = Known { lost_behind: 1, ..known(&paused) };
        assert_eq!(told(paused.behind(12.0)), [(Missing, None), (Paused, Some(8.0))]);
    }
}
