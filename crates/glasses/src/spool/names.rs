//! Names of files: everything that is known of a part.

use super::write::UNFINISHED;
use domain::SeatId;
use std::fmt;

/// What a part's file name says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PartName {
    /// From 1, over the whole session, without holes.
    pub number: u32,
    /// From 1.
    pub run: u32,
    /// Where it begins on the session's clock, in milliseconds.
    pub start_ms: u64,
    /// How long it is, in milliseconds; 0 for a header.
    pub duration_ms: u64,
    /// Of its bytes, 64 hex digits.
    pub sha256: String,
}

/// What became of a part.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PartState {
    /// On the disk, to be sent.
    Held,
    /// The server has confirmed its hash.
    Sent,
    /// Deleted as asked, here or on the server.
    Gone,
    /// Its bytes are not those that were written.
    Torn,
}

impl PartState {
    pub(super) fn extension(self) -> &'static str {
        match self {
            Self::Held => "part",
            Self::Sent => "sent",
            Self::Gone => "gone",
            Self::Torn => "torn",
        }
    }

    fn of_extension(text: &str) -> Option<Self> {
        [Self::Held, Self::Sent, Self::Gone, Self::Torn].into_iter().find(|state| state.extension() == text)
    }
}

impl PartName {
    /// Where it ends on the session's clock, in milliseconds.
    pub fn end_ms(&self) -> u64 {
        self.start_ms.saturating_add(self.duration_ms)
    }

    /// Whether it holds something of the stretch from `from_ms` to `to_ms`. A header holds nothing of any.
    pub fn touches(&self, from_ms: u64, to_ms: u64) -> bool {
        self.duration_ms > 0 && self.start_ms < to_ms && self.end_ms() > from_ms
    }

    pub(super) fn file_name(&self, state: PartState) -> String {
        format!("{self}.{}", state.extension())
    }

    pub(super) fn parse(file_name: &str) -> Option<(Self, PartState)> {
        let (stem, extension) = file_name.rsplit_once('.')?;
        let state = PartState::of_extension(extension)?;
        let mut fields = stem.split('-');
        let mut number = |letter: char| fields.next()?.strip_prefix(letter)?.parse::<u64>().ok();
        let (part, run, start_ms, duration_ms) = (number('p')?, number('r')?, number('s')?, number('d')?);
        let sha256 = fields.next()?.to_owned();
        let hex = sha256.len() == 64 && sha256.bytes().all(|b| matches!(b, b'0'..=b'9' | b'a'..=b'f'));
        let name = Self { number: part.try_into().ok()?, run: run.try_into().ok()?, start_ms, duration_ms, sha256 };
        (hex && fields.next().is_none() && name.number > 0 && name.run > 0).then_some((name, state))
    }
}

impl fmt::Display for PartName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { number, run, start_ms, duration_ms, sha256 } = self;
        write!(f, "p{number:06}-r{run}-s{start_ms}-d{duration_ms}-{sha256}")
    }
}

/// What an event's file name says: `e000003-<sha256>.json`. What must hold even where the bytes do not stands in it: whose
/// device it was at the start, `e000001-u<seat id>-…`, and which milliseconds are to be deleted, `e000003-x60000-120000-…`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct EventName {
    pub number: u32,
    pub seat: Option<SeatId>,
    pub deletes: Option<(u64, u64)>,
    pub sha256: String,
}

impl EventName {
    /// The name, and whether the server knows of the event.
    pub fn parse(file_name: &str) -> Option<(Self, bool)> {
        let (stem, extension) = file_name.rsplit_once('.')?;
        let (number, facts) = stem.strip_prefix('e')?.split_once('-')?;
        let (fact, sha256) = facts.rsplit_once('-').unwrap_or(("", facts));
        let mut name = Self { number: number.parse().ok()?, seat: None, deletes: None, sha256: sha256.to_owned() };
        if let Some(seat) = fact.strip_prefix('u') {
            name.seat = Some(SeatId(seat.parse().ok()?));
        } else if let Some(stretch) = fact.strip_prefix('x') {
            let (from, to) = stretch.split_once('-')?;
            name.deletes = Some((from.parse().ok()?, to.parse().ok()?));
        }
        matches!(extension, "json" | "sent").then_some((name, extension == "sent"))
    }
}

impl fmt::Display for EventName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "e{:06}-", self.number)?;
        if let Some(SeatId(seat)) = self.seat {
            write!(f, "u{}-", seat.simple())?;
        }
        if let Some((from, to)) = self.deletes {
            write!(f, "x{from}-{to}-")?;
        }
        write!(f, "{}.json", self.sha256)
    }
}

/// Whether this is a file that was being written when the program died.
pub(super) fn is_unfinished(file_name: &str) -> bool {
    file_name.rsplit_once('.').is_some_and(|(_, extension)| extension == UNFINISHED)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn a_name_says_all(number in 1..u32::MAX, run in 1..u32::MAX, start_ms: u64, duration_ms: u64) {
            let name = PartName { number, run, start_ms, duration_ms, sha256: "0a".repeat(32) };
            let read = PartName::parse(&name.file_name(PartState::Held));
            prop_assert_eq!(read, Some((name, PartState::Held)));
        }

        #[test]
        fn anything_else_is_no_part(text in ".*") {
            prop_assert_eq!(PartName::parse(&text), None);
        }
    }

    #[test]
    fn a_header_touches_no_stretch() {
        let part = |start_ms, duration_ms| PartName { number: 1, run: 1, start_ms, duration_ms, sha256: String::new() };
        assert!(part(1000, 2000).touches(2999, 5000));
        assert!(!part(1000, 2000).touches(3000, 5000));
        assert!(part(1000, 2000).touches(0, 1001));
        assert!(!part(1000, 2000).touches(0, 1000));
        assert!(!part(1000, 0).touches(0, 5000));
    }
}
