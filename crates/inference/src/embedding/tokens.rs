//! From text to the numbers of its tokens.

use super::{EmbeddingError, MOST_TOKENS, config::Config, read};
use std::{
    panic::{AssertUnwindSafe, catch_unwind},
    path::Path,
};
use tokenizers::{Tokenizer, TruncationParams};

const MOST_BYTES: u64 = 64 << 20;

/// A text longer than this is cut before it is looked at: more than [`MOST_TOKENS`] of the longest words.
const MOST_CHARACTERS: usize = 32_768;

/// The tokenizer of a model.
pub struct Tokens {
    tokenizer: Tokenizer,
    words: usize,
    source: Vec<u8>,
}

impl Tokens {
    pub fn read(folder: &Path, config: &Config) -> Result<Self, EmbeddingError> {
        let path = folder.join("tokenizer.json");
        let source = read(&path, MOST_BYTES)?;
        let damaged = |why: String| EmbeddingError::Damaged { path: path.clone(), why };
        // The library trusts its file: contradictions in it are panics.
        let tokenizer = catch_unwind(|| tokenizer(&source, config.positions))
            .map_err(|_| damaged("its parts contradict each other".into()))?
            .map_err(damaged)?;
        let highest = tokenizer.get_vocab(true).into_values().max();
        match highest {
            Some(highest) if (highest as usize) < config.words => {}
            Some(highest) => {
                return Err(damaged(format!("it has a token {highest}, the model only {}", config.words)));
            }
            None => return Err(damaged("it has no tokens".into())),
        }
        Ok(Self { tokenizer, words: config.words, source })
    }

    /// The tokens of `text`, each below the number of words in the model; none for a text without words.
    pub fn of(&self, text: &str) -> Vec<usize> {
        let end = text.char_indices().nth(MOST_CHARACTERS).map_or(text.len(), |(at, _)| at);
        let text = text[..end].trim();
        if text.is_empty() {
            return Vec::new();
        }
        // Nothing is kept of a broken attempt.
        let encoded = catch_unwind(AssertUnwindSafe(|| self.tokenizer.encode_fast(text, true)));
        let ids = encoded.ok().and_then(Result::ok).map(|e| e.get_ids().to_vec()).unwrap_or_default();
        ids.into_iter().map(|id| id as usize).filter(|id| *id < self.words).collect()
    }

    /// What was read.
    pub fn source(&self) -> &[u8] {
        &self.source
    }
}

fn tokenizer(source: &[u8], positions: usize) -> Result<Tokenizer, String> {
    let mut tokenizer = Tokenizer::from_bytes(source).map_err(|e| e.to_string())?;
    let truncation = TruncationParams { max_length: MOST_TOKENS.min(positions), ..TruncationParams::default() };
    tokenizer.with_truncation(Some(truncation)).map_err(|e| e.to_string())?;
    tokenizer.with_padding(None);
    Ok(tokenizer)
}
