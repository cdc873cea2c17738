//! A recording that came in parts: the parts of each run are put one after another, the runs on the session's clock.

use super::{About, Arrived, Received, Source, Timeline, edges::Known, gaps, splice::Splice};
use crate::{
    Event, Kit, StepError, Target,
    kit::{hex, sha256},
};
use aws_lc_rs::digest;
use domain::{Span, job::Step};
use futures::TryStreamExt;
use media::{Joined, MediaError, Probed};
use std::{collections::BTreeMap, path::Path};
use storage::db::recordings::Part;
use tokio::{
    fs::File,
    io::{AsyncWriteExt, BufWriter},
};

/// Bytes that are gathered before they are written.
const WRITE_BYTES: usize = 1 << 20;

/// Joins the parts on one timeline. Every part stays as it arrived.
pub async fn receive(kit: &Kit, target: Target, about: &About) -> Result<(Received, Vec<Part>), StepError> {
    let in_runs = by_run(&about.parts);
    let scratch = kit.scratch()?;
    let mut parts = Vec::new();
    let mut runs = Vec::new();
    let mut contiguous = true;
    for (number, parts_of_run) in &in_runs {
        let path = scratch.path().join(format!("run-{number}"));
        // A part that is only a header says nothing of when its run begins: the one behind it may be missing.
        let first = parts_of_run.iter().find(|p| p.place.duration_ms != Some(0)).or(parts_of_run.first());
        let start_seconds = first.map_or(0.0, |p| p.place.start_ms as f64 / 1e3);
        contiguous &= parts_of_run.windows(2).all(|pair| pair[1].place.part == pair[0].place.part + 1);
        parts.extend(write_run(kit, target, parts_of_run, &path).await?);
        runs.push(media::Run { path, start_seconds });
    }
    let path = scratch.path().join("recording");
    let one = match runs.as_slice() {
        [run] if contiguous => playable(kit, &run.path, &path).await?,
        _ => None,
    };
    let Joined { mut probed, runs: lies, gaps } = match one {
        Some(probed) => {
            let whole = Some(Span::new(0.0, probed.info.duration_seconds));
            Joined { probed, runs: vec![whole], gaps: Vec::new() }
        }
        None => joined(kit, &runs, &path).await?,
    };
    let lie = |(run, lies): (&media::Run, &Option<Span>)| lies.map(|span| (run.start_seconds, span.start));
    let timeline = Timeline::of(runs.iter().zip(&lies).filter_map(lie).collect());
    let seconds = probed.info.duration_seconds;
    let known = known(about, in_runs.values().zip(&lies), &timeline);
    probed.info.gaps = known.before();
    probed.info.gaps.extend(gaps::explained(&gaps, &timeline, &about.breaks));
    probed.info.gaps.extend(known.behind(seconds));
    let key = target.keys().playable(probed.playable_extension());
    let bytes = kit.objects.put_file(&key, &path).await?;
    let begins = |part: &mut Part| part.offset_seconds = timeline.in_recording(part.offset_seconds).max(0.0);
    parts.iter_mut().for_each(begins);
    parts.iter_mut().for_each(|part| part.container.clone_from(&probed.info.container));
    parts.sort_by_key(|part| part.number);
    let hashes: Vec<_> = parts.iter().map(|part| (part.number, &part.sha256)).collect();
    let list = serde_json::to_vec(&hashes).map_err(|e| StepError::Fail(e.to_string()))?;
    let source = Source { key: key.clone(), bytes, sha256: sha256(&list) };
    Ok((Received { source, video_key: key, probed, timeline, deleted: Vec::new() }, parts))
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

async fn joined(kit: &Kit, runs: &[media::Run], dst: &Path) -> Result<Joined, MediaError> {
    let progress = |done| kit.tell(Event::Progress(Step::Receive, done));
    media::join_runs(&kit.media, runs, dst, progress).await
}

/// What is known of the edges of a recording, given the parts of each run and where it came to lie.
fn known<'a>(
    about: &'a About,
    runs: impl Iterator<Item = (&'a Vec<&'a Arrived>, &'a Option<Span>)>,
    timeline: &Timeline,
) -> Known<'a> {
    let mut recorded = Span::new(timeline.begins_at(), timeline.begins_at());
    let mut shown: Vec<u32> = Vec::new();
    for (parts, lies) in runs {
        let Some(lies) = lies else { continue };
        recorded.end = recorded.end.max(timeline.on_clock(lies.start) + lies.duration());
        shown.extend(parts.iter().map(|part| part.place.part));
    }
    shown.sort_unstable();
    let media = |part: &&Arrived| part.place.duration_ms != Some(0);
    // A header alone shows nothing.
    let shows = |number: &&u32| about.parts.iter().filter(media).any(|part| part.place.part == **number);
    let first = shown.iter().find(shows).copied().unwrap_or(1);
    let last = shown.last().copied().unwrap_or(0);
    let made = about.parts.iter().map(|part| part.place.part).chain(about.announced).max().unwrap_or(0);
    let deleted = |behind: u32, before: u32| {
        about.deleted.iter().filter(|number| **number > behind && **number < before).count() as u32
    };
    let headers = |behind: u32, before: u32| {
        let headers = about.parts.iter().filter(|part| !media(part));
        headers.filter(|part| part.place.part > behind && part.place.part < before).count() as u32
    };
    let longest = about.parts.iter().filter_map(|part| part.place.duration_ms).max().unwrap_or(0);
    let until = |part: &Arrived| part.place.start_ms.saturating_add(part.place.duration_ms.unwrap_or(0));
    Known {
        recorded,
        breaks: &about.breaks,
        lost_before: (first - 1).saturating_sub(headers(0, first) + deleted(0, first)),
        lost_behind: made.saturating_sub(last).saturating_sub(headers(last, u32::MAX) + deleted(last, u32::MAX)),
        arrived_until: about.parts.iter().map(until).max().unwrap_or(0) as f64 / 1e3,
        stopped_at: about.stopped_ms.map(|ms| ms as f64 / 1e3),
        longest_part: longest as f64 / 1e3,
    }
}
