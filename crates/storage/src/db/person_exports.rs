//! Exports of a person's data: asked for, made in the background, kept for some days. One at a time for each person.

use super::{Db, DbError, Result, audit, entity::person_exports, error::word};
use domain::{TenantId, Timestamp, UserId, audit::Entry};
use person_exports::Column as C;
use sea_orm::{
    ColumnTrait, DatabaseTransaction, EntityTrait, ExprTrait, QueryFilter, QueryOrder, QuerySelect, sea_query::Expr,
};
use strum::{Display, EnumString, IntoStaticStr};
use uuid::Uuid;

/// One that is ready, or has failed, is kept for so long, in seconds.
const KEPT_SECONDS: f64 = 7.0 * 86_400.0;
/// Whoever makes one and does not renew has so long, in seconds, until another may begin.
pub(crate) const LEASE_SECONDS: f64 = 60.0;
/// So often it is tried.
const ATTEMPTS: i64 = 3;

/// What has become of an export.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Display, EnumString, IntoStaticStr)]
#[strum(serialize_all = "snake_case")]
#[allow(missing_docs)]
pub enum ExportState {
    Preparing,
    Ready,
    Failed,
}

/// An export of a person's data.
#[derive(Clone, Debug, PartialEq)]
#[allow(missing_docs)]
pub struct PersonExport {
    pub id: Uuid,
    pub tenant_id: TenantId,
    pub user_id: UserId,
    pub state: ExportState,
    pub requested_at: Timestamp,
    /// The ZIP and its bytes, once it is ready.
    pub file: Option<(String, u64)>,
    /// When it goes, once it is ready or has failed.
    pub expires_at: Option<Timestamp>,
    owner: Option<Uuid>,
}

/// What the keys of a person's exports begin with; below it each has a folder of its id.
pub fn exports_prefix(tenant: TenantId, user: UserId) -> String {
    format!("tenants/{tenant}/exports/{user}")
}

impl PersonExport {
    /// The key of its ZIP: one of its own for whoever makes it.
    pub(crate) fn key(&self) -> String {
        let owner = self.owner.unwrap_or_default().as_fields().0;
        format!("{}/{}/{owner:08x}.zip", exports_prefix(self.tenant_id, self.user_id), self.id)
    }
}

impl Db {
    /// Asks for an export, and notes it; `None` when there is no such user. One that is being made stays, and is given; one that
    /// is there goes for the new one.
    pub async fn ask_person_export(
        &self,
        tenant: TenantId,
        user: UserId,
        entry: &Entry,
        now: Timestamp,
    ) -> Result<Option<PersonExport>> {
        if self.user(tenant, user).await?.is_none() {
            return Ok(None);
        }
        let tx = self.begin().await?;
        person_exports::Entity::delete_many()
            .filter(of(tenant, user).and(C::State.ne(ExportState::Preparing.to_string())))
            .exec(&tx)
            .await?;
        if let Some(row) = person_exports::Entity::find().filter(of(tenant, user)).one(&tx).await? {
            return row.try_into().map(Some);
        }
        let row = to_be_made(tenant, user, now);
        let insert = person_exports::Entity::insert(person_exports::ActiveModel::from(row.clone()));
        match insert.exec_without_returning(&tx).await.map_err(DbError::from) {
            // Somebody else has just asked.
            Err(DbError::Exists(_)) => {
                drop(tx);
                return self.person_export(tenant, user).await;
            }
            inserted => inserted?,
        };
        audit::append(&tx, tenant, entry, now).await?;
        tx.commit().await?;
        row.try_into().map(Some)
    }

    /// The export of a person, if there is one.
    pub async fn person_export(&self, tenant: TenantId, user: UserId) -> Result<Option<PersonExport>> {
        let row = person_exports::Entity::find().filter(of(tenant, user)).one(&self.conn).await?;
        row.map(PersonExport::try_from).transpose()
    }

    /// Takes an export of any tenant that is to be made; whoever has it renews it. One that was begun too often has failed.
    pub(crate) async fn claim_person_export(&self, now: Timestamp) -> Result<Option<PersonExport>> {
        let waiting = C::State.eq(ExportState::Preparing.to_string()).and(C::LeaseUntil.lte(now.0));
        person_exports::Entity::update_many()
            .col_expr(C::State, Expr::value(ExportState::Failed.to_string()))
            .col_expr(C::ExpiresAt, Expr::value(now.plus_seconds(KEPT_SECONDS).0))
            .filter(waiting.clone().and(C::Attempts.gte(ATTEMPTS)))
            .exec(&self.conn)
            .await?;
        let due = person_exports::Entity::find().filter(waiting).order_by_asc(C::RequestedAt).limit(10);
        for row in due.all(&self.conn).await? {
            let mine = person_exports::Entity::update_many()
                .col_expr(C::LeaseUntil, Expr::value(now.plus_seconds(LEASE_SECONDS).0))
                .col_expr(C::LeaseOwner, Expr::value(Uuid::new_v4()))
                .col_expr(C::Attempts, Expr::value(row.attempts + 1))
                .filter(C::Id.eq(row.id).and(C::LeaseUntil.eq(row.lease_until)).and(C::Attempts.eq(row.attempts)))
                .exec_with_returning(&self.conn)
                .await?;
            if let Some(mine) = mine.into_iter().next() {
                return mine.try_into().map(Some);
            }
        }
        Ok(None)
    }

    /// Holds an export for longer; `false` when it has gone, or another has it.
    pub(crate) async fn renew_person_export(&self, export: &PersonExport, now: Timestamp) -> Result<bool> {
        let renewed = person_exports::Entity::update_many()
            .col_expr(C::LeaseUntil, Expr::value(now.plus_seconds(LEASE_SECONDS).0))
            .filter(held(export))
            .exec(&self.conn)
            .await?;
        Ok(renewed.rows_affected > 0)
    }

    /// Notes that the ZIP is there; `false` when the export has gone, or another has it: then nobody wants the ZIP.
    pub(crate) async fn person_export_ready(&self, export: &PersonExport, bytes: u64, now: Timestamp) -> Result<bool> {
        let noted = person_exports::Entity::update_many()
            .col_expr(C::State, Expr::value(ExportState::Ready.to_string()))
            .col_expr(C::ObjectKey, Expr::value(export.key()))
            .col_expr(C::Bytes, Expr::value(bytes as i64))
            .col_expr(C::ExpiresAt, Expr::value(now.plus_seconds(KEPT_SECONDS).0))
            .filter(held(export))
            .exec(&self.conn)
            .await?;
        Ok(noted.rows_affected > 0)
    }

    /// The exports of all tenants that have been kept long enough.
    pub(crate) async fn expired_person_exports(&self, now: Timestamp) -> Result<Vec<PersonExport>> {
        let rows = person_exports::Entity::find().filter(C::ExpiresAt.lte(now.0)).limit(100).all(&self.conn).await?;
        rows.into_iter().map(PersonExport::try_from).collect()
    }

    /// Forgets an export, once its ZIP has gone.
    pub(crate) async fn forget_person_export(&self, export: &PersonExport) -> Result<()> {
        person_exports::Entity::delete_by_id(export.id).exec(&self.conn).await?;
        Ok(())
    }
}

/// Something of a person was deleted: the export that holds it goes, and one that is being made is made anew. Returns the
/// ids of those that went. Their objects are to be removed, and so is what their makers still write.
pub(crate) async fn withdraw(tx: &DatabaseTransaction, tenant: TenantId, user: UserId) -> Result<Vec<Uuid>> {
    let gone = person_exports::Entity::delete_many().filter(of(tenant, user)).exec_with_returning(tx).await?;
    for row in gone.iter().filter(|row| row.state == ExportState::Preparing.to_string()) {
        let anew = to_be_made(tenant, user, Timestamp(row.requested_at));
        person_exports::Entity::insert(person_exports::ActiveModel::from(anew)).exec_without_returning(tx).await?;
    }
    Ok(gone.into_iter().map(|row| row.id).collect())
}

fn to_be_made(tenant: TenantId, user: UserId, requested_at: Timestamp) -> person_exports::Model {
    person_exports::Model {
        id: Uuid::now_v7(),
        tenant_id: tenant.0,
        user_id: user.0,
        state: ExportState::Preparing.to_string(),
        requested_at: requested_at.0,
        attempts: 0,
        lease_until: 0,
        lease_owner: None,
        object_key: None,
        bytes: None,
        expires_at: None,
    }
}

fn of(tenant: TenantId, user: UserId) -> Expr {
    C::TenantId.eq(tenant.0).and(C::UserId.eq(user.0))
}

fn held(export: &PersonExport) -> Expr {
    C::Id.eq(export.id).and(C::State.eq(ExportState::Preparing.to_string())).and(C::LeaseOwner.eq(export.owner))
}

impl TryFrom<person_exports::Model> for PersonExport {
    type Error = DbError;
    fn try_from(r: person_exports::Model) -> Result<Self> {
        Ok(Self {
            id: r.id,
            tenant_id: r.tenant_id.into(),
            user_id: r.user_id.into(),
            state: word("state of an export", &r.state)?,
            requested_at: Timestamp(r.requested_at),
            file: r.object_key.zip(r.bytes.map(|bytes| bytes as u64)),
            expires_at: r.expires_at.map(Timestamp),
            owner: r.lease_owner,
        })
    }
}
