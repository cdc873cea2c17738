//! The tables.

use crate::{Cost, Subject, command, process_tree::Peak, server};
use comfy_table::{Table, presets::UTF8_FULL_CONDENSED};
use domain::job::Step;
use std::collections::BTreeMap;

/// Everything that was measured.
pub struct Report<'a> {
    pub subject: &'a Subject,
    pub command: command::Outcome,
    pub server: server::Outcome,
    pub remux: Cost,
    pub decode: Option<Cost>,
}

impl Report<'_> {
    pub fn print(&self) {
        let cores = std::thread::available_parallelism().map_or(0, usize::from);
        let bytes = std::fs::metadata(&self.subject.video).map_or(0, |file| file.len());
        let profile = if cfg!(debug_assertions) { "debug" } else { "release" };
        println!(
            "\n{} minutes, {:.0} MB, {} procedures; {cores} cores, {profile}, load average {} at the start",
            self.subject.minutes,
            bytes as f64 / 1e6,
            self.command.said.procedures.len(),
            self.subject.load
        );
        println!(
            "\nSteps of `trainar process`, captions given (steps that run at once share their CPU)\n{}",
            self.steps()
        );
        println!("{}", self.extraction());
        println!("\nThe whole\n{}", self.wholes());
        println!("\nPeak memory of the server and everything it starts, MiB\n{}", self.memory());
    }

    fn steps(&self) -> Table {
        let mut table = headed(["step", "wall s", "CPU s"]);
        let said = &self.command.said;
        let mut steps: Vec<_> = said.timings.iter().collect();
        steps.sort_by_key(|(name, _)| name.parse::<Step>().ok());
        for (name, wall) in steps {
            table.add_row([
                name.clone(),
                seconds(*wall),
                said.cpu_seconds.get(name).copied().map_or("—".into(), seconds),
            ]);
        }
        table
    }

    /// What the steps cost that read signals and words and nothing else.
    fn extraction(&self) -> String {
        const STEPS: [Step; 4] = [Step::Segment, Step::Name, Step::Score, Step::Summarise];
        let said = &self.command.said;
        let of = |times: &BTreeMap<String, f64>| -> f64 {
            let is_one = |name: &&String| name.parse::<Step>().is_ok_and(|step| STEPS.contains(&step));
            times.iter().filter(|(name, _)| is_one(name)).map(|(_, seconds)| seconds).sum()
        };
        let (wall, cpu) = (of(&said.timings), of(&said.cpu_seconds));
        format!(
            "Extraction: {wall:.2} s, {:.1} % of the wall time; {cpu:.2} s, {:.1} % of the CPU time",
            100.0 * wall / self.command.whole.wall,
            100.0 * cpu / self.command.whole.cpu
        )
    }

    fn wholes(&self) -> Table {
        let mut table =
            headed(["", "wall s", "CPU s", "s per recorded minute", "times the remux", "share of the decode"]);
        let mut row = |what: &str, cost: Cost| {
            table.add_row([
                what.to_owned(),
                seconds(cost.wall),
                seconds(cost.cpu),
                format!("{:.2}", cost.wall / f64::from(self.subject.minutes)),
                format!("{:.1}", cost.wall / self.remux.wall),
                self.decode.map_or("—".into(), |decode| format!("{:.3}", cost.wall / decode.wall)),
            ]);
        };
        row("trainar process", self.command.whole);
        row("trainar serve, stop to completed", self.server.processing);
        row("trainar serve, upload before it", self.server.upload);
        row("(a) stream copy", self.remux);
        if let Some(decode) = self.decode {
            row("(b) full decode", decode);
        }
        table
    }

    fn memory(&self) -> Table {
        let mut table = headed(["", "summed PSS", "summed RSS", "the program alone"]);
        let mut row = |what: &str, peak: Peak| {
            let mib = |bytes: u64| format!("{:.0}", bytes as f64 / f64::from(1 << 20));
            table.add_row([what.to_owned(), mib(peak.pss), mib(peak.rss), mib(peak.first_rss)]);
        };
        row("trainar process", self.command.peak);
        row("trainar serve, upload", self.server.upload_peak);
        row("trainar serve, stop to completed", self.server.processing_peak);
        table
    }
}

fn headed<const N: usize>(header: [&str; N]) -> Table {
    let mut table = Table::new();
    table.load_preset(UTF8_FULL_CONDENSED).set_header(header);
    table
}

fn seconds(value: f64) -> String {
    format!("{value:.2}")
}
