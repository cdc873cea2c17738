//! Tenants, each with its place in the queue.

use super::{
    Db, Result, audit,
    entity::{tenant_queues, tenants},
};
use domain::{TenantId, Timestamp, audit::Entry, retention::Retention, tenant::Tenant};
use sea_orm::{ActiveValue::Set, ColumnTrait, ConnectionTrait, EntityTrait, QueryFilter, QueryOrder, sea_query::Expr};
use uuid::Uuid;

/// What a new tenant needs.
#[derive(Clone, Debug)]
#[allow(missing_docs)]
pub struct NewTenant {
    pub name: String,
    pub timezone: String,
    pub language: String,
    pub country: String,
    pub retention: Retention,
    pub upload_limit_bytes: u64,
}

/// Jobs of one tenant that may run at once, over all workers.
const RUNNING_CAP: i64 = 4;

impl Db {
    /// Creates a tenant; [`super::DbError::Exists`] when its name is taken.
    pub async fn create_tenant(&self, new: NewTenant, now: Timestamp) -> Result<Tenant> {
        let tx = self.begin().await?;
        let tenant = insert_tenant(&tx, new, now).await?;
        tx.commit().await?;
        Ok(tenant)
    }

    /// One tenant.
    pub async fn tenant(&self, id: TenantId) -> Result<Option<Tenant>> {
        Ok(tenants::Entity::find_by_id(id.0).one(&self.conn).await?.map(Tenant::from))
    }

    /// Sets how many hours an unfinished upload of a tenant is kept open; `None` takes the installation's setting.
    pub async fn set_upload_keep_hours(&self, id: TenantId, hours: Option<u32>) -> Result<()> {
        tenants::Entity::update_many()
            .col_expr(tenants::Column::UploadKeepHours, Expr::value(hours.map(i64::from)))
            .filter(tenants::Column::Id.eq(id.0))
            .exec(&self.conn)
            .await?;
        Ok(())
    }

    /// Sets whether the administrators of a tenant need a second factor, and notes that `by` did; `false` when it was so before.
    pub async fn require_second_factor(&self, id: TenantId, required: bool, by: Entry, now: Timestamp) -> Result<bool> {
        use tenants::Column as C;
        let tx = self.begin().await?;
        let changed = tenants::Entity::update_many()
            .col_expr(C::AdminsNeedSecondFactor, Expr::value(required))
            .filter(C::Id.eq(id.0))
            .filter(C::AdminsNeedSecondFactor.ne(required))
            .exec(&tx)
            .await?;
        if changed.rows_affected > 0 {
            audit::append(&tx, id, &by, now).await?;
        }
        tx.commit().await?;
        Ok(changed.rows_affected > 0)
    }

    /// Every tenant, oldest first: for the operator of the installation only.
    pub async fn tenants(&self) -> Result<Vec<Tenant>> {
        let rows = tenants::Entity::find().order_by_asc(tenants::Column::Id).all(&self.conn).await?;
        Ok(rows.into_iter().map(Tenant::from).collect())
    }
}

/// Writes a tenant with its place in the queue.
pub(super) async fn insert_tenant(tx: &impl ConnectionTrait, new: NewTenant, now: Timestamp) -> Result<Tenant> {
    let row = tenants::Model {
        id: Uuid::now_v7(),
        name: new.name,
        timezone: new.timezone,
        language: new.language,
        country: new.country,
        keep_recording_days: new.retention.recording_days.map(i64::from),
        upload_limit_bytes: new.upload_limit_bytes.min(i64::MAX as u64) as i64,
        created_at: now.0,
        upload_keep_hours: None,
        included_minutes: None,
        admins_need_second_factor: false,
        keep_clips_days: new.retention.clips_days.map(i64::from),
        keep_transcript_days: new.retention.transcript_days.map(i64::from),
    };
    tenants::Entity::insert(tenants::ActiveModel::from(row.clone())).exec_without_returning(tx).await?;
    let queue = tenant_queues::ActiveModel {
        tenant_id: Set(row.id),
        running: Set(0),
        cap: Set(RUNNING_CAP),
        last_served: Set(0),
    };
    tenant_queues::Entity::insert(queue).exec_without_returning(tx).await?;
    Ok(row.into())
}

impl From<tenants::Model> for Tenant {
    fn from(r: tenants::Model) -> Self {
        Self {
            id: r.id.into(),
            name: r.name,
            timezone: r.timezone,
            language: r.language,
            country: r.country,
            retention: Retention {
                recording_days: r.keep_recording_days.map(|d| d as u32),
                clips_days: r.keep_clips_days.map(|d| d as u32),
                transcript_days: r.keep_transcript_days.map(|d| d as u32),
            },
            upload_limit_bytes: r.upload_limit_bytes as u64,
            upload_keep_hours: r.upload_keep_hours.map(|h| h as u32),
            included_minutes: r.included_minutes.map(|m| m as u32),
            admins_need_second_factor: r.admins_need_second_factor,
            created_at: Timestamp(r.created_at),
        }
    }
}
