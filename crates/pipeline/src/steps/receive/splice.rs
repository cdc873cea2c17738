//! Puts parts one after another where some are missing.

use std::borrow::Cow;

/// What every WebM stream begins with, and what each of its clusters does.
const EBML: [u8; 4] = [0x1a, 0x45, 0xdf, 0xa3];
const CLUSTER: [u8; 4] = [0x1f, 0x43, 0xb6, 0x75];

/// Passes the bytes of a run's parts on. In WebM times count from the start of a cluster: behind a missing part nothing can
/// be used until the next cluster begins, or it would come to lie where an earlier one began. MP4 is cut at fragments, which
/// say their time themselves.
#[derive(Debug, Default)]
pub struct Splice {
    head: Vec<u8>,
    last: Option<u32>,
    skips: bool,
    /// The last bytes that were skipped: a cluster may begin in them.
    held: Vec<u8>,
}

impl Splice {
    /// The part of this number comes next.
    pub fn next_part(&mut self, number: u32) {
        if self.last.is_some_and(|last| number != last + 1) && self.head == EBML {
            (self.skips, self.held) = (true, Vec::new());
        }
        self.last = Some(number);
    }

    /// What of `piece` is to be written.
    pub fn pass<'a>(&mut self, piece: &'a [u8]) -> Cow<'a, [u8]> {
        let missing = EBML.len() - self.head.len();
        self.head.extend(piece.iter().take(missing));
        if !self.skips {
            return Cow::Borrowed(piece);
        }
        self.held.extend_from_slice(piece);
        let found = self.held.windows(CLUSTER.len()).position(|w| w == CLUSTER);
        self.skips = found.is_none();
        let from = found.unwrap_or(self.held.len().saturating_sub(CLUSTER.len() - 1));
        let rest = self.held.split_off(from);
        if self.skips {
            self.held = rest;
            return Cow::Borrowed(&[]);
        }
        self.held = Vec::new();
        Cow::Owned(rest)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Parts by number, each given in pieces of `size` bytes.
    fn spliced(parts: &[(u32, &[u8])], size: usize) -> Vec<u8> {
        let (mut splice, mut out) = (Splice::default(), Vec::new());
        for (number, bytes) in parts {
            splice.next_part(*number);
            bytes.chunks(size).for_each(|piece| out.extend_from_slice(&splice.pass(piece)));
        }
        out
    }

    #[test]
    fn behind_a_missing_part_webm_goes_on_with_the_next_cluster() {
        let cluster = |name: &str| [&CLUSTER[..], name.as_bytes()].concat();
        let first = [&EBML[..], b"head", &cluster("one")].concat();
        let torn = [&b"rest of another cluster "[..], &cluster("two")].concat();
        for size in [1, 2, 3, 5, 1000] {
            let whole = spliced(&[(1, &first), (2, &torn)], size);
            assert_eq!(whole, [&first[..], &torn].concat(), "nothing is missing");
            let holed = spliced(&[(1, &first), (3, &torn), (4, b" goes on")], size);
            assert_eq!(holed, [&first[..], &cluster("two"), b" goes on"].concat(), "{size}");
            let late = spliced(&[(1, &first), (3, b"nothing of use"), (4, &torn)], size);
            assert_eq!(late, [&first[..], &cluster("two")].concat(), "{size}");
            let mp4 = spliced(&[(1, b"....ftyp"), (3, b"....moof")], size);
            assert_eq!(mp4, b"....ftyp....moof");
        }
    }
}
