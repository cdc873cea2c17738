//! What machines hear and read: voice activity, speech to text, sentence embeddings, language models; a file per backend.
//! Sound comes in as samples, or as a raw file of 16 kHz mono signed 16-bit little-endian samples.

#![cfg_attr(test, allow(clippy::unwrap_used))]

pub mod embedding;
pub mod language;
pub mod models;
pub mod speech;
pub mod voice_activity;

mod child;
mod sound;
mod steadiness;
