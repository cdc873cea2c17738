//! Fetching and verifying models, from a local server that misbehaves in every way and from a folder.

#![allow(clippy::unwrap_used)]

use aws_lc_rs::digest;
use inference::models::{self, Address, Fetch, Model, ModelError, ModelFile, Progress, Purpose, State};
use std::{
    path::Path,
    sync::{Arc, Mutex},
    time::Duration,
};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::{TcpListener, TcpStream},
};

/// What the server does with one request; the last one holds for all that follow.
#[derive(Clone, Copy, Debug)]
enum Act {
    /// Answers as it should, ranges included.
    Serve,
    /// As `Serve`, but the connection ends after this many bytes of the body.
    Cut(usize),
    /// Sends the whole file whatever range is asked for.
    IgnoreRange,
    /// Sends other bytes, as many as there should be.
    Garble,
    /// Sends a file of another length.
    Other,
    /// Answers with this status.
    Status(u16),
    /// A page of a proxy that wants a login.
    Page,
}

struct Server {
    address: String,
    /// The `Range` headers of all requests so far, empty where there was none.
    asked: Arc<Mutex<Vec<String>>>,
}

impl Server {
    async fn start(content: &[u8], acts: &[Act]) -> Self {
        testkit::install_tls();
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = format!("http://{}/models", listener.local_addr().unwrap());
        let asked = Arc::<Mutex<Vec<String>>>::default();
        let (content, acts, log) = (content.to_vec(), acts.to_vec(), asked.clone());
        tokio::spawn(async move {
            for turn in 0.. {
                let (mut stream, _) = listener.accept().await.unwrap();
                let range = head(&mut stream).await;
                log.lock().unwrap().push(range.clone());
                let act = acts[turn.min(acts.len() - 1)];
                // A client that has heard enough hangs up.
                let _ = answer(&mut stream, act, &range, &content).await;
            }
        });
        Self { address, asked }
    }

    fn asked(&self) -> Vec<String> {
        self.asked.lock().unwrap().clone()
    }
}

async fn head(stream: &mut TcpStream) -> String {
    let mut head = Vec::new();
    while !head.ends_with(b"\r\n\r\n") {
        head.push(stream.read_u8().await.unwrap());
    }
    let head = String::from_utf8(head).unwrap().to_lowercase();
    head.lines().find_map(|line| line.strip_prefix("range: ")).unwrap_or_default().to_owned()
}

async fn answer(stream: &mut TcpStream, act: Act, range: &str, content: &[u8]) -> std::io::Result<()> {
    let total = content.len();
    let from = range.strip_prefix("bytes=").and_then(|text| text.trim_end_matches('-').parse::<usize>().ok());
    let (status, kind, body): (String, &str, Vec<u8>) = match act {
        Act::Status(code) => (format!("{code} so"), "text/plain", b"no".into()),
        Act::Page => ("200 OK".into(), "text/html; charset=utf-8", b"<html>sign in".into()),
        Act::Garble => ("200 OK".into(), "application/octet-stream", vec![7; total]),
        Act::Other => ("200 OK".into(), "application/octet-stream", vec![7; total / 2]),
        Act::IgnoreRange => ("200 OK".into(), "application/octet-stream", content.to_vec()),
        Act::Serve | Act::Cut(_) => match from {
            Some(from) if from >= total => ("416 no".into(), "text/plain", Vec::new()),
            Some(from) => {
                let extra = format!("206 part\r\ncontent-range: bytes {from}-{}/{total}", total - 1);
                (extra, "application/octet-stream", content[from..].to_vec())
            }
            None => ("200 OK".into(), "application/octet-stream", content.to_vec()),
        },
    };
    let head = format!(
        "HTTP/1.1 {status}\r\ncontent-type: {kind}\r\ncontent-length: {}\r\nconnection: close\r\n\r\n",
        body.len()
    );
    stream.write_all(head.as_bytes()).await?;
    let sent = if let Act::Cut(bytes) = act { &body[..bytes.min(body.len())] } else { &body[..] };
    stream.write_all(sent).await?;
    stream.shutdown().await
}

fn content() -> Vec<u8> {
    (0..300_000_u32).map(|i| (i.wrapping_mul(2_654_435_761) >> 13) as u8).collect()
}

fn sha256(bytes: &[u8]) -> String {
    digest::digest(&digest::SHA256, bytes).as_ref().iter().map(|byte| format!("{byte:02x}")).collect()
}

/// A model of one file with this content.
fn model(content: &[u8]) -> Model {
    model_of(&[("toy.bin", content)])
}

fn model_of(files: &[(&str, &[u8])]) -> Model {
    let file = |&(name, bytes): &(&str, &[u8])| ModelFile {
        name: name.into(),
        bytes: Some(bytes.len() as u64),
        sha256: sha256(bytes),
    };
    Model {
        name: "toy".into(),
        purpose: Purpose::Speech,
        about: String::new(),
        licence: "MIT".into(),
        repository: "some/where".into(),
        revision: "0".into(),
        files: files.iter().map(file).collect(),
    }
}

async fn fetch(model: &Model, folder: &Path, address: &str) -> Result<(), ModelError> {
    testkit::install_tls();
    let address = Address::parse(address).unwrap();
    let fetch = Fetch { attempts: 2, pause: Duration::from_millis(1), ..Fetch::new(folder, address) };
    fetch.run(model, None, &mut |_| ()).await
}

#[tokio::test]
async fn a_fetched_model_is_verified_and_stays_so_until_a_byte_changes() {
    let (content, folder) = (content(), tempfile::tempdir().unwrap());
    let (model, server) = (model(&content), Server::start(&content, &[Act::Serve]).await);
    assert_eq!(models::state(&model, folder.path()), State::Absent);
    let mut seen: Vec<Progress> = Vec::new();
    let fetcher = Fetch::new(folder.path(), Address::parse(&server.address).unwrap());
    fetcher.run(&model, None, &mut |progress| seen.push(progress.clone())).await.unwrap();

    let path = folder.path().join("toy.bin");
    assert!(std::fs::read(&path).unwrap() == content);
    assert_eq!(models::state(&model, folder.path()), State::Noted(300_000));
    assert_eq!(models::verify(&model, folder.path()).unwrap(), 300_000);
    assert!(seen.windows(2).all(|pair| pair[0].done <= pair[1].done), "{seen:?}");
    assert_eq!(seen.last().map(|p| (p.done, p.total)), Some((300_000, Some(300_000))));

    // Once more: nothing is asked for.
    fetcher.run(&model, None, &mut |_| ()).await.unwrap();
    assert_eq!(server.asked().len(), 1);

    let mut bytes = content;
    bytes[1000] ^= 1;
    std::fs::write(&path, bytes).unwrap();
    let damaged = models::verify(&model, folder.path()).unwrap_err();
    assert!(damaged.to_string().contains("trainar models fetch toy"), "{damaged}");
}

#[tokio::test]
async fn a_cut_connection_goes_on_where_it_was() {
    let (content, folder) = (content(), tempfile::tempdir().unwrap());
    let server = Server::start(&content, &[Act::Cut(100_000), Act::Cut(50_000), Act::Serve]).await;
    fetch(&model(&content), folder.path(), &server.address).await.unwrap();
    assert!(std::fs::read(folder.path().join("toy.bin")).unwrap() == content);
    let asked = server.asked();
    let from: Vec<u64> =
        asked.iter().map(|range| range.trim_matches(|c: char| !c.is_ascii_digit()).parse().unwrap_or(0)).collect();
    // What was sent before the cut has arrived, or most of it; nothing was asked for twice.
    assert!(from.len() == 3 && from[0] == 0 && from[0] < from[1] && from[1] < from[2], "{asked:?}");
    assert!(from[1] <= 100_000 && from[2] <= 150_000, "{asked:?}");
}

#[tokio::test]
async fn a_dead_server_leaves_what_came_and_the_next_run_goes_on() {
    let (content, folder) = (content(), tempfile::tempdir().unwrap());
    let model = model(&content);
    let dying = Server::start(&content, &[Act::Cut(100_000), Act::Cut(0)]).await;
    let error = fetch(&model, folder.path(), &dying.address).await.unwrap_err();
    let ModelError::Broken { kept, .. } = &error else { panic!("{error}") };
    assert!(*kept > 0 && error.to_string().contains("run the same command again"), "{error}");
    assert_eq!(models::state(&model, folder.path()), State::Partial(*kept));
    assert!(!folder.path().join("toy.bin").exists());

    let alive = Server::start(&content, &[Act::Serve]).await;
    fetch(&model, folder.path(), &alive.address).await.unwrap();
    assert_eq!(alive.asked(), [format!("bytes={kept}-")]);
    assert!(std::fs::read(folder.path().join("toy.bin")).unwrap() == content);
}

#[tokio::test]
async fn a_server_without_ranges_is_read_from_the_start() {
    let (content, folder) = (content(), tempfile::tempdir().unwrap());
    std::fs::write(folder.path().join("toy.bin.part"), &content[..1234]).unwrap();
    let server = Server::start(&content, &[Act::IgnoreRange]).await;
    fetch(&model(&content), folder.path(), &server.address).await.unwrap();
    assert_eq!(server.asked(), ["bytes=1234-"]);
    assert!(std::fs::read(folder.path().join("toy.bin")).unwrap() == content);
}

#[tokio::test]
async fn wrong_bytes_are_thrown_away() {
    let (content, folder) = (content(), tempfile::tempdir().unwrap());
    let model = model(&content);
    let part = folder.path().join("toy.bin.part");
    let server = Server::start(&content, &[Act::Garble, Act::Serve]).await;
    let error = fetch(&model, folder.path(), &server.address).await.unwrap_err();
    assert!(matches!(error, ModelError::WrongChecksum { .. }), "{error}");
    assert!(!part.exists() && !folder.path().join("toy.bin").exists());
    assert_eq!(models::state(&model, folder.path()), State::Absent);

    // A partial file of something else spoils one run and no more.
    std::fs::write(&part, vec![9; 5000]).unwrap();
    let error = fetch(&model, folder.path(), &server.address).await.unwrap_err();
    assert!(matches!(error, ModelError::WrongChecksum { .. }), "{error}");
    fetch(&model, folder.path(), &server.address).await.unwrap();
}

#[tokio::test]
async fn a_partial_file_longer_than_the_model_begins_anew() {
    let (content, folder) = (content(), tempfile::tempdir().unwrap());
    std::fs::write(folder.path().join("toy.bin.part"), vec![9; 400_000]).unwrap();
    let server = Server::start(&content, &[Act::Serve]).await;
    fetch(&model(&content), folder.path(), &server.address).await.unwrap();
    assert_eq!(server.asked(), ["bytes=400000-", ""]);
}

#[tokio::test]
async fn what_is_no_model_is_told_and_what_was_kept_stays() {
    let (content, folder) = (content(), tempfile::tempdir().unwrap());
    let model = model(&content);
    let part = folder.path().join("toy.bin.part");
    for (act, what) in [
        (Act::Status(404), "no such file (404"),
        (Act::Status(403), "answers 403"),
        (Act::Status(503), "answers 503"),
        (Act::Page, "a web page"),
        (Act::Other, "offers 150000 bytes, but the model has 300000"),
    ] {
        std::fs::write(&part, &content[..2000]).unwrap();
        let server = Server::start(&content, &[act]).await;
        let error = fetch(&model, folder.path(), &server.address).await.unwrap_err().to_string();
        assert!(error.contains(what), "{error}");
        assert!(!folder.path().join("toy.bin").exists(), "{act:?}");
        if !matches!(act, Act::Other) {
            assert_eq!(std::fs::read(&part).unwrap(), &content[..2000], "{act:?}");
        }
    }
}

#[tokio::test]
async fn nobody_listening_says_so() {
    let folder = tempfile::tempdir().unwrap();
    let error = fetch(&model(b"x"), folder.path(), "http://127.0.0.1:1/models").await.unwrap_err();
    assert!(matches!(error, ModelError::Broken { .. }) && error.to_string().contains("127.0.0.1:1"), "{error}");
}

#[tokio::test]
async fn a_folder_is_a_source_and_a_missing_file_in_it_is_told() {
    let (content, source, folder) = (content(), tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    let model = model_of(&[("a.json", b"{}"), ("b.bin", &content)]);
    let from = source.path().join("toy");
    std::fs::create_dir(&from).unwrap();
    std::fs::write(from.join("a.json"), b"{}").unwrap();
    let address = format!("file://{}", source.path().display());

    let error = fetch(&model, folder.path(), &address).await.unwrap_err();
    assert!(matches!(error, ModelError::NotThere { .. }), "{error}");
    assert_eq!(models::state(&model, folder.path()), State::Partial(2));

    std::fs::write(from.join("b.bin"), &content).unwrap();
    std::fs::write(folder.path().join("toy/b.bin.part"), &content[..777]).unwrap();
    fetch(&model, folder.path(), &address).await.unwrap();
    assert_eq!(models::state(&model, folder.path()), State::Noted(300_002));
    assert!(std::fs::read(folder.path().join("toy/b.bin")).unwrap() == content);

    // A models folder is laid out as a source is: it serves the next machine.
    let third = tempfile::tempdir().unwrap();
    fetch(&model, third.path(), &folder.path().display().to_string()).await.unwrap();
    assert_eq!(models::verify(&model, third.path()).unwrap(), 300_002);
}

#[tokio::test]
async fn a_given_checksum_goes_before_the_known_one() {
    let (content, folder) = (content(), tempfile::tempdir().unwrap());
    let other = vec![3; 999];
    std::fs::write(folder.path().join("there.bin"), b"x").unwrap();
    let server = Server::start(&other, &[Act::Serve]).await;
    let fetcher = Fetch::new(folder.path(), Address::parse(&server.address).unwrap());
    let model = model(&content);
    for (given, wrong) in [("abc", "64 hexadecimal digits"), (&"0".repeat(64)[..], "thrown away")] {
        let error = fetcher.run(&model, Some(given), &mut |_| ()).await.unwrap_err().to_string();
        assert!(error.contains(wrong), "{error}");
    }
    fetcher.run(&model, Some(&sha256(&other).to_uppercase()), &mut |_| ()).await.unwrap();
    assert_eq!(models::verify(&model, folder.path()).unwrap(), 999, "compared with what was given");
    let many = model_of(&[("a", b"a"), ("b", b"b")]);
    let error = fetcher.run(&many, Some(&"0".repeat(64)), &mut |_| ()).await.unwrap_err();
    assert!(matches!(error, ModelError::ManyFiles { .. }), "{error}");
}

#[tokio::test]
async fn a_file_put_there_by_hand_can_be_verified() {
    let (content, folder) = (content(), tempfile::tempdir().unwrap());
    let model = model(&content);
    std::fs::write(folder.path().join("toy.bin"), &content).unwrap();
    assert_eq!(models::state(&model, folder.path()), State::Unverified(300_000));
    models::verify(&model, folder.path()).unwrap();
    assert_eq!(models::state(&model, folder.path()), State::Noted(300_000));
    let missing = models::verify(&model, &folder.path().join("elsewhere")).unwrap_err();
    assert!(matches!(missing, ModelError::Missing { .. }), "{missing}");
}

#[tokio::test]
async fn two_fetches_of_one_file_do_not_meet() {
    let (content, folder) = (content(), tempfile::tempdir().unwrap());
    let held = std::fs::File::create(folder.path().join("toy.bin.part")).unwrap();
    held.lock().unwrap();
    let server = Server::start(&content, &[Act::Serve]).await;
    let error = fetch(&model(&content), folder.path(), &server.address).await.unwrap_err();
    assert!(matches!(error, ModelError::Busy { .. }), "{error}");
    held.unlock().unwrap();
    fetch(&model(&content), folder.path(), &server.address).await.unwrap();
}

#[test]
fn every_known_model_can_be_told_apart_and_checked() {
    let known = models::known();
    let names: std::collections::BTreeSet<&str> = known.iter().map(|model| model.name.as_str()).collect();
    assert_eq!(names.len(), known.len());
    for file in known.iter().flat_map(|model| &model.files) {
        assert!(
            file.sha256.len() == 64 && file.sha256.bytes().all(|b| b.is_ascii_digit() || (b'a'..=b'f').contains(&b))
        );
        assert!(file.bytes.is_some());
    }
}
