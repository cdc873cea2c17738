//! API keys: made, found by the hash of their token, noted as used, revoked.

use super::{
    Db, DbError, Result, audit,
    entity::api_keys,
    error::{json, to_json},
};
use domain::{
    ApiKeyId, TenantId, Timestamp, UserId,
    api_key::{ApiKey, Scope},
    audit::Entry,
};
use sea_orm::{ColumnTrait, Condition, EntityTrait, QueryFilter, QueryOrder, sea_query::Expr};
use uuid::Uuid;

/// A key is noted as used at most once in so many seconds.
const USED_EVERY_SECONDS: f64 = 60.0;

/// What a new key needs.
#[derive(Clone, Debug)]
#[allow(missing_docs)]
pub struct NewApiKey {
    /// 1 to 100 characters.
    pub name: String,
    /// SHA-256 of the token in hex, never the token.
    pub token_hash: String,
    /// The beginning of the token, at most 12 characters.
    pub first_characters: String,
    pub scopes: Vec<Scope>,
    pub made_by: Option<UserId>,
    pub expires_at: Option<Timestamp>,
}

impl Db {
    /// Keeps a new key, and notes that `by` made it.
    pub async fn create_api_key(&self, tenant: TenantId, new: NewApiKey, by: Entry, now: Timestamp) -> Result<ApiKey> {
        let mut scopes = new.scopes;
        scopes.sort_unstable();
        scopes.dedup();
        let row = api_keys::Model {
            id: Uuid::now_v7(),
            tenant_id: tenant.0,
            name: new.name,
            token_hash: new.token_hash,
            first_characters: new.first_characters,
            scopes: to_json("scopes", &scopes)?,
            made_by: new.made_by.map(Into::into),
            created_at: now.0,
            expires_at: new.expires_at.map(|at| at.0),
            last_used_at: None,
            revoked_at: None,
        };
        let tx = self.begin().await?;
        api_keys::Entity::insert(api_keys::ActiveModel::from(row.clone())).exec_without_returning(&tx).await?;
        let words: Vec<_> = scopes.iter().map(Scope::to_string).collect();
        let entry = by.on("api_key", row.id, row.name.clone()).with("scopes", words.join(" "));
        audit::append(&tx, tenant, &entry, now).await?;
        tx.commit().await?;
        row.try_into()
    }

    /// The keys of a tenant that were not revoked, the newest first; those that have expired are among them.
    pub async fn api_keys(&self, tenant: TenantId) -> Result<Vec<ApiKey>> {
        let rows = api_keys::Entity::find()
            .filter(api_keys::Column::TenantId.eq(tenant.0))
            .filter(api_keys::Column::RevokedAt.is_null())
            .order_by_desc(api_keys::Column::CreatedAt)
            .order_by_desc(api_keys::Column::Id)
            .all(&self.conn)
            .await?;
        rows.into_iter().map(ApiKey::try_from).collect()
    }

    /// One key, also when it was revoked.
    pub async fn api_key(&self, tenant: TenantId, id: ApiKeyId) -> Result<Option<ApiKey>> {
        let found =
            api_keys::Entity::find_by_id(id.0).filter(api_keys::Column::TenantId.eq(tenant.0)).one(&self.conn).await?;
        found.map(ApiKey::try_from).transpose()
    }

    /// The key of a token that opens something at `now`: neither revoked nor expired. Takes no tenant: the token tells
    /// which.
    pub async fn api_key_by_token(&self, token_hash: &str, now: Timestamp) -> Result<Option<ApiKey>> {
        let found = api_keys::Entity::find().filter(api_keys::Column::TokenHash.eq(token_hash)).one(&self.conn).await?;
        let key = found.map(ApiKey::try_from).transpose()?;
        Ok(key.filter(|key| key.is_good(now)))
    }

    /// Notes that a key was used, unless that was noted within the last minute.
    pub async fn api_key_used(&self, key: &ApiKey, now: Timestamp) -> Result<()> {
        let due = now.plus_seconds(-USED_EVERY_SECONDS);
        if key.last_used_at.is_some_and(|at| at > due) {
            return Ok(());
        }
        use api_keys::Column as C;
        api_keys::Entity::update_many()
            .col_expr(C::LastUsedAt, Expr::value(now.0))
            .filter(C::TenantId.eq(key.tenant_id.0))
            .filter(C::Id.eq(key.id.0))
            .filter(Condition::any().add(C::LastUsedAt.is_null()).add(C::LastUsedAt.lte(due.0)))
            .exec(&self.conn)
            .await?;
        Ok(())
    }

    /// Shuts a key out for good, and notes that `by` did; `None` when there is no such key, or it was shut out before.
    pub async fn revoke_api_key(
        &self,
        tenant: TenantId,
        id: ApiKeyId,
        by: Entry,
        now: Timestamp,
    ) -> Result<Option<ApiKey>> {
        let tx = self.begin().await?;
        let revoked = api_keys::Entity::update_many()
            .col_expr(api_keys::Column::RevokedAt, Expr::value(now.0))
            .filter(api_keys::Column::TenantId.eq(tenant.0))
            .filter(api_keys::Column::Id.eq(id.0))
            .filter(api_keys::Column::RevokedAt.is_null())
            .exec_with_returning(&tx)
            .await?;
        let Some(key) = revoked.into_iter().next().map(ApiKey::try_from).transpose()? else { return Ok(None) };
        audit::append(&tx, tenant, &by.on("api_key", id, key.name.clone()), now).await?;
        tx.commit().await?;
        Ok(Some(key))
    }
}

impl TryFrom<api_keys::Model> for ApiKey {
    type Error = DbError;
    fn try_from(r: api_keys::Model) -> Result<Self> {
        Ok(Self {
            id: r.id.into(),
            tenant_id: r.tenant_id.into(),
            name: r.name,
            first_characters: r.first_characters,
            scopes: json("scopes", &r.scopes)?,
            made_by: r.made_by.map(Into::into),
            created_at: Timestamp(r.created_at),
            expires_at: r.expires_at.map(Timestamp),
            last_used_at: r.last_used_at.map(Timestamp),
            revoked_at: r.revoked_at.map(Timestamp),
        })
    }
}
