//! The device side: what runs on the glasses, or on a phone or a program in their place.
//!
//! A recorder ([`recorder`]) cuts what a [`source`] writes into parts and puts them into the [`spool`]; a [`delivery`]
//! brings them to the server, whenever there is a network, and removes them once the server has confirmed their hash.

#![cfg_attr(test, allow(clippy::unwrap_used))]

mod backoff;
pub mod boxes;
pub mod client;
pub mod delivery;
pub mod device;
mod digest;
mod error;
mod moment;
mod network;
pub mod news;
pub mod notices;
pub mod part_upload;
pub mod preflight;
pub mod protocol;
pub mod recorder;
pub mod sound;
pub mod source;
pub mod speak;
pub mod spool;
mod tasks;
pub mod uploader;
pub mod voice;

pub use backoff::Backoff;
pub use client::{Client, StartSession, StartedSession};
pub use digest::sha256;
pub use error::GlassesError;
pub use moment::{Moment, SessionClock};
pub use protocol::{Credentials, Seat};
pub use tasks::TaskToDo;
pub use uploader::{Progress, Uploaded, Uploader};
