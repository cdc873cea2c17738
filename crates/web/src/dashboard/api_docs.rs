//! `/api/docs`: the description of the API for people. Open to everybody, as the document is of which it is made.

use super::{Answer, failed, origin, page};
use crate::{
    App,
    auth::{login::Viewer, throttle::client_address},
    pages::{
        api_docs::{ApiDocsPage, ApiView},
        layout::{Area, Layout},
    },
};
use axum::{
    extract::{Request, State},
    http::HeaderMap,
};
use std::sync::LazyLock;
use tower_sessions::Session;

static API: LazyLock<Result<ApiView, serde_json::Error>> =
    LazyLock::new(|| serde_json::from_str(&crate::openapi()).map(|document| ApiView::of(&document)));

/// `GET /api/docs`
pub async fn show(State(app): State<App>, login: Session, headers: HeaderMap, request: Request) -> Answer {
    let address = client_address(&request, &app.settings);
    let viewer = Viewer::of(&app, &login, address).await?;
    let layout = match viewer {
        Some(viewer) => Layout::new("API", Area::Elsewhere, viewer.signed_in()),
        None => Layout::signed_out("API"),
    };
    let api = API.as_ref().map_err(failed)?.clone();
    page(&ApiDocsPage { layout, origin: origin(&app, &headers), api })
}
