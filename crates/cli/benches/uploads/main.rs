//! `cargo bench -p cli --bench uploads`: what taking in a recording costs, beside a plain PUT of the same bytes and beside
//! other servers of tus, in one run. Prints tables; nothing is asserted here.
//!
//! `BENCH_MEGABYTES` (400) are sent in each way, `BENCH_ROUNDS` (3) times in turn; the median counts. `BENCH_DEVICES`
//! (200) upload at once for `BENCH_SECONDS` (60). `BENCH_FOLDER` (the target folder) is where the servers write.
//! `BENCH_RUSTUS` is the program rustus (`cargo install rustus`); the server for Node.js takes part after `npm ci` in
//! `benches/uploads/node`. `BENCH_ONLY=trainar,plain` leaves the others out.

mod contestant;
mod load;
mod plain;
#[path = "../pipeline/process_tree.rs"]
mod process_tree;
mod report;
mod send;

use anyhow::{Context, Result};
use contestant::{Contestant, Running};
use process_tree::{Peak, Watch, cpu_seconds};
use send::{Load, Sender};
use std::{
    path::{Path, PathBuf},
    time::Instant,
};

/// The program that is measured, built in the same profile as this one.
const PROGRAM: &str = env!("CARGO_BIN_EXE_trainar");
/// Senders at once, where it is about the cost of a byte.
const STREAMS: usize = 4;

/// What it cost a server to take `bytes` in.
#[derive(Clone, Copy, Default)]
struct Cost {
    /// Of payload.
    pub bytes: u64,
    pub wall: f64,
    pub cpu: f64,
    pub peak: Peak,
}

#[tokio::main]
async fn main() -> Result<()> {
    let arguments: Vec<String> = std::env::args().collect();
    if let [_, role, port, folder] = arguments.as_slice()
        && role == plain::ROLE
    {
        return plain::serve(port.parse()?, folder.into()).await;
    }
    let _ = rustls::crypto::aws_lc_rs::default_provider().install_default();
    let target = Path::new(PROGRAM).ancestors().nth(2).context("the program lies in no target folder")?;
    let folder = setting("BENCH_FOLDER").map_or_else(|| target.join("bench"), PathBuf::from);
    std::fs::create_dir_all(&folder)?;
    let load_before = std::fs::read_to_string("/proc/loadavg").unwrap_or_default();
    let only = setting("BENCH_ONLY");
    let found = Contestant::found();
    let those: Vec<Contestant> =
        found.into_iter().filter(|one| only.as_deref().is_none_or(|names| names.contains(one.key()))).collect();

    let megabytes: u64 = number("BENCH_MEGABYTES", 400)?;
    let mut report = report::Report::new(&folder, load_before.split(' ').next().unwrap_or("unknown"));
    for round in 1..=number("BENCH_ROUNDS", 3)? {
        for contestant in &those {
            for way in [Load::Parts, Load::Whole] {
                eprintln!("round {round}: {} {way:?} …", contestant.name());
                report.cost(contestant, way, cost(contestant, way, megabytes * 1_000_000, &folder).await?);
            }
        }
    }
    for contestant in &those {
        for way in [Load::Parts, Load::Whole] {
            report.wire(contestant, way, wire(contestant, way, &folder).await?);
        }
    }
    let (devices, seconds) = (number("BENCH_DEVICES", 200)? as usize, number("BENCH_SECONDS", 60)?);
    if devices > 0 {
        for contestant in &those {
            eprintln!("{devices} devices for {seconds} s: {} …", contestant.name());
            let work = tempfile::tempdir_in(&folder)?;
            let running = Running::start(contestant, work.path()).await?;
            report.load(contestant, load::run(&running, devices, seconds).await?);
        }
    }
    report.print();
    Ok(())
}

/// Sends `bytes` over a few connections at once.
async fn cost(contestant: &Contestant, way: Load, bytes: u64, folder: &Path) -> Result<Cost> {
    let work = tempfile::tempdir_in(folder)?;
    let running = Running::start(contestant, work.path()).await?;
    let senders: Vec<Sender> = futures::future::try_join_all((0..STREAMS).map(|_| Sender::new(&running, None))).await?;
    let watch = Watch::start(running.pid());
    let (begun, cpu) = (Instant::now(), cpu_seconds(running.pid()));
    let sent = senders.into_iter().map(|sender| tokio::spawn(sender.send(way, bytes / STREAMS as u64)));
    let mut total = 0;
    for sent in sent.collect::<Vec<_>>() {
        total += sent.await??;
    }
    let (wall, cpu) = (begun.elapsed().as_secs_f64(), cpu_seconds(running.pid()) - cpu);
    Ok(Cost { bytes: total, wall, cpu, peak: watch.stop() })
}

/// Bytes on the wire, both ways, for a byte of payload.
async fn wire(contestant: &Contestant, way: Load, folder: &Path) -> Result<f64> {
    let work = tempfile::tempdir_in(folder)?;
    let running = Running::start(contestant, work.path()).await?;
    let proxy = testkit::proxy::Proxy::start(running.address()).await;
    let sender = Sender::new(&running, Some(proxy.address())).await?;
    let before = proxy.passed();
    let sent = sender.send(way, 50_000_000).await?;
    Ok((proxy.passed() - before) as f64 / sent as f64)
}

fn setting(name: &str) -> Option<String> {
    std::env::var(name).ok().filter(|text| !text.is_empty())
}

fn number(name: &str, otherwise: u64) -> Result<u64> {
    setting(name).map_or(Ok(otherwise), |text| text.parse().with_context(|| format!("{name}={text} is no number")))
}
