//! What goes wrong in one session, drawn from a seed.

use rand::{Rng, SeedableRng, rngs::StdRng};
use std::{fmt, time::Duration};
use testkit::network::{Way, Weather};

/// One thing that goes wrong.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Fault {
    /// The connection is cut after so many more bytes in one direction.
    Cut(Way, u64),
    /// The network is like this for a while.
    Weather(Weather, Duration),
    /// The server dies at once, and is started again after a while.
    Killed(Duration),
    /// It dies when half of a part has gone to it.
    KilledAtHalf(Duration),
    /// It dies so long after all of a part has gone to it, while the upload completes.
    KilledWhenWhole(Duration, Duration),
    /// The server's disk is full for a while.
    DiskFull(Duration),
}

/// How many kinds there are: each leads in one of so many seeds in a row.
pub const KINDS: u64 = 12;

/// What goes wrong in one session.
#[derive(Clone, Debug)]
pub struct Schedule {
    pub seed: u64,
    /// In order: how long after the one before, and what.
    pub faults: Vec<(Duration, Fault)>,
}

impl Schedule {
    /// Three to six faults. `scale` stretches every duration.
    pub fn draw(seed: u64, scale: f64) -> Self {
        let mut dice = StdRng::seed_from_u64(seed);
        let mut kinds = vec![seed % KINDS, (seed * 5 + 7) % KINDS];
        kinds.extend((0..dice.random_range(1..=4)).map(|_| dice.random_range(0..KINDS)));
        let mut faults = Vec::new();
        for kind in kinds {
            let wait = Duration::from_secs_f64(scale * dice.random_range(0.05..0.8));
            faults.push((wait, fault(kind, scale, &mut dice)));
        }
        Self { seed, faults }
    }
}

fn fault(kind: u64, scale: f64, dice: &mut StdRng) -> Fault {
    let mut between = |least: f64, most: f64| Duration::from_secs_f64(scale * dice.random_range(least..most));
    match kind {
        0 => Fault::Weather(Weather::Lossy(0.02), between(1.5, 3.0)),
        // 500 ms there and back.
        1 => Fault::Weather(Weather::Slow(Duration::from_millis(250)), between(1.5, 3.0)),
        2 => Fault::Weather(Weather::Portal, between(0.3, 2.0)),
        3 => Fault::Weather(Weather::Unavailable, between(1.0, 6.0)),
        4 => Fault::Weather(Weather::Swallowing, between(0.2, 1.0)),
        5 => Fault::Weather(Weather::Down, between(0.3, 2.0)),
        6 => Fault::Killed(between(0.0, 0.5)),
        7 => Fault::KilledAtHalf(between(0.0, 0.3)),
        8 => {
            let down = between(0.0, 0.3);
            // Not stretched: it is about what the server does in that time.
            Fault::KilledWhenWhole(Duration::from_micros(dice.random_range(0..30_000)), down)
        }
        9 => Fault::DiskFull(between(0.5, 2.0)),
        10 => Fault::Cut(Way::Up, dice.random_range(1..400_000)),
        _ => Fault::Cut(Way::Down, dice.random_range(1..1_500)),
    }
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let name = match self {
            Fault::Cut(Way::Up, _) => "cut on the way up",
            Fault::Cut(Way::Down, _) => "cut on the way down",
            Fault::Weather(weather, _) => weather.name(),
            Fault::Killed(_) => "server killed",
            Fault::KilledAtHalf(_) => "server killed while a part is written",
            Fault::KilledWhenWhole(..) => "server killed while an upload completes",
            Fault::DiskFull(_) => "disk full",
        };
        f.write_str(name)
    }
}
