//! A recording that came in one piece, as one upload.

use super::{Received, Source, timeline::Timeline};
use crate::{Event, Kit, StepError, Target, kit::hex};
use aws_lc_rs::digest;
use domain::{UploadId, job::Step};
use futures::TryStreamExt;
use media::{Playable, Probed};
use std::path::Path;
use storage::db::recordings::Part;

/// Joins the chunks of the upload and makes the whole playable.
pub async fn receive(
    kit: &Kit,
    target: Target,
    upload: UploadId,
    bytes: u64,
) -> Result<(Received, Vec<Part>), StepError> {
    let source = join(kit, target, upload, bytes).await?;
    let scratch = kit.scratch()?;
    let file = kit
        .objects
        .local(&source.key, scratch.path())
        .await?
        .ok_or_else(|| StepError::Fail(format!("object {} is missing", source.key)))?;
    let mut probed = media::probe(&kit.media, file.path()).await?;
    let video_key = make_playable(kit, target, file.path(), &source.key, &mut probed).await?;
    let part = Part {
        number: 1,
        offset_seconds: 0.0,
        bytes: source.bytes,
        sha256: source.sha256.clone(),
        container: probed.info.container.clone(),
        key: source.key.clone(),
    };
    Ok((Received { source, video_key, probed, timeline: Timeline::from(0.0), deleted: Vec::new() }, vec![part]))
}

/// Removes the chunks that a run left which was killed after their rows had gone. A chunk's name begins with the offset
/// of its first byte; one from `bytes` on may be about to get its row.
async fn sweep(kit: &Kit, target: Target, upload: UploadId, bytes: u64) -> Result<(), StepError> {
    for key in kit.objects.list(&format!("tenants/{}/uploads/{upload}", target.tenant)).await? {
        let name = key.rsplit('/').next().unwrap_or_default();
        let start = name.split_once('-').and_then(|(start, _)| start.parse::<u64>().ok());
        if start.is_some_and(|start| start < bytes) {
            kit.objects.delete(&key).await?;
        }
    }
    Ok(())
}

async fn join(kit: &Kit, target: Target, upload: UploadId, bytes: u64) -> Result<Source, StepError> {
    let key = target.keys().source(bytes);
    let chunks: Vec<_> =
        kit.db.chunks(target.tenant, upload).await?.into_iter().filter(|c| c.start < bytes).map(|c| c.key).collect();
    if chunks == [key.clone()] {
        // Joined before, by a run that may have been killed before it cleared the chunks away.
        sweep(kit, target, upload, bytes).await?;
        let sha256 = hash(kit, &key, bytes).await?;
        return Ok(Source { key, bytes, sha256 });
    }
    let joined = kit.objects.join(&chunks, &key).await?;
    if joined.bytes != bytes {
        return Err(StepError::Fail(format!("the chunks hold {} bytes where {bytes} were received", joined.bytes)));
    }
    // The whole stands under its own key now; the chunks that it was made of can go.
    for chunk in kit.db.replace_chunks(target.tenant, upload, bytes, &key).await? {
        kit.objects.delete(&chunk).await?;
    }
    sweep(kit, target, upload, bytes).await?;
    Ok(Source { key, bytes, sha256: joined.sha256 })
}

async fn hash(kit: &Kit, key: &str, bytes: u64) -> Result<String, StepError> {
    let mut read = kit.objects.get_range(key, 0..bytes).await?;
    let mut hash = digest::Context::new(&digest::SHA256);
    while let Some(piece) = read.try_next().await? {
        hash.update(&piece);
    }
    Ok(hex(hash.finish().as_ref()))
}

async fn make_playable(
    kit: &Kit,
    target: Target,
    source: &Path,
    source_key: &str,
    probed: &mut Probed,
) -> Result<String, StepError> {
    if matches!(probed.playable, Playable::AsIs) {
        return Ok(source_key.to_owned());
    }
    let extension = probed.playable_extension();
    let scratch = kit.scratch()?;
    let path = scratch.path().join(format!("playable.{extension}"));
    let progress = |done| kit.tell(Event::Progress(Step::Receive, done));
    let mut made = media::make_playable(&kit.media, source, probed, &path, progress).await?;
    let key = target.keys().playable(extension);
    // Clips are cut from the playable recording, so its own clock and keyframes are what counts.
    made.info.warnings.splice(0..0, std::mem::take(&mut probed.info.warnings));
    // Captions are not copied: they are read from the recording as it arrived.
    made.info.captions_stream = probed.info.captions_stream;
    *probed = made;
    kit.objects.put_file(&key, &path).await?;
    Ok(key)
}
