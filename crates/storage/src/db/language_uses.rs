//! Language uses: what asking a language model about a session came to. Requests, tokens and cost only grow; the note
//! is that of the outcome that is shown.

use super::{Db, Result, entity::language_uses};
use domain::{SessionId, TenantId, Timestamp, language::LanguageUse};
use sea_orm::{ColumnTrait, ConnectionTrait, EntityTrait, ExprTrait, QueryFilter, sea_query::Expr};

impl Db {
    /// Adds what was asked about a session to what was asked before. The note is not written here.
    pub async fn add_language_use(
        &self,
        tenant: TenantId,
        session: SessionId,
        new: &LanguageUse,
        now: Timestamp,
    ) -> Result<()> {
        let tx = self.begin().await?;
        let old = language_uses::Entity::find().filter(of(tenant, session)).one(&tx).await?;
        let before = old.map(LanguageUse::from).unwrap_or_default();
        let cost = match (before.cost, new.cost) {
            (None, None) => None,
            (a, b) => Some(a.unwrap_or(0.0) + b.unwrap_or(0.0)),
        };
        let row = language_uses::Model {
            session_id: session.0,
            tenant_id: tenant.0,
            model: new.model.clone(),
            requests: (before.requests + new.requests) as i64,
            input_tokens: (before.input_tokens + new.input_tokens) as i64,
            output_tokens: (before.output_tokens + new.output_tokens) as i64,
            cost,
            note: before.note,
            updated_at: now.0,
        };
        language_uses::Entity::delete_many().filter(of(tenant, session)).exec(&tx).await?;
        language_uses::Entity::insert(language_uses::ActiveModel::from(row)).exec_without_returning(&tx).await?;
        tx.commit().await?;
        Ok(())
    }

    /// What was asked about a session; `None` where no language model was.
    pub async fn language_use(&self, tenant: TenantId, session: SessionId) -> Result<Option<LanguageUse>> {
        let row = language_uses::Entity::find().filter(of(tenant, session)).one(&self.conn).await?;
        Ok(row.map(LanguageUse::from))
    }
}

/// Writes what the session says of the language model, if one was asked.
pub(crate) async fn note(
    tx: &impl ConnectionTrait,
    tenant: TenantId,
    session: SessionId,
    note: Option<&str>,
) -> Result<()> {
    language_uses::Entity::update_many()
        .col_expr(language_uses::Column::Note, Expr::value(note))
        .filter(of(tenant, session))
        .exec(tx)
        .await?;
    Ok(())
}

fn of(tenant: TenantId, session: SessionId) -> Expr {
    language_uses::Column::TenantId.eq(tenant.0).and(language_uses::Column::SessionId.eq(session.0))
}

impl From<language_uses::Model> for LanguageUse {
    fn from(r: language_uses::Model) -> Self {
        Self {
            model: r.model,
            requests: r.requests as u64,
            input_tokens: r.input_tokens as u64,
            output_tokens: r.output_tokens as u64,
            cost: r.cost,
            note: r.note,
        }
    }
}
