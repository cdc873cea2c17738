//! The tables.

use crate::{Cost, contestant::Contestant, load::Outcome, send::Load};
use comfy_table::{Table, presets::UTF8_FULL_CONDENSED};
use std::path::{Path, PathBuf};

/// Everything that was measured.
pub struct Report {
    folder: PathBuf,
    load_before: String,
    costs: Vec<(Contestant, Load, Cost)>,
    wires: Vec<(Contestant, Load, f64)>,
    loads: Vec<(Contestant, Outcome)>,
}

impl Report {
    pub fn new(folder: &Path, load_before: &str) -> Self {
        Self {
            folder: folder.to_owned(),
            load_before: load_before.to_owned(),
            costs: Vec::new(),
            wires: Vec::new(),
            loads: Vec::new(),
        }
    }

    pub fn cost(&mut self, contestant: &Contestant, load: Load, cost: Cost) {
        self.costs.push((contestant.clone(), load, cost));
    }

    pub fn wire(&mut self, contestant: &Contestant, load: Load, ratio: f64) {
        self.wires.push((contestant.clone(), load, ratio));
    }

    pub fn load(&mut self, contestant: &Contestant, outcome: Outcome) {
        self.loads.push((contestant.clone(), outcome));
    }

    pub fn print(&self) {
        let cores = std::thread::available_parallelism().map_or(0, usize::from);
        let profile = if cfg!(debug_assertions) { "debug" } else { "release" };
        let (folder, load) = (self.folder.display(), &self.load_before);
        println!("\n{cores} cores, {profile}, writing to {folder}, load average {load} at the start");
        for (load, what) in [(Load::Parts, "Parts of 1.1 MB, each in one request"), (Load::Whole, "One file a sender")]
        {
            println!("\n{what}, 4 senders at once; medians\n{}", self.costs_of(load));
        }
        if !self.loads.is_empty() {
            println!("\nDevices at 5 Mbit/s each\n{}", self.loads_table());
        }
    }

    fn costs_of(&self, load: Load) -> Table {
        let mut table = headed([
            "server",
            "durable before the answer",
            "MB/s",
            "CPU s per GB",
            "peak PSS MiB",
            "peak RSS MiB",
            "bytes on the wire per byte",
        ]);
        let mut seen: Vec<&Contestant> = Vec::new();
        for (contestant, ..) in &self.costs {
            if seen.contains(&contestant) {
                continue;
            }
            seen.push(contestant);
            let of: Vec<&Cost> =
                self.costs.iter().filter(|(c, l, _)| c == contestant && *l == load).map(|(_, _, cost)| cost).collect();
            let middle = |value: &dyn Fn(&Cost) -> f64| median(of.iter().map(|cost| value(cost)).collect());
            let wire =
                self.wires.iter().find(|(c, l, _)| c == contestant && *l == load).map_or(0.0, |(.., ratio)| *ratio);
            table.add_row([
                contestant.name().to_owned(),
                contestant.durability().to_owned(),
                format!("{:.0}", middle(&|cost| cost.bytes as f64 / 1e6 / cost.wall)),
                format!("{:.2}", middle(&|cost| cost.cpu / (cost.bytes as f64 / 1e9))),
                format!("{:.0}", middle(&|cost| mib(cost.peak.pss))),
                format!("{:.0}", middle(&|cost| mib(cost.peak.rss))),
                format!("{wire:.5}"),
            ]);
        }
        table
    }

    fn loads_table(&self) -> Table {
        let mut table = headed([
            "server",
            "parts due",
            "arrived",
            "errors",
            "s over the plan",
            "answer p50 ms",
            "p99 ms",
            "longest ms",
            "server CPU cores",
            "senders' cores",
            "peak PSS MiB",
        ]);
        for (contestant, o) in &self.loads {
            let wait = |share: f64| {
                let at = ((o.waits.len() as f64 * share) as usize).min(o.waits.len().saturating_sub(1));
                o.waits.get(at).map_or("—".to_owned(), |seconds| format!("{:.0}", seconds * 1e3))
            };
            table.add_row([
                contestant.name().to_owned(),
                o.due.to_string(),
                o.arrived.to_string(),
                o.errors.to_string(),
                format!("{:.1}", o.wall - o.planned),
                wait(0.5),
                wait(0.99),
                wait(1.0),
                format!("{:.2}", o.cpu / o.wall),
                format!("{:.2}", o.senders_cpu / o.wall),
                format!("{:.0}", mib(o.peak.pss)),
            ]);
        }
        table
    }
}

fn headed<const N: usize>(header: [&str; N]) -> Table {
    let mut table = Table::new();
    table.load_preset(UTF8_FULL_CONDENSED).set_header(header);
    table
}

fn mib(bytes: u64) -> f64 {
    bytes as f64 / f64::from(1 << 20)
}

fn median(mut values: Vec<f64>) -> f64 {
    values.sort_by(f64::total_cmp);
    values.get(values.len() / 2).copied().unwrap_or_default()
}
