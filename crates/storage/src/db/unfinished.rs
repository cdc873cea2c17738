//! Uploads that nobody has finished: what is still on its way, what nobody goes on with, and what was given up.

use super::{
    Db, Result,
    entity::{sessions, uploads, users},
    sessions::of,
    uploads::UploadState,
};
use domain::{
    SessionId, TenantId, Timestamp,
    session::{Phase, Session},
};
use sea_orm::{ColumnTrait, EntityTrait, ExprTrait, QueryFilter, QueryOrder, QuerySelect};
use std::collections::HashMap;
use uuid::Uuid;

/// With this begins the idempotency key of a session whose recording is a file that an administrator sends.
pub const FILE_KEY: &str = "file-upload:";
/// More are not listed.
const MOST: u64 = 2000;

/// A session whose recording has not arrived whole.
#[derive(Clone, Debug, PartialEq)]
pub struct Unfinished {
    /// The session.
    pub session: Session,
    /// Whose session it is.
    pub user_name: String,
    /// How many of its uploads are unfinished; 0 when the file has not begun to arrive.
    pub parts: u32,
    /// Name of the file; `None` for the parts of a device, or while nothing has arrived.
    pub filename: Option<String>,
    /// Bytes of these uploads that are kept.
    pub received: u64,
    /// Their length in bytes, once it is known of all.
    pub length: Option<u64>,
    /// When the first of them began.
    pub since: Timestamp,
    /// When bytes last came.
    pub last: Timestamp,
    /// When they are given up unless bytes come; in the past when they were. `None` while there is no upload yet.
    pub expires_at: Option<Timestamp>,
    /// Whether none of them takes bytes any more unless it is created again.
    pub is_given_up: bool,
    /// Whether an administrator sends it from the Dashboard.
    pub is_file: bool,
}

impl Db {
    /// What of a tenant's recordings has begun to arrive and is not whole, newest session first.
    pub async fn unfinished_uploads(&self, tenant: TenantId, now: Timestamp) -> Result<Vec<Unfinished>> {
        let open = [UploadState::Open, UploadState::Expired].map(|state| state.to_string());
        let rows = uploads::Entity::find()
            .filter(uploads::Column::TenantId.eq(tenant.0).and(uploads::Column::State.is_in(open)))
            .order_by_desc(uploads::Column::CreatedAt)
            .limit(MOST)
            .all(&self.conn)
            .await?;
        let mut of_session: HashMap<Uuid, Vec<uploads::Model>> = HashMap::new();
        for row in rows {
            of_session.entry(row.session_id).or_default().push(row);
        }
        let is_file = sessions::Column::IdempotencyKey.starts_with(FILE_KEY);
        let awaits_a_file = is_file.and(sessions::Column::Phase.eq(Phase::Uploading.to_string()));
        let found = sessions::Entity::find()
            .filter(of(tenant))
            .filter(sessions::Column::Id.is_in(of_session.keys().copied()).or(awaits_a_file))
            .order_by_desc(sessions::Column::Id)
            .limit(MOST)
            .all(&self.conn)
            .await?;
        let names: HashMap<Uuid, String> = users::Entity::find()
            .filter(users::Column::TenantId.eq(tenant.0))
            .filter(users::Column::Id.is_in(found.iter().map(|s| s.user_id)))
            .all(&self.conn)
            .await?
            .into_iter()
            .map(|user| (user.id, user.full_name))
            .collect();
        found
            .into_iter()
            .map(|session| {
                let name = names.get(&session.user_id).cloned().unwrap_or_default();
                let parts = of_session.remove(&session.id).unwrap_or_default();
                unfinished(session, name, &parts, now)
            })
            .collect()
    }

    /// A session whose recording is a file that an administrator sends; `None` for any other.
    pub async fn file_session(&self, tenant: TenantId, id: SessionId) -> Result<Option<Session>> {
        let found = sessions::Entity::find_by_id(id.0)
            .filter(of(tenant))
            .filter(sessions::Column::IdempotencyKey.starts_with(FILE_KEY))
            .one(&self.conn)
            .await?;
        found.map(Session::try_from).transpose()
    }
}

fn unfinished(row: sessions::Model, user_name: String, parts: &[uploads::Model], now: Timestamp) -> Result<Unfinished> {
    let is_file = row.idempotency_key.as_deref().is_some_and(|key| key.starts_with(FILE_KEY));
    let is_over = |part: &uploads::Model| part.state == UploadState::Expired.to_string() || part.expires_at < now.0;
    let begun = Timestamp(row.last_heartbeat_at);
    let time = |times: Option<i64>| times.map_or(begun, Timestamp);
    Ok(Unfinished {
        user_name,
        parts: parts.len() as u32,
        filename: parts.first().filter(|_| is_file).map(|part| part.filename.clone()),
        received: parts.iter().map(|part| part.received as u64).sum(),
        length: parts
            .iter()
            .map(|part| part.length.map(|l| l as u64))
            .sum::<Option<u64>>()
            .filter(|_| !parts.is_empty()),
        since: time(parts.iter().map(|part| part.created_at).min()),
        last: time(parts.iter().map(|part| part.updated_at).max()),
        expires_at: parts.iter().map(|part| part.expires_at).max().map(Timestamp),
        is_given_up: !parts.is_empty() && parts.iter().all(is_over),
        is_file,
        session: row.try_into()?,
    })
}
