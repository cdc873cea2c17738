//! How the media crate meets real, odd and hostile files, through its public face.
#![allow(clippy::unwrap_used, missing_docs)]

mod bench;
mod children;
mod hostile;
mod kinds;
mod names;
mod results;
mod timeline;
