//! `trainar process FILE`: the pipeline alone.

use crate::{
    Cost, PROGRAM, Subject,
    process_tree::{Peak, Watch},
};
use anyhow::{Context, Result, ensure};
use serde::Deserialize;
use std::{
    collections::BTreeMap,
    fs::File,
    process::{Command, Stdio},
    time::Instant,
};
use wait4::Wait4;

/// What the command cost.
pub struct Outcome {
    pub whole: Cost,
    pub peak: Peak,
    pub said: Said,
}

/// What it says of itself.
#[derive(Deserialize)]
pub struct Said {
    pub procedures: Vec<serde_json::Value>,
    pub timings: BTreeMap<String, f64>,
    pub cpu_seconds: BTreeMap<String, f64>,
}

pub fn run(subject: &Subject) -> Result<Outcome> {
    let json = subject.work.path().join("process.json");
    let begun = Instant::now();
    let child = Command::new(PROGRAM)
        .arg("process")
        .arg(&subject.video)
        .arg("--captions")
        .arg(&subject.captions)
        .arg("--out")
        .arg(subject.work.path().join("process"))
        .arg("--json")
        .stdout(Stdio::from(File::create(&json)?))
        .spawn()?;
    let watch = Watch::start(child.id());
    let used = child.wait4()?;
    let whole =
        Cost { wall: begun.elapsed().as_secs_f64(), cpu: (used.rusage.utime + used.rusage.stime).as_secs_f64() };
    let peak = watch.stop();
    ensure!(used.status.success(), "trainar process ended with {}", used.status);
    let said = serde_json::from_reader(File::open(&json)?).context("reading what trainar process printed")?;
    Ok(Outcome { whole, peak, said })
}
