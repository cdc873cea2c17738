//! Learned
use super::signals::Signal;
/// x
pub const LEARNED: &[(Signal, [f64; 6])] = &[];
