//! Not one recorded second is lost once it is on the device's disk: the device killed at any moment, and anything going
//! wrong between it and the server. The bench `never_lost` does the same many hundred times.

mod arrived;
mod compare;
mod device;
pub mod kills;
mod packets;
pub mod play;
mod recorded;
pub mod schedule;
pub mod source;
#[cfg(test)]
mod tests;

pub use compare::Comparison;
pub use device::Device;

use crate::support::sha256_of as sha256;
