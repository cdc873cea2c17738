//! Step 1, recording uploaded: what has arrived becomes one recording on one timeline and is made playable. From here on it
//! can be watched.

mod edges;
mod file;
mod gaps;
mod parts;
mod splice;
mod timeline;

pub use timeline::Timeline;

use crate::{Kit, StepError, Target};
use domain::{
    Span, UploadId,
    recording::{GapKind, Place},
    session::FailureReason,
};
use extraction::Options;
use media::Probed;
use serde::{Deserialize, Serialize};
use storage::db::{
    recordings::Recording,
    sessions::ALL_DELETED,
    uploads::{Upload, UploadState},
};

/// What is known of a session before its recording is opened.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct About {
    /// What has arrived, by part.
    pub parts: Vec<Arrived>,
    /// Stretches in which nothing was recorded or of which nothing is kept: why, and where on the session's clock, in
    /// milliseconds.
    pub breaks: Vec<gaps::Break>,
    /// Parts that the device may still have.
    pub awaited: u64,
    /// How many parts the device said it had made, if it did.
    pub announced: Option<u32>,
    /// Numbers of parts that were deleted, in order.
    pub deleted: Vec<u32>,
    /// When the session was stopped, on its clock, in milliseconds.
    pub stopped_ms: Option<u64>,
    /// What else extraction may know.
    pub options: Options,
}

/// A part of which something has arrived.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Arrived {
    /// Its upload.
    pub upload: UploadId,
    /// Where it belongs.
    pub place: Place,
    /// Bytes that have arrived.
    pub bytes: u64,
    /// Whether these are all.
    pub whole: bool,
}

/// A recording that can be opened.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Received {
    /// The recording as it arrived, or as it was joined from its parts.
    pub source: Source,
    /// Key of what a browser plays and of what clips are cut from.
    pub video_key: String,
    /// What the playable recording holds; a caption stream is counted in the recording as it arrived.
    pub probed: Probed,
    /// Where the recording's runs lie on the session's clock.
    pub timeline: Timeline,
    /// What the engineer had deleted, in seconds on the session's clock.
    #[serde(default)]
    pub deleted: Vec<Span>,
}

/// The bytes of a recording.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Source {
    /// Where they stand.
    pub key: String,
    /// How many there are.
    pub bytes: u64,
    /// Their hash; of a recording that was joined the hash of the list of its parts' hashes.
    pub sha256: String,
}

/// Reads what is known of a session.
pub async fn about(kit: &Kit, target: Target) -> Result<About, StepError> {
    let Target { tenant, session } = target;
    let session =
        kit.db.session(tenant, session).await?.ok_or_else(|| StepError::Fail("the session is gone".into()))?;
    let parts = kit.db.uploads_of(tenant, session.id).await?;
    let breaks = kit.db.breaks(tenant, session.id).await?;
    let task = match session.task_id {
        Some(task) => kit.db.task(tenant, task).await?,
        None => None,
    };
    let options =
        Options { granularity: kit.granularity, task_title: task.map(|t| t.title), session_name: session.name };
    Ok(About {
        parts: parts.iter().filter(|u| u.received > 0).map(Arrived::of).collect(),
        breaks: breaks.into_iter().map(|b| (b.kind, b.start_ms, b.end_ms)).collect(),
        awaited: kit.db.awaited_parts(tenant, session.id).await?,
        announced: kit.db.announced_parts(tenant, session.id).await?,
        deleted: parts.iter().filter(|u| u.state == UploadState::Deleted).map(|u| u.place.part).collect(),
        stopped_ms: session.stopped_at.map(|at| (at.seconds_since(session.started_at).max(0.0) * 1e3) as u64),
        options,
    })
}

impl About {
    /// Whether what is left beside what was deleted holds nothing to be seen: headers.
    fn is_all_deleted(&self) -> bool {
        let headers = self.parts.iter().all(|part| part.place.duration_ms == Some(0));
        headers && self.breaks.iter().any(|(kind, ..)| *kind == GapKind::Deleted)
    }

    fn deleted(&self) -> Vec<Span> {
        gaps::of_kind(&self.breaks, GapKind::Deleted).collect()
    }
}

impl Arrived {
    fn of(upload: &Upload) -> Self {
        let whole = upload.state == UploadState::Complete || upload.length == Some(upload.received);
        Self { upload: upload.id, place: upload.place, bytes: upload.received, whole }
    }
}

/// Joins, probes, makes playable.
pub async fn receive(kit: &Kit, target: Target, about: &About) -> Result<Received, StepError> {
    let (mut received, parts) = match about.parts.as_slice() {
        rest if about.is_all_deleted() || rest.is_empty() => {
            let why = if about.is_all_deleted() { ALL_DELETED } else { "the uploaded recording is empty" };
            return Err(StepError::rejected(FailureReason::NoRecording, why));
        }
        [one] if one.place.duration_ms.is_none() => file::receive(kit, target, one.upload, one.bytes).await?,
        _ => parts::receive(kit, target, about).await?,
    };
    received.deleted = about.deleted();
    if about.awaited > 0 {
        received.probed.info.warnings.insert(0, awaited(about.awaited));
    }
    let recording = Recording {
        session_id: target.session,
        duration_seconds: received.probed.info.duration_seconds,
        media_info: received.probed.info.clone(),
        video_key: received.video_key.clone(),
        poster_key: None,
        captions_key: None,
        chapters_key: None,
    };
    kit.db.save_recording(target.tenant, &recording, &parts, kit.clock.now()).await?;
    Ok(received)
}

fn awaited(parts: u64) -> String {
    match parts {
        1 => "one part of the recording has not arrived; when it comes, the session is processed again".into(),
        n => format!("{n} parts of the recording have not arrived; when they come, the session is processed again"),
    }
}
