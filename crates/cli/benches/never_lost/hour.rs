//! An hour of recording: what device and server hold in memory over time.

use crate::{
    never_lost::{Device, source},
    process_tree::{self, Peak},
    support::Place,
};
use comfy_table::{Table, presets::UTF8_FULL_CONDENSED};
use std::time::{Duration, Instant};

/// Between two looks.
const EVERY: Duration = Duration::from_millis(250);

/// Returns how many things were wrong.
pub async fn run(hours: f64, speed: f64) -> usize {
    let place = Place::new().set("SERVER__WORK", "false");
    let pairing = place.pair("Harbour");
    let server = place.serve().await;
    let device = Device::new(&place, "spool", &pairing, &server.base());
    let source = source::of((hours * 3600.0) as u32);
    let begun = Instant::now();
    let mut program = device.record(&place, &source, speed);
    let mut samples = Vec::new();
    while !program.has_ended() {
        samples.push([program.id(), server.id()].map(process_tree::now));
        tokio::time::sleep(EVERY).await;
    }
    let ended = program.ended().await;
    let mut table = Table::new();
    table.load_preset(UTF8_FULL_CONDENSED);
    table.set_header(["peak, MiB", "first quarter", "second", "third", "last"]);
    let quarter = samples.len().div_ceil(4).max(1);
    for (who, name) in [(0, "device and what it starts"), (1, "server")] {
        for (what, of) in [("PSS", (|m| m.pss) as fn(&Peak) -> u64), ("of it no file", |m| m.anonymous)] {
            let peaks = samples.chunks(quarter).map(|some| {
                let most = some.iter().map(|sample| of(&sample[who])).max().unwrap_or(0);
                format!("{:.1}", most as f64 / f64::from(1 << 20))
            });
            table.add_row(std::iter::once(format!("{name}: {what}")).chain(peaks));
        }
    }
    let (wall, looks) = (begun.elapsed().as_secs_f64(), samples.len());
    println!("\n{hours} h of recording at {speed} times life in {wall:.0} s, {looks} looks\n{table}");
    match ended {
        Ok(_) => 0,
        Err(why) => {
            eprintln!("the device: {why}");
            1
        }
    }
}
