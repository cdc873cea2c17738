//! The kinds of files that come from glasses, phones and browsers.

use crate::bench::{Bench, PICTURE, SOUND, near, real};
use media::Playable;

#[tokio::test]
async fn a_plain_mp4_plays_as_it_is() {
    let bench = Bench::new();
    let probed = bench.probe(&bench.mp4(4, "-movflags +faststart", "a.mp4")).await.unwrap();
    near(probed.info.duration_seconds, 4.0, 0.1);
    assert_eq!(probed.keyframes.len(), 4);
    near(probed.keyframes[3], 3.0, 0.01);
    let video = probed.info.video.as_ref().unwrap();
    assert_eq!((video.codec.as_str(), video.width, video.height, video.rotation), ("h264", 320, 180, 0));
    let audio = probed.info.audio.as_ref().unwrap();
    assert_eq!((audio.codec.as_str(), audio.sample_rate, audio.channels), ("aac", 48000, 1));
    assert_eq!((probed.playable, probed.info.warnings.len()), (Playable::AsIs, 0));
}

#[tokio::test]
async fn an_index_at_the_end_asks_for_a_remux_and_so_do_fragments() {
    let bench = Bench::new();
    for (flags, name) in
        [("-bf 0", "late.mp4"), ("-movflags +frag_keyframe+empty_moov", "fragments.mp4"), ("-f mov", "a.mov")]
    {
        let probed = bench.probe(&bench.mp4(3, flags, name)).await.unwrap();
        assert_eq!(probed.playable, Playable::Remux, "{name}");
        near(probed.info.duration_seconds, 3.0, 0.1);
    }
}

#[tokio::test]
async fn webm_without_length_and_index_as_mediarecorder_writes_it() {
    let bench = Bench::new();
    let codecs = "-c:v libvpx -deadline realtime -g 60 -c:a libopus -live 1";
    let path = bench.ffmpeg(&format!("-f lavfi -i {PICTURE} -f lavfi -i {SOUND} -t 5 {codecs} -f webm"), "live.webm");
    let probed = bench.probe(&path).await.unwrap();
    near(probed.info.duration_seconds, 5.0, 0.1);
    assert_eq!(probed.playable, Playable::Remux);

    let dst = bench.path("out.webm");
    media::make_playable(&bench.tools, &path, &probed, &dst, |_| {}).await.unwrap();
    let made = bench.probe(&dst).await.unwrap();
    assert_eq!((made.playable, made.info.warnings.len()), (Playable::AsIs, 0));
    near(made.info.duration_seconds, 5.0, 0.1);
}

#[tokio::test]
async fn frames_at_uneven_times_keep_their_time() {
    let bench = Bench::new();
    let args = "-f lavfi -i testsrc2=s=320x180:r=30 -t 6 -vf select='not(mod(n,7))+lt(n,40)' -vsync vfr \
                -c:v libx264 -preset ultrafast -g 10 -pix_fmt yuv420p -movflags +faststart";
    let probed = bench.probe(&bench.ffmpeg(args, "vfr.mp4")).await.unwrap();
    near(probed.info.duration_seconds, 6.0, 0.3);
    assert!(probed.info.audio.is_none());
}

#[tokio::test]
async fn a_rotated_picture_is_measured_as_it_is_shown_and_stays_rotated() {
    let bench = Bench::new();
    bench.mp4(3, "-movflags +faststart", "flat.mp4");
    let flat = bench.path("flat.mp4");
    let path = bench.ffmpeg(&format!("-i {} -c copy -metadata:s:v rotate=270", flat.display()), "rotated.mp4");
    let probed = bench.probe(&path).await.unwrap();
    let video = probed.info.video.clone().unwrap();
    assert_eq!((video.width, video.height), (180, 320));
    assert_eq!(video.rotation % 180, 90);
    let dst = bench.path("out.mp4");
    media::make_playable(&bench.tools, &path, &probed, &dst, |_| {}).await.unwrap();
    assert_eq!(bench.probe(&dst).await.unwrap().info.video.unwrap().rotation, video.rotation);
}

#[tokio::test]
async fn sound_alone_and_picture_alone() {
    let bench = Bench::new();
    for (codec, name, playable) in [
        ("libmp3lame", "a.mp3", Playable::Transcode),
        ("pcm_s16le", "a.wav", Playable::Transcode),
        ("flac", "a.flac", Playable::Transcode),
        ("libopus", "a.ogg", Playable::Remux),
        ("aac", "a.m4a", Playable::Remux),
    ] {
        let path = bench.ffmpeg(&format!("-f lavfi -i {SOUND} -t 3 -c:a {codec}"), name);
        let probed = bench.probe(&path).await.unwrap();
        assert!(probed.info.video.is_none() && probed.keyframes.is_empty(), "{name}");
        assert_eq!(probed.playable, playable, "{name}");
        near(probed.info.duration_seconds, 3.0, 0.1);
        let dst = bench.path(format!("{name}.{}", probed.playable_extension()));
        media::make_playable(&bench.tools, &path, &probed, &dst, |_| {}).await.unwrap();
        near(bench.probe(&dst).await.unwrap().info.duration_seconds, 3.0, 0.1);
    }
    let probed = bench.probe(&bench.mp4(3, "-an -movflags +faststart", "mute.mp4")).await.unwrap();
    assert!(probed.info.audio.is_none());
    assert_eq!(probed.playable, Playable::AsIs);
}

#[tokio::test]
async fn what_browsers_do_not_play_is_re_encoded_and_the_rest_copied() {
    let bench = Bench::new();
    for (codecs, name, video, audio) in [
        ("-c:v mpeg4 -g 30 -c:a mp3", "a.avi", "h264", "mp3"),
        ("-c:v mjpeg -c:a pcm_s16le", "b.mov", "h264", "aac"),
        ("-c:v libx264 -preset ultrafast -pix_fmt yuv420p -c:a pcm_s16le", "c.mov", "h264", "aac"),
        ("-c:v libx264 -preset ultrafast -pix_fmt yuv422p -c:a aac", "d.mp4", "h264", "aac"),
        ("-c:v libx265 -preset ultrafast -x265-params log-level=none -c:a aac", "e.mp4", "h264", "aac"),
        ("-c:v libvpx -deadline realtime -c:a aac", "f.mkv", "vp8", "opus"),
    ] {
        let path = bench.ffmpeg(&format!("-f lavfi -i {PICTURE} -f lavfi -i {SOUND} -t 2 {codecs}"), name);
        let probed = bench.probe(&path).await.unwrap();
        assert_eq!(probed.playable, Playable::Transcode, "{name}");
        let dst = bench.path(format!("{name}.{}", probed.playable_extension()));
        let seen = std::sync::Mutex::new(Vec::new());
        media::make_playable(&bench.tools, &path, &probed, &dst, |p| seen.lock().unwrap().push(p)).await.unwrap();
        let made = bench.probe(&dst).await.unwrap();
        assert_eq!(made.playable, Playable::AsIs, "{name} {made:?}");
        assert_eq!(
            (made.info.video.unwrap().codec.as_str(), made.info.audio.unwrap().codec.as_str()),
            (video, audio),
            "{name}"
        );
        let seen = seen.into_inner().unwrap();
        assert!(seen.is_sorted() && seen.last() == Some(&1.0), "{name} {seen:?}");
    }
}

#[tokio::test]
async fn h264_in_matroska_and_transport_streams_is_copied_into_mp4() {
    let bench = Bench::new();
    for (flags, name) in [("-f matroska", "a.mkv"), ("-f mpegts", "a.ts")] {
        let path = bench.mp4(3, flags, name);
        let probed = bench.probe(&path).await.unwrap();
        assert_eq!(probed.playable, Playable::Remux, "{name}");
        near(probed.info.duration_seconds, 3.0, 0.15);
        let dst = bench.path(format!("{name}.mp4"));
        media::make_playable(&bench.tools, &path, &probed, &dst, |_| {}).await.unwrap();
        assert_eq!(bench.probe(&dst).await.unwrap().playable, Playable::AsIs, "{name}");
    }
}

#[tokio::test]
async fn real_clips_are_read() {
    let bench = Bench::new();
    for (name, seconds) in [
        ("crystal.mp4", 12.0),
        ("flower.mp4", 5.05),
        ("flower.webm", 5.06),
        ("friday.mp4", 6.1),
        ("rabbit320.mp4", 7.8),
        ("rabbit320.webm", 7.8),
    ] {
        let Some(path) = real(name) else { continue };
        let probed = bench.probe(&path).await.unwrap();
        near(probed.info.duration_seconds, seconds, 1.0);
        assert!(probed.info.warnings.is_empty(), "{name} {:?}", probed.info.warnings);
        let dst = bench.path(format!("{name}.{}", probed.playable_extension()));
        media::make_playable(&bench.tools, &path, &probed, &dst, |_| {}).await.unwrap();
        assert_eq!(bench.probe(&dst).await.unwrap().playable, Playable::AsIs, "{name} was {:?}", probed.playable);
    }
}
