//! After a session: its recording becomes procedures.
//!
//! `process` is the list of steps and nothing else; `steps` has a file per step; `engine` drives them.

#![cfg_attr(test, allow(clippy::unwrap_used))]

mod process;

pub mod engine;
pub mod steps;

mod error;
mod kit;
mod run;
mod sentences;

pub use error::StepError;
pub use kit::{Event, Kit, Observer, Target};
pub use sentences::SentenceModel;
