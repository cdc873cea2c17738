//! One part to the server: mostly one request; after a break, the server's offset is the truth. What counts in the end is
//! its hash of what it has.

use crate::{Client, GlassesError, client::send, digest::of_repr_digest, spool::PartName};
use base64::{Engine, engine::general_purpose::STANDARD};
use reqwest::{Body, Method, RequestBuilder, Response, Url, header};
use std::time::Duration;

/// Bytes a second below which a connection counts as broken.
const SLOWEST: u64 = 8 * 1024;
const PATIENCE: Duration = Duration::from_secs(30);

/// What became of a part.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Arrival {
    /// The server has read all of its bytes and found the hash as announced.
    Confirmed,
    /// Somebody asked for this stretch to be deleted.
    Deleted,
}

/// How far attempts at a part have come.
#[derive(Clone, Debug, Default)]
pub struct Begun {
    location: Option<Url>,
    /// The server may have some of its bytes.
    pub interrupted: bool,
    /// Attempts that failed.
    pub failures: u32,
}

/// One attempt. After an error that is temporary, call it again with the same `begun`.
///
/// # Errors
/// As the protocol's table says; an answer without the marks of tus is [`GlassesError::Answer`].
pub async fn send_part(
    client: &Client,
    upload_url: &str,
    name: &PartName,
    bytes: &[u8],
    begun: &mut Begun,
) -> Result<Arrival, GlassesError> {
    let attempt = Attempt { client, upload_url, name, bytes };
    match attempt.run(begun).await {
        Err(GlassesError::Refused { status: 410, problem, .. }) if problem == "part-deleted" => Ok(Arrival::Deleted),
        Err(error) => {
            begun.interrupted = true;
            begun.failures += 1;
            if matches!(error, GlassesError::Refused { status: 404 | 410, .. }) {
                begun.location = None;
            }
            Err(error)
        }
        Ok(()) => Ok(Arrival::Confirmed),
    }
}

struct Attempt<'a> {
    client: &'a Client,
    upload_url: &'a str,
    name: &'a PartName,
    bytes: &'a [u8],
}

/// What the server says of an upload.
struct Standing {
    offset: usize,
    confirmed: bool,
}

impl Attempt<'_> {
    async fn run(&self, begun: &mut Begun) -> Result<(), GlassesError> {
        let (url, mut standing) = match &begun.location {
            Some(url) => (url.clone(), self.look(url).await?),
            None => self.create(begun).await?,
        };
        if !standing.confirmed && standing.offset < self.bytes.len() {
            standing = self.go_on(&url, standing.offset).await?;
        }
        if !standing.confirmed && standing.offset == self.bytes.len() {
            standing = self.look(&url).await?;
        }
        if standing.confirmed {
            return Ok(());
        }
        let why = format!("it has {} of {} bytes and does not confirm their hash", standing.offset, self.bytes.len());
        Err(GlassesError::Answer { doing: "uploading a part", why })
    }

    async fn create(&self, begun: &mut Begun) -> Result<(Url, Standing), GlassesError> {
        let doing = "uploading a part";
        let create_at = self.client.address(self.upload_url)?;
        let mut request = self.request(Method::POST, create_at.clone(), self.bytes.len());
        request = request.header("Upload-Length", self.bytes.len()).header("Upload-Metadata", self.metadata());
        request =
            if begun.interrupted { request.header(header::CONTENT_LENGTH, 0) } else { self.with_bytes(request, 0) };
        let answer = send(doing, request).await?;
        let standing = self.standing(doing, &answer)?;
        let location = answer.headers().get(header::LOCATION).and_then(|value| value.to_str().ok());
        let location = location.ok_or_else(|| GlassesError::Answer { doing, why: "it has no Location".to_owned() })?;
        let url = create_at.join(location).map_err(|e| GlassesError::Answer { doing, why: e.to_string() })?;
        let url = self.client.address(url.as_str())?;
        begun.location = Some(url.clone());
        Ok((url, standing))
    }

    async fn look(&self, url: &Url) -> Result<Standing, GlassesError> {
        let doing = "asking how far a part is";
        let answer = send(doing, self.request(Method::HEAD, url.clone(), 0)).await?;
        self.standing(doing, &answer)
    }

    async fn go_on(&self, url: &Url, offset: usize) -> Result<Standing, GlassesError> {
        let doing = "uploading the rest of a part";
        let request = self.request(Method::PATCH, url.clone(), self.bytes.len()).header("Upload-Offset", offset);
        self.standing(doing, &send(doing, self.with_bytes(request, offset)).await?)
    }

    fn request(&self, method: Method, url: Url, bytes: usize) -> RequestBuilder {
        let patience = PATIENCE + Duration::from_secs(bytes as u64 / SLOWEST);
        self.client.request(method, url).timeout(patience).header("Tus-Resumable", "1.0.0")
    }

    fn with_bytes(&self, request: RequestBuilder, from: usize) -> RequestBuilder {
        let rest = self.bytes[from..].to_vec();
        request.header(header::CONTENT_TYPE, "application/offset+octet-stream").body(Body::from(rest))
    }

    fn standing(&self, doing: &'static str, answer: &Response) -> Result<Standing, GlassesError> {
        let text = |name: &str| answer.headers().get(name).and_then(|value| value.to_str().ok());
        let wrong = |why: &str| GlassesError::Answer { doing, why: why.to_owned() };
        if text("Tus-Resumable").is_none() {
            return Err(wrong("it is not that of an upload server"));
        }
        let offset = text("Upload-Offset").and_then(|offset| offset.parse().ok());
        let offset = offset.filter(|offset| *offset <= self.bytes.len());
        let digest = text("Repr-Digest").and_then(of_repr_digest);
        Ok(Standing {
            offset: offset.ok_or_else(|| wrong("it has no Upload-Offset that can be"))?,
            confirmed: digest.as_ref() == Some(&self.name.sha256),
        })
    }

    fn metadata(&self) -> String {
        let PartName { number, run, start_ms, duration_ms, sha256 } = self.name;
        let pairs = [
            ("part", number.to_string()),
            ("run", run.to_string()),
            ("start_ms", start_ms.to_string()),
            ("duration_ms", duration_ms.to_string()),
            ("sha256", sha256.clone()),
            ("filetype", "video/mp4".to_owned()),
        ];
        pairs.map(|(key, value)| format!("{key} {}", STANDARD.encode(value))).join(",")
    }
}
