//! `/healthz`, `/readyz`, `/metrics`.

use crate::support::{Server, ok, status};
use reqwest::Method;

#[tokio::test]
async fn it_says_that_it_lives_and_can_work() {
    let server = Server::start().await;
    assert_eq!(status(server.anonymous(Method::GET, "/healthz")).await, 200);
    let ready = ok(server.anonymous(Method::GET, "/readyz").send().await.unwrap(), 200).await;
    assert_eq!((&ready["database"], &ready["objects"]), (&"ok".into(), &"ok".into()));
}

#[tokio::test]
async fn it_is_not_ready_without_its_objects() {
    let folder = tempfile::tempdir().unwrap();
    let objects = tempfile::tempdir().unwrap();
    let server = Server::over(folder, objects.path()).await;
    let path = objects.path().to_owned();
    objects.close().unwrap();
    std::fs::write(&path, "a file where the folder was").unwrap();
    let ready = ok(server.anonymous(Method::GET, "/readyz").send().await.unwrap(), 503).await;
    assert_eq!((&ready["database"], &ready["objects"]), (&"ok".into(), &"failing".into()));
    assert_eq!(status(server.anonymous(Method::GET, "/healthz")).await, 200);
    std::fs::remove_file(path).unwrap();
}

#[tokio::test]
async fn it_counts() {
    let server = Server::start().await;
    let before = counters(&server).await;
    let (_, url) = server.upload(1000).await;
    assert_eq!(status(server.patch(&url, 0, vec![1; 700])).await, 204);
    let after = counters(&server).await;
    // Other tests of this process count too.
    assert!(after.0 > before.0 && after.1 >= before.1 + 700.0, "{before:?} {after:?}");
}

async fn counters(server: &Server) -> (f64, f64) {
    let text = server.anonymous(Method::GET, "/metrics").send().await.unwrap().text().await.unwrap();
    let value = |name: &str| {
        let line = text.lines().find(|line| line.starts_with(name)).unwrap_or_else(|| panic!("no {name} in {text}"));
        line.rsplit(' ').next().unwrap().parse().unwrap()
    };
    assert_eq!(value("trainar_jobs{state=\"ready\"}"), 0.0);
    (value("trainar_sessions_started_total "), value("trainar_upload_bytes_total "))
}
