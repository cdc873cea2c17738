//! Children die with their owner: when the future is dropped, and when the owner itself is killed.

#![allow(clippy::unwrap_used)]

use domain::Span;
use inference::speech::{Pocketsphinx, Recogniser, Vocabulary};
use std::{
    os::unix::fs::PermissionsExt,
    path::Path,
    process::Command,
    time::{Duration, Instant},
};

/// Where the helper below is told to work; set only when this file starts itself.
const FOLDER: &str = "TRAINAR_TEST_OWNER_FOLDER";

/// A recogniser whose program writes its process id into `folder` and then never ends.
async fn recognise_for_ever(folder: &Path) {
    let program = folder.join("sleeper");
    let script =
        format!("#!/bin/sh\necho $$ > {0}/pid.new && mv {0}/pid.new {0}/pid && exec sleep 600\n", folder.display());
    std::fs::write(&program, script).unwrap();
    std::fs::set_permissions(&program, std::fs::Permissions::from_mode(0o755)).unwrap();
    let sound = folder.join("sound.raw");
    std::fs::write(&sound, vec![0; 64_000]).unwrap();
    let model = "/usr/share/pocketsphinx/model/en-us".into();
    let sphinx =
        Recogniser::Pocketsphinx(Pocketsphinx { program, model, threads: 1, vocabulary: Vocabulary::default() });
    let _ = sphinx.recognise(&sound, &[Span::new(0.0, 1.0)], &|_| ()).await;
}

fn skip() -> bool {
    let absent = Pocketsphinx::find(None, 1).is_none();
    if absent {
        eprintln!("SKIPPED: pocketsphinx and pocketsphinx-en-us are not installed");
    }
    absent
}

/// Waits, a minute at most, until `done`.
fn wait_until(what: &str, done: impl Fn() -> bool) {
    let began = Instant::now();
    while !done() {
        assert!(began.elapsed() < Duration::from_secs(60), "{what}");
        std::thread::sleep(Duration::from_millis(20));
    }
}

fn child_in(folder: &Path) -> String {
    let pid = folder.join("pid");
    wait_until("the child never started", || pid.exists());
    std::fs::read_to_string(pid).unwrap().trim().to_owned()
}

/// A process that is gone, or dead and not yet collected by whoever adopted it.
fn is_gone(pid: &str) -> bool {
    let status = std::fs::read_to_string(format!("/proc/{pid}/status")).unwrap_or_default();
    status.is_empty() || status.contains("State:\tZ") || status.contains("State:\tX")
}

#[tokio::test(flavor = "multi_thread")]
async fn a_dropped_recognition_ends_its_child() {
    if skip() {
        return;
    }
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().to_owned();
    let recognition = tokio::spawn(async move { recognise_for_ever(&path).await });
    let pid = child_in(folder.path());
    recognition.abort();
    wait_until("the child outlived its recognition", || is_gone(&pid));
}

#[test]
fn a_killed_owner_takes_its_child_along() {
    if skip() {
        return;
    }
    let folder = tempfile::tempdir().unwrap();
    let mut owner = Command::new(std::env::current_exe().unwrap())
        .args(["--exact", "owner", "--ignored"])
        .env(FOLDER, folder.path())
        .spawn()
        .unwrap();
    let pid = child_in(folder.path());
    assert!(!is_gone(&pid));
    owner.kill().unwrap();
    owner.wait().unwrap();
    wait_until("the child outlived its owner", || is_gone(&pid));
}

#[tokio::test]
#[ignore = "the owner that the test above starts and kills, no test of its own"]
async fn owner() {
    if let Some(folder) = std::env::var_os(FOLDER) {
        recognise_for_ever(Path::new(&folder)).await;
    }
}
