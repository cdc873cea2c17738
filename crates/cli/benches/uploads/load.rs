//! Many devices at once, each with an uplink of 5 Mbit/s that it fills with parts of 2 s.

use crate::{
    contestant::Running,
    process_tree::{Peak, Watch, cpu_seconds},
    send::{NOISE, Sender, sha256},
};
use anyhow::Result;
use bytes::Bytes;
use reqwest::Body;
use std::{
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
    time::Duration,
};
use tokio::time::{Instant, sleep_until};

/// A part of 2 s at 5 Mbit/s.
const PART: usize = 1_250_000;
const PART_SECONDS: f64 = 2.0;
/// Steps in which a part leaves the device.
const STEPS: usize = 40;

/// How a server stood it.
pub struct Outcome {
    /// Parts that should have arrived, and those that did, in time or late.
    pub due: u64,
    pub arrived: u64,
    pub errors: u64,
    /// Seconds from the last byte of a part to the answer, sorted.
    pub waits: Vec<f64>,
    /// Seconds until the last device had its last answer; those planned.
    pub wall: f64,
    pub planned: f64,
    pub cpu: f64,
    pub peak: Peak,
    /// CPU seconds of the senders: they share the machine.
    pub senders_cpu: f64,
}

pub async fn run(server: &Running, devices: usize, seconds: u64) -> Result<Outcome> {
    let senders = futures::future::try_join_all((0..devices).map(|_| Sender::new(server, None))).await?;
    let parts = (seconds as f64 / PART_SECONDS) as u64;
    let hash: Arc<str> = sha256(&NOISE[..PART]).into();
    let errors = Arc::new(AtomicU64::new(0));
    let watch = Watch::start(server.pid());
    let (cpu, senders_cpu) = (cpu_seconds(server.pid()), cpu_seconds(std::process::id()));
    let begun = Instant::now();
    let devices_at_work: Vec<_> = senders
        .into_iter()
        .enumerate()
        .map(|(number, sender)| {
            let first = begun + Duration::from_secs_f64(PART_SECONDS * number as f64 / devices as f64);
            tokio::spawn(device(sender, first, parts, hash.clone(), errors.clone()))
        })
        .collect();
    let mut waits = Vec::new();
    for device in devices_at_work {
        waits.extend(device.await?);
    }
    waits.sort_by(f64::total_cmp);
    Ok(Outcome {
        due: parts * devices as u64,
        arrived: waits.len() as u64,
        errors: errors.load(Ordering::Relaxed),
        waits,
        wall: begun.elapsed().as_secs_f64(),
        planned: parts as f64 * PART_SECONDS + PART_SECONDS,
        cpu: cpu_seconds(server.pid()) - cpu,
        peak: watch.stop(),
        senders_cpu: cpu_seconds(std::process::id()) - senders_cpu,
    })
}

/// Sends its parts one after another; one that has fallen behind fills its uplink at once with the next.
async fn device(mut sender: Sender, first: Instant, parts: u64, hash: Arc<str>, errors: Arc<AtomicU64>) -> Vec<f64> {
    let mut waits = Vec::new();
    for part in 0..parts {
        let due = first + Duration::from_secs_f64(PART_SECONDS * part as f64);
        sleep_until(due).await;
        let started = Instant::now();
        let out = started + Duration::from_secs_f64(PART_SECONDS * (STEPS - 1) as f64 / STEPS as f64);
        match sender.part(PART, &hash, paced(started)).await {
            Ok(()) => waits.push(out.elapsed().as_secs_f64()),
            Err(error) => {
                if errors.fetch_add(1, Ordering::Relaxed) < 5 {
                    eprintln!("{error:#}");
                }
            }
        }
    }
    waits
}

/// A part that leaves at 5 Mbit/s.
fn paced(from: Instant) -> Body {
    use futures::StreamExt;
    let steps = futures::stream::iter(0..STEPS).then(move |step| async move {
        sleep_until(from + Duration::from_secs_f64(PART_SECONDS * step as f64 / STEPS as f64)).await;
        let (at, to) = (PART * step / STEPS, PART * (step + 1) / STEPS);
        Ok::<Bytes, std::io::Error>(NOISE.slice(at..to))
    });
    Body::wrap_stream(steps)
}
