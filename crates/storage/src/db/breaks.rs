//! Breaks: stretches of a session in which nothing was recorded, because it was paused, or of which nothing is kept, because
//! the engineer had it deleted. Times are milliseconds on the session's clock.

use super::{
    Db, DbError, Result, Rule, charges,
    entity::{session_breaks, sessions, uploads},
    error::word,
    frames, legal_holds,
    phases::{advance, alive, locked, touch},
    removals, results,
    uploads::{UploadState, of_session, place, take_chunks},
    words,
};
use domain::{
    SessionId, Span, TenantId, Timestamp,
    recording::{GapKind, Place},
    session::Phase,
};
use sea_orm::{
    ColumnTrait, ConnectionTrait, DatabaseTransaction, EntityTrait, ExprTrait, PaginatorTrait, QueryFilter, QueryOrder,
    QuerySelect, Select,
    sea_query::{Expr, OnConflict},
};
use std::collections::{HashMap, HashSet};
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
    /// The parts of these numbers do not count any more. Their objects, and all that was made of the recording where it was
    /// processed, are to be removed: see [`crate::removal`].
    Deleted(Vec<u32>),
    /// The recording came in one piece, of which no stretch can be told apart.
    OnePiece,
    /// There is no such session.
    NotFound,
}

/// So many pauses and deletions a session may have.
pub const MOST: u64 = 10_000;
/// Values of one statement; the engines take some more.
const AT_ONCE: usize = 5_000;

impl Db {
    /// Notes that a session is paused from `at_ms` on; `false` when there is no such session, [`Rule::TooManyBreaks`] when it
    /// has [`MOST`].
    pub async fn pause(&self, tenant: TenantId, id: SessionId, at_ms: u64, now: Timestamp) -> Result<bool> {
        let tx = self.begin().await?;
        if !alive(&tx, tenant, id, now).await? {
            return Ok(false);
        }
        insert(&tx, tenant, id, Break { kind: GapKind::Paused, start_ms: at_ms, end_ms: None }).await?;
        charges::settle(&tx, tenant, id, now).await?;
        touch(&tx, tenant, id, now).await?;
        tx.commit().await?;
        Ok(true)
    }

    /// Notes that a paused session goes on at `at_ms`: the pause that began last before ends there. `false` when there is no
    /// such session.
    pub async fn resume(&self, tenant: TenantId, id: SessionId, at_ms: u64, now: Timestamp) -> Result<bool> {
        let tx = self.begin().await?;
        if !alive(&tx, tenant, id, now).await? {
            return Ok(false);
        }
        use session_breaks::Column as C;
        let pauses = of(tenant, id).and(C::Kind.eq(GapKind::Paused.to_string()));
        let last = session_breaks::Entity::find().filter(pauses.clone()).filter(C::StartMs.lte(at_ms as i64));
        if let Some(last) = last.order_by_desc(C::StartMs).limit(1).one(&tx).await? {
            session_breaks::Entity::update_many()
                .col_expr(C::EndMs, Expr::value(at_ms as i64))
                .filter(pauses)
                .filter(C::StartMs.eq(last.start_ms))
                .filter(C::EndMs.is_null())
                .exec(&tx)
                .await?;
        }
        charges::settle(&tx, tenant, id, now).await?;
        touch(&tx, tenant, id, now).await?;
        tx.commit().await?;
        Ok(true)
    }

    /// Deletes a stretch: every part that holds anything of it, now and whenever one comes, and what was said in it. What was
    /// made of the recording goes too, and the session is processed again without. Once the recording went by age, nothing can
    /// be made again: then what touches the stretch goes, and what was said of the whole. [`Rule::TooManyBreaks`] when it has
    /// [`MOST`], [`Rule::LegalHold`] when it is not being recorded and is held.
    pub async fn delete_stretch(
        &self,
        tenant: TenantId,
        id: SessionId,
        (from_ms, to_ms): (u64, u64),
        now: Timestamp,
    ) -> Result<Deletion> {
        use uploads::Column as C;
        let tx = self.begin().await?;
        let Some(session) = locked(&tx, tenant, id).await? else { return Ok(Deletion::NotFound) };
        // While it is recorded, whether to be is the wearer's own choice.
        if session.phase != Phase::Recording.to_string() {
            legal_holds::refuse(&tx, tenant, sessions::Column::Id.eq(id.0)).await?;
        }
        let held = uploads::Entity::find().filter(of_session(tenant, id));
        if held.clone().filter(C::DurationMs.is_null()).limit(1).one(&tx).await?.is_some() {
            return Ok(Deletion::OnePiece);
        }
        let stretch = Break { kind: GapKind::Deleted, start_ms: from_ms, end_ms: Some(to_ms) };
        let is_new = insert(&tx, tenant, id, stretch).await?;
        // As `Place::touches`.
        let touched = held
            .filter(C::DurationMs.gt(0).and(C::StartMs.lt(to_ms as i64)))
            .filter(Expr::col(C::StartMs).add(Expr::col(C::DurationMs)).gt(from_ms as i64))
            .order_by_asc(C::Part)
            .all(&tx)
            .await?;
        let mut spans = vec![Span::new(from_ms as f64 / 1e3, to_ms as f64 / 1e3)];
        spans.extend(touched.iter().map(|part| span_of(&place(part))));
        let spans = Span::merged(spans);
        let is_here = |part: &uploads::Model| part.state != UploadState::Deleted.to_string();
        let gone: Vec<_> = touched.into_iter().filter(is_here).collect();
        take_parts(&tx, tenant, id, &gone, now).await?;
        frames::take(&tx, tenant, id).await?;
        let words = words::take(&tx, tenant, id, &spans).await?;
        if session.recording_removed_at.is_some() {
            results::take_touched(&tx, tenant, id, &spans).await?;
            removals::note(&tx, tenant, id, false, now).await?;
        } else if is_new || !gone.is_empty() || words > 0 {
            take_back(&tx, tenant, id, now).await?;
            advance(&tx, tenant, id, now).await?;
        }
        alive(&tx, tenant, id, now).await?;
        touch(&tx, tenant, id, now).await?;
        tx.commit().await?;
        Ok(Deletion::Deleted(gone.into_iter().map(|u| u.part as u32).collect()))
    }

    /// The breaks of a session, by where they begin. A pause of which nobody said that it is over ends where the next run
    /// begins, or with the session.
    pub async fn breaks(&self, tenant: TenantId, id: SessionId) -> Result<Vec<Break>> {
        all_of(&self.conn, tenant, id).await
    }
}

/// As [`Db::breaks`].
pub(crate) async fn all_of(conn: &impl ConnectionTrait, tenant: TenantId, id: SessionId) -> Result<Vec<Break>> {
    let rows = session_breaks::Entity::find()
        .filter(of(tenant, id))
        .order_by_asc(session_breaks::Column::StartMs)
        .order_by_asc(session_breaks::Column::Kind)
        .all(conn)
        .await?;
    let mut breaks: Vec<Break> = rows.into_iter().map(Break::try_from).collect::<Result<_>>()?;
    if breaks.iter().any(|b| b.end_ms.is_none()) {
        let mut ends = run_starts(conn, tenant, &[id.0]).await?.remove(&id.0).unwrap_or_default();
        let session = sessions::Entity::find_by_id(id.0).filter(super::sessions::of(tenant)).one(conn).await?;
        let stopped = session.and_then(|s| Some(s.stopped_at? - s.started_at));
        ends.extend(stopped.map(|micros| Ord::max(micros, 0) as u64 / 1000));
        for open in breaks.iter_mut().filter(|b| b.end_ms.is_none()) {
            open.end_ms = ends.iter().copied().filter(|end| *end >= open.start_ms).min();
        }
    }
    Ok(breaks)
}

/// Sessions of these that are paused now: nothing was recorded since their last pause, and nobody said that it is over.
pub(crate) async fn paused(conn: &impl ConnectionTrait, tenant: TenantId, ids: &[Uuid]) -> Result<HashSet<Uuid>> {
    use session_breaks::Column as C;
    let open: Vec<(Uuid, i64)> = session_breaks::Entity::find()
        .select_only()
        .columns([C::SessionId, C::StartMs])
        .filter(C::TenantId.eq(tenant.0).and(C::SessionId.is_in(ids.to_vec())))
        .filter(C::Kind.eq(GapKind::Paused.to_string()))
        .filter(C::EndMs.is_null())
        .into_tuple()
        .all(conn)
        .await?;
    let sessions: Vec<Uuid> = open.iter().map(|(id, _)| *id).collect();
    let starts = if open.is_empty() { HashMap::new() } else { run_starts(conn, tenant, &sessions).await? };
    let goes_on = |id: &Uuid, at: i64| starts.get(id).is_some_and(|s| s.iter().any(|start| *start >= at as u64));
    Ok(open.iter().filter(|(id, at)| !goes_on(id, *at)).map(|(id, _)| *id).collect())
}

/// Where the runs of sessions begin, in milliseconds on their clocks. A header says nothing of it: the part behind it may be
/// missing.
async fn run_starts(conn: &impl ConnectionTrait, tenant: TenantId, ids: &[Uuid]) -> Result<HashMap<Uuid, Vec<u64>>> {
    use uploads::Column as C;
    let rows: Vec<(Uuid, i64)> = uploads::Entity::find()
        .select_only()
        .column(C::SessionId)
        .column_as(C::StartMs.min(), "start")
        .filter(C::TenantId.eq(tenant.0).and(C::SessionId.is_in(ids.to_vec())))
        .filter(C::DurationMs.gt(0))
        .group_by(C::SessionId)
        .group_by(C::Run)
        .into_tuple()
        .all(conn)
        .await?;
    let mut starts: HashMap<Uuid, Vec<u64>> = HashMap::new();
    for (id, start) in rows {
        starts.entry(id).or_default().push(start as u64);
    }
    Ok(starts)
}

/// The stretches that were deleted and of which a part holds anything, in order; none when it is to be kept.
pub(crate) async fn deleted_of(
    tx: &DatabaseTransaction,
    tenant: TenantId,
    id: SessionId,
    place: &Place,
) -> Result<Vec<Span>> {
    use session_breaks::Column as C;
    let length = place.duration_ms.unwrap_or(0);
    if length == 0 {
        return Ok(Vec::new());
    }
    let end = place.start_ms.saturating_add(length);
    // As `Place::touches`.
    let touched = C::StartMs.lt(end as i64).and(C::EndMs.is_null().or(C::EndMs.gt(place.start_ms as i64)));
    let stretches = deletions(tenant, id).filter(touched).all(tx).await?;
    let span =
        |b: session_breaks::Model| Span::new(b.start_ms as f64 / 1e3, b.end_ms.map_or(f64::MAX, |ms| ms as f64 / 1e3));
    Ok(Span::merged(stretches.into_iter().map(span).collect()))
}

/// Where a part lies, in seconds on the session's clock.
pub(crate) fn span_of(place: &Place) -> Span {
    let end = place.start_ms.saturating_add(place.duration_ms.unwrap_or(0));
    Span::new(place.start_ms as f64 / 1e3, end as f64 / 1e3)
}

/// Something of a session was deleted: what was made with it goes, and its objects.
pub(crate) async fn take_back(tx: &DatabaseTransaction, tenant: TenantId, id: SessionId, now: Timestamp) -> Result<()> {
    let was_processed = results::may_exist(tx, tenant, id).await?;
    if was_processed {
        results::take(tx, tenant, id).await?;
    }
    removals::note(tx, tenant, id, was_processed, now).await
}

/// Whether anything of a session was deleted.
pub(crate) async fn has_deletions(conn: &impl ConnectionTrait, tenant: TenantId, id: SessionId) -> Result<bool> {
    Ok(deletions(tenant, id).limit(1).one(conn).await?.is_some())
}

pub(crate) fn deletions(tenant: TenantId, id: SessionId) -> Select<session_breaks::Entity> {
    let kind = session_breaks::Column::Kind.eq(GapKind::Deleted.to_string());
    session_breaks::Entity::find().filter(of(tenant, id)).filter(kind)
}

/// Writes a break; whether it says anything new.
async fn insert(tx: &impl ConnectionTrait, tenant: TenantId, id: SessionId, new: Break) -> Result<bool> {
    use session_breaks::Column as C;
    let row = session_breaks::Model {
        session_id: id.0,
        tenant_id: tenant.0,
        kind: new.kind.to_string(),
        start_ms: new.start_ms as i64,
        end_ms: new.end_ms.map(|ms| ms as i64),
    };
    let known = of(tenant, id).and(C::Kind.eq(row.kind.as_str())).and(C::StartMs.eq(row.start_ms));
    let known = session_breaks::Entity::find().filter(known).one(tx).await?;
    if known.is_none() && session_breaks::Entity::find().filter(of(tenant, id)).count(tx).await? >= MOST {
        return Err(Rule::TooManyBreaks.into());
    }
    // A deletion that is said again may reach further; a pause that has ended stays so.
    let mut again = OnConflict::columns([C::SessionId, C::Kind, C::StartMs]);
    match row.end_ms {
        Some(end) => again
            .value(C::EndMs, Expr::value(end))
            .action_and_where(Expr::col((session_breaks::Entity, C::EndMs)).lt(end)),
        None => again.do_nothing(),
    };
    let written = session_breaks::Entity::insert(session_breaks::ActiveModel::from(row))
        .on_conflict(again)
        .exec_without_returning(tx)
        .await?;
    Ok(written > 0)
}

/// Nothing of these parts is kept, and nothing of them is taken any more.
async fn take_parts(
    tx: &DatabaseTransaction,
    tenant: TenantId,
    id: SessionId,
    parts: &[uploads::Model],
    now: Timestamp,
) -> Result<()> {
    for parts in parts.chunks(AT_ONCE) {
        let ids: Vec<Uuid> = parts.iter().map(|part| part.id).collect();
        take_chunks(tx, tenant, &ids).await?;
        uploads::Entity::update_many()
            .col_expr(uploads::Column::State, Expr::value(UploadState::Deleted.to_string()))
            .col_expr(uploads::Column::Received, Expr::value(0))
            .col_expr(uploads::Column::UpdatedAt, Expr::value(now.0))
            .filter(of_session(tenant, id))
            .filter(uploads::Column::Id.is_in(ids))
            .exec(tx)
            .await?;
    }
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
