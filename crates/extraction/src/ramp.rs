//! Ramp: from nothing to full without a step, so that a small change moves what hangs on it a little.

use std::ops::Range;

/// 0 up to the start of the range, 1 from its end on, and straight between; 0 for what is no number.
#[allow(clippy::manual_clamp, reason = "a clamp keeps what is no number")]
pub fn ramp(value: f64, range: Range<f64>) -> f64 {
    ((value - range.start) / (range.end - range.start)).max(0.0).min(1.0)
}
