//! Sentence embeddings: a vector for every text, near to that of a text with the same meaning. Any sentence model of the
//! BERT family in a folder: `model.safetensors`, `tokenizer.json`, `config.json`, such as all-MiniLM-L6-v2.

mod bert;
mod config;
mod tokens;
mod weights;

use self::{bert::Bert, config::Config, tokens::Tokens, weights::Weights};
use std::{
    io,
    num::NonZero,
    path::{Path, PathBuf},
    sync::Mutex,
};

/// Texts are cut after so many tokens, the two around them included; an utterance has 15.
pub const MOST_TOKENS: usize = 256;

/// Tokens that go through the model at once: enough for fast products, 20 MB of numbers in between.
const TOKENS_AT_ONCE: usize = 512;

/// A sentence model, ready to use.
pub struct Embedder {
    folder: PathBuf,
    tokens: Tokens,
    bert: Bert,
    digest: String,
    threads: usize,
}

impl Embedder {
    /// Loads the model in `folder`. Takes as much memory as the weights have bytes, and reads all of them: call it where
    /// it may block.
    ///
    /// # Errors
    /// A file is missing, too large, damaged or not of the BERT family; the message says which and what to do.
    pub fn load(folder: &Path) -> Result<Self, EmbeddingError> {
        if !folder.is_dir() {
            return Err(EmbeddingError::NoFolder { folder: folder.to_owned() });
        }
        let config = Config::read(folder)?;
        let tokens = Tokens::read(folder, &config)?;
        let mut weights = Weights::open(folder)?;
        let bert = Bert::read(&mut weights, &config)?;
        let digest = weights.digest(&[tokens.source(), config.source()]);
        let threads = std::thread::available_parallelism().map_or(1, NonZero::get).min(4);
        let this = Self { folder: folder.to_owned(), tokens, bert, digest, threads };
        this.try_out()?;
        Ok(this)
    }

    /// The same, on so many threads (at least one). Otherwise as many as there are cores, four at most.
    pub fn with_threads(self, threads: usize) -> Self {
        Self { threads: threads.max(1), ..self }
    }

    /// How many numbers a vector has.
    pub fn width(&self) -> usize {
        self.bert.width()
    }

    /// SHA-256 (hex) over all that decides the vectors: the same for the same model, wherever it lies.
    pub fn digest(&self) -> &str {
        &self.digest
    }

    /// One sentence for `trainar doctor`.
    pub fn describe(&self) -> String {
        let (layers, width) = (self.bert.layers(), self.width());
        format!("sentence model {} ({layers} layers, vectors of {width} numbers)", self.folder.display())
    }

    /// A vector of [`Embedder::width`] numbers for every text, in their order: of length 1, so that the scalar product of
    /// two is their cosine. Zeros for a text without words. Long texts are cut after [`MOST_TOKENS`] tokens.
    pub fn embed(&self, texts: &[&str]) -> Vec<Vec<f32>> {
        let mut vectors = vec![vec![0.0; self.width()]; texts.len()];
        let mut todo: Vec<(usize, Vec<usize>)> =
            texts.iter().map(|text| self.tokens.of(text)).enumerate().filter(|(_, ids)| !ids.is_empty()).collect();
        todo.sort_by_key(|(_, ids)| ids.len());
        let batches = Mutex::new(batches(&todo).into_iter());
        let work = || {
            let next = || batches.lock().unwrap_or_else(|e| e.into_inner()).next();
            let mut done = Vec::new();
            while let Some(batch) = next() {
                let ids: Vec<&[usize]> = batch.iter().map(|(_, ids)| ids.as_slice()).collect();
                done.extend(batch.iter().map(|(text, _)| *text).zip(self.bert.forward(&ids)));
            }
            done
        };
        let done = std::thread::scope(|scope| {
            let others: Vec<_> = (1..self.threads).map(|_| scope.spawn(work)).collect();
            let mut done = work();
            for other in others {
                done.extend(other.join().unwrap_or_default());
            }
            done
        });
        for (text, vector) in done {
            vectors[text] = vector;
        }
        vectors
    }

    /// Numbers that are none show only when the model is used.
    fn try_out(&self) -> Result<(), EmbeddingError> {
        let vectors = self.embed(&["Remove the cover.", "Ⱶ\u{10FFFD} 漢字 zzqxj"]);
        let length = |v: &Vec<f32>| v.iter().map(|x| x * x).sum::<f32>();
        match vectors.iter().all(|v| (length(v) - 1.0).abs() < 1e-3) {
            true => Ok(()),
            false => Err(self.damaged("it gives no vector for a plain sentence")),
        }
    }

    fn damaged(&self, why: &str) -> EmbeddingError {
        EmbeddingError::Damaged { path: self.folder.clone(), why: why.into() }
    }
}

/// Runs of texts of about the same length, the longest first, so that no thread ends long after the others.
fn batches(todo: &[(usize, Vec<usize>)]) -> Vec<&[(usize, Vec<usize>)]> {
    let mut batches = Vec::new();
    let mut rest = todo;
    while !rest.is_empty() {
        let mut tokens = 0;
        let fits = |(_, ids): &&(usize, Vec<usize>)| {
            tokens += ids.len();
            tokens <= TOKENS_AT_ONCE
        };
        let (before, batch) = rest.split_at(rest.len() - rest.iter().rev().take_while(fits).count().max(1));
        batches.push(batch);
        rest = before;
    }
    batches
}

/// `setting` as a folder: what exists is taken as it is; else a plain name is one of the folders in `models`.
pub fn locate(setting: &Path, models: &Path) -> PathBuf {
    let plain = setting.components().count() == 1 && !setting.has_root();
    if plain && !setting.exists() { models.join(setting) } else { setting.to_owned() }
}

/// Why a sentence model cannot be used.
#[derive(Debug, thiserror::Error)]
#[allow(missing_docs, reason = "the messages say it")]
pub enum EmbeddingError {
    #[error(
        "there is no folder {} with a sentence model; put model.safetensors, tokenizer.json and config.json there, or \
         correct the setting [embedding] model", folder.display()
    )]
    NoFolder { folder: PathBuf },
    #[error("{} of the sentence model cannot be read: {source}", path.display())]
    Read { path: PathBuf, source: io::Error },
    #[error("{} has {bytes} bytes, more than the {most} that a sentence model may have; use a smaller model", path.display())]
    TooLarge { path: PathBuf, bytes: u64, most: u64 },
    #[error("{} is damaged or of another model: {why}; get the model again", path.display())]
    Damaged { path: PathBuf, why: String },
    #[error("{} asks for {what}, which is not built in; use a BERT sentence model such as all-MiniLM-L6-v2", path.display())]
    Unsupported { path: PathBuf, what: String },
}

/// The bytes of a file of at most `most` bytes.
fn read(path: &Path, most: u64) -> Result<Vec<u8>, EmbeddingError> {
    let failed = |source| EmbeddingError::Read { path: path.to_owned(), source };
    check_size(path, most)?;
    std::fs::read(path).map_err(failed)
}

fn check_size(path: &Path, most: u64) -> Result<u64, EmbeddingError> {
    let about = std::fs::metadata(path).map_err(|source| EmbeddingError::Read { path: path.to_owned(), source })?;
    if !about.is_file() {
        return Err(EmbeddingError::Damaged { path: path.to_owned(), why: "it is not a file".into() });
    }
    match about.len() {
        bytes if bytes > most => Err(EmbeddingError::TooLarge { path: path.to_owned(), bytes, most }),
        bytes => Ok(bytes),
    }
}
