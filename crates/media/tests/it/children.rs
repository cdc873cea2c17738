//! The child processes: limited, counted, and gone when nobody waits for them.

use crate::bench::Bench;
use domain::Span;
use media::{MediaError, Tools};
use std::{path::Path, process::Command, time::Duration};

#[tokio::test]
async fn the_version_is_told_and_the_use_of_children_counted() {
    let bench = Bench::new();
    assert!(bench.tools.version().await.unwrap().starts_with(|c: char| c.is_ascii_alphanumeric()));
    let copy = bench.tools.clone();
    bench.probe(&bench.mp4(2, "-movflags +faststart", "a.mp4")).await.unwrap();
    let used = copy.usage();
    assert!(used.children == 3 && used.cpu_seconds > 0.0 && used.max_rss_bytes > 1 << 20, "{used:?}");
}

#[tokio::test]
async fn a_missing_program_is_named() {
    let error = Tools::find(Some("/nonexistent/ffmpeg".into()), None).unwrap_err();
    assert!(error.to_string().contains("/nonexistent/ffmpeg") && !error.is_input_fault(), "{error}");
}

/// Processes that have `path` among their arguments.
fn holders(path: &Path) -> Vec<u32> {
    let name = path.file_name().unwrap().as_encoded_bytes().to_vec();
    let processes =
        std::fs::read_dir("/proc").unwrap().filter_map(|p| p.unwrap().file_name().to_str()?.parse::<u32>().ok());
    processes
        .filter(|id| {
            std::fs::read(format!("/proc/{id}/cmdline")).is_ok_and(|c| c.windows(name.len()).any(|w| w == name))
        })
        .filter(|id| *id != std::process::id())
        .collect()
}

async fn until(what: &str, mut holds: impl FnMut() -> bool) {
    for _ in 0..1000 {
        if holds() {
            return;
        }
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    panic!("never: {what}");
}

#[tokio::test]
async fn a_dropped_future_kills_its_ffmpeg_and_leaves_nothing() {
    let bench = Bench::new();
    let name = format!("long-{}.avi", std::process::id());
    let path = bench.ffmpeg("-f lavfi -i testsrc2=s=1280x720:r=30 -t 60 -c:v mpeg4 -q:v 20", &name);
    let probed = bench.probe(&path).await.unwrap();
    let (tools, dst) = (bench.tools.clone(), bench.path("out.mp4"));
    let src = path.clone();
    let task = tokio::spawn(async move { media::make_playable(&tools, &src, &probed, &dst, |_| {}).await });
    until("ffmpeg runs", || !holders(&path).is_empty()).await;
    task.abort();
    assert!(task.await.unwrap_err().is_cancelled());
    until("ffmpeg is gone", || holders(&path).is_empty()).await;
    assert_eq!(bench.files(), [name]);
}

#[tokio::test]
async fn an_operation_over_its_time_ends_as_a_timeout() {
    let mut bench = Bench::new();
    let name = format!("slow-{}.mp4", std::process::id());
    let path = bench.mp4(5, "-movflags +faststart", &name);
    bench.tools.timeout = Duration::from_millis(1);
    let error = bench.probe(&path).await.unwrap_err();
    assert!(matches!(error, MediaError::Timeout { .. }) && !error.is_input_fault(), "{error:?}");
    until("ffprobe is gone", || holders(&path).is_empty()).await;
}

#[tokio::test]
async fn a_child_over_its_memory_fails_alone() {
    let mut bench = Bench::new();
    let path = bench.mp4(2, "-movflags +faststart", "a.mp4");
    let probed = bench.probe(&path).await.unwrap();
    bench.tools.memory_limit_bytes = 8 << 20;
    let dst = bench.path("out.mp4");
    let result = media::make_playable(&bench.tools, &path, &probed, &dst, |_| {}).await;
    assert!(result.is_err() && !dst.exists());
}

#[tokio::test]
async fn a_full_disk_is_told_as_such_and_leaves_nothing() {
    let bench = Bench::new();
    let path = bench.mp4(10, "-movflags +faststart -b:v 4M -minrate 4M -maxrate 4M -bufsize 1M", "a.mp4");
    let probed = bench.probe(&path).await.unwrap();
    let disk = bench.path("disk");
    std::fs::create_dir(&disk).unwrap();
    let mounted = Command::new("mount").args(["-t", "tmpfs", "-o", "size=256k", "tmpfs"]).arg(&disk).output();
    if !mounted.is_ok_and(|m| m.status.success()) {
        return eprintln!("SKIPPED the full disk: cannot mount a small file system here");
    }
    let clip = media::cut(&bench.tools, &path, &probed, Span::new(0.0, 9.0), &disk.join("clip.mp4")).await;
    let whole = media::make_playable(&bench.tools, &path, &probed, &disk.join("all.mp4"), |_| {}).await;
    let left: Vec<_> = std::fs::read_dir(&disk).unwrap().map(|f| f.unwrap().file_name()).collect();
    let unmounted = Command::new("umount").arg(&disk).status().unwrap();
    assert!(matches!(clip, Err(MediaError::DiskFull { .. })), "{clip:?}");
    assert!(matches!(whole, Err(MediaError::DiskFull { .. })), "{whole:?}");
    assert!(left.is_empty() && unmounted.success(), "{left:?}");
}
