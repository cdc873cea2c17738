//! The browser's part (`web-client/dist`, built by npm), embedded in the program and served below `/assets/`.

use axum::{
    extract::Path,
    http::{HeaderMap, StatusCode, header},
    response::{IntoResponse, Response},
};
use rust_embed::{EmbeddedFile, RustEmbed};

#[derive(RustEmbed)]
#[folder = "../../web-client/dist"]
#[allow_missing = true]
struct Files;

/// Address of an asset, with the first digits of its content's hash, so that it may be kept for ever and yet changes.
pub fn url(name: &str) -> String {
    match Files::get(name) {
        Some(file) => format!("/assets/{name}?v={}", &hex(&file)[..12]),
        None => format!("/assets/{name}"),
    }
}

/// Address under which a page or its style asks for a file: fonts stand in the style without a hash.
pub fn url_in_page(name: &str) -> String {
    if name.ends_with(".woff2") { format!("/assets/{name}") } else { url(name) }
}

/// A script as text; `None` where the browser's part was not built.
pub fn text(name: &str) -> Option<String> {
    Files::get(name).and_then(|file| String::from_utf8(file.data.into_owned()).ok())
}

/// Whether the browser's part was built before the program was; without it pages have neither style nor script.
pub fn is_built() -> bool {
    Files::get("app.js").is_some()
}

/// `GET /assets/{*path}`
pub async fn serve(Path(path): Path<String>, headers: HeaderMap) -> Response {
    let Some(file) = Files::get(&path) else { return StatusCode::NOT_FOUND.into_response() };
    let etag = format!("\"{}\"", hex(&file));
    let known = headers.get(header::IF_NONE_MATCH).and_then(|value| value.to_str().ok());
    let caching = [(header::ETAG, etag.clone()), (header::CACHE_CONTROL, cache_control(&path).to_owned())];
    if known.is_some_and(|known| known.split(',').any(|tag| tag.trim().trim_start_matches("W/") == etag)) {
        return (StatusCode::NOT_MODIFIED, caching).into_response();
    }
    let kind = [(header::CONTENT_TYPE, file.metadata.mimetype().to_owned())];
    (caching, kind, file.data).into_response()
}

/// Fonts never change under their name; the rest is asked for by hash, and revalidated where it is not.
fn cache_control(path: &str) -> &'static str {
    if path.ends_with(".woff2") { "public, max-age=31536000, immutable" } else { "public, max-age=3600" }
}

fn hex(file: &EmbeddedFile) -> String {
    file.metadata.sha256_hash().iter().map(|byte| format!("{byte:02x}")).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn an_asset_is_sent_once_and_then_only_confirmed() {
        assert!(is_built(), "build the browser's part first: npm ci && npm run build in web-client");
        let first = serve(Path("app.css".into()), HeaderMap::new()).await;
        assert_eq!(first.status(), StatusCode::OK);
        assert!(first.headers()[header::CONTENT_TYPE].to_str().unwrap().starts_with("text/css"));
        let mut again = HeaderMap::new();
        again.insert(header::IF_NONE_MATCH, first.headers()[header::ETAG].clone());
        assert_eq!(serve(Path("app.css".into()), again).await.status(), StatusCode::NOT_MODIFIED);
        assert_eq!(serve(Path("../Cargo.toml".into()), HeaderMap::new()).await.status(), StatusCode::NOT_FOUND);
        assert!(url("app.js").starts_with("/assets/app.js?v="));
    }
}
