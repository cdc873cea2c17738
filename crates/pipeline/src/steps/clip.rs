//! Step 4, a clip and a thumbnail per procedure, and the chapters of the recording. Clips are stream copies.

use super::receive::Received;
use crate::{Event, Kit, StepError, Target};
use domain::{
    Span,
    job::Step,
    procedure::{ProcedureDraft, ProcedureStatus},
    recording::Gap,
};
use extraction::captions;
use futures::{StreamExt, TryStreamExt, stream};
use std::{
    path::Path,
    sync::atomic::{AtomicUsize, Ordering},
};
use storage::db::{procedures::NewProcedure, recordings::Tracks};

/// Clips that are cut at once. Each child holds the index of the whole recording, so more would cost memory: of two
/// hours some 90 MB resident each.
const AT_ONCE: usize = 2;
/// Height of a thumbnail in pixels.
const THUMBNAIL_HEIGHT: u32 = 480;

/// Cuts the approved procedures; excluded ones are kept without a clip.
pub async fn clip(
    kit: &Kit,
    target: Target,
    received: &Received,
    drafts: &[ProcedureDraft],
) -> Result<Vec<NewProcedure>, StepError> {
    let scratch = kit.scratch()?;
    let missing = || StepError::Fail(format!("object {} is missing", received.video_key));
    let file = kit.objects.local(&received.video_key, scratch.path()).await?.ok_or_else(missing)?;
    let done = AtomicUsize::new(0);
    let procedures: Vec<NewProcedure> = stream::iter(drafts.iter().cloned().enumerate())
        .map(|(i, draft)| {
            let (done, file, scratch) = (&done, file.path(), scratch.path());
            async move {
                let procedure = one(kit, target, received, file, scratch, i + 1, draft).await?;
                let share = (done.fetch_add(1, Ordering::Relaxed) + 1) as f64 / drafts.len() as f64;
                kit.tell(Event::Progress(Step::Clip, share));
                Ok::<_, StepError>(procedure)
            }
        })
        .buffered(AT_ONCE)
        .try_collect()
        .await?;
    chapters(kit, target, drafts).await?;
    sweep(kit, target, &procedures).await?;
    Ok(procedures)
}

async fn one(
    kit: &Kit,
    target: Target,
    received: &Received,
    file: &Path,
    scratch: &Path,
    number: usize,
    draft: ProcedureDraft,
) -> Result<NewProcedure, StepError> {
    let span = Span::new(draft.start_seconds, draft.end_seconds);
    let number_u32 = number as u32;
    if draft.status == ProcedureStatus::Excluded {
        let duration_seconds = span.duration();
        return Ok(NewProcedure { number: number_u32, draft, duration_seconds, video_key: None, thumbnail_key: None });
    }
    let extension = received.probed.playable_extension();
    let path = scratch.join(format!("{number}.{extension}"));
    let cut = media::cut(&kit.media, file, &received.probed, span, &path).await?;
    let video_key = target.keys().clip(number, extension);
    kit.objects.put_file(&video_key, &path).await?;
    let thumbnail_key = target.keys().thumbnail(number);
    let path = scratch.join(format!("{number}.jpg"));
    if received.probed.info.video.is_some() {
        // A picture may end before its sound does.
        let last_picture = received.probed.keyframes.last().copied().unwrap_or(span.end);
        let at = telling_time(span, &received.probed.info.gaps).min(last_picture);
        media::thumbnail(&kit.media, file, at, THUMBNAIL_HEIGHT, &path).await?;
    } else {
        media::sound_thumbnail(&kit.media, file, span, THUMBNAIL_HEIGHT, &path).await?;
    }
    kit.objects.put_file(&thumbnail_key, &path).await?;
    Ok(NewProcedure {
        number: number_u32,
        draft,
        duration_seconds: cut.duration_seconds,
        video_key: Some(video_key),
        thumbnail_key: Some(thumbnail_key),
    })
}

/// A third into the work the hands are at it; not where nothing was recorded, where the picture is that of before.
fn telling_time(span: Span, gaps: &[Gap]) -> f64 {
    let mut at = span.start + span.duration() / 3.0;
    for gap in gaps {
        if gap.span.start <= at && at < gap.span.end && gap.span.end < span.end {
            at = gap.span.end;
        }
    }
    at
}

async fn chapters(kit: &Kit, target: Target, drafts: &[ProcedureDraft]) -> Result<(), StepError> {
    let shown: Vec<_> = drafts
        .iter()
        .filter(|d| d.status == ProcedureStatus::Approved)
        .map(|d| (Span::new(d.start_seconds, d.end_seconds), d.procedure_name.as_str()))
        .collect();
    let key = target.keys().chapters();
    kit.objects.put(&key, captions::write_chapters(&shown).into()).await?;
    let tracks = Tracks { chapters: Some(key), ..Tracks::default() };
    Ok(kit.db.save_tracks(target.tenant, target.session, tracks).await?)
}

/// Removes the clips of an earlier run that found more.
async fn sweep(kit: &Kit, target: Target, procedures: &[NewProcedure]) -> Result<(), StepError> {
    let kept: Vec<&str> =
        procedures.iter().flat_map(|p| [p.video_key.as_deref(), p.thumbnail_key.as_deref()]).flatten().collect();
    for key in kit.objects.list(&format!("{}/procedures/", target.keys().prefix())).await? {
        if !kept.contains(&key.as_str()) {
            kit.objects.delete(&key).await?;
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use domain::recording::GapKind;

    #[test]
    fn no_thumbnail_of_what_was_not_recorded() {
        let gap = |start, end| Gap { span: Span::new(start, end), kind: GapKind::Paused, seconds: None };
        let work = Span::new(30.0, 60.0);
        assert_eq!(telling_time(work, &[]), 40.0);
        assert_eq!(telling_time(work, &[gap(5.0, 20.0), gap(35.0, 44.0)]), 44.0);
        assert_eq!(telling_time(work, &[gap(35.0, 44.0), gap(44.0, 50.0)]), 50.0);
        // Nothing comes after it.
        assert_eq!(telling_time(work, &[gap(35.0, 70.0)]), 40.0);
    }
}
