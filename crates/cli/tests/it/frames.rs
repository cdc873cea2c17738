//! Camera frames go with the recording of their session, whoever was killed meanwhile.

use crate::support::{Place, Rows, files, until};
use reqwest::{Method, StatusCode};
use std::path::Path;

fn frames(data: &Path) -> usize {
    files(data).iter().filter(|path| path.to_string_lossy().contains("/frames/")).count()
}

#[tokio::test]
async fn a_frame_is_gone_once_its_session_is_over_though_the_server_was_killed() {
    let place = Place::new();
    let pairing = place.pair("Harbour");
    let server = place.serve().await;
    let device = pairing.at(&server);
    let (stopped, silent) = (device.start().await.id, device.start().await.id);
    let jpeg = [&[0xff, 0xd8, 0xff, 0xe0][..], &[7; 5000]].concat();
    let send = async |session, body: Vec<u8>| {
        let request = device.request(Method::POST, &format!("/api/v1/sessions/{session}/frames"));
        request.header("Content-Type", "image/jpeg").body(body).send().await.unwrap().status()
    };
    assert_eq!(send(stopped, jpeg.clone()).await, StatusCode::CREATED);
    assert_eq!(send(stopped, jpeg.clone()).await, StatusCode::CONFLICT, "at most one a second");
    assert_eq!(send(silent, jpeg.clone()).await, StatusCode::CREATED);
    assert_eq!(send(silent, b"GIF89a".to_vec()).await, StatusCode::UNPROCESSABLE_ENTITY);
    assert_eq!(send(silent, vec![0xff; (2 << 20) + 1]).await, StatusCode::PAYLOAD_TOO_LARGE);
    assert_eq!(frames(&place.data()), 2);
    device.stop(stopped, 0).await;
    until("the frame of the stopped session is gone", async || (frames(&place.data()) == 1).then_some(())).await;
    assert_eq!(send(stopped, jpeg).await, StatusCode::CONFLICT);

    server.kill();
    let mut rows = Rows::open(&place.data()).await;
    // As if the device had been silent for an hour.
    rows.run("UPDATE sessions SET last_heartbeat_at = last_heartbeat_at - 3600000000").await;
    let server = place.serve().await;
    until("the frame of the silent session is gone", async || (frames(&place.data()) == 0).then_some(())).await;
    server.stop();
}
