//! What goes wrong in the field: connections that break, two writers at once, a full disk.

use crate::support::{CHUNK, Server, bytes, problem, status, until};
use std::{path::Path, process::Command};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpStream,
};

/// Begins a `PATCH` of `length` bytes by hand.
async fn begin(server: &Server, url: &str, offset: u64, length: usize, more: &str) -> TcpStream {
    let mut socket = TcpStream::connect(server.address).await.unwrap();
    let head = format!(
        "PATCH {url} HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {}\r\nTus-Resumable: 1.0.0\r\nUpload-Offset: {offset}\r\n\
         Content-Type: application/offset+octet-stream\r\nContent-Length: {length}\r\nConnection: close\r\n{more}\r\n",
        server.acme.token
    );
    socket.write_all(head.as_bytes()).await.unwrap();
    socket
}

async fn answer(mut socket: TcpStream) -> u16 {
    let mut text = String::new();
    socket.read_to_string(&mut text).await.unwrap();
    text.split(' ').nth(1).unwrap().parse().unwrap()
}

#[tokio::test]
async fn a_connection_that_closes_early_loses_nothing() {
    let server = Server::start().await;
    let data = bytes(20 * CHUNK);
    let (_, url) = server.upload(data.len() as u64).await;
    let mut sent = 0;
    // Some less than one piece, none of them whole pieces.
    for cut in [CHUNK / 2, 3 * CHUNK + 77, 5 * CHUNK + 1, 9 * CHUNK] {
        let mut socket = begin(&server, &url, sent as u64, data.len() - sent, "").await;
        socket.write_all(&data[sent..cut]).await.unwrap();
        drop(socket);
        until("what came is kept", async || server.offset(&url).await == cut as u64).await;
        sent = cut;
    }
    assert_eq!(status(server.patch(&url, sent as u64, data[sent..].to_vec())).await, 204);
    assert!(server.kept(&url).await == data);
}

#[tokio::test]
async fn a_connection_that_is_reset_loses_nothing_that_was_read() {
    let server = Server::start().await;
    let data = bytes(20 * CHUNK);
    let (_, url) = server.upload(data.len() as u64).await;
    let mut socket = begin(&server, &url, 0, data.len(), "").await;
    socket.write_all(&data[..5 * CHUNK + 77]).await.unwrap();
    until("whole pieces are kept", async || server.offset(&url).await >= 5 * CHUNK as u64).await;
    socket.set_zero_linger().unwrap();
    drop(socket);
    // As a client does: ask, go on, and ask again when the server was about to keep more.
    until("the rest arrives", async || {
        let from = server.offset(&url).await;
        status(server.patch(&url, from, data[from as usize..].to_vec())).await == 204
    })
    .await;
    assert!(server.kept(&url).await == data);
}

#[tokio::test]
async fn a_cut_body_with_a_checksum_leaves_nothing() {
    let server = Server::start().await;
    let (_, url) = server.upload(100).await;
    let mut socket = begin(&server, &url, 0, 100, "Upload-Checksum: sha1 AAAAAAAAAAAAAAAAAAAAAAAAAAA=\r\n").await;
    socket.write_all(&[1; 60]).await.unwrap();
    socket.shutdown().await.unwrap();
    assert_eq!(answer(socket).await, 400);
    assert_eq!(server.offset(&url).await, 0);
    assert_eq!(server.upload_objects().await, Vec::<String>::new());
}

/// A lost device is shut out at once, also in the middle of a request.
#[tokio::test]
async fn a_device_that_is_revoked_while_it_sends_is_cut_off() {
    let server = Server::start().await;
    let data = bytes(20 * CHUNK);
    let (_, url) = server.upload(data.len() as u64).await;
    let mut socket = begin(&server, &url, 0, data.len(), "").await;
    socket.write_all(&data[..2 * CHUNK + 77]).await.unwrap();
    until("whole pieces are kept", async || server.offset(&url).await == 2 * CHUNK as u64).await;
    let small = server.session().await;
    let path = format!("/api/v1/sessions/{small}/uploads");
    let mut other = TcpStream::connect(server.address).await.unwrap();
    let head = format!(
        "POST {path} HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {}\r\nTus-Resumable: 1.0.0\r\nUpload-Length: 99\r\n\
         Content-Type: application/offset+octet-stream\r\nContent-Length: 99\r\nConnection: close\r\n\r\n",
        server.acme.token
    );
    other.write_all(head.as_bytes()).await.unwrap();
    other.write_all(&[1; 60]).await.unwrap();
    let (db, tenant) = (&server.app.db, server.acme.tenant);
    let seats = db.seat_overviews(tenant, server.app.clock.now()).await.unwrap();
    let device = seats[0].devices[0].device.id;
    assert!(db.revoke_device(tenant, device, server.app.clock.now()).await.unwrap().is_some());
    assert_eq!((answer(socket).await, answer(other).await), (401, 401));
    let id = url.rsplit('/').next().unwrap().parse().unwrap();
    let kept = db.upload(tenant, id).await.unwrap().unwrap();
    assert_eq!(kept.received, 2 * CHUNK as u64 + 77, "what had arrived is kept");
    assert_eq!(db.uploads_of(tenant, small).await.unwrap(), []);
}

#[tokio::test]
async fn of_two_writers_at_one_place_one_wins() {
    let server = Server::start().await;
    let (_, url) = server.upload(1000).await;
    let mut one = begin(&server, &url, 0, 1000, "").await;
    let mut two = begin(&server, &url, 0, 1000, "").await;
    one.write_all(&[1; 999]).await.unwrap();
    two.write_all(&[2; 999]).await.unwrap();
    one.write_all(&[1]).await.unwrap();
    let first = answer(one).await;
    two.write_all(&[2]).await.unwrap();
    let second = answer(two).await;
    assert_eq!((first, second), (204, 409));
    assert_eq!(server.kept(&url).await, vec![1; 1000]);
    assert_eq!(server.upload_objects().await.len(), 1, "the loser's object is removed");
}

#[tokio::test]
async fn many_who_upload_the_same_at_once_make_one_recording() {
    let server = std::sync::Arc::new(Server::start().await);
    let data = std::sync::Arc::new(bytes(10 * CHUNK));
    let (_, url) = server.upload(data.len() as u64).await;
    let clients = (0..4).map(|_| {
        let (server, data, url) = (server.clone(), data.clone(), url.clone());
        tokio::spawn(async move {
            loop {
                let from = server.offset(&url).await as usize;
                if from == data.len() {
                    return;
                }
                let to = data.len().min(from + 2 * CHUNK + 5);
                let answer = server.patch(&url, from as u64, data[from..to].to_vec()).send().await.unwrap();
                assert!([204, 409].contains(&answer.status().as_u16()), "{}", answer.status());
            }
        })
    });
    for client in clients.collect::<Vec<_>>() {
        client.await.unwrap();
    }
    assert!(server.kept(&url).await == *data);
    let id = url.rsplit('/').next().unwrap().parse().unwrap();
    let chunks = server.app.db.chunks(server.acme.tenant, id).await.unwrap();
    assert_eq!(server.upload_objects().await.len(), chunks.len(), "no object without a row");
}

#[tokio::test]
async fn a_full_disk_keeps_what_it_can_and_says_so() {
    let disk = tempfile::tempdir().unwrap();
    let Some(_mounted) = SmallDisk::mount(disk.path()) else {
        return testkit::skip("a small disk can't be mounted here (needs root and tmpfs)");
    };
    let server = Server::over(tempfile::tempdir().unwrap(), disk.path()).await;
    let ballast = disk.path().join("ballast");
    std::fs::write(&ballast, vec![0; 1 << 20]).unwrap();
    let data = bytes(28 * CHUNK);
    let (_, url) = server.upload(data.len() as u64).await;
    let answer = server.patch(&url, 0, data.clone()).send().await.unwrap();
    assert!(answer.headers().contains_key("retry-after"));
    assert_eq!(problem(answer, 507).await.0, "storage-full");
    let kept = server.offset(&url).await;
    assert!(kept > 0 && kept < data.len() as u64, "{kept}");
    assert!(server.kept(&url).await == data[..kept as usize]);

    std::fs::remove_file(ballast).unwrap();
    assert_eq!(status(server.patch(&url, kept, data[kept as usize..].to_vec())).await, 204);
    assert!(server.kept(&url).await == data);
}

/// A disk of 2 MiB.
struct SmallDisk<'a>(&'a Path);

impl<'a> SmallDisk<'a> {
    fn mount(at: &'a Path) -> Option<Self> {
        let mount = Command::new("mount").args(["-t", "tmpfs", "-o", "size=2m", "tmpfs"]).arg(at).status();
        mount.is_ok_and(|status| status.success()).then_some(Self(at))
    }
}

impl Drop for SmallDisk<'_> {
    fn drop(&mut self) {
        let _ = Command::new("umount").arg("-l").arg(self.0).status();
    }
}
