//! An instant as a page shows it: short in the tenant's timezone, exact on hover, whole for machines.

use domain::Timestamp;

/// An instant and the timezone in which it is read.
#[derive(Clone, Debug, PartialEq)]
pub struct When {
    /// The instant.
    pub at: Timestamp,
    /// IANA name of the tenant's timezone.
    pub timezone: String,
}

impl When {
    /// An instant as a tenant in `timezone` reads it.
    pub fn new(at: Timestamp, timezone: impl Into<String>) -> Self {
        Self { at, timezone: timezone.into() }
    }

    /// `21 Nov 2026, 10:04`
    pub fn shown(&self) -> String {
        self.at.show(&self.timezone)
    }

    /// `21 Nov 2026, 10:04:37 GMT`
    pub fn exact(&self) -> String {
        self.at.show_exact(&self.timezone)
    }

    /// `10:04`
    pub fn clock(&self) -> String {
        self.shown().rsplit(", ").next().unwrap_or_default().to_owned()
    }

    /// For the attribute `datetime`, which takes at most three digits after the second: RFC 3339 in whole seconds.
    pub fn datetime(&self) -> String {
        Timestamp(self.at.0.div_euclid(1_000_000) * 1_000_000).to_string()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_instant_is_short_for_people_and_whole_for_machines() {
        let when = When::new(Timestamp(1_795_255_477_123_456), "Europe/Berlin");
        assert_eq!(when.shown(), "21 Nov 2026, 11:04");
        assert_eq!(when.exact(), "21 Nov 2026, 11:04:37 CET");
        assert_eq!(when.datetime(), "2026-11-21T10:04:37Z");
    }
}
