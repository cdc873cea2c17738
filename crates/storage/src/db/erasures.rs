//! Erasures: what was erased, and what is still to be done with its objects.

use super::{
    Db, DbError, Result,
    entity::erasures,
    error::{json, word},
};
use domain::{
    TenantId, Timestamp,
    erasure::{ErasureRecord, Scope},
};
use sea_orm::{ColumnTrait, EntityTrait, ExprTrait, QueryFilter, QueryOrder, QuerySelect, sea_query::Expr};
use std::{collections::BTreeMap, sync::atomic::Ordering};
use uuid::Uuid;

/// After so many seconds the objects are looked for once more: what was on its way has come or broken off by then.
pub const LATEST_SECONDS: f64 = 900.0;
/// Whoever erases objects has so long, in seconds, until another may begin.
const LEASE_SECONDS: f64 = 60.0;

/// An erasure: rows are gone, objects are going or have gone.
#[derive(Clone, Debug, PartialEq)]
#[allow(missing_docs)]
pub struct Erasure {
    pub id: Uuid,
    pub tenant_id: TenantId,
    pub scope: Scope,
    pub subject_id: Uuid,
    pub requested_at: Timestamp,
    pub completed_at: Option<Timestamp>,
    /// Rows by table.
    pub rows: BTreeMap<String, u64>,
    /// Objects that have gone so far, and their bytes.
    pub objects: u64,
    pub bytes: u64,
    /// The signed record as it is given out, and its signature, once it is done.
    pub record: Option<(String, String)>,
    pub(crate) prefixes: Vec<String>,
    pub(crate) sweeps: u32,
}

impl Erasure {
    /// What is proven of it, `completed_at` being when.
    pub fn proof(&self, completed_at: Timestamp) -> ErasureRecord {
        ErasureRecord {
            erasure_id: self.id,
            tenant_id: self.tenant_id,
            scope: self.scope,
            subject_id: self.subject_id,
            requested_at: self.requested_at,
            completed_at,
            rows: self.rows.clone(),
            objects: self.objects,
            bytes: self.bytes,
        }
    }
}

impl Db {
    /// The erasures of a tenant, newest first, at most a thousand.
    pub async fn erasures(&self, tenant: TenantId) -> Result<Vec<Erasure>> {
        let rows = erasures::Entity::find().filter(erasures::Column::TenantId.eq(tenant.0));
        let rows = rows.order_by_desc(erasures::Column::RequestedAt).limit(1000).all(&self.conn).await?;
        rows.into_iter().map(Erasure::try_from).collect()
    }

    /// One erasure.
    pub async fn erasure(&self, tenant: TenantId, id: Uuid) -> Result<Option<Erasure>> {
        let row =
            erasures::Entity::find_by_id(id).filter(erasures::Column::TenantId.eq(tenant.0)).one(&self.conn).await?;
        row.map(Erasure::try_from).transpose()
    }

    /// Takes an erasure of any tenant whose objects are to be looked for now; whoever has it has a minute.
    pub(crate) async fn claim_erasure(&self, now: Timestamp) -> Result<Option<Erasure>> {
        use erasures::Column as C;
        let due = erasures::Entity::find().filter(C::CompletedAt.is_null()).filter(C::NotBefore.lte(now.0));
        for row in due.order_by_asc(C::NotBefore).limit(10).all(&self.conn).await? {
            let mine = erasures::Entity::update_many()
                .col_expr(C::NotBefore, Expr::value(now.plus_seconds(LEASE_SECONDS).0))
                .filter(C::Id.eq(row.id).and(C::NotBefore.eq(row.not_before)))
                .exec(&self.conn)
                .await?;
            if mine.rows_affected > 0 {
                return row.try_into().map(Some);
            }
        }
        Ok(None)
    }

    /// Notes that objects have gone; more are looked for when `next` has come.
    pub(crate) async fn erasure_swept(&self, erasure: &Erasure, next: Timestamp) -> Result<()> {
        use erasures::Column as C;
        erasures::Entity::update_many()
            .col_expr(C::Objects, Expr::value(erasure.objects as i64))
            .col_expr(C::Bytes, Expr::value(erasure.bytes as i64))
            .col_expr(C::Sweeps, Expr::value(i64::from(erasure.sweeps)))
            .col_expr(C::NotBefore, Expr::value(next.0))
            .filter(C::Id.eq(erasure.id))
            .exec(&self.conn)
            .await?;
        self.traces.store(true, Ordering::SeqCst);
        Ok(())
    }

    /// Notes that an erasure is done.
    pub(crate) async fn erasure_done(
        &self,
        erasure: &Erasure,
        record: &str,
        signature: &str,
        now: Timestamp,
    ) -> Result<()> {
        use erasures::Column as C;
        erasures::Entity::update_many()
            .col_expr(C::Objects, Expr::value(erasure.objects as i64))
            .col_expr(C::Bytes, Expr::value(erasure.bytes as i64))
            .col_expr(C::Sweeps, Expr::value(i64::from(erasure.sweeps)))
            .col_expr(C::Prefixes, Expr::value("[]"))
            .col_expr(C::CompletedAt, Expr::value(now.0))
            .col_expr(C::Record, Expr::value(record))
            .col_expr(C::Signature, Expr::value(signature))
            .filter(C::Id.eq(erasure.id).and(C::CompletedAt.is_null()))
            .exec(&self.conn)
            .await?;
        self.traces.store(true, Ordering::SeqCst);
        Ok(())
    }
}

impl TryFrom<erasures::Model> for Erasure {
    type Error = DbError;
    fn try_from(r: erasures::Model) -> Result<Self> {
        Ok(Self {
            id: r.id,
            tenant_id: r.tenant_id.into(),
            scope: word("scope", &r.scope)?,
            subject_id: r.subject_id,
            requested_at: Timestamp(r.requested_at),
            completed_at: r.completed_at.map(Timestamp),
            rows: json("rows", &r.rows_erased)?,
            objects: r.objects as u64,
            bytes: r.bytes as u64,
            record: r.record.zip(r.signature),
            prefixes: json("prefixes", &r.prefixes)?,
            sweeps: r.sweeps as u32,
        })
    }
}
