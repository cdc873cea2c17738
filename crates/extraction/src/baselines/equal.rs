//! Parts of equal length: what any method must beat.

/// How long the parts are.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Parameters {
    /// Length of a part in seconds; the last is what remains.
    pub seconds: f64,
}

impl Default for Parameters {
    fn default() -> Self {
        Self { seconds: 150.0 }
    }
}

/// Inner boundaries, in seconds.
pub fn cuts(duration_seconds: f64, parameters: &Parameters) -> Vec<f64> {
    let parts = (duration_seconds / parameters.seconds).ceil().max(1.0);
    (1..parts as usize).map(|i| i as f64 * parameters.seconds).collect()
}
