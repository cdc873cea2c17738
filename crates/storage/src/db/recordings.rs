//! Recordings: what a session's bytes turned out to be, and what was said in them.

use super::{
    Db, DbError, Result,
    entity::{recording_parts, recordings, sessions, utterances},
    error::{json, to_json, word},
    phases::locked,
    words,
};
use domain::{SessionId, TenantId, Timestamp, recording::MediaInfo, utterance::Utterance};
use sea_orm::{
    ColumnTrait, ConnectionTrait, EntityTrait, ExprTrait, PaginatorTrait, QueryFilter, QueryOrder,
    sea_query::{Expr, OnConflict},
};
use strum::{Display, EnumString};

/// The recording of a session.
#[derive(Clone, Debug, PartialEq)]
#[allow(missing_docs)]
pub struct Recording {
    pub session_id: SessionId,
    pub duration_seconds: f64,
    pub media_info: MediaInfo,
    /// Key of what a browser plays.
    pub video_key: String,
    pub poster_key: Option<String>,
    pub captions_key: Option<String>,
    pub chapters_key: Option<String>,
}

/// One contiguous piece of a recording, as it arrived.
#[derive(Clone, Debug, PartialEq)]
#[allow(missing_docs)]
pub struct Part {
    /// From 1.
    pub number: u32,
    /// Seconds from the start of the session's timeline.
    pub offset_seconds: f64,
    pub bytes: u64,
    /// Hex.
    pub sha256: String,
    pub container: String,
    pub key: String,
}

/// Keys of what goes with a recording.
#[derive(Clone, Debug, Default)]
#[allow(missing_docs)]
pub struct Tracks {
    pub poster: Option<String>,
    pub captions: Option<String>,
    pub chapters: Option<String>,
}

/// Who wrote an utterance down.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Display, EnumString)]
#[strum(serialize_all = "snake_case")]
pub enum UtteranceOrigin {
    /// The device, while the session ran.
    Device,
    /// The pipeline: the transcript that was used.
    Pipeline,
}

/// What became of utterances that were added.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Added {
    /// How many the session then has.
    pub utterances: u64,
    /// How many of these were said in a stretch that was deleted.
    pub left_out: u64,
}

impl Db {
    /// Writes what is known of a session's recording, so that it can be played while the rest is still being found out.
    pub async fn save_recording(
        &self,
        tenant: TenantId,
        recording: &Recording,
        parts: &[Part],
        now: Timestamp,
    ) -> Result<()> {
        let session = recording.session_id.0;
        let row = recordings::Model {
            session_id: session,
            tenant_id: tenant.0,
            duration_seconds: recording.duration_seconds,
            media_info: to_json("media info", &recording.media_info)?,
            video_key: recording.video_key.clone(),
            poster_key: recording.poster_key.clone(),
            captions_key: recording.captions_key.clone(),
            chapters_key: recording.chapters_key.clone(),
            created_at: now.0,
        };
        let tx = self.begin().await?;
        remove_recording(&tx, tenant, recording.session_id).await?;
        recordings::Entity::insert(recordings::ActiveModel::from(row)).exec_without_returning(&tx).await?;
        for part in parts {
            let row = recording_parts::Model {
                session_id: session,
                tenant_id: tenant.0,
                number: part.number.into(),
                offset_seconds: part.offset_seconds,
                bytes: part.bytes as i64,
                sha256: part.sha256.clone(),
                container: part.container.clone(),
                object_key: part.key.clone(),
            };
            recording_parts::Entity::insert(recording_parts::ActiveModel::from(row))
                .exec_without_returning(&tx)
                .await?;
        }
        sessions::Entity::update_many()
            .col_expr(sessions::Column::DurationSeconds, Expr::value(recording.duration_seconds))
            .col_expr(sessions::Column::UpdatedAt, Expr::value(now.0))
            .filter(super::sessions::of(tenant))
            .filter(sessions::Column::Id.eq(session))
            .exec(&tx)
            .await?;
        tx.commit().await?;
        Ok(())
    }

    /// The recording of a session.
    pub async fn recording(&self, tenant: TenantId, session: SessionId) -> Result<Option<Recording>> {
        let found = recordings::Entity::find_by_id(session.0)
            .filter(recordings::Column::TenantId.eq(tenant.0))
            .one(&self.conn)
            .await?;
        found.map(Recording::try_from).transpose()
    }

    /// Notes where the poster, captions and chapters of a recording stand; `None` leaves a place as it is.
    pub async fn save_tracks(&self, tenant: TenantId, session: SessionId, tracks: Tracks) -> Result<()> {
        use recordings::Column as C;
        for (column, key) in
            [(C::PosterKey, tracks.poster), (C::CaptionsKey, tracks.captions), (C::ChaptersKey, tracks.chapters)]
        {
            let Some(key) = key else { continue };
            recordings::Entity::update_many()
                .col_expr(column, Expr::value(key))
                .filter(C::TenantId.eq(tenant.0))
                .filter(C::SessionId.eq(session.0))
                .exec(&self.conn)
                .await?;
        }
        Ok(())
    }

    /// Puts `warning` among the warnings of a recording, in the place of those that begin like `about`; `None` only takes
    /// these away. A session without a recording stays as it is.
    pub async fn replace_warning(
        &self,
        tenant: TenantId,
        session: SessionId,
        about: &str,
        warning: Option<&str>,
    ) -> Result<()> {
        let Some(mut info) = self.recording(tenant, session).await?.map(|r| r.media_info) else { return Ok(()) };
        let before = info.warnings.clone();
        info.warnings.retain(|w| !w.starts_with(about));
        info.warnings.extend(warning.map(str::to_owned));
        if info.warnings == before {
            return Ok(());
        }
        recordings::Entity::update_many()
            .col_expr(recordings::Column::MediaInfo, Expr::value(to_json("media info", &info)?))
            .filter(recordings::Column::TenantId.eq(tenant.0))
            .filter(recordings::Column::SessionId.eq(session.0))
            .exec(&self.conn)
            .await?;
        Ok(())
    }

    /// The parts of a recording, in order.
    pub async fn parts(&self, tenant: TenantId, session: SessionId) -> Result<Vec<Part>> {
        let rows = recording_parts::Entity::find()
            .filter(recording_parts::Column::TenantId.eq(tenant.0))
            .filter(recording_parts::Column::SessionId.eq(session.0))
            .order_by_asc(recording_parts::Column::Number)
            .all(&self.conn)
            .await?;
        Ok(rows.into_iter().map(Part::from).collect())
    }

    /// Adds utterances under their numbers; a number that is there already stays as it is, so sending twice does no
    /// harm. What a device heard in a stretch that was deleted is left out. [`DbError::Refused`] when there is no such
    /// session.
    pub async fn add_utterances(
        &self,
        tenant: TenantId,
        session: SessionId,
        origin: UtteranceOrigin,
        spoken: &[(u32, Utterance)],
    ) -> Result<Added> {
        let tx = self.begin().await?;
        // Held, so that a stretch that is being deleted is deleted, or not yet.
        locked(&tx, tenant, session).await?;
        let deleted = match origin {
            UtteranceOrigin::Device => words::deleted_spans(&tx, tenant, session).await?,
            UtteranceOrigin::Pipeline => Vec::new(),
        };
        let kept: Vec<_> = spoken.iter().filter(|(_, u)| !words::was_said_in(u, &deleted)).cloned().collect();
        insert_utterances(&tx, tenant, session, origin, &kept).await?;
        let utterances = utterances::Entity::find().filter(of(tenant, session, origin)).count(&tx).await?;
        tx.commit().await?;
        Ok(Added { utterances, left_out: (spoken.len() - kept.len()) as u64 })
    }

    /// Replaces the transcript of a session.
    pub async fn replace_transcript(&self, tenant: TenantId, session: SessionId, spoken: &[Utterance]) -> Result<()> {
        let numbered: Vec<_> = spoken.iter().cloned().enumerate().map(|(i, u)| (i as u32, u)).collect();
        let tx = self.begin().await?;
        utterances::Entity::delete_many().filter(of(tenant, session, UtteranceOrigin::Pipeline)).exec(&tx).await?;
        insert_utterances(&tx, tenant, session, UtteranceOrigin::Pipeline, &numbered).await?;
        tx.commit().await?;
        Ok(())
    }

    /// The utterances of a session, by start.
    pub async fn utterances(
        &self,
        tenant: TenantId,
        session: SessionId,
        origin: UtteranceOrigin,
    ) -> Result<Vec<Utterance>> {
        let rows = utterances::Entity::find()
            .filter(of(tenant, session, origin))
            .order_by_asc(utterances::Column::StartSeconds)
            .order_by_asc(utterances::Column::Number)
            .all(&self.conn)
            .await?;
        rows.into_iter().map(Utterance::try_from).collect()
    }
}

async fn insert_utterances(
    tx: &impl ConnectionTrait,
    tenant: TenantId,
    session: SessionId,
    origin: UtteranceOrigin,
    spoken: &[(u32, Utterance)],
) -> Result<()> {
    for batch in spoken.chunks(500) {
        let rows = batch
            .iter()
            .map(|(number, u)| Ok(utterances::ActiveModel::from(utterance_row(tenant, session, origin, *number, u)?)))
            .collect::<Result<Vec<_>>>()?;
        use utterances::Column as C;
        utterances::Entity::insert_many(rows)
            .on_conflict(OnConflict::columns([C::SessionId, C::Origin, C::Number]).do_nothing().to_owned())
            .exec_without_returning(tx)
            .await?;
    }
    Ok(())
}

pub(crate) async fn remove_recording(tx: &impl ConnectionTrait, tenant: TenantId, session: SessionId) -> Result<()> {
    recordings::Entity::delete_many()
        .filter(recordings::Column::TenantId.eq(tenant.0))
        .filter(recordings::Column::SessionId.eq(session.0))
        .exec(tx)
        .await?;
    recording_parts::Entity::delete_many()
        .filter(recording_parts::Column::TenantId.eq(tenant.0))
        .filter(recording_parts::Column::SessionId.eq(session.0))
        .exec(tx)
        .await?;
    Ok(())
}

fn of(tenant: TenantId, session: SessionId, origin: UtteranceOrigin) -> Expr {
    utterances::Column::TenantId
        .eq(tenant.0)
        .and(utterances::Column::SessionId.eq(session.0))
        .and(utterances::Column::Origin.eq(origin.to_string()))
}

fn utterance_row(
    tenant: TenantId,
    session: SessionId,
    origin: UtteranceOrigin,
    number: u32,
    u: &Utterance,
) -> Result<utterances::Model> {
    Ok(utterances::Model {
        session_id: session.0,
        tenant_id: tenant.0,
        origin: origin.to_string(),
        number: number.into(),
        speaker: u.speaker.to_string(),
        start_seconds: u.start,
        end_seconds: u.end,
        text: u.text.clone(),
        confidence: u.confidence.into(),
        words: to_json("words", &u.words)?,
    })
}

impl TryFrom<recordings::Model> for Recording {
    type Error = DbError;
    fn try_from(r: recordings::Model) -> Result<Self> {
        Ok(Self {
            session_id: r.session_id.into(),
            duration_seconds: r.duration_seconds,
            media_info: json("media info", &r.media_info)?,
            video_key: r.video_key,
            poster_key: r.poster_key,
            captions_key: r.captions_key,
            chapters_key: r.chapters_key,
        })
    }
}

impl From<recording_parts::Model> for Part {
    fn from(r: recording_parts::Model) -> Self {
        Self {
            number: r.number as u32,
            offset_seconds: r.offset_seconds,
            bytes: r.bytes as u64,
            sha256: r.sha256,
            container: r.container,
            key: r.object_key,
        }
    }
}

impl TryFrom<utterances::Model> for Utterance {
    type Error = DbError;
    fn try_from(r: utterances::Model) -> Result<Self> {
        Ok(Self {
            speaker: word("speaker", &r.speaker)?,
            start: r.start_seconds,
            end: r.end_seconds,
            text: r.text,
            confidence: r.confidence as f32,
            words: json("words", &r.words)?,
        })
    }
}
