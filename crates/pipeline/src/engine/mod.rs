//! What drives the steps. For now one engine: the embedded runner over the same database.

mod embedded;
mod workspace;

pub use embedded::{Pace, Worker};
pub use workspace::Workspace;
