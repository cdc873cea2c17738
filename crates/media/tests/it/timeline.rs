//! Runs of a session become one recording: every second of a run has a flash and a beep, so that one can see and hear
//! where it came to lie.

use crate::bench::{Bench, near};
use domain::Span;
use media::{Joined, MediaError, Playable, Run, join_runs};
use std::path::{Path, PathBuf};

const MP4: &str = "-c:v libx264 -preset ultrafast -g 30 -bf 0 -pix_fmt yuv420p -c:a aac -ac 1 \
                   -movflags +frag_keyframe+empty_moov+default_base_moof -f mp4";
const WEBM: &str = "-c:v libvpx -deadline realtime -cpu-used 8 -g 30 -c:a libopus -ac 1 -live 1 -f webm";

impl Bench {
    /// A run of `seconds` with a white flash and a beep of 0.1 s at each full second, whose own clock begins at `clock`.
    fn run(&self, seconds: f64, clock: f64, size: &str, coded: &str, name: &str) -> PathBuf {
        let args = format!(
            "-f lavfi -i color=black:s={size}:r=30,drawbox=c=white:t=fill:enable='lt(mod(t,1),0.1)' \
             -f lavfi -i aevalsrc='0.6*sin(880*2*PI*t)*lt(mod(t\\,1)\\,0.1)':s=48000 \
             -t {seconds} {coded} -output_ts_offset {clock}"
        );
        self.ffmpeg(&args, name)
    }

    async fn join(&self, runs: &[(&Path, f64)], name: &str) -> Result<Joined, MediaError> {
        let run =
            |(path, start_seconds): &(&Path, f64)| Run { path: path.to_path_buf(), start_seconds: *start_seconds };
        let runs: Vec<_> = runs.iter().map(run).collect();
        join_runs(&self.tools, &runs, &self.path(name), |_| {}).await
    }

    /// Where the flashes are, by the times of the pictures, and the beeps, as a browser plays them: it counts samples and
    /// does not look at their times.
    fn flashes_and_beeps(&self, path: &Path) -> (Vec<f64>, Vec<f64>) {
        let input = format!("-i {}", path.display());
        let stats = "-an -vf signalstats,metadata=print:key=lavfi.signalstats.YAVG:file=- -f null -";
        let (mut flashes, mut white, mut at) = (Vec::new(), false, 0.0);
        for line in String::from_utf8(self.output(&format!("{input} {stats}"))).unwrap().lines() {
            if let Some(time) = line.split("pts_time:").nth(1) {
                at = time.trim().parse().unwrap();
            } else if let Some(value) = line.split("YAVG=").nth(1) {
                let now = value.parse::<f64>().unwrap() > 60.0;
                flashes.extend((now && !white).then_some(at));
                white = now;
            }
        }
        let samples = self.output(&format!("{input} -vn -ac 1 -ar 16000 -f s16le -"));
        let (mut beeps, mut quiet_for) = (Vec::new(), 16_000);
        for (i, sample) in samples.chunks_exact(2).enumerate() {
            if i16::from_le_bytes([sample[0], sample[1]]).abs() > 3000 {
                beeps.extend((quiet_for > 4000).then_some(i as f64 / 16_000.0));
                quiet_for = 0;
            } else {
                quiet_for += 1;
            }
        }
        (flashes, beeps)
    }

    /// What ffmpeg with `args` split at spaces writes to its standard output.
    fn output(&self, args: &str) -> Vec<u8> {
        let mut command = std::process::Command::new(&self.tools.ffmpeg);
        let run = command.args(["-v", "error", "-nostdin"]).args(args.split(' ')).output().unwrap();
        assert!(run.status.success(), "{}", String::from_utf8_lossy(&run.stderr));
        run.stdout
    }
}

/// Flashes and beeps are at these times and nowhere else.
fn check(bench: &Bench, name: &str, expected: &[f64]) {
    let (flashes, beeps) = bench.flashes_and_beeps(&bench.path(name));
    let fits =
        |found: &[f64]| found.len() == expected.len() && found.iter().zip(expected).all(|(a, b)| (a - b).abs() < 0.08);
    assert!(
        fits(&flashes) && fits(&beeps),
        "{name}\n expected {expected:.2?}\n flashes {flashes:.2?}\n beeps {beeps:.2?}"
    );
}

fn check_spans(spans: &[Span], expected: &[(f64, f64)]) {
    let fits =
        |(span, (start, end)): (&Span, &(f64, f64))| (span.start - start).abs() < 0.1 && (span.end - end).abs() < 0.1;
    assert!(spans.len() == expected.len() && spans.iter().zip(expected).all(fits), "{spans:?} is not {expected:?}");
}

fn seconds(spans: &[(u32, u32)]) -> Vec<f64> {
    spans.iter().flat_map(|(from, to)| (*from..*to).map(f64::from)).collect()
}

#[tokio::test]
async fn a_pause_stays_a_pause_and_picture_and_sound_are_in_step_after_it() {
    for (coded, playing, name) in [(MP4, "h264", "a.mp4"), (WEBM, "vp8", "a.webm")] {
        let bench = Bench::new();
        let first = bench.run(4.0, 0.0, "160x90", coded, "1");
        let second = bench.run(3.0, 7000.0, "160x90", coded, "2");
        let third = bench.run(3.0, 12.0, "160x90", coded, "3");
        let joined = bench.join(&[(&first, 100.0), (&second, 113.0), (&third, 116.2)], name).await.unwrap();
        let info = &joined.probed.info;
        assert_eq!((joined.probed.playable, &info.warnings[..]), (Playable::AsIs, &[][..]), "{name}");
        assert_eq!(info.video.as_ref().unwrap().codec, playing);
        near(info.duration_seconds, 19.2, 0.1);
        check_spans(&joined.gaps, &[(4.0, 13.0)]);
        let runs: Vec<_> = joined.runs.into_iter().map(Option::unwrap).collect();
        check_spans(&runs, &[(0.0, 4.0), (13.0, 16.0), (16.2, 19.2)]);
        check(&bench, name, &[&seconds(&[(0, 4), (13, 16)])[..], &[16.2, 17.2, 18.2]].concat());
        assert_eq!(bench.files(), ["1", "2", "3", name]);
    }
}

/// Removes what the box names of a fragmented MP4 say: the fragments (`moof` and `mdat`) of these numbers, from 0.
fn without_fragments(path: &Path, lost: std::ops::Range<usize>) {
    let bytes = std::fs::read(path).unwrap();
    let (mut kept, mut at, mut fragment) = (Vec::new(), 0, 0);
    while at < bytes.len() {
        let size = u32::from_be_bytes(bytes[at..at + 4].try_into().unwrap()) as usize;
        let name = &bytes[at + 4..at + 8];
        if !(matches!(name, b"moof" | b"mdat") && lost.contains(&fragment)) {
            kept.extend(&bytes[at..at + size]);
        }
        fragment += usize::from(name == b"mdat");
        at += size;
    }
    std::fs::write(path, kept).unwrap();
}

#[tokio::test]
async fn a_lost_fragment_is_a_gap_and_a_torn_end_loses_only_itself() {
    let bench = Bench::new();
    let run = bench.run(8.0, 500.0, "160x90", MP4, "1");
    without_fragments(&run, 3..5);
    let bytes = std::fs::read(&run).unwrap();
    bench.write("1", &bytes[..bytes.len() - 300]);
    let next = bench.run(2.0, 0.0, "160x90", MP4, "2");
    let joined = bench.join(&[(&run, 10.0), (&next, 20.0)], "out.mp4").await.unwrap();
    assert_eq!(joined.gaps.len(), 2, "{:?}", joined.gaps);
    check_spans(&joined.gaps[..1], &[(3.0, 5.0)]);
    near(joined.gaps[1].end, 10.0, 0.1);
    near(joined.probed.info.duration_seconds, 12.0, 0.1);
    let expected = seconds(&[(0, 3), (5, 7), (10, 12)]);
    let (flashes, beeps) = bench.flashes_and_beeps(&bench.path("out.mp4"));
    // At its edges a fragment holds a little more or less of the sound than of the picture.
    let rest = |found: Vec<f64>| {
        found.into_iter().filter(|at| (at - 3.0).abs() > 0.1 && (at - 7.0).abs() > 0.1).collect::<Vec<_>>()
    };
    for found in [rest(flashes), rest(beeps)] {
        assert!(found.len() == 7 && found.iter().zip(&expected).all(|(a, b)| (a - b).abs() < 0.08), "{found:?}");
    }
}

#[tokio::test]
async fn a_webm_stream_without_its_middle_goes_on_behind_a_gap() {
    let bench = Bench::new();
    let run = bench.run(9.0, 40.0, "160x90", WEBM, "1");
    let bytes = std::fs::read(&run).unwrap();
    let cluster = [0x1f, 0x43, 0xb6, 0x75];
    let clusters: Vec<_> = (0..bytes.len()).filter(|i| bytes[*i..].starts_with(&cluster)).collect();
    assert!(clusters.len() >= 7, "{clusters:?}");
    bench.write("1", [&bytes[..(clusters[2] + clusters[3]) / 2], &bytes[clusters[6]..]].concat());
    let joined = bench.join(&[(&run, 0.0)], "out.webm").await.unwrap();
    near(joined.probed.info.duration_seconds, 9.0, 0.15);
    assert_eq!(joined.gaps.len(), 1, "{:?}", joined.gaps);
    let gap = joined.gaps[0];
    assert!(gap.duration() > 1.0, "{gap:?}");
    let (flashes, beeps) = bench.flashes_and_beeps(&bench.path("out.webm"));
    let behind = |found: &[f64]| found.iter().copied().filter(|at| *at >= gap.end - 0.1).collect::<Vec<_>>();
    let expected: Vec<_> = (0..9).map(f64::from).filter(|at| *at >= gap.end).collect();
    for found in [behind(&flashes), behind(&beeps)] {
        assert!(!found.is_empty() && found.len() == expected.len(), "{gap:?} {flashes:?} {beeps:?}");
        assert!(found.iter().zip(&expected).all(|(a, b)| (a - b).abs() < 0.08), "{found:?}");
    }
}

#[tokio::test]
async fn runs_that_overlap_come_one_after_another_and_order_does_not_matter() {
    let bench = Bench::new();
    let first = bench.run(4.0, 0.0, "160x90", MP4, "1");
    let second = bench.run(3.0, 0.0, "160x90", MP4, "2");
    let joined = bench.join(&[(&second, 52.0), (&first, 50.0)], "out.mp4").await.unwrap();
    let runs: Vec<_> = joined.runs.into_iter().map(Option::unwrap).collect();
    check_spans(&runs, &[(4.0, 7.0), (0.0, 4.0)]);
    assert_eq!(joined.gaps, []);
    check(&bench, "out.mp4", &seconds(&[(0, 7)]));
}

#[tokio::test]
async fn what_follows_two_runs_that_overlap_keeps_its_gap() {
    let bench = Bench::new();
    let first = bench.run(4.0, 0.0, "160x90", MP4, "1");
    let joined = bench.join(&[(&first, 0.0), (&first, 3.0), (&first, 9.0)], "out.mp4").await.unwrap();
    check_spans(&joined.gaps, &[(8.0, 10.0)]);
    check(&bench, "out.mp4", &seconds(&[(0, 8), (10, 14)]));
}

#[tokio::test]
async fn a_gap_of_days_takes_ten_minutes_and_a_clip_ends_before_it() {
    let bench = Bench::new();
    let days = 30.0 * 86_400.0;
    for (coded, name) in [(MP4, "out.mp4"), (WEBM, "out.webm")] {
        let run = bench.run(2.0, 0.0, "160x90", coded, "1");
        let joined = bench.join(&[(&run, 5.0), (&run, 5.0 + days), (&run, 60.0 + days)], name).await.unwrap();
        near(joined.probed.info.duration_seconds, 659.0, 0.1);
        check_spans(&joined.gaps, &[(2.0, 602.0), (604.0, 657.0)]);
        let runs: Vec<_> = joined.runs.into_iter().map(Option::unwrap).collect();
        check_spans(&runs, &[(0.0, 2.0), (602.0, 604.0), (657.0, 659.0)]);
        check(&bench, name, &seconds(&[(0, 2), (602, 604), (657, 659)]));
        let (path, clip) = (bench.path(name), bench.path(format!("clip-{name}")));
        let cut = media::cut(&bench.tools, &path, &joined.probed, Span::new(0.0, 2.0), &clip).await.unwrap();
        near(cut.duration_seconds, 2.0, 0.1);
    }
}

#[tokio::test]
async fn a_run_without_its_header_is_left_out_and_all_of_them_are_an_error() {
    let bench = Bench::new();
    let good = bench.run(2.0, 0.0, "160x90", MP4, "1");
    let headless = bench.run(2.0, 0.0, "160x90", MP4, "2");
    let bytes = std::fs::read(&headless).unwrap();
    let moof = bytes.windows(4).position(|w| w == b"moof").unwrap() - 4;
    bench.write("2", &bytes[moof..]);
    let text = bench.write("3", "ffconcat version 1.0\nfile /etc/passwd\n");
    let joined = bench.join(&[(&headless, 0.0), (&good, 5.0), (&text, 9.0)], "out.mp4").await.unwrap();
    check(&bench, "out.mp4", &seconds(&[(0, 2)]));
    assert!(joined.runs[0].is_none() && joined.runs[1].is_some() && joined.runs[2].is_none());
    let [one, three] = &joined.probed.info.warnings[..] else { panic!("{:?}", joined.probed.info.warnings) };
    assert!(one.starts_with("part 1 of the recording is left out") && three.contains("it is text"), "{one} {three}");
    let none = bench.join(&[(&headless, 0.0), (&text, 3.0)], "none.mp4").await.unwrap_err();
    assert!(none.is_input_fault(), "{none:?}");
    assert!(bench.join(&[], "none.mp4").await.unwrap_err().is_input_fault());
    assert_eq!(bench.files(), ["1", "2", "3", "out.mp4"]);
}

#[tokio::test]
async fn a_run_of_another_kind_follows_the_rest() {
    let bench = Bench::new();
    let long = bench.run(4.0, 0.0, "160x90", MP4, "1");
    let turned = bench.run(2.0, 0.0, "90x160", &MP4.replace("-ac 1", "-ac 2 -ar 44100"), "2");
    let webm = bench.run(2.0, 30.0, "320x180", WEBM, "3");
    let joined = bench.join(&[(&long, 0.0), (&turned, 6.0), (&webm, 9.0)], "out.mp4").await.unwrap();
    let info = &joined.probed.info;
    let (video, audio) = (info.video.as_ref().unwrap(), info.audio.as_ref().unwrap());
    assert_eq!((video.codec.as_str(), video.width, video.height), ("h264", 160, 90));
    assert_eq!((audio.codec.as_str(), audio.sample_rate, audio.channels), ("aac", 48000, 1));
    assert_eq!(info.warnings.len(), 2, "{:?}", info.warnings);
    assert!(info.warnings.iter().all(|w| w.contains("picture and sound had to be re-encoded")), "{:?}", info.warnings);
    check_spans(&joined.gaps, &[(4.0, 6.0), (8.0, 9.0)]);
    check(&bench, "out.mp4", &seconds(&[(0, 4), (6, 8), (9, 11)]));
}

#[tokio::test]
async fn sound_or_picture_may_be_missing_in_a_run() {
    let bench = Bench::new();
    let whole = bench.run(3.0, 0.0, "160x90", MP4, "1");
    let mute = bench.run(3.0, 0.0, "160x90", &format!("-map 0 {MP4}"), "2");
    let blind = bench.run(3.0, 0.0, "160x90", &format!("-map 1 {MP4}"), "3");
    let joined = bench.join(&[(&blind, 0.0), (&mute, 4.0), (&whole, 8.0), (&mute, 12.0)], "out.mp4").await.unwrap();
    let (flashes, beeps) = bench.flashes_and_beeps(&bench.path("out.mp4"));
    let fits = |found: &[f64], expected: &[f64]| {
        found.len() == expected.len() && found.iter().zip(expected).all(|(a, b)| (a - b).abs() < 0.08)
    };
    assert!(fits(&flashes, &seconds(&[(4, 7), (8, 11), (12, 15)])), "{flashes:?}");
    assert!(fits(&beeps, &seconds(&[(0, 3), (8, 11)])), "{beeps:?}");
    check_spans(&joined.gaps, &[(3.0, 4.0), (7.0, 8.0), (11.0, 12.0)]);
    near(joined.probed.info.duration_seconds, 15.0, 0.1);
    let silent = bench.join(&[(&mute, 0.0), (&mute, 5.0)], "mute.mp4").await.unwrap();
    assert!(silent.probed.info.audio.is_none());
    check_spans(&silent.gaps, &[(3.0, 5.0)]);
}

#[tokio::test]
async fn what_comes_after_keeps_the_time_across_a_gap() {
    for (coded, name) in [(MP4, "a.mp4"), (WEBM, "a.webm")] {
        let bench = Bench::new();
        let first = bench.run(4.0, 0.0, "160x90", coded, "1");
        let second = bench.run(4.0, 90.0, "160x90", coded, "2");
        let joined = bench.join(&[(&first, 0.0), (&second, 20.0)], name).await.unwrap();
        let (path, probed) = (bench.path(name), &joined.probed);
        let mut samples = Vec::new();
        let n = media::sound_16k_mono(&bench.tools, &path, |piece| samples.extend_from_slice(piece)).await.unwrap();
        near(n as f64 / 16_000.0, 24.0, 0.1);
        let loud = |at: f64| samples[(at * 16_000.0) as usize..][..800].iter().any(|s| s.abs() > 3000);
        assert!(loud(3.02) && loud(20.02) && loud(21.02) && !loud(12.02) && !loud(20.5), "{name}");
        check_spans(&probed.picture_gaps, &[(4.0, 20.0)]);
        assert!(probed.keyframes.iter().all(|k| *k < 4.0 || *k > 19.9), "{:?}", probed.keyframes);
        let mut seen = Vec::new();
        media::keyframes(&bench.tools, &path, probed, 1.0, |at, _| seen.push(at)).await.unwrap();
        assert!(seen.iter().filter(|at| **at > 19.9).count() >= 3, "{seen:?}");
        media::thumbnail(&bench.tools, &path, 21.5, 90, &bench.path("behind.jpg")).await.unwrap();
        media::thumbnail(&bench.tools, &path, 12.0, 90, &bench.path("within.jpg")).await.unwrap();
        let clip = bench.path(format!("clip-{name}"));
        let cut = media::cut(&bench.tools, &path, probed, Span::new(2.5, 22.0), &clip).await.unwrap();
        near(cut.starts_at, 2.0, 0.1);
        near(cut.duration_seconds, 20.0, 0.3);
        let (flashes, beeps) = bench.flashes_and_beeps(&clip);
        let behind = |found: &[f64]| found.iter().copied().find(|at| *at > 5.0).unwrap();
        near(behind(&flashes), 18.0, 0.1);
        near(behind(&beeps), 18.0, 0.1);
    }
}

/// Prints what joining costs: `cargo nextest run -p media --run-ignored only twenty_minutes --no-capture`.
#[tokio::test]
#[ignore = "prints figures"]
async fn twenty_minutes_in_three_runs() {
    for (coded, name) in [
        ("-c:v libx264 -preset ultrafast -g 60 -b:v 4M -pix_fmt yuv420p -c:a aac", "a.mp4"),
        ("-c:v libvpx -deadline realtime -cpu-used 8 -g 60 -b:v 4M -c:a libopus", "a.webm"),
    ] {
        let bench = Bench::new();
        let source = "-f lavfi -i testsrc2=s=1280x720:r=30,noise=alls=12:allf=t -f lavfi -i sine=440:sample_rate=48000";
        let live = if name == "a.mp4" { "-movflags +frag_keyframe+empty_moov -f mp4" } else { "-live 1 -f webm" };
        let minute = bench.ffmpeg(&format!("{source} -t 20 {coded} -f matroska"), "20s");
        let looped = |loops: u32, name: &str| {
            bench.ffmpeg(&format!("-stream_loop {} -i {} -c copy {live}", loops - 1, minute.display()), name)
        };
        let runs = [looped(21, "1"), looped(12, "2"), looped(27, "3")];
        let bytes: u64 = runs.iter().map(|run| run.metadata().unwrap().len()).sum();
        for pause in [60.0, 3600.0] {
            let tools = media::Tools::find(None, None).unwrap();
            let starts = [0.0, 420.0 + pause, 660.0 + 2.0 * pause];
            let list: Vec<_> =
                runs.iter().zip(starts).map(|(p, start_seconds)| Run { path: p.clone(), start_seconds }).collect();
            let began = std::time::Instant::now();
            let joined = join_runs(&tools, &list, &bench.path(name), |_| {}).await.unwrap();
            let (took, used) = (began.elapsed().as_secs_f64(), tools.usage());
            let out = bench.path(name).metadata().unwrap().len();
            println!(
                "{name}: {:.0} MB in 3 runs, 2 pauses of {pause} s: {took:.1} s, {:.1} s CPU, child at most {:.0} MB, \
                 {:.0} MB out, {} gaps, lasts {:.0} s",
                bytes as f64 / 1e6,
                used.cpu_seconds,
                used.max_rss_bytes as f64 / 1e6,
                out as f64 / 1e6,
                joined.gaps.len(),
                joined.probed.info.duration_seconds
            );
        }
    }
}
