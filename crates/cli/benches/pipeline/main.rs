//! `cargo bench -p cli`: what a recording costs, as tables. Nothing is asserted here.
//!
//! `BENCH_MINUTES` (20) is the recording's length. `BENCH_DECODE=0` leaves out the full decode, the slowest by far.

mod command;
mod narration;
mod process_tree;
mod recording;
mod report;
mod server;

use anyhow::{Context, Result};
use media::Tools;
use report::Report;
use std::{
    path::{Path, PathBuf},
    time::Instant,
};

/// The program that is measured, built in the same profile as this one.
const PROGRAM: &str = env!("CARGO_BIN_EXE_trainar");

/// What is measured on: the recording, its captions, and a folder for results that is emptied afterwards.
struct Subject {
    video: PathBuf,
    captions: PathBuf,
    work: tempfile::TempDir,
    minutes: u32,
    /// The machine's load average over a minute before anything ran.
    load: String,
}

/// Wall and CPU seconds.
#[derive(Clone, Copy)]
struct Cost {
    wall: f64,
    cpu: f64,
}

#[tokio::main]
async fn main() -> Result<()> {
    let _ = rustls::crypto::aws_lc_rs::default_provider().install_default();
    let folder = Path::new(PROGRAM).ancestors().nth(2).context("the program lies in no target folder")?.join("bench");
    std::fs::create_dir_all(&folder)?;
    let minutes = setting("BENCH_MINUTES").map_or(Ok(20), |text| text.parse())?;
    let load = std::fs::read_to_string("/proc/loadavg").unwrap_or_default();
    eprintln!("recording of {minutes} minutes …");
    let subject = Subject {
        video: recording::of(&folder, minutes)?,
        captions: narration::of(&folder, minutes)?,
        work: tempfile::tempdir_in(&folder)?,
        minutes,
        load: load.split(' ').next().unwrap_or("unknown").to_owned(),
    };
    eprintln!("trainar process …");
    let command = command::run(&subject)?;
    eprintln!("trainar serve, upload, stop …");
    let server = server::run(&subject).await?;
    eprintln!("stream copy …");
    let tools = Tools::find(None, None)?;
    let copy = subject.work.path().join("copy.mp4");
    let remux = cost(&tools, media::bench::stream_copy_remux(&tools, &subject.video, &copy)).await?;
    let decode = if setting("BENCH_DECODE").as_deref() == Some("0") {
        None
    } else {
        eprintln!("full decode …");
        Some(cost(&tools, media::bench::decode_fully(&tools, &subject.video)).await?)
    };
    Report { subject: &subject, command, server, remux, decode }.print();
    Ok(())
}

async fn cost(tools: &Tools, work: impl Future<Output = Result<(), media::MediaError>>) -> Result<Cost> {
    let (begun, before) = (Instant::now(), tools.usage().cpu_seconds);
    work.await?;
    Ok(Cost { wall: begun.elapsed().as_secs_f64(), cpu: tools.usage().cpu_seconds - before })
}

fn setting(name: &str) -> Option<String> {
    std::env::var(name).ok().filter(|text| !text.is_empty())
}
