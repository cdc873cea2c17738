//! Recordings, clips and thumbnails for players.

use crate::App;
use axum::Router;

/// Every address of media.
pub fn routes() -> Router<App> {
    Router::new()
}
