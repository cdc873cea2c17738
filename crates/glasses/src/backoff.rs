//! How long to wait before the next attempt.

use std::time::Duration;

/// Exponential waiting with jitter, so that a hundred glasses do not come back in the same second.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Backoff {
    /// The wait after the first failure.
    pub first: Duration,
    /// No wait is longer.
    pub longest: Duration,
    /// Failures in a row, without a byte of progress between them, after which to give up. `None`: never.
    pub give_up_after: Option<u32>,
}

impl Default for Backoff {
    /// From half a second to a minute, for ever: a recording is worth waiting for.
    fn default() -> Self {
        Self { first: Duration::from_millis(500), longest: Duration::from_secs(60), give_up_after: None }
    }
}

impl Backoff {
    /// The wait after the `failures`th failure in a row (from 1), or `None` to give up. `jitter` is from 0 to 1; the
    /// wait lies between half and all of `first` doubled for each failure after the first.
    pub fn wait(&self, failures: u32, jitter: f64) -> Option<Duration> {
        if self.give_up_after.is_some_and(|limit| failures >= limit) {
            return None;
        }
        let doubled = self.first.saturating_mul(2_u32.saturating_pow(failures.saturating_sub(1)));
        Some(doubled.min(self.longest).mul_f64(0.5 + 0.5 * jitter.clamp(0.0, 1.0)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn doubles_up_to_the_longest() {
        let backoff = Backoff { first: Duration::from_secs(1), longest: Duration::from_secs(10), give_up_after: None };
        let waits: Vec<u64> = (1..=6).map(|n| backoff.wait(n, 1.0).unwrap().as_secs()).collect();
        assert_eq!(waits, [1, 2, 4, 8, 10, 10]);
        assert_eq!(backoff.wait(u32::MAX, 1.0), Some(Duration::from_secs(10)));
        assert_eq!(backoff.wait(2, 0.0), Some(Duration::from_secs(1)), "jitter takes away at most half");
    }

    #[test]
    fn gives_up_when_told_to() {
        let backoff = Backoff { give_up_after: Some(3), ..Backoff::default() };
        assert!(backoff.wait(2, 0.5).is_some());
        assert_eq!(backoff.wait(3, 0.5), None);
    }
}
