//! A session whose recording comes in parts becomes one recording on the session's clock.

use crate::support::{Dashboard, Device, Place, fragmented_sample};
use base64::{Engine, engine::general_purpose::STANDARD};
use domain::{
    SessionId,
    recording::{Gap, GapKind},
};
use media::sample::{BOILER_SERVICE, script_captions};
use reqwest::{Method, StatusCode};
use serde_json::{Value, json};
use std::fs;
use storage::{Db, db::recordings::UtteranceOrigin};

/// Length of a fragment of the sample in seconds.
pub const FRAGMENT: u64 = 2;
/// The camera is off from here, in seconds on the session's clock, for so long.
pub const PAUSE: (u64, u64) = (50, 30);

/// One part as the device has it.
pub struct Part {
    pub number: u64,
    run: u64,
    pub start: u64,
    seconds: u64,
    bytes: Vec<u8>,
}

/// The header of a fragmented MP4, and its fragments.
fn fragments(file: &[u8]) -> (Vec<u8>, Vec<Vec<u8>>) {
    let (mut header, mut fragments, mut at) = (Vec::new(), Vec::<Vec<u8>>::new(), 0);
    while at < file.len() {
        let size = u32::from_be_bytes(file[at..at + 4].try_into().unwrap()) as usize;
        let (kind, whole) = (&file[at + 4..at + 8], &file[at..at + size]);
        match kind {
            b"moof" => fragments.push(whole.to_vec()),
            b"mdat" => fragments.last_mut().unwrap().extend(whole),
            b"mfra" => {}
            _ => header.extend(whole),
        }
        at += size;
    }
    (header, fragments)
}

/// The sample in two runs with a pause between them, each with its header as a part of its own.
pub fn parts() -> Vec<Part> {
    let (header, fragments) = fragments(&fs::read(fragmented_sample()).unwrap());
    let mut parts = Vec::new();
    let mut add = |run, start, seconds, bytes| {
        let number = parts.len() as u64 + 1;
        parts.push(Part { number, run, start, seconds, bytes });
    };
    let before = (PAUSE.0 / FRAGMENT) as usize;
    for (i, bytes) in fragments.into_iter().enumerate() {
        let (run, shift) = if i < before { (1, 0) } else { (2, PAUSE.1) };
        let start = i as u64 * FRAGMENT + shift;
        if i == 0 || i == before {
            add(run, start, 0, header.clone());
        }
        add(run, start, FRAGMENT, bytes);
    }
    parts
}

/// What is said, at its time on the session's clock.
pub fn said() -> String {
    let (from, length) = (PAUSE.0 as f64, PAUSE.1 as f64);
    let said = BOILER_SERVICE.iter().filter(|line| line.0 < 99.0);
    let said: Vec<_> = said.map(|&(at, text, scene)| (if at < from { at } else { at + length }, text, scene)).collect();
    script_captions(&said)
}

pub async fn send(device: &Device, session: SessionId, part: &Part) {
    let sha256 = crate::support::sha256_of(&part.bytes);
    let metadata = [
        ("part", part.number.to_string()),
        ("run", part.run.to_string()),
        ("start_ms", (part.start * 1000).to_string()),
        ("duration_ms", (part.seconds * 1000).to_string()),
        ("sha256", sha256),
    ];
    let metadata = metadata.map(|(key, value)| format!("{key} {}", STANDARD.encode(value))).join(",");
    let request = device.request(Method::POST, &format!("/api/v1/sessions/{session}/uploads"));
    let request = request.header("Tus-Resumable", "1.0.0").header("Upload-Metadata", metadata);
    let request = request.header("Upload-Length", part.bytes.len());
    let request = request.header("Content-Type", "application/offset+octet-stream").body(part.bytes.clone());
    assert_eq!(request.send().await.unwrap().status(), StatusCode::CREATED);
}

pub async fn post(device: &Device, session: SessionId, what: &str, body: Value) {
    let request = device.request(Method::POST, &format!("/api/v1/sessions/{session}/{what}"));
    let answer = request.json(&body).send().await.unwrap();
    assert!(answer.status().is_success(), "{what}: {}", answer.status());
}

pub async fn gaps(db: &Db, pairing: &crate::support::Pairing, session: SessionId) -> Vec<Gap> {
    db.recording(pairing.tenant, session).await.unwrap().unwrap().media_info.gaps
}

#[tokio::test]
async fn parts_in_any_order_become_one_recording_with_its_gaps() {
    let place = Place::new();
    let pairing = place.pair("Harbour");
    let server = place.serve().await;
    let device = pairing.at(&server);
    let session = device.start().await.id;
    device.captions(session, &said()).await;
    post(&device, session, "pause", json!({ "at_seconds": PAUSE.0 })).await;
    post(&device, session, "resume", json!({ "at_seconds": PAUSE.0 + PAUSE.1 })).await;
    let parts = parts();
    // The newest first, as on a bad network; one never comes.
    let lost = 8;
    for part in parts.iter().rev().filter(|part| part.number != lost) {
        send(&device, session, part).await;
    }
    post(&device, session, "stop", json!({ "parts": parts.len(), "missing": [lost] })).await;
    let state = device.completed(session).await;
    let seconds = state["duration_seconds"].as_f64().unwrap();
    assert!((seconds - 130.0).abs() < 0.5, "{state}");
    assert!(state["procedures"].as_u64().unwrap() >= 2, "{state}");

    let db = Db::open_sqlite(&place.data().join("trainar.db")).await.unwrap();
    let found = gaps(&db, &pairing, session).await;
    let about = |gap: &Gap, kind, from: u64, to: u64| {
        gap.kind == kind && (gap.span.start - from as f64).abs() < 0.3 && (gap.span.end - to as f64).abs() < 0.3
    };
    // Part 1 is the header, so part 8 is the seventh fragment.
    assert!(about(&found[0], GapKind::Missing, 12, 14), "{found:?}");
    assert!(about(&found[1], GapKind::Paused, PAUSE.0, PAUSE.0 + PAUSE.1), "{found:?}");
    assert_eq!(found.len(), 2, "{found:?}");

    // What the device recorded is what the server has, byte for byte.
    let kept = db.parts(pairing.tenant, session).await.unwrap();
    let sent: Vec<_> = parts.iter().filter(|part| part.number != lost).collect();
    assert_eq!(kept.len(), sent.len());
    for (kept, sent) in kept.iter().zip(&sent) {
        assert_eq!((u64::from(kept.number), &kept.sha256), (sent.number, &crate::support::sha256_of(&sent.bytes)));
    }

    // The engineer has a stretch deleted after all: it is processed again without it.
    post(&device, session, "deletions", json!({ "from_seconds": 110.0, "to_seconds": 119.5 })).await;
    let state = device.completed(session).await;
    assert!(state["procedures"].as_u64().unwrap() >= 1, "{state}");
    let found = gaps(&db, &pairing, session).await;
    assert!(about(found.last().unwrap(), GapKind::Deleted, 110, 120), "{found:?}");

    // A part that was thought lost comes a week later.
    send(&device, session, &parts[lost as usize - 1]).await;
    device.completed(session).await;
    let found = gaps(&db, &pairing, session).await;
    assert_eq!(found.iter().filter(|gap| gap.kind == GapKind::Missing).count(), 0, "{found:?}");
    server.stop();
    place.is_tidy();
}

/// A session that began so many seconds ago.
async fn began(device: &Device, seconds_ago: u64) -> SessionId {
    let request = device.request(Method::POST, "/api/v1/sessions").header("Idempotency-Key", format!("{seconds_ago}"));
    let answer = request.json(&json!({ "started_seconds_ago": seconds_ago })).send().await.unwrap();
    let answer: Value = answer.error_for_status().unwrap().json().await.unwrap();
    serde_json::from_value(answer["id"].clone()).unwrap()
}

#[tokio::test]
async fn nothing_is_closed_silently_at_the_edges_and_a_weekend_of_pause_is_no_hindrance() {
    let place = Place::new();
    let pairing = place.pair("Harbour");
    let server = place.serve().await;
    let device = pairing.at(&server);
    let db = Db::open_sqlite(&place.data().join("trainar.db")).await.unwrap();
    let office = Dashboard::sign_in(&server, &pairing).await;
    let mut parts = parts();
    // The header and twelve parts.
    let end = 24;
    parts.truncate(1 + (end / FRAGMENT) as usize);
    let told = async |session| -> Vec<_> {
        let gaps = gaps(&db, &pairing, session).await;
        gaps.iter().map(|gap| (gap.kind, gap.is_at_edge(), gap.length().unwrap().round() as u64)).collect()
    };

    let deleted = began(&device, 100).await;
    for part in &parts {
        send(&device, deleted, part).await;
    }
    post(&device, deleted, "deletions", json!({ "from_seconds": 0, "to_seconds": 4 })).await;
    post(&device, deleted, "deletions", json!({ "from_seconds": end - 8, "to_seconds": end })).await;
    post(&device, deleted, "stop", json!({ "parts": parts.len(), "at_seconds": end })).await;
    device.done(deleted).await;
    assert_eq!(told(deleted).await, [(GapKind::Deleted, true, 4), (GapKind::Deleted, true, 8)]);
    let page = office.page(&format!("/sessions/{deleted}")).await;
    for line in ["Before the start: Deleted by the engineer (4s)", "At the end: Deleted by the engineer (8s)"] {
        assert!(page.contains(line), "{line} is not in {page}");
    }

    let lost = began(&device, 101).await;
    for part in &parts[..9] {
        send(&device, lost, part).await;
    }
    post(&device, lost, "stop", json!({ "parts": 13, "missing": [10, 11, 12, 13], "at_seconds": end })).await;
    device.done(lost).await;
    assert_eq!(told(lost).await, [(GapKind::Missing, true, 8)]);

    let monday = 63 * 3600;
    let weekend = began(&device, monday + 3600).await;
    let said = "00:00:05.000 --> 00:00:08.000\nOn Friday I drain the boiler.\n\n63:00:05.000 --> 63:00:08.000\nOn Monday I fill it.\n";
    device.captions(weekend, &format!("WEBVTT\n\n{said}")).await;
    post(&device, weekend, "pause", json!({ "at_seconds": end })).await;
    post(&device, weekend, "resume", json!({ "at_seconds": monday })).await;
    for part in &parts {
        send(&device, weekend, part).await;
    }
    for part in &mut parts {
        (part.number, part.run, part.start) = (part.number + 13, 2, part.start + monday);
        send(&device, weekend, part).await;
    }
    post(&device, weekend, "stop", json!({ "parts": 26, "at_seconds": monday + end })).await;
    let state = device.done(weekend).await;
    let seconds = state["duration_seconds"].as_f64().unwrap();
    assert!((seconds - 648.0).abs() < 0.5, "{state}");
    assert_eq!(told(weekend).await, [(GapKind::Paused, false, monday - end)]);
    assert!(office.page(&format!("/sessions/{weekend}")).await.contains("Paused (62h 59m)"));
    let words = db.utterances(pairing.tenant, weekend, UtteranceOrigin::Pipeline).await.unwrap();
    let starts: Vec<_> = words.iter().map(|u| u.start.round()).collect();
    assert_eq!(starts, [5.0, 629.0], "{words:?}");
    server.stop();
    place.is_tidy();
}
