//! Time: instants in microseconds UTC, spans in seconds of a recording, and how both are shown.

use jiff::{civil::Date, tz::TimeZone};
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use std::fmt;

/// An instant: microseconds since 1970-01-01 UTC. In JSON an RFC 3339 string.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub struct Timestamp(pub i64);

impl Timestamp {
    /// The instant `seconds` later (earlier when negative).
    pub fn plus_seconds(self, seconds: f64) -> Self {
        Self(self.0.saturating_add((seconds * 1e6) as i64))
    }

    /// Seconds from `earlier` to this instant; negative when `earlier` is later.
    pub fn seconds_since(self, earlier: Self) -> f64 {
        (self.0 - earlier.0) as f64 / 1e6
    }

    fn jiff(self) -> jiff::Timestamp {
        jiff::Timestamp::from_microsecond(self.0).unwrap_or_default()
    }

    /// `21 Nov 2026, 10:04` in a tenant's timezone; an unknown timezone counts as UTC.
    pub fn show(self, timezone: &str) -> String {
        self.zoned(timezone).strftime("%-d %b %Y, %H:%M").to_string()
    }

    /// `21 Nov 2026, 10:04:37 GMT`: the exact time, for a tooltip.
    pub fn show_exact(self, timezone: &str) -> String {
        self.zoned(timezone).strftime("%-d %b %Y, %H:%M:%S %Z").to_string()
    }

    /// The day of the calendar in a tenant's timezone.
    pub fn date(self, timezone: &str) -> Date {
        self.zoned(timezone).date()
    }

    /// `20261121T100437Z`: for the names of files.
    pub fn compact(self) -> String {
        self.jiff().strftime("%Y%m%dT%H%M%SZ").to_string()
    }

    /// The instant at which a day begins in a tenant's timezone.
    pub fn start_of(day: Date, timezone: &str) -> Self {
        day.to_zoned(zone(timezone)).map_or(Self(0), |at| at.timestamp().into())
    }

    fn zoned(self, timezone: &str) -> jiff::Zoned {
        self.jiff().to_zoned(zone(timezone))
    }
}

/// An unknown timezone counts as UTC.
fn zone(name: &str) -> TimeZone {
    TimeZone::get(name).unwrap_or(TimeZone::UTC)
}

/// RFC 3339 with microseconds, as in JSON.
impl fmt::Display for Timestamp {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.jiff().fmt(f)
    }
}

impl fmt::Debug for Timestamp {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Timestamp({self})")
    }
}

impl From<jiff::Timestamp> for Timestamp {
    fn from(t: jiff::Timestamp) -> Self {
        Self(t.as_microsecond())
    }
}

impl Serialize for Timestamp {
    fn serialize<S: Serializer>(&self, s: S) -> Result<S::Ok, S::Error> {
        s.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for Timestamp {
    fn deserialize<D: Deserializer<'de>>(d: D) -> Result<Self, D::Error> {
        jiff::Timestamp::deserialize(d).map(Self::from)
    }
}

/// Where "now" comes from, so that every rule about time can be tested without sleeping.
pub trait Clock: Send + Sync {
    /// The present instant.
    fn now(&self) -> Timestamp;
}

/// The clock of the machine.
#[derive(Clone, Copy, Debug, Default)]
pub struct SystemClock;

impl Clock for SystemClock {
    fn now(&self) -> Timestamp {
        jiff::Timestamp::now().into()
    }
}

/// A clock that stands where a test puts it.
#[derive(Debug, Default)]
pub struct FixedClock(pub std::sync::atomic::AtomicI64);

impl FixedClock {
    /// Moves the clock on.
    pub fn advance(&self, seconds: f64) {
        self.0.fetch_add((seconds * 1e6) as i64, std::sync::atomic::Ordering::SeqCst);
    }
}

impl Clock for FixedClock {
    fn now(&self) -> Timestamp {
        Timestamp(self.0.load(std::sync::atomic::Ordering::SeqCst))
    }
}

/// A stretch of a recording: seconds from its start, `start <= end`.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct Span {
    /// Seconds from the start of the recording.
    pub start: f64,
    /// Seconds from the start of the recording.
    pub end: f64,
}

impl Span {
    /// A span; the ends are swapped when given the wrong way round.
    pub fn new(start: f64, end: f64) -> Self {
        if start <= end { Self { start, end } } else { Self { start: end, end: start } }
    }

    /// Length in seconds.
    pub fn duration(&self) -> f64 {
        self.end - self.start
    }

    /// Seconds that two spans share.
    pub fn overlap(&self, other: &Span) -> f64 {
        (self.end.min(other.end) - self.start.max(other.start)).max(0.0)
    }

    /// Whether anything of `other` lies in it; an instant does unless it is where this one ends.
    pub fn touches(&self, other: &Span) -> bool {
        other.start < self.end && (other.end > self.start || other.start >= self.start)
    }

    /// Whether it touches any of `stretches`, which are as [`Span::merged`] gives them.
    pub fn touches_any(&self, stretches: &[Span]) -> bool {
        let first = stretches.partition_point(|stretch| stretch.end < self.start);
        stretches[first..].iter().take_while(|s| s.start <= self.end).any(|stretch| stretch.touches(self))
    }

    /// Spans in order, those that overlap or meet as one.
    pub fn merged(mut spans: Vec<Span>) -> Vec<Span> {
        spans.sort_by(|a, b| a.start.total_cmp(&b.start));
        spans.dedup_by(|next, kept| {
            let joins = next.start <= kept.end;
            if joins {
                kept.end = kept.end.max(next.end);
            }
            joins
        });
        spans
    }

    /// What of it lies outside `holes`, which are in order: pieces in order.
    pub fn without(&self, holes: &[Span]) -> Vec<Span> {
        let (mut left, mut from) = (Vec::new(), self.start);
        for hole in holes.iter().filter(|hole| hole.overlap(self) > 0.0) {
            if hole.start > from {
                left.push(Span::new(from, hole.start));
            }
            from = from.max(hole.end);
        }
        if from < self.end {
            left.push(Span::new(from, self.end));
        }
        left
    }
}

/// A length for people: `20m 58s`, `1h 04m`, `45s`; `—` where there is none yet.
pub fn show_duration(seconds: Option<f64>) -> String {
    let Some(seconds) = seconds else { return "—".into() };
    let s = seconds.max(0.0).round() as u64;
    match (s / 3600, s / 60 % 60, s % 60) {
        (0, 0, s) => format!("{s}s"),
        (0, m, s) => format!("{m}m {s:02}s"),
        (h, m, _) => format!("{h}h {m:02}m"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_lies_in_a_stretch_touches_it() {
        let spans = |of: &[(f64, f64)]| of.iter().map(|(a, b)| Span::new(*a, *b)).collect::<Vec<_>>();
        let merged = Span::merged(spans(&[(20.0, 30.0), (1.0, 2.0), (2.0, 3.0), (21.0, 22.0), (40.0, 41.0)]));
        assert_eq!(merged, spans(&[(1.0, 3.0), (20.0, 30.0), (40.0, 41.0)]));
        for (from, to, touches) in [
            (0.0, 1.0, false),
            (0.0, 1.1, true),
            (1.0, 1.0, true),
            (3.0, 3.0, false),
            (3.0, 20.0, false),
            (2.9, 50.0, true),
            (25.0, 25.0, true),
            (41.0, 99.0, false),
        ] {
            assert_eq!(Span::new(from, to).touches_any(&merged), touches, "{from} to {to}");
        }
    }

    #[test]
    fn a_span_without_holes_is_its_pieces() {
        let span = Span::new(10.0, 20.0);
        let holes = |of: &[(f64, f64)]| of.iter().map(|(a, b)| Span::new(*a, *b)).collect::<Vec<_>>();
        assert_eq!(span.without(&holes(&[(0.0, 5.0), (25.0, 30.0)])), [span]);
        assert_eq!(
            span.without(&holes(&[(5.0, 11.0), (12.0, 13.0), (19.0, 40.0)])),
            holes(&[(11.0, 12.0), (13.0, 19.0)])
        );
        assert_eq!(span.without(&holes(&[(10.0, 20.0)])), []);
    }

    #[test]
    fn durations_read_as_the_product_page_says() {
        for (seconds, shown) in [
            (Some(1258.0), "20m 58s"),
            (Some(3840.0), "1h 04m"),
            (Some(45.2), "45s"),
            (Some(62.0), "1m 02s"),
            (Some(3599.6), "1h 00m"),
            (Some(0.0), "0s"),
            (None, "—"),
        ] {
            assert_eq!(show_duration(seconds), shown);
        }
    }

    #[test]
    fn instants_are_shown_in_the_tenants_timezone() {
        let t: Timestamp = serde_json::from_str("\"2026-11-21T10:04:37.000001Z\"").expect("valid");
        assert_eq!(t.show("Europe/Berlin"), "21 Nov 2026, 11:04");
        assert_eq!(t.show("No/Where"), "21 Nov 2026, 10:04");
        assert_eq!(t.show_exact("Europe/London"), "21 Nov 2026, 10:04:37 GMT");
        assert_eq!(serde_json::to_string(&t).expect("valid"), "\"2026-11-21T10:04:37.000001Z\"");
    }
}
