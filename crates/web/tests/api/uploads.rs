//! Bytes on their way: offsets, checksums, lengths, limits, expiry.

use crate::support::{CHUNK, LIMIT, Server, bytes, problem, status, text};
use aws_lc_rs::digest::{Algorithm, SHA1_FOR_LEGACY_USE_ONLY, SHA256, SHA512, digest};
use base64::{Engine, engine::general_purpose::STANDARD};
use reqwest::Method;
use rstest::rstest;

#[tokio::test]
async fn a_recording_arrives_in_pieces_of_one_object_each() {
    let server = Server::start().await;
    let data = bytes(5 * CHUNK + 1234);
    let (_, url) = server.upload(data.len() as u64).await;
    let cut = 2 * CHUNK + 10;
    let first = server.patch(&url, 0, data[..cut].to_vec()).send().await.unwrap();
    assert_eq!(first.status(), 204);
    assert_eq!(text(first.headers(), "upload-offset"), cut.to_string());
    assert_eq!(text(first.headers(), "tus-resumable"), "1.0.0");
    assert_eq!(text(first.headers(), "upload-expires"), "Sat, 28 Nov 2026 10:04:00 GMT");
    assert_eq!(server.offset(&url).await, cut as u64);

    let last = server.patch(&url, cut as u64, data[cut..].to_vec()).send().await.unwrap();
    assert_eq!(last.status(), 204);
    assert_eq!(last.headers().get("upload-expires"), None);
    assert!(server.kept(&url).await == data);
    let objects = server.upload_objects().await;
    assert_eq!(objects.len(), 3 + 4, "{objects:?}");
    let id = url.rsplit('/').next().unwrap();
    let start = format!("tenants/{}/uploads/{id}/{:020}-", server.acme.tenant, 2 * CHUNK);
    assert!(objects.iter().any(|key| key.starts_with(&start)), "{objects:?}");

    // Once more the last request, whose answer may have been lost.
    problem(server.patch(&url, cut as u64, data[cut..].to_vec()).send().await.unwrap(), 409).await;
    assert_eq!(status(server.patch(&url, data.len() as u64, "")).await, 204);
    problem(server.patch(&url, data.len() as u64, "more").send().await.unwrap(), 413).await;
}

#[tokio::test]
async fn bytes_in_the_wrong_place_or_of_the_wrong_kind_are_refused() {
    let server = Server::start().await;
    let (_, url) = server.upload(100).await;
    assert_eq!(status(server.patch(&url, 0, vec![1; 40])).await, 204);
    for offset in [0, 39, 41, 100] {
        let answer = server.patch(&url, offset, vec![2; 10]).send().await.unwrap();
        assert_eq!(text(answer.headers(), "upload-offset"), "40");
        assert_eq!(problem(answer, 409).await.0, "offset-mismatch");
    }
    let plain = server.tus("PATCH", &url).header("Upload-Offset", 40).header("Content-Type", "video/mp4").body("x");
    problem(plain.send().await.unwrap(), 415).await;
    let patch = || server.tus("PATCH", &url).header("Content-Type", "application/offset+octet-stream").body("x");
    problem(patch().send().await.unwrap(), 400).await;
    for offset in ["-1", "x", "1e3", "99999999999999999999"] {
        problem(patch().header("Upload-Offset", offset).send().await.unwrap(), 400).await;
    }
    problem(server.patch(&url, 40, vec![2; 61]).send().await.unwrap(), 413).await;
    let streamed = futures::stream::iter(vec![Ok::<_, std::io::Error>(vec![2u8; 61])]);
    problem(server.patch(&url, 40, reqwest::Body::wrap_stream(streamed)).send().await.unwrap(), 413).await;
    assert_eq!(server.kept(&url).await, vec![1; 40]);
    assert_eq!(server.upload_objects().await.len(), 1);
}

#[tokio::test]
async fn other_versions_of_the_protocol_are_refused() {
    let server = Server::start().await;
    let (session, url) = server.upload(10).await;
    let create = format!("/api/v1/sessions/{session}/uploads");
    for (method, path) in [(Method::POST, &create), (Method::PATCH, &url), (Method::DELETE, &url), (Method::POST, &url)]
    {
        for version in [None, Some("0.2.2")] {
            let mut request = server.call(&server.acme, method.clone(), path);
            if let Some(version) = version {
                request = request.header("Tus-Resumable", version);
            }
            let answer = request.send().await.unwrap();
            assert_eq!(text(answer.headers(), "tus-version"), "1.0.0");
            assert_eq!(text(answer.headers(), "tus-resumable"), "1.0.0");
            problem(answer, 412).await;
        }
    }
    assert_eq!(status(server.call(&server.acme, Method::HEAD, &url)).await, 412);
}

#[tokio::test]
async fn the_server_says_what_it_can() {
    let server = Server::start().await;
    let (session, url) = server.upload(10).await;
    for path in [format!("/api/v1/sessions/{session}/uploads"), url] {
        let answer = server.anonymous(Method::OPTIONS, &path).send().await.unwrap();
        assert_eq!(answer.status(), 204);
        assert_eq!(text(answer.headers(), "tus-version"), "1.0.0");
        assert_eq!(text(answer.headers(), "tus-checksum-algorithm"), "sha1,sha256,sha512");
        assert!(text(answer.headers(), "tus-extension").contains("creation-defer-length"));
        assert_eq!(answer.headers().get("tus-max-size"), None, "whose would it be?");
        let answer = server.call(&server.acme, Method::OPTIONS, &path).send().await.unwrap();
        assert_eq!(text(answer.headers(), "tus-max-size"), LIMIT.to_string());
    }
}

#[rstest]
#[case("sha1", &SHA1_FOR_LEGACY_USE_ONLY)]
#[case("sha256", &SHA256)]
#[case("sha512", &SHA512)]
#[tokio::test]
async fn a_body_with_a_checksum_is_kept_whole_or_not_at_all(#[case] name: &str, #[case] algorithm: &'static Algorithm) {
    let server = Server::start().await;
    let data = bytes(3 * CHUNK);
    let (_, url) = server.upload(data.len() as u64).await;
    let sum = |of: &[u8]| format!("{name} {}", STANDARD.encode(digest(algorithm, of)));
    let patch = |sum: String| server.patch(&url, 0, data.clone()).header("Upload-Checksum", sum);

    let answer = patch(sum(&data[1..])).send().await.unwrap();
    assert_eq!(problem(answer, 460).await.0, "checksum-mismatch");
    assert_eq!(server.offset(&url).await, 0);
    assert_eq!(server.upload_objects().await, Vec::<String>::new());

    assert_eq!(status(patch(sum(&data))).await, 204);
    assert!(server.kept(&url).await == data);
    assert_eq!(server.upload_objects().await.len(), 1);
}

#[tokio::test]
async fn checksums_that_cannot_be_checked_are_refused() {
    let server = Server::start().await;
    let (_, url) = server.upload(30 << 20).await;
    for sum in ["crc32 AAAAAA==", "sha1", "sha1 !!"] {
        problem(server.patch(&url, 0, "x").header("Upload-Checksum", sum).send().await.unwrap(), 400).await;
    }
    let large = vec![0; (16 << 20) + 1];
    let sum = format!("sha1 {}", STANDARD.encode(digest(&SHA1_FOR_LEGACY_USE_ONLY, &large)));
    // Sent on while the server refuses, the client may see the answer or a closed connection; nothing is kept.
    if let Ok(answer) = server.patch(&url, 0, large).header("Upload-Checksum", sum).send().await {
        problem(answer, 413).await;
    }
    assert_eq!(server.offset(&url).await, 0);
}

#[tokio::test]
async fn a_length_can_come_later() {
    let server = Server::start().await;
    let session = server.session().await;
    let answer = server.create(session).header("Upload-Defer-Length", 1).send().await.unwrap();
    let url = text(answer.headers(), "location");
    assert_eq!(status(server.patch(&url, 0, vec![1; 50])).await, 204);
    let head = server.tus("HEAD", &url).send().await.unwrap();
    assert_eq!(text(head.headers(), "upload-defer-length"), "1");
    assert_eq!(head.headers().get("upload-length"), None);
    assert_eq!(server.show(session).await["arrived"]["complete"], 0);

    problem(server.patch(&url, 50, "").header("Upload-Length", 49).send().await.unwrap(), 400).await;
    problem(server.patch(&url, 50, "").header("Upload-Length", LIMIT + 1).send().await.unwrap(), 413).await;
    assert_eq!(status(server.patch(&url, 50, vec![1; 10]).header("Upload-Length", 80)).await, 204);
    problem(server.patch(&url, 60, "").header("Upload-Length", 81).send().await.unwrap(), 400).await;
    assert_eq!(status(server.patch(&url, 60, vec![1; 20]).header("Upload-Length", 80)).await, 204);
    assert_eq!(server.show(session).await["arrived"]["complete"], 1);
}

#[tokio::test]
async fn the_limit_holds_while_the_length_is_not_known() {
    let server = Server::start().await;
    let session = server.session().await;
    let answer = server.create(session).header("Upload-Defer-Length", 1).send().await.unwrap();
    let url = text(answer.headers(), "location");
    // Nothing tells the size of this body before it is read.
    let pieces = (0..=LIMIT / (1 << 20)).map(|_| Ok::<_, std::io::Error>(vec![0u8; 1 << 20]));
    let body = reqwest::Body::wrap_stream(futures::stream::iter(pieces));
    let answer = server.patch(&url, 0, body).send().await.unwrap();
    assert_eq!(text(answer.headers(), "tus-max-size"), LIMIT.to_string());
    problem(answer, 413).await;
    assert!(server.offset(&url).await <= LIMIT);
}

#[tokio::test]
async fn an_upload_that_nobody_goes_on_with_expires_and_a_late_device_opens_it_again() {
    let server = Server::start().await;
    let (session, url) = server.upload(100).await;
    server.clock.advance(6.0 * 86_400.0);
    assert_eq!(status(server.patch(&url, 0, vec![1; 40])).await, 204);
    // Going on gave it new time.
    server.clock.advance(6.0 * 86_400.0);
    assert_eq!(server.offset(&url).await, 40);
    server.clock.advance(2.0 * 86_400.0);
    for swept in [false, true] {
        if swept {
            assert_eq!(server.app.db.expire_uploads(server.app.clock.now()).await.unwrap(), 1);
        }
        assert_eq!(status(server.tus("HEAD", &url)).await, 410);
        problem(server.patch(&url, 40, vec![1; 60]).send().await.unwrap(), 410).await;
    }
    assert_eq!(server.kept(&url).await, vec![1; 40], "what arrived is kept");
    let again = server.create(session).header("Upload-Length", 100).send().await.unwrap();
    assert_eq!((again.status().as_u16(), text(again.headers(), "location")), (201, url.clone()));
    assert_eq!(server.offset(&url).await, 40);
    assert_eq!(status(server.patch(&url, 40, vec![2; 60])).await, 204);
    assert_eq!(server.kept(&url).await, [vec![1; 40], vec![2; 60]].concat());
}

#[tokio::test]
async fn an_unwanted_upload_can_be_ended_and_a_recording_cannot() {
    let server = Server::start().await;
    let (session, url) = server.upload(100).await;
    assert_eq!(status(server.patch(&url, 0, vec![1; 40])).await, 204);
    assert_eq!(status(server.tus("DELETE", &url)).await, 204);
    assert_eq!(status(server.tus("HEAD", &url)).await, 404);
    problem(server.patch(&url, 40, vec![1; 60]).send().await.unwrap(), 404).await;
    problem(server.tus("DELETE", &url).send().await.unwrap(), 404).await;
    assert_eq!(server.upload_objects().await, Vec::<String>::new());

    let answer = server.create(session).header("Upload-Length", 3).send().await.unwrap();
    let second = text(answer.headers(), "location");
    assert_ne!(second, url);
    assert_eq!(status(server.patch(&second, 0, "abc")).await, 204);
    problem(server.tus("DELETE", &second).send().await.unwrap(), 409).await;
    assert_eq!(server.kept(&second).await, b"abc");
}

#[tokio::test]
async fn a_recording_that_is_being_processed_stays_even_when_it_is_not_whole() {
    let server = Server::start().await;
    let (session, url) = server.upload(100).await;
    assert_eq!(status(server.patch(&url, 0, vec![1; 40])).await, 204);
    server.clock.advance(200.0);
    let limits = storage::db::sessions::PhaseLimits { heartbeat_seconds: 120.0, upload_seconds: 3600.0 };
    assert_eq!(server.app.db.end_silent_sessions(limits, server.app.clock.now()).await.unwrap(), 1);
    assert_eq!(server.show(session).await["phase"], "processing");
    problem(server.tus("DELETE", &url).send().await.unwrap(), 409).await;
    // The device was only out of reach.
    assert_eq!(status(server.patch(&url, 40, vec![1; 60])).await, 204);
    assert_eq!(server.kept(&url).await, vec![1; 100]);
}

#[tokio::test]
async fn a_network_that_lets_only_post_pass_is_enough() {
    let server = Server::start().await;
    let (_, url) = server.upload(10).await;
    let post = |method: &str| server.tus("POST", &url).header("X-HTTP-Method-Override", method);
    let patch = post("PATCH").header("Upload-Offset", 0).header("Content-Type", "application/offset+octet-stream");
    assert_eq!(status(patch.body("01234")).await, 204);
    let head = post("HEAD").send().await.unwrap();
    assert_eq!(text(head.headers(), "upload-offset"), "5");
    assert_eq!(status(post("DELETE")).await, 204);
    assert_eq!(status(server.tus("HEAD", &url)).await, 404);
    problem(server.tus("POST", &url).send().await.unwrap(), 405).await;
}
