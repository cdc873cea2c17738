//! Follows the requests on a connection just far enough to know when the bytes of an upload are half way, or all there.

use tokio::{
    io::{AsyncWrite, AsyncWriteExt},
    sync::oneshot,
};

/// A moment of a request that brings bytes (`Content-Type: application/offset+octet-stream`).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Moment {
    /// Half of its bytes have gone to the server.
    Half,
    /// All of them have, and the answer has not been read.
    Whole,
}

/// Somebody who waits for a moment.
pub(super) struct Watcher {
    pub moment: Moment,
    tell: oneshot::Sender<oneshot::Sender<()>>,
}

/// A watcher, and what it gets: a sender whose end lets the connection go on.
pub(super) fn watcher(moment: Moment) -> (Watcher, oneshot::Receiver<oneshot::Sender<()>>) {
    let (tell, told) = oneshot::channel();
    (Watcher { moment, tell }, told)
}

/// One connection's way to the server.
#[derive(Default)]
pub(super) struct Follower {
    head: Vec<u8>,
    /// Bytes of the present body: all, and those that have passed.
    body: Option<(u64, u64)>,
}

impl Follower {
    /// Writes a chunk, and stops where somebody waits for it to.
    pub async fn pass(
        &mut self,
        mut chunk: &[u8],
        to: &mut (impl AsyncWrite + Unpin),
        taken: &impl Fn(Moment) -> Option<Watcher>,
    ) -> std::io::Result<()> {
        while !chunk.is_empty() {
            let (count, moment) = self.step(chunk);
            let (now, rest) = chunk.split_at(count);
            to.write_all(now).await?;
            if let Some(watcher) = moment.and_then(taken) {
                let (go_on, wait) = oneshot::channel();
                if watcher.tell.send(go_on).is_ok() {
                    let _ = wait.await;
                }
            }
            chunk = rest;
        }
        Ok(())
    }

    /// How many bytes belong together, and what moment follows them.
    fn step(&mut self, chunk: &[u8]) -> (usize, Option<Moment>) {
        let Some((all, passed)) = &mut self.body else {
            return (self.read_head(chunk), None);
        };
        let half = (*all).div_ceil(2);
        let until = if *passed < half { half } else { *all };
        let count = chunk.len().min(usize::try_from(until - *passed).unwrap_or(usize::MAX));
        *passed += count as u64;
        let moment = (*passed == until).then_some(if until == *all { Moment::Whole } else { Moment::Half });
        if *passed == *all {
            self.body = None;
        }
        (count, moment)
    }

    /// Bytes of `chunk` that belong to the head. Bodies that are not uploads pass as if they were heads, up to the next
    /// empty line, which does no harm.
    fn read_head(&mut self, chunk: &[u8]) -> usize {
        for (at, byte) in chunk.iter().enumerate() {
            self.head.push(*byte);
            if self.head.ends_with(b"\r\n\r\n") {
                let head = String::from_utf8_lossy(&self.head).to_ascii_lowercase();
                self.head.clear();
                if head.contains("application/offset+octet-stream") {
                    let length = head.lines().find_map(|line| line.strip_prefix("content-length:"));
                    let length = length.and_then(|text| text.trim().parse::<u64>().ok()).filter(|length| *length > 0);
                    self.body = length.map(|length| (length, 0));
                }
                return at + 1;
            }
        }
        chunk.len()
    }
}
