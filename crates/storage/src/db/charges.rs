//! What a session takes of its tenant's minutes: written once when it has ended, and corrected by a further row when what is known
//! of its active time changes. A row is never changed.

use super::{
    Result,
    breaks::{self, has_deletions},
    entity::{minute_reservations, minute_transactions, sessions, uploads},
    minutes::{Entry, append, is_file, locked_tenant, of, pool, refresh},
    phases::{holds_recording, locked},
    uploads::of_session,
};
use domain::{
    SessionId, TenantId, Timestamp,
    minutes::{MinuteCause, active_seconds},
    recording::GapKind,
    session::Phase,
    time::show_duration,
};
use sea_orm::{ColumnTrait, DatabaseTransaction, EntityTrait, QueryFilter, QuerySelect};

/// Brings the ledger in line with what is known of a session, whose row is held. Nothing happens while it runs.
pub(crate) async fn settle(tx: &DatabaseTransaction, tenant: TenantId, id: SessionId, now: Timestamp) -> Result<()> {
    let Some(session) = locked(tx, tenant, id).await? else { return Ok(()) };
    // What went by age is no correction.
    if session.recording_removed_at.is_some()
        || is_file(&session)
        || (session.stopped_at.is_none() && !session.ended_abnormally)
    {
        return Ok(());
    }
    let active = active(tx, tenant, &session).await?;
    let booked = Booked::of(tx, tenant, id).await?;
    if booked.counted.is_some() && active == booked.used {
        return Ok(());
    }
    // First the tenant, then what is kept for the session: whoever begins one sees both or neither.
    let Some(owner) = locked_tenant(tx, tenant).await? else { return Ok(()) };
    minute_reservations::Entity::delete_many()
        .filter(minute_reservations::Column::TenantId.eq(tenant.0))
        .filter(minute_reservations::Column::SessionId.eq(id.0))
        .exec(tx)
        .await?;
    if active == booked.used {
        return Ok(());
    }
    let entry = Entry {
        session: Some(id),
        counted: booked.counted.unwrap_or(owner.included_minutes.is_some()),
        reason: booked.counted.map(|_| correction(booked.used, active)),
        ..Entry::new(
            if booked.counted.is_some() { MinuteCause::SessionChanged } else { MinuteCause::Session },
            booked.used - active,
        )
    };
    if !entry.counted {
        append(tx, tenant, entry, now).await?;
        return Ok(());
    }
    refresh(tx, &owner, now).await?;
    if active < booked.used {
        return give_back(tx, tenant, entry, &booked, now).await;
    }
    let taken = pool(tx, tenant).await?.take(active - booked.used);
    append(tx, tenant, Entry { included_seconds: -taken.included, ..entry }, now).await?;
    if taken.beyond > 0 {
        let reason = format!("No minutes were left for {} of this session", show_duration(Some(taken.beyond as f64)));
        append(tx, tenant, not_charged(id, taken.beyond, reason), now).await?;
    }
    Ok(())
}

/// A session took less than was written. What it was not charged for goes first, then the minutes that do not expire.
async fn give_back(
    tx: &DatabaseTransaction,
    tenant: TenantId,
    entry: Entry,
    booked: &Booked,
    now: Timestamp,
) -> Result<()> {
    let Some(id) = entry.session else { return Ok(()) };
    let forgiven = entry.seconds.min(booked.not_charged);
    let back = entry.seconds - forgiven;
    let included = back - back.min(booked.purchased.max(0));
    append(tx, tenant, Entry { included_seconds: included, ..entry }, now).await?;
    if forgiven > 0 {
        append(tx, tenant, not_charged(id, -forgiven, "This much of the session did not take place".into()), now)
            .await?;
    }
    Ok(())
}

fn not_charged(session: SessionId, seconds: i64, reason: String) -> Entry {
    Entry { session: Some(session), reason: Some(reason), ..Entry::new(MinuteCause::NotCharged, seconds) }
}

fn correction(from: i64, to: i64) -> String {
    let [from, to] = [from, to].map(|seconds| show_duration(Some(seconds as f64)));
    format!("Active time corrected from {from} to {to}")
}

/// What the ledger says of a session, in seconds.
#[derive(Default)]
struct Booked {
    /// How long it was active.
    used: i64,
    /// What of it nothing was left for.
    not_charged: i64,
    /// What of it purchased minutes gave.
    purchased: i64,
    /// Whether it changes the balance; `None` where nothing is written.
    counted: Option<bool>,
}

impl Booked {
    async fn of(tx: &DatabaseTransaction, tenant: TenantId, id: SessionId) -> Result<Self> {
        let rows = minute_transactions::Entity::find()
            .filter(of(tenant))
            .filter(minute_transactions::Column::SessionId.eq(id.0))
            .all(tx)
            .await?;
        let mut booked = Self { counted: rows.first().map(|row| row.counted), ..Self::default() };
        for row in rows {
            if row.cause == MinuteCause::NotCharged.to_string() {
                booked.not_charged += row.seconds;
            } else {
                booked.used -= row.seconds;
            }
            booked.purchased -= row.seconds - row.included_seconds;
        }
        Ok(booked)
    }
}

/// Seconds for which a session that has ended was active; 0 where nothing was recorded.
async fn active(tx: &DatabaseTransaction, tenant: TenantId, session: &sessions::Model) -> Result<i64> {
    let id = SessionId(session.id);
    if !was_recorded(tx, tenant, session).await? {
        return Ok(0);
    }
    let seconds = |at: i64| Timestamp(at).seconds_since(Timestamp(session.started_at));
    let end = match session.stopped_at {
        Some(at) => seconds(at),
        // The last word of a device that fell silent: that it runs, or the end of what it had recorded.
        None => session.last_beat_at.map_or(0.0, seconds).max(last_part_end(tx, tenant, id).await?),
    };
    let breaks = breaks::all_of(tx, tenant, id).await?;
    let pauses: Vec<_> = breaks
        .iter()
        .filter(|b| b.kind == GapKind::Paused)
        .map(|b| (b.start_ms as f64 / 1e3, b.end_ms.map(|ms| ms as f64 / 1e3)))
        .collect();
    Ok(active_seconds(end, &pauses))
}

/// Whether anything of a session was recorded, or must be taken for recorded as it may still come.
async fn was_recorded(tx: &DatabaseTransaction, tenant: TenantId, session: &sessions::Model) -> Result<bool> {
    let id = SessionId(session.id);
    if holds_recording(tx, tenant, id).await? || has_deletions(tx, tenant, id).await? {
        return Ok(true);
    }
    let is_over = session.phase == Phase::Done.to_string();
    let is_announced = session.announced_parts.is_some_and(|parts| parts > 0);
    let has_begun = uploads::Entity::find().filter(of_session(tenant, id)).limit(1).one(tx).await?.is_some();
    Ok(!is_over && (is_announced || has_begun))
}

/// Where the last part that a device told of ends, in seconds on the session's clock.
async fn last_part_end(tx: &DatabaseTransaction, tenant: TenantId, id: SessionId) -> Result<f64> {
    use uploads::Column as C;
    let ends: Vec<(i64, i64)> = uploads::Entity::find()
        .filter(of_session(tenant, id))
        .filter(C::DurationMs.gt(0))
        .select_only()
        .columns([C::StartMs, C::DurationMs])
        .into_tuple()
        .all(tx)
        .await?;
    Ok(ends.into_iter().map(|(start, length)| start.saturating_add(length)).max().unwrap_or(0) as f64 / 1e3)
}
