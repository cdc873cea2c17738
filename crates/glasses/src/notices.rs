//! What the organisation says about being recorded, as the server told it last: kept beside the recordings, so that it is said and
//! asked without a network, too.

use crate::{GlassesError, protocol::ServerPreflight, spool::Spool};
use serde::{Deserialize, Serialize};
use std::{
    fs,
    path::{Path, PathBuf},
};

const FILE: &str = "notices.json";

/// As the server told it.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Notices {
    /// Shown and spoken when recording begins.
    pub recording_notice: Option<RecordingNotice>,
    /// What the wearer accepts before.
    pub consent: Option<Consent>,
}

/// What everybody who is there is told.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[allow(missing_docs)]
pub struct RecordingNotice {
    pub text: String,
    /// BCP 47.
    #[serde(default = "english")]
    pub language: String,
}

/// What the wearer is asked.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[allow(missing_docs)]
pub struct Consent {
    pub version: u32,
    pub text: String,
    /// When it was accepted; `None` until then.
    pub accepted_at: Option<String>,
}

fn english() -> String {
    "en".into()
}

impl Notices {
    /// What was kept last; nothing where nothing is, or it cannot be read.
    pub fn known(spool: &Spool) -> Self {
        let bytes = fs::read(path(spool)).ok();
        bytes.and_then(|bytes| serde_json::from_slice(&bytes).ok()).unwrap_or_default()
    }

    /// What the server tells now, kept. Whoever cannot write it is told the same again next time.
    pub(crate) fn keep(spool: &Spool, told: &ServerPreflight) -> Self {
        let now = Self { recording_notice: told.recording_notice.clone(), consent: told.consent.clone() };
        if now != Self::known(spool) {
            let written = serde_json::to_vec(&now).map_err(std::io::Error::other).and_then(|json| {
                let beside = path(spool).with_extension("new");
                fs::write(&beside, json)?;
                fs::rename(&beside, path(spool))
            });
            if let Err(error) = written {
                tracing::warn!(%error, "what the organisation says about recording could not be kept");
            }
        }
        now
    }

    /// What the wearer has yet to accept.
    pub fn asked(&self) -> Option<&Consent> {
        self.consent.as_ref().filter(|consent| consent.accepted_at.is_none())
    }
}

/// Forgets what another organisation or seat was told: a device that is paired anew knows nothing yet.
pub fn forget(spool: &Path) {
    let _ = fs::remove_file(spool.join(FILE));
}

/// Asks the server what it says now.
///
/// # Errors
/// Where it cannot be reached, or does not know this device.
pub async fn ask(spool: &Spool) -> Result<Notices, GlassesError> {
    let credentials = spool.credentials()?;
    let told = crate::Client::new(&credentials.server, credentials.token)?.preflight().await?;
    Ok(Notices::keep(spool, &told))
}

/// Tells the server that the wearer has accepted this text.
///
/// # Errors
/// Where it cannot be told, or the text was changed meanwhile.
pub async fn accept(spool: &Spool, consent: &Consent) -> Result<(), GlassesError> {
    let credentials = spool.credentials()?;
    let client = crate::Client::new(&credentials.server, credentials.token)?;
    client.accept_consent(consent.version).await?;
    ask(spool).await.map(drop)
}

fn path(spool: &Spool) -> PathBuf {
    spool.root().join(FILE)
}
