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
    /// Seconds of the video.
    pub span: Span,
    /// Why nothing was recorded.
    pub label: &'static str,
    /// Where its mark begins on the strip, of 1000.
    pub mark: u32,
    /// How wide its mark is, of 1000.
    pub width: u32,
}

impl ShownGap {
    /// Those of `gaps` that lie in a video which begins at `begins_at` seconds of the recording.
    pub fn within(gaps: &[Gap], begins_at: f64, duration_seconds: f64) -> Vec<Self> {
        let video = Span::new(begins_at, begins_at + duration_seconds.max(0.0));
        let shown = gaps.iter().filter(|gap| gap.span.overlap(&video) >= SHORTEST).map(|gap| {
            let on_video = |at: f64| (at - begins_at).clamp(0.0, duration_seconds);
            let span = Span::new(on_video(gap.span.start), on_video(gap.span.end));
            let width = (STRIP * span.duration() / duration_seconds).max(MARK);
            let mark = (STRIP * span.start / duration_seconds).min(STRIP - width);
            Self { span, label: gap.kind.label(), mark: mark as u32, width: width as u32 }
        });
        shown.collect()
    }

    /// Its length.
    pub fn seconds(&self) -> f64 {
        self.span.duration()
    }

    /// Where it begins, as a clock shows it.
    pub fn from(&self) -> String {
        clock(self.span.start)
    }

    /// Where it ends, as a clock shows it.
    pub fn to(&self) -> String {
        clock(self.span.end)
    }

    /// Its length for people.
    pub fn length(&self) -> String {
        show_duration(Some(self.seconds().max(1.0)))
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
        let gaps = gaps.map(|(a, b)| Gap { span: Span::new(a, b), kind: GapKind::Paused });
        let said = |begins_at, duration| -> Vec<String> {
            let shown = ShownGap::within(&gaps, begins_at, duration);
            shown.iter().map(|g| format!("{}-{} {} {}+{}", g.from(), g.to(), g.length(), g.mark, g.width)).collect()
        };
        assert_eq!(
            said(0.0, 4000.0),
            ["0:10-0:20 10s 2+4", "1:40-11:40 10m 00s 25+150", "1:01:40-1:03:20 1m 40s 925+25"]
        );
        assert_eq!(said(60.0, 1000.0), ["0:40-10:40 10m 00s 40+600"]);
        assert_eq!(said(20.0, 80.0), [""; 0]);
    }
}
