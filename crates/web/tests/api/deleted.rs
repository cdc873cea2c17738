//! Deleted means deleted: recording, words and what was made of them, whatever comes later and whatever fails.

use crate::{
    parts::{create, parts, post, send},
    support::{CHUNK, Server, bytes, ok, problem, status, text},
};
use domain::{SessionId, recording::Keys};
use reqwest::{Method, RequestBuilder};
use serde_json::{Value, json};
use std::fs;
use storage::{
    db::{procedures::Outcome, recordings::UtteranceOrigin},
    removal::remove_due,
};
use uuid::Uuid;

async fn delete(server: &Server, session: SessionId, from: f64, to: f64) -> Value {
    let stretch = json!({ "from_seconds": from, "to_seconds": to });
    ok(post(server, session, "deletions", stretch).send().await.unwrap(), 200).await["parts"].clone()
}

/// Creates a recording in one piece with its bytes.
fn whole(server: &Server, session: SessionId, data: &[u8]) -> RequestBuilder {
    let request = server.create(session).header("Upload-Length", data.len());
    request.header("Content-Type", "application/offset+octet-stream").body(data.to_vec())
}

/// Keys of what was made of a session's recording, and of the words that came beside it.
async fn made(server: &Server, session: SessionId) -> Vec<String> {
    let keys = Keys { tenant: server.acme.tenant, session };
    server.app.objects.list(&keys.prefix()).await.unwrap()
}

async fn captions(server: &Server, session: SessionId) -> Option<String> {
    let keys = Keys { tenant: server.acme.tenant, session };
    let bytes = server.app.objects.get(&keys.uploaded_captions()).await.unwrap()?;
    Some(String::from_utf8(bytes.to_vec()).unwrap())
}

/// The background work.
async fn removed(server: &Server) -> u64 {
    remove_due(&server.app.db, &server.app.objects, server.clock.as_ref()).await.unwrap()
}

#[tokio::test]
async fn a_file_in_one_piece_has_no_place_beside_parts_or_deletions() {
    let server = Server::start().await;
    let kind = async |request: RequestBuilder| problem(request.send().await.unwrap(), 409).await.0;
    let session = server.session().await;
    delete(&server, session, 10.0, 12.0).await;
    // Small, large, and with its bytes in other requests.
    for data in [bytes(100), bytes(40 * CHUNK)] {
        assert_eq!(kind(whole(&server, session, &data)).await, "stretch-deleted");
    }
    let (_, detail) = problem(server.create(session).header("Upload-Length", 9).send().await.unwrap(), 409).await;
    assert!(detail.contains("send the recording in parts"), "{detail}");
    assert_eq!(server.upload_objects().await, [""; 0], "nothing of it is kept");
    assert_eq!(parts(&server, session).await, [json!(null); 0]);

    for part in [1, 2] {
        assert_eq!(send(&server, session, part, &bytes(50)).await.status(), 201);
    }
    assert_eq!(kind(whole(&server, session, &bytes(100))).await, "comes-in-parts");
    // A part that was deleted stands under the number that a file in one piece has: the file was not.
    assert_eq!(delete(&server, session, 0.0, 1.0).await, json!([1]));
    assert_eq!(kind(whole(&server, session, &bytes(100))).await, "comes-in-parts");
    assert_eq!(server.upload_objects().await.len(), 1);

    let (session, url) = server.upload(10).await;
    for part in [1, 2] {
        assert_eq!(problem(send(&server, session, part, &bytes(50)).await, 409).await.0, "comes-in-one-piece");
        assert_eq!(kind(create(&server, session, part, &bytes(50))).await, "comes-in-one-piece");
    }
    assert_eq!(status(server.patch(&url, 0, vec![1; 10])).await, 204);
    assert_eq!(server.upload_objects().await.len(), 2);
}

#[tokio::test]
async fn words_are_deleted_with_the_recording_whichever_comes_first() {
    let server = Server::start().await;
    let session = server.session().await;
    let say = async |number: u32, start: f64| {
        let said = json!({ "number": number, "start_seconds": start, "end_seconds": start + 0.5, "text": "hello" });
        let added = post(&server, session, "utterances", json!({ "utterances": [said] })).send().await.unwrap();
        let added = ok(added, 200).await;
        (added["utterances"].as_u64().unwrap(), added["left_out"].as_u64().unwrap())
    };
    let vtt = "WEBVTT\n\n00:01.000 --> 00:02.000\nfirst\n\n00:02.500 --> 00:03.000\nsecret\n\n00:05.000 --> 00:06.000\nlast\n";
    let put = async || {
        let request = server.call(&server.acme, Method::PUT, &format!("/api/v1/sessions/{session}/captions"));
        assert_eq!(status(request.body(vtt)).await, 204);
    };
    for part in [1, 2, 3] {
        assert_eq!(send(&server, session, part, &bytes(50)).await.status(), 201);
    }
    assert_eq!((say(1, 1.0).await, say(2, 2.5).await), ((1, 0), (2, 0)));
    put().await;
    assert_eq!(captions(&server, session).await.as_deref(), Some(vtt));
    let kept = "WEBVTT\n\n00:01.000 --> 00:02.000\nfirst\n\n00:05.000 --> 00:06.000\nlast\n";
    assert_eq!(delete(&server, session, 2.2, 3.9).await, json!([2]));
    assert_eq!(captions(&server, session).await.as_deref(), Some(kept));
    put().await;
    assert_eq!(captions(&server, session).await.as_deref(), Some(kept));
    assert_eq!((say(3, 2.0).await, say(4, 4.5).await), ((1, 1), (2, 0)));
    let rows = server.app.db.utterances(server.acme.tenant, session, UtteranceOrigin::Device).await.unwrap();
    assert_eq!(rows.iter().map(|u| u.start).collect::<Vec<_>>(), [1.0, 4.5]);

    assert_eq!(delete(&server, session, 0.0, 60.0).await, json!([1, 3]));
    assert_eq!(captions(&server, session).await, None);
    let stopped = ok(post(&server, session, "stop", json!({ "parts": 3 })).send().await.unwrap(), 200).await;
    assert_eq!((&stopped["status"], &stopped["failure_reason"]), (&json!("failed"), &json!("no_recording")));
    assert_eq!(stopped["failure_detail"], "The engineer had the whole recording deleted.");
    put().await;
    assert_eq!(captions(&server, session).await, None);
    assert_eq!(say(5, 70.0).await, (0, 1));
}

/// Deletion, words, part, in this order.
#[tokio::test]
async fn words_are_deleted_with_a_part_that_is_refused() {
    let server = Server::start().await;
    let session = server.session().await;
    assert_eq!(delete(&server, session, 2.5, 3.0).await, json!([]));
    let said = json!({ "number": 1, "start_seconds": 3.5, "end_seconds": 3.9, "text": "secret" });
    let added = post(&server, session, "utterances", json!({ "utterances": [said] })).send().await.unwrap();
    assert_eq!(ok(added, 200).await["utterances"], 1);
    let vtt = "WEBVTT\n\n00:01.000 --> 00:02.000\nfirst\n\n00:03.500 --> 00:03.900\nsecret\n";
    let put = server.call(&server.acme, Method::PUT, &format!("/api/v1/sessions/{session}/captions"));
    assert_eq!(status(put.body(vtt)).await, 204);
    assert_eq!(send(&server, session, 1, &bytes(50)).await.status(), 201);
    assert_eq!(problem(send(&server, session, 2, &bytes(50)).await, 410).await.0, "part-deleted");
    let rows = server.app.db.utterances(server.acme.tenant, session, UtteranceOrigin::Device).await.unwrap();
    assert_eq!((rows.len(), removed(&server).await), (0, 1));
    assert_eq!(captions(&server, session).await.as_deref(), Some("WEBVTT\n\n00:01.000 --> 00:02.000\nfirst\n"));
}

/// The files of the database, its log included.
fn in_the_database(server: &Server, word: &str) -> bool {
    let files = fs::read_dir(server.folder.path()).unwrap().map(|file| file.unwrap().path()).filter(|f| f.is_file());
    files.map(|file| fs::read(file).unwrap()).any(|bytes| bytes.windows(word.len()).any(|w| w == word.as_bytes()))
}

#[tokio::test]
async fn deleted_words_are_in_no_byte_of_the_database() {
    let server = Server::start().await;
    let session = server.session().await;
    let said: Vec<_> = (0..200)
        .map(|n| {
            let (start, text) = (f64::from(n) * 0.1, if n % 10 == 5 { "zanzibar" } else { "wrench" });
            json!({ "number": n, "start_seconds": start, "end_seconds": start, "text": format!("turn the {text}") })
        })
        .collect();
    let added = post(&server, session, "utterances", json!({ "utterances": said })).send().await.unwrap();
    assert_eq!(ok(added, 200).await["utterances"], 200);
    assert!(in_the_database(&server, "zanzibar"));
    for n in 0..20 {
        let at = f64::from(n) + 0.45;
        delete(&server, session, at, at + 0.1).await;
    }
    removed(&server).await;
    assert!(!in_the_database(&server, "zanzibar"));
    assert!(in_the_database(&server, "wrench"), "only these");
}

#[tokio::test]
async fn what_was_made_of_the_recording_goes_before_it_is_made_again() {
    let server = Server::start().await;
    let session = server.session().await;
    let (db, worker, now) = (&server.app.db, Uuid::now_v7(), || domain::Clock::now(server.clock.as_ref()));
    for part in [1, 2, 3] {
        assert_eq!(send(&server, session, part, &bytes(50)).await.status(), 201);
    }
    ok(post(&server, session, "stop", json!({ "parts": 3 })).send().await.unwrap(), 200).await;
    let claim = async || db.claim_job(worker, now(), now().plus_seconds(15.0)).await.unwrap();
    let keys = Keys { tenant: server.acme.tenant, session };
    let work = async || {
        for key in [keys.playable("mp4"), keys.poster(), keys.captions(), keys.clip(7, "mp4"), keys.step_result("x")] {
            server.app.objects.put(&key, vec![1].into()).await.unwrap();
        }
    };
    let job = claim().await.unwrap();
    work().await;
    assert!(
        db.approve(&job, worker, &Outcome { summary: Some("s".into()), ..Outcome::default() }, now()).await.unwrap()
    );
    assert_eq!(made(&server, session).await.len(), 5);
    assert_eq!(delete(&server, session, 0.0, 1.0).await, json!([1]));
    assert_eq!(made(&server, session).await, [""; 0]);
    assert_eq!(server.show(session).await["phase"], "processing");

    // The next one while it is being made again: the worker gives way first.
    let job = claim().await.unwrap();
    work().await;
    assert_eq!(delete(&server, session, 2.0, 3.0).await, json!([2]));
    assert_eq!(server.upload_objects().await.len(), 1, "the recording itself goes at once");
    assert_eq!((made(&server, session).await.len(), removed(&server).await), (5, 0));
    assert!(db.retry_job(&job, worker, "a stretch was deleted", now()).await.unwrap());
    assert!(claim().await.is_none());
    assert_eq!(removed(&server).await, 1);
    assert_eq!(made(&server, session).await, [""; 0]);
    assert!(claim().await.is_some());
}

/// A disk that is away while somebody has a stretch deleted.
#[tokio::test]
async fn what_could_not_be_removed_is_removed_later_without_being_asked_again() {
    let server = Server::start().await;
    let session = server.session().await;
    for part in [1, 2] {
        assert_eq!(send(&server, session, part, &bytes(50)).await.status(), 201);
    }
    // One that came in several requests, whose objects stand elsewhere.
    let data = bytes(3 * CHUNK);
    assert_eq!(send(&server, session, 3, &data).await.status(), 201);
    assert_eq!(server.upload_objects().await.len(), 5);
    let folder = server.folder.path().join(format!("objects/tenants/{}/uploads", server.acme.tenant));
    let away = server.folder.path().join("away");
    fs::rename(&folder, &away).unwrap();
    fs::write(&folder, "not a folder").unwrap();
    assert_eq!(delete(&server, session, 2.0, 6.0).await, json!([2, 3]));
    assert_eq!(removed(&server).await, 0);
    server.clock.advance(60.0);
    assert_eq!(removed(&server).await, 0, "the disk is still away");
    fs::remove_file(&folder).unwrap();
    fs::rename(&away, &folder).unwrap();
    assert_eq!(server.upload_objects().await.len(), 5);
    server.clock.advance(60.0);
    assert_eq!(removed(&server).await, 1);
    assert_eq!(server.upload_objects().await.len(), 1);
    assert_eq!(removed(&server).await, 0);

    // What a request that was under way then has left is found, too.
    let url = parts(&server, session).await[1]["url"].as_str().unwrap().to_owned();
    let id = url.rsplit('/').next().unwrap();
    let late = format!("tenants/{}/uploads/{id}/00000000000000000000-late", server.acme.tenant);
    server.app.objects.put(&late, vec![1].into()).await.unwrap();
    server.clock.advance(1000.0);
    assert_eq!((removed(&server).await, server.upload_objects().await.len()), (1, 1));
    let part = send(&server, session, 1, &bytes(50)).await;
    assert_eq!((part.status().as_u16(), text(part.headers(), "upload-offset")), (201, "50".into()));
}
