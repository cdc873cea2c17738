//! Lists as programs page through them: by keyset, so that no row is skipped or given twice while new ones arrive.

use super::{
    Db, Result,
    entity::{procedures, seats, users},
    pairing::SeatOverview,
    procedures::approved,
};
use domain::{SessionId, TenantId, Timestamp, procedure::Procedure, user::User};
use sea_orm::{
    ColumnTrait, EntityTrait, ExprTrait, QueryFilter, QueryOrder, QuerySelect, Select,
    sea_query::{Expr, IntoColumnRef, SimpleExpr},
};
use uuid::Uuid;

/// A place in a list: behind the row of this time and id.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[allow(missing_docs)]
pub struct After {
    pub at: Timestamp,
    pub id: Uuid,
}

/// Some rows of a list.
#[derive(Clone, Debug, PartialEq)]
pub struct Page<T> {
    /// In order.
    pub rows: Vec<T>,
    /// Where the rest begins, if there is any.
    pub next: Option<After>,
}

impl Db {
    /// The procedures of a tenant that are shown, or of one session, the newest first.
    pub async fn procedure_page(
        &self,
        tenant: TenantId,
        session: Option<SessionId>,
        after: Option<After>,
        limit: u64,
    ) -> Result<Page<Procedure>> {
        use procedures::Column as C;
        let mut query = procedures::Entity::find().filter(C::TenantId.eq(tenant.0)).filter(approved());
        if let Some(session) = session {
            query = query.filter(C::SessionId.eq(session.0));
        }
        if let Some(after) = after {
            query = query.filter(place(C::CreatedAt, C::Id).lt(value(after)));
        }
        let query = query.order_by_desc(C::CreatedAt).order_by_desc(C::Id);
        let (rows, next) = self.some(query, limit, |r| (r.created_at, r.id)).await?;
        let rows = rows.into_iter().map(Procedure::try_from).collect::<Result<_>>()?;
        Ok(Page { rows, next })
    }

    /// The users of a tenant, the oldest first.
    pub async fn user_page(&self, tenant: TenantId, after: Option<After>, limit: u64) -> Result<Page<User>> {
        use users::Column as C;
        let mut query = users::Entity::find().filter(C::TenantId.eq(tenant.0));
        if let Some(after) = after {
            query = query.filter(place(C::CreatedAt, C::Id).gt(value(after)));
        }
        let query = query.order_by_asc(C::CreatedAt).order_by_asc(C::Id);
        let (rows, next) = self.some(query, limit, |r| (r.created_at, r.id)).await?;
        let rows = rows.into_iter().map(User::try_from).collect::<Result<_>>()?;
        Ok(Page { rows, next })
    }

    /// The seats of a tenant with their devices, the oldest first.
    pub async fn seat_page(
        &self,
        tenant: TenantId,
        after: Option<After>,
        limit: u64,
        now: Timestamp,
    ) -> Result<Page<SeatOverview>> {
        use seats::Column as C;
        let mut query = seats::Entity::find().filter(C::TenantId.eq(tenant.0));
        if let Some(after) = after {
            query = query.filter(place(C::CreatedAt, C::Id).gt(value(after)));
        }
        let query = query.order_by_asc(C::CreatedAt).order_by_asc(C::Id);
        let (rows, next) = self.some(query, limit, |r| (r.created_at, r.id)).await?;
        Ok(Page { rows: self.around_seats(tenant, rows, now).await?, next })
    }

    /// At most `limit` rows, and where the rest begins.
    pub(crate) async fn some<E: EntityTrait>(
        &self,
        query: Select<E>,
        limit: u64,
        place: impl Fn(&E::Model) -> (i64, Uuid),
    ) -> Result<(Vec<E::Model>, Option<After>)> {
        let mut rows = query.limit(limit + 1).all(&self.conn).await?;
        let more = rows.len() as u64 > limit;
        rows.truncate(limit as usize);
        let last = rows.last().filter(|_| more).map(place);
        Ok((rows, last.map(|(at, id)| After { at: Timestamp(at), id })))
    }
}

fn place(at: impl IntoColumnRef, id: impl IntoColumnRef) -> SimpleExpr {
    Expr::tuple([Expr::col(at), Expr::col(id)])
}

fn value(after: After) -> SimpleExpr {
    Expr::tuple([Expr::value(after.at.0), Expr::value(after.id)])
}
