//! The resumable upload of a recording: tus 1.0. Whatever breaks, the server is asked how far it got, and the upload
//! goes on from there; it ends when the server has every byte, or says no for good. The file is never changed.

use crate::{Backoff, Client, GlassesError, client::send};
use base64::{Engine, engine::general_purpose::STANDARD};
use reqwest::{Body, Method, Response, Url, header};
use std::{
    io::{self, SeekFrom},
    path::Path,
    time::Duration,
};
use tokio::{
    fs::File,
    io::{AsyncReadExt, AsyncSeekExt},
};
use tokio_util::io::ReaderStream;
use uuid::Uuid;

/// Bytes read from the file at once.
const READ_BYTES: usize = 64 * 1024;
/// Bytes a second below which a connection counts as broken.
const SLOWEST: u64 = 8 * 1024;
/// For an answer without a body.
const PATIENCE: Duration = Duration::from_secs(30);

/// Uploads files, one call each. Cheap to clone.
#[derive(Clone, Debug)]
pub struct Uploader {
    client: Client,
    /// Bytes of one request. Smaller: less to send again where the server keeps only whole requests.
    pub piece_bytes: u64,
    /// The waits between attempts.
    pub backoff: Backoff,
}

/// How far an upload is.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Progress<'a> {
    /// Bytes that the server has.
    pub sent: u64,
    /// Bytes of the file.
    pub total: u64,
    /// The upload's address. Kept beside the recording it lets a restarted device go on: see [`Uploader::upload`].
    pub location: &'a str,
}

/// An upload that the server has in full.
#[derive(Clone, Debug, PartialEq)]
pub struct Uploaded {
    /// Its address.
    pub location: String,
    /// Its size.
    pub bytes: u64,
}

impl Uploader {
    /// 8 MiB a request, waiting for ever between attempts.
    pub fn new(client: Client) -> Self {
        Self { client, piece_bytes: 8 << 20, backoff: Backoff::default() }
    }

    /// Uploads the finished file at `path` to where `upload_url` creates uploads, and returns when the server has it.
    ///
    /// `metadata` is sent when the upload is created; its keys are words of ASCII. `begun` is the location of an upload
    /// of the same file that an earlier run began; one that the server has forgotten is begun anew. `progress` is
    /// called after creation and after every piece. Dropping the future stops the upload, to be continued.
    pub async fn upload(
        &self,
        upload_url: &str,
        path: &Path,
        metadata: &[(&str, &str)],
        begun: Option<&str>,
        mut progress: impl FnMut(Progress<'_>),
    ) -> Result<Uploaded, GlassesError> {
        let total = size(path).await?;
        let metadata = encode_metadata(metadata)?;
        let create_at = self.client.address(upload_url)?;
        let mut location = begun.map(|url| self.client.address(url)).transpose()?;
        // How far the server is; `None` when it must be asked.
        let mut offset = None;
        // The most that the server has had of this upload.
        let mut furthest = 0;
        let mut failures = 0;
        // Names the creation, so that one whose answer was lost is not done twice.
        let mut creation = Uuid::now_v7();
        loop {
            let attempt = match (&location, offset) {
                (None, _) => self.create(&create_at, creation, total, &metadata).await.map(|url| {
                    location = Some(url);
                    0
                }),
                (Some(url), None) => self.offset(url, path, total).await,
                (Some(url), Some(from)) => self.send_piece(url, path, from, total).await,
            };
            match attempt {
                Ok(now) => {
                    // Only new bytes are progress: else a server that fails every piece is asked for ever.
                    if now > furthest {
                        (furthest, failures) = (now, 0);
                    }
                    offset = Some(now);
                    let at = location.as_ref().map(Url::as_str).unwrap_or_default();
                    progress(Progress { sent: now, total, location: at });
                    if now == total {
                        return Ok(Uploaded { location: at.to_owned(), bytes: total });
                    }
                }
                Err(error) => {
                    let forgotten =
                        location.is_some() && matches!(error, GlassesError::Refused { status: 404 | 410, .. });
                    if !forgotten && !error.is_temporary() {
                        return Err(error);
                    }
                    tracing::info!(%error, failures, forgotten, "the upload broke off and goes on");
                    if forgotten {
                        (location, furthest) = (None, 0);
                        creation = Uuid::now_v7();
                    }
                    offset = None;
                    let retry_after = error.retry_after();
                    failures = self.wait(failures, retry_after).await.ok_or(error)?;
                }
            }
        }
    }

    /// Waits and returns the failures so far; `None` when it is time to give up.
    async fn wait(&self, failures: u32, at_least: Option<Duration>) -> Option<u32> {
        let failures = failures.saturating_add(1);
        let wait = self.backoff.wait(failures, rand::random())?;
        tokio::time::sleep(wait.max(at_least.unwrap_or_default().min(self.backoff.longest))).await;
        Some(failures)
    }

    async fn create(&self, create_at: &Url, key: Uuid, total: u64, metadata: &str) -> Result<Url, GlassesError> {
        let doing = "creating the upload";
        let mut request = self.client.request(Method::POST, create_at.clone()).timeout(PATIENCE);
        request = request.header("Tus-Resumable", "1.0.0").header("Upload-Length", total);
        request = request.header("Idempotency-Key", key.to_string());
        if !metadata.is_empty() {
            request = request.header("Upload-Metadata", metadata);
        }
        let response = send(doing, request.header(header::CONTENT_LENGTH, 0)).await?;
        let location = text_header(doing, &response, header::LOCATION.as_str())?;
        let url = create_at.join(&location).map_err(|e| GlassesError::Answer { doing, why: e.to_string() })?;
        self.client.address(url.as_str())
    }

    async fn offset(&self, url: &Url, path: &Path, total: u64) -> Result<u64, GlassesError> {
        let doing = "asking how far the upload is";
        let request = self.client.request(Method::HEAD, url.clone()).timeout(PATIENCE);
        let response = send(doing, request.header("Tus-Resumable", "1.0.0")).await?;
        if response.headers().contains_key("Upload-Length") {
            let promised = number_header(doing, &response, "Upload-Length")?;
            if promised != total {
                return Err(GlassesError::Changed { path: path.to_owned(), expected: promised, found: total });
            }
        }
        offset_of(doing, &response, 0, total)
    }

    async fn send_piece(&self, url: &Url, path: &Path, from: u64, total: u64) -> Result<u64, GlassesError> {
        let doing = "uploading";
        let bytes = (total - from).min(self.piece_bytes.max(1));
        let now = size(path).await?;
        if now != total {
            return Err(GlassesError::Changed { path: path.to_owned(), expected: total, found: now });
        }
        let opened = async {
            let mut file = File::open(path).await?;
            file.seek(SeekFrom::Start(from)).await?;
            io::Result::Ok(file)
        };
        let file = opened.await.map_err(|cause| GlassesError::File { path: path.to_owned(), cause })?;
        let body = Body::wrap_stream(ReaderStream::with_capacity(file.take(bytes), READ_BYTES));
        let request = self
            .client
            .request(Method::PATCH, url.clone())
            .timeout(PATIENCE + Duration::from_secs(bytes / SLOWEST))
            .header("Tus-Resumable", "1.0.0")
            .header("Upload-Offset", from)
            .header(header::CONTENT_TYPE, "application/offset+octet-stream")
            .header(header::CONTENT_LENGTH, bytes)
            .body(body);
        let response = send(doing, request).await?;
        offset_of(doing, &response, from, from + bytes)
    }
}

/// The value of `Upload-Metadata`: `filename cmVjLm1wNA==,container bXA0`.
fn encode_metadata(metadata: &[(&str, &str)]) -> Result<String, GlassesError> {
    let pairs = metadata.iter().map(|(key, value)| {
        let plain = |c: char| c.is_ascii_graphic() && c != ',';
        if key.is_empty() || !key.chars().all(plain) {
            return Err(GlassesError::Setting(format!("{key:?} cannot be a key of an upload: one ASCII word is")));
        }
        Ok(format!("{key} {}", STANDARD.encode(value)).trim_end().to_owned())
    });
    Ok(pairs.collect::<Result<Vec<_>, _>>()?.join(","))
}

async fn size(path: &Path) -> Result<u64, GlassesError> {
    let meta = tokio::fs::metadata(path).await;
    meta.map(|meta| meta.len()).map_err(|cause| GlassesError::File { path: path.to_owned(), cause })
}

/// The offset that the server reports, which must lie where it can: a wrong one would corrupt the recording.
fn offset_of(doing: &'static str, response: &Response, least: u64, most: u64) -> Result<u64, GlassesError> {
    let offset = number_header(doing, response, "Upload-Offset")?;
    if !(least..=most).contains(&offset) {
        return Err(GlassesError::Answer { doing, why: format!("offset {offset} is not between {least} and {most}") });
    }
    Ok(offset)
}

fn number_header(doing: &'static str, response: &Response, name: &str) -> Result<u64, GlassesError> {
    let text = text_header(doing, response, name)?;
    text.parse().map_err(|_| GlassesError::Answer { doing, why: format!("{name} is {text:?}, not a number") })
}

fn text_header(doing: &'static str, response: &Response, name: &str) -> Result<String, GlassesError> {
    let value = response.headers().get(name).and_then(|value| value.to_str().ok());
    value.map(str::to_owned).ok_or_else(|| GlassesError::Answer { doing, why: format!("it has no {name}") })
}

#[cfg(test)]
mod tests {
    use super::*;
    use rstest::rstest;

    #[rstest]
    #[case(&[], "")]
    #[case(&[("filename", "rec.mp4")], "filename cmVjLm1wNA==")]
    #[case(&[("a", "ä, b"), ("final", "")], "a w6QsIGI=,final")]
    fn metadata_is_encoded_as_tus_wants_it(#[case] metadata: &[(&str, &str)], #[case] expected: &str) {
        assert_eq!(encode_metadata(metadata).unwrap(), expected);
    }

    #[rstest]
    #[case("")]
    #[case("two words")]
    #[case("a,b")]
    #[case("schlüssel")]
    #[case("a\nb")]
    fn a_key_that_would_break_the_header_is_refused(#[case] key: &str) {
        assert!(encode_metadata(&[(key, "x")]).is_err());
    }

    #[rstest]
    #[case("Upload-Offset: 10", Some(10))]
    #[case("Upload-Offset: 9", None)]
    #[case("Upload-Offset: 21", None)]
    #[case("Upload-Offset: -1", None)]
    #[case("Upload-Offset: many", None)]
    #[case("X: 1", None)]
    fn an_offset_that_cannot_be_is_refused(#[case] header: &str, #[case] expected: Option<u64>) {
        let (name, value) = header.split_once(": ").unwrap();
        let response = response_with(name, value);
        assert_eq!(offset_of("uploading", &response, 10, 20).ok(), expected);
    }

    fn response_with(name: &str, value: &str) -> Response {
        http::Response::builder().header(name, value).body("").unwrap().into()
    }

    #[tokio::test]
    async fn a_missing_file_is_said_at_once() {
        let _ = rustls::crypto::aws_lc_rs::default_provider().install_default();
        let uploader = Client::new("http://127.0.0.1:9", "token").unwrap().uploader();
        let error = uploader.upload("/u", Path::new("/nowhere/rec.mp4"), &[], None, |_| {}).await.unwrap_err();
        assert!(matches!(error, GlassesError::File { .. }), "{error}");
    }

    #[tokio::test]
    async fn gives_up_on_a_server_that_is_not_there() {
        let _ = rustls::crypto::aws_lc_rs::default_provider().install_default();
        let file = tempfile::NamedTempFile::new().unwrap();
        let mut uploader = Client::new("http://127.0.0.1:9", "token").unwrap().uploader();
        uploader.backoff = Backoff { first: Duration::ZERO, give_up_after: Some(3), ..Backoff::default() };
        let error = uploader.upload("/u", file.path(), &[], None, |_| {}).await.unwrap_err();
        assert!(matches!(error, GlassesError::Network { .. }), "{error}");
    }
}
