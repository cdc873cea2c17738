//! The memory of a process and of everything it started, and what they have used.

use std::{
    collections::HashMap,
    fs,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    thread::{self, JoinHandle},
    time::Duration,
};

/// Between two looks.
const EVERY: Duration = Duration::from_millis(50);

/// The largest sums seen at one moment, in bytes.
#[derive(Clone, Copy, Default)]
pub struct Peak {
    /// Proportional set size: a page that two processes share counts once.
    pub pss: u64,
    /// Of the proportional set size what is no file: neither the program itself nor its libraries.
    pub anonymous: u64,
    /// Resident set size, as `ps` shows it: shared libraries count for every process.
    pub rss: u64,
    /// The first process alone, resident.
    pub first_rss: u64,
}

/// Looks at a tree until it is stopped.
pub struct Watch {
    stop: Arc<AtomicBool>,
    thread: JoinHandle<Peak>,
}

impl Watch {
    /// Watches `pid` and its descendants.
    pub fn start(pid: u32) -> Self {
        let stop = Arc::new(AtomicBool::new(false));
        let stopped = stop.clone();
        let watch = move || {
            let mut peak = Peak::default();
            while !stopped.load(Ordering::Relaxed) {
                let now = now(pid);
                peak.pss = peak.pss.max(now.pss);
                peak.anonymous = peak.anonymous.max(now.anonymous);
                peak.rss = peak.rss.max(now.rss);
                peak.first_rss = peak.first_rss.max(now.first_rss);
                thread::sleep(EVERY);
            }
            peak
        };
        Self { stop, thread: thread::spawn(watch) }
    }

    /// The peaks so far; ends the watch.
    pub fn stop(self) -> Peak {
        self.stop.store(true, Ordering::Relaxed);
        self.thread.join().unwrap_or_default()
    }
}

/// What `pid` and its descendants hold at this moment.
pub fn now(pid: u32) -> Peak {
    tree(pid).into_iter().fold(Peak::default(), |sum, p| {
        let [pss, anonymous, rss] = memory(p);
        let first_rss = if p == pid { rss } else { sum.first_rss };
        Peak { pss: sum.pss + pss, anonymous: sum.anonymous + anonymous, rss: sum.rss + rss, first_rss }
    })
}

/// CPU seconds of `pid` and of those of its descendants that have ended.
pub fn cpu_seconds(pid: u32) -> f64 {
    let ticks: u64 = stat(pid).iter().skip(11).take(4).filter_map(|field| field.parse::<u64>().ok()).sum();
    // Of the kernel's user interface, 100 a second on every Linux.
    ticks as f64 / 100.0
}

fn tree(root: u32) -> Vec<u32> {
    let mut children: HashMap<u32, Vec<u32>> = HashMap::new();
    let processes = fs::read_dir("/proc").into_iter().flatten().flatten();
    for pid in processes.filter_map(|entry| entry.file_name().to_str()?.parse().ok()) {
        if let Some(parent) = stat(pid).get(1).and_then(|field| field.parse().ok()) {
            children.entry(parent).or_default().push(pid);
        }
    }
    let mut found = vec![root];
    let mut next = 0;
    while let Some(pid) = found.get(next) {
        found.extend(children.remove(pid).unwrap_or_default());
        next += 1;
    }
    found
}

/// The fields of `/proc/PID/stat` from the state on; the name before it may hold blanks.
fn stat(pid: u32) -> Vec<String> {
    let text = fs::read_to_string(format!("/proc/{pid}/stat")).unwrap_or_default();
    text.rsplit_once(") ").map(|(_, rest)| rest.split(' ').map(str::to_owned).collect()).unwrap_or_default()
}

/// Proportional set size, what of it is no file, and resident set size, in bytes.
fn memory(pid: u32) -> [u64; 3] {
    let text = fs::read_to_string(format!("/proc/{pid}/smaps_rollup")).unwrap_or_default();
    let of = |name| {
        let line = text.lines().find_map(|line| line.strip_prefix(name));
        line.and_then(|rest| rest.trim().trim_end_matches(" kB").parse::<u64>().ok()).unwrap_or(0) * 1024
    };
    ["Pss:", "Pss_Anon:", "Rss:"].map(of)
}
