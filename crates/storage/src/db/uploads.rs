//! Uploads: how far the parts of a recording have come. The offset kept here is the truth.

use super::{
    Db, DbError, Result, Rule, breaks,
    entity::{upload_chunks, uploads},
    error::word,
    phases::{advance, growing, locked},
    removals, words,
};
use domain::{SessionId, TenantId, Timestamp, UploadId, recording::Place};
use sea_orm::{
    ColumnTrait, ConnectionTrait, DatabaseTransaction, EntityTrait, ExprTrait, QueryFilter, QueryOrder, QuerySelect,
    sea_query::Expr,
};
use strum::{Display, EnumString};
use uuid::Uuid;

/// Where an upload is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Display, EnumString)]
#[strum(serialize_all = "snake_case")]
pub enum UploadState {
    /// Takes bytes, or has them all and they have not been compared with their hash yet.
    Open,
    /// Every byte is here.
    Complete,
    /// Nobody went on with it in time. What arrived is kept.
    Expired,
    /// Somebody had this stretch of the recording deleted, or the recording went by age. Nothing of it is kept or taken.
    Deleted,
}

/// One resumable upload: a part of a recording, or all of it.
#[derive(Clone, Debug, PartialEq)]
#[allow(missing_docs)]
pub struct Upload {
    pub id: UploadId,
    pub tenant_id: TenantId,
    pub session_id: SessionId,
    pub place: Place,
    pub filename: String,
    pub content_type: String,
    /// Bytes; `None` while the length is deferred.
    pub length: Option<u64>,
    /// Bytes that are safely kept: the next byte goes here.
    pub received: u64,
    pub state: UploadState,
    /// What the device says that its bytes hash to: SHA-256 in lower-case hex.
    pub announced_sha256: Option<String>,
    /// What they do hash to, once they have been read back.
    pub sha256: Option<String>,
    pub expires_at: Timestamp,
}

impl Upload {
    /// Whether every byte is here and waits for being compared with the announced hash.
    pub fn is_unverified(&self) -> bool {
        self.state == UploadState::Open && self.length == Some(self.received) && self.announced_sha256.is_some()
    }
}

/// What a new upload needs.
#[derive(Clone, Debug)]
#[allow(missing_docs)]
pub struct NewUpload {
    pub place: Place,
    pub filename: String,
    pub content_type: String,
    pub length: Option<u64>,
    /// SHA-256 in lower-case hex.
    pub announced_sha256: Option<String>,
    pub expires_at: Timestamp,
}

/// A piece of an upload that is already an object.
#[derive(Clone, Debug)]
pub struct Chunk {
    /// Offset of its first byte in the upload.
    pub start: u64,
    /// Its length in bytes.
    pub bytes: u64,
    /// Key of the object.
    pub key: String,
}

/// What became of a wish to end an upload.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Termination {
    /// Its rows are gone; these objects can go too.
    Terminated(Vec<String>),
    /// It is complete or deleted: it belongs to the session now and is not thrown away.
    Complete,
    /// There is no such upload.
    NotFound,
}

impl Db {
    /// Creates an upload of a session; [`DbError::Exists`] when the session has one of that part, [`DbError::Refused`] when
    /// there is no such session, [`DbError::Rule`] when its recording comes the other way: in parts, or in one piece. One
    /// of length zero is complete at once; one of a stretch that was deleted is [`UploadState::Deleted`].
    pub async fn create_upload(
        &self,
        tenant: TenantId,
        session: SessionId,
        new: NewUpload,
        now: Timestamp,
    ) -> Result<Upload> {
        let state = if new.length == Some(0) { UploadState::Complete } else { UploadState::Open };
        self.insert_upload(tenant, session, new, state, None, now).await
    }

    /// Creates an upload whose every byte is here already, as the object `key`, and hashes to `sha256`: as
    /// [`Db::create_upload`], [`Db::append_chunk`] and [`Db::verify_upload`] in one.
    pub async fn create_arrived_upload(
        &self,
        tenant: TenantId,
        session: SessionId,
        new: NewUpload,
        (key, sha256): (&str, &str),
        now: Timestamp,
    ) -> Result<Upload> {
        self.insert_upload(tenant, session, new, UploadState::Complete, Some((key, sha256)), now).await
    }

    async fn insert_upload(
        &self,
        tenant: TenantId,
        session: SessionId,
        new: NewUpload,
        state: UploadState,
        arrived: Option<(&str, &str)>,
        now: Timestamp,
    ) -> Result<Upload> {
        let tx = self.begin().await?;
        // First the session, here and wherever both are held: a stretch that is being deleted is deleted, or not yet.
        growing(&tx, tenant, session, now).await?;
        comes_this_way(&tx, tenant, session, &new.place).await?;
        let is_gone = locked(&tx, tenant, session).await?.is_some_and(|s| s.recording_removed_at.is_some());
        let stretches = breaks::deleted_of(&tx, tenant, session, &new.place).await?;
        let (deleted, span) = (!stretches.is_empty(), breaks::span_of(&new.place));
        // Of a recording that went by age nothing can be made anew: what was made of it stays.
        if deleted && !is_gone && !stretches.iter().any(|s| s.start <= span.start && span.end <= s.end) {
            // It goes whole, and with it what was said in it outside of the stretch.
            words::take(&tx, tenant, session, &[span]).await?;
            breaks::take_back(&tx, tenant, session, now).await?;
        } else if (deleted || is_gone) && arrived.is_some() {
            // Its object stands; whoever wrote it removes it, and may die before.
            removals::note(&tx, tenant, session, false, now).await?;
        }
        let deleted = deleted || is_gone;
        let arrived = arrived.filter(|_| !deleted);
        let state = if deleted { UploadState::Deleted } else { state };
        let row = uploads::Model {
            id: Uuid::now_v7(),
            tenant_id: tenant.0,
            session_id: session.0,
            part: new.place.part.into(),
            run: new.place.run.into(),
            start_ms: new.place.start_ms as i64,
            duration_ms: new.place.duration_ms.map(|ms| ms as i64),
            filename: new.filename,
            content_type: new.content_type,
            length: new.length.map(|l| l as i64),
            received: arrived.and(new.length).unwrap_or(0) as i64,
            state: state.to_string(),
            announced_sha256: new.announced_sha256,
            sha256: arrived.map(|(_, sha256)| sha256.to_owned()),
            expires_at: new.expires_at.0,
            created_at: now.0,
            updated_at: now.0,
            sweeps: 0,
        };
        uploads::Entity::insert(uploads::ActiveModel::from(row.clone())).exec_without_returning(&tx).await?;
        if let Some((key, _)) = arrived.filter(|_| row.received > 0) {
            insert_chunk(&tx, &row, &Chunk { start: 0, bytes: row.received as u64, key: key.to_owned() }).await?;
        }
        advance(&tx, tenant, session, now).await?;
        tx.commit().await?;
        row.try_into()
    }

    /// One upload.
    pub async fn upload(&self, tenant: TenantId, id: UploadId) -> Result<Option<Upload>> {
        let found = uploads::Entity::find_by_id(id.0).filter(of(tenant)).one(&self.conn).await?;
        found.map(Upload::try_from).transpose()
    }

    /// The upload of one part of a session.
    pub async fn upload_of(&self, tenant: TenantId, session: SessionId, part: u32) -> Result<Option<Upload>> {
        let found = uploads::Entity::find()
            .filter(of_session(tenant, session))
            .filter(uploads::Column::Part.eq(i64::from(part)))
            .one(&self.conn)
            .await?;
        found.map(Upload::try_from).transpose()
    }

    /// The uploads of a session, by part.
    pub async fn uploads_of(&self, tenant: TenantId, session: SessionId) -> Result<Vec<Upload>> {
        self.uploads_page(tenant, session, 0, u64::from(u32::MAX)).await
    }

    /// At most `most` uploads of a session, by part: those of parts after `after`.
    pub async fn uploads_page(
        &self,
        tenant: TenantId,
        session: SessionId,
        after: u32,
        most: u64,
    ) -> Result<Vec<Upload>> {
        let rows = uploads::Entity::find()
            .filter(of_session(tenant, session))
            .filter(uploads::Column::Part.gt(i64::from(after)))
            .order_by_asc(uploads::Column::Part)
            .limit(most)
            .all(&self.conn)
            .await?;
        rows.into_iter().map(Upload::try_from).collect()
    }

    /// Adds a chunk whose object is already written. When it brings the last byte of an upload without an announced hash, that
    /// is complete, and the session's new phase and its job are written in the same transaction; one with a hash waits
    /// for [`Db::verify_upload`]. `None` when the upload does not go on at `chunk.start`, takes no more
    /// bytes, or would grow past its length: the caller asks again for the offset.
    pub async fn append_chunk(
        &self,
        tenant: TenantId,
        id: UploadId,
        chunk: Chunk,
        expires_at: Timestamp,
        now: Timestamp,
    ) -> Result<Option<Upload>> {
        let (start, bytes) = (chunk.start as i64, chunk.bytes as i64);
        let tx = self.begin().await?;
        let Some(upload) = uploads::Entity::find_by_id(id.0).filter(of(tenant)).one(&tx).await? else {
            return Ok(None);
        };
        growing(&tx, tenant, upload.session_id.into(), now).await?;
        let grown = uploads::Entity::update_many()
            .col_expr(uploads::Column::Received, Expr::value(start + bytes))
            .col_expr(uploads::Column::ExpiresAt, Expr::value(expires_at.0))
            .col_expr(uploads::Column::UpdatedAt, Expr::value(now.0))
            .filter(of(tenant))
            .filter(uploads::Column::Id.eq(id.0))
            .filter(uploads::Column::State.eq(UploadState::Open.to_string()))
            .filter(uploads::Column::Received.eq(start))
            .filter(uploads::Column::Length.is_null().or(uploads::Column::Length.gte(start + bytes)))
            .exec_with_returning(&tx)
            .await?;
        let Some(upload) = grown.into_iter().next() else { return Ok(None) };
        insert_chunk(&tx, &upload, &chunk).await?;
        let upload = settle(&tx, upload, now).await?;
        tx.commit().await?;
        Ok(Some(upload))
    }

    /// Completes an upload whose bytes were read back and hash to `sha256`, as announced. `None` when it has been completed,
    /// deleted or begun anew meanwhile.
    pub async fn verify_upload(
        &self,
        tenant: TenantId,
        id: UploadId,
        sha256: &str,
        now: Timestamp,
    ) -> Result<Option<Upload>> {
        let tx = self.begin().await?;
        let verified = uploads::Entity::update_many()
            .col_expr(uploads::Column::Sha256, Expr::value(sha256))
            .filter(of(tenant))
            .filter(uploads::Column::Id.eq(id.0))
            .filter(uploads::Column::State.eq(UploadState::Open.to_string()))
            .filter(Expr::col(uploads::Column::Received).eq(Expr::col(uploads::Column::Length)))
            .filter(uploads::Column::AnnouncedSha256.eq(sha256))
            .exec_with_returning(&tx)
            .await?;
        let Some(upload) = verified.into_iter().next() else { return Ok(None) };
        let upload = settle(&tx, upload, now).await?;
        tx.commit().await?;
        Ok(Some(upload))
    }

    /// Takes an open upload back to its beginning, as its bytes are not what was announced. Returns the keys that nobody
    /// needs any more.
    pub async fn restart_upload(&self, tenant: TenantId, id: UploadId, now: Timestamp) -> Result<Vec<String>> {
        let tx = self.begin().await?;
        let restarted = uploads::Entity::update_many()
            .col_expr(uploads::Column::Received, Expr::value(0))
            .col_expr(uploads::Column::UpdatedAt, Expr::value(now.0))
            .filter(of(tenant))
            .filter(uploads::Column::Id.eq(id.0))
            .filter(uploads::Column::State.eq(UploadState::Open.to_string()))
            .exec(&tx)
            .await?;
        let keys = if restarted.rows_affected > 0 { take_chunks(&tx, tenant, &[id.0]).await? } else { Vec::new() };
        tx.commit().await?;
        Ok(keys)
    }

    /// Declares the length of an upload whose length was deferred. `None` when it is not open, has another length
    /// already, or has received more.
    pub async fn declare_length(
        &self,
        tenant: TenantId,
        id: UploadId,
        length: u64,
        now: Timestamp,
    ) -> Result<Option<Upload>> {
        let tx = self.begin().await?;
        let Some(upload) = uploads::Entity::find_by_id(id.0).filter(of(tenant)).one(&tx).await? else {
            return Ok(None);
        };
        growing(&tx, tenant, upload.session_id.into(), now).await?;
        let declared = uploads::Entity::update_many()
            .col_expr(uploads::Column::Length, Expr::value(length as i64))
            .filter(of(tenant))
            .filter(uploads::Column::Id.eq(id.0))
            .filter(uploads::Column::State.eq(UploadState::Open.to_string()))
            .filter(uploads::Column::Length.is_null().or(uploads::Column::Length.eq(length as i64)))
            .filter(uploads::Column::Received.lte(length as i64))
            .exec_with_returning(&tx)
            .await?;
        let Some(upload) = declared.into_iter().next() else { return Ok(None) };
        let upload = settle(&tx, upload, now).await?;
        tx.commit().await?;
        Ok(Some(upload))
    }

    /// The chunks of an upload, in order.
    pub async fn chunks(&self, tenant: TenantId, id: UploadId) -> Result<Vec<Chunk>> {
        chunks_of(&self.conn, tenant, id).await
    }

    /// Lets an upload go on until `expires_at`, for a device that comes back late: its bytes are still here, even when it
    /// has expired. `None` when it is complete, deleted or not there.
    pub async fn reopen_upload(&self, tenant: TenantId, id: UploadId, expires_at: Timestamp) -> Result<Option<Upload>> {
        let reopened = uploads::Entity::update_many()
            .col_expr(uploads::Column::State, Expr::value(UploadState::Open.to_string()))
            .col_expr(uploads::Column::ExpiresAt, Expr::value(expires_at.0))
            .filter(of(tenant))
            .filter(uploads::Column::Id.eq(id.0))
            .filter(uploads::Column::State.is_in([UploadState::Open, UploadState::Expired].map(|s| s.to_string())))
            .exec_with_returning(&self.conn)
            .await?;
        reopened.into_iter().next().map(Upload::try_from).transpose()
    }

    /// Notes that the first `bytes` bytes of an upload now stand in one object. Returns the keys of the chunks that it
    /// replaces.
    pub async fn replace_chunks(&self, tenant: TenantId, id: UploadId, bytes: u64, key: &str) -> Result<Vec<String>> {
        let joined = upload_chunks::Column::TenantId
            .eq(tenant.0)
            .and(upload_chunks::Column::UploadId.eq(id.0))
            .and(upload_chunks::Column::StartOffset.lt(bytes as i64));
        let tx = self.begin().await?;
        let old = upload_chunks::Entity::find().filter(joined.clone()).all(&tx).await?;
        upload_chunks::Entity::delete_many().filter(joined).exec(&tx).await?;
        let row = upload_chunks::Model {
            upload_id: id.0,
            tenant_id: tenant.0,
            start_offset: 0,
            bytes: bytes as i64,
            object_key: key.to_owned(),
        };
        upload_chunks::Entity::insert(upload_chunks::ActiveModel::from(row)).exec_without_returning(&tx).await?;
        tx.commit().await?;
        Ok(old.into_iter().map(|c| c.object_key).filter(|k| k != key).collect())
    }

    /// Ends an upload that its device does not want any more.
    pub async fn terminate_upload(&self, tenant: TenantId, id: UploadId) -> Result<Termination> {
        let tx = self.begin().await?;
        // Held until the end, so that no chunk comes between reading their keys and removing them.
        let held = uploads::Entity::find_by_id(id.0).filter(of(tenant)).lock_exclusive().one(&tx).await?;
        let Some(upload) = held else { return Ok(Termination::NotFound) };
        if [UploadState::Complete, UploadState::Deleted].map(|s| s.to_string()).contains(&upload.state) {
            return Ok(Termination::Complete);
        }
        let chunks = chunks_of(&tx, tenant, id).await?;
        uploads::Entity::delete_by_id(id.0).exec(&tx).await?;
        tx.commit().await?;
        Ok(Termination::Terminated(chunks.into_iter().map(|c| c.key).collect()))
    }

    /// Closes the open uploads whose time is over. Their bytes are kept; their sessions end by their own limit.
    pub async fn expire_uploads(&self, now: Timestamp) -> Result<u64> {
        let expired = uploads::Entity::update_many()
            .col_expr(uploads::Column::State, Expr::value(UploadState::Expired.to_string()))
            .filter(uploads::Column::State.eq(UploadState::Open.to_string()))
            .filter(uploads::Column::ExpiresAt.lt(now.0))
            .exec(&self.conn)
            .await?;
        Ok(expired.rows_affected)
    }
}

/// Refuses a part beside a recording in one piece, and the reverse: what came first decides. In one piece nothing can be told
/// apart, so nothing could be left out of it either.
async fn comes_this_way(tx: &DatabaseTransaction, tenant: TenantId, session: SessionId, new: &Place) -> Result<()> {
    let held = uploads::Entity::find().filter(of_session(tenant, session));
    let duration = uploads::Column::DurationMs;
    if new.duration_ms.is_some() {
        let whole = held.filter(duration.is_null()).limit(1).one(tx).await?;
        return whole.map_or(Ok(()), |_| Err(Rule::PartAfterWhole.into()));
    }
    if breaks::has_deletions(tx, tenant, session).await? {
        return Err(Rule::WholeAfterDeletion.into());
    }
    let part = held.filter(duration.is_not_null()).limit(1).one(tx).await?;
    part.map_or(Ok(()), |_| Err(Rule::WholeAfterParts.into()))
}

async fn chunks_of(conn: &impl ConnectionTrait, tenant: TenantId, id: UploadId) -> Result<Vec<Chunk>> {
    let rows = upload_chunks::Entity::find()
        .filter(upload_chunks::Column::TenantId.eq(tenant.0))
        .filter(upload_chunks::Column::UploadId.eq(id.0))
        .order_by_asc(upload_chunks::Column::StartOffset)
        .all(conn)
        .await?;
    let chunk =
        |r: upload_chunks::Model| Chunk { start: r.start_offset as u64, bytes: r.bytes as u64, key: r.object_key };
    Ok(rows.into_iter().map(chunk).collect())
}

async fn insert_chunk(tx: &DatabaseTransaction, upload: &uploads::Model, chunk: &Chunk) -> Result<()> {
    let row = upload_chunks::Model {
        upload_id: upload.id,
        tenant_id: upload.tenant_id,
        start_offset: chunk.start as i64,
        bytes: chunk.bytes as i64,
        object_key: chunk.key.clone(),
    };
    upload_chunks::Entity::insert(upload_chunks::ActiveModel::from(row)).exec_without_returning(tx).await?;
    Ok(())
}

/// Removes the chunks of uploads and returns the keys of their objects.
pub(crate) async fn take_chunks(tx: &DatabaseTransaction, tenant: TenantId, ids: &[Uuid]) -> Result<Vec<String>> {
    let theirs = upload_chunks::Column::TenantId.eq(tenant.0).and(upload_chunks::Column::UploadId.is_in(ids.to_vec()));
    let chunks = upload_chunks::Entity::find().filter(theirs.clone()).all(tx).await?;
    upload_chunks::Entity::delete_many().filter(theirs).exec(tx).await?;
    Ok(chunks.into_iter().map(|c| c.object_key).collect())
}

/// Completes an upload whose every byte is here and hashes to what was announced, if anything was, and moves its session on.
async fn settle(tx: &DatabaseTransaction, mut upload: uploads::Model, now: Timestamp) -> Result<Upload> {
    let (tenant, session) = (TenantId(upload.tenant_id), SessionId(upload.session_id));
    if upload.length == Some(upload.received) && upload.announced_sha256 == upload.sha256 {
        upload.state = UploadState::Complete.to_string();
        uploads::Entity::update_many()
            .col_expr(uploads::Column::State, Expr::value(upload.state.clone()))
            .filter(of(tenant))
            .filter(uploads::Column::Id.eq(upload.id))
            .exec(tx)
            .await?;
        locked(tx, tenant, session).await?;
        advance(tx, tenant, session, now).await?;
    }
    upload.try_into()
}

pub(crate) fn place(row: &uploads::Model) -> Place {
    Place {
        part: row.part as u32,
        run: row.run as u32,
        start_ms: row.start_ms as u64,
        duration_ms: row.duration_ms.map(|ms| ms as u64),
    }
}

pub(crate) fn of_session(tenant: TenantId, session: SessionId) -> Expr {
    of(tenant).and(uploads::Column::SessionId.eq(session.0))
}

fn of(tenant: TenantId) -> Expr {
    uploads::Column::TenantId.eq(tenant.0)
}

impl TryFrom<uploads::Model> for Upload {
    type Error = DbError;
    fn try_from(r: uploads::Model) -> Result<Self> {
        Ok(Self {
            id: r.id.into(),
            tenant_id: r.tenant_id.into(),
            session_id: r.session_id.into(),
            place: place(&r),
            filename: r.filename,
            content_type: r.content_type,
            length: r.length.map(|l| l as u64),
            received: r.received as u64,
            state: word("upload state", &r.state)?,
            announced_sha256: r.announced_sha256,
            sha256: r.sha256,
            expires_at: Timestamp(r.expires_at),
        })
    }
}
