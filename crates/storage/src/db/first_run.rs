//! The first run: an installation without a tenant gets one, with its administrator, exactly once.

use super::{
    Db, Result, audit,
    entity::{tenants, users},
    people::NewUser,
    tenants::{NewTenant, insert_tenant},
};
use domain::{
    Timestamp,
    audit::{Action, Actor, Entry},
    tenant::Tenant,
    user::{User, normalise_email},
};
use sea_orm::{ConnectionTrait, DbBackend, EntityTrait, PaginatorTrait};
use std::net::IpAddr;
use uuid::Uuid;

/// PostgreSQL advisory lock under which the first tenant is made: of two at once, one finds that it is there.
const FIRST_RUN_LOCK: i64 = 0x7472_6169_6e61_7232;

impl Db {
    /// Whether there is a tenant.
    pub async fn has_tenant(&self) -> Result<bool> {
        Ok(tenants::Entity::find().count(&self.conn).await? > 0)
    }

    /// Creates the first tenant with its first user; `None` when there is a tenant already.
    pub async fn create_first_tenant(
        &self,
        tenant: NewTenant,
        user: NewUser,
        address: IpAddr,
        now: Timestamp,
    ) -> Result<Option<(Tenant, User)>> {
        let tx = self.begin().await?;
        if tx.get_database_backend() == DbBackend::Postgres {
            tx.execute_unprepared(&format!("SELECT pg_advisory_xact_lock({FIRST_RUN_LOCK})")).await?;
        }
        if tenants::Entity::find().count(&tx).await? > 0 {
            return Ok(None);
        }
        let tenant = insert_tenant(&tx, tenant, now).await?;
        let row = users::Model {
            id: Uuid::now_v7(),
            tenant_id: tenant.id.0,
            email: normalise_email(&user.email),
            full_name: user.full_name,
            role: user.role.to_string(),
            is_active: true,
            password_hash: user.password_hash,
            created_at: now.0,
            last_signed_in_at: None,
        };
        users::Entity::insert(users::ActiveModel::from(row.clone())).exec_without_returning(&tx).await?;
        let user = User::try_from(row)?;
        let entry = Entry::new(Actor::user(&user), Action::TenantCreated)
            .on("tenant", tenant.id, tenant.name.clone())
            .from(address);
        audit::append(&tx, tenant.id, &entry, now).await?;
        tx.commit().await?;
        Ok(Some((tenant, user)))
    }
}
