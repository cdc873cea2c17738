//! Uploads: how far the bytes of a recording have come. The offset kept here is the truth.

use super::{
    Db, DbError, Result,
    entity::{upload_chunks, uploads},
    error::word,
    sessions::{advance, locked, touch},
};
use domain::{SessionId, TenantId, Timestamp, UploadId};
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
    /// Takes bytes.
    Open,
    /// Every byte is here.
    Complete,
    /// Nobody went on with it in time. What arrived is kept.
    Expired,
}

/// One resumable upload.
#[derive(Clone, Debug, PartialEq)]
#[allow(missing_docs)]
pub struct Upload {
    pub id: UploadId,
    pub tenant_id: TenantId,
    pub session_id: SessionId,
    pub filename: String,
    pub content_type: String,
    /// Bytes; `None` while the length is deferred.
    pub length: Option<u64>,
    /// Bytes that are safely kept: the next byte goes here.
    pub received: u64,
    pub state: UploadState,
    pub expires_at: Timestamp,
}

/// What a new upload needs.
#[derive(Clone, Debug)]
#[allow(missing_docs)]
pub struct NewUpload {
    pub filename: String,
    pub content_type: String,
    pub length: Option<u64>,
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
    /// It is complete: the recording belongs to the session now and is not thrown away.
    Complete,
    /// There is no such upload.
    NotFound,
}

impl Db {
    /// Creates the upload of a session; [`DbError::Exists`] when it has one, [`DbError::Refused`] when there is no such
    /// session. One of length zero is complete at once.
    pub async fn create_upload(
        &self,
        tenant: TenantId,
        session: SessionId,
        new: NewUpload,
        now: Timestamp,
    ) -> Result<Upload> {
        let state = if new.length == Some(0) { UploadState::Complete } else { UploadState::Open };
        let row = uploads::Model {
            id: Uuid::now_v7(),
            tenant_id: tenant.0,
            session_id: session.0,
            part: 1,
            run: 1,
            start_ms: 0,
            duration_ms: None,
            announced_sha256: None,
            sha256: None,
            filename: new.filename,
            content_type: new.content_type,
            length: new.length.map(|l| l as i64),
            received: 0,
            state: state.to_string(),
            expires_at: new.expires_at.0,
            created_at: now.0,
            updated_at: now.0,
        };
        let tx = self.begin().await?;
        uploads::Entity::insert(uploads::ActiveModel::from(row.clone())).exec_without_returning(&tx).await?;
        touch(&tx, tenant, session, true, now).await?;
        advance(&tx, tenant, session, now).await?;
        tx.commit().await?;
        row.try_into()
    }

    /// One upload.
    pub async fn upload(&self, tenant: TenantId, id: UploadId) -> Result<Option<Upload>> {
        let found = uploads::Entity::find_by_id(id.0).filter(of(tenant)).one(&self.conn).await?;
        found.map(Upload::try_from).transpose()
    }

    /// The upload of a session.
    pub async fn upload_of(&self, tenant: TenantId, session: SessionId) -> Result<Option<Upload>> {
        let found = uploads::Entity::find()
            .filter(of(tenant))
            .filter(uploads::Column::SessionId.eq(session.0))
            .one(&self.conn)
            .await?;
        found.map(Upload::try_from).transpose()
    }

    /// Adds a chunk whose object is already written. When it brings the last byte, the session's new phase and its job
    /// are written in the same transaction. `None` when the upload does not go on at `chunk.start`, takes no more
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
        let row = upload_chunks::Model {
            upload_id: id.0,
            tenant_id: tenant.0,
            start_offset: start,
            bytes,
            object_key: chunk.key,
        };
        upload_chunks::Entity::insert(upload_chunks::ActiveModel::from(row)).exec_without_returning(&tx).await?;
        let upload = settle(&tx, upload, now).await?;
        tx.commit().await?;
        Ok(Some(upload))
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
    /// has expired. `None` when it is complete or not there.
    pub async fn reopen_upload(&self, tenant: TenantId, id: UploadId, expires_at: Timestamp) -> Result<Option<Upload>> {
        let reopened = uploads::Entity::update_many()
            .col_expr(uploads::Column::State, Expr::value(UploadState::Open.to_string()))
            .col_expr(uploads::Column::ExpiresAt, Expr::value(expires_at.0))
            .filter(of(tenant))
            .filter(uploads::Column::Id.eq(id.0))
            .filter(uploads::Column::State.ne(UploadState::Complete.to_string()))
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
        if upload.state == UploadState::Complete.to_string() {
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

/// Completes an upload whose every byte is here and moves its session on.
async fn settle(tx: &DatabaseTransaction, mut upload: uploads::Model, now: Timestamp) -> Result<Upload> {
    let (tenant, session) = (TenantId(upload.tenant_id), SessionId(upload.session_id));
    touch(tx, tenant, session, true, now).await?;
    if upload.length == Some(upload.received) {
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
            filename: r.filename,
            content_type: r.content_type,
            length: r.length.map(|l| l as u64),
            received: r.received as u64,
            state: word("upload state", &r.state)?,
            expires_at: Timestamp(r.expires_at),
        })
    }
}
