//! The program as a child: it dies with the test, and its last words are shown when the test fails.

use super::{PATIENCE, until};
use rustix::process::{Pid, Signal, kill_process};
use std::{
    fmt,
    fs::{self, File},
    io::Write,
    path::PathBuf,
    process::{Child, Command, Stdio},
    time::{Duration, Instant},
};
use tempfile::TempDir;

/// A command that has ended.
pub struct Ran {
    pub code: i32,
    pub stdout: String,
    pub stderr: String,
}

impl Ran {
    pub fn of(mut command: Command, stdin: &str) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let (out, err) = (folder.path().join("out"), folder.path().join("err"));
        command.stdin(Stdio::piped()).stdout(File::create(&out).unwrap()).stderr(File::create(&err).unwrap());
        let mut child = testkit::die_with_owner(&mut command, libc::SIGKILL).spawn().unwrap();
        // One that does not read its input may be gone already.
        let _ = child.stdin.take().unwrap().write_all(stdin.as_bytes());
        let status = wait(&mut child);
        let read = |path| String::from_utf8_lossy(&fs::read(path).unwrap()).into_owned();
        let ran = Self { code: status.unwrap_or(-1), stdout: read(&out), stderr: read(&err) };
        assert!(status.is_some(), "{command:?} hangs or was killed by a signal: {ran}");
        assert_eq!(testkit::secret_in(&ran.stderr), None, "{command:?} says a secret");
        ran
    }
}

impl fmt::Display for Ran {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "exit code {}\n--- stdout\n{}\n--- stderr\n{}", self.code, self.stdout, self.stderr)
    }
}

/// The exit code; none for a signal, which also ends one that takes too long.
fn wait(child: &mut Child) -> Option<i32> {
    let begun = Instant::now();
    loop {
        if let Some(status) = child.try_wait().unwrap() {
            return status.code();
        }
        if begun.elapsed() > PATIENCE {
            child.kill().unwrap();
        }
        std::thread::sleep(Duration::from_millis(5));
    }
}

/// A server or worker.
pub struct Running {
    child: Child,
    log: PathBuf,
    _folder: TempDir,
}

impl Running {
    /// Starts it and waits until its log says `ready`.
    pub async fn start(mut command: Command, ready: &str) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let log = folder.path().join("log");
        command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(File::create(&log).unwrap());
        let child = testkit::die_with_owner(&mut command, libc::SIGKILL).spawn().unwrap();
        let mut this = Self { child, log, _folder: folder };
        until(ready, async || {
            assert!(this.child.try_wait().unwrap().is_none(), "{command:?} ended: {}", this.log());
            this.log().contains(ready).then_some(())
        })
        .await;
        this
    }

    #[allow(dead_code, reason = "the bench of what is never lost measures the process")]
    pub fn id(&self) -> u32 {
        self.child.id()
    }

    /// All that it has logged.
    pub fn log(&self) -> String {
        String::from_utf8_lossy(&fs::read(&self.log).unwrap_or_default()).into_owned()
    }

    /// `http://127.0.0.1:port`
    pub fn base(&self) -> String {
        let log = self.log();
        let address = log.split("listening on http://").nth(1).unwrap().split('"').next().unwrap();
        format!("http://{address}")
    }

    /// SIGKILL.
    pub fn kill(mut self) {
        self.child.kill().unwrap();
        self.child.wait().unwrap();
    }

    /// As a service manager stops it; returns its log.
    pub fn stop(mut self) -> String {
        kill_process(Pid::from_child(&self.child), Signal::TERM).unwrap();
        let code = wait(&mut self.child);
        assert_eq!(code, Some(0), "it did not stop as asked: {}", self.log());
        self.log()
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
        let log = self.log();
        if !std::thread::panicking() {
            assert_eq!(testkit::secret_in(&log), None, "a secret stands in the log");
        } else {
            let last: Vec<&str> = log.lines().rev().take(40).collect();
            eprintln!("--- log\n{}", last.into_iter().rev().collect::<Vec<_>>().join("\n"));
        }
    }
}
