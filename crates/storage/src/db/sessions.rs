//! Sessions: start, heartbeat, stop, and how one moves from phase to phase.

use super::{
    Db, DbError, Result, Rule,
    entity::sessions,
    error::{self, to_json, word},
    minutes, notices,
    phases::{advance, alive, begin_processing, holds_recording, locked, set_ended_abnormally},
    task_list,
    webhooks::emit,
};
use domain::{
    SessionId, TaskId, TenantId, Timestamp,
    retention::Removed,
    seat::{Seat, SeatRole},
    session::{Phase, Session, SessionStatus},
    webhook::EventKind,
};
use sea_orm::{
    ColumnTrait, Condition, ConnectionTrait, EntityTrait, ExprTrait, IntoActiveModel, QueryFilter, QueryOrder,
    QuerySelect,
    sea_query::{Expr, OnConflict},
};
use serde_json::{Value, json};
use std::collections::HashSet;
use uuid::Uuid;

pub use super::phases::ALL_DELETED;

/// What a new session needs beside its seat.
#[derive(Clone, Debug)]
#[allow(missing_docs)]
pub struct NewSession {
    pub name: String,
    pub task_id: Option<TaskId>,
    /// The same key of the same seat gives the same session.
    pub idempotency_key: Option<String>,
    /// When recording began, not in the future; `None` is now.
    pub started_at: Option<Timestamp>,
}

/// How a session was stopped.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Stop {
    /// How many parts the device made, if it says so; 0 means that nothing was recorded.
    pub parts: Option<u32>,
    /// Numbers of the parts that will never come.
    pub missing: Vec<u32>,
    /// When, in seconds on the session's clock; `None` is now.
    pub at_seconds: Option<f64>,
    /// Nobody said stop: the device had crashed.
    pub crashed: bool,
}

/// After how many seconds a phase ends by itself. Nothing stays In Progress for ever.
#[derive(Clone, Copy, Debug)]
pub struct PhaseLimits {
    /// Without heartbeat or bytes while recording.
    pub heartbeat_seconds: f64,
    /// Without bytes after stop.
    pub upload_seconds: f64,
}

impl Stop {
    /// A stop now, of a session of which the device holds so many parts, if it says so.
    pub fn with_parts(parts: Option<u32>) -> Self {
        Self { parts, ..Self::default() }
    }
}

impl Db {
    /// Starts a session of a seat. The flag is `false` when its idempotency key had started it before. [`Rule::NoMinutes`] when
    /// the tenant has no minute left, unless the session took place while its device was out of reach.
    ///
    /// [`Rule::NoMinutes`]: super::Rule::NoMinutes
    pub async fn start_session(&self, seat: &Seat, new: NewSession, now: Timestamp) -> Result<(Session, bool)> {
        let mut row = sessions::Model {
            id: Uuid::now_v7(),
            tenant_id: seat.tenant_id.0,
            seat_id: seat.id.0,
            user_id: seat.user_id.0,
            task_id: new.task_id.map(Into::into),
            role: seat.role.to_string(),
            name: new.name,
            status: SessionStatus::InProgress.to_string(),
            phase: Phase::Recording.to_string(),
            failure_reason: None,
            failure_detail: None,
            ended_abnormally: false,
            announced_parts: None,
            missing_parts: "[]".into(),
            crashed: false,
            idempotency_key: new.idempotency_key,
            started_at: new.started_at.map_or(now, |at| at.min(now)).0,
            last_heartbeat_at: now.0,
            stopped_at: None,
            completed_at: None,
            duration_seconds: None,
            score: None,
            summary: None,
            trainer_notes: None,
            updated_at: now.0,
            last_beat_at: None,
            recording_removed_at: None,
            clips_removed_at: None,
            transcript_removed_at: None,
            notice_version: None,
        };
        use sessions::Column as C;
        let tx = self.begin().await?;
        row.notice_version = notices::recording_version(&tx, seat.tenant_id, Timestamp(row.started_at)).await?;
        let reserved = minutes::admit(&tx, seat.tenant_id, &row, now).await?;
        // Insert first: of two requests that come at once, one finds the other's row.
        let inserted = sessions::Entity::insert(row.clone().into_active_model())
            .on_conflict(OnConflict::columns([C::SeatId, C::IdempotencyKey]).do_nothing().to_owned())
            .exec_without_returning(&tx)
            .await?;
        if inserted > 0 {
            minutes::reserve(&tx, seat.tenant_id, row.id.into(), reserved).await?;
            emit(&tx, seat.tenant_id, EventKind::SessionStarted, told(&row), now).await?;
            if let Some(task) = row.task_id {
                task_list::begin(&tx, seat.tenant_id, task.into(), seat.user_id, now).await?;
            }
            tx.commit().await?;
            return Ok((row.try_into()?, true));
        }
        tx.commit().await?;
        let known = known_by_key(&self.conn, &row).await?;
        let known = known.ok_or_else(|| DbError::Refused("the seat is of another tenant".into()))?;
        Ok((known.try_into()?, false))
    }

    /// One session.
    pub async fn session(&self, tenant: TenantId, id: SessionId) -> Result<Option<Session>> {
        let found = sessions::Entity::find_by_id(id.0).filter(of(tenant)).one(&self.conn).await?;
        found.map(Session::try_from).transpose()
    }

    /// The newest completed trainer session of a task: what a trainee's is compared with.
    pub async fn trainer_session(&self, tenant: TenantId, task: TaskId) -> Result<Option<Session>> {
        let found = sessions::Entity::find()
            .filter(of(tenant))
            .filter(sessions::Column::TaskId.eq(task.0))
            .filter(sessions::Column::Role.eq(SeatRole::Trainer.to_string()))
            .filter(sessions::Column::Status.eq(SessionStatus::Completed.to_string()))
            .order_by_desc(sessions::Column::StartedAt)
            .order_by_desc(sessions::Column::Id)
            .limit(1)
            .one(&self.conn)
            .await?;
        found.map(Session::try_from).transpose()
    }

    /// Notes that the device of a session is alive; `false` when there is no such session. A session that had ended because
    /// of its silence goes on.
    pub async fn heartbeat(&self, tenant: TenantId, id: SessionId, now: Timestamp) -> Result<bool> {
        let tx = self.begin().await?;
        let known = alive(&tx, tenant, id, now).await?;
        sessions::Entity::update_many()
            .col_expr(sessions::Column::LastBeatAt, Expr::value(now.0))
            .filter(of(tenant))
            .filter(sessions::Column::Id.eq(id.0))
            .exec(&tx)
            .await?;
        tx.commit().await?;
        Ok(known)
    }

    /// Stops a session. Stopping twice does no harm: a later stop may only say more of what is missing, or of more parts; of
    /// two numbers the larger counts, whichever comes first. `None` when there is no such session.
    pub async fn stop_session(
        &self,
        tenant: TenantId,
        id: SessionId,
        stop: &Stop,
        now: Timestamp,
    ) -> Result<Option<Session>> {
        let tx = self.begin().await?;
        let Some(row) = locked(&tx, tenant, id).await? else { return Ok(None) };
        let mut missing = missing_parts(&row)?;
        missing.extend(&stop.missing);
        missing.sort_unstable();
        missing.dedup();
        let announced = Ord::max(row.announced_parts, stop.parts.map(i64::from));
        let missing = to_json("missing parts", &missing)?;
        let says_more = announced != row.announced_parts || missing != row.missing_parts;
        if row.stopped_at.is_none() || says_more {
            let said_at = |seconds: f64| Timestamp(row.started_at).plus_seconds(seconds.max(0.0)).min(now).0;
            let stopped_at = row.stopped_at.unwrap_or(stop.at_seconds.map_or(now.0, said_at));
            sessions::Entity::update_many()
                .col_expr(sessions::Column::StoppedAt, Expr::value(stopped_at))
                // A sign of life: the time to upload begins now, however long the device was out of reach.
                .col_expr(sessions::Column::LastHeartbeatAt, Expr::value(now.0))
                .col_expr(sessions::Column::AnnouncedParts, Expr::value(announced))
                .col_expr(sessions::Column::MissingParts, Expr::value(missing))
                .col_expr(sessions::Column::Crashed, Expr::value(row.crashed || stop.crashed))
                // Somebody did say stop: the device was only out of reach.
                .col_expr(sessions::Column::EndedAbnormally, Expr::value(false))
                .filter(of(tenant))
                .filter(sessions::Column::Id.eq(id.0))
                .exec(&tx)
                .await?;
            advance(&tx, tenant, id, now).await?;
        }
        tx.commit().await?;
        self.session(tenant, id).await
    }

    /// How many of the parts that a stopped session's device says it made have not arrived and may still come.
    pub async fn awaited_parts(&self, tenant: TenantId, id: SessionId) -> Result<u64> {
        let found = sessions::Entity::find_by_id(id.0).filter(of(tenant)).one(&self.conn).await?;
        let Some(session) = found else { return Ok(0) };
        let settled = super::phases::settled_parts(&self.conn, tenant, id).await?;
        let missing = missing_parts(&session)?;
        let known: HashSet<i64> = settled.into_iter().chain(missing.into_iter().map(i64::from)).collect();
        Ok((1..=session.announced_parts.unwrap_or(0)).filter(|part| !known.contains(part)).count() as u64)
    }

    /// How many parts a stopped session's device said it had made, if it did.
    pub async fn announced_parts(&self, tenant: TenantId, id: SessionId) -> Result<Option<u32>> {
        let found = sessions::Entity::find_by_id(id.0).filter(of(tenant)).one(&self.conn).await?;
        Ok(found.and_then(|session| session.announced_parts).and_then(|parts| u32::try_from(parts).ok()))
    }

    /// Ends what has been silent for too long: a recording session without heartbeat, an upload that nobody goes on
    /// with. What arrived is processed. Returns how many were ended.
    pub async fn end_silent_sessions(&self, limits: PhaseLimits, now: Timestamp) -> Result<u64> {
        let silent = |phase: Phase, seconds: f64| {
            Condition::all()
                .add(sessions::Column::Phase.eq(phase.to_string()))
                .add(sessions::Column::LastHeartbeatAt.lt(now.plus_seconds(-seconds).0))
        };
        let overdue = sessions::Entity::find()
            .filter(
                Condition::any()
                    .add(silent(Phase::Recording, limits.heartbeat_seconds))
                    .add(silent(Phase::Uploading, limits.upload_seconds)),
            )
            .order_by_asc(sessions::Column::LastHeartbeatAt)
            .limit(100)
            .all(&self.conn)
            .await?;
        let mut ended = 0;
        for row in overdue {
            let (tenant, id) = (TenantId(row.tenant_id), SessionId(row.id));
            let tx = self.begin().await?;
            // A heartbeat may have come since.
            let still = locked(&tx, tenant, id).await?.is_some_and(|r| r.last_heartbeat_at == row.last_heartbeat_at);
            if still {
                set_ended_abnormally(&tx, tenant, id, true).await?;
                advance(&tx, tenant, id, now).await?;
                ended += 1;
            }
            tx.commit().await?;
        }
        Ok(ended)
    }

    /// Processes a session again from the recording that is kept; `false` when there is none or it is not done,
    /// [`Rule::RemovedByAge`] when a part of it went by age: what it came to would be made anew, or come to less.
    pub async fn process_again(&self, tenant: TenantId, id: SessionId, now: Timestamp) -> Result<bool> {
        let tx = self.begin().await?;
        let Some(row) = locked(&tx, tenant, id).await? else { return Ok(false) };
        if row.recording_removed_at.or(row.clips_removed_at).or(row.transcript_removed_at).is_some() {
            return Err(Rule::RemovedByAge.into());
        }
        if row.phase != Phase::Done.to_string() || !holds_recording(&tx, tenant, id).await? {
            return Ok(false);
        }
        super::steps::forget(&tx, tenant, id).await?;
        begin_processing(&tx, tenant, id, now).await?;
        tx.commit().await?;
        Ok(true)
    }

    /// Sessions of a tenant that changed after `since`, with the time of the change, oldest change first.
    pub async fn sessions_changed(&self, tenant: TenantId, since: Timestamp) -> Result<Vec<(SessionId, Timestamp)>> {
        let rows: Vec<(Uuid, i64)> = sessions::Entity::find()
            .select_only()
            .columns([sessions::Column::Id, sessions::Column::UpdatedAt])
            .filter(of(tenant))
            .filter(sessions::Column::UpdatedAt.gt(since.0))
            .order_by_asc(sessions::Column::UpdatedAt)
            .limit(500)
            .into_tuple()
            .all(&self.conn)
            .await?;
        Ok(rows.into_iter().map(|(id, at)| (id.into(), Timestamp(at))).collect())
    }
}

/// The session that the same key of the same seat has started before.
pub(crate) async fn known_by_key(
    conn: &impl ConnectionTrait,
    new: &sessions::Model,
) -> Result<Option<sessions::Model>> {
    let Some(key) = &new.idempotency_key else { return Ok(None) };
    use sessions::Column as C;
    let of_seat = of(new.tenant_id.into()).and(C::SeatId.eq(new.seat_id)).and(C::IdempotencyKey.eq(key.as_str()));
    Ok(sessions::Entity::find().filter(of_seat).one(conn).await?)
}

/// What webhooks are told of a session.
pub(crate) fn told(row: &sessions::Model) -> Value {
    json!({
        "session_id": row.id,
        "status": row.status,
        "failure_reason": row.failure_reason,
        "role": row.role,
        "seat_id": row.seat_id,
        "user_id": row.user_id,
        "task_id": row.task_id,
        "started_at": Timestamp(row.started_at),
    })
}

/// Numbers of the parts of a session that will never come.
pub(crate) fn missing_parts(row: &sessions::Model) -> Result<Vec<u32>> {
    error::json("missing parts", &row.missing_parts)
}

pub(crate) fn of(tenant: TenantId) -> Expr {
    Expr::col((sessions::Entity, sessions::Column::TenantId)).eq(tenant.0)
}

impl TryFrom<sessions::Model> for Session {
    type Error = DbError;
    fn try_from(r: sessions::Model) -> Result<Self> {
        Ok(Self {
            id: r.id.into(),
            tenant_id: r.tenant_id.into(),
            seat_id: r.seat_id.into(),
            user_id: r.user_id.into(),
            task_id: r.task_id.map(Into::into),
            role: word("seat role", &r.role)?,
            name: r.name,
            status: word("session status", &r.status)?,
            phase: word("phase", &r.phase)?,
            failure_reason: r.failure_reason.as_deref().map(|w| word("failure reason", w)).transpose()?,
            failure_detail: r.failure_detail,
            ended_abnormally: r.ended_abnormally,
            started_at: Timestamp(r.started_at),
            last_heartbeat_at: Timestamp(r.last_heartbeat_at),
            stopped_at: r.stopped_at.map(Timestamp),
            completed_at: r.completed_at.map(Timestamp),
            duration_seconds: r.duration_seconds,
            score: r.score.as_deref().map(|j| error::json("score", j)).transpose()?,
            summary: r.summary,
            trainer_notes: r.trainer_notes,
            removed: Removed {
                recording: r.recording_removed_at.map(Timestamp),
                clips: r.clips_removed_at.map(Timestamp),
                transcript: r.transcript_removed_at.map(Timestamp),
            },
            updated_at: Timestamp(r.updated_at),
        })
    }
}
