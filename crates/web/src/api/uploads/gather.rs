//! Gathers the bytes of a body into pieces that are worth an object. A body that breaks off gives what had come first.

use axum::body::BodyDataStream;
use bytes::{Bytes, BytesMut};
use futures::{
    FutureExt, StreamExt,
    future::{self, BoxFuture},
};
use std::time::Duration;

/// A client that sends no byte for so long is gone.
const SILENCE: Duration = Duration::from_secs(120);
/// Refused bodies are read on for a little, so that the client gets to read the answer.
const LINGER: Duration = Duration::from_secs(2);
const LINGER_BYTES: usize = 4 << 20;

/// A body on its way.
pub struct Gather {
    body: BodyDataStream,
    held: BytesMut,
    /// What came beyond the piece.
    rest: Bytes,
    /// Bytes of one piece.
    piece: usize,
    /// Bytes that may still come.
    room: u64,
    /// Ends when the sender is shut out.
    shut_out: BoxFuture<'static, ()>,
    end: Option<End>,
}

/// How a body ended.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum End {
    /// As it should.
    Whole,
    /// The connection broke; what came before it is good.
    Broken(String),
    /// Nothing came for two minutes; what came before is good.
    Silent,
    /// Whoever sends was shut out; what came before is good.
    ShutOut,
    /// More came than there is room; the piece that went too far is dropped.
    TooLong,
}

impl Gather {
    /// Gathers at most `room` bytes into pieces of `piece` bytes.
    pub fn new(body: BodyDataStream, piece: usize, room: u64) -> Self {
        let shut_out = future::pending().boxed();
        Self { body, held: BytesMut::new(), rest: Bytes::new(), piece: piece.max(1), room, shut_out, end: None }
    }

    /// The same, which ends at once when `shut_out` does.
    pub fn until(self, shut_out: impl Future<Output = ()> + Send + 'static) -> Self {
        Self { shut_out: shut_out.boxed(), ..self }
    }

    /// The next piece, full but for the last one; else how the body ended.
    pub async fn next(&mut self) -> Result<Bytes, End> {
        while self.held.len() < self.piece && self.end.is_none() {
            if self.rest.is_empty() {
                self.read().await;
            }
            if self.held.is_empty() && !self.rest.is_empty() {
                // At once: growing step by step would copy, and hold twice as much.
                let coming = (self.rest.len() as u64).saturating_add(self.room);
                self.held.reserve(self.piece.min(usize::try_from(coming).unwrap_or(usize::MAX)));
            }
            let fits = self.rest.len().min(self.piece - self.held.len());
            self.held.extend_from_slice(&self.rest.split_to(fits));
        }
        match &self.end {
            Some(end) if self.held.is_empty() => Err(end.clone()),
            _ => Ok(self.held.split().freeze()),
        }
    }

    async fn read(&mut self) {
        let read = tokio::select! {
            biased;
            () = &mut self.shut_out => {
                self.end = Some(End::ShutOut);
                return;
            }
            read = tokio::time::timeout(SILENCE, self.body.next()) => read,
        };
        match read {
            Err(_) => self.end = Some(End::Silent),
            Ok(None) => self.end = Some(End::Whole),
            Ok(Some(Err(error))) => self.end = Some(End::Broken(error.to_string())),
            Ok(Some(Ok(bytes))) if bytes.len() as u64 > self.room => {
                self.held.clear();
                self.end = Some(End::TooLong);
            }
            Ok(Some(Ok(bytes))) => {
                self.room -= bytes.len() as u64;
                self.rest = bytes;
            }
        }
    }

    /// Reads on for a moment after a refusal: closing at once would reset the connection and lose the answer.
    pub async fn linger(&mut self) {
        if self.end.as_ref().is_some_and(|end| *end != End::TooLong) {
            return;
        }
        let read = async {
            let mut left = LINGER_BYTES;
            while let Some(Ok(bytes)) = self.body.next().await
                && left > bytes.len()
            {
                left -= bytes.len();
            }
        };
        let _ = tokio::time::timeout(LINGER, read).await;
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use axum::body::Body;
    use futures::stream;

    type Sent = Result<&'static str, std::io::Error>;

    async fn gathered(body: Body, piece: usize, room: u64) -> (Vec<String>, End) {
        let mut gather = Gather::new(body.into_data_stream(), piece, room);
        let mut pieces = Vec::new();
        loop {
            match gather.next().await {
                Ok(piece) => pieces.push(String::from_utf8(piece.to_vec()).unwrap()),
                Err(end) => return (pieces, end),
            }
        }
    }

    fn body(sent: Vec<Sent>) -> Body {
        Body::from_stream(stream::iter(sent))
    }

    #[tokio::test]
    async fn pieces_are_full_but_for_the_last() {
        let (pieces, end) = gathered(body(vec![Ok("abc"), Ok("de"), Ok("fghijkl"), Ok("m")]), 4, 100).await;
        assert_eq!((pieces.join("|").as_str(), end), ("abcd|efgh|ijkl|m", End::Whole));
        assert_eq!(gathered(body(vec![]), 4, 0).await, (vec![], End::Whole));
    }

    #[tokio::test]
    async fn a_broken_body_gives_what_came() {
        let broken = || std::io::Error::other("reset");
        let (pieces, end) = gathered(body(vec![Ok("abcde"), Err(broken())]), 4, 100).await;
        assert_eq!(pieces, ["abcd", "e"]);
        assert!(matches!(end, End::Broken(_)));
    }

    #[tokio::test]
    async fn the_piece_that_goes_too_far_is_dropped() {
        let (pieces, end) = gathered(body(vec![Ok("abcd"), Ok("ef"), Ok("ghi")]), 4, 8).await;
        assert_eq!((pieces.join("|").as_str(), end), ("abcd", End::TooLong));
        assert_eq!(gathered(body(vec![Ok("abcd")]), 9, 4).await, (vec!["abcd".into()], End::Whole));
    }

    #[tokio::test(start_paused = true)]
    async fn a_client_that_falls_silent_is_given_up_and_what_came_is_kept() {
        let sent = stream::iter([Sent::Ok("ab")]).chain(stream::pending());
        assert_eq!(gathered(Body::from_stream(sent), 4, 100).await, (vec!["ab".into()], End::Silent));
    }

    #[tokio::test(start_paused = true)]
    async fn a_client_that_is_shut_out_is_not_read_any_more_and_what_came_is_kept() {
        let sent = stream::iter(["a", "b", "c"]).then(async |byte| {
            tokio::time::sleep(Duration::from_secs(2)).await;
            Sent::Ok(byte)
        });
        let body = Body::from_stream(sent).into_data_stream();
        let mut gather = Gather::new(body, 4, 100).until(tokio::time::sleep(Duration::from_secs(5)));
        assert_eq!(gather.next().await, Ok(Bytes::from("ab")));
        assert_eq!(gather.next().await, Err(End::ShutOut));
    }

    #[tokio::test(start_paused = true)]
    async fn a_client_that_trickles_is_not_silent() {
        let sent = stream::iter(["a", "b", "c"]).then(async |byte| {
            tokio::time::sleep(SILENCE - Duration::from_secs(1)).await;
            Sent::Ok(byte)
        });
        assert_eq!(gathered(Body::from_stream(sent), 4, 100).await, (vec!["abc".into()], End::Whole));
    }
}
