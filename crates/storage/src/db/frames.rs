//! Camera frames: single pictures of a session that is being recorded. They live and die with the recording of it: once it has
//! stopped, failed or fallen silent, they go.

use super::{
    Db, Result, Rule,
    entity::{frames, sessions},
    phases::locked,
};
use domain::{SessionId, TenantId, Timestamp, session::Phase};
use sea_orm::{
    ColumnTrait, DatabaseTransaction, EntityTrait, ExprTrait, PaginatorTrait, QueryFilter, QueryOrder, QuerySelect,
    sea_query::{Expr, Query},
};

/// So many frames of a session are taken.
pub const MOST: u64 = 500;
/// So much time lies between two of them at least, in seconds.
pub const APART_SECONDS: f64 = 1.0;
/// So many are removed at once.
const AT_ONCE: u64 = 1000;
/// After so many seconds an object is looked for once more: what was being written has been written by then.
const LATEST_SECONDS: f64 = 900.0;

/// A frame whose object is to go.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[allow(missing_docs)]
pub struct EndedFrame {
    pub tenant: TenantId,
    pub session: SessionId,
    pub number: u64,
}

impl Db {
    /// Takes a frame of a session that is being recorded; its number, under which the object is then written. `None` when there is no
    /// such session.
    ///
    /// # Errors
    /// [`Rule::NotRecording`], [`Rule::TooManyFrames`], [`Rule::FrameTooSoon`].
    pub async fn begin_frame(
        &self,
        tenant: TenantId,
        session: SessionId,
        bytes: u64,
        now: Timestamp,
    ) -> Result<Option<u64>> {
        let tx = self.begin().await?;
        let Some(row) = locked(&tx, tenant, session).await? else { return Ok(None) };
        if row.phase != Phase::Recording.to_string() {
            return Err(Rule::NotRecording.into());
        }
        let theirs = of(tenant, session);
        let last = frames::Entity::find().filter(theirs.clone()).order_by_desc(frames::Column::Number);
        let last = last.limit(1).one(&tx).await?;
        if last.as_ref().is_some_and(|last| now.seconds_since(Timestamp(last.created_at)) < APART_SECONDS) {
            return Err(Rule::FrameTooSoon.into());
        }
        if frames::Entity::find().filter(theirs).count(&tx).await? >= MOST {
            return Err(Rule::TooManyFrames.into());
        }
        let number = last.map_or(1, |last| last.number + 1);
        let row = frames::Model {
            session_id: session.0,
            tenant_id: tenant.0,
            number,
            bytes: bytes as i64,
            created_at: now.0,
            sweeps: 0,
            deleted: false,
        };
        frames::Entity::insert(frames::ActiveModel::from(row)).exec_without_returning(&tx).await?;
        tx.commit().await?;
        Ok(Some(number as u64))
    }

    /// Frames of all tenants that are to go now: of sessions that are not recorded any more, and what was deleted.
    pub(crate) async fn ended_frames(&self, now: Timestamp) -> Result<Vec<EndedFrame>> {
        use frames::Column as C;
        let running = Query::select()
            .expr(Expr::val(1))
            .from(sessions::Entity)
            .and_where(Expr::col((sessions::Entity, sessions::Column::Id)).equals((frames::Entity, C::SessionId)))
            .and_where(Expr::col((sessions::Entity, sessions::Column::Phase)).eq(Phase::Recording.to_string()))
            .take();
        let due = C::Sweeps.eq(0).or(C::CreatedAt.lt(now.plus_seconds(-LATEST_SECONDS).0));
        let rows = frames::Entity::find()
            .filter(Expr::exists(running).not().or(C::Deleted.eq(true)))
            .filter(due)
            .limit(AT_ONCE)
            .all(&self.conn)
            .await?;
        let ended = |row: frames::Model| EndedFrame {
            tenant: row.tenant_id.into(),
            session: row.session_id.into(),
            number: row.number as u64,
        };
        Ok(rows.into_iter().map(ended).collect())
    }

    /// Notes that the object of a frame has gone; its row goes once nothing more can be on its way.
    pub(crate) async fn frame_gone(&self, frame: &EndedFrame, now: Timestamp) -> Result<()> {
        use frames::Column as C;
        let this = of(frame.tenant, frame.session).and(C::Number.eq(frame.number as i64));
        let old = C::CreatedAt.lt(now.plus_seconds(-LATEST_SECONDS).0);
        let tx = self.begin().await?;
        frames::Entity::delete_many().filter(this.clone()).filter(old).exec(&tx).await?;
        frames::Entity::update_many().col_expr(C::Sweeps, Expr::value(1_i64)).filter(this).exec(&tx).await?;
        tx.commit().await?;
        Ok(())
    }

    /// Whether a frame that was begun is still wanted.
    pub async fn keeps_frame(&self, tenant: TenantId, session: SessionId, number: u64) -> Result<bool> {
        let this = of(tenant, session).and(frames::Column::Number.eq(number as i64));
        let kept =
            frames::Entity::find().filter(this).filter(frames::Column::Deleted.eq(false)).one(&self.conn).await?;
        let running = self.session(tenant, session).await?.is_some_and(|session| session.phase == Phase::Recording);
        Ok(kept.is_some() && running)
    }
}

/// A stretch of the session was deleted: what the camera saw goes, all of it, as it is hard to say which shows what.
pub(crate) async fn take(tx: &DatabaseTransaction, tenant: TenantId, session: SessionId) -> Result<()> {
    frames::Entity::update_many()
        .col_expr(frames::Column::Deleted, Expr::value(true))
        .col_expr(frames::Column::Sweeps, Expr::value(0_i64))
        .filter(of(tenant, session))
        .filter(frames::Column::Deleted.eq(false))
        .exec(tx)
        .await?;
    Ok(())
}

fn of(tenant: TenantId, session: SessionId) -> Expr {
    frames::Column::TenantId.eq(tenant.0).and(frames::Column::SessionId.eq(session.0))
}
