//! What was deleted leaves the disk: the objects of deleted parts, the words said in them, and all that was made with them. The
//! rows (see [`crate::db::removals`]) remember what is still to do, so it is done whatever fails or dies in between.

use crate::{
    Db, DbError,
    db::{
        person_exports::exports_prefix,
        removals::{LEASE_SECONDS, Removal},
        retention::name_of,
    },
    objects::{ObjectError, Objects},
};
use domain::{
    Clock, SessionId, TenantId, captions,
    recording::{GapKind, Keys},
};
use std::{
    collections::HashSet,
    time::{Duration, Instant},
};
use uuid::Uuid;

/// Pause after the first failed attempt, in seconds; it doubles with every further one.
const FIRST_PAUSE: f64 = 2.0;
/// The longest pause, in seconds.
const LONGEST_PAUSE: f64 = 600.0;

/// Why something is still to be removed.
#[derive(Debug, thiserror::Error)]
#[allow(missing_docs)]
pub enum RemovalError {
    #[error(transparent)]
    Db(#[from] DbError),
    #[error(transparent)]
    Object(#[from] ObjectError),
    /// Another may have begun, so nothing more may be removed.
    #[error("another removes it now, or the database was away for {LEASE_SECONDS} s")]
    Lost,
}

/// Where the objects of an upload stand that came in several requests, and those of a session's parts that came in one.
pub fn uploads_prefix(tenant: TenantId, id: impl Into<Uuid>) -> String {
    format!("tenants/{tenant}/uploads/{}", id.into())
}

/// Removes what is due of all tenants; what does not succeed is tried again later. Returns of how many sessions it did.
///
/// # Errors
/// Where the rows cannot be read. What else goes wrong is logged.
pub async fn remove_due(db: &Db, objects: &Objects, clock: &dyn Clock) -> Result<u64, DbError> {
    let mut done = 0;
    for (tenant, session) in db.due_removals(clock.now()).await? {
        match remove_of(db, objects, clock, tenant, session).await {
            Ok(removed) => done += u64::from(removed),
            Err(error) => tracing::error!(%session, %error, "what was deleted could not be removed yet"),
        }
    }
    if let Err(error) = db.wipe_traces().await {
        tracing::warn!(%error, "the database's log could not be emptied yet");
    }
    Ok(done)
}

/// Removes what is due of one session; `false` when nothing is, or another does it, or a worker has yet to stop.
///
/// # Errors
/// When something could not be removed. It is tried again by [`remove_due`].
pub async fn remove_of(
    db: &Db,
    objects: &Objects,
    clock: &dyn Clock,
    tenant: TenantId,
    session: SessionId,
) -> Result<bool, RemovalError> {
    let mut removed = false;
    // Until nothing more was deleted meanwhile.
    while !removed {
        let Some(removal) = db.claim_removal(tenant, session, clock.now()).await? else {
            // What the engineer does not want kept goes all the same; what was made of it waits.
            remove_parts(db, objects, tenant, session, false).await?;
            return Ok(false);
        };
        let done = tokio::select! {
            done = remove(db, objects, &removal) => done,
            lost = hold(db, clock, &removal) => Err(lost),
        };
        if let Err(error) = done {
            let pause = FIRST_PAUSE * 2f64.powi(removal.attempts.min(16) as i32);
            db.postpone_removal(&removal, clock.now().plus_seconds(pause.min(LONGEST_PAUSE))).await?;
            return Err(error);
        }
        removed = db.finish_removal(&removal, clock.now()).await?;
    }
    Ok(true)
}

/// Renews the lease until it is lost.
async fn hold(db: &Db, clock: &dyn Clock, removal: &Removal) -> RemovalError {
    let lease = Duration::from_secs_f64(LEASE_SECONDS);
    let (mut beat, mut heard) = (tokio::time::interval(lease / 5), Instant::now());
    beat.tick().await;
    loop {
        beat.tick().await;
        match tokio::time::timeout(lease / 5, db.renew_removal(removal, clock.now())).await {
            Ok(Ok(true)) => heard = Instant::now(),
            // A database that is away for a moment is no reason to stop.
            Ok(Err(_)) | Err(_) if heard.elapsed() < lease / 2 => {}
            _ => return RemovalError::Lost,
        }
    }
}

async fn remove(db: &Db, objects: &Objects, removal: &Removal) -> Result<(), RemovalError> {
    let (tenant, session) = (removal.tenant_id, removal.session_id);
    remove_words(db, objects, tenant, session).await?;
    if removal.results {
        let keys = Keys { tenant, session };
        // The words that the device brought are not made again.
        let brought = keys.uploaded_captions();
        for key in objects.list(&keys.prefix()).await?.into_iter().filter(|key| *key != brought) {
            objects.delete(&key).await?;
        }
    }
    if removal.aged {
        remove_aged(db, objects, tenant, session).await?;
    }
    remove_clips(db, objects, tenant, session).await?;
    remove_exports(db, objects, tenant, session).await?;
    remove_parts(db, objects, tenant, session, removal.swept).await
}

/// Removes the objects of what went by age.
async fn remove_aged(db: &Db, objects: &Objects, tenant: TenantId, session: SessionId) -> Result<(), RemovalError> {
    let (keys, removed) = (Keys { tenant, session }, db.removed_by_age(tenant, session).await?);
    for key in objects.list(&keys.prefix()).await? {
        if removed.takes(name_of(&keys, &key)) {
            objects.delete(&key).await?;
        }
    }
    Ok(())
}

/// Removes the clips of procedures that were deleted once the recording had gone by age. Before, all clips go, and are made anew.
async fn remove_clips(db: &Db, objects: &Objects, tenant: TenantId, session: SessionId) -> Result<(), RemovalError> {
    let is_aged = db.removed_by_age(tenant, session).await?.recording.is_some();
    if !is_aged || !db.breaks(tenant, session).await?.iter().any(|stretch| stretch.kind == GapKind::Deleted) {
        return Ok(());
    }
    let procedures = db.procedures(tenant, session).await?;
    let kept: HashSet<_> = procedures.into_iter().flat_map(|p| [p.video_key, p.thumbnail_key]).flatten().collect();
    for key in objects.list(&Keys { tenant, session }.clips()).await? {
        if !kept.contains(&key) {
            objects.delete(&key).await?;
        }
    }
    Ok(())
}

/// Removes the exports of the session's user that were withdrawn, as they held what was deleted.
async fn remove_exports(db: &Db, objects: &Objects, tenant: TenantId, session: SessionId) -> Result<(), RemovalError> {
    let Some(session) = db.session(tenant, session).await? else { return Ok(()) };
    let all = exports_prefix(tenant, session.user_id);
    // One that is begun meanwhile is not in the list.
    let found = objects.list(&all).await?;
    let stands = db.person_export(tenant, session.user_id).await?.map(|export| format!("{all}/{}/", export.id));
    for key in found {
        if stands.as_ref().is_none_or(|folder| !key.starts_with(folder)) {
            objects.delete(&key).await?;
        }
    }
    Ok(())
}

/// Removes the objects of the deleted parts of a session, also what a crash left without a row. These parts take no more
/// bytes, so it does no harm whenever and by however many it is done. What came in several requests stands apart, and is not
/// looked for where it was before; `late` is once more, for what was on its way then.
async fn remove_parts(
    db: &Db,
    objects: &Objects,
    tenant: TenantId,
    session: SessionId,
    late: bool,
) -> Result<(), RemovalError> {
    let deleted = db.deleted_uploads(tenant, session).await?;
    for upload in deleted.iter().filter(|upload| upload.sweeps < if late { 2 } else { 1 }) {
        objects.delete_prefix(&uploads_prefix(tenant, upload.id)).await?;
    }
    let numbers: HashSet<_> = deleted.iter().map(|upload| upload.part).collect();
    for key in objects.list(&uploads_prefix(tenant, session)).await? {
        if part_of(&key).is_some_and(|part| numbers.contains(&part)) {
            objects.delete(&key).await?;
        }
    }
    Ok(())
}

/// Takes what was said in the deleted stretches out of the captions that stay.
///
/// # Errors
/// When the captions could not be read or written.
pub async fn remove_words(
    db: &Db,
    objects: &Objects,
    tenant: TenantId,
    session: SessionId,
) -> Result<(), RemovalError> {
    let deleted = db.deleted_spans(tenant, session).await?;
    if deleted.is_empty() {
        return Ok(());
    }
    let all = deleted.iter().any(|span| span.start <= 0.0 && span.end == f64::MAX);
    let keys = Keys { tenant, session };
    // Captions that were made are made anew without, unless the recording went by age.
    let is_aged = db.removed_by_age(tenant, session).await?.recording.is_some();
    for key in [Some(keys.uploaded_captions()), is_aged.then(|| keys.captions())].into_iter().flatten() {
        let Some(bytes) = objects.get(&key).await? else { continue };
        match captions::without(&String::from_utf8_lossy(&bytes), &deleted) {
            (kept, left_out) if all || left_out > 0 && !kept.contains("-->") => objects.delete(&key).await?,
            (kept, 1..) => objects.put(&key, kept.into_owned().into()).await?,
            (_, 0) => {}
        }
    }
    Ok(())
}

/// The number in `…/part-0000042-…`.
fn part_of(key: &str) -> Option<u32> {
    key.rsplit('/').next()?.strip_prefix("part-")?.split('-').next()?.parse().ok()
}
