//! Capture in a browser: a page that makes any phone a recording device. It needs no login, as it holds nothing; the
//! device pairs from within it. It can be installed, and opens without a network once it has been visited.

use crate::{App, assets, dashboard::failed};
use askama::Template;
use aws_lc_rs::digest::{SHA256, digest};
use axum::{
    Router,
    http::{HeaderName, HeaderValue, header},
    response::{Html, IntoResponse, Redirect, Response},
    routing::get,
};
use serde_json::json;
use tower_http::set_header::SetResponseHeaderLayer;

/// As strict as the Dashboard's, and the page may have a manifest and a service worker.
const CONTENT_SECURITY_POLICY: &str = "default-src 'none'; script-src 'self'; style-src 'self'; \
     img-src 'self' blob: data:; media-src 'self' blob: mediastream:; connect-src 'self'; font-src 'self'; \
     manifest-src 'self'; worker-src 'self'; form-action 'none'; frame-ancestors 'none'; base-uri 'none'";
const PERMISSIONS: &str = "camera=(self), microphone=(self), screen-wake-lock=(self), geolocation=()";
/// Where the page stands, and what its service worker looks after.
const PAGE: &str = "/capture";
/// What the page needs to open without a network.
const SHELL: [&str; 5] =
    ["capture.js", "capture.css", "favicon.svg", "capture/icon-192.png", "fonts/figtree-latin-wght-normal.woff2"];

/// Every address of the page.
pub fn routes() -> Router<App> {
    let pages = Router::new()
        .route(PAGE, get(page))
        .route("/capture/", get(async || Redirect::permanent(PAGE)))
        .route("/capture/manifest.webmanifest", get(manifest))
        .route("/capture/sw.js", get(service_worker));
    [
        (header::CONTENT_SECURITY_POLICY, CONTENT_SECURITY_POLICY),
        (header::X_FRAME_OPTIONS, "DENY"),
        (header::REFERRER_POLICY, "no-referrer"),
        (header::CACHE_CONTROL, "no-cache"),
        (HeaderName::from_static("cross-origin-opener-policy"), "same-origin"),
        (HeaderName::from_static("permissions-policy"), PERMISSIONS),
    ]
    .into_iter()
    .fold(pages, |pages, (name, value)| {
        pages.layer(SetResponseHeaderLayer::if_not_present(name, HeaderValue::from_static(value)))
    })
}

/// The page with all of its screens; the script shows one at a time.
#[derive(Template)]
#[template(path = "pages/capture.html")]
struct CapturePage;

impl CapturePage {
    fn asset(&self, name: &str) -> String {
        assets::url(name)
    }

    /// Version of the program, told to the server by the device.
    fn version(&self) -> &'static str {
        env!("CARGO_PKG_VERSION")
    }
}

/// `GET /capture`
async fn page() -> Response {
    match CapturePage.render() {
        Ok(html) => Html(html).into_response(),
        Err(error) => failed(error),
    }
}

/// `GET /capture/manifest.webmanifest`
async fn manifest() -> Response {
    let icon = |name: &str, size: &str, purpose: &str| json!({"src": assets::url(name), "sizes": size, "type": "image/png", "purpose": purpose});
    let manifest = json!({
        "id": PAGE,
        "name": "TrainAR Capture",
        "short_name": "TrainAR",
        "description": "Record training sessions with this device.",
        "start_url": PAGE,
        "scope": PAGE,
        "display": "standalone",
        "background_color": "#0c1719",
        "theme_color": "#0c2f38",
        "icons": [
            icon("capture/icon-192.png", "192x192", "any"),
            icon("capture/icon-512.png", "512x512", "any"),
            icon("capture/icon-512.png", "512x512", "maskable"),
        ],
    });
    ([(header::CONTENT_TYPE, "application/manifest+json")], manifest.to_string()).into_response()
}

/// `GET /capture/sw.js`: the worker, told what belongs to this version of the page. Another version is another script,
/// by which the browser notices it.
async fn service_worker() -> Response {
    let html = match CapturePage.render() {
        Ok(html) => html,
        Err(error) => return failed(error),
    };
    let Some(worker) = assets::text("capture-worker.js") else {
        return failed("the browser's part is not built: npm ci && npm run build in web-client");
    };
    let shell: Vec<String> = SHELL.into_iter().map(assets::url_in_page).collect();
    let digest = digest(&SHA256, html.as_bytes());
    let version: String = hex::encode(&digest.as_ref()[..8]);
    let told = json!({"version": version, "page": PAGE, "files": shell});
    let kind = HeaderValue::from_static("text/javascript");
    let scope = (HeaderName::from_static("service-worker-allowed"), HeaderValue::from_static(PAGE));
    ([(header::CONTENT_TYPE, kind), scope], format!("self.SHELL = {told};\n{worker}")).into_response()
}
