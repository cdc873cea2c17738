//! When something happened, so that it can be said later how long ago it was, also after a restart and with a clock
//! that jumped meanwhile.

use rustix::time::{ClockId, clock_gettime};
use serde::{Deserialize, Serialize};
use std::time::{SystemTime, UNIX_EPOCH};

/// A moment, on two clocks.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Moment {
    /// Which start of the machine the other clock counts from.
    boot: String,
    /// Seconds since then, suspended or not.
    since_boot: f64,
    /// Seconds since 1970, as the device believed.
    wall: f64,
}

impl Moment {
    /// Now.
    pub fn now() -> Self {
        let boot = std::fs::read_to_string("/proc/sys/kernel/random/boot_id").unwrap_or_default();
        Self { boot: boot.trim().to_owned(), since_boot: since_boot(), wall: wall() }
    }

    /// A moment of which only the time of day is known.
    pub fn at(time: SystemTime) -> Self {
        let wall = time.duration_since(UNIX_EPOCH).map_or(0.0, |since| since.as_secs_f64());
        Self { boot: String::new(), since_boot: 0.0, wall }
    }

    /// Seconds from this moment to now: exact while the machine stays on, else as right as its time of day was.
    pub fn seconds_ago(&self) -> f64 {
        self.seconds_before(&Self::now())
    }

    fn seconds_before(&self, now: &Self) -> f64 {
        let same_boot = !now.boot.is_empty() && now.boot == self.boot;
        let seconds = if same_boot { now.since_boot - self.since_boot } else { now.wall - self.wall };
        seconds.max(0.0)
    }
}

/// Seconds on the clock that never jumps and goes on while the machine is suspended.
pub(crate) fn since_boot() -> f64 {
    let time = clock_gettime(ClockId::Boottime);
    time.tv_sec as f64 + time.tv_nsec as f64 / 1e9
}

fn wall() -> f64 {
    SystemTime::now().duration_since(UNIX_EPOCH).map_or(0.0, |since| since.as_secs_f64())
}

/// A session's clock: 0 is the start.
#[derive(Clone, Copy, Debug)]
pub struct SessionClock {
    origin: f64,
    speed: f64,
}

impl SessionClock {
    /// Starts now; `speed` seconds pass on it in one.
    pub fn start(speed: f64) -> Self {
        Self { origin: since_boot(), speed }
    }

    /// Milliseconds since the start.
    pub fn now_ms(&self) -> u64 {
        ((since_boot() - self.origin) * self.speed * 1000.0).max(0.0) as u64
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn moment(boot: &str, since_boot: f64, wall: f64) -> Moment {
        Moment { boot: boot.into(), since_boot, wall }
    }

    #[test]
    fn a_clock_that_jumps_does_no_harm_while_the_machine_stays_on() {
        let began = moment("a", 100.0, 1e9);
        assert_eq!(began.seconds_before(&moment("a", 160.0, 5.0)), 60.0);
        assert_eq!(began.seconds_before(&moment("b", 10.0, 1e9 + 3600.0)), 3600.0);
        assert_eq!(began.seconds_before(&moment("b", 10.0, 1e8)), 0.0, "a session never starts in the future");
    }
}
