//! `--embedding-model DIR` of the commands that find procedures in a transcript alone.

use crate::settings::{Settings, set};
use anyhow::Result;
use clap::Args;
use domain::utterance::Utterance;
use inference::embedding::Embedder;
use std::path::PathBuf;

/// Which sentence model helps.
#[derive(Debug, Args)]
pub struct SentenceModelArgs {
    /// Folder of a sentence model; without it the one of the settings, if there is one
    #[arg(long, value_name = "DIR")]
    embedding_model: Option<PathBuf>,
}

impl SentenceModelArgs {
    /// The model, loaded. Who names one here wants that one and no other result.
    pub fn load(&self, settings: &Settings) -> Result<Option<Embedder>> {
        let folder = self.embedding_model.as_deref().or(set(&settings.embedding.model));
        Ok(folder.map(Embedder::load).transpose()?)
    }
}

/// One vector for each of the utterances; none at all without a model.
pub fn meanings(model: Option<&Embedder>, utterances: &[Utterance]) -> Vec<Vec<f32>> {
    let texts: Vec<&str> = utterances.iter().map(|u| u.text.as_str()).collect();
    model.map(|model| model.embed(&texts)).unwrap_or_default()
}

/// How near two texts are, -1 to 1; 0 where one has no words.
pub fn cosine(model: &Embedder, a: &str, b: &str) -> f64 {
    let vectors = model.embed(&[a, b]);
    vectors[0].iter().zip(&vectors[1]).map(|(x, y)| f64::from(x * y)).sum()
}
