//! The recording that the journeys share: 100 seconds of three pieces of work, announced in captions.

use media::sample::{BOILER_SERVICE, script_captions};
use std::{
    fs::{self, File},
    path::{Path, PathBuf},
    process::Command,
};

const SECONDS: f64 = 100.0;

/// What is said in it.
pub fn captions() -> String {
    let said: Vec<_> = BOILER_SERVICE.iter().copied().filter(|line| line.0 < SECONDS - 1.0).collect();
    script_captions(&said)
}

/// MP4 with its index at the end; 320 x 180, three scenes, a room in which nobody speaks.
pub fn sample() -> PathBuf {
    made("sample.mp4", |path| {
        let scenes = "testsrc2=s=320x180:r=10:d=37[a];smptehdbars=s=320x180:r=10:d=29,noise=alls=30:allf=t[b];\
                      mandelbrot=s=320x180:r=10,trim=duration=34[c];[a][b][c]concat=n=3[v]";
        let mut arguments = words("-filter_complex");
        arguments.push(scenes.into());
        arguments
            .extend(words("-f lavfi -i anoisesrc=a=0.003:r=16000:seed=7 -map [v] -map 0:a -t 100 -pix_fmt yuv420p"));
        arguments.extend(words("-c:v libx264 -preset ultrafast -crf 30 -g 20 -keyint_min 20 -sc_threshold 0"));
        arguments.extend(words("-c:a aac -b:a 32k -f mp4"));
        run("ffmpeg", &arguments, path);
    })
}

/// The same in fragments, as a device writes it that may die at any moment.
pub fn fragmented_sample() -> PathBuf {
    made("fragmented-moof.mp4", |path| {
        let mut arguments = words("-i");
        arguments.push(sample().display().to_string());
        arguments.extend(words("-c copy -f mp4 -movflags frag_keyframe+empty_moov+default_base_moof"));
        run("ffmpeg", &arguments, path);
    })
}

/// Runs ffmpeg with these words and the name of the file that it makes.
pub fn ffmpeg(arguments: &str, path: &Path) {
    run("ffmpeg", &words(arguments), path);
}

/// What ffprobe shows of a file: `format=duration`, `stream=codec_name`.
pub fn ffprobe(entries: &str, path: &Path) -> String {
    let list = words(&format!("-v error -show_entries {entries} -of csv=p=0"));
    let shown = Command::new("ffprobe").args(list).arg(path).output().unwrap();
    assert!(shown.status.success(), "{}: {}", path.display(), String::from_utf8_lossy(&shown.stderr));
    String::from_utf8(shown.stdout).unwrap().trim().to_owned()
}

/// Length of a file in seconds.
pub fn seconds_of(path: &Path) -> f64 {
    ffprobe("format=duration", path).parse().unwrap()
}

fn run(program: &str, arguments: &[String], path: &Path) {
    let mut command = Command::new(program);
    command.args(["-nostdin", "-v", "error", "-y", "-threads", "1"]).args(arguments).arg(path);
    let ran = testkit::die_with_owner(&mut command, libc::SIGKILL).output().unwrap();
    assert!(ran.status.success(), "{command:?}: {}", String::from_utf8_lossy(&ran.stderr));
}

/// Makes a file once for all tests, in whatever process they run.
pub fn made(name: &str, make: impl FnOnce(&Path)) -> PathBuf {
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join("journeys-1");
    fs::create_dir_all(&folder).unwrap();
    let path = folder.join(name);
    let lock = File::create(folder.join(format!("{name}.lock"))).unwrap();
    lock.lock().unwrap();
    if !path.exists() {
        let beside = folder.join(format!("making-{name}"));
        make(&beside);
        fs::rename(&beside, &path).unwrap();
    }
    path
}

fn words(text: &str) -> Vec<String> {
    text.split_whitespace().map(str::to_owned).collect()
}
