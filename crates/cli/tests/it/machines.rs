//! Past one machine: PostgreSQL, S3, a server that does not work, and workers that die.

use crate::support::{Dashboard, Outcome, Place, captions, sample, until};
use reqwest::{StatusCode, header};
use storage::{
    Db,
    objects::{Objects, S3Settings},
};
use testkit::{Postgres, S3};

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn two_workers_share_the_sessions_and_one_of_them_dies() {
    let Some(postgres) = Postgres::start() else { return };
    let (s3, url) = (S3::start(), postgres.url());
    let place = || {
        Place::new()
            .set("DATABASE__URL", &url)
            .set("OBJECTS__ENDPOINT", &s3.endpoint)
            .set("OBJECTS__BUCKET", &s3.bucket)
            .set("OBJECTS__ACCESS_KEY", &s3.access_key)
            .set("OBJECTS__SECRET_KEY", &s3.secret_key)
    };
    let front = place().set("SERVER__WORK", "false");
    let server = front.serve().await;
    let tenants = [front.pair("Harbour"), front.pair("Quay")];
    let mut sessions = Vec::new();
    for i in 0..6 {
        let pairing = &tenants[i % 2];
        sessions.push((pairing, pairing.at(&server).record(&sample(), Some(&captions())).await));
    }

    let (mortal, survivor) = (place(), place());
    let (doomed, worker) = (mortal.work().await, survivor.work().await);
    until("both workers are at it", async || {
        let begun = async |(pairing, session): &(&crate::support::Pairing, _)| {
            let state = pairing.at(&server).state(*session).await;
            state["phase"] == "done" || state["progress"]["text"].as_str().unwrap().contains("observing")
        };
        let mut at_work = 0;
        for session in &sessions {
            at_work += u32::from(begun(session).await);
        }
        (at_work >= 2).then_some(())
    })
    .await;
    doomed.kill();
    // What it was sending just then is never finished; on a real S3 a rule of the bucket removes it.
    let abandoned = s3.unfinished_parts();
    for (pairing, session) in &sessions {
        let state = pairing.at(&server).done(*session).await;
        assert_eq!(state["status"], "completed", "{state}");
    }
    let log = worker.stop();
    assert!(log.contains("took back the jobs of a worker that died"), "{log}");
    survivor.is_tidy();

    // What one machine makes of it.
    let alone = Place::new();
    let pairing = alone.pair("Alone");
    let single = alone.serve().await;
    let device = pairing.at(&single);
    let session = device.record(&sample(), Some(&captions())).await;
    device.done(session).await;
    single.stop();
    let expected = Outcome::on_disk(&alone.data(), pairing.tenant, session).await;

    testkit::install_tls();
    let db = Db::open_postgres(&url).await.unwrap();
    let objects = Objects::s3(&S3Settings {
        endpoint: Some(s3.endpoint.clone()),
        bucket: s3.bucket.clone(),
        region: s3.region.clone(),
        access_key: s3.access_key.clone(),
        secret_key: s3.secret_key.clone().into(),
        allow_http: true,
        path_style: true,
    })
    .unwrap();
    for (pairing, session) in &sessions {
        assert_eq!(Outcome::read(&db, &objects, pairing.tenant, *session).await, expected);
        let jobs = db.jobs(pairing.tenant, *session).await.unwrap();
        assert_eq!(jobs.len(), 1, "{jobs:?}");
    }
    let left = s3.unfinished_parts();
    assert!(left.iter().all(|part| abandoned.contains(part)), "{left:?}");

    // The server gives out what the workers stored.
    let dashboard = Dashboard::sign_in(&server, &tenants[0]).await;
    let page = dashboard.page(&format!("/sessions/{}", sessions[0].1)).await;
    let media = dashboard.media(&page);
    let video = media.iter().find(|a| a.contains("kind=mp4")).unwrap_or_else(|| panic!("no video on {page}"));
    let client = reqwest::Client::new();
    let answer = client.get(video).header(header::RANGE, "bytes=4-11").send().await.unwrap();
    assert_eq!(answer.status(), StatusCode::PARTIAL_CONTENT);
    assert!(answer.headers()[header::CONTENT_RANGE].to_str().unwrap().starts_with("bytes 4-11/"));
    assert_eq!(&answer.bytes().await.unwrap()[..4], b"ftyp");
    // The other tenant does not see it.
    let other = Dashboard::sign_in(&server, &tenants[1]).await;
    assert!(!other.page("/sessions").await.contains(&sessions[0].1.to_string()));
    server.stop();
}
