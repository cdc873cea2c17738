//! The sentence model that segmentation uses where one is configured.

use crate::{Kit, StepError, Target};
use domain::utterance::Utterance;
use inference::embedding::Embedder;
use std::{path::PathBuf, sync::Arc};
use tokio::{sync::OnceCell, task::spawn_blocking};

/// How its warning begins among those of a recording.
const WARNING: &str = "the sentence model was not used";

/// A model in a folder: loaded when a session first needs it, then kept. What could not be loaded is tried again with
/// the next session.
#[derive(Clone)]
pub struct SentenceModel {
    folder: PathBuf,
    loaded: Arc<OnceCell<Arc<Embedder>>>,
}

impl SentenceModel {
    /// The model in `folder`, not loaded yet.
    pub fn new(folder: PathBuf) -> Self {
        Self { folder, loaded: Arc::default() }
    }

    async fn load(&self) -> Result<Arc<Embedder>, String> {
        let load = async || {
            let folder = self.folder.clone();
            let loaded = spawn_blocking(move || Embedder::load(&folder)).await;
            loaded.map_err(|e| e.to_string())?.map(Arc::new).map_err(|e| e.to_string())
        };
        self.loaded.get_or_try_init(load).await.cloned()
    }
}

/// The model for this session. One that cannot be loaded is no reason to fail: the recording gets a warning, and the
/// words alone count.
pub(crate) async fn model(kit: &Kit, target: Target) -> Result<Option<Arc<Embedder>>, StepError> {
    let Target { tenant, session } = target;
    let (model, warning) = match &kit.sentence_model {
        None => (None, None),
        Some(model) => match model.load().await {
            Ok(model) => (Some(model), None),
            Err(why) => (None, Some(format!("{WARNING}: {why}"))),
        },
    };
    if let Some(warning) = &warning {
        tracing::warn!(%session, warning, "segmentation");
    }
    kit.db.replace_warning(tenant, session, WARNING, warning.as_deref()).await?;
    Ok(model)
}

/// One vector for each of the utterances; none at all without a model.
pub(crate) async fn meanings(
    model: Option<Arc<Embedder>>,
    utterances: &[Utterance],
) -> Result<Vec<Vec<f32>>, StepError> {
    let Some(model) = model else { return Ok(Vec::new()) };
    tracing::info!(model = model.digest(), utterances = utterances.len(), "sentence embeddings");
    let texts: Vec<String> = utterances.iter().map(|u| u.text.clone()).collect();
    let embed = move || model.embed(&texts.iter().map(String::as_str).collect::<Vec<_>>());
    spawn_blocking(embed).await.map_err(|e| StepError::Fail(format!("the sentence model: {e}")))
}
