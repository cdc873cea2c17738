//! A folder, the tools, and small media made on the spot.

use media::{MediaError, Probed, Tools, probe};
use std::{
    ffi::OsStr,
    path::{Path, PathBuf},
    process::Command,
};

pub struct Bench {
    pub tools: Tools,
    folder: tempfile::TempDir,
}

/// Arguments for two seconds-long test inputs: picture, then sound.
pub const PICTURE: &str = "testsrc2=s=320x180:r=30";
pub const SOUND: &str = "sine=frequency=440:sample_rate=48000";

impl Bench {
    pub fn new() -> Self {
        Self { tools: Tools::find(None, None).unwrap(), folder: tempfile::tempdir().unwrap() }
    }

    pub fn path(&self, name: impl AsRef<OsStr>) -> PathBuf {
        self.folder.path().join(name.as_ref())
    }

    pub fn write(&self, name: impl AsRef<OsStr>, bytes: impl AsRef<[u8]>) -> PathBuf {
        let path = self.path(name);
        std::fs::write(&path, bytes).unwrap();
        path
    }

    /// Runs ffmpeg with `args` split at spaces, the output's name last.
    pub fn ffmpeg(&self, args: &str, name: &str) -> PathBuf {
        let path = self.path(name);
        let run = Command::new(&self.tools.ffmpeg)
            .args(["-v", "error", "-nostdin", "-y"])
            .args(args.split(' '))
            .arg(&path)
            .output();
        let run = run.unwrap();
        assert!(run.status.success(), "{}", String::from_utf8_lossy(&run.stderr));
        path
    }

    /// `seconds` of picture and sound, H.264 with a keyframe each second and AAC.
    pub fn mp4(&self, seconds: u32, flags: &str, name: &str) -> PathBuf {
        let codecs = "-c:v libx264 -preset ultrafast -g 30 -pix_fmt yuv420p -c:a aac";
        self.ffmpeg(&format!("-f lavfi -i {PICTURE} -f lavfi -i {SOUND} -t {seconds} {codecs} {flags}"), name)
    }

    pub async fn probe(&self, path: &Path) -> Result<Probed, MediaError> {
        probe(&self.tools, path).await
    }

    /// The reason why the recording is at fault; panics when it is not.
    pub async fn fault(&self, path: &Path) -> String {
        let error = self.probe(path).await.expect_err("the file should be refused");
        assert!(error.is_input_fault(), "{error:?}");
        error.to_string()
    }

    /// Everything that lies in the folder, to find what was left behind.
    pub fn files(&self) -> Vec<String> {
        let mut names: Vec<_> = std::fs::read_dir(self.folder.path())
            .unwrap()
            .map(|f| f.unwrap().file_name().to_string_lossy().into_owned())
            .collect();
        names.sort();
        names
    }
}

/// A real clip, or `None` with a word about it.
pub fn real(name: &str) -> Option<PathBuf> {
    let folder = std::env::var_os("TRAINAR_TEST_DATA")
        .map_or_else(|| Path::new(env!("CARGO_MANIFEST_DIR")).join("../../../shared/data"), PathBuf::from);
    let path = folder.join("media").join(name);
    if !path.exists() {
        eprintln!("SKIPPED {name}: not in {}; set TRAINAR_TEST_DATA", folder.display());
        return None;
    }
    Some(path)
}

pub fn near(a: f64, b: f64, tolerance: f64) {
    assert!((a - b).abs() <= tolerance, "{a} is not {b} ± {tolerance}");
}
