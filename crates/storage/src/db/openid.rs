//! Users who sign in by an OpenID Connect provider: found by its own name for them, linked the first time by a verified address.

use super::{
    Db, Result, audit,
    entity::{openid_identities, users},
    users::{NO_PASSWORD, locked, update, void_links},
};
use domain::{
    TenantId, Timestamp, UserId,
    audit::{Action, Actor, Entry},
    user::{User, UserRole, normalise_email},
};
use sea_orm::{ColumnTrait, ConnectionTrait, EntityTrait, ExprTrait, QueryFilter};
use std::net::IpAddr;
use uuid::Uuid;

/// Who came from a provider.
#[derive(Clone, Debug)]
pub struct Arrival {
    /// The provider.
    pub issuer: String,
    /// Its own name for him, which never changes.
    pub subject: String,
    /// The address, only where the provider has verified it.
    pub verified_email: Option<String>,
    /// Where the request came from.
    pub address: IpAddr,
}

/// Whom a provider's word stands for here.
#[derive(Clone, Debug, PartialEq)]
pub enum Found {
    /// An active user.
    User(User),
    /// One whose login is switched off.
    Deactivated(User),
    /// One who is known to the provider under another name: the address has gone to somebody else there, or the account was made anew.
    Another(User),
    /// The provider says no address that it has verified, and has sent nobody under this name before.
    Unverified,
    /// Nobody has a login with this address.
    Nobody,
}

impl Db {
    /// The user who came from a provider. The first time he is linked to it by his verified address, which also accepts an
    /// invitation. Takes no tenant: provider and address tell which.
    pub async fn openid_user(&self, who: &Arrival, now: Timestamp) -> Result<Found> {
        use openid_identities::Column as C;
        let known = openid_identities::Entity::find_by_id((who.issuer.clone(), who.subject.clone()));
        if let Some(link) = known.one(&self.conn).await? {
            let user = self.user(TenantId(link.tenant_id), UserId(link.user_id)).await?;
            return Ok(user.map_or(Found::Nobody, by_activity));
        }
        let Some(email) = &who.verified_email else { return Ok(Found::Unverified) };
        let of_address = users::Entity::find().filter(users::Column::Email.eq(normalise_email(email)));
        let Some(user) = of_address.one(&self.conn).await? else { return Ok(Found::Nobody) };
        let (tenant, id) = (TenantId(user.tenant_id), UserId(user.id));
        let tx = self.begin().await?;
        let Some(user) = locked(&tx, tenant, id).await? else { return Ok(Found::Nobody) };
        let was_invited = user.password_hash.is_empty();
        let found = User::try_from(user)?;
        if !found.is_active {
            return Ok(Found::Deactivated(found));
        }
        // Of two sign-ins at once one finds what the other has linked.
        let linked = openid_identities::Entity::find()
            .filter(C::TenantId.eq(tenant.0).and(C::UserId.eq(id.0)).and(C::Issuer.eq(who.issuer.as_str())));
        match linked.one(&tx).await? {
            Some(link) if link.subject == who.subject => return Ok(Found::User(found)),
            Some(_) => return Ok(Found::Another(found)),
            None => link(&tx, who, &found, now).await?,
        }
        if was_invited {
            void_links(&tx, tenant, id).await?;
            update(&tx, id, users::Column::PasswordHash, NO_PASSWORD).await?;
            let entry = Entry::new(Actor::user(&found), Action::UserJoined).on_user(&found).from(who.address);
            audit::append(&tx, tenant, &entry, now).await?;
        }
        tx.commit().await?;
        Ok(Found::User(found))
    }

    /// Makes a member of somebody who came from a provider with a verified address; [`super::DbError::Exists`] when it is taken.
    pub async fn join_by_openid(
        &self,
        tenant: TenantId,
        who: &Arrival,
        (email, full_name): (&str, &str),
        now: Timestamp,
    ) -> Result<User> {
        let tx = self.begin().await?;
        let row = users::Model {
            id: Uuid::now_v7(),
            tenant_id: tenant.0,
            email: normalise_email(email),
            full_name: full_name.into(),
            role: UserRole::Member.to_string(),
            is_active: true,
            password_hash: NO_PASSWORD.into(),
            created_at: now.0,
            last_signed_in_at: None,
        };
        users::Entity::insert(users::ActiveModel::from(row.clone())).exec_without_returning(&tx).await?;
        let user = User::try_from(row)?;
        let entry = Entry::new(Actor::user(&user), Action::UserJoinedByDomain).on_user(&user).from(who.address);
        audit::append(&tx, tenant, &entry.with("email", user.email.clone()), now).await?;
        link(&tx, who, &user, now).await?;
        tx.commit().await?;
        Ok(user)
    }

    /// Since when a user is linked to a provider.
    pub async fn openid_link(&self, tenant: TenantId, user: UserId) -> Result<Option<Timestamp>> {
        let all = openid_identities::Entity::find().filter(of(tenant, user)).all(&self.conn).await?;
        Ok(all.into_iter().map(|link| Timestamp(link.created_at)).min())
    }

    /// Forgets as whom a user is known to a provider; `false` when he is linked to none. His next sign-in links him again.
    pub async fn unlink_openid(&self, tenant: TenantId, user: UserId, entry: &Entry, now: Timestamp) -> Result<bool> {
        let tx = self.begin().await?;
        let Some(row) = locked(&tx, tenant, user).await? else { return Ok(false) };
        let gone = openid_identities::Entity::delete_many().filter(of(tenant, user)).exec(&tx).await?;
        if gone.rows_affected == 0 {
            return Ok(false);
        }
        audit::append(&tx, tenant, &entry.clone().on_user(&User::try_from(row)?), now).await?;
        tx.commit().await?;
        Ok(true)
    }
}

fn by_activity(user: User) -> Found {
    if user.is_active { Found::User(user) } else { Found::Deactivated(user) }
}

async fn link(tx: &impl ConnectionTrait, who: &Arrival, user: &User, now: Timestamp) -> Result<()> {
    let row = openid_identities::Model {
        issuer: who.issuer.clone(),
        subject: who.subject.clone(),
        tenant_id: user.tenant_id.0,
        user_id: user.id.0,
        created_at: now.0,
    };
    openid_identities::Entity::insert(openid_identities::ActiveModel::from(row)).exec_without_returning(tx).await?;
    let entry = Entry::new(Actor::user(user), Action::OpenIdLinked).on_user(user).from(who.address);
    audit::append(tx, user.tenant_id, &entry.with("provider", who.issuer.clone()), now).await
}

fn of(tenant: TenantId, user: UserId) -> sea_orm::sea_query::Expr {
    openid_identities::Column::TenantId.eq(tenant.0).and(openid_identities::Column::UserId.eq(user.0))
}
