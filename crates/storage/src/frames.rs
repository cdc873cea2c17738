//! The objects of camera frames go once their session is not recorded any more, whoever had died meanwhile.

use crate::{Db, DbError, objects::Objects};
use domain::{Clock, recording::Keys};

/// Removes the frames of all sessions that are over, and those that were deleted; how many.
///
/// # Errors
/// Where the rows cannot be read or written. An object that cannot be removed is logged, and tried again.
pub async fn remove_ended(db: &Db, objects: &Objects, clock: &dyn Clock) -> Result<u64, DbError> {
    let mut done = 0;
    for frame in db.ended_frames(clock.now()).await? {
        let keys = Keys { tenant: frame.tenant, session: frame.session };
        match objects.delete(&keys.frame(frame.number)).await {
            Ok(_) => {
                db.frame_gone(&frame, clock.now()).await?;
                done += 1;
            }
            Err(error) => tracing::error!(session = %frame.session, %error, "a camera frame could not be removed yet"),
        }
    }
    Ok(done)
}
