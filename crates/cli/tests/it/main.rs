//! Journeys with the real program: a data folder of its own, a device that talks to it, and what is left afterwards.

#![allow(clippy::unwrap_used)]

mod support;

mod foreign;
mod glasses;

mod killed;

mod machines;
mod meanings;

mod uploads;

mod parts;

mod deleted;

#[allow(dead_code, unused_imports, reason = "the bench of this name uses all of it")]
mod never_lost;

mod sessions;

mod words;

mod process;

mod compare;

mod quality;

mod extract;

mod encryption;

mod erase;

mod retention;

mod frames;

mod evaluate;

mod export;

mod language;

mod backup;

mod bad_input;

mod disk_full;

mod commands;

mod models;

mod notices;
