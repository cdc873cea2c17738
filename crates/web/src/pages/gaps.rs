//! The gaps of a recording as its player shows them: in a list, on a strip, and to the browser's part, which passes over
//! them.

use domain::{Span, recording::Gap, time::show_duration};

/// Width of the strip in its own units.
const STRIP: f64 = 1000.0;
/// Narrowest mark on the strip.
const MARK: f64 = 4.0;
/// Shorter than this in the video is no gap of it, in seconds.
const SHORTEST: f64 = 0.3;

/// A gap of a video.
#[derive(Clone, Debug, PartialEq)]
pub struct ShownGap {
    /// Seconds of the video. What is missing before its start or behind its end has no width.
    pub span: Span,
    /// Its true length in seconds, if it is known.
    pub seconds: Option<f64>,
    /// Why nothing was recorded.
    pub label: &'static str,
    /// Where its mark begins on the strip, of 1000.
    pub mark: u32,
    /// How wide its mark is, of 1000.
    pub width: u32,
}

impl ShownGap {
    /// `gaps` of a whole recording.
    pub fn of(gaps: &[Gap], duration_seconds: f64) -> Vec<Self> {
        let edges = gaps.iter().filter(|gap| gap.is_at_edge()).map(|gap| {
            let ends = gap.span.start > 0.0;
            let at = if ends { duration_seconds } else { 0.0 };
            let mark = if ends { STRIP - MARK } else { 0.0 };
            let (mark, width) = (mark as u32, MARK as u32);
            Self { span: Span::new(at, at), seconds: gap.length(), label: gap.kind.label(), mark, width }
        });
        let mut all: Vec<Self> = edges.chain(Self::within(gaps, 0.0, duration_seconds)).collect();
        all.sort_by(|a, b| a.span.start.total_cmp(&b.span.start));
        all
    }

    /// Those of `gaps` that lie in a video which begins at `begins_at` seconds of the recording.
    pub fn within(gaps: &[Gap], begins_at: f64, duration_seconds: f64) -> Vec<Self> {
        let video = Span::new(begins_at, begins_at + duration_seconds.max(0.0));
        let shown = gaps.iter().filter(|gap| gap.span.overlap(&video) >= SHORTEST).map(|gap| {
            let on_video = |at: f64| (at - begins_at).clamp(0.0, duration_seconds);
            let span = Span::new(on_video(gap.span.start), on_video(gap.span.end));
            let width = (STRIP * span.duration() / duration_seconds).max(MARK);
            let mark = (STRIP * span.start / duration_seconds).min(STRIP - width);
            let is_whole = gap.span.duration() - span.duration() < SHORTEST;
            let seconds = gap.length().filter(|_| is_whole).or(Some(span.duration()));
            Self { span, seconds, label: gap.kind.label(), mark: mark as u32, width: width as u32 }
        });
        shown.collect()
    }

    /// Where it lies, as a clock shows it.
    pub fn times(&self) -> String {
        let Span { start, end } = self.span;
        if end > start { format!("{} – {}", clock(start), clock(end)) } else { clock(start) }
    }

    /// What the list says of it: why, and how long, if that is known.
    pub fn said(&self) -> String {
        let place = match self.span {
            Span { start, end } if end > start => "",
            Span { start, .. } if start > 0.0 => "At the end: ",
            _ => "Before the start: ",
        };
        let length = self.length().map_or_else(String::new, |length| format!(" ({length})"));
        format!("{place}{}{length}", self.label)
    }

    /// What is said when the player passes over it.
    pub fn notice(&self) -> String {
        format!("{}, {} skipped", self.label, self.length().unwrap_or_default())
    }

    /// Its length for people, if it is known.
    fn length(&self) -> Option<String> {
        self.seconds.map(|seconds| show_duration(Some(seconds.max(1.0))))
    }
}

/// `4:05`, `1:02:45`.
fn clock(seconds: f64) -> String {
    let s = seconds.max(0.0).round() as u64;
    match (s / 3600, s / 60 % 60, s % 60) {
        (0, m, s) => format!("{m}:{s:02}"),
        (h, m, s) => format!("{h}:{m:02}:{s:02}"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use domain::recording::GapKind;

    #[test]
    fn a_video_shows_the_gaps_that_lie_in_it() {
        let gaps = [(10.0, 20.0), (100.0, 700.0), (3700.0, 3800.0)];
        let gaps = gaps.map(|(a, b)| Gap { span: Span::new(a, b), kind: GapKind::Paused, seconds: None });
        let said = |begins_at, duration| -> Vec<String> {
            let shown = ShownGap::within(&gaps, begins_at, duration);
            shown.iter().map(|g| format!("{} {} {}+{}", g.times(), g.said(), g.mark, g.width)).collect()
        };
        assert_eq!(
            said(0.0, 4000.0),
            [
                "0:10 – 0:20 Paused (10s) 2+4",
                "1:40 – 11:40 Paused (10m 00s) 25+150",
                "1:01:40 – 1:03:20 Paused (1m 40s) 925+25"
            ]
        );
        assert_eq!(said(60.0, 1000.0), ["0:40 – 10:40 Paused (10m 00s) 40+600"]);
        assert_eq!(said(20.0, 80.0), [""; 0]);
    }

    #[test]
    fn what_is_missing_at_the_edges_and_what_is_shown_shorter_is_listed_with_its_length() {
        let gap = |start, end, kind, seconds| Gap { span: Span::new(start, end), kind, seconds };
        let gaps = [
            gap(0.0, 0.0, GapKind::Deleted, Some(4.0)),
            gap(100.0, 700.0, GapKind::Paused, Some(226_800.0)),
            gap(800.0, 800.0, GapKind::Deleted, Some(60.0)),
            gap(800.0, 800.0, GapKind::Missing, None),
        ];
        let told = |gaps: Vec<ShownGap>| -> Vec<String> {
            gaps.iter().map(|g| format!("{} {} {}+{}", g.times(), g.said(), g.mark, g.width)).collect()
        };
        assert_eq!(
            told(ShownGap::of(&gaps, 800.0)),
            [
                "0:00 Before the start: Deleted by the engineer (4s) 0+4",
                "1:40 – 11:40 Paused (63h 00m) 125+750",
                "13:20 At the end: Deleted by the engineer (1m 00s) 996+4",
                "13:20 At the end: Not recorded 996+4",
            ]
        );
        // A clip has the gaps within it alone, and of one that it cuts into as much as it shows.
        assert_eq!(told(ShownGap::within(&gaps, 0.0, 400.0)), ["1:40 – 6:40 Paused (5m 00s) 250+750"]);
    }
}
