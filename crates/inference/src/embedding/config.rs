//! `config.json` of a sentence model, and the files beside it that say how tokens become one vector.

use super::{EmbeddingError, read};
use serde::{Deserialize, de::DeserializeOwned};
use std::path::{Path, PathBuf};

const MOST_BYTES: u64 = 1 << 20;

/// How many layers of which size the model has, as `transformers` writes it.
#[derive(Debug, Deserialize)]
struct Shape {
    model_type: String,
    hidden_size: usize,
    num_hidden_layers: usize,
    num_attention_heads: usize,
    intermediate_size: usize,
    max_position_embeddings: usize,
    vocab_size: usize,
    layer_norm_eps: f32,
    hidden_act: String,
    #[serde(default)]
    position_embedding_type: Option<String>,
}

/// How the vectors of the tokens become the vector of the text.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Pooling {
    /// Their mean.
    Mean,
    /// The first one.
    First,
}

/// What the model is built like. All sizes are checked: at least 1, and not beyond what BERT models have.
#[derive(Debug)]
pub struct Config {
    pub width: usize,
    pub layers: usize,
    pub heads: usize,
    pub inner: usize,
    pub positions: usize,
    pub words: usize,
    pub epsilon: f32,
    pub pooling: Pooling,
    source: Vec<u8>,
}

impl Config {
    pub fn read(folder: &Path) -> Result<Self, EmbeddingError> {
        let path = folder.join("config.json");
        let source = read(&path, MOST_BYTES)?;
        let shape: Shape = parse(&path, &source)?;
        let unsupported = |what: String| Err(EmbeddingError::Unsupported { path: path.clone(), what });
        if shape.model_type != "bert" {
            return unsupported(format!("a model of the type {:?}", shape.model_type));
        }
        if shape.hidden_act != "gelu" {
            return unsupported(format!("the activation {:?}", shape.hidden_act));
        }
        if shape.position_embedding_type.as_deref().is_some_and(|t| t != "absolute") {
            return unsupported("positions that are not absolute".into());
        }
        for (name, value, most) in [
            ("hidden_size", shape.hidden_size, 4096),
            ("num_hidden_layers", shape.num_hidden_layers, 48),
            ("num_attention_heads", shape.num_attention_heads, 64),
            ("intermediate_size", shape.intermediate_size, 16_384),
            ("max_position_embeddings", shape.max_position_embeddings, 65_536),
            ("vocab_size", shape.vocab_size, 1_000_000),
        ] {
            if !(1..=most).contains(&value) {
                return Err(damaged(&path, format!("{name} is {value}; it takes 1 to {most}")));
            }
        }
        if !shape.hidden_size.is_multiple_of(shape.num_attention_heads) {
            return Err(damaged(&path, "hidden_size is no multiple of num_attention_heads".into()));
        }
        if !(0.0..=0.1).contains(&shape.layer_norm_eps) {
            return Err(damaged(&path, format!("layer_norm_eps is {}; it takes 0 to 0.1", shape.layer_norm_eps)));
        }
        check_modules(folder)?;
        Ok(Self {
            width: shape.hidden_size,
            layers: shape.num_hidden_layers,
            heads: shape.num_attention_heads,
            inner: shape.intermediate_size,
            positions: shape.max_position_embeddings,
            words: shape.vocab_size,
            epsilon: shape.layer_norm_eps,
            pooling: pooling(folder)?,
            source,
        })
    }

    /// What was read.
    pub fn source(&self) -> &[u8] {
        &self.source
    }
}

#[derive(Deserialize)]
struct Module {
    #[serde(rename = "type")]
    kind: String,
}

/// Sentence models list what follows the transformer; one with a further layer would give other vectors without it.
fn check_modules(folder: &Path) -> Result<(), EmbeddingError> {
    let path = folder.join("modules.json");
    if !path.exists() {
        return Ok(());
    }
    let modules: Vec<Module> = parse(&path, &read(&path, MOST_BYTES)?)?;
    let known = |m: &&Module| ["Transformer", "Pooling", "Normalize"].iter().any(|k| m.kind.ends_with(k));
    match modules.iter().find(|m| !known(m)) {
        Some(other) => Err(EmbeddingError::Unsupported { path, what: format!("the module {:?}", other.kind) }),
        None => Ok(()),
    }
}

#[derive(Deserialize)]
struct PoolingModes {
    #[serde(default)]
    pooling_mode_mean_tokens: bool,
    #[serde(default)]
    pooling_mode_cls_token: bool,
}

fn pooling(folder: &Path) -> Result<Pooling, EmbeddingError> {
    let path = folder.join("1_Pooling").join("config.json");
    if !path.exists() {
        return Ok(Pooling::Mean);
    }
    let modes: PoolingModes = parse(&path, &read(&path, MOST_BYTES)?)?;
    match (modes.pooling_mode_mean_tokens, modes.pooling_mode_cls_token) {
        (true, false) => Ok(Pooling::Mean),
        (false, true) => Ok(Pooling::First),
        _ => Err(EmbeddingError::Unsupported { path, what: "pooling that is neither mean nor first token".into() }),
    }
}

fn parse<T: DeserializeOwned>(path: &Path, bytes: &[u8]) -> Result<T, EmbeddingError> {
    serde_json::from_slice(bytes).map_err(|e| damaged(path, e.to_string()))
}

fn damaged(path: &Path, why: String) -> EmbeddingError {
    EmbeddingError::Damaged { path: PathBuf::from(path), why }
}
