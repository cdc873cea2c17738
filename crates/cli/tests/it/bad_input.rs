//! Recordings that are odd, broken or hostile: a clear outcome, no crash, nothing hangs, nothing is left.

use crate::support::{Place, captions, ffmpeg, fragmented_sample, sample};
use rstest::rstest;
use serde_json::Value;
use std::{
    fs,
    io::ErrorKind,
    net::TcpListener,
    path::{Path, PathBuf},
};
use testkit::media::{Container, MediaSpec, recording};

/// What `trainar process --json` says; its exit code must fit.
fn process(place: &Place, file: &Path) -> Value {
    let vtt = place.write("captions.vtt", captions());
    let out = place.file("out");
    let arguments = ["process", file.to_str().unwrap(), "--captions", vtt.to_str().unwrap(), "--out"];
    let ran = place.run(&[&arguments[..], &[out.to_str().unwrap(), "--json"]].concat());
    let report: Value = serde_json::from_str(&ran.stdout).unwrap_or_else(|e| panic!("{e}: {ran}"));
    let expected = if report["status"] == "completed" { 0 } else { 2 };
    assert_eq!(ran.code, expected, "{ran}");
    place.is_tidy();
    let left = fs::read_dir(&out).unwrap().map(|e| e.unwrap().file_name());
    assert!(!left.into_iter().any(|name| name.to_string_lossy().starts_with('.')), "something is left in {out:?}");
    report
}

/// Rejected with a sentence that contains `words`.
#[track_caller]
fn is_rejected(report: &Value, reason: &str, words: &str) {
    assert_eq!((&report["status"], &report["failure_reason"]), (&"failed".into(), &reason.into()), "{report:#}");
    let sentence = report["failure_detail"].as_str().unwrap();
    assert!(sentence.contains(words), "{sentence}");
}

fn warning(report: &Value) -> &str {
    report["warnings"][0].as_str().unwrap_or_else(|| panic!("no warning: {report:#}"))
}

fn random(bytes: usize) -> Vec<u8> {
    let mut noise = 7_u64;
    let next = |_| {
        noise = noise.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
        (noise >> 56) as u8
    };
    (0..bytes).map(next).collect()
}

fn without_index() -> Vec<u8> {
    // The sample's index stands at the end.
    let bytes = fs::read(sample()).unwrap();
    bytes[..bytes.len() / 2].to_vec()
}

#[rstest]
#[case("empty.mp4", Vec::new(), "no_recording", "empty")]
#[case("text.mp4", b"Dear all, attached is the recording.\n".repeat(50), "processing_error", "it is text")]
#[case("one.mp4", vec![0], "processing_error", "not a readable recording")]
#[case("cut.mp4", without_index(), "processing_error", "not a readable recording")]
#[case("noise.mp4", [&b"\0\0\0\x18ftypisom\0\0\x02\0isomiso2"[..], &random(65_536)].concat(), "processing_error", "not a readable recording")]
#[case("noise.webm", [&b"\x1a\x45\xdf\xa3"[..], &random(65_536)].concat(), "processing_error", "not a readable recording")]
#[case("noise.bin", random(65_536), "processing_error", "not a readable recording")]
#[case("zero.mp4", vec![0; 65_536], "processing_error", "not a readable recording")]
fn what_is_no_recording_is_rejected(
    #[case] name: &str,
    #[case] content: Vec<u8>,
    #[case] reason: &str,
    #[case] words: &str,
) {
    let place = Place::new();
    is_rejected(&process(&place, &place.write(name, content)), reason, words);
}

#[test]
fn what_can_be_read_of_a_torn_recording_is_kept() {
    let place = Place::new();
    let bytes = fs::read(fragmented_sample()).unwrap();
    let report = process(&place, &place.write("torn.mp4", &bytes[..bytes.len() / 2]));
    assert_eq!(report["status"], "completed", "{report:#}");
    assert!(warning(&report).contains("cut off"), "{report:#}");
    assert!((20.0..80.0).contains(&report["duration_seconds"].as_f64().unwrap()), "{report:#}");
    assert!(!report["procedures"].as_array().unwrap().is_empty(), "{report:#}");
    // With its index in front it declares its whole length.
    let whole = place.file("front.mp4");
    ffmpeg(&format!("-i {} -c copy -movflags +faststart", sample().display()), &whole);
    let bytes = fs::read(&whole).unwrap();
    let report = process(&place, &place.write("torn-front.mp4", &bytes[..bytes.len() * 6 / 10]));
    assert!(warning(&report).contains("cut off after"), "{report:#}");
    assert!((20.0..90.0).contains(&report["duration_seconds"].as_f64().unwrap()), "{report:#}");
}

fn made(place: &Place, spec: MediaSpec) -> PathBuf {
    recording(&place.file(""), &spec).unwrap()
}

/// Completed with procedures, `seconds` long.
#[track_caller]
fn is_completed(report: &Value, seconds: f64) {
    assert_eq!(report["status"], "completed", "{report:#}");
    assert!((report["duration_seconds"].as_f64().unwrap() - seconds).abs() < 1.0, "{report:#}");
    for p in report["procedures"].as_array().unwrap() {
        for file in ["video", "thumbnail"] {
            assert!(Path::new(p[file].as_str().unwrap()).is_file(), "{p:#}");
        }
    }
}

#[test]
fn webm_as_browsers_record_it() {
    let place = Place::new();
    let file = made(&place, MediaSpec { seconds: 60.0, container: Container::Webm, ..MediaSpec::default() });
    let report = process(&place, &file);
    is_completed(&report, 60.0);
    assert_eq!(report["warnings"], Value::Array(Vec::new()), "{report:#}");
    assert!(report["recording"].as_str().unwrap().ends_with("recording.webm"), "{report:#}");
}

#[test]
fn picture_alone_and_sound_alone() {
    let place = Place::new();
    let mute = made(&place, MediaSpec { seconds: 60.0, audio: false, ..MediaSpec::default() });
    is_completed(&process(&place, &mute), 60.0);
    let sound = place.file("sound.m4a");
    ffmpeg("-f lavfi -i anoisesrc=a=0.01:r=16000:seed=3 -t 60 -c:a aac", &sound);
    let report = process(&place, &sound);
    is_completed(&report, 60.0);
    assert_eq!(report["poster"], Value::Null, "{report:#}");
}

#[test]
fn uneven_frames_and_a_turned_picture() {
    let place = Place::new();
    let uneven = place.file("uneven.mp4");
    let picture = "-f lavfi -i testsrc2=s=320x180:r=15 -t 60 -vf select='not(mod(n,7))+lt(n,40)' -fps_mode vfr";
    ffmpeg(&format!("{picture} -c:v libx264 -preset ultrafast -g 10 -pix_fmt yuv420p"), &uneven);
    is_completed(&process(&place, &uneven), 60.0);
    let turned = place.file("turned.mp4");
    ffmpeg(&format!("-i {} -c copy -metadata:s:v rotate=90", sample().display()), &turned);
    let report = process(&place, &turned);
    is_completed(&report, 100.0);
    let thumbnail = crate::support::ffprobe("stream=width,height", Path::new(report["poster"].as_str().unwrap()));
    let (width, height) = thumbnail.split_once(',').unwrap();
    assert!(width.parse::<u32>().unwrap() < height.parse().unwrap(), "upright: {thumbnail}");
}

#[test]
fn a_length_that_is_only_claimed_is_not_believed() {
    let place = Place::new();
    let mut bytes = fs::read(made(&place, MediaSpec::default())).unwrap();
    for (name, at) in [(b"mvhd", 16), (b"mdhd", 16), (b"tkhd", 20)] {
        let places: Vec<usize> = bytes.windows(4).enumerate().filter(|(_, w)| w == name).map(|(i, _)| i + 4).collect();
        assert!(!places.is_empty());
        for start in places {
            // Version 0: times and scales of 32 bits. Eight hours in units of the movie (or far more, of the track).
            let field = start + at;
            bytes[field..field + 4].copy_from_slice(&28_800_000_u32.to_be_bytes());
        }
    }
    let report = process(&place, &place.write("claims.mp4", bytes));
    assert!((report["duration_seconds"].as_f64().unwrap() - 10.0).abs() < 1.0, "{report:#}");
    assert!(warning(&report).contains("claims to last"), "{report:#}");
}

#[test]
fn a_picture_too_large_to_decode_is_refused() {
    let place = Place::new();
    // Declared only, over a small picture: ffmpeg itself makes none so large.
    let small = place.file("small.mov");
    ffmpeg("-f lavfi -i color=s=64x64:r=1 -t 2 -c:v png", &small);
    let mut bytes = fs::read(&small).unwrap();
    let side = 16_384_u32.to_be_bytes();
    let headers: Vec<usize> = bytes.windows(4).enumerate().filter(|(_, w)| *w == b"IHDR").map(|(i, _)| i + 4).collect();
    for at in headers {
        bytes[at..at + 8].copy_from_slice(&[side, side].concat());
    }
    let entry = bytes.windows(4).position(|w| w == b"png ").unwrap() + 4;
    bytes[entry + 24..entry + 28].copy_from_slice(&[side[2], side[3], side[2], side[3]]);
    let large = place.write("large.mov", bytes);
    is_rejected(&process(&place, &large), "processing_error", "16384x16384");
}

#[test]
fn a_file_that_names_another_opens_nothing() {
    let place = Place::new();
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    listener.set_nonblocking(true).unwrap();
    let url = format!("http://{}/secret.ts", listener.local_addr().unwrap());
    let secret = place.file("secret.ts");
    ffmpeg(&format!("-i {} -c copy -t 20 -f mpegts", sample().display()), &secret);
    for target in [url, secret.display().to_string()] {
        for (kind, text) in [
            ("m3u8", format!("#EXTM3U\n#EXT-X-TARGETDURATION:5\n#EXTINF:5,\n{target}\n#EXT-X-ENDLIST\n")),
            ("concat", format!("ffconcat version 1.0\nfile '{target}'\n")),
            ("srt", format!("1\n00:00:00,000 --> 00:00:02,000\n{target}\n")),
            ("mpd", format!("<?xml version=\"1.0\"?><MPD><Period><BaseURL>{target}</BaseURL></Period></MPD>")),
        ] {
            for name in [format!("list.{kind}"), "list.mp4".into()] {
                let report = process(&place, &place.write(&name, &text));
                is_rejected(&report, "processing_error", "it is text");
            }
        }
    }
    assert_eq!(listener.accept().unwrap_err().kind(), ErrorKind::WouldBlock, "somebody connected");
}

#[tokio::test]
async fn a_server_survives_them_and_says_what_is_wrong() {
    let place = Place::new();
    let pairing = place.pair("Harbour");
    let server = place.serve().await;
    let device = pairing.at(&server);
    let mut sessions = Vec::new();
    for (name, content) in [
        ("text.mp4", b"#EXTM3U\nfile:///etc/passwd\n".repeat(50)),
        ("cut.mp4", without_index()),
        ("noise.mp4", [&b"\0\0\0\x18ftypisom\0\0\x02\0isomiso2"[..], &random(65_536)].concat()),
        ("empty.mp4", Vec::new()),
    ] {
        let file = place.write(name, content);
        sessions.push((name, device.record(&file, Some(&captions())).await));
    }
    let good = device.record(&sample(), Some(&captions())).await;
    for (name, session) in sessions {
        let state = device.done(session).await;
        assert_eq!(state["status"], "failed", "{name} {state}");
        let sentence = state["failure_detail"].as_str().unwrap();
        assert!(sentence.len() > 20 && !sentence.contains(place.data().to_str().unwrap()), "{name}: {sentence}");
    }
    device.completed(good).await;
    device.finds_the_server_well().await;
    server.stop();
    place.is_tidy();
}
