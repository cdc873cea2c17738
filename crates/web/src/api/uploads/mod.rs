//! Uploads of recordings: tus 1.0.0. The offset in the database is the truth, every acknowledged byte is an object.

mod append;
mod checksum;
mod create;
mod digest;
mod end;
mod gather;
mod metadata;
mod show;
mod tus;

use crate::App;
use axum::{
    middleware::from_fn,
    routing::{options, post},
};
use utoipa_axum::{router::OpenApiRouter, routes};

/// The addresses of tus.
pub fn routes() -> OpenApiRouter<App> {
    OpenApiRouter::new()
        .routes(routes!(create::create))
        .route("/api/v1/sessions/{session}/uploads", options(tus::options))
        .routes(routes!(show::show, append::append, end::terminate))
        .route("/api/v1/uploads/{upload}", options(tus::options))
        // For networks that let only GET and POST pass.
        .route("/api/v1/uploads/{upload}", post(tus::overridden))
        .layer(from_fn(tus::speak))
}
