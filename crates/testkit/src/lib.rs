//! What tests stand on: a real PostgreSQL, a real S3 server, a network that fails and a language model that misbehaves on
//! command, recordings, real data.
//!
//! What is not installed makes a test say so aloud and pass; with `TRAINAR_TEST_REQUIRE_ALL=1` it fails instead.
//! As everything here runs in tests, trouble is a panic that says what was being done.

#![allow(clippy::unwrap_used, reason = "only tests call this; a panic is their failure")]

mod child;
mod data;
pub mod language_server;
mod log;
pub mod media;
pub mod network;
mod postgres;
pub mod proxy;
mod s3;
pub mod sentence_model;
pub mod whisper_model;

pub use child::die_with_owner;
pub use data::data;
pub use log::secret_in;
pub use postgres::Postgres;
pub use s3::S3;

/// Installs the TLS provider that `trainar` installs first in `main`. As often as you like.
pub fn install_tls() {
    let _ = rustls::crypto::aws_lc_rs::default_provider().install_default();
}

/// Says aloud that a test or a part of it does not run, and why. Panics when `TRAINAR_TEST_REQUIRE_ALL=1`.
pub fn skip(why: &str) {
    assert!(std::env::var("TRAINAR_TEST_REQUIRE_ALL").as_deref() != Ok("1"), "TRAINAR_TEST_REQUIRE_ALL=1, but {why}");
    eprintln!("SKIPPED: {why}");
}
