//! Objects behave alike in a folder and on an S3 server, and where they cannot, each as it promises.
#![allow(clippy::unwrap_used)]

mod encryption;

use bytes::Bytes;
use futures::TryStreamExt;
use std::{
    path::{Path, PathBuf},
    process::Command,
};
use storage::objects::{ByteStream, ObjectError, Objects, S3Settings};
use testkit::{S3, proxy::Proxy};

/// A store to try something on, with a folder of its own for files.
struct Place {
    name: &'static str,
    objects: Objects,
    folder: tempfile::TempDir,
    s3: Option<S3>,
    encrypted: bool,
}

impl Place {
    /// Where the folder store keeps its files.
    fn root(&self) -> PathBuf {
        self.folder.path().join("objects")
    }

    fn work(&self) -> PathBuf {
        self.folder.path().join("work")
    }

    fn file(&self, name: &str, content: &[u8]) -> PathBuf {
        let path = self.work().join(name);
        std::fs::write(&path, content).unwrap();
        path
    }

    /// What is left in the places where things are half done.
    fn leftovers(&self) -> Vec<String> {
        match &self.s3 {
            Some(s3) => s3.unfinished_parts(),
            None => names(&self.root().join(".staging")),
        }
    }

    async fn read(&self, key: &str) -> Option<Vec<u8>> {
        self.objects.get(key).await.unwrap().map(|bytes| bytes.to_vec())
    }
}

fn disk() -> Place {
    let folder = tempfile::tempdir().unwrap();
    let objects = Objects::disk(&folder.path().join("objects")).unwrap();
    std::fs::create_dir(folder.path().join("work")).unwrap();
    Place { name: "disk", objects, folder, s3: None, encrypted: false }
}

fn s3() -> Place {
    testkit::install_tls();
    let s3 = S3::start();
    let folder = tempfile::tempdir().unwrap();
    std::fs::create_dir(folder.path().join("work")).unwrap();
    Place { name: "s3", objects: Objects::s3(&settings(&s3)).unwrap(), folder, s3: Some(s3), encrypted: false }
}

/// The same place with everything encrypted that is written.
async fn encrypted(place: Place) -> Place {
    let objects = place.objects.encrypted(encryption::keys()).await.unwrap();
    Place { objects, encrypted: true, ..place }
}

fn settings(s3: &S3) -> S3Settings {
    S3Settings {
        endpoint: Some(s3.endpoint.clone()),
        bucket: s3.bucket.clone(),
        region: s3.region.clone(),
        access_key: s3.access_key.clone(),
        secret_key: s3.secret_key.clone().into(),
        allow_http: true,
        path_style: true,
    }
}

/// Runs the same test on both stores, as they are and encrypted.
async fn on_all(test: impl AsyncFn(&Place)) {
    for place in [disk(), s3(), encrypted(disk()).await, encrypted(s3()).await] {
        eprintln!("on {}, encrypted: {}", place.name, place.encrypted);
        test(&place).await;
        assert_eq!(place.leftovers(), Vec::<String>::new(), "{} is left tidy", place.name);
    }
}

fn names(folder: &Path) -> Vec<String> {
    let names = std::fs::read_dir(folder).unwrap();
    names.map(|entry| entry.unwrap().file_name().to_string_lossy().into_owned()).collect()
}

async fn collect(stream: ByteStream) -> Vec<u8> {
    let pieces: Vec<Bytes> = stream.try_collect().await.unwrap();
    pieces.concat()
}

/// Bytes in which no part looks like another.
fn noise(bytes: usize) -> Vec<u8> {
    let mut state = 0x9e37_79b9_7f4a_7c15_u64;
    std::iter::repeat_with(move || {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        state.to_le_bytes()
    })
    .flatten()
    .take(bytes)
    .collect()
}

/// The hash as another program computes it.
fn sha256sum(path: &Path) -> String {
    let output = Command::new("sha256sum").arg(path).output().unwrap();
    String::from_utf8(output.stdout).unwrap()[..64].to_owned()
}

#[tokio::test]
async fn put_get_replace_head_delete() {
    on_all(async |place| {
        let objects = &place.objects;
        assert_eq!(objects.get("a/b.txt").await.unwrap(), None);
        assert_eq!(objects.head("a/b.txt").await.unwrap(), None);
        objects.put("a/b.txt", "one".into()).await.unwrap();
        assert_eq!(place.read("a/b.txt").await.unwrap(), b"one");
        let first = objects.head("a/b.txt").await.unwrap().unwrap();
        assert_eq!(first.bytes, 3);

        objects.put("a/b.txt", "other".into()).await.unwrap();
        assert_eq!(place.read("a/b.txt").await.unwrap(), b"other");
        let second = objects.head("a/b.txt").await.unwrap().unwrap();
        assert_eq!(second.bytes, 5);
        assert_ne!(first.etag.unwrap(), second.etag.unwrap());

        objects.put("a/empty", Bytes::new()).await.unwrap();
        assert_eq!(place.read("a/empty").await.unwrap(), b"");

        objects.delete("a/b.txt").await.unwrap();
        assert_eq!(objects.get("a/b.txt").await.unwrap(), None);
        objects.delete("a/b.txt").await.unwrap();
        objects.check().await.unwrap();
        assert_eq!(objects.list("").await.unwrap(), ["a/empty"]);
    })
    .await;
}

#[tokio::test]
async fn ranges_are_exact() {
    on_all(async |place| {
        let content = noise(1_000_000);
        place.objects.put("v.mp4", content.clone().into()).await.unwrap();
        for (start, end) in [(0, 1), (0, 1_000_000), (999_999, 1_000_000), (123_456, 654_321), (500_000, 9_000_000)] {
            let got = collect(place.objects.get_range("v.mp4", start..end).await.unwrap()).await;
            let end = (end as usize).min(content.len());
            assert!(got == content[start as usize..end], "{start}..{end} on {}", place.name);
        }
        assert!(collect(place.objects.get_range("v.mp4", 7..7).await.unwrap()).await.is_empty());
        let beyond = place.objects.get_range("v.mp4", 1_000_000..1_000_001).await.err().unwrap();
        assert!(matches!(beyond, ObjectError::Other { .. }), "{beyond}");
        for range in [0..1, 0..0] {
            let missing = place.objects.get_range("none.mp4", range).await.err().unwrap();
            assert!(matches!(missing, ObjectError::NotFound { .. }), "{missing}");
        }
    })
    .await;
}

#[tokio::test]
async fn files_are_taken_or_linked() {
    on_all(async |place| {
        // Larger than one part of an upload in parts.
        for content in [noise(10_000_000), b"small".to_vec(), Vec::new()] {
            let path = place.file("linked", &content);
            assert_eq!(place.objects.link_file("x/linked", &path).await.unwrap(), content.len() as u64);
            // Twice does no harm: on disk both are the same file by now.
            assert_eq!(place.objects.link_file("x/linked", &path).await.unwrap(), content.len() as u64);
            assert!(path.exists());
            assert!(place.read("x/linked").await.unwrap() == content);
            assert_eq!(place.objects.put_file("x/linked", &path).await.unwrap(), content.len() as u64);
            assert!(!path.exists());
            assert!(place.read("x/linked").await.unwrap() == content);

            let path = place.file("taken", &content);
            assert_eq!(place.objects.put_file("x/y/taken", &path).await.unwrap(), content.len() as u64);
            assert!(!path.exists());
            assert!(place.read("x/y/taken").await.unwrap() == content);
        }
        let error = place.objects.put_file("x", Path::new("/nowhere")).await.unwrap_err();
        assert!(matches!(error, ObjectError::NotFound { .. }), "{error}");
    })
    .await;
}

#[tokio::test]
async fn what_is_no_plain_file_is_refused() {
    on_all(async |place| {
        let secret = place.file("secret", b"secret");
        let link = place.work().join("link");
        std::os::unix::fs::symlink(&secret, &link).unwrap();
        for path in [&link, &place.work()] {
            assert!(place.objects.put_file("k", path).await.is_err(), "{}", path.display());
            assert!(place.objects.link_file("k", path).await.is_err(), "{}", path.display());
        }
        assert_eq!(place.objects.get("k").await.unwrap(), None);
        assert!(secret.exists());
    })
    .await;
}

#[tokio::test]
async fn a_file_for_a_child_process() {
    on_all(async |place| {
        let content = noise(3_000_000);
        place.objects.put("s/clip.webm", content.clone().into()).await.unwrap();
        assert!(place.objects.local("s/none.webm", &place.work()).await.unwrap().is_none());
        let local = place.objects.local("s/clip.webm", &place.work()).await.unwrap().unwrap();
        assert!(std::fs::read(local.path()).unwrap() == content);
        assert_eq!(local.path().extension().unwrap(), "webm");
        match place.s3 {
            None if !place.encrypted => {
                assert_eq!(local.path(), place.root().canonicalize().unwrap().join("s/clip.webm"), "no copy");
            }
            _ => assert_eq!(names(&place.work()).len(), 1),
        }
        drop(local);
        assert_eq!(names(&place.work()), Vec::<String>::new());
        assert!(place.objects.head("s/clip.webm").await.unwrap().is_some());
    })
    .await;
}

#[tokio::test]
async fn pieces_are_joined() {
    on_all(async |place| {
        // Pieces that are larger and smaller than one part of an upload in parts, and an empty one.
        let content = noise(10_000_000);
        let cuts = [0, 1, 9_000_000, 9_000_000, 9_900_000, 10_000_000];
        let mut keys = Vec::new();
        for (number, cut) in cuts.windows(2).enumerate() {
            let key = format!("up/{number}");
            place.objects.put(&key, content[cut[0]..cut[1]].to_vec().into()).await.unwrap();
            keys.push(key);
        }
        for pieces in [&keys[..], &keys[1..2], &keys[2..3], &keys[2..], &[]] {
            // Twice: the second time over the first.
            for _ in 0..2 {
                let joined = place.objects.join(pieces, "r/recording.webm").await.unwrap();
                let local = place.objects.local("r/recording.webm", &place.work()).await.unwrap().unwrap();
                let written = std::fs::read(local.path()).unwrap();
                let from = pieces.first().map_or(0, |key| cuts[keys.iter().position(|k| k == key).unwrap()]);
                assert!(written == content[from..from + written.len()], "{pieces:?} on {}", place.name);
                assert_eq!(joined.bytes, written.len() as u64);
                assert_eq!(joined.sha256, sha256sum(local.path()));
            }
        }
        assert_eq!(place.objects.list("up").await.unwrap(), keys, "the pieces stay");

        let error = place.objects.join(&["up/0".into(), "up/none".into()], "r/other").await.unwrap_err();
        assert!(matches!(error, ObjectError::NotFound { .. }), "{error}");
        assert_eq!(place.objects.get("r/other").await.unwrap(), None);
        assert!(place.objects.join(&["up/0".into(), "r/x".into()], "r/x").await.is_err(), "not into itself");
    })
    .await;
}

#[tokio::test]
async fn a_single_piece_costs_no_room_on_disk() {
    use std::os::unix::fs::MetadataExt;
    let place = disk();
    place.objects.put("up/0", noise(1_000_000).into()).await.unwrap();
    place.objects.join(&["up/0".into()], "r/recording.mp4").await.unwrap();
    let inode = |key: &str| std::fs::metadata(place.root().join(key)).unwrap().ino();
    assert_eq!(inode("up/0"), inode("r/recording.mp4"));
    place.objects.delete_prefix("up").await.unwrap();
    assert_eq!(place.read("r/recording.mp4").await.unwrap().len(), 1_000_000);
}

#[tokio::test]
async fn prefixes_are_whole_segments() {
    on_all(async |place| {
        for key in ["t/1/a", "t/1/b/c", "t/10/a", "t/2"] {
            place.objects.put(key, "x".into()).await.unwrap();
        }
        assert_eq!(place.objects.list("t/1").await.unwrap(), ["t/1/a", "t/1/b/c"]);
        assert_eq!(place.objects.list("t/1/").await.unwrap(), ["t/1/a", "t/1/b/c"]);
        assert_eq!(place.objects.list("").await.unwrap(), ["t/1/a", "t/1/b/c", "t/10/a", "t/2"]);
        assert_eq!(place.objects.list("none").await.unwrap(), Vec::<String>::new());
        assert_eq!(place.objects.delete_prefix("t/1").await.unwrap(), 2);
        assert_eq!(place.objects.delete_prefix("t/1").await.unwrap(), 0);
        assert_eq!(place.objects.list("").await.unwrap(), ["t/10/a", "t/2"]);
        assert!(place.objects.delete_prefix("").await.is_err(), "never everything by mistake");
        assert!(place.objects.delete_prefix("/").await.is_err());
    })
    .await;
}

#[tokio::test]
async fn hostile_keys_touch_nothing() {
    on_all(async |place| {
        let outside = place.file("outside", b"safe");
        let keys =
            ["../work/outside", "a/../../work/outside", "/etc/passwd", "", "a//b", ".staging/x", "a\0b", "%2e%2e/x"];
        for key in keys {
            let objects = &place.objects;
            let file = place.file("mine", b"mine");
            let results = [
                objects.put(key, "evil".into()).await.err(),
                objects.put_file(key, &file).await.err(),
                objects.link_file(key, &file).await.err(),
                objects.get(key).await.err(),
                objects.get_range(key, 0..1).await.err(),
                objects.head(key).await.err(),
                objects.local(key, &place.work()).await.err(),
                objects.join(&[key.to_owned()], "a").await.err(),
                objects.join(&[], key).await.err(),
                objects.delete(key).await.err(),
                objects.delete_prefix(key).await.err(),
            ];
            for error in results {
                assert!(matches!(error, Some(ObjectError::Key { .. })), "{key:?}: {error:?}");
            }
            assert!(file.exists());
        }
        assert_eq!(std::fs::read(outside).unwrap(), b"safe");
        assert_eq!(place.objects.list("").await.unwrap(), Vec::<String>::new());
    })
    .await;
}

#[tokio::test]
async fn many_at_once_in_folders_that_come_and_go() {
    on_all(async |place| {
        let work = (0..24).map(|n| {
            let objects = place.objects.clone();
            tokio::spawn(async move {
                for round in 0..10 {
                    // All share the folders `a` and `a/b`, which the removal of their last object takes away.
                    let key = format!("a/b/{n}");
                    objects.put(&key, format!("{n} {round}").into()).await.unwrap();
                    assert_eq!(objects.get(&key).await.unwrap().unwrap(), format!("{n} {round}"));
                    objects.delete(&key).await.unwrap();
                }
            })
        });
        futures::future::try_join_all(work).await.unwrap();
        assert_eq!(place.objects.list("").await.unwrap(), Vec::<String>::new());
    })
    .await;
}

#[tokio::test]
async fn a_reader_sees_the_old_or_the_new_object_and_nothing_between() {
    for place in [disk(), encrypted(disk()).await] {
        old_or_new(&place).await;
    }
}

async fn old_or_new(place: &Place) {
    let version = |n: u8| Bytes::from(vec![n; 2_000_000]);
    place.objects.put("k", version(0)).await.unwrap();
    let writer = place.objects.clone();
    let writing = tokio::spawn(async move {
        for n in 1..30 {
            writer.put("k", version(n)).await.unwrap();
        }
    });
    while !writing.is_finished() {
        let ranged = collect(place.objects.get_range("k", 0..u64::MAX).await.unwrap()).await;
        for read in [place.read("k").await.unwrap(), ranged] {
            assert_eq!(read.len(), 2_000_000);
            assert!(read.iter().all(|byte| *byte == read[0]));
        }
    }
    writing.await.unwrap();
}

#[tokio::test]
async fn what_a_killed_process_left_is_never_seen_and_goes_in_the_end() {
    let place = disk();
    let staging = place.root().join(".staging");
    let (old, new) = (staging.join("old"), staging.join("new"));
    std::fs::write(&old, "half").unwrap();
    std::fs::write(&new, "half").unwrap();
    let two_days_ago = std::time::SystemTime::now() - std::time::Duration::from_secs(2 * 24 * 3600);
    std::fs::File::open(&old).unwrap().set_modified(two_days_ago).unwrap();
    assert_eq!(place.objects.list("").await.unwrap(), Vec::<String>::new());
    Objects::disk(&place.root()).unwrap();
    assert_eq!(names(&staging), ["new"], "another process may still be writing it");
}

#[tokio::test]
async fn a_full_disk_is_said_and_leaves_nothing() {
    let place = disk();
    let small = place.folder.path().join("small");
    std::fs::create_dir(&small).unwrap();
    let mount = Command::new("mount").args(["-t", "tmpfs", "-o", "size=1m", "tmpfs"]).arg(&small).output().unwrap();
    if !mount.status.success() {
        return testkit::skip("mounting a small disk needs root");
    }
    let _unmount = Unmount(&small);
    let objects = Objects::disk(&small.join("objects")).unwrap();
    objects.put("fits", noise(400_000).into()).await.unwrap();
    let file = place.file("file", &noise(900_000));
    let errors = [
        objects.put("k", noise(900_000).into()).await.err(),
        // Other file systems: neither renamed nor linked but copied.
        objects.put_file("k", &file).await.err(),
        objects.link_file("k", &file).await.err(),
        objects.join(&["fits".into(), "fits".into()], "k").await.err(),
    ];
    for error in errors {
        let error = error.unwrap();
        assert!(matches!(error, ObjectError::Full { .. }), "{error}");
        assert!(error.is_temporary() && error.to_string().contains("the disk is full"), "{error}");
    }
    assert!(file.exists(), "a file that could not be taken is still there");
    assert_eq!(objects.list("").await.unwrap(), ["fits"]);
    assert_eq!(names(&small.join("objects/.staging")), Vec::<String>::new());

    let fits = place.file("fits", b"fits");
    objects.put_file("k", &fits).await.unwrap();
    assert_eq!(objects.get("k").await.unwrap().unwrap(), "fits");
    assert!(!fits.exists(), "taken across file systems");
}

struct Unmount<'a>(&'a Path);

impl Drop for Unmount<'_> {
    fn drop(&mut self) {
        let _ = Command::new("umount").arg("-l").arg(self.0).status();
    }
}

#[tokio::test]
async fn an_upload_to_s3_that_breaks_off_is_not_seen_and_the_file_stays() {
    let place = s3();
    let s3 = place.s3.as_ref().unwrap();
    let proxy = Proxy::start(s3.address).await;
    let through = S3Settings { endpoint: Some(format!("http://{}", proxy.address())), ..settings(s3) };
    let objects = Objects::s3(&through).unwrap();
    let content = noise(30_000_000);
    let file = place.file("file", &content);

    // One cut in the middle is overcome without anybody noticing.
    proxy.cut_after(12_000_000);
    objects.link_file("k", &file).await.unwrap();
    assert_eq!(proxy.cuts(), 1);
    assert!(place.read("k").await.unwrap() == content);
    proxy.cut_after(12_000_000);
    let read = collect(objects.get_range("k", 0..30_000_000).await.unwrap()).await;
    assert_eq!(proxy.cuts(), 2);
    assert!(read == content);

    // A server that stays away is not.
    objects.delete("k").await.unwrap();
    proxy.refuse();
    let error = objects.put_file("k", &file).await.unwrap_err();
    assert!(matches!(error, ObjectError::Unreachable { .. }) && error.is_temporary(), "{error}");
    assert!(file.exists());
    assert_eq!(place.objects.get("k").await.unwrap(), None);
    proxy.resume();
    objects.put_file("k", &file).await.unwrap();
    assert!(place.read("k").await.unwrap() == content);
}

#[tokio::test]
async fn wrong_keys_of_a_bucket_are_denied() {
    let place = s3();
    let wrong = S3Settings { secret_key: "wrong".to_owned().into(), ..settings(place.s3.as_ref().unwrap()) };
    let error = Objects::s3(&wrong).unwrap().check().await.unwrap_err();
    assert!(matches!(error, ObjectError::Denied { .. }) && !error.is_temporary(), "{error}");
    assert!(!format!("{wrong:?}").contains("wrong"), "the secret is in no log");
}

#[tokio::test]
async fn memory_does_not_grow_with_the_object() {
    on_all(async |place| {
        let all = if place.encrypted { 96 << 20 } else { 192 << 20 };
        // A file with holes: no room on disk, all its bytes on the way.
        let path = place.file("big", b"");
        std::fs::File::options().write(true).open(&path).unwrap().set_len(all).unwrap();
        place.objects.put("small", "begin".into()).await.unwrap();
        reset_peak();
        let before = peak_kib();
        place.objects.link_file("big", &path).await.unwrap();
        let joined = place.objects.join(&["small".into(), "big".into()], "joined").await.unwrap();
        assert_eq!(joined.bytes, all + 5);
        let mut stream = place.objects.get_range("joined", 0..u64::MAX).await.unwrap();
        let mut read = 0;
        while let Some(piece) = stream.try_next().await.unwrap() {
            read += piece.len() as u64;
        }
        assert_eq!(read, all + 5);
        drop(place.objects.local("big", &place.work()).await.unwrap().unwrap());
        let grown = peak_kib() - before;
        // Parts on their way; the S3 server runs in this process too and has buffers of its own.
        assert!(grown * 1024 < all / 2, "{grown} KiB more on {}", place.name);
        eprintln!("{grown} KiB more on {}", place.name);
    })
    .await;
}

/// Most memory that this process has had in use since [`reset_peak`], in KiB.
fn peak_kib() -> u64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap();
    let line = status.lines().find(|line| line.starts_with("VmHWM:")).unwrap();
    line.split_whitespace().nth(1).unwrap().parse().unwrap()
}

fn reset_peak() {
    std::fs::write("/proc/self/clear_refs", "5").unwrap();
}
