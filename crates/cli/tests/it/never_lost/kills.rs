//! The device killed at a random moment of a session, and what arrives after it is started again.

use super::{arrived, compare::Comparison, device::Device, source::SECONDS};
use crate::support::{Pairing, Place, Rows};
use rand::{Rng, rngs::StdRng};
use rustix::process::{Pid, Signal, kill_process};
use std::{fs, path::Path, time::Duration};

/// What came of one.
#[derive(Default)]
pub struct Killed {
    /// Seconds after the session began.
    pub after: f64,
    pub compared: Comparison,
    /// Seconds of the source that had been read and were in no part on the disk.
    pub unwritten: Option<f64>,
    pub wrong: Vec<String>,
}

/// A device that is killed again and again, with the session that the server had before.
pub struct Victim<'a> {
    place: &'a Place,
    pairing: Pairing,
    device: Device,
    sessions: usize,
}

impl<'a> Victim<'a> {
    pub fn new(place: &'a Place, name: &str, pairing: Pairing, base: &str) -> Self {
        Self { place, device: Device::new(place, name, &pairing, base), pairing, sessions: 0 }
    }

    /// Records, dies within `longest` of the session's beginning, is started again, delivers.
    pub async fn die(&mut self, source: &Path, speed: f64, longest: Duration, dice: &mut StdRng) -> Killed {
        let after = longest.mul_f64(dice.random());
        let mut killed = Killed { after: after.as_secs_f64(), ..Killed::default() };
        let before = self.device.onlooker.now();
        let mut program = self.device.record(self.place, source, speed);
        // Mostly in the session; now and then while the program starts.
        let starts = dice.random_range(0..10) == 0;
        while !starts && !self.is_holding() && !program.has_ended() {
            tokio::time::sleep(Duration::from_millis(2)).await;
        }
        tokio::time::sleep(after).await;
        // First it stands still, so that what it has done and what is on the disk belong to one moment.
        let recorders = children(program.id());
        program.signal(Signal::STOP);
        for child in &recorders {
            signal(*child, Signal::STOP);
        }
        let given = recorders.iter().find_map(|child| read_so_far(*child, source));
        program.kill();
        // One that has only just been forked does not know yet that it dies with its owner.
        for child in &recorders {
            signal(*child, Signal::CONT);
        }
        let at_death = self.device.onlooker.now();
        let parts = at_death.iter().find(|(folder, _)| !before.contains_key(*folder)).map(|(_, parts)| parts.clone());
        let parts = parts.unwrap_or_default();
        let kept = parts.values().map(|part| part.end_ms as f64 / 1e3).fold(0.0, f64::max);
        killed.unwritten = given.map(|share| (share * f64::from(SECONDS) - kept).max(0.0));

        if let Err(why) = self.device.deliver(self.place).ended().await {
            killed.wrong.push(format!("delivering: {why}"));
        }
        let mut rows = Rows::open(&self.place.data()).await;
        let sessions = arrived::sessions(&mut rows, &self.pairing.email).await;
        let new = &sessions[self.sessions..];
        self.sessions = sessions.len();
        match new {
            [] if parts.is_empty() => {}
            [session] => {
                let there = arrived::parts(&mut rows, &self.place.data(), session).await;
                killed.compared = Comparison::of(&parts, &there);
                if !killed.compared.is_whole() {
                    killed.wrong.push(format!("{:?}", killed.compared));
                }
            }
            several => killed.wrong.push(format!("{} parts came as {} sessions", parts.len(), several.len())),
        }
        if self.is_holding() {
            killed.wrong.push("something is still on the device".to_owned());
        }
        killed
    }

    /// Whether there is a session on the device.
    fn is_holding(&self) -> bool {
        fs::read_dir(self.device.spool.join("sessions")).is_ok_and(|mut sessions| sessions.next().is_some())
    }
}

/// The children of a process.
fn children(pid: u32) -> Vec<u32> {
    let threads = fs::read_dir(format!("/proc/{pid}/task")).into_iter().flatten().flatten();
    let lists = threads.filter_map(|thread| fs::read_to_string(thread.path().join("children")).ok());
    lists.flat_map(|list| list.split_whitespace().filter_map(|pid| pid.parse().ok()).collect::<Vec<_>>()).collect()
}

/// The share of a file that a process has read, if it has opened it.
fn read_so_far(pid: u32, file: &Path) -> Option<f64> {
    let opened = fs::read_dir(format!("/proc/{pid}/fd")).ok()?.flatten();
    let fd = opened.into_iter().find(|fd| fs::read_link(fd.path()).is_ok_and(|path| path == file))?;
    let info = fs::read_to_string(format!("/proc/{pid}/fdinfo/{}", fd.file_name().to_str()?)).ok()?;
    let at: u64 = info.lines().find_map(|line| line.strip_prefix("pos:"))?.trim().parse().ok()?;
    Some(at as f64 / fs::metadata(file).ok()?.len() as f64)
}

fn signal(pid: u32, signal: Signal) {
    if let Some(pid) = Pid::from_raw(pid as i32) {
        let _ = kill_process(pid, signal);
    }
}
