//! What a device has recorded, as its spool shows it to somebody who looks on: read before it is sent and removed.

use super::sha256;
use std::{
    collections::BTreeMap,
    fs,
    path::{Path, PathBuf},
    sync::{
        Arc, Mutex,
        atomic::{AtomicBool, Ordering},
    },
    thread::{self, JoinHandle},
    time::Duration,
};

/// A part that was complete on the device's disk.
#[derive(Clone, Debug, PartialEq)]
pub struct Part {
    pub run: u32,
    /// On the session's clock.
    pub end_ms: u64,
    /// In its name.
    pub sha256: String,
    /// Bytes and hash as read here; `None` when it had been delivered before it could be read.
    pub read: Option<(u64, String)>,
}

/// By folder of the session, then by number.
pub type Recorded = BTreeMap<PathBuf, BTreeMap<u32, Part>>;

/// Looks at a spool until it is stopped.
pub struct Onlooker {
    stop: Arc<AtomicBool>,
    seen: Arc<Mutex<Recorded>>,
    sessions: PathBuf,
    thread: Option<JoinHandle<()>>,
}

impl Onlooker {
    pub fn start(spool: &Path) -> Self {
        let (stop, seen) = (Arc::new(AtomicBool::new(false)), Arc::new(Mutex::new(Recorded::new())));
        let sessions = spool.join("sessions");
        let thread = thread::spawn({
            let (stop, seen, sessions) = (stop.clone(), seen.clone(), sessions.clone());
            move || {
                while !stop.load(Ordering::Relaxed) {
                    look(&sessions, &mut seen.lock().unwrap());
                    thread::sleep(Duration::from_millis(3));
                }
            }
        });
        Self { stop, seen, sessions, thread: Some(thread) }
    }

    /// Everything up to this moment.
    pub fn now(&self) -> Recorded {
        let mut seen = self.seen.lock().unwrap();
        look(&self.sessions, &mut seen);
        seen.clone()
    }
}

impl Drop for Onlooker {
    fn drop(&mut self) {
        self.stop.store(true, Ordering::Relaxed);
        if let Some(thread) = self.thread.take() {
            let _ = thread.join();
        }
    }
}

fn look(sessions: &Path, seen: &mut Recorded) {
    for session in fs::read_dir(sessions).into_iter().flatten().flatten() {
        let parts = seen.entry(session.path()).or_default();
        for file in fs::read_dir(session.path()).into_iter().flatten().flatten() {
            let name = file.file_name();
            if let Some((number, part, held)) = name.to_str().and_then(parse) {
                let known = parts.entry(number).or_insert(part);
                if held && known.read.is_none() {
                    known.read = read(&file.path(), &known.sha256);
                }
            }
        }
    }
}

/// `p000001-r1-s0-d2000-{sha256}.part`: number, part, and whether its bytes are still there.
fn parse(name: &str) -> Option<(u32, Part, bool)> {
    let (stem, state) = name.rsplit_once('.')?;
    if !matches!(state, "part" | "sent") {
        return None;
    }
    let mut fields = stem.split('-');
    let mut number = |letter: char| fields.next()?.strip_prefix(letter)?.parse::<u64>().ok();
    let (part, run, start, duration) = (number('p')?, number('r')?, number('s')?, number('d')?);
    let sha256 = fields.next().filter(|hash| hash.len() == 64)?.to_owned();
    Some((part as u32, Part { run: run as u32, end_ms: start + duration, sha256, read: None }, state == "part"))
}

fn read(path: &Path, named: &str) -> Option<(u64, String)> {
    let bytes = fs::read(path).ok()?;
    let found = sha256(&bytes);
    // Emptied under our eyes: it had been delivered.
    if found != named && !path.exists() {
        return None;
    }
    Some((bytes.len() as u64, found))
}
