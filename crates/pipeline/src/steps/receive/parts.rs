//! A recording that came in parts: the parts of each run are put one after another, the runs on the session's clock.

use super::{Arrived, Received, Source, gaps, splice::Splice};
use crate::{
    Event, Kit, StepError, Target,
    kit::{hex, sha256},
};
use aws_lc_rs::digest;
use domain::{job::Step, recording::GapKind};
use futures::TryStreamExt;
use media::{MediaError, Probed};
use std::{collections::BTreeMap, path::Path};
use storage::db::recordings::Part;
use tokio::{
    fs::File,
    io::{AsyncWriteExt, BufWriter},
};

/// Bytes that are gathered before they are written.
const WRITE_BYTES: usize = 1 << 20;

/// Joins the parts on one timeline. Every part stays as it arrived.
pub async fn receive(
    kit: &Kit,
    target: Target,
    arrived: &[Arrived],
    breaks: &[(GapKind, u64, Option<u64>)],
) -> Result<(Received, Vec<Part>), StepError> {
    let scratch = kit.scratch()?;
    let mut parts = Vec::new();
    let mut runs = Vec::new();
    let mut contiguous = true;
    for (number, parts_of_run) in by_run(arrived) {
        let path = scratch.path().join(format!("run-{number}"));
        // A part that is only a header says nothing of when its run begins: the one behind it may be missing.
        let first = parts_of_run.iter().find(|p| p.place.duration_ms != Some(0)).or(parts_of_run.first());
        let start_seconds = first.map_or(0.0, |p| p.place.start_ms as f64 / 1e3);
        contiguous &= parts_of_run.windows(2).all(|pair| pair[1].place.part == pair[0].place.part + 1);
        parts.extend(write_run(kit, target, &parts_of_run, &path).await?);
        runs.push(media::Run { path, start_seconds });
    }
    let origin = runs.iter().map(|run| run.start_seconds).fold(f64::INFINITY, f64::min);
    let path = scratch.path().join("recording");
    let one = match runs.as_slice() {
        [run] if contiguous => playable(kit, &run.path, &path).await?,
        _ => None,
    };
    let (probed, origin) = match one {
        Some(probed) => (probed, origin),
        None => joined(kit, &runs, &path, breaks).await?,
    };
    let key = target.keys().playable(probed.playable_extension());
    let bytes = kit.objects.put_file(&key, &path).await?;
    let begins = |part: &mut Part| part.offset_seconds = (part.offset_seconds - origin).max(0.0);
    parts.iter_mut().for_each(begins);
    parts.iter_mut().for_each(|part| part.container.clone_from(&probed.info.container));
    parts.sort_by_key(|part| part.number);
    let hashes: Vec<_> = parts.iter().map(|part| (part.number, &part.sha256)).collect();
    let list = serde_json::to_vec(&hashes).map_err(|e| StepError::Fail(e.to_string()))?;
    let source = Source { key: key.clone(), bytes, sha256: sha256(&list) };
    Ok((Received { source, video_key: key, probed, begins_at: origin, deleted: Vec::new() }, parts))
}

/// The parts of each run that can be put one after another: whole ones, and at the very end one that is not.
fn by_run(arrived: &[Arrived]) -> BTreeMap<u32, Vec<&Arrived>> {
    let mut runs: BTreeMap<u32, Vec<&Arrived>> = BTreeMap::new();
    for part in arrived {
        runs.entry(part.place.run).or_default().push(part);
    }
    for parts in runs.values_mut() {
        parts.sort_by_key(|part| part.place.part);
        let last = parts.last().map(|part| part.place.part);
        parts.retain(|part| part.whole || Some(part.place.part) == last);
    }
    runs
}

/// Writes the parts of a run one after another, and says what they are.
async fn write_run(kit: &Kit, target: Target, parts: &[&Arrived], path: &Path) -> Result<Vec<Part>, StepError> {
    let mut file = BufWriter::with_capacity(WRITE_BYTES, File::create(path).await?);
    let (mut written, mut splice) = (Vec::new(), Splice::default());
    for part in parts {
        splice.next_part(part.place.part);
        let mut hash = digest::Context::new(&digest::SHA256);
        let mut key = None;
        for chunk in kit.db.chunks(target.tenant, part.upload).await? {
            if chunk.start >= part.bytes {
                break;
            }
            let mut bytes = kit.objects.get_range(&chunk.key, 0..chunk.bytes).await?;
            while let Some(piece) = bytes.try_next().await? {
                hash.update(&piece);
                file.write_all(&splice.pass(&piece)).await?;
            }
            key.get_or_insert(chunk.key);
        }
        written.push(Part {
            number: part.place.part,
            offset_seconds: part.place.start_ms as f64 / 1e3,
            bytes: part.bytes,
            sha256: hex(hash.finish().as_ref()),
            container: String::new(),
            key: key.unwrap_or_default(),
        });
    }
    file.flush().await?;
    Ok(written)
}

/// A single run without a gap needs no joining; `None` where it has one.
async fn playable(kit: &Kit, run: &Path, dst: &Path) -> Result<Option<Probed>, StepError> {
    let probed = media::probe(&kit.media, run).await?;
    if !probed.picture_gaps.is_empty() {
        return Ok(None);
    }
    let warnings = probed.info.warnings.clone();
    let progress = |done| kit.tell(Event::Progress(Step::Receive, done));
    let mut made = media::make_playable(&kit.media, run, &probed, dst, progress).await?;
    made.info.warnings.splice(0..0, warnings);
    Ok(Some(made))
}

/// Joins the runs; beside the recording, where on the session's clock it begins: with the first run that can be read.
async fn joined(
    kit: &Kit,
    runs: &[media::Run],
    dst: &Path,
    breaks: &[(GapKind, u64, Option<u64>)],
) -> Result<(Probed, f64), MediaError> {
    let progress = |done| kit.tell(Event::Progress(Step::Receive, done));
    let joined = media::join_runs(&kit.media, runs, dst, progress).await?;
    let readable = runs.iter().zip(&joined.runs).filter(|(_, lies)| lies.is_some());
    let origin = readable.map(|(run, _)| run.start_seconds).fold(f64::INFINITY, f64::min);
    let mut probed = joined.probed;
    probed.info.gaps = gaps::explained(&joined.gaps, origin, breaks);
    Ok((probed, origin))
}
