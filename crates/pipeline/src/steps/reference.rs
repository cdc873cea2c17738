//! The reference of a trainee's session: how the trainer does the same task. Not a step, but a part of the input of
//! those that compare, so that another reference is another input.

use crate::{Kit, StepError, Target};
use domain::{
    procedure::Procedure,
    seat::SeatRole,
    utterance::{Transcript, TranscriptSource},
};
use extraction::align::{self, Alignment, Step};
use serde::Serialize;
use storage::db::recordings::UtteranceOrigin;

/// The trainer's steps.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Reference(pub Vec<Step>);

/// What the trainee's session is compared with: what the kit was given, else the newest completed trainer session of
/// the same task; `None` for a trainer's session, for one without a task, and where nobody showed the task yet.
pub async fn reference(kit: &Kit, target: Target) -> Result<Option<Reference>, StepError> {
    if let Some(steps) = &kit.reference {
        return Ok(Some(Reference(steps.as_ref().clone())));
    }
    let tenant = target.tenant;
    let session = kit.db.session(tenant, target.session).await?;
    let Some(task) = session.filter(|s| s.role == SeatRole::Trainee).and_then(|s| s.task_id) else { return Ok(None) };
    let Some(trainer) = kit.db.trainer_session(tenant, task).await? else { return Ok(None) };
    let shown = kit.db.procedures(tenant, trainer.id).await?;
    let utterances = kit.db.utterances(tenant, trainer.id, UtteranceOrigin::Pipeline).await?;
    let transcript = Transcript { source: TranscriptSource::Captions, utterances, voiced: Vec::new() };
    let steps = align::steps(&shown.iter().map(Procedure::draft).collect::<Vec<_>>(), &transcript);
    Ok((!steps.is_empty()).then_some(Reference(steps)))
}

impl Reference {
    pub(crate) fn beside(&self, drafts: &[domain::procedure::ProcedureDraft], transcript: &Transcript) -> Alignment {
        align::align(&self.0, drafts, transcript)
    }
}
