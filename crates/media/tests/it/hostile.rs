//! Files that are broken or made to harm.

use crate::bench::{Bench, near};
use media::Playable;
use std::{io::ErrorKind, net::TcpListener, path::Path};

#[tokio::test]
async fn empty_and_text_files_are_refused_with_a_reason() {
    let bench = Bench::new();
    assert!(bench.fault(&bench.write("empty.mp4", "")).await.ends_with("it is empty"));
    assert!(bench.fault(&bench.write("text.mp4", "Dear all,\nplease find attached")).await.contains("it is text"));
    assert!(bench.fault(&bench.write("zeros.mp4", [0; 4096])).await.contains("no known kind"));
    assert!(bench.fault(&bench.write("short.webm", [0x1a, 0x45, 0xdf, 0xa3])).await.contains("matroska"));
    assert!(bench.fault(bench.path("").as_path()).await.contains("not a file"));
    let missing = bench.probe(&bench.path("missing.mp4")).await.unwrap_err();
    assert!(!missing.is_input_fault(), "{missing:?}");
}

#[tokio::test]
async fn an_mp4_cut_off_before_its_index_is_refused_in_clear_words() {
    let bench = Bench::new();
    let whole = std::fs::read(bench.mp4(3, "-bf 0", "whole.mp4")).unwrap();
    let path = bench.write("cut.mp4", &whole[..whole.len() / 2]);
    assert!(bench.fault(&path).await.contains("cut off before its index"));
}

#[tokio::test]
async fn of_a_file_cut_in_the_middle_what_is_readable_counts() {
    let bench = Bench::new();
    for (flags, name) in [
        ("-movflags +faststart", "whole.mp4"),
        ("-movflags +frag_keyframe+empty_moov", "fragments.mp4"),
        ("-f matroska", "whole.mkv"),
    ] {
        let whole = std::fs::read(bench.mp4(10, flags, name)).unwrap();
        let path = bench.write(format!("cut-{name}"), &whole[..whole.len() * 6 / 10]);
        let probed = bench.probe(&path).await.unwrap();
        assert!((3.0..9.0).contains(&probed.info.duration_seconds), "{name} {:?}", probed.info);
        assert!(probed.info.warnings.iter().any(|w| w.contains("cut off after")), "{name} {:?}", probed.info.warnings);
        let dst = bench.path(format!("playable-{name}.mp4"));
        media::make_playable(&bench.tools, &path, &probed, &dst, |_| {}).await.unwrap();
        let made = bench.probe(&dst).await.unwrap();
        assert_eq!((made.playable, made.info.warnings.len()), (Playable::AsIs, 0), "{name} {:?}", made.info);
    }
}

#[tokio::test]
async fn eight_hours_declared_over_ten_seconds_are_ten_seconds() {
    let bench = Bench::new();
    let mut bytes = std::fs::read(bench.mp4(10, "-movflags +faststart", "honest.mp4")).unwrap();
    patch_durations(&mut bytes, 8 * 3600);
    let probed = bench.probe(&bench.write("liar.mp4", &bytes)).await.unwrap();
    near(probed.info.duration_seconds, 10.0, 0.2);
    assert!(probed.info.warnings[0].contains("holds 10 s"), "{:?}", probed.info.warnings);
    let dst = bench.path("out.mp4");
    media::make_playable(&bench.tools, &bench.path("liar.mp4"), &probed, &dst, |_| {}).await.unwrap();
    near(bench.probe(&dst).await.unwrap().info.duration_seconds, 10.0, 0.2);
}

/// Sets the duration of all movie, track and media headers (version 0) and of all edits.
fn patch_durations(bytes: &mut [u8], seconds: u32) {
    let find = |bytes: &[u8], name: &[u8]| -> Vec<usize> {
        bytes.windows(4).enumerate().filter(|(_, w)| *w == name).map(|(i, _)| i + 4).collect()
    };
    for (name, at, scale_at) in
        [(b"mvhd", 16, Some(12)), (b"mdhd", 16, Some(12)), (b"tkhd", 20, None), (b"elst", 8, None)]
    {
        for start in find(bytes, name) {
            let scale =
                scale_at.map_or(1000, |s| u32::from_be_bytes(bytes[start + s..start + s + 4].try_into().unwrap()));
            bytes[start + at..start + at + 4].copy_from_slice(&scale.saturating_mul(seconds).to_be_bytes());
        }
    }
}

#[tokio::test]
async fn rubbish_behind_a_valid_header_neither_crashes_nor_hangs() {
    let bench = Bench::new();
    let mut state = 12345_u64;
    let mut random = || {
        state = state.wrapping_mul(6364136223846793005).wrapping_add(1442695040888963407);
        (state >> 56) as u8
    };
    for (flags, name) in [
        ("-movflags +faststart", "a.mp4"),
        ("-f matroska", "a.mkv"),
        ("-f mpegts", "a.ts"),
        ("-c:v mpeg4 -c:a mp3 -f avi", "a.avi"),
        ("-movflags +frag_keyframe+empty_moov", "f.mp4"),
    ] {
        let whole = std::fs::read(bench.mp4(3, flags, name)).unwrap();
        for head in [16, 64, 1000, 5000] {
            let mut bytes = whole[..head].to_vec();
            bytes.extend((0..64 << 10).map(|_| random()));
            let path = bench.write("rubbish", bytes);
            match bench.probe(&path).await {
                Ok(probed) => {
                    // Whatever was read must be safe to go on with: a clear error or a result, in the time given.
                    let dst = bench.path("rubbish.out");
                    drop(media::make_playable(&bench.tools, &path, &probed, &dst, |_| {}).await);
                    drop(media::keyframes(&bench.tools, &path, &probed, 4.0, |_, _| {}).await);
                    drop(media::sound_16k_mono(&bench.tools, &path, |_| {}).await);
                }
                Err(error) => assert!(error.is_input_fault(), "{name} {head}: {error:?}"),
            }
        }
    }
    assert!(!bench.files().iter().any(|f| f.contains("making")), "{:?}", bench.files());
}

#[tokio::test]
async fn playlists_scripts_and_subtitles_open_nothing_whatever_their_name() {
    let bench = Bench::new();
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    listener.set_nonblocking(true).unwrap();
    let url = format!("http://{}/secret.ts", listener.local_addr().unwrap());
    let secret = bench.mp4(2, "-f mpegts", "secret.ts");
    for target in [url, secret.display().to_string(), format!("file:{}", secret.display())] {
        for (kind, text) in [
            ("m3u8", format!("#EXTM3U\n#EXT-X-TARGETDURATION:5\n#EXTINF:5,\n{target}\n#EXT-X-ENDLIST\n")),
            ("concat", format!("ffconcat version 1.0\nfile '{target}'\n")),
            ("sdp", "v=0\no=- 0 0 IN IP4 127.0.0.1\ns=x\nc=IN IP4 127.0.0.1\nt=0 0\nm=video 5004 RTP/AVP 96\na=rtpmap:96 H264/90000\n".into()),
            ("srt", format!("1\n00:00:00,000 --> 00:00:02,000\n{target}\n")),
            ("ass", format!("[Script Info]\n[Events]\nDialogue: 0,0:00:00.00,0:00:02.00,,,0,0,0,,{target}\n")),
            ("mpd", format!("<?xml version=\"1.0\"?><MPD><Period><BaseURL>{target}</BaseURL></Period></MPD>")),
            ("imf", format!("[playlist]\nFile1={target}\n")),
        ] {
            for name in [format!("list.{kind}"), "list.mp4".into(), "list.ts".into()] {
                let path = bench.write(&name, &text);
                assert!(bench.fault(&path).await.contains("it is text"), "{kind} as {name}");
                // The other doors look for themselves.
                let dst = bench.path("out.jpg");
                assert!(media::thumbnail(&bench.tools, &path, 0.0, 480, &dst).await.unwrap_err().is_input_fault());
                assert!(media::sound_16k_mono(&bench.tools, &path, |_| {}).await.unwrap_err().is_input_fault());
                assert!(media::embedded_captions(&bench.tools, &path, 0).await.unwrap_err().is_input_fault());
            }
        }
    }
    // Behind the first bytes of a container they are not a playlist any more.
    let mut dressed = vec![0x1a, 0x45, 0xdf, 0xa3];
    dressed.extend(format!("#EXTM3U\n#EXTINF:5,\n{}\n", secret.display()).as_bytes());
    bench.fault(&bench.write("dressed.webm", dressed)).await;
    assert_eq!(listener.accept().unwrap_err().kind(), ErrorKind::WouldBlock, "somebody connected");
}

#[tokio::test]
async fn an_external_data_reference_is_not_followed() {
    let bench = Bench::new();
    // The index stands behind the data, so that it may grow; the data itself is wiped: a picture can only come from
    // the other file.
    let honest = std::fs::read(bench.mp4(2, "-an -f mov", "secret.mov")).unwrap();
    let mut bytes = honest.clone();
    let (data, index) = (place(&bytes, b"mdat"), place(&bytes, b"moov"));
    bytes[data + 4..index - 4].fill(0);
    refer(&mut bytes, &bench.path("secret.mov"));
    let path = bench.write("evil.mov", &bytes);

    let mut follow = std::process::Command::new(&bench.tools.ffmpeg);
    follow.args(["-v", "error", "-enable_drefs", "1", "-use_absolute_path", "1", "-i"]).arg(&path);
    let followed = follow.args(["-frames:v", "1", "-f", "rawvideo", "-"]).output().unwrap();
    assert!(!followed.stdout.is_empty(), "the trap does not work: {}", String::from_utf8_lossy(&followed.stderr));

    bench.fault(&path).await;
    let dst = bench.path("out.jpg");
    assert!(media::thumbnail(&bench.tools, &path, 0.0, 90, &dst).await.is_err() && !dst.exists());
}

fn place(bytes: &[u8], name: &[u8; 4]) -> usize {
    bytes.windows(4).position(|w| w == name).unwrap()
}

/// Makes the video track's data reference an alias to `target` and lets the boxes around it grow.
fn refer(bytes: &mut Vec<u8>, target: &Path) {
    let mut name = target.as_os_str().as_encoded_bytes().to_vec();
    let mut alias =
        [[0; 10].as_slice(), &[0; 28], &[0; 12], &[0; 64], &[0; 16], &[0, 1, 0, 1], &[0; 16], &[0, 2]].concat();
    alias.extend((name.len() as u16).to_be_bytes());
    name.resize(name.len().next_multiple_of(2), 0);
    alias.extend(name);
    alias.extend([0xff; 4]);
    let entry = [&(12 + alias.len() as u32).to_be_bytes(), b"alis".as_slice(), &[0; 4], &alias].concat();
    let track = place(bytes, b"vmhd");
    let dref = track + place(&bytes[track..], b"dref");
    let old = dref + 12; // behind name, version, count
    let old_size = u32::from_be_bytes(bytes[old..old + 4].try_into().unwrap()) as usize;
    let grown = (entry.len() - old_size) as u32;
    bytes.splice(old..old + old_size, entry);
    let mdia = bytes[..track].windows(4).rposition(|w| w == b"mdia").unwrap();
    let trak = bytes[..track].windows(4).rposition(|w| w == b"trak").unwrap();
    let minf = bytes[..track].windows(4).rposition(|w| w == b"minf").unwrap();
    let dinf = bytes[..dref].windows(4).rposition(|w| w == b"dinf").unwrap();
    for at in [place(bytes, b"moov"), trak, mdia, minf, dinf, dref] {
        let size = u32::from_be_bytes(bytes[at - 4..at].try_into().unwrap());
        bytes[at - 4..at].copy_from_slice(&(size + grown).to_be_bytes());
    }
}

#[tokio::test]
async fn a_picture_of_16384_by_16384_is_too_large() {
    let bench = Bench::new();
    for (args, name, size) in [
        ("-f lavfi -i color=s=12000x12000:r=1 -frames:v 1 -c:v png -f mov", "png.mov", "12000x12000"),
        (
            "-f lavfi -i color=s=16000x8000:r=1 -frames:v 1 -c:v mjpeg -pix_fmt yuvj420p -f matroska",
            "a.mkv",
            "16000x8000",
        ),
    ] {
        let message = bench.fault(&bench.ffmpeg(args, name)).await;
        assert!(message.contains(size), "{name}: {message}");
    }
    // ffmpeg itself makes none of 16384 x 16384: declared only, over a small picture.
    let mut bytes = std::fs::read(bench.ffmpeg("-f lavfi -i color=s=64x64:r=1 -t 2 -c:v png", "small.mov")).unwrap();
    let side = 16384_u32.to_be_bytes();
    let headers: Vec<usize> = bytes.windows(4).enumerate().filter(|(_, w)| *w == b"IHDR").map(|(i, _)| i + 4).collect();
    for at in headers {
        bytes[at..at + 8].copy_from_slice(&[side, side].concat());
    }
    let entry = bytes.windows(4).position(|w| w == b"png ").unwrap() + 4;
    bytes[entry + 24..entry + 28].copy_from_slice(&[side[2], side[3], side[2], side[3]]);
    let message = bench.fault(&bench.write("declared.mov", bytes)).await;
    assert!(message.contains("16384x16384"), "{message}");
    assert!(bench.tools.usage().max_rss_bytes < bench.tools.memory_limit_bytes);
}

#[tokio::test]
async fn every_single_damaged_byte_of_an_index_is_survived() {
    let bench = Bench::new();
    let whole = std::fs::read(bench.mp4(1, "-movflags +faststart", "whole.mp4")).unwrap();
    let index = whole.windows(4).position(|w| w == b"mdat").unwrap();
    for at in (8..index).step_by(97) {
        let mut bytes = whole.clone();
        bytes[at] ^= 0xff;
        let path = bench.write("damaged.mp4", bytes);
        if let Err(error) = bench.probe(Path::new(&path)).await {
            assert!(error.is_input_fault(), "byte {at}: {error:?}");
        }
    }
}
