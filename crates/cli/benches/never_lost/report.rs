//! The tables.

use crate::never_lost::{kills::Killed, play::Played, schedule::Schedule};
use comfy_table::{Table, presets::UTF8_FULL_CONDENSED};
use std::collections::BTreeMap;

pub fn kills(all: &[Killed], speed: f64) {
    let sum = |of: &dyn Fn(&Killed) -> usize| all.iter().map(of).sum::<usize>().to_string();
    let mut table = headed(["", ""]);
    let mut row = |name: &str, value: String| {
        table.add_row([name.to_owned(), value]);
    };
    row("sessions killed", all.len().to_string());
    row("of these with nothing on the disk yet", sum(&|k| usize::from(k.compared.recorded == 0)));
    row("parts on the disk when killed", sum(&|k| k.compared.recorded));
    row("… read there, byte for byte", sum(&|k| k.compared.read));
    row("arrived, equal", sum(&|k| k.compared.equal));
    row("lost", sum(&|k| k.compared.lost.len()));
    row("different", sum(&|k| k.compared.different.len()));
    row("twice, or never recorded", sum(&|k| k.compared.invented.len()));
    row("sessions with anything wrong", sum(&|k| usize::from(!k.wrong.is_empty())));
    let mut seconds: Vec<f64> = all.iter().filter_map(|k| k.unwritten).collect();
    seconds.sort_by(f64::total_cmp);
    let at = |share: f64| {
        let at = ((seconds.len() as f64 - 1.0) * share) as usize;
        seconds.get(at).map_or("—".to_owned(), |seconds| format!("{seconds:.2} s"))
    };
    row("killed while the source was read", seconds.len().to_string());
    row("read from the source and in no part yet: median", at(0.5));
    row("… 99 %", at(0.99));
    row("… most", at(1.0));
    println!("\nThe device killed at a random moment of a session of 20 s, {speed} times as fast as life\n{table}");
}

pub fn faults(all: &[(Schedule, Played)], speed: f64) {
    let mut table = headed(["", ""]);
    let mut row = |name: &str, value: String| {
        table.add_row([name.to_owned(), value]);
    };
    let sum = |of: &dyn Fn(&Played) -> usize| all.iter().map(|(_, played)| of(played)).sum::<usize>().to_string();
    row("schedules", all.len().to_string());
    row("parts recorded", sum(&|p| p.compared.recorded));
    row("… read on the device's disk", sum(&|p| p.compared.read));
    row("arrived, equal", sum(&|p| p.compared.equal));
    row("lost", sum(&|p| p.compared.lost.len()));
    row("different", sum(&|p| p.compared.different.len()));
    row("MB", format!("{:.1}", all.iter().map(|(_, p)| p.compared.bytes).sum::<u64>() as f64 / 1e6));
    row("sessions with anything wrong", sum(&|p| usize::from(!p.wrong.is_empty())));
    let mut drawn: BTreeMap<String, u64> = BTreeMap::new();
    for (_, fault) in all.iter().flat_map(|(schedule, _)| &schedule.faults) {
        *drawn.entry(fault.to_string()).or_default() += 1;
    }
    let mut felt: BTreeMap<&str, u64> = BTreeMap::new();
    for (name, times) in all.iter().flat_map(|(_, played)| &played.felt) {
        *felt.entry(name).or_default() += times;
    }
    let mut faults = headed(["fault", "drawn"]);
    for (name, times) in drawn {
        faults.add_row([name, times.to_string()]);
    }
    let mut effects = headed(["what was felt", "times"]);
    for (name, times) in felt {
        effects.add_row([name.to_owned(), times.to_string()]);
    }
    println!("\nRandom faults between device and server, {speed} times as fast as life\n{table}\n{faults}\n{effects}");
}

fn headed<const N: usize>(header: [&str; N]) -> Table {
    let mut table = Table::new();
    table.load_preset(UTF8_FULL_CONDENSED).set_header(header);
    table
}
