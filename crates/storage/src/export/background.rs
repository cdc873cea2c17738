//! Exports of persons that were asked for are made, and go when they have been kept long enough.

use super::{ExportError, export_person};
use crate::{
    Db,
    db::person_exports::{LEASE_SECONDS, PersonExport, exports_prefix},
    objects::Objects,
};
use domain::Clock;
use std::{fs, path::Path, time::Duration};

/// Makes what was asked for, of all tenants, and removes what has expired. `work` is a folder on the disk of the object store, where
/// that is one. Returns how many exports were made.
///
/// # Errors
/// Where the rows cannot be read or written. What else goes wrong is logged, and tried again.
pub async fn export_due(db: &Db, objects: &Objects, work: &Path, clock: &dyn Clock) -> Result<u64, ExportError> {
    for expired in db.expired_person_exports(clock.now()).await? {
        if let Err(error) = remove(db, objects, &expired).await {
            tracing::error!(export = %expired.id, %error, "an export that has expired could not be removed yet");
        }
    }
    let mut made = 0;
    while let Some(export) = db.claim_person_export(clock.now()).await? {
        let folder = work.join(export.id.to_string());
        let done = tokio::select! {
            done = make(db, objects, &export, &folder, clock) => done,
            lost = hold(db, &export, clock) => lost.map(|()| false),
        };
        let _ = fs::remove_dir_all(&folder);
        match done {
            Ok(done) => made += u64::from(done),
            // Its turn comes again when its lease has ended.
            Err(error) => {
                tracing::error!(export = %export.id, user = %export.user_id, %error, "an export could not be made")
            }
        }
    }
    Ok(made)
}

/// Whether it is there now.
async fn make(
    db: &Db,
    objects: &Objects,
    export: &PersonExport,
    folder: &Path,
    clock: &dyn Clock,
) -> Result<bool, ExportError> {
    let (tenant, user) = (db.tenant(export.tenant_id).await?, db.user(export.tenant_id, export.user_id).await?);
    let (Some(tenant), Some(user)) = (tenant, user) else { return Ok(false) };
    let _ = fs::remove_dir_all(folder);
    let work = folder.join("rows");
    fs::create_dir_all(&work).map_err(|e| ExportError::file(&work, e))?;
    // Of those before, which nobody can have any more, whatever comes of this one.
    objects.delete_prefix(&exports_prefix(tenant.id, user.id)).await?;
    let zip = folder.join("export.zip");
    let made = export_person(db, objects, &tenant, &user, &zip, &work, clock.now()).await?;
    for key in &made.missing {
        tracing::warn!(export = %export.id, %key, "an object that the rows speak of is not there, so the export is without it");
    }
    objects.put_file(&export.key(), &zip).await?;
    if db.person_export_ready(export, made.file_bytes, clock.now()).await? {
        return Ok(true);
    }
    // The person was erased meanwhile, or another has the lease.
    objects.delete(&export.key()).await?;
    Ok(false)
}

/// Renews the lease until it is lost.
async fn hold(db: &Db, export: &PersonExport, clock: &dyn Clock) -> Result<(), ExportError> {
    loop {
        tokio::time::sleep(Duration::from_secs_f64(LEASE_SECONDS / 3.0)).await;
        if !db.renew_person_export(export, clock.now()).await? {
            return Ok(());
        }
    }
}

async fn remove(db: &Db, objects: &Objects, expired: &PersonExport) -> Result<(), ExportError> {
    match &expired.file {
        Some((key, _)) => objects.delete(key).await?,
        // It failed, maybe after its ZIP was written.
        None => drop(objects.delete_prefix(&exports_prefix(expired.tenant_id, expired.user_id)).await?),
    }
    Ok(db.forget_person_export(expired).await?)
}
