//! `/capture`: the page that records, as a browser is given it.

use crate::support::{Server, ok, text};
use reqwest::Method;

#[tokio::test]
async fn the_page_may_use_the_camera_and_nothing_from_elsewhere() {
    let server = Server::start().await;
    let page = server.anonymous(Method::GET, "/capture").send().await.unwrap();
    assert_eq!(page.status(), 200);
    let policy = text(page.headers(), "content-security-policy");
    assert!(policy.starts_with("default-src 'none'; script-src 'self'; style-src 'self';"), "{policy}");
    assert!(!policy.contains("unsafe"), "{policy}");
    assert!(text(page.headers(), "permissions-policy").starts_with("camera=(self), microphone=(self)"));
    assert_eq!(text(page.headers(), "cache-control"), "no-cache");
    let html = page.text().await.unwrap();
    for inline in ["<script>", "<style", " style=", " onclick="] {
        assert!(!html.contains(inline), "{inline}");
    }
}

#[tokio::test]
async fn the_worker_looks_after_the_page_and_every_file_it_keeps_is_there() {
    let server = Server::start().await;
    let worker = server.anonymous(Method::GET, "/capture/sw.js").send().await.unwrap();
    assert_eq!(worker.status(), 200);
    assert_eq!(text(worker.headers(), "service-worker-allowed"), "/capture");
    assert_eq!(text(worker.headers(), "cache-control"), "no-cache");
    let script = worker.text().await.unwrap();
    let told = script.strip_prefix("self.SHELL = ").and_then(|rest| rest.split(";\n").next()).unwrap();
    let shell: serde_json::Value = serde_json::from_str(told).unwrap();
    let html = server.anonymous(Method::GET, "/capture").send().await.unwrap().text().await.unwrap();
    for file in shell["files"].as_array().unwrap() {
        let file = file.as_str().unwrap();
        assert_eq!(server.anonymous(Method::GET, file).send().await.unwrap().status(), 200, "{file}");
        assert!(html.contains(file) || file.ends_with(".woff2"), "the page asks for {file} under another address");
    }
    let manifest = ok(server.anonymous(Method::GET, "/capture/manifest.webmanifest").send().await.unwrap(), 200).await;
    for icon in manifest["icons"].as_array().unwrap() {
        let icon = icon["src"].as_str().unwrap();
        assert_eq!(server.anonymous(Method::GET, icon).send().await.unwrap().status(), 200, "{icon}");
    }
}
