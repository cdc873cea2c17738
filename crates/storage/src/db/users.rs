//! What becomes of users: role, activity, password. Everything here notes itself in the audit log in its own transaction.

use super::{
    Db, Result, Rule, audit,
    entity::{logins, tenants, user_links, users},
};
use domain::{
    TenantId, Timestamp, UserId,
    audit::{Action, Entry},
    user::{User, UserRole, UserStatus},
};
use sea_orm::{
    ColumnTrait, ConnectionTrait, DatabaseTransaction, EntityTrait, ExprTrait, PaginatorTrait, QueryFilter, QueryOrder,
    QuerySelect,
    sea_query::{Expr, LockType},
};

/// In place of a hash, of who signs in without a password: no password fits it. Nothing at all stands there of who is invited.
pub(super) const NO_PASSWORD: &str = "!";

/// A user with what administrators see of him.
#[derive(Clone, Debug, PartialEq)]
#[allow(missing_docs)]
pub struct UserOverview {
    pub user: User,
    pub status: UserStatus,
    pub last_signed_in_at: Option<Timestamp>,
    /// Until when a link to set a password is open.
    pub link_until: Option<Timestamp>,
}

impl Db {
    /// The users of a tenant by name.
    pub async fn user_overviews(&self, tenant: TenantId, now: Timestamp) -> Result<Vec<UserOverview>> {
        let of_tenant = users::Entity::find().filter(users::Column::TenantId.eq(tenant.0));
        let rows = of_tenant.order_by_asc(users::Column::FullName).order_by_asc(users::Column::Id);
        self.around_users(tenant, rows.all(&self.conn).await?, now).await
    }

    /// One user with what administrators see of him.
    pub async fn user_overview(&self, tenant: TenantId, id: UserId, now: Timestamp) -> Result<Option<UserOverview>> {
        let row = users::Entity::find_by_id(id.0).filter(users::Column::TenantId.eq(tenant.0));
        Ok(self.around_users(tenant, row.all(&self.conn).await?, now).await?.pop())
    }

    async fn around_users(
        &self,
        tenant: TenantId,
        rows: Vec<users::Model>,
        now: Timestamp,
    ) -> Result<Vec<UserOverview>> {
        let open = user_links::Entity::find()
            .filter(user_links::Column::TenantId.eq(tenant.0))
            .filter(user_links::Column::UsedAt.is_null())
            .filter(user_links::Column::ExpiresAt.gt(now.0))
            .all(&self.conn)
            .await?;
        let overview = |row: users::Model| {
            let link = open.iter().filter(|link| link.user_id == row.id).map(|link| link.expires_at).max();
            Ok(UserOverview {
                status: status(&row),
                last_signed_in_at: row.last_signed_in_at.map(Timestamp),
                link_until: link.map(Timestamp),
                user: row.try_into()?,
            })
        };
        rows.into_iter().map(overview).collect()
    }

    /// Gives a user another role; `None` when there is no such user. `by` is the administrator who does it, `None` a program; of
    /// whom `entry` tells: nobody takes the role from himself, and one active administrator stays, whatever happens at once.
    pub async fn change_role(
        &self,
        tenant: TenantId,
        id: UserId,
        role: UserRole,
        by: impl Into<Option<UserId>> + Send,
        entry: &Entry,
        now: Timestamp,
    ) -> Result<Option<User>> {
        let tx = self.begin().await?;
        let Some(user) = locked(&tx, tenant, id).await? else { return Ok(None) };
        if user.role == role.to_string() {
            return Ok(Some(user.try_into()?));
        }
        if role != UserRole::Admin {
            may_fall(&tx, &user, by.into()).await?;
        }
        let found = update(&tx, id, users::Column::Role, role.to_string()).await?;
        let entry = entry.clone().on_user(&found).with("role", role.label());
        audit::append(&tx, tenant, &entry, now).await?;
        tx.commit().await?;
        Ok(Some(found))
    }

    /// Deactivates a user, with the same rules as [`Db::change_role`]: all logins end, open links are void, and no device of
    /// the user's seats is heard any more.
    pub async fn deactivate_user(
        &self,
        tenant: TenantId,
        id: UserId,
        by: impl Into<Option<UserId>> + Send,
        entry: &Entry,
        now: Timestamp,
    ) -> Result<Option<User>> {
        let tx = self.begin().await?;
        let Some(user) = locked(&tx, tenant, id).await? else { return Ok(None) };
        if !user.is_active {
            return Ok(Some(user.try_into()?));
        }
        may_fall(&tx, &user, by.into()).await?;
        let found = update(&tx, id, users::Column::IsActive, false).await?;
        void_links(&tx, tenant, id).await?;
        end_all(&tx, tenant, id, None).await?;
        audit::append(&tx, tenant, &entry.clone().on_user(&found), now).await?;
        tx.commit().await?;
        Ok(Some(found))
    }

    /// Lets a deactivated user in again, with the old password, and the devices of the seats too.
    pub async fn reactivate_user(
        &self,
        tenant: TenantId,
        id: UserId,
        entry: &Entry,
        now: Timestamp,
    ) -> Result<Option<User>> {
        let tx = self.begin().await?;
        let Some(user) = locked(&tx, tenant, id).await? else { return Ok(None) };
        if user.is_active {
            return Ok(Some(user.try_into()?));
        }
        let found = update(&tx, id, users::Column::IsActive, true).await?;
        audit::append(&tx, tenant, &entry.clone().on_user(&found), now).await?;
        tx.commit().await?;
        Ok(Some(found))
    }

    /// Gives a user another name.
    pub async fn rename_user(
        &self,
        tenant: TenantId,
        id: UserId,
        full_name: &str,
        entry: &Entry,
        now: Timestamp,
    ) -> Result<Option<User>> {
        let tx = self.begin().await?;
        let Some(user) = locked(&tx, tenant, id).await? else { return Ok(None) };
        let found = update(&tx, id, users::Column::FullName, full_name).await?;
        let entry = entry.clone().on_user(&found).with("before", user.full_name);
        audit::append(&tx, tenant, &entry, now).await?;
        tx.commit().await?;
        Ok(Some(found))
    }

    /// The hash of a user's password; `None` where there is no such user, or none was set.
    pub async fn password_hash(&self, tenant: TenantId, id: UserId) -> Result<Option<String>> {
        let row = users::Entity::find_by_id(id.0).filter(users::Column::TenantId.eq(tenant.0)).one(&self.conn).await?;
        Ok(row.map(|row| row.password_hash).filter(|hash| !hash.is_empty() && hash != NO_PASSWORD))
    }

    /// Sets a user's password and ends all logins but `keep`, voids open links.
    pub async fn change_password(
        &self,
        tenant: TenantId,
        id: UserId,
        password_hash: &str,
        keep: Option<&str>,
        entry: &Entry,
        now: Timestamp,
    ) -> Result<Option<User>> {
        let tx = self.begin().await?;
        if locked(&tx, tenant, id).await?.is_none() {
            return Ok(None);
        }
        let found = set_password(&tx, tenant, id, password_hash, keep).await?;
        audit::append(&tx, tenant, &entry.clone().on_user(&found), now).await?;
        tx.commit().await?;
        Ok(Some(found))
    }

    /// Notes that a user has signed in.
    pub async fn signed_in(&self, tenant: TenantId, id: UserId, entry: &Entry, now: Timestamp) -> Result<()> {
        let tx = self.begin().await?;
        let user = users::Entity::find_by_id(id.0).filter(users::Column::TenantId.eq(tenant.0)).one(&tx).await?;
        if user.is_some() {
            let found = update(&tx, id, users::Column::LastSignedInAt, now.0).await?;
            audit::append(&tx, tenant, &entry.clone().on_user(&found), now).await?;
        }
        tx.commit().await?;
        Ok(())
    }

    /// Ends the logins of a user, all but `keep`; notes it where there were any. Returns how many.
    pub async fn end_logins(
        &self,
        tenant: TenantId,
        id: UserId,
        keep: Option<&str>,
        entry: &Entry,
        now: Timestamp,
    ) -> Result<u64> {
        let tx = self.begin().await?;
        let Some(user) = locked(&tx, tenant, id).await? else { return Ok(0) };
        let ended = end_all(&tx, tenant, id, keep).await?;
        if ended > 0 {
            let entry = entry.clone().on_user(&user.try_into()?).with("logins", ended);
            audit::append(&tx, tenant, &entry, now).await?;
        }
        tx.commit().await?;
        Ok(ended)
    }
}

/// Sets a password in a transaction that holds the user. Other logins than `keep` end: whoever is in with the old password
/// is out.
pub(super) async fn set_password(
    tx: &DatabaseTransaction,
    tenant: TenantId,
    id: UserId,
    password_hash: &str,
    keep: Option<&str>,
) -> Result<User> {
    void_links(tx, tenant, id).await?;
    end_all(tx, tenant, id, keep).await?;
    update(tx, id, users::Column::PasswordHash, password_hash).await
}

/// Takes away the links that are still open.
pub(super) async fn void_links(tx: &impl ConnectionTrait, tenant: TenantId, id: UserId) -> Result<()> {
    user_links::Entity::delete_many()
        .filter(user_links::Column::TenantId.eq(tenant.0).and(user_links::Column::UserId.eq(id.0)))
        .filter(user_links::Column::UsedAt.is_null())
        .exec(tx)
        .await?;
    Ok(())
}

async fn end_all(tx: &impl ConnectionTrait, tenant: TenantId, id: UserId, keep: Option<&str>) -> Result<u64> {
    let mut gone = logins::Entity::delete_many()
        .filter(logins::Column::TenantId.eq(tenant.0).and(logins::Column::UserId.eq(id.0)));
    if let Some(keep) = keep {
        gone = gone.filter(logins::Column::Id.ne(keep));
    }
    Ok(gone.exec(tx).await?.rows_affected)
}

/// A user, held until the transaction ends. The tenant is held before: changes of its people take turns.
pub(super) async fn locked(tx: &DatabaseTransaction, tenant: TenantId, id: UserId) -> Result<Option<users::Model>> {
    // Not as strong as a lock for a deletion: rows that refer to the tenant are written meanwhile.
    tenants::Entity::find_by_id(tenant.0).lock(LockType::NoKeyUpdate).one(tx).await?;
    let user = users::Entity::find_by_id(id.0).filter(users::Column::TenantId.eq(tenant.0));
    let user = user.lock(LockType::NoKeyUpdate);
    Ok(user.one(tx).await?)
}

/// Whether `by` may take administration or activity from a user, in a transaction that holds the tenant.
async fn may_fall(tx: &DatabaseTransaction, user: &users::Model, by: Option<UserId>) -> Result<()> {
    if by.is_some_and(|by| user.id == by.0) {
        return Err(Rule::Yourself.into());
    }
    let admin: &str = UserRole::Admin.into();
    let others = users::Entity::find()
        .filter(users::Column::TenantId.eq(user.tenant_id).and(users::Column::Id.ne(user.id)))
        .filter(users::Column::Role.eq(admin).and(users::Column::IsActive.eq(true)))
        .filter(users::Column::PasswordHash.ne(""))
        .count(tx)
        .await?;
    let counts = user.role == admin && status(user) == UserStatus::Active;
    if counts && others == 0 { Err(Rule::LastAdministrator.into()) } else { Ok(()) }
}

pub(super) async fn update(
    tx: &impl ConnectionTrait,
    id: UserId,
    column: users::Column,
    value: impl Into<sea_orm::Value>,
) -> Result<User> {
    let changed = users::Entity::update_many()
        .col_expr(column, Expr::value(value))
        .filter(users::Column::Id.eq(id.0))
        .exec_with_returning(tx)
        .await?;
    let row = changed.into_iter().next().ok_or_else(|| super::DbError::Refused("the user is gone".into()))?;
    row.try_into()
}

fn status(row: &users::Model) -> UserStatus {
    match (row.is_active, row.password_hash.is_empty()) {
        (false, _) => UserStatus::Deactivated,
        (true, true) => UserStatus::Invited,
        (true, false) => UserStatus::Active,
    }
}

/// The words by which an act on oneself is noted differently from one on somebody else.
pub(super) fn password_set(kind: &str) -> Action {
    if kind == "invitation" { Action::UserJoined } else { Action::UserPasswordReset }
}
