//! `POST /api/v1/sessions/{session}/uploads`: where the parts of a session's recording go.

use super::{
    append::Arrival,
    checksum::{self, Checksum},
    digest,
    gather::{End, Gather},
    metadata,
    tus::{self, Limits},
};
use crate::{
    App,
    api::{input::Id, sessions::upload_url},
    auth::device::{Caller, revoked},
    problem::{Problem, ProblemDetails},
};
use axum::{
    body::Body,
    extract::State,
    http::{HeaderMap, HeaderValue, StatusCode, header},
    response::{IntoResponse, Response},
};
use bytes::Bytes;
use domain::{SessionId, recording::Place, session::Session};
use storage::{
    DbError, Rule,
    db::uploads::{NewUpload, Upload, UploadState},
    removal::uploads_prefix,
};
use tracing::Instrument;
use uuid::Uuid;

/// Creates the upload of a part of a session's recording; one whose metadata names no part is the whole recording.
/// Creating again what is there gives its address and offset again, so a device that lost them goes on, and two that send
/// the same do no harm; other bytes under the same number are a conflict. Bytes may come along
/// (`creation-with-upload`).
#[utoipa::path(
    post, path = "/api/v1/sessions/{session}/uploads", tag = "uploads",
    params(
        ("session" = Uuid, Path),
        ("Tus-Resumable" = String, Header, description = "1.0.0"),
        ("Upload-Length" = Option<u64>, Header, description = "Bytes; or else Upload-Defer-Length"),
        ("Upload-Defer-Length" = Option<u8>, Header, minimum = 1, maximum = 1, description = "1: the length comes later"),
        ("Upload-Metadata" = Option<String>, Header, description = "part, run, start_ms, duration_ms, sha256, filename and filetype")
    ),
    responses(
        (status = 201, description = "Created, or there already", headers(
            ("Location" = String), ("Upload-Offset" = u64), ("Upload-Expires" = String), ("Repr-Digest" = String)
        )),
        (status = 400, description = "A header is missing or no such value", body = ProblemDetails, content_type = "application/problem+json"),
        (status = 401, description = "The device was revoked, perhaps while it sent", body = ProblemDetails, content_type = "application/problem+json"),
        (status = 404, description = "No such session for this device", body = ProblemDetails, content_type = "application/problem+json"),
        (status = 409, description = "The session has other bytes there (Location says which upload), or its recording comes the other way: in parts, or in one piece", body = ProblemDetails, content_type = "application/problem+json"),
        (status = 410, description = "This stretch of the recording was deleted", body = ProblemDetails, content_type = "application/problem+json"),
        (status = 412, description = "Another version of tus", body = ProblemDetails, content_type = "application/problem+json"),
        (status = 415, description = "Bytes that are not application/offset+octet-stream", body = ProblemDetails, content_type = "application/problem+json"),
        (status = 413, description = "Larger than the tenant's limit (Tus-Max-Size)", body = ProblemDetails, content_type = "application/problem+json"),
        (status = 460, description = "The hash does not match", body = ProblemDetails, content_type = "application/problem+json")
    )
)]
pub async fn create(
    State(app): State<App>,
    caller: Caller,
    Id(session): Id<SessionId>,
    headers: HeaderMap,
    body: Body,
) -> Result<Response, Problem> {
    let session = caller.session(&app, session).await?;
    let limits = Limits::of(&app, &caller).await?;
    let length = declared(&headers)?;
    if length.is_some_and(|length| length > limits.bytes) {
        return Err(tus::over_limit(limits.bytes));
    }
    let said = metadata::read(&headers)?;
    if length == Some(0) && said.place != Place::WHOLE {
        return Err(Problem::bad_request("a part has at least one byte; leave out what is empty"));
    }
    let checksum = Checksum::read(&headers)?;
    let new = NewUpload {
        place: said.place,
        filename: said.filename,
        content_type: said.content_type,
        length,
        announced_sha256: said.sha256,
        expires_at: limits.expiry(&app),
    };
    let brings_bytes = headers.get(header::CONTENT_TYPE).is_some_and(|t| t == tus::OFFSET_OCTET_STREAM);
    let creation = Creation { app, caller, session, new, limits, checksum };
    // Goes on when the client is gone, so that what had come is kept.
    let work = async move { creation.run(brings_bytes.then_some(body)).await };
    let done = tokio::spawn(work.in_current_span()).await;
    let upload = done.unwrap_or_else(|error| {
        tracing::error!(%error, "creating an upload ended abnormally");
        Err(Problem::internal())
    })?;
    Ok((StatusCode::CREATED, tus::progress(&upload), [(header::LOCATION, location(&upload))]).into_response())
}

/// An upload that is about to be created, after every rule that can be checked before its bytes.
struct Creation {
    app: App,
    caller: Caller,
    session: Session,
    new: NewUpload,
    limits: Limits,
    checksum: Option<Checksum>,
}

impl Creation {
    async fn run(self, body: Option<Body>) -> Result<Upload, Problem> {
        let (app, tenant) = (&self.app, self.session.tenant_id);
        let existing = app.db.upload_of(tenant, self.session.id, self.new.place.part).await?;
        let Some(body) = body else {
            let upload = match existing {
                Some(existing) => self.again(existing, None).await?,
                None => self.create().await?,
            };
            return digest::verified(app, upload).await;
        };
        if let Some(existing) = existing {
            let upload = self.again(existing, None).await?;
            if upload.state == UploadState::Complete && self.new.announced_sha256.is_none() {
                return self.same_bytes(upload, body).await;
            }
            return self.append(upload, body).await;
        }
        let small = app.settings.chunk_bytes.min(checksum::LARGEST_BODY as usize);
        match self.new.length {
            Some(length) if (1..=small as u64).contains(&length) => self.at_once(body, length as usize).await,
            _ => {
                let upload = match self.create().await {
                    Ok(upload) => upload,
                    Err(problem) => {
                        Gather::new(body.into_data_stream(), 1, 0).linger().await;
                        return Err(problem);
                    }
                };
                self.append(upload, body).await
            }
        }
    }

    /// A part that comes whole in one request: one object, one transaction.
    async fn at_once(&self, body: Body, length: usize) -> Result<Upload, Problem> {
        let gather = Gather::new(body.into_data_stream(), length, length as u64);
        let mut gather = gather.until(self.caller.shut_out(&self.app));
        let (bytes, end) = match gather.next().await {
            Ok(bytes) => (bytes, gather.next().await.err().unwrap_or(End::TooLong)),
            Err(end) => (Bytes::new(), end),
        };
        match end {
            End::Whole if bytes.len() == length => self.arrived(bytes).await,
            // The rest comes in other requests.
            End::Whole => {
                let upload = self.create().await?;
                self.append(upload, bytes.into()).await
            }
            End::Broken(_) | End::Silent => self.broken_off(bytes).await,
            End::ShutOut => Err(revoked()),
            End::TooLong => {
                gather.linger().await;
                Err(Problem::too_large(format!("the upload has {length} bytes, and this goes beyond them")))
            }
        }
    }

    async fn arrived(&self, bytes: Bytes) -> Result<Upload, Problem> {
        let app = &self.app;
        if let Some(checksum) = &self.checksum {
            checksum.verify(&bytes)?;
        }
        let sha256 = digest::of(&bytes);
        if self.new.announced_sha256.as_ref().is_some_and(|announced| *announced != sha256) {
            return Err(digest::mismatch());
        }
        let count = bytes.len() as u64;
        // One folder for all parts of a session that come at once: making folders is what a disk is slow at.
        let folder = uploads_prefix(self.session.tenant_id, self.session.id);
        let key = format!("{folder}/part-{:07}-{}", self.new.place.part, Uuid::new_v4().simple());
        app.objects.put(&key, bytes).await?;
        let (tenant, id) = (self.session.tenant_id, self.session.id);
        let created = app.db.create_arrived_upload(tenant, id, self.new.clone(), (&key, &sha256), app.now()).await;
        let upload = match created {
            Ok(upload) => upload,
            Err(DbError::Exists(_)) => {
                forget(app, &key).await;
                return self.lost_the_race(Some(sha256)).await;
            }
            Err(error @ DbError::Rule(_)) => {
                forget(app, &key).await;
                return Err(error.into());
            }
            // When the database fails here the row may stand all the same, so the object stays.
            Err(error) => return Err(error.into()),
        };
        if upload.state == UploadState::Deleted {
            forget(app, &key).await;
        } else {
            metrics::counter!("trainar_upload_bytes_total").increment(count);
        }
        tus::alive(&upload, app.now())?;
        Ok(upload)
    }

    /// The upload stands whatever became of its first bytes, and what had come of them is kept.
    async fn broken_off(&self, bytes: Bytes) -> Result<Upload, Problem> {
        let upload = self.create().await?;
        let location = location(&upload);
        if self.checksum.is_none() && !bytes.is_empty() {
            let arrival = self.arrival(upload, None);
            arrival.take(Body::from(bytes)).await?;
        }
        let detail =
            "the body broke off; what came before is kept; ask with HEAD how far the upload is and go on from there";
        Err(Problem::bad_request(detail).with_header(header::LOCATION, location))
    }

    async fn create(&self) -> Result<Upload, Problem> {
        let (app, session) = (&self.app, &self.session);
        match app.db.create_upload(session.tenant_id, session.id, self.new.clone(), app.now()).await {
            Err(DbError::Exists(_)) => self.lost_the_race(None).await,
            result => {
                let upload = result?;
                tus::alive(&upload, app.now())?;
                Ok(upload)
            }
        }
    }

    /// Another request created the same a moment ago. `sha256` is that of our bytes, where they are here.
    async fn lost_the_race(&self, sha256: Option<String>) -> Result<Upload, Problem> {
        let existing = self.app.db.upload_of(self.session.tenant_id, self.session.id, self.new.place.part).await?;
        let existing = existing.ok_or_else(|| Problem::bad_request("the upload was just removed; create it again"))?;
        self.again(existing, sha256).await
    }

    /// A part that is complete comes once more, and nobody says what it hashes to: its bytes do.
    async fn same_bytes(&self, upload: Upload, body: Body) -> Result<Upload, Problem> {
        let gather = Gather::new(body.into_data_stream(), self.app.settings.chunk_bytes, upload.received);
        let mut gather = gather.until(self.caller.shut_out(&self.app));
        let (mut hash, mut bytes) = (digest::Hash::default(), 0);
        let end = loop {
            match gather.next().await {
                Ok(piece) => {
                    hash.update(&piece);
                    bytes += piece.len() as u64;
                }
                Err(end) => break end,
            }
        };
        match end {
            End::Whole if bytes == upload.received => {
                if upload.sha256.as_ref().is_some_and(|sha256| *sha256 != hash.hex()) {
                    return Err(self.conflict(&upload));
                }
                Ok(upload)
            }
            End::ShutOut => Err(revoked()),
            End::TooLong => {
                gather.linger().await;
                Err(self.conflict(&upload))
            }
            // Too little to tell: the client compares `Repr-Digest`.
            End::Whole | End::Broken(_) | End::Silent => Ok(upload),
        }
    }

    async fn append(&self, upload: Upload, body: Body) -> Result<Upload, Problem> {
        let location = location(&upload);
        if upload.received > 0 || upload.state != UploadState::Open {
            // Its bytes go on elsewhere: the client learns the offset and sends from there.
            Gather::new(body.into_data_stream(), 1, 0).linger().await;
            return digest::verified(&self.app, upload).await;
        }
        let arrival = self.arrival(upload, self.checksum.clone());
        // The upload stands whatever becomes of these bytes: its address must reach the client.
        arrival.take(body).await.map_err(|p| p.with_header(header::LOCATION, location))
    }

    fn arrival(&self, upload: Upload, checksum: Option<Checksum>) -> Arrival {
        Arrival { app: self.app.clone(), upload, limits: self.limits, checksum, caller: self.caller.clone() }
    }

    /// The upload that is there already, if the device can simply go on with it. `sha256` is that of the bytes that came along,
    /// where nothing was announced.
    async fn again(&self, existing: Upload, sha256: Option<String>) -> Result<Upload, Problem> {
        let (app, new, tenant) = (&self.app, &self.new, self.session.tenant_id);
        let whole = existing.place == Place::WHOLE;
        let differs = |one: &Option<_>, other: &Option<_>| one.is_some() && other.is_some() && one != other;
        let other_length = existing.length.is_some() && new.length.is_some() && existing.length != new.length;
        // Before anything else: a device is never told that a file in one piece was deleted, as a part was.
        match (existing.place.duration_ms, new.place.duration_ms) {
            (None, Some(_)) => return Err(DbError::from(Rule::PartAfterWhole).into()),
            (Some(_), None) => return Err(DbError::from(Rule::WholeAfterParts).into()),
            _ => {}
        }
        if existing.state == UploadState::Deleted {
            return Err(tus::deleted());
        }
        let other_hash = differs(&existing.announced_sha256, &new.announced_sha256);
        if other_hash || other_length || (!whole && existing.place != new.place) {
            return Err(self.conflict(&existing));
        }
        if existing.state == UploadState::Complete {
            if existing.announced_sha256.is_some() && new.announced_sha256.is_some() {
                return Ok(existing);
            }
            // A whole file that says nothing of its hash may be another one.
            if whole {
                return Err(self.conflict(&existing));
            }
            let known = digest::known(app, existing).await?;
            let same = !differs(&known.sha256, &new.announced_sha256.clone().or(sha256));
            return if same { Ok(known) } else { Err(self.conflict(&known)) };
        }
        let conflict = || self.conflict(&existing);
        let reopened = app.db.reopen_upload(tenant, existing.id, self.limits.expiry(app)).await?;
        match (reopened, new.length) {
            (None, _) => Err(conflict()),
            // A client that says the length now does not say it again later.
            (Some(open), Some(length)) if open.length.is_none() => {
                app.db.declare_length(tenant, open.id, length, app.now()).await?.ok_or_else(conflict)
            }
            (Some(open), _) => Ok(open),
        }
    }

    fn conflict(&self, existing: &Upload) -> Problem {
        let (kind, detail) = if self.new.place == Place::WHOLE && existing.place == Place::WHOLE {
            ("upload-exists", "this session has another recording already; ask its Location how far it is")
        } else {
            (
                "part-differs",
                "the session has other bytes under this number; keep yours and send them as a part of their own",
            )
        };
        Problem::new(StatusCode::CONFLICT, kind, detail).with_header(header::LOCATION, location(existing))
    }
}

async fn forget(app: &App, key: &str) {
    if let Err(error) = app.objects.delete(key).await {
        tracing::warn!(%error, "an object that nobody needs could not be removed");
    }
}

fn declared(headers: &HeaderMap) -> Result<Option<u64>, Problem> {
    let length = tus::bytes(headers, &tus::LENGTH)?;
    let deferred = headers.get(tus::DEFER_LENGTH);
    match (length, deferred) {
        (Some(length), None) => Ok(Some(length)),
        (None, Some(one)) if one == "1" => Ok(None),
        _ => Err(Problem::bad_request("send either `Upload-Length: <bytes>` or `Upload-Defer-Length: 1`")),
    }
}

fn location(upload: &Upload) -> HeaderValue {
    HeaderValue::try_from(upload_url(upload)).unwrap_or_else(|_| unreachable!("an id is plain ASCII"))
}
