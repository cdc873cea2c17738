//! Creating an upload: lengths, names, and creating again.

use crate::support::{LIMIT, Server, bytes, problem, status, text};
use base64::{Engine, engine::general_purpose::STANDARD};
use rstest::rstest;

#[tokio::test]
async fn a_new_upload_says_where_it_is_and_until_when() {
    let server = Server::start().await;
    let session = server.session().await;
    let answer = server.create(session).header("Upload-Length", 10).send().await.unwrap();
    assert_eq!(answer.status(), 201);
    let url = text(answer.headers(), "location");
    assert!(url.starts_with("/api/v1/uploads/"), "{url}");
    assert_eq!(text(answer.headers(), "upload-expires"), "Sat, 28 Nov 2026 10:04:00 GMT");
    let head = server.tus("HEAD", &url).send().await.unwrap();
    assert_eq!(text(head.headers(), "upload-offset"), "0");
    assert_eq!(text(head.headers(), "upload-length"), "10");
    assert_eq!(text(head.headers(), "cache-control"), "no-store");
}

#[rstest]
#[case(&[], 400)]
#[case(&[("Upload-Length", "-1")], 400)]
#[case(&[("Upload-Length", "many")], 400)]
#[case(&[("Upload-Length", "18446744073709551615")], 400)]
#[case(&[("Upload-Length", "1"), ("Upload-Defer-Length", "1")], 400)]
#[case(&[("Upload-Defer-Length", "2")], 400)]
#[case(&[("Upload-Length", "1"), ("Upload-Metadata", "filename not*base64")], 400)]
#[case(&[("Upload-Length", "41943041")], 413)]
#[tokio::test]
async fn an_impossible_upload_is_refused(#[case] headers: &[(&str, &str)], #[case] status: u16) {
    let server = Server::start().await;
    let session = server.session().await;
    let request = headers.iter().fold(server.create(session), |request, (name, value)| request.header(*name, *value));
    let answer = request.send().await.unwrap();
    if status == 413 {
        assert_eq!(text(answer.headers(), "tus-max-size"), LIMIT.to_string());
    }
    problem(answer, status).await;
    assert_eq!(server.app.db.upload_of(server.acme.tenant, session, 1).await.unwrap(), None);
}

#[tokio::test]
async fn a_device_that_lost_the_address_goes_on() {
    let server = Server::start().await;
    let (session, url) = server.upload(100).await;
    assert_eq!(status(server.patch(&url, 0, vec![1; 40])).await, 204);
    for (name, value) in [("Upload-Length", 100), ("Upload-Defer-Length", 1)] {
        let again = server.create(session).header(name, value).send().await.unwrap();
        assert_eq!(again.status(), 201);
        assert_eq!(text(again.headers(), "location"), url);
        assert_eq!(text(again.headers(), "upload-offset"), "40");
    }
    let other = server.create(session).header("Upload-Length", 101).send().await.unwrap();
    assert_eq!(text(other.headers(), "location"), url);
    assert_eq!(problem(other, 409).await.0, "upload-exists");

    assert_eq!(status(server.patch(&url, 40, vec![1; 60])).await, 204);
    let late = server.create(session).header("Upload-Length", 100).send().await.unwrap();
    assert_eq!(text(late.headers(), "location"), url);
    problem(late, 409).await;
}

#[tokio::test]
async fn a_length_that_is_known_at_the_second_try_is_taken() {
    let server = Server::start().await;
    let session = server.session().await;
    let create = |name: &'static str, value: u64| server.create(session).header(name, value).send();
    let url = text(create("Upload-Defer-Length", 1).await.unwrap().headers(), "location");
    assert_eq!(status(server.patch(&url, 0, vec![1; 40])).await, 204);
    problem(create("Upload-Length", 39).await.unwrap(), 409).await;
    assert_eq!(create("Upload-Length", 50).await.unwrap().status(), 201);
    assert_eq!(status(server.patch(&url, 40, vec![1; 10])).await, 204);
    assert_eq!(server.show(session).await["arrived"]["complete"], 1);
}

#[tokio::test]
async fn two_creations_at_once_are_one_upload() {
    let server = Server::start().await;
    let session = server.session().await;
    let create = || server.create(session).header("Upload-Length", 10).send();
    let (a, b) = tokio::join!(create(), create());
    let (a, b) = (a.unwrap(), b.unwrap());
    assert_eq!((a.status().as_u16(), b.status().as_u16()), (201, 201));
    assert_eq!(text(a.headers(), "location"), text(b.headers(), "location"));
}

#[tokio::test]
async fn bytes_can_come_along() {
    let server = Server::start().await;
    let session = server.session().await;
    let data = bytes(100_000);
    let create = |data: Vec<u8>| {
        let request = server.create(session).header("Upload-Length", 150_000);
        request.header("Content-Type", "application/offset+octet-stream").body(data).send()
    };
    let answer = create(data.clone()).await.unwrap();
    assert_eq!(answer.status(), 201);
    assert_eq!(text(answer.headers(), "upload-offset"), "100000");
    let url = text(answer.headers(), "location");
    assert!(server.kept(&url).await == data);
    // Sent again after its answer was lost: nothing is kept twice.
    let again = create(data.clone()).await.unwrap();
    assert_eq!((again.status().as_u16(), text(again.headers(), "upload-offset").as_str()), (201, "100000"));
    assert!(server.kept(&url).await == data);
}

#[tokio::test]
async fn nothing_to_upload_is_complete_at_once() {
    let server = Server::start().await;
    let (session, url) = server.upload(0).await;
    assert_eq!(server.offset(&url).await, 0);
    assert_eq!(server.show(session).await["arrived"]["complete"], 1);
    assert_eq!(status(server.patch(&url, 0, "")).await, 204);
}

#[tokio::test]
async fn a_hostile_file_name_is_a_name_and_nothing_more() {
    let server = Server::start().await;
    let session = server.session().await;
    let name = format!("../../../etc/cron.d/{}\r\nX-Evil: 1\n.mp4", "x".repeat(300));
    let metadata = format!("filename {},filetype {}", STANDARD.encode(&name), STANDARD.encode("text/html\r\n<script>"));
    let create = server.create(session).header("Upload-Length", 3).header("Upload-Metadata", metadata);
    let url = text(create.send().await.unwrap().headers(), "location");
    assert_eq!(status(server.patch(&url, 0, "abc")).await, 204);
    let upload = server.app.db.upload_of(server.acme.tenant, session, 1).await.unwrap().unwrap();
    assert_eq!(upload.filename.chars().count(), 120);
    assert!(upload.filename.starts_with("xxx") && upload.filename.ends_with(".mp4"), "{}", upload.filename);
    assert_eq!(upload.content_type, "application/octet-stream");
    for key in server.app.objects.list("").await.unwrap() {
        assert!(key.starts_with("tenants/") && !key.contains("xxx"), "{key}");
    }
    let head = server.tus("HEAD", &url).send().await.unwrap();
    assert_eq!(head.headers().get("x-evil"), None);
}
