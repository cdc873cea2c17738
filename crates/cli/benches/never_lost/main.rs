//! `cargo bench -p cli --bench never_lost`: the device killed at random moments, faults at random on the way, an hour of
//! recording. Prints what was recorded and what arrived, and ends with 1 when anything is missing or different.
//!
//! `BENCH_KILLS` (500), `BENCH_SCHEDULES` (200), `BENCH_HOURS` (1); 0 leaves one out. `BENCH_DEVICES` (4) run at once,
//! `BENCH_SPEED` (10) times as fast as life. `BENCH_SEED` (0) is where the seeds begin.

#![allow(clippy::unwrap_used, dead_code, unused_imports, reason = "shared with the tests: a panic is a failure")]

mod hour;
#[path = "../../tests/it/never_lost/mod.rs"]
mod never_lost;
#[path = "../pipeline/process_tree.rs"]
mod process_tree;
mod report;
#[path = "../../tests/it/support/mod.rs"]
mod support;

use futures::{StreamExt, stream};
use never_lost::{kills::Victim, play, schedule::Schedule, source};
use rand::{SeedableRng, rngs::StdRng};
use std::{process::ExitCode, time::Duration};
use support::Place;

#[tokio::main]
async fn main() -> ExitCode {
    testkit::install_tls();
    let mut wrong = 0;
    let (devices, speed) = (setting("BENCH_DEVICES", 4.0) as usize, setting("BENCH_SPEED", 10.0));
    let seed = setting("BENCH_SEED", 0.0) as u64;
    let runs = setting("BENCH_KILLS", 500.0) as usize;
    if runs > 0 {
        wrong += kills(runs, devices, speed, seed).await;
    }
    let schedules = setting("BENCH_SCHEDULES", 200.0) as u64;
    if schedules > 0 {
        wrong += faults(seed..seed + schedules, devices, speed).await;
    }
    let hours = setting("BENCH_HOURS", 1.0);
    if hours > 0.0 {
        wrong += hour::run(hours, setting("BENCH_HOUR_SPEED", 60.0)).await;
    }
    if wrong == 0 { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}

async fn kills(runs: usize, devices: usize, speed: f64, seed: u64) -> usize {
    let place = Place::new().set("SERVER__WORK", "false");
    let pairings: Vec<_> = (0..devices).map(|number| place.pair(&format!("Yard{number}"))).collect();
    let server = place.serve().await;
    let source = source::recording();
    // A session at this speed, and a little more.
    let longest = Duration::from_secs_f64(f64::from(source::SECONDS) / speed + 0.3);
    let victims = pairings.into_iter().enumerate().map(async |(number, pairing)| {
        let mut dice = StdRng::seed_from_u64(seed * 1000 + number as u64);
        let mut victim = Victim::new(&place, &format!("spool-{number}"), pairing, &server.base());
        let mut all = Vec::new();
        for run in (number..runs).step_by(devices) {
            let killed = victim.die(&source, speed, longest, &mut dice).await;
            for wrong in &killed.wrong {
                eprintln!("run {run}, killed after {:.2} s: {wrong}", killed.after);
            }
            all.push(killed);
            if all.len() % 25 == 0 {
                eprintln!("device {number}: {} kills …", all.len());
            }
        }
        all
    });
    let all: Vec<_> = futures::future::join_all(victims).await.into_iter().flatten().collect();
    report::kills(&all, speed);
    all.iter().filter(|killed| !killed.wrong.is_empty()).count()
}

async fn faults(seeds: std::ops::Range<u64>, devices: usize, speed: f64) -> usize {
    let template = play::template();
    let source = source::recording();
    let played: Vec<_> = stream::iter(seeds)
        .map(async |seed| {
            let schedule = Schedule::draw(seed, 1.0);
            let played = play::play(&template, &schedule, &source, speed).await;
            eprintln!("schedule {seed}: {} parts, {:.1} s", played.compared.recorded, played.seconds);
            for wrong in &played.wrong {
                eprintln!("schedule {seed}: {wrong}\n{schedule:?}");
            }
            (schedule, played)
        })
        .buffer_unordered(devices)
        .collect()
        .await;
    report::faults(&played, speed);
    played.iter().filter(|(_, played)| !played.wrong.is_empty()).count()
}

fn setting(name: &str, otherwise: f64) -> f64 {
    std::env::var(name).ok().filter(|text| !text.is_empty()).map_or(otherwise, |text| text.parse().unwrap())
}
