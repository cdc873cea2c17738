//! Names that other programs would take for something else.

use crate::bench::{Bench, near};
use domain::Span;

#[tokio::test]
async fn no_name_is_taken_for_an_option_a_protocol_or_a_pattern() {
    let bench = Bench::new();
    let source = bench.mp4(4, "-movflags +faststart", "source.mp4");
    let long = format!("{}.mp4", "é".repeat(125)); // 254 bytes
    for name in [
        "-x.mp4",
        "a\nb.mp4",
        "concat:a|b.mp4",
        "http:host.mp4",
        "%03d.mp4",
        "a'b\"c$(d).mp4",
        "pipe:1.mp4",
        " .mp4",
        &long,
    ] {
        let path = bench.path(name);
        std::fs::copy(&source, &path).unwrap();
        let probed = bench.probe(&path).await.unwrap();
        near(probed.info.duration_seconds, 4.0, 0.1);
        let dst = bench.path(format!("{}x.mp4", &name[..name.floor_char_boundary(name.len().min(250) - 4)]));
        media::make_playable(&bench.tools, &path, &probed, &dst, |_| {}).await.unwrap();
        media::cut(&bench.tools, &path, &probed, Span::new(1.0, 2.0), &dst).await.unwrap();
        near(bench.probe(&dst).await.unwrap().info.duration_seconds, 1.0, 0.2);
        let picture = dst.with_extension("jpg");
        media::thumbnail(&bench.tools, &path, 1.0, 90, &picture).await.unwrap();
        assert!(picture.exists());
        std::fs::remove_file(picture).unwrap();
        std::fs::remove_file(dst).unwrap();
        std::fs::remove_file(path).unwrap();
    }
    assert_eq!(bench.files(), ["source.mp4"]);
}

#[cfg(unix)]
#[tokio::test]
async fn a_name_that_is_no_text_is_a_name() {
    use std::{ffi::OsStr, os::unix::ffi::OsStrExt};
    let bench = Bench::new();
    let source = bench.mp4(1, "-movflags +faststart", "source.mp4");
    let path = bench.path(OsStr::from_bytes(b"\xff\xfe.mp4"));
    std::fs::copy(source, &path).unwrap();
    near(bench.probe(&path).await.unwrap().info.duration_seconds, 1.0, 0.1);
}
