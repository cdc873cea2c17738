//! Everything that is kept: rows in `db`, bytes in `objects`.

#![cfg_attr(test, allow(clippy::unwrap_used))]

pub mod attachments;
pub mod backup;
mod consistent;
pub mod db;
pub mod encryption;
pub mod erasure;
pub mod export;
pub mod frames;
pub mod objects;
pub mod removal;

pub use db::{Db, DbError, Rule};
