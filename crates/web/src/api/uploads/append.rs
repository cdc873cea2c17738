//! `PATCH /api/v1/uploads/{upload}`: more bytes of a recording.

use super::{
    checksum::{self, Checksum},
    digest,
    gather::{End, Gather},
    tus::{self, Limits},
};
use crate::{
    App,
    api::input::Id,
    auth::device::{Caller, revoked},
    problem::{Problem, ProblemDetails},
};
use axum::{
    body::Body,
    extract::State,
    http::{HeaderMap, StatusCode, header},
    response::{IntoResponse, Response},
};
use bytes::Bytes;
use domain::UploadId;
use storage::{
    db::uploads::{Chunk, Upload},
    removal::uploads_prefix,
};
use tracing::Instrument;
use uuid::Uuid;

/// Adds bytes at an offset. They are kept as they come: after a broken connection ask with `HEAD` how far the upload is
/// and go on from there. With `Upload-Checksum` a body (at most 16 MiB) is kept as a whole or not at all.
#[utoipa::path(
    patch, path = "/api/v1/uploads/{upload}", tag = "uploads",
    params(
        ("upload" = Uuid, Path),
        ("Tus-Resumable" = String, Header, description = "1.0.0"),
        ("Upload-Offset" = u64, Header, description = "Where the first byte goes"),
        ("Upload-Length" = Option<u64>, Header, description = "The length, if it was deferred and is now known"),
        ("Upload-Checksum" = Option<String>, Header, description = "sha1, sha256 or sha512, then the checksum in base64")
    ),
    request_body(content = String, content_type = "application/offset+octet-stream", description = "Bytes"),
    responses(
        (status = 204, description = "Kept", headers(("Upload-Offset" = u64), ("Upload-Expires" = String), ("Repr-Digest" = String))),
        (status = 400, description = "A header is missing or no such value", body = ProblemDetails, content_type = "application/problem+json"),
        (status = 401, description = "The device was revoked, perhaps while it sent; what came before is kept", body = ProblemDetails, content_type = "application/problem+json"),
        (status = 404, description = "No such upload for this device", body = ProblemDetails, content_type = "application/problem+json"),
        (status = 409, description = "The upload does not go on at this offset; Upload-Offset says where", body = ProblemDetails, content_type = "application/problem+json"),
        (status = 410, description = "Nobody went on with it in time, or this stretch of the recording was deleted", body = ProblemDetails, content_type = "application/problem+json"),
        (status = 412, description = "Another version of tus", body = ProblemDetails, content_type = "application/problem+json"),
        (status = 413, description = "More bytes than the length or the tenant's limit", body = ProblemDetails, content_type = "application/problem+json"),
        (status = 415, description = "Not application/offset+octet-stream", body = ProblemDetails, content_type = "application/problem+json"),
        (status = 460, description = "The checksum or the announced hash does not match", body = ProblemDetails, content_type = "application/problem+json"),
        (status = 507, description = "The server has no room left", body = ProblemDetails, content_type = "application/problem+json")
    )
)]
pub async fn append(
    State(app): State<App>,
    caller: Caller,
    Id(id): Id<UploadId>,
    headers: HeaderMap,
    body: Body,
) -> Result<Response, Problem> {
    let arrival = match Arrival::expect(app, caller, id, &headers).await {
        Ok(arrival) => arrival,
        Err(problem) => {
            // A client that asks first has not begun to send.
            if !headers.contains_key(header::EXPECT) {
                Gather::new(body.into_data_stream(), 1, 0).linger().await;
            }
            return Err(problem);
        }
    };
    let upload = arrival.take(body).await?;
    Ok((StatusCode::NO_CONTENT, tus::progress(&upload)).into_response())
}

/// Bytes that are about to arrive, after every rule that can be checked before them.
pub struct Arrival {
    pub app: App,
    pub upload: Upload,
    pub limits: Limits,
    pub checksum: Option<Checksum>,
    /// Who sends them.
    pub caller: Caller,
}

impl Arrival {
    async fn expect(app: App, caller: Caller, id: UploadId, headers: &HeaderMap) -> Result<Self, Problem> {
        let (mut upload, _) = caller.upload(&app, id).await?;
        tus::alive(&upload, app.now())?;
        if headers.get(header::CONTENT_TYPE).is_none_or(|kind| kind != tus::OFFSET_OCTET_STREAM) {
            let detail = format!("bytes are sent with `Content-Type: {}`", tus::OFFSET_OCTET_STREAM);
            return Err(Problem::new(StatusCode::UNSUPPORTED_MEDIA_TYPE, "unsupported-media-type", detail));
        }
        let offset = tus::bytes(headers, &tus::OFFSET)?;
        let offset = offset.ok_or_else(|| Problem::bad_request("send `Upload-Offset`: where the first byte goes"))?;
        if offset != upload.received {
            return Err(elsewhere(&upload));
        }
        let checksum = Checksum::read(headers)?;
        let limits = Limits::of(&app, &caller).await?;
        let coming = tus::bytes(headers, &header::CONTENT_LENGTH)?.unwrap_or(0);
        if let Some(length) = tus::bytes(headers, &tus::LENGTH)? {
            upload = declare(&app, upload, length, limits.bytes).await?;
        }
        let arrival = Self { app, upload, limits, checksum, caller };
        if coming > arrival.room() {
            return Err(arrival.too_long());
        }
        Ok(arrival)
    }

    /// Keeps the bytes of `body`. Goes on when the client is gone, so that what had come is kept.
    pub async fn take(self, body: Body) -> Result<Upload, Problem> {
        let work = async move {
            let mut arrival = self;
            let (piece, room) = match arrival.checksum {
                // One more than fits, so that a piece is either the whole body or too large.
                Some(_) => (checksum::LARGEST_BODY as usize + 1, arrival.room().min(checksum::LARGEST_BODY)),
                None => (arrival.app.settings.chunk_bytes, arrival.room()),
            };
            let gather = Gather::new(body.into_data_stream(), piece, room);
            let mut gather = gather.until(arrival.caller.shut_out(&arrival.app));
            let result = match arrival.checksum.take() {
                Some(checksum) => arrival.keep_checked(&mut gather, checksum).await,
                None => arrival.keep(&mut gather).await,
            };
            if result.is_err() {
                gather.linger().await;
            }
            result?;
            digest::verified(&arrival.app, arrival.upload).await
        };
        let done = tokio::spawn(work.in_current_span()).await;
        done.unwrap_or_else(|error| {
            tracing::error!(%error, "taking bytes of an upload ended abnormally");
            Err(Problem::internal())
        })
    }

    async fn keep(&mut self, gather: &mut Gather) -> Result<(), Problem> {
        loop {
            match gather.next().await {
                Ok(piece) => self.commit(piece).await?,
                Err(end) => return self.ended(end),
            }
        }
    }

    async fn keep_checked(&mut self, gather: &mut Gather, checksum: Checksum) -> Result<(), Problem> {
        let (body, end) = match gather.next().await {
            Ok(body) => (body, gather.next().await.err()),
            Err(end) => (Bytes::new(), Some(end)),
        };
        match end {
            Some(End::Whole) => checksum.verify(&body)?,
            Some(End::TooLong) if self.room() > checksum::LARGEST_BODY => {
                let most = checksum::LARGEST_BODY;
                let detail = format!("a body with a checksum has at most {most} bytes; send it in several requests");
                return Err(Problem::too_large(detail));
            }
            Some(end) => return self.ended(end),
            None => return Err(Problem::internal()),
        }
        if body.is_empty() { Ok(()) } else { self.commit(body).await }
    }

    fn ended(&self, end: End) -> Result<(), Problem> {
        let go_on = "what came before is kept; ask with HEAD how far the upload is and go on from there";
        match end {
            End::Whole => Ok(()),
            End::Broken(error) => {
                tracing::info!(upload = %self.upload.id, offset = self.upload.received, %error, "a connection broke");
                Err(Problem::bad_request(format!("the body broke off; {go_on}")))
            }
            End::Silent => {
                tracing::info!(upload = %self.upload.id, offset = self.upload.received, "a client fell silent");
                let detail = format!("nothing came for two minutes; {go_on}");
                Err(Problem::new(StatusCode::REQUEST_TIMEOUT, "silent", detail))
            }
            End::ShutOut => Err(revoked()),
            End::TooLong => Err(self.too_long()),
        }
    }

    /// First the object, then the row: a row never names bytes that are not there.
    async fn commit(&mut self, piece: Bytes) -> Result<(), Problem> {
        let Upload { tenant_id, id, received: start, .. } = self.upload;
        let bytes = piece.len() as u64;
        let key = format!("{}/{start:020}-{}", prefix(&self.upload), Uuid::new_v4().simple());
        self.app.objects.put(&key, piece).await?;
        let chunk = Chunk { start, bytes, key: key.clone() };
        let expires_at = self.limits.expiry(&self.app);
        // When the database fails here the row may stand all the same, so the object stays.
        match self.app.db.append_chunk(tenant_id, id, chunk, expires_at, self.app.now()).await? {
            Some(grown) => {
                metrics::counter!("trainar_upload_bytes_total").increment(bytes);
                self.upload = grown;
                Ok(())
            }
            None => {
                if let Err(error) = self.app.objects.delete(&key).await {
                    tracing::warn!(%error, "an object that nobody needs could not be removed");
                }
                let now = self.app.db.upload(tenant_id, id).await?.ok_or_else(|| Problem::not_found("upload"))?;
                tus::alive(&now, self.app.now())?;
                Err(elsewhere(&now))
            }
        }
    }

    /// Bytes that may still come.
    fn room(&self) -> u64 {
        self.upload.length.unwrap_or(self.limits.bytes).saturating_sub(self.upload.received)
    }

    fn too_long(&self) -> Problem {
        match self.upload.length {
            Some(length) => Problem::too_large(format!("the upload has {length} bytes, and this goes beyond them")),
            None => tus::over_limit(self.limits.bytes),
        }
    }
}

/// Below this stand the objects of an upload that came in several requests.
pub fn prefix(upload: &Upload) -> String {
    uploads_prefix(upload.tenant_id, upload.id)
}

async fn declare(app: &App, upload: Upload, length: u64, limit: u64) -> Result<Upload, Problem> {
    if upload.length == Some(length) {
        return Ok(upload);
    }
    if length > limit && upload.length.is_none() {
        return Err(tus::over_limit(limit));
    }
    let declared = app.db.declare_length(upload.tenant_id, upload.id, length, app.now()).await?;
    declared.ok_or_else(|| {
        let detail = "Upload-Length is not the length declared before, or less than what has arrived";
        Problem::bad_request(detail)
    })
}

/// 409 that says where the upload goes on.
fn elsewhere(upload: &Upload) -> Problem {
    let detail = format!("the upload goes on at byte {}, not there", upload.received);
    Problem::new(StatusCode::CONFLICT, "offset-mismatch", detail).with_header(tus::OFFSET, upload.received.into())
}
