//! The device side: what runs on the glasses, or on a phone or a program in their place.

#![cfg_attr(test, allow(clippy::unwrap_used))]

mod backoff;
pub mod client;
mod error;
pub mod uploader;

pub use backoff::Backoff;
pub use client::{Client, StartSession, StartedSession};
pub use error::GlassesError;
pub use uploader::{Progress, Uploaded, Uploader};
