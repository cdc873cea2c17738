//! The overview of sessions: what a row of the list and the head of a page show, in a fixed number of queries.

use super::{
    Db, Result, breaks,
    entity::{procedures, recordings, sessions, step_runs, uploads, users},
    error::word,
    procedures::approved,
    recordings::Recording,
    sessions::of,
    uploads::UploadState,
};
use domain::{
    SeatId, SessionId, TaskId, TenantId, Timestamp, UserId,
    job::{Step, StepState},
    seat::SeatRole,
    session::{Phase, Session, SessionStatus},
};
use sea_orm::{
    ColumnTrait, Condition, EntityTrait, ExprTrait, QueryFilter, QueryOrder, QuerySelect,
    sea_query::{Expr, Func, SimpleExpr},
};
use std::collections::HashMap;
use uuid::Uuid;

/// A session with what stands around it.
#[derive(Clone, Debug, PartialEq)]
#[allow(missing_docs)]
pub struct SessionOverview {
    pub session: Session,
    pub user_name: String,
    /// Procedures that are shown.
    pub procedures: u32,
    pub arrived: Arrived,
    /// Whether the engineer has paused it.
    pub paused: bool,
    pub recording: Option<Recording>,
    /// The step that runs, or the last one that began; only while processing.
    pub step: Option<Step>,
}

/// How much of a session's recording is here.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Arrived {
    /// Parts that have begun to arrive.
    pub parts: u64,
    /// Parts that are here, or that nobody waits for any more.
    pub settled: u64,
    /// Parts that the device says it made, once it has said so.
    pub announced: Option<u64>,
    /// Bytes that are here.
    pub bytes: u64,
    /// Bytes of all parts that have begun; `None` while one of them does not say.
    pub length: Option<u64>,
}

impl Arrived {
    /// How much is here, 0 to 100, where that can be told: by parts, or by bytes where there is one.
    pub fn percent(&self) -> Option<u8> {
        let (here, all) = match self.announced {
            Some(all) if all > 1 => (self.settled, all),
            _ if self.parts > 1 => return None,
            _ => (self.bytes, self.length?),
        };
        (all > 0).then(|| (u128::from(Ord::min(here, all)) * 100 / u128::from(all)) as u8)
    }
}

/// Which sessions are listed.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[allow(missing_docs)]
pub struct SessionFilter {
    pub status: Option<SessionStatus>,
    pub role: Option<SeatRole>,
    pub seat: Option<SeatId>,
    pub user: Option<UserId>,
    pub task: Option<TaskId>,
    /// Started then or later.
    pub from: Option<Timestamp>,
    /// Started before then.
    pub to: Option<Timestamp>,
}

/// A place between two sessions of the list.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[allow(missing_docs)]
pub struct Cursor {
    pub started_at: Timestamp,
    pub id: SessionId,
}

/// Where a page of the list begins.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PageFrom {
    /// At the newest session.
    Newest,
    /// After this place, towards older sessions.
    OlderThan(Cursor),
    /// Before this place, towards newer sessions.
    NewerThan(Cursor),
}

/// One page of the list, newest first.
#[derive(Clone, Debug, PartialEq)]
pub struct SessionPage {
    /// The rows.
    pub sessions: Vec<SessionOverview>,
    /// Where the next older page begins, if there is one.
    pub older: Option<Cursor>,
    /// Where the next newer page begins, if there is one.
    pub newer: Option<Cursor>,
}

impl SessionFilter {
    fn condition(self) -> Condition {
        use sessions::Column as C;
        Condition::all()
            .add_option(self.status.map(|status| C::Status.eq(status.to_string())))
            .add_option(self.role.map(|role| C::Role.eq(role.to_string())))
            .add_option(self.seat.map(|seat| C::SeatId.eq(seat.0)))
            .add_option(self.user.map(|user| C::UserId.eq(user.0)))
            .add_option(self.task.map(|task| C::TaskId.eq(task.0)))
            .add_option(self.from.map(|from| C::StartedAt.gte(from.0)))
            .add_option(self.to.map(|to| C::StartedAt.lt(to.0)))
    }
}

impl Db {
    /// A page of a tenant's sessions, newest start first, by keyset: no row is skipped or shown twice while new ones
    /// arrive.
    pub async fn session_page(
        &self,
        tenant: TenantId,
        filter: SessionFilter,
        from: PageFrom,
        size: u64,
    ) -> Result<SessionPage> {
        let mut query = sessions::Entity::find().filter(of(tenant)).filter(filter.condition()).limit(size + 1);
        let upwards = matches!(from, PageFrom::NewerThan(_));
        query = match from {
            PageFrom::Newest => query,
            PageFrom::OlderThan(c) => query.filter(place().lt(value(c))),
            PageFrom::NewerThan(c) => query.filter(place().gt(value(c))),
        };
        query = if upwards {
            query.order_by_asc(sessions::Column::StartedAt).order_by_asc(sessions::Column::Id)
        } else {
            query.order_by_desc(sessions::Column::StartedAt).order_by_desc(sessions::Column::Id)
        };
        let mut rows = query.all(&self.conn).await?;
        let more = rows.len() as u64 > size;
        rows.truncate(size as usize);
        if upwards {
            rows.reverse();
        }
        let cursor = |r: &sessions::Model| Cursor { started_at: Timestamp(r.started_at), id: r.id.into() };
        let (has_older, has_newer) = match from {
            PageFrom::Newest => (more, false),
            PageFrom::OlderThan(_) => (more, true),
            PageFrom::NewerThan(_) => (true, more),
        };
        Ok(SessionPage {
            older: rows.last().filter(|_| has_older).map(cursor),
            newer: rows.first().filter(|_| has_newer).map(cursor),
            sessions: self.around(tenant, rows).await?,
        })
    }

    /// One session with what stands around it.
    pub async fn session_overview(&self, tenant: TenantId, id: SessionId) -> Result<Option<SessionOverview>> {
        let rows = sessions::Entity::find_by_id(id.0).filter(of(tenant)).all(&self.conn).await?;
        Ok(self.around(tenant, rows).await?.pop())
    }

    async fn around(&self, tenant: TenantId, rows: Vec<sessions::Model>) -> Result<Vec<SessionOverview>> {
        let ids: Vec<Uuid> = rows.iter().map(|r| r.id).collect();
        let counts: HashMap<Uuid, i64> = procedures::Entity::find()
            .select_only()
            .column(procedures::Column::SessionId)
            .column_as(procedures::Column::Id.count(), "n")
            .filter(procedures::Column::TenantId.eq(tenant.0).and(procedures::Column::SessionId.is_in(ids.clone())))
            .filter(approved())
            .group_by(procedures::Column::SessionId)
            .into_tuple::<(Uuid, i64)>()
            .all(&self.conn)
            .await?
            .into_iter()
            .collect();
        let names: HashMap<Uuid, String> = users::Entity::find()
            .filter(users::Column::TenantId.eq(tenant.0))
            .filter(users::Column::Id.is_in(rows.iter().map(|r| r.user_id)))
            .all(&self.conn)
            .await?
            .into_iter()
            .map(|u| (u.id, u.full_name))
            .collect();
        let arrived = self.arrived(tenant, &ids).await?;
        let paused = breaks::paused(&self.conn, tenant, &ids).await?;
        let mut found_recordings: HashMap<Uuid, recordings::Model> = recordings::Entity::find()
            .filter(recordings::Column::TenantId.eq(tenant.0).and(recordings::Column::SessionId.is_in(ids.clone())))
            .all(&self.conn)
            .await?
            .into_iter()
            .map(|r| (r.session_id, r))
            .collect();
        let processing = rows.iter().filter(|r| r.phase == Phase::Processing.to_string()).map(|r| r.id);
        let steps = step_runs::Entity::find()
            .filter(step_runs::Column::TenantId.eq(tenant.0).and(step_runs::Column::SessionId.is_in(processing)))
            .order_by_asc(step_runs::Column::Number)
            .all(&self.conn)
            .await?;
        rows.into_iter()
            .map(|row| {
                let id = row.id;
                let of_row = || steps.iter().filter(|s| s.session_id == id);
                let step = of_row().find(|s| s.state == StepState::Running.to_string()).or(of_row().next_back());
                Ok(SessionOverview {
                    user_name: names.get(&row.user_id).cloned().unwrap_or_default(),
                    procedures: counts.get(&id).copied().unwrap_or(0) as u32,
                    arrived: Arrived {
                        announced: row.announced_parts.map(|n| n as u64),
                        ..arrived.get(&id).copied().unwrap_or_default()
                    },
                    paused: paused.contains(&id),
                    recording: found_recordings.remove(&id).map(Recording::try_from).transpose()?,
                    step: step.map(|s| word("step", &s.step)).transpose()?,
                    session: row.try_into()?,
                })
            })
            .collect()
    }
}

impl Db {
    async fn arrived(&self, tenant: TenantId, sessions: &[Uuid]) -> Result<HashMap<Uuid, Arrived>> {
        use uploads::Column as C;
        let settled = [UploadState::Complete, UploadState::Deleted].map(|state| state.to_string());
        let sum =
            |expr: SimpleExpr| SimpleExpr::from(Func::coalesce([expr.sum().cast_as("bigint"), Expr::value(0_i64)]));
        let settled = Expr::case(C::State.is_in(settled), Expr::value(1_i64)).finally(Expr::value(0_i64));
        // Of a part that was deleted no byte is waited for.
        let length =
            Expr::case(C::State.eq(UploadState::Deleted.to_string()), Expr::value(0_i64)).finally(Expr::col(C::Length));
        let rows = uploads::Entity::find()
            .select_only()
            .column(C::SessionId)
            .column_as(C::Id.count(), "parts")
            .column_as(sum(settled.into()), "settled")
            .column_as(sum(Expr::col(C::Received)), "bytes")
            .column_as(C::Length.count(), "with_length")
            .column_as(sum(length.into()), "length")
            .filter(C::TenantId.eq(tenant.0).and(C::SessionId.is_in(sessions.to_vec())))
            .group_by(C::SessionId)
            .into_tuple::<(Uuid, i64, i64, i64, i64, i64)>()
            .all(&self.conn)
            .await?;
        let arrived = |(id, parts, settled, bytes, with_length, length): (Uuid, i64, i64, i64, i64, i64)| {
            let length = (with_length == parts).then_some(length as u64);
            (id, Arrived { parts: parts as u64, settled: settled as u64, announced: None, bytes: bytes as u64, length })
        };
        Ok(rows.into_iter().map(arrived).collect())
    }
}

fn place() -> Expr {
    Expr::tuple([Expr::col(sessions::Column::StartedAt), Expr::col(sessions::Column::Id)])
}

fn value(c: Cursor) -> Expr {
    Expr::tuple([Expr::value(c.started_at.0), Expr::value(c.id.0)])
}
