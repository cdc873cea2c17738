//! The device against its disk and against a server that fails in every way the protocol knows.

#![allow(clippy::unwrap_used)]

mod delivering;
mod power_loss;
mod server;
