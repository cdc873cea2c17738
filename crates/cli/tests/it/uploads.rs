//! Uploads through a network that fails and a server that dies: every byte arrives once.

use crate::support::{Outcome, Place, captions, ffprobe, sample, sha256};
use std::{
    fs,
    net::{SocketAddr, TcpListener},
    path::PathBuf,
    sync::atomic::{AtomicU64, Ordering},
    time::Duration,
};
use testkit::proxy::Proxy;

/// The sample and 24 MB that no player looks at, so that an upload takes a while.
fn large(place: &Place) -> PathBuf {
    const PADDING: usize = 24 << 20;
    let mut bytes = fs::read(sample()).unwrap();
    bytes.extend((PADDING as u32).to_be_bytes());
    bytes.extend(b"free");
    let mut noise = 1_u64;
    bytes.extend((8..PADDING).map(|_| {
        noise = noise.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
        (noise >> 56) as u8
    }));
    let path = place.write("large.mp4", bytes);
    assert!(ffprobe("format=duration", &path).starts_with("100"));
    path
}

/// An address that stays the same when the server starts again.
fn free_address() -> SocketAddr {
    TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_connection_that_is_cut_goes_on_where_it_was() {
    let place = Place::new();
    let pairing = place.pair("Harbour");
    let server = place.serve().await;
    let proxy = Proxy::start(server.base().strip_prefix("http://").unwrap().parse().unwrap()).await;
    let device = pairing.at_address(&format!("http://{}", proxy.address()));
    let file = large(&place);
    let before = sha256(&file);
    let started = device.start().await;
    device.captions(started.id, &captions()).await;
    proxy.cut_after(3_000_000);
    let mut uploader = device.uploader();
    uploader.piece_bytes = 5 << 20;
    let mut sent = Vec::new();
    let progress = |p: glasses::Progress<'_>| {
        // Again in the middle of a piece, and once more near the end.
        if p.sent > 5_000_000 && proxy.cuts() < 3 {
            proxy.cut_after(1_500_000);
        }
        sent.push(p.sent);
    };
    let uploaded = uploader.upload(&started.upload_url, &file, &[("filename", "l.mp4")], None, progress).await.unwrap();
    assert_eq!(uploaded.bytes, fs::metadata(&file).unwrap().len());
    assert!(proxy.cuts() >= 3 && sent.is_sorted(), "{} {sent:?}", proxy.cuts());
    device.stop(started.id, 1).await;
    device.completed(started.id).await;
    server.stop();
    let outcome = Outcome::on_disk(&place.data(), pairing.tenant, started.id).await;
    assert_eq!((outcome.source(), sha256(&file).as_str()), (before.as_str(), before.as_str()));
    assert!(!outcome.objects.keys().any(|key| key.contains("/uploads/")), "{:?}", outcome.objects);
    place.is_tidy();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_server_killed_while_bytes_arrive_keeps_what_it_acknowledged() {
    let address = free_address();
    let place = Place::new().set("SERVER__LISTEN", &address.to_string());
    let pairing = place.pair("Harbour");
    let server = place.serve().await;
    let device = pairing.at(&server);
    let file = large(&place);
    let started = device.start().await;
    device.captions(started.id, &captions()).await;
    let acknowledged = AtomicU64::new(0);
    let mut uploader = device.uploader();
    uploader.piece_bytes = 2 << 20;
    let about = [("filename", "l.mp4")];
    let upload = uploader.upload(&started.upload_url, &file, &about, None, |p| {
        assert!(p.sent >= acknowledged.load(Ordering::Relaxed), "bytes were lost");
        acknowledged.store(p.sent, Ordering::Relaxed);
    });
    let killing = async {
        let mut server = server;
        for part in 1..=3 {
            while acknowledged.load(Ordering::Relaxed) < part * 6_000_000 {
                tokio::time::sleep(Duration::from_millis(1)).await;
            }
            server.kill();
            server = place.serve().await;
        }
        server
    };
    let (uploaded, server) = tokio::join!(upload, killing);
    uploaded.unwrap();
    device.stop(started.id, 1).await;
    device.completed(started.id).await;
    server.stop();
    let outcome = Outcome::on_disk(&place.data(), pairing.tenant, started.id).await;
    assert_eq!(outcome.source(), sha256(&file));
    place.is_tidy();
}

#[tokio::test]
async fn a_name_of_a_file_is_never_a_path() {
    let place = Place::new();
    let pairing = place.pair("Harbour");
    let server = place.serve().await;
    let device = pairing.at(&server);
    let escaped = place.file("escaped.mp4").display().to_string();
    let climbing = format!("../../../../../../../..{escaped}");
    let long = "ü".repeat(300) + ".mp4";
    let file = place.write("short.mp4", "no recording");
    for name in [&climbing, &escaped, "a\r\nb\nc.mp4", &long, "\u{202e}4pm", "a\0b"] {
        let started = device.start().await;
        let about = [("filename", name), ("filetype", "text/html\n<script>")];
        device.uploader().upload(&started.upload_url, &file, &about, None, |_| {}).await.unwrap();
        device.stop(started.id, 1).await;
        let state = device.done(started.id).await;
        assert_eq!(state["failure_reason"], "processing_error", "{name:?} {state}");
        let objects = Outcome::on_disk(&place.data(), pairing.tenant, started.id).await.objects;
        let named_by_us =
            |key: &&String| key.starts_with("tenants/T/uploads/") || *key == "tenants/T/sessions/S/source-12";
        assert!(objects.keys().all(|key| named_by_us(&key)), "{name:?}: {objects:?}");
    }
    assert!(!std::path::Path::new(&escaped).exists());
    device.finds_the_server_well().await;
    server.stop();
    place.is_tidy();
}

#[tokio::test]
async fn more_than_the_tenants_limit_is_refused_before_it_comes() {
    let place = Place::new().set("LIMITS__UPLOAD_GIGABYTES", "0.001");
    let pairing = place.pair("Harbour");
    let server = place.serve().await;
    let device = pairing.at(&server);
    let started = device.start().await;
    let refused = device.uploader().upload(&started.upload_url, &sample(), &[], None, |_| {}).await.unwrap_err();
    assert!(matches!(refused, glasses::GlassesError::Refused { status: 413, .. }), "{refused}");
    assert!(refused.to_string().contains("1000000 bytes"), "{refused}");
    // Without a length the bytes themselves are counted.
    let create = device.request(reqwest::Method::POST, &started.upload_url);
    let create = create.header("Tus-Resumable", "1.0.0").header("Upload-Defer-Length", "1").send().await.unwrap();
    let location = create.headers()["location"].to_str().unwrap().to_owned();
    let append = device.request(reqwest::Method::PATCH, &location).header("Tus-Resumable", "1.0.0");
    let append = append.header("Upload-Offset", "0").header("Content-Type", "application/offset+octet-stream");
    let answer = append.body(vec![0; 1_100_000]).send().await.unwrap();
    assert_eq!(answer.status(), 413, "{}", answer.text().await.unwrap());
    device.finds_the_server_well().await;
    server.stop();
}
