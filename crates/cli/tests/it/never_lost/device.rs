//! `trainar glasses`, as a child over a spool of its own.

use super::recorded::Onlooker;
use crate::support::{PATIENCE, Pairing, Place};
use rustix::process::{Pid, Signal, kill_process};
use serde_json::json;
use std::{
    fs::{self, File},
    path::{Path, PathBuf},
    process::{Child, Command, ExitStatus, Stdio},
    time::Instant,
};

/// A device: its spool, and who looks on.
pub struct Device {
    pub spool: PathBuf,
    pub onlooker: Onlooker,
}

/// The program while it runs.
pub struct Program {
    child: Child,
    log: PathBuf,
}

impl Device {
    /// Paired with the server at `base`.
    pub fn new(place: &Place, name: &str, pairing: &Pairing, base: &str) -> Self {
        let spool = place.file(name);
        fs::create_dir_all(&spool).unwrap();
        let server = json!({ "server": base, "token": pairing.token });
        fs::write(spool.join("server.json"), server.to_string()).unwrap();
        Self { onlooker: Onlooker::start(&spool), spool }
    }

    /// Records the whole of `source`, so many times as fast as it was, and delivers.
    pub fn record(&self, place: &Place, source: &Path, speed: f64) -> Program {
        let (source, speed) = (source.display().to_string(), speed.to_string());
        self.run(place.command(&["glasses", "run", "--simulate", &source, "--speed", &speed, "--mute", "--json"]))
    }

    /// Delivers what there is.
    pub fn deliver(&self, place: &Place) -> Program {
        self.run(place.command(&["glasses", "deliver", "--json"]))
    }

    fn run(&self, mut command: Command) -> Program {
        let log = self.spool.with_extension("log");
        let file = File::options().create(true).append(true).open(&log).unwrap();
        command.arg("--spool").arg(&self.spool);
        command.stdin(Stdio::null()).stdout(file.try_clone().unwrap()).stderr(file);
        Program { child: testkit::die_with_owner(&mut command, libc::SIGKILL).spawn().unwrap(), log }
    }
}

impl Program {
    pub fn id(&self) -> u32 {
        self.child.id()
    }

    pub fn has_ended(&mut self) -> bool {
        self.child.try_wait().unwrap().is_some()
    }

    pub fn signal(&self, signal: Signal) {
        let _ = kill_process(Pid::from_child(&self.child), signal);
    }

    /// SIGKILL.
    pub fn kill(mut self) {
        self.child.kill().unwrap();
        self.child.wait().unwrap();
    }

    /// Waits for its end.
    pub async fn ended(mut self) -> Result<ExitStatus, String> {
        let begun = Instant::now();
        loop {
            if let Some(status) = self.child.try_wait().unwrap() {
                return if status.success() { Ok(status) } else { Err(format!("{status}: {}", self.last_words())) };
            }
            if begun.elapsed() > PATIENCE {
                return Err(format!("it does not end: {}", self.last_words()));
            }
            tokio::time::sleep(std::time::Duration::from_millis(10)).await;
        }
    }

    pub fn last_words(&self) -> String {
        let log = fs::read_to_string(&self.log).unwrap_or_default();
        let last: Vec<&str> = log.lines().rev().take(30).collect();
        last.into_iter().rev().collect::<Vec<_>>().join("\n")
    }
}

impl Drop for Program {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
