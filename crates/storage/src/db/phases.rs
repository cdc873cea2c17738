//! How a session moves from phase to phase, always in the transaction of the fact that moves it.

use super::{
    Result,
    breaks::has_deletions,
    charges,
    entity::{sessions, uploads},
    jobs::enqueue,
    removals, retention,
    sessions::{missing_parts, of, told},
    uploads::{UploadState, of_session},
    webhooks::emit,
    words,
};
use domain::{
    SessionId, TenantId, Timestamp,
    job::JobKind,
    session::{FailureReason, Phase, SessionStatus},
    webhook::EventKind,
};
use sea_orm::{
    ColumnTrait, ConnectionTrait, DatabaseTransaction, EntityTrait, ExprTrait, PaginatorTrait, QueryFilter,
    QuerySelect, sea_query::Expr,
};
use std::collections::HashSet;

/// How a session ends of whose recording nothing is left, as it was deleted.
pub const ALL_DELETED: &str = "The engineer had the whole recording deleted.";

/// Moves a session on from the facts in its rows. Runs in the transaction of the fact that may move it: a stop, the
/// last byte of a part, a silence that lasted too long. What the session takes of the tenant's minutes moves with it.
pub(crate) async fn advance(tx: &DatabaseTransaction, tenant: TenantId, id: SessionId, now: Timestamp) -> Result<()> {
    move_on(tx, tenant, id, now).await?;
    charges::settle(tx, tenant, id, now).await
}

async fn move_on(tx: &DatabaseTransaction, tenant: TenantId, id: SessionId, now: Timestamp) -> Result<()> {
    let Some(session) = locked(tx, tenant, id).await? else { return Ok(()) };
    let stopped = session.stopped_at.is_some();
    if session.recording_removed_at.is_some() {
        return Ok(());
    }
    if !stopped && !session.ended_abnormally {
        return Ok(());
    }
    let whole = stopped && is_whole(tx, tenant, id, &session).await?;
    if whole && session.ended_abnormally != session.crashed {
        // It was only late: stopped, and every byte is here. Or nobody stopped it.
        set_ended_abnormally(tx, tenant, id, session.crashed).await?;
    }
    let nothing_made = session.announced_parts == Some(0);
    match (whole || session.ended_abnormally, holds_recording(tx, tenant, id).await?) {
        (true, true) => begin_processing(tx, tenant, id, now).await,
        (true, false) => {
            let why = why_nothing(tx, tenant, id).await?;
            if why == Some(ALL_DELETED) {
                words::take_all(tx, tenant, id).await?;
                removals::note(tx, tenant, id, false, now).await?;
            } else if !stopped && !nothing_made {
                return fail(tx, tenant, id, FailureReason::EndedAbnormally, None, now).await;
            }
            fail(tx, tenant, id, FailureReason::NoRecording, why, now).await
        }
        // What runs does not know of the fact: it is to run again.
        (false, true) if session.phase == Phase::Processing.to_string() => begin_processing(tx, tenant, id, now).await,
        (false, _) => set_phase(tx, tenant, id, Phase::Uploading, now).await,
    }
}

/// Whether everything has arrived that a stopped session will ever have.
async fn is_whole(
    tx: &DatabaseTransaction,
    tenant: TenantId,
    id: SessionId,
    session: &sessions::Model,
) -> Result<bool> {
    let settled = [UploadState::Complete, UploadState::Deleted].map(|state| state.to_string());
    let settled = uploads::Entity::find().filter(of_session(tenant, id)).filter(uploads::Column::State.is_in(settled));
    let missing = missing_parts(session)?;
    let Some(announced) = session.announced_parts else {
        let begun = uploads::Entity::find().filter(of_session(tenant, id)).count(tx).await?;
        return Ok(begun > 0 && settled.count(tx).await? == begun);
    };
    // Counting is cheap; the numbers are looked at only when enough of them may be there.
    if settled.count(tx).await? + (missing.len() as u64) < announced as u64 {
        return Ok(false);
    }
    let known: HashSet<i64> =
        settled_parts(tx, tenant, id).await?.into_iter().chain(missing.into_iter().map(i64::from)).collect();
    let begun: Vec<i64> = uploads::Entity::find()
        .filter(of_session(tenant, id))
        .select_only()
        .column(uploads::Column::Part)
        .into_tuple()
        .all(tx)
        .await?;
    Ok((1..=announced).chain(begun).all(|part| known.contains(&part)))
}

/// Numbers of the parts that are here, or that nobody waits for as they were deleted.
pub(crate) async fn settled_parts(conn: &impl ConnectionTrait, tenant: TenantId, id: SessionId) -> Result<Vec<i64>> {
    let settled = [UploadState::Complete, UploadState::Deleted].map(|state| state.to_string());
    let parts = uploads::Entity::find()
        .filter(of_session(tenant, id))
        .filter(uploads::Column::State.is_in(settled))
        .select_only()
        .column(uploads::Column::Part)
        .into_tuple()
        .all(conn)
        .await?;
    Ok(parts)
}

/// What there is to say of a recording of which nothing is here, beside that nothing was made.
async fn why_nothing(tx: &DatabaseTransaction, tenant: TenantId, id: SessionId) -> Result<Option<&'static str>> {
    let states: Vec<String> = uploads::Entity::find()
        .filter(of_session(tenant, id))
        .select_only()
        .column(uploads::Column::State)
        .distinct()
        .into_tuple()
        .all(tx)
        .await?;
    // Of what the device deleted itself nothing is here but that it was.
    let deleted = has_deletions(tx, tenant, id).await?;
    let empty = states.contains(&UploadState::Complete.to_string());
    Ok(match (deleted, empty) {
        (true, _) => Some(ALL_DELETED),
        (false, true) => Some("The uploaded recording is empty."),
        (false, false) => None,
    })
}

/// Whether anything of a recording is here. Where a stretch was deleted, a header alone is nothing.
pub(crate) async fn holds_recording(conn: &impl ConnectionTrait, tenant: TenantId, id: SessionId) -> Result<bool> {
    use uploads::Column as C;
    let held = uploads::Entity::find().filter(of_session(tenant, id)).filter(C::Received.gt(0)).limit(1);
    if held.clone().filter(C::DurationMs.is_null().or(C::DurationMs.gt(0))).one(conn).await?.is_some() {
        return Ok(true);
    }
    Ok(held.one(conn).await?.is_some() && !has_deletions(conn, tenant, id).await?)
}

/// The device of a session was heard. One that was only silent for too long, and that nobody stopped, goes on. `false`
/// when there is no such session.
pub(crate) async fn alive(tx: &DatabaseTransaction, tenant: TenantId, id: SessionId, now: Timestamp) -> Result<bool> {
    Ok(heard(tx, tenant, id, false, now).await?.is_some())
}

/// A session's recording grows, which is a sign of life and shows. One that was done waits for the rest.
pub(crate) async fn growing(tx: &DatabaseTransaction, tenant: TenantId, id: SessionId, now: Timestamp) -> Result<()> {
    let Some(session) = heard(tx, tenant, id, true, now).await? else { return Ok(()) };
    let waits = session.recording_removed_at.is_none() && session.stopped_at.is_some();
    if waits && session.phase == Phase::Done.to_string() {
        set_ended_abnormally(tx, tenant, id, false).await?;
        set_phase(tx, tenant, id, Phase::Uploading, now).await?;
    }
    Ok(())
}

async fn heard(
    tx: &DatabaseTransaction,
    tenant: TenantId,
    id: SessionId,
    shows: bool,
    now: Timestamp,
) -> Result<Option<sessions::Model>> {
    let mut update = sessions::Entity::update_many().col_expr(sessions::Column::LastHeartbeatAt, Expr::value(now.0));
    if shows {
        update = update.col_expr(sessions::Column::UpdatedAt, Expr::value(now.0));
    }
    let rows = update.filter(of(tenant)).filter(sessions::Column::Id.eq(id.0)).exec_with_returning(tx).await?;
    let Some(session) = rows.into_iter().next() else { return Ok(None) };
    // Of one whose recording went by age nothing more is taken.
    let goes_on = session.recording_removed_at.is_none() && session.stopped_at.is_none();
    if goes_on && session.phase == Phase::Done.to_string() {
        set_ended_abnormally(tx, tenant, id, false).await?;
        set_phase(tx, tenant, id, Phase::Recording, now).await?;
    }
    Ok(Some(session))
}

pub(crate) async fn set_ended_abnormally(
    tx: &DatabaseTransaction,
    tenant: TenantId,
    id: SessionId,
    value: bool,
) -> Result<()> {
    sessions::Entity::update_many()
        .col_expr(sessions::Column::EndedAbnormally, Expr::value(value))
        .filter(of(tenant))
        .filter(sessions::Column::Id.eq(id.0))
        .exec(tx)
        .await?;
    Ok(())
}

/// All that can be had has arrived: the new phase and the job are one fact.
pub(crate) async fn begin_processing(
    tx: &DatabaseTransaction,
    tenant: TenantId,
    id: SessionId,
    now: Timestamp,
) -> Result<()> {
    retention::comes_back(tx, tenant, id).await?;
    set_phase(tx, tenant, id, Phase::Processing, now).await?;
    enqueue(tx, tenant, id, JobKind::ProcessSession, now).await
}

async fn set_phase(
    tx: &DatabaseTransaction,
    tenant: TenantId,
    id: SessionId,
    phase: Phase,
    now: Timestamp,
) -> Result<()> {
    sessions::Entity::update_many()
        .col_expr(sessions::Column::Phase, Expr::value(phase.to_string()))
        .col_expr(sessions::Column::Status, Expr::value(SessionStatus::InProgress.to_string()))
        .col_expr(sessions::Column::FailureReason, Expr::value(None::<String>))
        .col_expr(sessions::Column::FailureDetail, Expr::value(None::<String>))
        .col_expr(sessions::Column::CompletedAt, Expr::value(None::<i64>))
        .col_expr(sessions::Column::UpdatedAt, Expr::value(now.0))
        .filter(of(tenant))
        .filter(sessions::Column::Id.eq(id.0))
        .exec(tx)
        .await?;
    Ok(())
}

/// Ends a session as failed. The recording and whatever was extracted stay.
pub(crate) async fn fail(
    tx: &DatabaseTransaction,
    tenant: TenantId,
    id: SessionId,
    reason: FailureReason,
    detail: Option<&str>,
    now: Timestamp,
) -> Result<()> {
    let failed = sessions::Entity::update_many()
        .col_expr(sessions::Column::Phase, Expr::value(Phase::Done.to_string()))
        .col_expr(sessions::Column::Status, Expr::value(SessionStatus::Failed.to_string()))
        .col_expr(sessions::Column::FailureReason, Expr::value(reason.to_string()))
        .col_expr(sessions::Column::FailureDetail, Expr::value(detail))
        .col_expr(sessions::Column::CompletedAt, Expr::value(now.0))
        .col_expr(sessions::Column::UpdatedAt, Expr::value(now.0))
        .filter(of(tenant))
        .filter(sessions::Column::Id.eq(id.0))
        .exec_with_returning(tx)
        .await?;
    for row in &failed {
        emit(tx, tenant, EventKind::SessionFailed, told(row), now).await?;
    }
    Ok(())
}

/// Marks a session as changed, so that open pages see it.
pub(crate) async fn touch(tx: &DatabaseTransaction, tenant: TenantId, id: SessionId, now: Timestamp) -> Result<()> {
    sessions::Entity::update_many()
        .col_expr(sessions::Column::UpdatedAt, Expr::value(now.0))
        .filter(of(tenant))
        .filter(sessions::Column::Id.eq(id.0))
        .exec(tx)
        .await?;
    Ok(())
}

/// The row, held until the transaction ends, so that two facts about one session take turns.
pub(crate) async fn locked(
    tx: &DatabaseTransaction,
    tenant: TenantId,
    id: SessionId,
) -> Result<Option<sessions::Model>> {
    Ok(sessions::Entity::find_by_id(id.0).filter(of(tenant)).lock_exclusive().one(tx).await?)
}
