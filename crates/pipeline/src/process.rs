//! The way of a recording. Keep it this short.

use crate::{
    StepError,
    run::Run,
    sentences,
    steps::{clip, language, name, observe, receive, reference, score, segment, summarise, transcribe},
};
use domain::job::Step;
use storage::db::procedures::Outcome;

pub(crate) async fn process_session(run: &Run<'_>) -> Result<Outcome, StepError> {
    let (kit, target) = (run.kit, run.target);
    let about = receive::about(kit, target).await?;
    let received = run.step(Step::Receive, &about, receive::receive(kit, target, &about)).await?;
    let (transcribed, observed) = tokio::try_join!(
        run.step(Step::Transcribe, &received.source, transcribe::transcribe(kit, target, &received)),
        run.step(Step::Observe, &received.source, observe::observe(kit, target, &received)),
    )?;
    let seen = (&transcribed, &observed, &about.options);
    let model = sentences::model(kit, target).await?;
    let digest = model.as_ref().map(|m| m.digest().to_owned());
    let segments = run.step(Step::Segment, &(seen, digest), segment::segment(kit, seen, model)).await?;
    let asked = (&segments, seen, language::identity(kit));
    let named = run.step(Step::Name, &asked, name::name(kit, target, &received, &segments, seen)).await?;
    let drafts = &named.drafts;
    let procedures = run.step(Step::Clip, &(&received, drafts), clip::clip(kit, target, &received, drafts)).await?;
    let reference = reference::reference(kit, target).await?;
    let beside = (&named, &reference, seen);
    let score = run.step(Step::Score, &beside, score::score(kit, &named, reference.as_ref(), seen)).await?;
    let summary = summarise::summarise(kit, &named, &score, reference.as_ref(), seen);
    let summary = run.step(Step::Summarise, &(&score, beside), summary).await?;
    let language_note = named.language.as_ref().and_then(|l| l.note(&score));
    // 9, approve: everything becomes visible in one transaction, which the engine writes with the end of the job.
    Ok(Outcome { procedures, score: Some(score), summary, language_note, failure: None })
}
