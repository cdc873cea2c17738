//! `cargo bench -p pipeline --bench quality_gates`: how often the quality gates miss a fault, and how often they see one
//! that is not there, on faults made over real clips. Nothing is asserted here.
//!
//! Needs the shared data (`TRAINAR_TEST_DATA`, else `../shared/data`). `BENCH_SHOW=1` also prints every recording that
//! was judged wrongly, `BENCH_SIGNALS=1` what was measured in each.

mod ffmpeg;
mod judge;
mod recordings;
mod table;
mod words;

use anyhow::{Context, Result};
use domain::signals::Signals;
use media::Tools;
use recordings::Half;
use std::path::{Path, PathBuf};

#[tokio::main]
async fn main() -> Result<()> {
    let data = testkit::data().context("there is nothing to make recordings of")?;
    let folder = folder()?;
    let tools = Tools::find(None, None)?;
    let mut judged = Vec::new();
    let recordings = recordings::all();
    for (i, recording) in recordings.iter().enumerate() {
        let half = recording.half;
        let speech = ffmpeg::speech(&data, &folder, half.name(), half.speech())?;
        let name = format!("{}-{}.{}", recording.recipe.clip, recording.kind, recording.recipe.extension);
        let path = folder.join(name.replace([' ', ','], "-"));
        recording.recipe.make(&data, &speech, &path).with_context(|| name.clone())?;
        let signals = signals(&tools, &path).await.with_context(|| name.clone())?;
        judged.push(judge::judge(recording, &signals));
        if setting("BENCH_SIGNALS") {
            println!("{}", serde_json::to_string(&(&name, recording.fault.map(|f| (f.1, f.2)), &signals))?);
        }
        eprint!("\r{} of {}", i + 1, recordings.len());
    }
    eprintln!();
    table::print(&judged, setting("BENCH_SHOW"));
    Ok(())
}

/// What the pipeline measures in a recording, kept for the next run.
async fn signals(tools: &Tools, path: &Path) -> Result<Signals> {
    let kept = path.with_extension(format!("{}.json", recordings::SIGNALS));
    if let Ok(json) = std::fs::read(&kept) {
        return Ok(serde_json::from_slice(&json)?);
    }
    let probed = media::probe(tools, path).await?;
    let signals = pipeline::steps::observe::signals(tools, path, &probed, |_| {}).await?;
    std::fs::write(kept, serde_json::to_vec(&signals)?)?;
    Ok(signals)
}

fn folder() -> Result<PathBuf> {
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join("quality-gates");
    std::fs::create_dir_all(&folder)?;
    Ok(folder)
}

fn setting(name: &str) -> bool {
    std::env::var(name).is_ok_and(|value| value == "1")
}
