//! What is left of parts that somebody had deleted.

use super::append::{prefix, prefix_of};
use crate::{App, problem::Problem};
use domain::{SessionId, TenantId};
use std::collections::HashSet;
use storage::db::uploads::UploadState;

/// Removes every object of the deleted parts of a session, also what a crash left without a row. Sent again it finishes what
/// broke off.
pub async fn remove_deleted(app: &App, tenant: TenantId, session: SessionId) -> Result<(), Problem> {
    let mut numbers = HashSet::new();
    for upload in app.db.uploads_of(tenant, session).await? {
        if upload.state == UploadState::Deleted {
            app.objects.delete_prefix(&prefix(&upload)).await?;
            numbers.insert(upload.place.part);
        }
    }
    for key in app.objects.list(&prefix_of(tenant, session.0)).await? {
        if part_of(&key).is_some_and(|part| numbers.contains(&part)) {
            app.objects.delete(&key).await?;
        }
    }
    Ok(())
}

/// The number in `…/part-0000042-…`.
fn part_of(key: &str) -> Option<u32> {
    key.rsplit('/').next()?.strip_prefix("part-")?.split('-').next()?.parse().ok()
}
