//! A recording in parts: where each belongs, what makes it count, and everything that may go wrong on its way.

use crate::support::{CHUNK, Server, bytes, ok, problem, status, text, until};
use aws_lc_rs::digest::{SHA256, digest};
use base64::{Engine, engine::general_purpose::STANDARD};
use domain::SessionId;
use reqwest::{Method, RequestBuilder, Response};
use serde_json::{Value, json};
use std::time::Duration;
use tokio::{io::AsyncWriteExt, net::TcpStream};

const SESSIONS: &str = "/api/v1/sessions";

pub fn sha256(data: &[u8]) -> Vec<u8> {
    digest(&SHA256, data).as_ref().to_vec()
}

pub fn hex(data: &[u8]) -> String {
    sha256(data).iter().map(|b| format!("{b:02x}")).collect()
}

/// `Repr-Digest` as the protocol has it.
fn repr_digest(data: &[u8]) -> String {
    format!("sha-256=:{}:", STANDARD.encode(sha256(data)))
}

/// `Upload-Metadata` of a part of two seconds.
pub fn metadata(part: u32, sha256: &str) -> String {
    let pairs = [
        ("part", part.to_string()),
        ("run", "1".into()),
        ("start_ms", ((part - 1) * 2000).to_string()),
        ("duration_ms", "2000".into()),
        ("sha256", sha256.into()),
        ("filetype", "video/mp4".into()),
    ];
    pairs.map(|(key, value)| format!("{key} {}", STANDARD.encode(value))).join(",")
}

/// Creates a part; its bytes come in other requests.
pub fn create(server: &Server, session: SessionId, part: u32, data: &[u8]) -> RequestBuilder {
    let request = server.create(session).header("Upload-Length", data.len());
    request.header("Upload-Metadata", metadata(part, &hex(data)))
}

/// Creates a part with its bytes.
pub async fn send(server: &Server, session: SessionId, part: u32, data: &[u8]) -> Response {
    let request = create(server, session, part, data).header("Content-Type", "application/offset+octet-stream");
    request.body(data.to_vec()).send().await.unwrap()
}

pub async fn parts(server: &Server, session: SessionId) -> Vec<Value> {
    let request = server.call(&server.acme, Method::GET, &format!("{SESSIONS}/{session}/parts"));
    ok(request.send().await.unwrap(), 200).await["parts"].as_array().unwrap().clone()
}

pub fn post(server: &Server, session: SessionId, what: &str, body: Value) -> RequestBuilder {
    server.call(&server.acme, Method::POST, &format!("{SESSIONS}/{session}/{what}")).json(&body)
}

#[tokio::test]
async fn a_part_is_one_request_and_its_hash_comes_back() {
    let server = Server::start().await;
    let session = server.session().await;
    // One that is held in memory, and one that is not.
    for (part, data) in [(2, bytes(CHUNK - 1)), (1, bytes(3 * CHUNK + 5))] {
        let answer = send(&server, session, part, &data).await;
        assert_eq!(answer.status(), 201);
        assert_eq!(text(answer.headers(), "repr-digest"), repr_digest(&data));
        assert_eq!(text(answer.headers(), "upload-offset"), data.len().to_string());
        let url = text(answer.headers(), "location");
        assert!(server.kept(&url).await == data);
        // Sent again, with its bytes and without.
        for again in
            [send(&server, session, part, &data).await, create(&server, session, part, &data).send().await.unwrap()]
        {
            assert_eq!((again.status().as_u16(), text(again.headers(), "location")), (201, url.clone()));
            assert_eq!(text(again.headers(), "repr-digest"), repr_digest(&data));
        }
        assert!(server.kept(&url).await == data);
    }
    let (_, other) = (session, bytes(9));
    assert_eq!(problem(send(&server, session, 1, &other).await, 409).await.0, "part-differs");
    let listed = parts(&server, session).await;
    assert_eq!(listed.iter().map(|p| p["part"].as_u64().unwrap()).collect::<Vec<_>>(), [1, 2]);
    assert_eq!(listed[1]["state"], "complete");
    assert_eq!(listed[1]["sha256"], hex(&bytes(CHUNK - 1)));
    assert_eq!((&listed[1]["start_ms"], &listed[1]["run"]), (&json!(2000), &json!(1)));
    let page = |query: &str| server.call(&server.acme, Method::GET, &format!("{SESSIONS}/{session}/parts?{query}"));
    let rest = ok(page("after=1").send().await.unwrap(), 200).await;
    assert_eq!((&rest["parts"], &rest["next"]), (&json!([listed[1]]), &Value::Null));
    problem(page("after=x").send().await.unwrap(), 400).await;
}

/// `sha256` may be left away: then the bytes themselves say whether it is the same part.
#[tokio::test]
async fn a_part_without_an_announced_hash_can_be_sent_again_too() {
    let server = Server::start().await;
    let session = server.session().await;
    let other = |data: &[u8]| [&[data[0] ^ 1], &data[1..]].concat();
    let unhashed = |part: u32| {
        let all = metadata(part, "");
        all.split(',').filter(|pair| !pair.starts_with("sha256")).collect::<Vec<_>>().join(",")
    };
    // In one object, and in several.
    for (part, data) in [(1, bytes(CHUNK / 2)), (2, bytes(3 * CHUNK + 5))] {
        let create = |part| {
            let request = server.create(session).header("Upload-Length", data.len());
            request.header("Upload-Metadata", unhashed(part))
        };
        let sent = async |part, bytes: Vec<u8>| {
            let request = create(part).header("Content-Type", "application/offset+octet-stream");
            request.body(bytes).send().await.unwrap()
        };
        let along = |bytes: Vec<u8>| sent(part, bytes);
        let first = along(data.clone()).await;
        let url = text(first.headers(), "location");
        assert_eq!((first.status().as_u16(), text(first.headers(), "upload-offset")), (201, data.len().to_string()));
        for again in [
            along(data.clone()).await,
            along(data[..100].to_vec()).await,
            create(part).send().await.unwrap(),
            send(&server, session, part, &data).await,
        ] {
            assert_eq!((again.status().as_u16(), text(again.headers(), "location")), (201, url.clone()));
            assert_eq!(text(again.headers(), "upload-offset"), data.len().to_string());
            assert_eq!(text(again.headers(), "repr-digest"), repr_digest(&data));
        }
        for differs in [along(other(&data)).await, send(&server, session, part, &other(&data)).await] {
            assert_eq!(problem(differs, 409).await.0, "part-differs");
        }
        assert!(server.kept(&url).await == data);
        // Also where several come at once, before one of them stands.
        if part == 1 {
            let race = futures::future::join_all((0..4).map(|_| sent(3, data.clone()))).await;
            assert!(race.iter().all(|answer| answer.status() == 201), "{race:?}");
            assert_eq!(sent(3, other(&data)).await.status(), 409);
        }
    }
}

#[tokio::test]
async fn a_part_that_breaks_off_goes_on_at_the_servers_offset() {
    let server = Server::start().await;
    let session = server.session().await;
    let data = bytes(CHUNK / 2);
    let mut socket = TcpStream::connect(server.address).await.unwrap();
    let head = format!(
        "POST {SESSIONS}/{session}/uploads HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {}\r\nTus-Resumable: 1.0.0\r\n\
         Upload-Length: {length}\r\nContent-Length: {length}\r\nContent-Type: application/offset+octet-stream\r\n\
         Upload-Metadata: {}\r\n\r\n",
        server.acme.token,
        metadata(1, &hex(&data)),
        length = data.len(),
    );
    socket.write_all(head.as_bytes()).await.unwrap();
    socket.write_all(&data[..1000]).await.unwrap();
    tokio::time::sleep(Duration::from_millis(100)).await;
    drop(socket);
    until("what came is kept", async || parts(&server, session).await.first().is_some_and(|p| p["received"] == 1000))
        .await;
    let url = parts(&server, session).await[0]["url"].as_str().unwrap().to_owned();
    let again = send(&server, session, 1, &data).await;
    assert_eq!((again.status().as_u16(), text(again.headers(), "upload-offset").as_str()), (201, "1000"));
    assert!(again.headers().get("repr-digest").is_none());
    let rest = server.patch(&url, 1000, data[1000..].to_vec()).send().await.unwrap();
    assert_eq!((rest.status().as_u16(), text(rest.headers(), "repr-digest")), (204, repr_digest(&data)));
    assert_eq!(parts(&server, session).await[0]["state"], "complete");
}

#[tokio::test]
async fn bytes_with_another_hash_are_not_kept() {
    let server = Server::start().await;
    let session = server.session().await;
    let (data, wrong) = (bytes(3000), vec![7; 3000]);
    let along = create(&server, session, 1, &data).header("Content-Type", "application/offset+octet-stream");
    assert_eq!(problem(along.body(wrong.clone()).send().await.unwrap(), 460).await.0, "checksum-mismatch");
    assert_eq!(server.upload_objects().await, [] as [String; 0]);

    let url = text(create(&server, session, 1, &data).send().await.unwrap().headers(), "location");
    assert_eq!(status(server.patch(&url, 0, wrong[..1000].to_vec())).await, 204);
    problem(server.patch(&url, 1000, wrong[1000..].to_vec()).send().await.unwrap(), 460).await;
    assert_eq!((server.offset(&url).await, server.upload_objects().await.len()), (0, 0));
    let right = server.patch(&url, 0, data.clone()).send().await.unwrap();
    assert_eq!(text(right.headers(), "repr-digest"), repr_digest(&data));
}

/// A server that was killed between the last byte and the hash.
#[tokio::test]
async fn a_part_that_was_never_compared_is_compared_when_it_is_asked_for() {
    let server = Server::start().await;
    let session = server.session().await;
    let data = bytes(3000);
    let url = text(create(&server, session, 1, &data).send().await.unwrap().headers(), "location");
    let id = url.rsplit('/').next().unwrap().parse().unwrap();
    let key = format!("tenants/{}/uploads/x/0", server.acme.tenant);
    server.app.objects.put(&key, data.clone().into()).await.unwrap();
    let chunk = storage::db::uploads::Chunk { start: 0, bytes: 3000, key };
    let now = server.app.clock.now();
    server.app.db.append_chunk(server.acme.tenant, id, chunk, now.plus_seconds(99.0), now).await.unwrap().unwrap();
    assert_eq!(parts(&server, session).await[0]["state"], "receiving");
    let head = server.tus("HEAD", &url).send().await.unwrap();
    assert_eq!(text(head.headers(), "repr-digest"), repr_digest(&data));
    assert_eq!(parts(&server, session).await[0]["state"], "complete");
}

#[tokio::test]
async fn two_uploaders_of_one_part_do_no_harm() {
    let server = Server::start().await;
    let session = server.session().await;
    let data = bytes(CHUNK);
    let sent = futures::future::join_all((0..6).map(|_| send(&server, session, 1, &data))).await;
    let urls: Vec<_> = sent.iter().map(|a| (a.status().as_u16(), text(a.headers(), "location"))).collect();
    assert!(urls.iter().all(|url| *url == urls[0] && url.0 == 201), "{urls:?}");
    let answers = sent.iter().filter(|a| a.headers().get("repr-digest").is_some()).count();
    assert_eq!(answers, 6);
    assert!(server.kept(&urls[0].1).await == data);
    assert_eq!(server.upload_objects().await.len(), 1, "what lost the race is gone");
}

#[tokio::test]
async fn what_is_deleted_is_gone_and_stays_away() {
    let server = Server::start().await;
    let session = server.session().await;
    let data = bytes(3000);
    for part in [1, 2] {
        assert_eq!(send(&server, session, part, &data).await.status(), 201);
    }
    let delete =
        |from: f64, to: f64| post(&server, session, "deletions", json!({ "from_seconds": from, "to_seconds": to }));
    problem(delete(5.0, 4.0).send().await.unwrap(), 422).await;
    problem(delete(1.0, 1.0).send().await.unwrap(), 400).await;
    problem(create(&server, session, 9, &[]).send().await.unwrap(), 400).await;
    // Left by a server that was killed between the object and its row.
    let orphan = format!("tenants/{}/uploads/{session}/part-0000002-orphan", server.acme.tenant);
    server.app.objects.put(&orphan, data.clone().into()).await.unwrap();
    let gone = ok(delete(2.5, 7.0).send().await.unwrap(), 200).await;
    assert_eq!(gone, json!({ "parts": [2] }));
    assert_eq!(server.upload_objects().await.len(), 1);
    for part in [2, 3] {
        assert_eq!(problem(send(&server, session, part, &data).await, 410).await.0, "part-deleted");
        assert_eq!(problem(create(&server, session, part, &data).send().await.unwrap(), 410).await.0, "part-deleted");
    }
    assert_eq!(server.upload_objects().await.len(), 1);
    let states: Vec<_> = parts(&server, session).await.iter().map(|p| p["state"].clone()).collect();
    assert_eq!(states, ["complete", "deleted", "deleted"]);
    let stopped = ok(post(&server, session, "stop", json!({ "parts": 3 })).send().await.unwrap(), 200).await;
    assert_eq!(stopped["phase"], "processing");

    let (whole, url) = server.upload(10).await;
    assert_eq!(status(server.patch(&url, 0, vec![1; 10])).await, 204);
    let stretch = json!({ "from_seconds": 0, "to_seconds": 1 });
    assert_eq!(problem(post(&server, whole, "deletions", stretch).send().await.unwrap(), 409).await.0, "one-piece");
}

#[tokio::test]
async fn a_session_that_began_without_a_network_began_then() {
    let server = Server::start().await;
    let start = server.call(&server.acme, Method::POST, SESSIONS).json(&json!({ "started_seconds_ago": 5400.5 }));
    let session = ok(start.send().await.unwrap(), 201).await;
    assert_eq!(session["started_at"], "2026-11-21T08:33:59.5Z");
    assert_eq!(session["name"], "Session 21 Nov 2026, 09:33");
    let id: SessionId = session["id"].as_str().unwrap().parse().unwrap();
    assert_eq!(status(post(&server, id, "pause", json!({ "at_seconds": 3.25 }))).await, 204);
    assert_eq!(server.show(id).await["progress"]["text"], "Paused");
    assert_eq!(status(post(&server, id, "resume", json!({ "at_seconds": 9 }))).await, 204);
    problem(post(&server, id, "resume", json!({ "at_seconds": -1 })).send().await.unwrap(), 422).await;
    let stop = json!({ "parts": 2, "missing": [2], "at_seconds": 60, "abnormal": true });
    let stopped = ok(post(&server, id, "stop", stop).send().await.unwrap(), 200).await;
    assert_eq!((&stopped["stopped_at"], &stopped["phase"]), (&json!("2026-11-21T08:34:59.5Z"), &json!("uploading")));
    for wrong in [json!({ "started_seconds_ago": -1 }), json!({ "started_seconds_ago": 1e12 })] {
        problem(server.call(&server.acme, Method::POST, SESSIONS).json(&wrong).send().await.unwrap(), 422).await;
    }
}

#[tokio::test]
async fn another_seat_sees_nothing_of_it() {
    let server = Server::start().await;
    let session = server.session().await;
    let colleague = server.colleague(&server.acme).await;
    let stranger = server.tenant("Other").await;
    for device in [&colleague, &stranger] {
        for (method, what) in
            [(Method::GET, "parts"), (Method::POST, "pause"), (Method::POST, "resume"), (Method::POST, "deletions")]
        {
            let request = server.call(device, method, &format!("{SESSIONS}/{session}/{what}"));
            let body = json!({ "at_seconds": 1, "from_seconds": 1, "to_seconds": 2 });
            problem(request.json(&body).send().await.unwrap(), 404).await;
        }
    }
}
