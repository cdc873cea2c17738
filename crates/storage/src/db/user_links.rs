//! Links by which somebody sets a password: made for an invitation or a forgotten password, good once and for a time.

use super::{
    Db, Result, audit,
    entity::{user_links, users},
    error::word,
    users::{locked, password_set, set_password, void_links},
};
use domain::{
    TenantId, Timestamp, UserId,
    audit::{Actor, Entry},
    user::{User, UserRole, normalise_email},
};
use sea_orm::{
    ColumnTrait, ConnectionTrait, DatabaseTransaction, EntityTrait, ExprTrait, QueryFilter, QuerySelect,
    sea_query::Expr,
};
use std::net::IpAddr;
use strum::{Display, EnumString, IntoStaticStr};
use uuid::Uuid;

/// A used or expired link is remembered for so long, so that its page can say what became of it. Seconds.
const REMEMBERED_SECONDS: f64 = 30.0 * 24.0 * 3600.0;

/// What a link is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Display, EnumString, IntoStaticStr)]
#[strum(serialize_all = "snake_case")]
pub enum LinkKind {
    /// The first password.
    Invitation,
    /// Another one.
    Reset,
}

/// Who is invited.
#[derive(Clone, Debug)]
#[allow(missing_docs)]
pub struct Invitation {
    pub email: String,
    pub full_name: String,
    pub role: UserRole,
}

/// A link that is to be made.
#[derive(Clone, Debug)]
pub struct NewLink {
    /// What it is for.
    pub kind: LinkKind,
    /// SHA-256 of its token in hex, never the token.
    pub token_hash: String,
    /// When it expires.
    pub expires_at: Timestamp,
}

/// What has become of a link.
#[derive(Clone, Debug, PartialEq)]
pub enum LinkState {
    /// It can be used.
    Open {
        /// What it is for.
        kind: LinkKind,
        /// Who sets a password by it.
        user: User,
    },
    /// Somebody has used it.
    Used,
    /// Nobody used it in time.
    Expired,
}

impl Db {
    /// Creates a user without a password, and the link by which one is set; [`super::DbError::Exists`] when the address is taken on
    /// this installation.
    pub async fn invite_user(
        &self,
        tenant: TenantId,
        new: Invitation,
        link: NewLink,
        entry: &Entry,
        now: Timestamp,
    ) -> Result<User> {
        let tx = self.begin().await?;
        let row = users::Model {
            id: Uuid::now_v7(),
            tenant_id: tenant.0,
            email: normalise_email(&new.email),
            full_name: new.full_name,
            role: new.role.to_string(),
            is_active: true,
            password_hash: String::new(),
            created_at: now.0,
            last_signed_in_at: None,
        };
        users::Entity::insert(users::ActiveModel::from(row.clone())).exec_without_returning(&tx).await?;
        let user = User::try_from(row)?;
        insert(&tx, tenant, user.id, link, now).await?;
        let entry = entry.clone().on_user(&user).with("email", user.email.clone()).with("role", new.role.label());
        audit::append(&tx, tenant, &entry, now).await?;
        tx.commit().await?;
        Ok(user)
    }

    /// Makes another link for an active user and voids the open ones; `None` when there is no such user.
    pub async fn open_link(
        &self,
        tenant: TenantId,
        id: UserId,
        link: NewLink,
        entry: &Entry,
        now: Timestamp,
    ) -> Result<Option<User>> {
        let tx = self.begin().await?;
        void_links(&tx, tenant, id).await?;
        make_link(tx, tenant, id, link, entry, now).await
    }

    /// The same, and the open ones stay good: anybody may ask for it. All are void once one of them is used.
    pub async fn add_link(
        &self,
        tenant: TenantId,
        id: UserId,
        link: NewLink,
        entry: &Entry,
        now: Timestamp,
    ) -> Result<Option<User>> {
        make_link(self.begin().await?, tenant, id, link, entry, now).await
    }

    /// When the newest link of a user was made, if one is open.
    pub async fn link_made_at(&self, tenant: TenantId, id: UserId, now: Timestamp) -> Result<Option<Timestamp>> {
        let open = user_links::Entity::find()
            .filter(user_links::Column::TenantId.eq(tenant.0).and(user_links::Column::UserId.eq(id.0)))
            .filter(user_links::Column::UsedAt.is_null())
            .filter(user_links::Column::ExpiresAt.gt(now.0))
            .all(&self.conn)
            .await?;
        Ok(open.into_iter().map(|link| Timestamp(link.created_at)).max())
    }

    /// What has become of a link; `None` when it is unknown or another took its place. Takes no tenant: the link tells which.
    pub async fn link(&self, token_hash: &str, now: Timestamp) -> Result<Option<LinkState>> {
        let Some(link) = user_links::Entity::find_by_id(token_hash).one(&self.conn).await? else { return Ok(None) };
        let user = self.user(TenantId(link.tenant_id), UserId(link.user_id)).await?;
        state(&link, user, now)
    }

    /// Sets a password by a link, which is used up; every login of the user ends. `None` when the link is not open any more.
    /// Takes no tenant: the link tells which.
    pub async fn use_link(
        &self,
        token_hash: &str,
        password_hash: &str,
        address: IpAddr,
        now: Timestamp,
    ) -> Result<Option<User>> {
        let tx = self.begin().await?;
        let Some(link) = user_links::Entity::find_by_id(token_hash).one(&tx).await? else { return Ok(None) };
        let (tenant, id) = (TenantId(link.tenant_id), UserId(link.user_id));
        let user = locked(&tx, tenant, id).await?.map(User::try_from).transpose()?;
        // Read again now that its user is held: of two at once, one finds it used.
        let held = user_links::Entity::find_by_id(token_hash).lock_exclusive().one(&tx).await?;
        let Some(link) = held else { return Ok(None) };
        let Some(LinkState::Open { .. }) = state(&link, user, now)? else { return Ok(None) };
        user_links::Entity::update_many()
            .col_expr(user_links::Column::UsedAt, Expr::value(now.0))
            .filter(user_links::Column::TokenHash.eq(token_hash))
            .exec(&tx)
            .await?;
        let user = set_password(&tx, tenant, id, password_hash, None).await?;
        let entry = Entry::new(Actor::user(&user), password_set(&link.kind)).on_user(&user).from(address);
        audit::append(&tx, tenant, &entry, now).await?;
        tx.commit().await?;
        Ok(Some(user))
    }

    /// Forgets the links that expired a month ago. Returns how many there were.
    pub async fn forget_links(&self, now: Timestamp) -> Result<u64> {
        let old = user_links::Column::ExpiresAt.lte(now.plus_seconds(-REMEMBERED_SECONDS).0);
        Ok(user_links::Entity::delete_many().filter(old).exec(&self.conn).await?.rows_affected)
    }
}

/// `None`, and nothing is changed, when there is no such active user.
async fn make_link(
    tx: DatabaseTransaction,
    tenant: TenantId,
    id: UserId,
    link: NewLink,
    entry: &Entry,
    now: Timestamp,
) -> Result<Option<User>> {
    let Some(user) = locked(&tx, tenant, id).await?.filter(|user| user.is_active) else { return Ok(None) };
    let user = User::try_from(user)?;
    insert(&tx, tenant, id, link, now).await?;
    audit::append(&tx, tenant, &entry.clone().on_user(&user), now).await?;
    tx.commit().await?;
    Ok(Some(user))
}

async fn insert(
    tx: &impl ConnectionTrait,
    tenant: TenantId,
    user: UserId,
    link: NewLink,
    now: Timestamp,
) -> Result<()> {
    let row = user_links::Model {
        token_hash: link.token_hash,
        tenant_id: tenant.0,
        user_id: user.0,
        kind: link.kind.to_string(),
        expires_at: link.expires_at.0,
        used_at: None,
        created_at: now.0,
    };
    user_links::Entity::insert(user_links::ActiveModel::from(row)).exec_without_returning(tx).await?;
    Ok(())
}

fn state(link: &user_links::Model, user: Option<User>, now: Timestamp) -> Result<Option<LinkState>> {
    if link.used_at.is_some() {
        return Ok(Some(LinkState::Used));
    }
    if link.expires_at <= now.0 {
        return Ok(Some(LinkState::Expired));
    }
    let kind = word::<LinkKind>("kind of link", &link.kind)?;
    Ok(user.filter(|user| user.is_active).map(|user| LinkState::Open { kind, user }))
}
