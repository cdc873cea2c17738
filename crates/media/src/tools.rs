//! The programs, what each child of theirs may use, and what all have used.

use crate::MediaError;
use std::{
    future::Future,
    path::{Path, PathBuf},
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

/// Where ffmpeg and ffprobe are, and the limits of their children. Clones share one [`Usage`].
#[derive(Clone, Debug)]
pub struct Tools {
    /// The ffmpeg program.
    pub ffmpeg: PathBuf,
    /// The ffprobe program.
    pub ffprobe: PathBuf,
    /// Memory that one child may write to (`RLIMIT_DATA`), in bytes.
    pub memory_limit_bytes: u64,
    /// Longest time of one operation; those that go through a whole recording get its length on top.
    pub timeout: Duration,
    /// Threads of one decoder or encoder.
    pub threads: usize,
    usage: Arc<Mutex<Usage>>,
}

/// What children have used, all added up.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Usage {
    /// User and system time of all children that have ended, in seconds.
    pub cpu_seconds: f64,
    /// Largest resident memory of any one child, in bytes.
    pub max_rss_bytes: u64,
    /// How many children have ended.
    pub children: u64,
}

impl Tools {
    /// Finds the programs: the given paths, else the first of that name on `PATH`.
    ///
    /// # Errors
    /// [`MediaError::Missing`] with the program's name.
    pub fn find(ffmpeg: Option<PathBuf>, ffprobe: Option<PathBuf>) -> Result<Self, MediaError> {
        Ok(Self {
            ffmpeg: locate(ffmpeg, "ffmpeg")?,
            ffprobe: locate(ffprobe, "ffprobe")?,
            memory_limit_bytes: 1 << 30,
            timeout: Duration::from_secs(600),
            threads: std::thread::available_parallelism().map_or(2, |n| n.get().min(4)),
            usage: Arc::default(),
        })
    }

    /// ffmpeg's own version text, such as `5.1.9-0+deb12u1`.
    ///
    /// # Errors
    /// [`MediaError`] when it cannot be run.
    pub async fn version(&self) -> Result<String, MediaError> {
        let (text, _) =
            self.output("asking ffmpeg for its version", &self.ffmpeg, vec!["-version".into()], 64 << 10).await?;
        let text = String::from_utf8_lossy(&text);
        Ok(text.split_whitespace().nth(2).unwrap_or("unknown").to_owned())
    }

    /// What all children run through this value and its clones have used, as far as they have ended.
    pub fn usage(&self) -> Usage {
        *self.usage.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(crate) fn record(&self, used: wait4::ResourceUsage) {
        let mut usage = self.usage.lock().unwrap_or_else(PoisonError::into_inner);
        usage.cpu_seconds += (used.utime + used.stime).as_secs_f64();
        usage.max_rss_bytes = usage.max_rss_bytes.max(used.maxrss);
        usage.children += 1;
    }

    /// Runs `work` for at most `timeout` plus `extra_seconds`; children die with the dropped future.
    pub(crate) async fn within<T>(
        &self,
        doing: &'static str,
        extra_seconds: f64,
        work: impl Future<Output = Result<T, MediaError>>,
    ) -> Result<T, MediaError> {
        let limit = self.timeout + Duration::from_secs_f64(extra_seconds.clamp(0.0, 7.0 * 86400.0));
        match tokio::time::timeout(limit, work).await {
            Ok(result) => result,
            Err(_) => Err(MediaError::Timeout { doing, seconds: limit.as_secs() }),
        }
    }
}

pub(crate) fn locate(given: Option<PathBuf>, name: &str) -> Result<PathBuf, MediaError> {
    let wanted = given.unwrap_or_else(|| name.into());
    let found = if wanted.components().count() > 1 {
        Some(wanted.clone()).filter(|p| is_program(p))
    } else {
        let path = std::env::var_os("PATH").unwrap_or_default();
        std::env::split_paths(&path).map(|folder| folder.join(&wanted)).find(|p| is_program(p))
    };
    found.ok_or_else(|| MediaError::Missing { program: wanted.display().to_string() })
}

fn is_program(path: &Path) -> bool {
    use std::os::unix::fs::PermissionsExt;
    path.metadata().is_ok_and(|m| m.is_file() && m.permissions().mode() & 0o111 != 0)
}
