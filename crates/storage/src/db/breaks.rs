//! Breaks: stretches of a session in which nothing was recorded, because it was paused, or of which nothing is kept, because
//! the engineer had it deleted. Times are milliseconds on the session's clock.

use super::{
    Db, DbError, Result,
    entity::{procedures, session_breaks, sessions, uploads, utterances},
    error::word,
    phases::{alive, begin_processing, locked, touch},
    recordings::UtteranceOrigin,
    uploads::{UploadState, of_session, place, take_chunks},
};
use domain::{
    SessionId, TenantId, Timestamp,
    recording::{GapKind, Place},
    session::Phase,
};
use sea_orm::{
    ColumnTrait, ConnectionTrait, DatabaseTransaction, EntityTrait, ExprTrait, QueryFilter, QueryOrder,
    sea_query::{Expr, OnConflict},
};
use uuid::Uuid;

/// A stretch of a session.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[allow(missing_docs)]
pub struct Break {
    /// [`GapKind::Paused`] or [`GapKind::Deleted`].
    pub kind: GapKind,
    pub start_ms: u64,
    /// `None` while it lasts.
    pub end_ms: Option<u64>,
}

/// What became of a wish to have a stretch deleted.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Deletion {
    /// Gone are the parts of these numbers; the objects of these keys are to go; and, with the flag, what was made of them.
    Deleted(Vec<u32>, Vec<String>, bool),
    /// The recording came in one piece, of which no stretch can be told apart.
    OnePiece,
    /// There is no such session.
    NotFound,
}

impl Db {
    /// Notes that a session is paused from `at_ms` on; `false` when there is no such session.
    pub async fn pause(&self, tenant: TenantId, id: SessionId, at_ms: u64, now: Timestamp) -> Result<bool> {
        let tx = self.begin().await?;
        if !alive(&tx, tenant, id, now).await? {
            return Ok(false);
        }
        insert(&tx, tenant, id, Break { kind: GapKind::Paused, start_ms: at_ms, end_ms: None }).await?;
        touch(&tx, tenant, id, now).await?;
        tx.commit().await?;
        Ok(true)
    }

    /// Notes that a paused session goes on at `at_ms`: the pauses that began before end there. `false` when there is no such
    /// session.
    pub async fn resume(&self, tenant: TenantId, id: SessionId, at_ms: u64, now: Timestamp) -> Result<bool> {
        let tx = self.begin().await?;
        if !alive(&tx, tenant, id, now).await? {
            return Ok(false);
        }
        use session_breaks::Column as C;
        session_breaks::Entity::update_many()
            .col_expr(C::EndMs, Expr::value(at_ms as i64))
            .filter(of(tenant, id))
            .filter(C::Kind.eq(GapKind::Paused.to_string()))
            .filter(C::EndMs.is_null())
            .filter(C::StartMs.lte(at_ms as i64))
            .exec(&tx)
            .await?;
        touch(&tx, tenant, id, now).await?;
        tx.commit().await?;
        Ok(true)
    }

    /// Deletes a stretch: every part that holds anything of it, now and whenever one comes, and what was written down of it.
    /// A session that was processed with it is processed again without; until then nothing of its recording is shown.
    /// Then the flag is set, and every object that was made of the recording is to go.
    pub async fn delete_stretch(
        &self,
        tenant: TenantId,
        id: SessionId,
        (from_ms, to_ms): (u64, u64),
        now: Timestamp,
    ) -> Result<Deletion> {
        let tx = self.begin().await?;
        let Some(session) = locked(&tx, tenant, id).await? else { return Ok(Deletion::NotFound) };
        let held = uploads::Entity::find().filter(of_session(tenant, id)).order_by_asc(uploads::Column::Part);
        let held = held.all(&tx).await?;
        if held.iter().any(|u| u.duration_ms.is_none()) {
            return Ok(Deletion::OnePiece);
        }
        insert(&tx, tenant, id, Break { kind: GapKind::Deleted, start_ms: from_ms, end_ms: Some(to_ms) }).await?;
        let deleted = UploadState::Deleted.to_string();
        let gone: Vec<_> = held
            .into_iter()
            .filter(|u| u.state != deleted && place(u).touches(from_ms, to_ms))
            .map(|u| (u.id, u.part as u32))
            .collect();
        let ids: Vec<Uuid> = gone.iter().map(|(id, _)| *id).collect();
        let keys = take_chunks(&tx, tenant, &ids).await?;
        uploads::Entity::update_many()
            .col_expr(uploads::Column::State, Expr::value(deleted))
            .col_expr(uploads::Column::Received, Expr::value(0))
            .col_expr(uploads::Column::UpdatedAt, Expr::value(now.0))
            .filter(of_session(tenant, id))
            .filter(uploads::Column::Id.is_in(ids))
            .exec(&tx)
            .await?;
        let was_processed = [Phase::Processing, Phase::Done].map(|phase| phase.to_string()).contains(&session.phase);
        let made = was_processed && !gone.is_empty();
        if made {
            take_results(&tx, tenant, id).await?;
            begin_processing(&tx, tenant, id, now).await?;
        }
        take_words(&tx, tenant, id, from_ms, to_ms).await?;
        alive(&tx, tenant, id, now).await?;
        touch(&tx, tenant, id, now).await?;
        tx.commit().await?;
        Ok(Deletion::Deleted(gone.into_iter().map(|(_, part)| part).collect(), keys, made))
    }

    /// The breaks of a session, by where they begin.
    pub async fn breaks(&self, tenant: TenantId, id: SessionId) -> Result<Vec<Break>> {
        let rows = session_breaks::Entity::find()
            .filter(of(tenant, id))
            .order_by_asc(session_breaks::Column::StartMs)
            .order_by_asc(session_breaks::Column::Kind)
            .all(&self.conn)
            .await?;
        rows.into_iter().map(Break::try_from).collect()
    }
}

/// Whether a part holds anything of a stretch that was deleted.
pub(crate) async fn is_deleted(
    tx: &DatabaseTransaction,
    tenant: TenantId,
    id: SessionId,
    place: &Place,
) -> Result<bool> {
    let deleted = session_breaks::Entity::find()
        .filter(of(tenant, id))
        .filter(session_breaks::Column::Kind.eq(GapKind::Deleted.to_string()))
        .all(tx)
        .await?;
    Ok(deleted.iter().any(|b| place.touches(b.start_ms as u64, b.end_ms.map_or(u64::MAX, |end| end as u64))))
}

async fn insert(tx: &impl ConnectionTrait, tenant: TenantId, id: SessionId, new: Break) -> Result<()> {
    use session_breaks::Column as C;
    let row = session_breaks::Model {
        session_id: id.0,
        tenant_id: tenant.0,
        kind: new.kind.to_string(),
        start_ms: new.start_ms as i64,
        end_ms: new.end_ms.map(|ms| ms as i64),
    };
    // A deletion that is said again may reach further; a pause that has ended stays so.
    let mut again = OnConflict::columns([C::SessionId, C::Kind, C::StartMs]);
    match row.end_ms {
        Some(end) => again
            .value(C::EndMs, Expr::value(end))
            .action_and_where(Expr::col((session_breaks::Entity, C::EndMs)).lt(end)),
        None => again.do_nothing(),
    };
    session_breaks::Entity::insert(session_breaks::ActiveModel::from(row))
        .on_conflict(again)
        .exec_without_returning(tx)
        .await?;
    Ok(())
}

/// Removes what was made of a recording from the rows. Its objects are the caller's.
async fn take_results(tx: &DatabaseTransaction, tenant: TenantId, id: SessionId) -> Result<()> {
    super::recordings::remove_recording(tx, tenant, id).await?;
    let procedures = procedures::Column::TenantId.eq(tenant.0).and(procedures::Column::SessionId.eq(id.0));
    procedures::Entity::delete_many().filter(procedures).exec(tx).await?;
    sessions::Entity::update_many()
        .col_expr(sessions::Column::Score, Expr::value(None::<String>))
        .col_expr(sessions::Column::Summary, Expr::value(None::<String>))
        .filter(sessions::Column::TenantId.eq(tenant.0))
        .filter(sessions::Column::Id.eq(id.0))
        .exec(tx)
        .await?;
    super::steps::forget(tx, tenant, id).await
}

/// Removes what the device wrote down of what was said in a stretch, and the transcript, which is made again.
async fn take_words(tx: &DatabaseTransaction, tenant: TenantId, id: SessionId, from_ms: u64, to_ms: u64) -> Result<()> {
    use utterances::Column as C;
    let within = C::StartSeconds.lt(to_ms as f64 / 1e3).and(C::EndSeconds.gt(from_ms as f64 / 1e3));
    utterances::Entity::delete_many()
        .filter(C::TenantId.eq(tenant.0))
        .filter(C::SessionId.eq(id.0))
        .filter(C::Origin.eq(UtteranceOrigin::Pipeline.to_string()).or(within))
        .exec(tx)
        .await?;
    Ok(())
}

fn of(tenant: TenantId, id: SessionId) -> Expr {
    session_breaks::Column::TenantId.eq(tenant.0).and(session_breaks::Column::SessionId.eq(id.0))
}

impl TryFrom<session_breaks::Model> for Break {
    type Error = DbError;
    fn try_from(r: session_breaks::Model) -> Result<Self> {
        let end_ms = r.end_ms.map(|ms| ms as u64);
        Ok(Self { kind: word("break", &r.kind)?, start_ms: r.start_ms as u64, end_ms })
    }
}
