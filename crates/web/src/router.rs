//! Every address that the server answers, each list from the module that answers it.

use crate::{App, api, assets, capture, dashboard, media, probes};
use axum::{
    Router,
    http::{HeaderValue, Request, header},
    routing::get,
};
use tower_http::{set_header::SetResponseHeaderLayer, trace::TraceLayer};

/// The whole server as a service; the caller binds the socket.
pub fn router(app: App) -> Router {
    let strict_transport = app.settings.tls.then(|| {
        let year = HeaderValue::from_static("max-age=31536000");
        SetResponseHeaderLayer::if_not_present(header::STRICT_TRANSPORT_SECURITY, year)
    });
    Router::new()
        .merge(api::routes(&app))
        .merge(media::routes())
        .merge(probes::routes())
        .merge(capture::routes())
        .route("/assets/{*path}", get(assets::serve))
        .merge(dashboard::routes(&app))
        .layer(tower::util::option_layer(strict_transport))
        .layer(SetResponseHeaderLayer::if_not_present(
            header::X_CONTENT_TYPE_OPTIONS,
            HeaderValue::from_static("nosniff"),
        ))
        // Failures are logged where they are handled.
        .layer(TraceLayer::new_for_http().make_span_with(span).on_failure(()))
        .with_state(app)
}

/// The path only: a query may hold a signature or a search.
fn span<B>(request: &Request<B>) -> tracing::Span {
    tracing::info_span!("request", method = %request.method(), path = request.uri().path())
}
