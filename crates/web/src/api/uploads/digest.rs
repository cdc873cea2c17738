//! The hash of a part: what the server has is read and compared before the device may forget its copy.

use crate::{App, problem::Problem};
use aws_lc_rs::digest;
use axum::http::{HeaderValue, StatusCode};
use base64::{Engine, engine::general_purpose::STANDARD};
use futures::TryStreamExt;
use storage::db::uploads::Upload;
use tracing::Instrument;

/// SHA-256 in lower-case hex.
pub fn of(bytes: &[u8]) -> String {
    hex::encode(digest::digest(&digest::SHA256, bytes))
}

/// The SHA-256 of bytes that come in pieces.
pub struct Hash(digest::Context);

impl Default for Hash {
    fn default() -> Self {
        Self(digest::Context::new(&digest::SHA256))
    }
}

impl Hash {
    pub fn update(&mut self, piece: &[u8]) {
        self.0.update(piece);
    }

    /// In lower-case hex.
    pub fn hex(self) -> String {
        hex::encode(self.0.finish())
    }
}

/// An upload whose every byte is here, after its bytes have been read back and compared with the announced hash; any other
/// as it is. Bytes that are not what was announced are not kept: 460.
pub async fn verified(app: &App, upload: Upload) -> Result<Upload, Problem> {
    if !upload.is_unverified() {
        return Ok(upload);
    }
    let app = app.clone();
    // Goes on when the client is gone: asked again it knows.
    let done = tokio::spawn(async move { verify(&app, upload).await }.in_current_span()).await;
    done.unwrap_or_else(|error| {
        tracing::error!(%error, "comparing an upload with its hash ended abnormally");
        Err(Problem::internal())
    })
}

/// A complete upload with what it hashes to, for which its bytes are read where nobody had announced it.
pub async fn known(app: &App, upload: Upload) -> Result<Upload, Problem> {
    Ok(match upload.sha256 {
        Some(_) => upload,
        None => Upload { sha256: Some(read(app, &upload).await?), ..upload },
    })
}

/// SHA-256 of what is kept of an upload, in lower-case hex.
async fn read(app: &App, upload: &Upload) -> Result<String, Problem> {
    let mut hash = Hash::default();
    for chunk in app.db.chunks(upload.tenant_id, upload.id).await? {
        let mut bytes = app.objects.get_range(&chunk.key, 0..chunk.bytes).await?;
        while let Some(piece) = bytes.try_next().await? {
            hash.update(&piece);
        }
    }
    Ok(hash.hex())
}

async fn verify(app: &App, upload: Upload) -> Result<Upload, Problem> {
    let (tenant, id) = (upload.tenant_id, upload.id);
    let sha256 = read(app, &upload).await?;
    if upload.announced_sha256.as_deref() != Some(&sha256) {
        tracing::warn!(upload = %id, "what arrived is not what was announced; it is asked for again");
        for key in app.db.restart_upload(tenant, id, app.now()).await? {
            app.objects.delete(&key).await?;
        }
        return Err(mismatch());
    }
    match app.db.verify_upload(tenant, id, &sha256, app.now()).await? {
        Some(verified) => Ok(verified),
        // Another request did it a moment ago.
        None => app.db.upload(tenant, id).await?.ok_or_else(|| Problem::not_found("upload")),
    }
}

/// 460: nothing of it was kept.
pub fn mismatch() -> Problem {
    let status = StatusCode::from_u16(460).unwrap_or(StatusCode::BAD_REQUEST);
    let detail = "what arrived does not hash to the sha256 that was announced; nothing of it was kept, send it again";
    Problem::new(status, "checksum-mismatch", detail)
}

/// The value of `Repr-Digest` (RFC 9530) for a hash in hex.
pub fn header(sha256: &str) -> Option<HeaderValue> {
    let bytes = hex::decode(sha256).ok()?;
    HeaderValue::try_from(format!("sha-256=:{}:", STANDARD.encode(bytes))).ok()
}
