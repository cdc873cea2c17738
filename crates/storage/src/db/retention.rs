//! Retention: what of a tenant's sessions has outlived its time goes. The rows go in one transaction with the entry of the audit
//! log, and leave a note of the objects that are to go (see [`crate::removal`]).

use super::{
    Db, Result, audit,
    entity::{procedures, recordings, sessions, step_runs, tenants, uploads, utterances},
    legal_holds::holds,
    phases::touch,
    recordings::remove_recording,
    removals, steps,
    uploads::{UploadState, take_chunks},
};
use domain::{
    SessionId, TenantId, Timestamp,
    audit::{Action, Actor, Entry},
    recording::Keys,
    retention::{Kept, Removed, Retention},
    session::Phase,
};
use sea_orm::{
    ColumnTrait, ConnectionTrait, DatabaseTransaction, EntityTrait, ExprTrait, PaginatorTrait, QueryFilter, QueryOrder,
    QuerySelect, Select,
    sea_query::{Expr, Query, SelectStatement},
};
use std::{
    collections::{BTreeMap, BTreeSet},
    sync::atomic::Ordering,
};
use strum::VariantArray;
use uuid::Uuid;

/// Sessions that one transaction takes.
const AT_ONCE: u64 = 100;

/// Of how many sessions each part goes, or would go.
pub type Counts = BTreeMap<Kept, u64>;

impl Db {
    /// Sets how long a tenant keeps what was recorded, and notes it.
    pub async fn set_retention(
        &self,
        tenant: TenantId,
        retention: Retention,
        entry: &Entry,
        now: Timestamp,
    ) -> Result<()> {
        use tenants::Column as C;
        let days = |days: Option<u32>| Expr::value(days.map(i64::from));
        let tx = self.begin().await?;
        tenants::Entity::update_many()
            .col_expr(C::KeepRecordingDays, days(retention.recording_days))
            .col_expr(C::KeepClipsDays, days(retention.clips_days))
            .col_expr(C::KeepTranscriptDays, days(retention.transcript_days))
            .filter(C::Id.eq(tenant.0))
            .exec(&tx)
            .await?;
        audit::append(&tx, tenant, entry, now).await?;
        tx.commit().await?;
        Ok(())
    }

    /// Of how many sessions of a tenant each part would go now.
    pub async fn count_aged(&self, tenant: TenantId, retention: Retention, now: Timestamp) -> Result<Counts> {
        let mut counts = Counts::new();
        for part in Kept::VARIANTS {
            let Some(until) = retention.ended_before(*part, now) else { continue };
            let count = aged(tenant, *part, until).count(&self.conn).await?;
            if count > 0 {
                counts.insert(*part, count);
            }
        }
        Ok(counts)
    }

    /// Removes what has outlived its time, of all tenants; of how many sessions what went. Several may do it at once.
    pub async fn remove_aged(&self, now: Timestamp) -> Result<Vec<(TenantId, Counts)>> {
        let mut done = Vec::new();
        for tenant in self.tenants().await?.into_iter().filter(|t| t.retention != Retention::default()) {
            let mut counts = Counts::new();
            loop {
                let some = self.remove_some(tenant.id, tenant.retention, now).await?;
                if some.is_empty() {
                    break;
                }
                for (part, count) in some {
                    *counts.entry(part).or_default() += count;
                }
            }
            if !counts.is_empty() {
                done.push((tenant.id, counts));
            }
        }
        Ok(done)
    }

    async fn remove_some(&self, tenant: TenantId, retention: Retention, now: Timestamp) -> Result<Counts> {
        let (mut counts, mut changed) = (Counts::new(), BTreeSet::new());
        let tx = self.begin().await?;
        for part in Kept::VARIANTS {
            let Some(until) = retention.ended_before(*part, now) else { continue };
            let due: Vec<Uuid> = aged(tenant, *part, until)
                .select_only()
                .column(sessions::Column::Id)
                .order_by_asc(sessions::Column::Id)
                .limit(AT_ONCE)
                .lock_exclusive()
                .into_tuple()
                .all(&tx)
                .await?;
            for id in &due {
                take(&tx, tenant, (*id).into(), *part, now).await?;
            }
            if !due.is_empty() {
                counts.insert(*part, due.len() as u64);
                changed.extend(due);
            }
        }
        for id in changed {
            let id = SessionId(id);
            steps::forget(&tx, tenant, id).await?;
            removals::note_aged(&tx, tenant, id, now).await?;
            touch(&tx, tenant, id, now).await?;
        }
        if !counts.is_empty() {
            let entry = Entry::new(Actor::system(), Action::RemovedByAge);
            let entry = counts.iter().fold(entry, |entry, (part, count)| entry.with(part.into(), *count));
            audit::append(&tx, tenant, &entry, now).await?;
        }
        tx.commit().await?;
        if !counts.is_empty() {
            self.traces.store(true, Ordering::SeqCst);
        }
        Ok(counts)
    }

    /// What of a session went by age.
    pub async fn removed_by_age(&self, tenant: TenantId, id: SessionId) -> Result<Removed> {
        Ok(self.session(tenant, id).await?.map(|session| session.removed).unwrap_or_default())
    }
}

/// The sessions of which a part has outlived its time and is still there: those that are over, not held, and ended before `until`. The end
/// is the stop, or when the last of the recording arrived, where that was later.
fn aged(tenant: TenantId, part: Kept, until: Timestamp) -> Select<sessions::Entity> {
    sessions::Entity::find()
        .filter(super::sessions::of(tenant))
        .filter(sessions::Column::Phase.eq(Phase::Done.to_string()))
        .filter(sessions::Column::LastHeartbeatAt.lt(until.0))
        .filter(column(part).is_null())
        .filter(has(part))
        .filter(holds().not())
}

fn column(part: Kept) -> sessions::Column {
    match part {
        Kept::Recording => sessions::Column::RecordingRemovedAt,
        Kept::Clips => sessions::Column::ClipsRemovedAt,
        Kept::Transcript => sessions::Column::TranscriptRemovedAt,
    }
}

/// Whether a session has anything of a part.
fn has(part: Kept) -> Expr {
    let recorded = || of_session(recordings::Entity, recordings::Column::SessionId);
    match part {
        Kept::Recording => {
            let kept = uploads::Column::State.ne(UploadState::Deleted.to_string());
            let arrived = of_session(uploads::Entity, uploads::Column::SessionId).and_where(kept).take();
            Expr::exists(recorded()).or(Expr::exists(arrived))
        }
        Kept::Clips => {
            let clip = procedures::Column::VideoKey.is_not_null().or(procedures::Column::ThumbnailKey.is_not_null());
            Expr::exists(of_session(procedures::Entity, procedures::Column::SessionId).and_where(clip).take())
        }
        // Captions that came beside a recording have no row of their own.
        Kept::Transcript => Expr::exists(recorded())
            .or(Expr::exists(of_session(uploads::Entity, uploads::Column::SessionId)))
            .or(Expr::exists(of_session(utterances::Entity, utterances::Column::SessionId)))
            .or(Expr::exists(of_session(step_runs::Entity, step_runs::Column::SessionId))),
    }
}

fn of_session<E: EntityTrait + Copy, C: ColumnTrait>(table: E, session: C) -> SelectStatement {
    let same = Expr::col((table, session)).equals((sessions::Entity, sessions::Column::Id));
    Query::select().expr(Expr::val(1)).from(table).and_where(same).take()
}

/// Takes the rows of one part of a session.
async fn take(tx: &DatabaseTransaction, tenant: TenantId, id: SessionId, part: Kept, now: Timestamp) -> Result<()> {
    match part {
        Kept::Recording => {
            take_uploads(tx, tenant, id, now).await?;
            remove_recording(tx, tenant, id).await?;
        }
        Kept::Clips => {
            procedures::Entity::update_many()
                .col_expr(procedures::Column::VideoKey, Expr::value(None::<String>))
                .col_expr(procedures::Column::ThumbnailKey, Expr::value(None::<String>))
                .filter(procedures::Column::TenantId.eq(tenant.0).and(procedures::Column::SessionId.eq(id.0)))
                .exec(tx)
                .await?;
        }
        Kept::Transcript => {
            utterances::Entity::delete_many()
                .filter(utterances::Column::TenantId.eq(tenant.0).and(utterances::Column::SessionId.eq(id.0)))
                .exec(tx)
                .await?;
            recordings::Entity::update_many()
                .col_expr(recordings::Column::CaptionsKey, Expr::value(None::<String>))
                .filter(recordings::Column::TenantId.eq(tenant.0).and(recordings::Column::SessionId.eq(id.0)))
                .exec(tx)
                .await?;
        }
    }
    sessions::Entity::update_many()
        .col_expr(column(part), Expr::value(now.0))
        .filter(super::sessions::of(tenant))
        .filter(sessions::Column::Id.eq(id.0))
        .exec(tx)
        .await?;
    Ok(())
}

/// Nothing that arrived is kept, and nothing is taken any more. The row stays where its objects may be found by nothing else.
async fn take_uploads(tx: &DatabaseTransaction, tenant: TenantId, id: SessionId, now: Timestamp) -> Result<()> {
    let theirs =
        super::uploads::of_session(tenant, id).and(uploads::Column::State.ne(UploadState::Deleted.to_string()));
    let ids: Vec<Uuid> = uploads::Entity::find()
        .select_only()
        .column(uploads::Column::Id)
        .filter(theirs.clone())
        .into_tuple()
        .all(tx)
        .await?;
    for ids in ids.chunks(5_000) {
        take_chunks(tx, tenant, ids).await?;
    }
    uploads::Entity::update_many()
        .col_expr(uploads::Column::State, Expr::value(UploadState::Deleted.to_string()))
        .col_expr(uploads::Column::Received, Expr::value(0))
        .col_expr(uploads::Column::UpdatedAt, Expr::value(now.0))
        .filter(theirs)
        .exec(tx)
        .await?;
    Ok(())
}

/// A session is processed because more of it arrived: clips and transcript are made of it again, and go again in their time.
pub(crate) async fn comes_back(tx: &impl ConnectionTrait, tenant: TenantId, id: SessionId) -> Result<()> {
    sessions::Entity::update_many()
        .col_expr(sessions::Column::ClipsRemovedAt, Expr::value(None::<i64>))
        .col_expr(sessions::Column::TranscriptRemovedAt, Expr::value(None::<i64>))
        .filter(super::sessions::of(tenant))
        .filter(sessions::Column::Id.eq(id.0))
        .exec(tx)
        .await?;
    Ok(())
}

/// The name of an object below the prefix of its session.
pub(crate) fn name_of<'a>(keys: &Keys, key: &'a str) -> &'a str {
    key.strip_prefix(&keys.prefix()).map_or(key, |name| name.trim_start_matches('/'))
}
