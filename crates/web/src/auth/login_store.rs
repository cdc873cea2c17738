//! Browser logins kept in the database, so that they survive a restart and hold on every server of an installation.
//! The database knows only a hash of the cookie: who reads it cannot sign in with it.

use super::login::{PENDING, USER, Who};
use crate::App;
use aws_lc_rs::digest::{SHA256, digest};
use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use domain::Timestamp;
use std::fmt;
use storage::db::logins::Owner;
use time::OffsetDateTime;
use tower_sessions::{
    SessionStore,
    session::{Id, Record},
    session_store::{Error, Result},
};

/// The logins of an installation.
#[derive(Clone)]
pub struct LoginStore(pub App);

impl fmt::Debug for LoginStore {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("LoginStore")
    }
}

#[async_trait::async_trait]
impl SessionStore for LoginStore {
    async fn create(&self, record: &mut Record) -> Result<()> {
        loop {
            let (data, owner) = contents(record)?;
            match self.0.db.create_login(&key(&record.id), &data, owner, instant(record.expiry_date)).await {
                Err(storage::DbError::Exists(_)) => record.id = Id::default(),
                made => return made.map_err(backend),
            }
        }
    }

    /// A login that was ended while a request was under way does not come back.
    async fn save(&self, record: &Record) -> Result<()> {
        let (data, owner) = contents(record)?;
        let expires_at = instant(record.expiry_date);
        self.0.db.save_login(&key(&record.id), &data, owner, expires_at).await.map(drop).map_err(backend)
    }

    async fn load(&self, id: &Id) -> Result<Option<Record>> {
        let Some((data, expires_at)) = self.0.db.login(&key(id), self.0.now()).await.map_err(backend)? else {
            return Ok(None);
        };
        let data = serde_json::from_str(&data).map_err(|e| Error::Decode(e.to_string()))?;
        let expiry_date = OffsetDateTime::from_unix_timestamp_nanos(i128::from(expires_at.0) * 1000)
            .map_err(|e| Error::Decode(e.to_string()))?;
        Ok(Some(Record { id: *id, data, expiry_date }))
    }

    async fn delete(&self, id: &Id) -> Result<()> {
        self.0.db.delete_login(&key(id)).await.map_err(backend)
    }
}

/// What is written of a login, and whose it is.
fn contents(record: &Record) -> Result<(String, Owner)> {
    let data = serde_json::to_string(&record.data).map_err(|e| Error::Encode(e.to_string()))?;
    let encode = |e: serde_json::Error| Error::Encode(e.to_string());
    let signed_in = record.data.get(USER).map(|who| serde_json::from_value::<Who>(who.clone()));
    // Who has given the password only is ended with all the others, too.
    let pending = record.data.get(PENDING).map(|who| serde_json::from_value::<(Who, Timestamp)>(who.clone()));
    let pending = pending.transpose().map_err(encode)?.map(|(who, _)| who);
    let who = signed_in.transpose().map_err(encode)?.or(pending);
    Ok((data, who.map(|who| (who.tenant, who.user))))
}

/// The id of a login as it is kept.
pub fn key(id: &Id) -> String {
    URL_SAFE_NO_PAD.encode(digest(&SHA256, id.to_string().as_bytes()))
}

fn instant(t: OffsetDateTime) -> Timestamp {
    Timestamp((t.unix_timestamp_nanos() / 1000) as i64)
}

fn backend(e: storage::DbError) -> Error {
    Error::Backend(e.to_string())
}
