//! What is erased is in no file of the installation any more, byte for byte, and the record of it can be verified.

use crate::support::{Place, captions, holding, pieces_of_the_recording, sample, until};
use reqwest::{Method, StatusCode};
use serde_json::Value;
use testkit::{Postgres, S3};

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn no_byte_is_left_in_the_bucket_and_the_tables_of_postgresql_either() {
    let Some(postgres) = Postgres::start() else { return };
    let (s3, url) = (S3::start(), postgres.url());
    let place = Place::new()
        .set("DATABASE__URL", &url)
        .set("OBJECTS__ENDPOINT", &s3.endpoint)
        .set("OBJECTS__BUCKET", &s3.bucket)
        .set("OBJECTS__ACCESS_KEY", &s3.access_key)
        .set("OBJECTS__SECRET_KEY", &s3.secret_key);
    let pairing = place.pair("Harbour");
    let server = place.serve().await;
    let device = pairing.at(&server);
    let session = device.record(&sample(), Some(&captions())).await;
    device.completed(session).await;
    let said = vec![b"condensate".to_vec(), b"ignition".to_vec()];
    let left = || [holding(s3.folder(), &said), holding(s3.folder(), &pieces_of_the_recording())].concat();
    assert!(left().len() > 2, "{:?}", left());
    assert!(!holding(&postgres.compact(&url), &said).is_empty());

    let erase = ["erase", "session", "--tenant", "Harbour", &session.to_string(), "--yes"];
    place.json(&erase, "");
    assert_eq!(left(), [""; 0]);
    assert_eq!(holding(&postgres.compact(&url), &said), [""; 0]);
    assert_eq!(holding(&place.data(), &said), [""; 0]);
    server.stop();
}

#[tokio::test]
async fn no_byte_of_an_erased_session_is_left() {
    let place = Place::new();
    let pairing = place.pair("Harbour");
    let server = place.serve().await;
    let device = pairing.at(&server);
    let session = device.record(&sample(), Some(&captions())).await;
    device.completed(session).await;
    // Words of the transcript, in the rows and in every object that was made of them.
    let said = vec![b"condensate".to_vec(), b"ignition".to_vec()];
    assert!(holding(&place.data(), &said).len() > 2);
    assert!(!holding(&place.data(), &pieces_of_the_recording()).is_empty());

    let id = session.to_string();
    let asked = place.run(&["erase", "session", "--tenant", "Harbour", &id]);
    assert!(asked.code == 1 && asked.stderr.contains("--yes"), "{asked}");
    let erased = place.json(&["erase", "session", "--tenant", "Harbour", &id, "--yes"], "");
    assert!(erased["objects"].as_u64() > Some(5), "{erased}");
    let answer = device.request(Method::GET, &format!("/api/v1/sessions/{id}")).send().await.unwrap();
    assert_eq!(answer.status(), StatusCode::NOT_FOUND);
    until("the database's log is empty", async || {
        (holding(&place.data(), &said).is_empty() && holding(&place.data(), &pieces_of_the_recording()).is_empty())
            .then_some(())
    })
    .await;
    server.stop();
    assert_eq!(holding(&place.data(), &said), [""; 0]);
    let again = place.run(&["erase", "session", "--tenant", "Harbour", &id, "--yes"]);
    assert!(again.code == 1 && again.stderr.contains("has no session"), "{again}");

    // The rest goes with the tenant; its records stay.
    place.json(&["erase", "tenant", "--tenant", "Harbour", "--yes"], "");
    assert_eq!(holding(&place.data(), &[b"Harbour".to_vec(), b"harbour@example.com".to_vec()]), [""; 0]);
    let listed = place.run(&["erase", "records", "--tenant", &pairing.tenant.to_string()]);
    assert!(listed.stdout.contains(&id) && listed.stdout.contains("not yet"), "{listed}");
    let record = erased["erasure_id"].as_str().unwrap();
    let early = place.run(&["erase", "records", "--tenant", &pairing.tenant.to_string(), "--print", record]);
    assert!(early.code == 1 && early.stderr.contains("not finished"), "{early}");

    // As if the quarter of an hour was over.
    let mut rows = crate::support::Rows::open(&place.data()).await;
    rows.run("UPDATE erasures SET not_before = 0").await;
    let server = place.serve().await;
    let mut printed = String::new();
    until("the record is signed", async || {
        let ran = place.run(&["erase", "records", "--tenant", &pairing.tenant.to_string(), "--print", record]);
        printed = ran.stdout;
        (ran.code == 0).then_some(())
    })
    .await;
    server.stop();
    let file = place.write("record.json", &printed);
    let verified = place.run(&["erase", "verify", &file.display().to_string()]);
    assert!(verified.code == 0 && verified.stdout.contains(&id), "{verified}");
    let mut forged: Value = serde_json::from_str(&printed).unwrap();
    forged["record"] = forged["record"].as_str().unwrap().replace("\"session\"", "\"user\"").into();
    let file = place.write("forged.json", forged.to_string());
    let refused = place.run(&["erase", "verify", &file.display().to_string()]);
    assert!(refused.code == 2 && refused.stdout.contains("NOT signed"), "{refused}");
}
