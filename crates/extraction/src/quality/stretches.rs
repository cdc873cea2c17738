//! Stretches of time: joined, measured, and said in words.

use crate::title;
use domain::Span;

/// Stretches that a sentence names one by one, at most.
const NAMED: usize = 3;

/// Spans in order, joined over gaps shorter than `gap` seconds.
pub fn joined(spans: impl IntoIterator<Item = Span>, gap: f64) -> Vec<Span> {
    spans.into_iter().fold(Vec::new(), |mut all: Vec<Span>, span| {
        match all.last_mut() {
            Some(last) if span.start - last.end < gap => last.end = last.end.max(span.end),
            _ => all.push(span),
        }
        all
    })
}

/// The stretches that any of these cover.
pub fn union(mut spans: Vec<Span>) -> Vec<Span> {
    spans.sort_by(|a, b| a.start.total_cmp(&b.start));
    joined(spans, 0.01)
}

/// Those that last at least `least` seconds.
pub fn long(spans: Vec<Span>, least: f64) -> Vec<Span> {
    spans.into_iter().filter(|s| s.duration() >= least).collect()
}

/// Their length together, in seconds.
pub fn seconds(spans: &[Span]) -> f64 {
    spans.iter().map(Span::duration).sum()
}

/// "from 0:10 to 0:40 and from 1:00 to 1:20 (50 % of the recording)", the longest where there are many.
pub fn said(spans: &[Span], duration: f64) -> String {
    let mut longest: Vec<&Span> = spans.iter().collect();
    longest.sort_by(|a, b| b.duration().total_cmp(&a.duration()));
    longest.truncate(NAMED);
    longest.sort_by(|a, b| a.start.total_cmp(&b.start));
    let mut named: Vec<String> =
        longest.iter().map(|s| format!("from {} to {}", title::clock(s.start), title::clock(s.end))).collect();
    match spans.len().saturating_sub(NAMED) {
        0 => {}
        1 => named.push("for one shorter time".into()),
        n => named.push(format!("{n} shorter times")),
    }
    let last = named.pop().unwrap_or_default();
    let list = if named.is_empty() { last } else { format!("{} and {last}", named.join(", ")) };
    let percent = (100.0 * seconds(spans) / duration.max(1.0)).round().min(100.0);
    let share = if percent >= 99.0 { "the whole recording".into() } else { format!("{percent:.0} % of the recording") };
    format!("{list} ({share})")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn many_stretches_are_said_by_their_longest() {
        let spans = |of: &[(f64, f64)]| of.iter().map(|(a, b)| Span::new(*a, *b)).collect::<Vec<_>>();
        assert_eq!(said(&spans(&[(0.0, 60.0)]), 60.0), "from 0:00 to 1:00 (the whole recording)");
        assert_eq!(
            said(&spans(&[(0.0, 6.0), (10.0, 16.0)]), 60.0),
            "from 0:00 to 0:06 and from 0:10 to 0:16 (20 % of the recording)"
        );
        let many = spans(&[(0.0, 10.0), (20.0, 21.0), (30.0, 31.0), (40.0, 55.0), (60.0, 65.0)]);
        assert_eq!(
            said(&many, 64.0),
            "from 0:00 to 0:10, from 0:40 to 0:55, from 1:00 to 1:05 and 2 shorter times (50 % of the recording)"
        );
    }

    #[test]
    fn what_two_faults_cover_counts_once() {
        let both = union(vec![Span::new(4.0, 9.0), Span::new(0.0, 5.0), Span::new(20.0, 21.0)]);
        assert_eq!(both, [Span::new(0.0, 9.0), Span::new(20.0, 21.0)]);
        assert_eq!(seconds(&both), 10.0);
    }
}
