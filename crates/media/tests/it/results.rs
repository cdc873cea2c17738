//! What comes out: clips, thumbnails, samples.

use crate::bench::{Bench, PICTURE, SOUND, near};
use domain::Span;
use media::{FrameMeter, MediaError, Playable, SoundMeter};

#[tokio::test]
async fn a_clip_starts_at_the_keyframe_before_and_says_so() {
    let bench = Bench::new();
    // With B-frames, and a keyframe every two seconds.
    let args = format!(
        "-f lavfi -i {PICTURE} -f lavfi -i {SOUND} -t 12 -c:v libx264 -bf 3 -g 60 -pix_fmt yuv420p -c:a aac -movflags +faststart"
    );
    let path = bench.ffmpeg(&args, "a.mp4");
    let probed = bench.probe(&path).await.unwrap();
    for (start, end, at) in [(0.0, 3.0, 0.0), (4.0, 6.0, 4.0), (5.9, 9.0, 4.0), (11.0, 99.0, 10.0)] {
        let dst = bench.path("clip.mp4");
        let clip = media::cut(&bench.tools, &path, &probed, Span::new(start, end), &dst).await.unwrap();
        near(clip.starts_at, at, 0.001);
        near(clip.duration_seconds, f64::min(end, 12.0) - at, 0.3);
        let made = bench.probe(&dst).await.unwrap();
        assert_eq!((made.playable, made.keyframes[0] < 0.15), (Playable::AsIs, true));
        near(made.info.duration_seconds, clip.duration_seconds, 0.15);
        // The picture is the one that stood there: the same frame, seen through both files.
        let (mut whole, mut part) = (Vec::new(), Vec::new());
        media::keyframes(&bench.tools, &path, &probed, 2.0, |t, f| {
            if (t - at).abs() < 0.2 {
                whole = f.to_vec();
            }
        })
        .await
        .unwrap();
        media::keyframes(&bench.tools, &dst, &made, 60.0, |_, f| part = f.to_vec()).await.unwrap();
        assert!(!whole.is_empty() && whole == part, "{start}");
    }
    let behind = media::cut(&bench.tools, &path, &probed, Span::new(40.0, 50.0), &bench.path("no.mp4")).await;
    assert!(matches!(behind, Err(MediaError::NotMedia { .. })), "{behind:?}");
    assert_eq!(bench.files(), ["a.mp4", "clip.mp4"]);
}

#[tokio::test]
async fn a_clip_of_webm_and_of_sound_alone() {
    let bench = Bench::new();
    let args = format!(
        "-f lavfi -i {PICTURE} -f lavfi -i {SOUND} -t 6 -c:v libvpx -deadline realtime -g 30 -c:a libopus -cues_to_front 1"
    );
    let path = bench.ffmpeg(&args, "a.webm");
    let probed = bench.probe(&path).await.unwrap();
    assert_eq!(probed.playable, Playable::AsIs);
    let dst = bench.path("clip.webm");
    let clip = media::cut(&bench.tools, &path, &probed, Span::new(2.5, 4.5), &dst).await.unwrap();
    near(clip.starts_at, 2.0, 0.05);
    assert_eq!(bench.probe(&dst).await.unwrap().playable, Playable::AsIs);

    let path = bench.ffmpeg(&format!("-f lavfi -i {SOUND} -t 6 -c:a aac -movflags +faststart"), "a.m4a");
    let probed = bench.probe(&path).await.unwrap();
    let clip = media::cut(&bench.tools, &path, &probed, Span::new(2.5, 4.5), &bench.path("sound.mp4")).await.unwrap();
    near(clip.starts_at, 2.5, 0.001);
    near(clip.duration_seconds, 2.0, 0.1);
    let none = media::keyframes(&bench.tools, &path, &probed, 4.0, |_, _| {}).await.unwrap();
    assert_eq!(none, 0);
}

#[tokio::test]
async fn a_thumbnail_is_a_jpeg_of_that_height_and_there_is_none_behind_the_end() {
    let bench = Bench::new();
    let path = bench.mp4(3, "-movflags +faststart", "a.mp4");
    let dst = bench.path("a.jpg");
    media::thumbnail(&bench.tools, &path, 1.5, 90, &dst).await.unwrap();
    let jpeg = std::fs::read(&dst).unwrap();
    // Start of frame: height and width.
    let frame = jpeg.windows(2).position(|w| w == [0xff, 0xc0]).unwrap();
    assert_eq!(jpeg[frame + 5..frame + 9], [0, 90, 0, 160]);
    let behind = media::thumbnail(&bench.tools, &path, 60.0, 90, &bench.path("b.jpg")).await.unwrap_err();
    assert!(behind.is_input_fault(), "{behind:?}");
    assert_eq!(bench.files(), ["a.jpg", "a.mp4"]);
}

#[tokio::test]
async fn keyframes_come_every_four_seconds_with_their_times() {
    let bench = Bench::new();
    let path = bench.mp4(20, "-movflags +faststart", "a.mp4");
    let late = bench.mp4(20, "-output_ts_offset 7 -f mpegts", "late.ts");
    for path in [path, late] {
        let probed = bench.probe(&path).await.unwrap();
        let (mut meter, mut frames) = (FrameMeter::default(), Vec::new());
        let n = media::keyframes(&bench.tools, &path, &probed, 4.0, |at, luma| frames.push(meter.measure(at, luma)));
        assert_eq!(n.await.unwrap(), 5);
        for (i, frame) in frames.iter().enumerate() {
            near(frame.at, 4.0 * i as f64, 0.1);
            assert!(frame.contrast > 20.0 && frame.sharpness > 2.0 && (i == 0) == (frame.change == 0.0), "{frame:?}");
        }
    }
}

#[tokio::test]
async fn a_gap_in_the_sound_is_filled_so_that_time_stays_true() {
    let bench = Bench::new();
    let gap = "-af aselect='not(between(t,2,5))'";
    let args = format!(
        "-f lavfi -i {PICTURE} -f lavfi -i {SOUND} -t 8 {gap} -c:v libx264 -preset ultrafast -c:a pcm_s16le -f matroska"
    );
    let path = bench.ffmpeg(&args, "gap.mkv");
    let mut meter = SoundMeter::default();
    let n = media::sound_16k_mono(&bench.tools, &path, |samples| meter.push(samples)).await.unwrap();
    near(n as f64 / 16000.0, 8.0, 0.2);
    let sound = meter.finish(8.0);
    assert_eq!(sound.level_db.len(), 8);
    assert!(sound.level_db[0] > -30.0 && sound.level_db[6] > -30.0, "{:?}", sound.level_db);
    assert!(sound.dropout[3] > 0.95 && sound.dropout[0] < 0.1 && sound.dropout[7] < 0.1, "{:?}", sound.dropout);
}

#[tokio::test]
async fn captions_inside_the_recording_come_out_as_webvtt() {
    let bench = Bench::new();
    bench.write("a.srt", "1\n00:00:01,000 --> 00:00:02,000\nIsolate the boiler\n");
    let srt = bench.path("a.srt");
    for (codec, name) in [("mov_text", "a.mp4"), ("srt", "a.mkv")] {
        let args = format!(
            "-f lavfi -i {PICTURE} -i {} -t 4 -c:v libx264 -preset ultrafast -pix_fmt yuv420p -c:s {codec}",
            srt.display()
        );
        let path = bench.ffmpeg(&args, name);
        let stream = bench.probe(&path).await.unwrap().info.captions_stream.unwrap();
        let text = media::embedded_captions(&bench.tools, &path, stream).await.unwrap();
        assert!(text.starts_with("WEBVTT") && text.contains("00:01.000 --> 00:02.000\nIsolate the boiler"), "{text}");
    }
}

#[tokio::test]
async fn the_sample_recording_is_three_minutes_in_six_scenes() {
    if media::sample::Voice::find().is_err() {
        return eprintln!("SKIPPED the sample recording: flite is not installed");
    }
    let bench = Bench::new();
    let dst = bench.path("boiler.mp4");
    media::sample::boiler_service(&bench.tools, &dst).await.unwrap();
    let probed = bench.probe(&dst).await.unwrap();
    assert_eq!((probed.playable, bench.files()), (Playable::AsIs, vec!["boiler.mp4".to_owned()]));
    assert!((150.0..220.0).contains(&probed.info.duration_seconds));
    let mut meter = FrameMeter::default();
    let mut changes = Vec::new();
    media::keyframes(&bench.tools, &dst, &probed, 2.0, |at, luma| {
        changes.push(meter.measure(at, luma).change);
    })
    .await
    .unwrap();
    let jumps = changes.iter().filter(|c| **c > 30.0).count();
    assert_eq!(jumps, 5, "one change of scene between each two of six: {changes:?}");
    let mut sound = SoundMeter::default();
    media::sound_16k_mono(&bench.tools, &dst, |samples| sound.push(samples)).await.unwrap();
    let sound = sound.finish(probed.info.duration_seconds);
    assert!(sound.dropout.iter().all(|d| *d < 0.5), "{:?}", sound.dropout);
}
