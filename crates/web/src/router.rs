//! Every address that the server answers, each list from the module that answers it.

use crate::{App, api, assets, capture, dashboard, media, probes};
use axum::{
    Router,
    http::{HeaderName, HeaderValue, Request, header},
    routing::get,
};
use tower_http::{set_header::SetResponseHeaderLayer, trace::TraceLayer};

/// For answers that are no page, should a browser take one for a page.
const NOTHING_ACTIVE: &str = "default-src 'none'; frame-ancestors 'none'";

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
        .layer(always(header::X_CONTENT_TYPE_OPTIONS, "nosniff"))
        .layer(always(header::REFERRER_POLICY, "no-referrer"))
        .layer(always(header::CONTENT_SECURITY_POLICY, NOTHING_ACTIVE))
        // Failures are logged where they are handled.
        .layer(TraceLayer::new_for_http().make_span_with(span).on_failure(()))
        .with_state(app)
}

/// Sent with every answer that says nothing else of it.
fn always(name: HeaderName, value: &'static str) -> SetResponseHeaderLayer<HeaderValue> {
    SetResponseHeaderLayer::if_not_present(name, HeaderValue::from_static(value))
}

/// The path only: a query may hold a signature or a search.
fn span<B>(request: &Request<B>) -> tracing::Span {
    tracing::info_span!("request", method = %request.method(), path = request.uri().path())
}
