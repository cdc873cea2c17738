//! Files of tasks, with their objects.

use crate::{
    Db, DbError,
    db::{attachments::NewAttachment, minutes::By},
    objects::{ObjectError, Objects, Sha256},
};
use bytes::Bytes;
use domain::{
    AttachmentId, Clock, TaskId, TenantId,
    attachment::{Attachment, media_type},
};

/// Why a file could not be kept or taken away.
#[derive(Debug, thiserror::Error)]
#[allow(missing_docs)]
pub enum AttachmentError {
    #[error(transparent)]
    Db(#[from] DbError),
    #[error(transparent)]
    Object(#[from] ObjectError),
}

/// Keeps a file of a task; `None` when there is no such task. The flag is `false` when the task had this file under this name.
///
/// # Errors
/// [`crate::Rule::TooManyFiles`], or what keeps the store from taking it. Nothing of it is seen then.
pub async fn add(
    (db, objects, clock): (&Db, &Objects, &dyn Clock),
    tenant: TenantId,
    task: TaskId,
    file_name: String,
    bytes: Bytes,
    by: By,
) -> Result<Option<(Attachment, bool)>, AttachmentError> {
    let mut sha256 = Sha256::new();
    sha256.update(&bytes);
    let new = NewAttachment {
        file_name,
        media_type: media_type(&bytes).into(),
        bytes: bytes.len() as u64,
        sha256: sha256.finish(),
    };
    let Some((file, new)) = db.begin_attachment(tenant, task, new, &by, clock.now()).await? else { return Ok(None) };
    if !new {
        return Ok(Some((file, false)));
    }
    objects.put(&file.object_key, bytes).await?;
    if db.attachment_is_there(&file, by, clock.now()).await? {
        return Ok(Some((file, true)));
    }
    objects.delete(&file.object_key).await?;
    Ok(None)
}

/// Takes a file away, for good; `None` when it is not there. What cannot be removed at once is removed by [`remove_due`].
///
/// # Errors
/// When the rows cannot be written.
pub async fn remove(
    (db, objects, clock): (&Db, &Objects, &dyn Clock),
    tenant: TenantId,
    task: TaskId,
    id: AttachmentId,
    by: By,
) -> Result<Option<Attachment>, DbError> {
    let Some(file) = db.remove_attachment(tenant, task, id, by, clock.now()).await? else { return Ok(None) };
    match objects.delete(&file.object_key).await {
        Ok(()) => db.attachment_has_gone(&file).await?,
        Err(error) => tracing::error!(%error, "a file that was taken away could not be removed yet"),
    }
    Ok(Some(file))
}

/// Removes the objects of files, of all tenants, that were taken away or never came to their end. Returns how many.
///
/// # Errors
/// When the rows cannot be read or written. What else goes wrong is logged.
pub async fn remove_due(db: &Db, objects: &Objects, clock: &dyn Clock) -> Result<u64, DbError> {
    let mut done = 0;
    for file in db.attachments_to_go(clock.now()).await? {
        match objects.delete(&file.object_key).await {
            Ok(()) => {
                db.attachment_has_gone(&file).await?;
                done += 1;
            }
            Err(error) => tracing::error!(%error, "a file that was taken away could not be removed yet"),
        }
    }
    Ok(done)
}
