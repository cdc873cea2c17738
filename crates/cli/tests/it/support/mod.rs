//! What every journey stands on.

mod child;
mod dashboard;
mod device;
mod disk;
mod outcome;
mod place;
mod rows;
mod sample;
mod traces;

pub use child::{Ran, Running};
pub use dashboard::Dashboard;
pub use device::{Device, Pairing};
pub use disk::Disk;
pub use outcome::{Outcome, sha256, sha256_of};
pub use place::Place;
pub use rows::Rows;
pub use sample::{captions, ffmpeg, ffprobe, fragmented_sample, made, sample, seconds_of};
pub use traces::{files, holding, pieces_of_the_recording};

use std::time::{Duration, Instant};

/// A step of a journey that takes longer than this hangs.
pub const PATIENCE: Duration = Duration::from_secs(120);

/// Asks again and again until there is an answer; panics with `what` when there is none.
pub async fn until<T>(what: &str, mut ask: impl AsyncFnMut() -> Option<T>) -> T {
    let begun = Instant::now();
    loop {
        if let Some(answer) = ask().await {
            return answer;
        }
        assert!(begun.elapsed() < PATIENCE, "gave up waiting: {what}");
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
}
