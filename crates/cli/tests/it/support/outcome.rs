//! What a session came to: rows and objects, without the ids that every run makes anew.

use aws_lc_rs::digest::{Context, SHA256};
use domain::{
    SessionId, TenantId,
    job::{Step, StepState},
    session::Session,
    utterance::Utterance,
};
use futures::StreamExt;
use std::{collections::BTreeMap, path::Path};
use storage::{
    Db,
    db::recordings::{Part, Recording, UtteranceOrigin},
    objects::Objects,
};

/// All that is kept of a processed session; two that are equal were processed alike.
#[derive(Clone, Debug, PartialEq)]
pub struct Outcome {
    pub session: String,
    pub score: Option<u8>,
    pub recording: String,
    pub procedures: Vec<String>,
    pub utterances: Vec<Utterance>,
    pub steps: Vec<(Step, StepState)>,
    /// Key and SHA-256.
    pub objects: BTreeMap<String, String>,
}

impl Outcome {
    /// Of an installation that keeps everything in its data folder.
    pub async fn on_disk(data: &Path, tenant: TenantId, session: SessionId) -> Self {
        let db = Db::open_sqlite(&data.join("trainar.db")).await.unwrap();
        let objects = Objects::disk(&data.join("objects")).unwrap();
        Self::read(&db, &objects, tenant, session).await
    }

    pub async fn read(db: &Db, objects: &Objects, tenant: TenantId, id: SessionId) -> Self {
        let plain = |text: String| text.replace(&tenant.to_string(), "T").replace(&id.to_string(), "S");
        let Session { status, phase, failure_reason, failure_detail, duration_seconds, score, summary, .. } =
            db.session(tenant, id).await.unwrap().unwrap();
        let recording: Option<Recording> = db.recording(tenant, id).await.unwrap();
        let recording = recording.map(|r| Recording { session_id: SessionId(Default::default()), ..r });
        let parts: Vec<Part> = db.parts(tenant, id).await.unwrap();
        let procedures = db.procedures(tenant, id).await.unwrap().into_iter().map(|p| {
            let row = (p.number, p.procedure_name, p.description, p.start_seconds, p.end_seconds);
            plain(format!("{row:?} {:?}", (p.duration_seconds, p.status, p.video_key, p.thumbnail_key)))
        });
        let mut kept = BTreeMap::new();
        for key in objects.list(&format!("tenants/{tenant}")).await.unwrap() {
            // One session's own, and what belongs to no session at all.
            let other = key.contains("/sessions/") && !key.contains(&id.to_string());
            if !other {
                kept.insert(plain(key.clone()), object_sha256(objects, &key).await);
            }
        }
        let steps = db.steps(tenant, id).await.unwrap();
        Self {
            session: format!(
                "{:?}",
                (status, phase, failure_reason, failure_detail, duration_seconds, &score, summary)
            ),
            score: score.and_then(|card| card.score),
            recording: plain(format!("{recording:?} {parts:?}")),
            procedures: procedures.collect(),
            utterances: db.utterances(tenant, id, UtteranceOrigin::Pipeline).await.unwrap(),
            steps: steps.into_iter().map(|s| (s.step, s.state)).collect(),
            objects: kept,
        }
    }

    /// The hash of the recording as it arrived.
    pub fn source(&self) -> &str {
        let mut found = self.objects.iter().filter(|(key, _)| key.contains("/source-"));
        let source = found.next().unwrap_or_else(|| panic!("there is no source: {:?}", self.objects)).1;
        assert!(found.next().is_none(), "there is more than one source: {:?}", self.objects);
        source
    }
}

async fn object_sha256(objects: &Objects, key: &str) -> String {
    let mut bytes = objects.get_range(key, 0..u64::MAX).await.unwrap();
    let mut hash = Context::new(&SHA256);
    while let Some(piece) = bytes.next().await {
        hash.update(&piece.unwrap());
    }
    hex(hash.finish().as_ref())
}

/// Of a file.
pub fn sha256(path: &Path) -> String {
    sha256_of(&std::fs::read(path).unwrap())
}

pub fn sha256_of(bytes: &[u8]) -> String {
    hex(aws_lc_rs::digest::digest(&SHA256, bytes).as_ref())
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|b| format!("{b:02x}")).collect()
}
