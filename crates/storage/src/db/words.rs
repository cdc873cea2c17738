//! What was said, where a part of the recording was deleted: words go with what they were said in, whichever comes first.

use super::{
    Db, Result,
    breaks::{deletions, span_of},
    entity::{sessions, uploads, utterances},
    phases::holds_recording,
    recordings::UtteranceOrigin,
    uploads::{UploadState, of_session, place},
};
use domain::{SessionId, Span, TenantId, utterance::Utterance};
use sea_orm::{
    ColumnTrait, ConnectionTrait, DatabaseTransaction, EntityTrait, ExprTrait, QueryFilter, sea_query::Expr,
};

impl Db {
    /// What of a session was deleted, in seconds on its clock: every stretch that was asked for, and all of every part that
    /// went with one; in order, without overlap. Everything, once nothing of the recording is left, as it was deleted, and none is
    /// waited for, and once the transcript went by age.
    pub async fn deleted_spans(&self, tenant: TenantId, id: SessionId) -> Result<Vec<Span>> {
        deleted_spans(&self.conn, tenant, id).await
    }
}

/// As [`Db::deleted_spans`].
pub(crate) async fn deleted_spans(conn: &impl ConnectionTrait, tenant: TenantId, id: SessionId) -> Result<Vec<Span>> {
    let session = sessions::Entity::find_by_id(id.0).filter(sessions::Column::TenantId.eq(tenant.0)).one(conn).await?;
    let everything = vec![Span::new(0.0, f64::MAX)];
    if session.as_ref().is_some_and(|s| s.transcript_removed_at.is_some()) {
        return Ok(everything);
    }
    let is_aged = session.as_ref().is_some_and(|s| s.recording_removed_at.is_some());
    let stretches = deletions(tenant, id).all(conn).await?;
    if stretches.is_empty() {
        return Ok(Vec::new());
    }
    let gone = uploads::Column::State.eq(UploadState::Deleted.to_string());
    let gone = uploads::Entity::find().filter(of_session(tenant, id)).filter(gone).all(conn).await?;
    let is_over = session.is_some_and(|s| s.completed_at.is_some());
    if is_over && !is_aged && !holds_recording(conn, tenant, id).await? {
        return Ok(everything);
    }
    let span = |from: i64, to: Option<i64>| Span::new(from as f64 / 1e3, to.map_or(f64::MAX, |ms| ms as f64 / 1e3));
    let stretches = Span::merged(stretches.into_iter().map(|b| span(b.start_ms, b.end_ms)).collect());
    // By age go parts, too, that nobody had deleted.
    let parts = gone.iter().map(|part| span_of(&place(part))).filter(|part| part.touches_any(&stretches));
    Ok(Span::merged(stretches.iter().copied().chain(parts).collect()))
}

/// Whether any of it was said in one of these stretches.
pub(crate) fn was_said_in(spoken: &Utterance, deleted: &[Span]) -> bool {
    let words = spoken.words.iter().map(|word| Span::new(word.start, word.end));
    words.chain([Span::new(spoken.start, spoken.end)]).any(|time| time.touches_any(deleted))
}

/// Removes what the device wrote down of what was said in these stretches; how much it was.
pub(crate) async fn take(tx: &DatabaseTransaction, tenant: TenantId, id: SessionId, spans: &[Span]) -> Result<u64> {
    use utterances::Column as C;
    let mut taken = 0;
    for span in spans {
        let found = utterances::Entity::delete_many().filter(of_device(tenant, id));
        taken += found.filter(within(span, C::StartSeconds, C::EndSeconds)).exec(tx).await?.rows_affected;
    }
    Ok(taken)
}

/// Whether what lies between these columns touches a stretch, as [`Span::touches`].
pub(crate) fn within<C: ColumnTrait>(span: &Span, start: C, end: C) -> Expr {
    start.lt(span.end).and(end.gt(span.start).or(start.gte(span.start)))
}

/// Removes everything that the device wrote down.
pub(crate) async fn take_all(tx: &DatabaseTransaction, tenant: TenantId, id: SessionId) -> Result<()> {
    utterances::Entity::delete_many().filter(of_device(tenant, id)).exec(tx).await?;
    Ok(())
}

fn of_device(tenant: TenantId, id: SessionId) -> Expr {
    utterances::Column::TenantId
        .eq(tenant.0)
        .and(utterances::Column::SessionId.eq(id.0))
        .and(utterances::Column::Origin.eq(UtteranceOrigin::Device.to_string()))
}
