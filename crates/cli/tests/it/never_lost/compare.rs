//! What was recorded against what has arrived.

use super::{arrived, recorded};
use std::collections::BTreeMap;

/// The difference, in parts.
#[derive(Clone, Debug, Default)]
pub struct Comparison {
    /// On the device's disk.
    pub recorded: usize,
    pub bytes: u64,
    /// Those whose bytes were read on the device's disk, too; of the others the hash in their name is known.
    pub read: usize,
    pub equal: usize,
    pub lost: Vec<u32>,
    pub different: Vec<u32>,
    /// At the server and never seen on the device's disk.
    pub invented: Vec<u32>,
}

impl Comparison {
    pub fn of(recorded: &BTreeMap<u32, recorded::Part>, arrived: &BTreeMap<u32, arrived::Part>) -> Self {
        let mut this = Self { recorded: recorded.len(), ..Self::default() };
        for (number, part) in recorded {
            this.read += usize::from(part.read.is_some());
            let Some(there) = arrived.get(number).filter(|there| there.state == "complete") else {
                this.lost.push(*number);
                continue;
            };
            let (bytes, hash) = &there.stored;
            this.bytes += bytes;
            let read = part.read.as_ref().is_none_or(|read| *read == there.stored);
            if read && *hash == part.sha256 && there.sha256.as_ref() == Some(hash) {
                this.equal += 1;
            } else {
                this.different.push(*number);
            }
        }
        this.invented = arrived.keys().filter(|number| !recorded.contains_key(number)).copied().collect();
        this
    }

    pub fn is_whole(&self) -> bool {
        self.equal == self.recorded && self.invented.is_empty()
    }
}
