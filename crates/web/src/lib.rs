//! Everything that answers HTTP: pages for people, an API for devices and programs, media for players.

#![cfg_attr(test, allow(clippy::unwrap_used))]

mod api;
mod assets;
mod auth;
mod media;
mod pages;
mod problem;
mod router;
mod state;

pub use router::router;
pub use state::{App, WebSettings};
