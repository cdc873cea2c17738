//! What the steps work with. A step takes ids and keys; the handles behind them are here.

use crate::{SentenceModel, StepError};
use aws_lc_rs::digest;
use bytes::Bytes;
use domain::{Clock, SessionId, TenantId, job::Step, recording::Keys};
use extraction::Granularity;
use inference::{language::Language, speech::Recogniser};
use serde::{Deserialize, Serialize, de::DeserializeOwned};
use std::{path::PathBuf, sync::Arc};
use storage::{Db, objects::Objects};
use tempfile::TempDir;

/// Told what happens while a session is processed.
pub type Observer = Arc<dyn Fn(&Event) + Send + Sync>;

/// What happens while a session is processed.
#[derive(Clone, Debug, PartialEq)]
pub enum Event {
    /// A step begins.
    Begun(Step),
    /// A step has come this far, 0 to 1.
    Progress(Step, f64),
    /// A step has ended, after this many seconds; none when its result was read back.
    Ended(Step, Option<f64>),
}

/// What the steps work with; the same for every session.
#[derive(Clone)]
#[allow(missing_docs)]
pub struct Kit {
    pub db: Db,
    pub objects: Objects,
    pub media: media::Tools,
    pub recogniser: Recogniser,
    /// Helps to find where one piece of work ends; without it the words alone count.
    pub sentence_model: Option<SentenceModel>,
    /// Asked beside the built-in extraction; `None` leaves that alone.
    pub language: Option<Arc<Language>>,
    /// Whether the recogniser is told the words of the tenant.
    pub vocabulary: bool,
    pub clock: Arc<dyn Clock>,
    /// Folder for files that live no longer than a step; on the filesystem of the objects where these are on disk.
    pub work: PathBuf,
    /// How finely recordings are cut.
    pub granularity: Granularity,
    pub observer: Option<Observer>,
    /// What sessions are compared with, whatever their role; else the trainer's session of the same task is looked for.
    pub reference: Option<Arc<Vec<extraction::align::Step>>>,
}

/// The session that is worked on.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[allow(missing_docs)]
pub struct Target {
    pub tenant: TenantId,
    pub session: SessionId,
}

impl Target {
    pub(crate) fn keys(self) -> Keys {
        Keys { tenant: self.tenant, session: self.session }
    }
}

/// A JSON document in object storage: what a step left for the next ones and is too large for a row.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Document {
    /// Its key.
    pub key: String,
    /// Hex; makes the input of the next step differ when the content does.
    pub sha256: String,
}

impl Kit {
    /// A folder for one step, which goes with it.
    pub(crate) fn scratch(&self) -> Result<TempDir, StepError> {
        std::fs::create_dir_all(&self.work)?;
        Ok(TempDir::new_in(&self.work)?)
    }

    pub(crate) fn tell(&self, event: Event) {
        if let Some(observer) = &self.observer {
            observer(&event);
        }
    }

    pub(crate) async fn save_document<T: Serialize>(&self, key: String, value: &T) -> Result<Document, StepError> {
        let json = serde_json::to_vec(value).map_err(|e| StepError::Fail(format!("writing {key}: {e}")))?;
        let sha256 = sha256(&json);
        self.objects.put(&key, Bytes::from(json)).await?;
        Ok(Document { key, sha256 })
    }

    pub(crate) async fn read_document<T: DeserializeOwned>(&self, document: &Document) -> Result<T, StepError> {
        let key = &document.key;
        let bytes = self.objects.get(key).await?.ok_or_else(|| StepError::Fail(format!("object {key} is missing")))?;
        serde_json::from_slice(&bytes).map_err(|e| StepError::Fail(format!("reading {key}: {e}")))
    }
}

pub(crate) fn sha256(bytes: &[u8]) -> String {
    hex(digest::digest(&digest::SHA256, bytes).as_ref())
}

pub(crate) fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|b| format!("{b:02x}")).collect()
}
