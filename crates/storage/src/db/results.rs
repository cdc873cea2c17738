//! What was made of a recording, in the rows: it goes with what it was made of.

use super::{
    Result,
    entity::{jobs, procedures, sessions, utterances},
    language_uses,
    recordings::{UtteranceOrigin, remove_recording},
    steps,
    words::within,
};
use domain::{SessionId, Span, TenantId};
use sea_orm::{ColumnTrait, DatabaseTransaction, EntityTrait, ExprTrait, QueryFilter, QuerySelect, sea_query::Expr};

/// Whether anything may have been made of a session's recording: whether a job of it was ever put down.
pub(crate) async fn may_exist(tx: &DatabaseTransaction, tenant: TenantId, id: SessionId) -> Result<bool> {
    let of_session = jobs::Column::TenantId.eq(tenant.0).and(jobs::Column::SessionId.eq(id.0));
    Ok(jobs::Entity::find().filter(of_session).limit(1).one(tx).await?.is_some())
}

/// Removes all of it.
pub(crate) async fn take(tx: &DatabaseTransaction, tenant: TenantId, id: SessionId) -> Result<()> {
    remove_recording(tx, tenant, id).await?;
    procedures::Entity::delete_many().filter(procedures_of(tenant, id)).exec(tx).await?;
    utterances::Entity::delete_many().filter(transcript_of(tenant, id)).exec(tx).await?;
    sessions::Entity::update_many()
        .col_expr(sessions::Column::DurationSeconds, Expr::value(None::<f64>))
        .filter(super::sessions::of(tenant))
        .filter(sessions::Column::Id.eq(id.0))
        .exec(tx)
        .await?;
    take_judgement(tx, tenant, id).await
}

/// Removes what was made of these stretches, and what was said of the whole session if there was anything.
pub(crate) async fn take_touched(
    tx: &DatabaseTransaction,
    tenant: TenantId,
    id: SessionId,
    spans: &[Span],
) -> Result<()> {
    let mut taken = 0;
    for span in spans {
        use procedures::Column as P;
        let found = procedures::Entity::delete_many().filter(procedures_of(tenant, id));
        taken += found.filter(within(span, P::StartSeconds, P::EndSeconds)).exec(tx).await?.rows_affected;
        use utterances::Column as U;
        let found = utterances::Entity::delete_many().filter(transcript_of(tenant, id));
        taken += found.filter(within(span, U::StartSeconds, U::EndSeconds)).exec(tx).await?.rows_affected;
    }
    if taken > 0 {
        take_judgement(tx, tenant, id).await?;
    }
    Ok(())
}

/// Removes what was said of the whole.
async fn take_judgement(tx: &DatabaseTransaction, tenant: TenantId, id: SessionId) -> Result<()> {
    sessions::Entity::update_many()
        .col_expr(sessions::Column::Score, Expr::value(None::<String>))
        .col_expr(sessions::Column::Summary, Expr::value(None::<String>))
        .filter(super::sessions::of(tenant))
        .filter(sessions::Column::Id.eq(id.0))
        .exec(tx)
        .await?;
    language_uses::note(tx, tenant, id, None).await?;
    steps::forget(tx, tenant, id).await
}

fn procedures_of(tenant: TenantId, id: SessionId) -> Expr {
    procedures::Column::TenantId.eq(tenant.0).and(procedures::Column::SessionId.eq(id.0))
}

fn transcript_of(tenant: TenantId, id: SessionId) -> Expr {
    let pipeline = utterances::Column::Origin.eq(UtteranceOrigin::Pipeline.to_string());
    utterances::Column::TenantId.eq(tenant.0).and(utterances::Column::SessionId.eq(id.0)).and(pipeline)
}
