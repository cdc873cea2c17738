//! What a device sends, in the words of each server.

use crate::contestant::{Contestant, Running};
use anyhow::{Context, Result, ensure};
use aws_lc_rs::digest::{SHA256, digest};
use bytes::Bytes;
use rand::{RngCore, SeedableRng, rngs::StdRng};
use reqwest::{Body, Client, RequestBuilder, Response, header};
use serde_json::Value;
use std::{fmt::Write, net::SocketAddr, sync::LazyLock};

/// Bytes of a part: 2 s at about 4.4 Mbit/s.
pub const PART: usize = 1_100_000;
/// rustus holds a request in memory, so a whole file goes there in pieces.
const PIECE: u64 = 8 << 20;

/// What is sent.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Load {
    /// Parts, each created with its bytes in one request.
    Parts,
    /// One file.
    Whole,
}

/// Bytes that do not compress, and their SHA-256 in hex; parts are their beginnings.
pub static NOISE: LazyLock<Bytes> = LazyLock::new(|| {
    let mut bytes = vec![0; PIECE as usize];
    StdRng::seed_from_u64(1).fill_bytes(&mut bytes);
    bytes.into()
});

/// One device.
pub struct Sender {
    contestant: Contestant,
    http: Client,
    base: String,
    token: String,
    /// Where uploads are created.
    uploads: String,
    parts: u64,
}

impl Sender {
    /// A device that connects to `through` instead of to the server itself.
    pub async fn new(server: &Running, through: Option<SocketAddr>) -> Result<Self> {
        let base = format!("http://{}", through.unwrap_or(server.address()));
        let http = Client::builder().tcp_nodelay(true).build()?;
        let mut sender = Self {
            contestant: server.contestant.clone(),
            http,
            base,
            token: server.token.clone().unwrap_or_default(),
            uploads: "/files/".to_owned(),
            parts: 0,
        };
        sender.begin().await?;
        Ok(sender)
    }

    /// Starts a session, where there are such.
    async fn begin(&mut self) -> Result<()> {
        match self.contestant {
            Contestant::Trainar => {
                let request = self.http.post(format!("{}/api/v1/sessions", self.base)).bearer_auth(&self.token);
                let answer = request.json(&serde_json::json!({})).send().await?.error_for_status()?;
                let session: Value = serde_json::from_slice(&answer.bytes().await?)?;
                self.uploads = session["upload_url"].as_str().context("no upload_url")?.to_owned();
            }
            Contestant::Node(_) => self.uploads = "/files".to_owned(),
            Contestant::Plain | Contestant::Rustus(_) => {}
        }
        Ok(())
    }

    /// Sends about `bytes`; how many they were.
    pub async fn send(mut self, load: Load, bytes: u64) -> Result<u64> {
        match load {
            Load::Parts => {
                let hash = sha256(&NOISE[..PART]);
                for _ in 0..bytes.div_ceil(PART as u64) {
                    self.part(PART, &hash, NOISE.slice(..PART).into()).await?;
                }
                Ok(bytes.div_ceil(PART as u64) * PART as u64)
            }
            Load::Whole => self.whole(bytes).await,
        }
    }

    /// Sends one part of `length` bytes.
    pub async fn part(&mut self, length: usize, sha256: &str, body: Body) -> Result<()> {
        self.parts += 1;
        let number = self.parts;
        let request = if self.contestant == Contestant::Plain {
            self.http.put(format!("{}/{:016x}", self.base, rand::random::<u64>()))
        } else {
            let about = [
                ("part", number.to_string()),
                ("run", "1".to_owned()),
                ("start_ms", ((number - 1) * 2000).to_string()),
                ("duration_ms", "2000".to_owned()),
                ("sha256", sha256.to_owned()),
                ("filetype", "video/mp4".to_owned()),
            ];
            let create = self.tus(self.http.post(format!("{}{}", self.base, self.uploads)));
            create.header("Upload-Length", length).header("Upload-Metadata", metadata(&about))
        };
        let request = request.header(header::CONTENT_TYPE, "application/offset+octet-stream");
        let answer = done(request.header(header::CONTENT_LENGTH, length).body(body)).await?;
        if self.contestant == Contestant::Trainar {
            ensure!(answer.headers().contains_key("repr-digest"), "the part is not whole: {answer:?}");
        } else if self.contestant != Contestant::Plain {
            let kept = answer.headers().get("upload-offset").and_then(|offset| offset.to_str().ok()?.parse().ok());
            ensure!(kept == Some(length), "the part is not whole: {answer:?}");
        }
        Ok(())
    }

    async fn whole(self, bytes: u64) -> Result<u64> {
        if self.contestant == Contestant::Plain {
            let put = self.http.put(format!("{}/{:016x}", self.base, rand::random::<u64>()));
            done(put.header(header::CONTENT_LENGTH, bytes).body(noise(bytes))).await?;
            return Ok(bytes);
        }
        let about = [("filename", "recording.mp4".to_owned()), ("filetype", "video/mp4".to_owned())];
        let create = self.tus(self.http.post(format!("{}{}", self.base, self.uploads)));
        let create = create.header("Upload-Length", bytes).header("Upload-Metadata", metadata(&about));
        let created = done(create.header(header::CONTENT_LENGTH, 0)).await?;
        let location = created.headers()[header::LOCATION].to_str()?;
        let url = reqwest::Url::parse(&self.base)?.join(location)?;
        let url = format!("{}{}", self.base, url.path());
        let piece = if matches!(self.contestant, Contestant::Rustus(_)) { PIECE } else { bytes };
        let mut at = 0;
        while at < bytes {
            let count = piece.min(bytes - at);
            let patch = self.tus(self.http.patch(&url)).header("Upload-Offset", at);
            let patch = patch.header(header::CONTENT_TYPE, "application/offset+octet-stream");
            done(patch.header(header::CONTENT_LENGTH, count).body(noise(count))).await?;
            at += count;
        }
        Ok(bytes)
    }

    fn tus(&self, request: RequestBuilder) -> RequestBuilder {
        let request = request.header("Tus-Resumable", "1.0.0");
        if self.token.is_empty() { request } else { request.bearer_auth(&self.token) }
    }
}

async fn done(request: RequestBuilder) -> Result<Response> {
    let answer = request.send().await?;
    let status = answer.status();
    if status.is_success() {
        return Ok(answer);
    }
    anyhow::bail!("{status}: {}", answer.text().await?)
}

/// A body of so many bytes.
fn noise(bytes: u64) -> Body {
    const AT_ONCE: u64 = 64 * 1024;
    let pieces = (0..bytes.div_ceil(AT_ONCE)).map(move |piece| {
        let from = piece * AT_ONCE;
        let count = AT_ONCE.min(bytes - from);
        let at = (from % PIECE) as usize;
        Ok::<_, std::io::Error>(NOISE.slice(at..at + count as usize))
    });
    Body::wrap_stream(futures::stream::iter(pieces))
}

pub fn sha256(bytes: &[u8]) -> String {
    digest(&SHA256, bytes).as_ref().iter().fold(String::new(), |mut hex, byte| {
        let _ = write!(hex, "{byte:02x}");
        hex
    })
}

fn metadata(about: &[(&str, String)]) -> String {
    use base64::{Engine, engine::general_purpose::STANDARD};
    let pairs: Vec<String> = about.iter().map(|(key, value)| format!("{key} {}", STANDARD.encode(value))).collect();
    pairs.join(",")
}
