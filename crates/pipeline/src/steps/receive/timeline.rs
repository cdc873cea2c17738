//! The session's clock and the recording's time: the one place that knows how they belong together.

use serde::{Deserialize, Serialize};

/// Where each run begins: in seconds on the session's clock, and in seconds of the recording. Both rise from run to run.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Timeline(Vec<(f64, f64)>);

impl Timeline {
    /// A recording of one run that begins at `clock` seconds on the session's clock.
    pub fn from(clock: f64) -> Self {
        Self(vec![(clock, 0.0)])
    }

    /// A recording of runs, each with where it begins on the session's clock and in the recording, in any order; not empty.
    pub fn of(mut runs: Vec<(f64, f64)>) -> Self {
        runs.sort_by(|a, b| a.1.total_cmp(&b.1));
        Self(runs)
    }

    /// Where the recording begins on the session's clock.
    pub fn begins_at(&self) -> f64 {
        self.0.first().map_or(0.0, |first| first.0)
    }

    /// Seconds of the recording at a time on the session's clock, below zero before its start. What two runs hold is of the
    /// later one; what none holds lies in the gap.
    pub fn in_recording(&self, clock: f64) -> f64 {
        let next = self.0.partition_point(|run| run.0 <= clock).max(1);
        let Some((from, at)) = self.0.get(next - 1) else { return clock };
        (at + clock - from).min(self.0.get(next).map_or(f64::MAX, |run| run.1))
    }

    /// The time on the session's clock at so many seconds of the recording. A gap begins where the run before it ends.
    pub fn on_clock(&self, at: f64) -> f64 {
        let next = self.0.partition_point(|run| run.1 <= at).max(1);
        self.0.get(next - 1).map_or(at, |(clock, from)| clock + at - from)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_said_lies_where_its_run_lies() {
        // Ten seconds, two days of pause of which 600 s are kept, then two runs that overlap by a second.
        let line = Timeline::of(vec![(5.0, 0.0), (200_000.0, 610.0), (200_009.0, 620.0)]);
        for (clock, at) in [
            (1.0, -4.0),
            (5.0, 0.0),
            (14.0, 9.0),
            (100.0, 95.0),
            (100_000.0, 610.0),
            (200_008.5, 618.5),
            (200_009.0, 620.0),
            (200_011.0, 622.0),
        ] {
            assert_eq!(line.in_recording(clock), at, "{clock}");
        }
        for (at, clock) in [(0.0, 5.0), (10.0, 15.0), (610.0, 200_000.0), (619.0, 200_009.0), (621.0, 200_010.0)] {
            assert_eq!(line.on_clock(at), clock, "{at}");
        }
        assert_eq!((line.begins_at(), Timeline::from(3.0).in_recording(10.0)), (5.0, 7.0));
    }
}
