//! Fetching: into `FILE.part`, from where an earlier attempt broke off; renamed only when the checksum is right.

use super::{Address, Model, ModelError, ModelFile, draft::Draft, record, source::Source};
use futures::{Stream, StreamExt};
use reqwest::{Client, Response, StatusCode, header};
use std::{
    io::SeekFrom,
    path::{Path, PathBuf},
    pin::Pin,
    time::Duration,
};

/// How far a file is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Progress {
    /// Its name.
    pub file: String,
    /// Bytes that are here, those of earlier attempts included.
    pub done: u64,
    /// Bytes of all; `None` while nobody has said.
    pub total: Option<u64>,
}

/// How to fetch.
#[derive(Clone, Debug)]
pub struct Fetch {
    /// The models folder; created when missing.
    pub folder: PathBuf,
    /// Where the files come from.
    pub address: Address,
    /// How often a broken connection is made again when the last one brought nothing.
    pub attempts: u32,
    /// The pause before a connection is made again.
    pub pause: Duration,
}

type Chunks = Pin<Box<dyn Stream<Item = Result<Vec<u8>, String>> + Send>>;

impl Fetch {
    /// As a person at a terminal wants it: four attempts, 2 s apart.
    pub fn new(folder: &Path, address: Address) -> Self {
        Self { folder: folder.into(), address, attempts: 4, pause: Duration::from_secs(2) }
    }

    /// Brings every file of `model` into the folder; those that are there already are only verified. `sha256` replaces
    /// the checksum that this program knows (for models of one file). Dropping the future keeps what has arrived.
    ///
    /// # Errors
    /// See [`ModelError`]. What arrived stays for the next time, except where its checksum is wrong.
    pub async fn run(
        &self,
        model: &Model,
        sha256: Option<&str>,
        progress: &mut (dyn FnMut(&Progress) + Send),
    ) -> Result<(), ModelError> {
        let model = pinned(model, sha256)?;
        for file in &model.files {
            self.file(&model, file, progress).await?;
        }
        record::note(&model, &self.folder, &self.address.to_string())
    }

    async fn file(
        &self,
        model: &Model,
        file: &ModelFile,
        progress: &mut (dyn FnMut(&Progress) + Send),
    ) -> Result<(), ModelError> {
        let path = self.folder.join(model.place(file));
        if path.exists() {
            let (found, bytes) =
                record::sha256(&path).map_err(|source| ModelError::Read { path: path.clone(), source })?;
            if found == file.sha256 {
                progress(&Progress { file: file.name.clone(), done: bytes, total: Some(bytes) });
                return Ok(());
            }
        }
        let source = self.address.of(model, file);
        let mut draft = Draft::open(&path)?;
        self.fill(&mut draft, &source, file, progress).await?;
        draft.finish(&path, file, &source)
    }

    /// Again and again until everything is there, as long as something comes.
    async fn fill(
        &self,
        draft: &mut Draft,
        source: &Source,
        file: &ModelFile,
        progress: &mut (dyn FnMut(&Progress) + Send),
    ) -> Result<(), ModelError> {
        let mut fruitless = 0;
        loop {
            let before = draft.bytes;
            match self.connection(draft, source, file, progress).await {
                Err(ModelError::Broken { .. }) if draft.bytes > before => fruitless = 0,
                Err(ModelError::Broken { .. }) if fruitless + 1 < self.attempts => fruitless += 1,
                other => return other,
            }
            tokio::time::sleep(self.pause).await;
        }
    }

    async fn connection(
        &self,
        draft: &mut Draft,
        source: &Source,
        file: &ModelFile,
        progress: &mut (dyn FnMut(&Progress) + Send),
    ) -> Result<(), ModelError> {
        let (mut chunks, total) = open(draft, source).await?;
        if let (Some(offered), Some(expected)) = (total, file.bytes)
            && offered != expected
        {
            return Err(ModelError::OtherSize { address: source.to_string(), offered, expected });
        }
        let total = total.or(file.bytes);
        let mut tell = |done| progress(&Progress { file: file.name.clone(), done, total });
        tell(draft.bytes);
        while let Some(chunk) = chunks.next().await {
            draft.append(&chunk.map_err(|cause| draft.broken(source, &cause))?)?;
            tell(draft.bytes);
        }
        match total {
            Some(total) if draft.bytes < total => Err(draft.broken(source, "it ended too early")),
            _ => Ok(()),
        }
    }
}

/// `model` with the checksum that a person gave.
fn pinned(model: &Model, sha256: Option<&str>) -> Result<Model, ModelError> {
    let mut model = model.clone();
    if let Some(text) = sha256 {
        let [file] = &mut model.files[..] else {
            return Err(ModelError::ManyFiles { name: model.name, files: model.files.len() });
        };
        if text.len() != 64 || !text.bytes().all(|byte| byte.is_ascii_hexdigit()) {
            return Err(ModelError::NotAChecksum { text: text.into() });
        }
        *file = ModelFile { name: file.name.clone(), bytes: None, sha256: text.to_ascii_lowercase() };
    }
    Ok(model)
}

/// The rest of the file from where `draft` ends, and how long the whole is. A source that will not give the rest makes
/// the draft begin anew.
async fn open(draft: &mut Draft, source: &Source) -> Result<(Chunks, Option<u64>), ModelError> {
    match source {
        Source::File(path) => {
            let not_there = |error: std::io::Error| ModelError::NotThere {
                address: path.display().to_string(),
                status: error.to_string(),
            };
            let total = path.metadata().map_err(not_there)?.len();
            if draft.bytes > total {
                draft.empty()?;
            }
            let mut file = tokio::fs::File::open(path).await.map_err(not_there)?;
            tokio::io::AsyncSeekExt::seek(&mut file, SeekFrom::Start(draft.bytes)).await.map_err(not_there)?;
            let chunks = tokio_util::io::ReaderStream::with_capacity(file, 1 << 20)
                .map(|chunk| chunk.map(|bytes| bytes.to_vec()).map_err(|error| error.to_string()));
            Ok((Box::pin(chunks), Some(total)))
        }
        Source::Web(address) => {
            let mut response = ask(draft, address).await?;
            if response.status() == StatusCode::RANGE_NOT_SATISFIABLE && draft.bytes > 0 {
                // What is here is as long as the file or longer: it is complete, or of another file.
                draft.empty()?;
                response = ask(draft, address).await?;
            }
            check(&response, address)?;
            let (from, total) = range(&response);
            if from != draft.bytes {
                draft.empty()?;
                if from != 0 {
                    return Err(draft.broken(source, "it answered with another range than asked for"));
                }
            }
            let chunks = response.bytes_stream().map(|c| c.map(|b| b.to_vec()).map_err(|error| causes(&error)));
            Ok((Box::pin(chunks), total))
        }
    }
}

async fn ask(draft: &Draft, address: &str) -> Result<Response, ModelError> {
    let broken = |error: reqwest::Error| draft.broken(&Source::Web(address.into()), &causes(&error));
    let client = Client::builder()
        .connect_timeout(Duration::from_secs(20))
        .read_timeout(Duration::from_secs(60))
        .user_agent(concat!("trainar/", env!("CARGO_PKG_VERSION")))
        .build()
        .map_err(broken)?;
    let mut request = client.get(address);
    if draft.bytes > 0 {
        request = request.header(header::RANGE, format!("bytes={}-", draft.bytes));
    }
    request.send().await.map_err(broken)
}

fn check(response: &Response, address: &str) -> Result<(), ModelError> {
    let (address, status) = (address.to_owned(), response.status());
    let kind = response.headers().get(header::CONTENT_TYPE).and_then(|value| value.to_str().ok()).unwrap_or_default();
    match status {
        StatusCode::NOT_FOUND | StatusCode::GONE => Err(ModelError::NotThere { address, status: status.to_string() }),
        _ if !status.is_success() => Err(ModelError::Refused { address, status: status.to_string() }),
        _ if kind.starts_with("text/html") => Err(ModelError::WebPage { address }),
        _ => Ok(()),
    }
}

/// Where the answer begins in the file, and how long the file is.
fn range(response: &Response) -> (u64, Option<u64>) {
    let header = |name| response.headers().get(name).and_then(|value: &header::HeaderValue| value.to_str().ok());
    if response.status() != StatusCode::PARTIAL_CONTENT {
        return (0, header(header::CONTENT_LENGTH).and_then(|length| length.parse().ok()));
    }
    let said = header(header::CONTENT_RANGE).and_then(|text| text.strip_prefix("bytes ")).unwrap_or_default();
    let (span, total) = said.split_once('/').unwrap_or_default();
    let from = span.split_once('-').and_then(|(from, _)| from.parse().ok());
    (from.unwrap_or(u64::MAX), total.parse().ok())
}

/// An error with what caused it, in one line.
fn causes(error: &reqwest::Error) -> String {
    let mut text = error.to_string();
    let mut cause = std::error::Error::source(error);
    while let Some(deeper) = cause {
        text = format!("{text}: {deeper}");
        cause = deeper.source();
    }
    text
}
