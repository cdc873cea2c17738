//! One session of the device while a schedule of faults is played on its network and its server.

use super::{
    arrived,
    compare::Comparison,
    device::Device,
    packets,
    schedule::{Fault, Schedule},
};
use crate::support::{Disk, PATIENCE, Pairing, Place, Rows, Running};
use std::{
    collections::BTreeMap,
    fs,
    io::Write,
    net::{SocketAddr, TcpListener},
    path::Path,
    process::Command,
    time::{Duration, Instant},
};
use testkit::network::{Moment, Network, Weather};

/// What came of it.
pub struct Played {
    pub compared: Comparison,
    /// How often what was felt: by connections, and by the server.
    pub felt: BTreeMap<&'static str, u64>,
    pub seconds: f64,
    /// What is not as it should be.
    pub wrong: Vec<String>,
}

/// An installation with a paired device, from which each session gets a copy.
pub fn template() -> (Place, Pairing) {
    let place = Place::new().set("SERVER__WORK", "false");
    let pairing = place.pair("Harbour");
    (place, pairing)
}

/// Plays it.
pub async fn play(template: &(Place, Pairing), schedule: &Schedule, source: &Path, speed: f64) -> Played {
    let begun = Instant::now();
    let (template, pairing) = template;
    let disk = Disk::mount("96m");
    let mut world = World::new(template, disk).await;
    let network = Network::start(world.address, schedule.seed).await;
    let device = Device::new(&world.place, "spool", pairing, &format!("http://{}", network.address()));
    let mut program = device.record(&world.place, source, speed);
    for (wait, fault) in &schedule.faults {
        tokio::time::sleep(*wait).await;
        if !program.has_ended() {
            world.suffer(*fault, &network).await;
        }
    }
    network.set(Weather::Fair);
    let mut wrong = Vec::new();
    if let Err(why) = program.ended().await {
        wrong.push(format!("the device: {why}"));
    }
    let recorded = device.onlooker.now();
    let mut rows = Rows::open(&world.place.data()).await;
    let sessions = arrived::sessions(&mut rows, &pairing.email).await;
    if recorded.len() != 1 || sessions.len() != 1 {
        wrong.push(format!("{} sessions on the device, {} at the server", recorded.len(), sessions.len()));
    }
    let (Some(parts), Some(session)) = (recorded.values().next(), sessions.first()) else {
        return Played { compared: Comparison::default(), felt: world.felt, seconds: 0.0, wrong };
    };
    let phase = arrived::phase(&mut rows, session).await;
    if phase != "processing" {
        wrong.push(format!("the server does not know that it has everything: {phase}"));
    }
    let there = arrived::parts(&mut rows, &world.place.data(), session).await;
    let compared = Comparison::of(parts, &there);
    if !compared.is_whole() || compared.recorded == 0 {
        wrong.push(format!("{compared:?}"));
    }
    wrong.extend(misses_packets(&there, source, &world.place));
    world.felt.extend(network.felt());
    Played { compared, felt: world.felt, seconds: begun.elapsed().as_secs_f64(), wrong }
}

/// What the source had and the server has not, or the other way round. Faults on the way end no run.
fn misses_packets(there: &BTreeMap<u32, arrived::Part>, source: &Path, place: &Place) -> Option<String> {
    let stream: Vec<u8> = there.values().flat_map(|part| part.bytes.iter().copied()).collect();
    let runs = there.values().map(|part| part.run).max().unwrap_or(0);
    let path = place.write("arrived.mp4", stream);
    match (packets::of(&path), packets::of(source)) {
        (Ok(arrived), Ok(given)) if arrived == given && runs == 1 => None,
        (Ok(arrived), Ok(given)) => {
            let count = |packets: packets::Packets| packets.map(|stream| stream.len());
            Some(format!("{:?} packets arrived in {runs} runs of {:?}", count(arrived), count(given)))
        }
        (Err(why), _) | (_, Err(why)) => Some(why),
    }
}

/// The server and its disk.
struct World {
    place: Place,
    address: SocketAddr,
    server: Option<Running>,
    felt: BTreeMap<&'static str, u64>,
    // Unmounted last.
    disk: Option<Disk>,
}

impl World {
    async fn new(template: &Place, disk: Option<Disk>) -> Self {
        let address = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
        let mut place = template.copy().set("SERVER__LISTEN", &address.to_string());
        if let Some(disk) = &disk {
            let data = disk.path().join("data");
            assert!(Command::new("cp").arg("-a").arg(place.data()).arg(&data).status().unwrap().success());
            place = place.set("DATA_DIR", data.to_str().unwrap());
        }
        let server = Some(place.serve().await);
        Self { place, address, server, felt: BTreeMap::new(), disk }
    }

    async fn suffer(&mut self, fault: Fault, network: &Network) {
        match fault {
            Fault::Cut(way, bytes) => network.cut_after(way, bytes),
            Fault::Weather(weather, lasting) => {
                network.set(weather);
                tokio::time::sleep(lasting).await;
                network.set(Weather::Fair);
            }
            Fault::Killed(down) => self.kill("server killed", down).await,
            Fault::KilledAtHalf(down) => {
                // Held until the server is dead, so it never gets the other half.
                if let Some(held) = when(network, Moment::Half).await {
                    self.kill("server killed while a part is written", down).await;
                    drop(held);
                }
            }
            Fault::KilledWhenWhole(after, down) => {
                if when(network, Moment::Whole).await.is_some() {
                    tokio::time::sleep(after).await;
                    self.kill("server killed while an upload completes", down).await;
                }
            }
            Fault::DiskFull(lasting) => {
                let Some(disk) = &self.disk else { return };
                let path = disk.path().join("ballast");
                let mut ballast = fs::File::create(&path).unwrap();
                let end = Instant::now() + lasting;
                // Again and again: what the server gives free is taken, too.
                while Instant::now() < end {
                    while ballast.write_all(&[1; 64 * 1024]).is_ok() {}
                    tokio::time::sleep(Duration::from_millis(20)).await;
                }
                fs::remove_file(path).unwrap();
                *self.felt.entry("disk full").or_default() += 1;
            }
        }
    }

    async fn kill(&mut self, felt: &'static str, down: Duration) {
        self.server.take().unwrap().kill();
        *self.felt.entry(felt).or_default() += 1;
        tokio::time::sleep(down).await;
        self.server = Some(self.place.serve().await);
    }
}

/// A moment that comes only while there is something to send.
async fn when(network: &Network, moment: Moment) -> Option<testkit::network::Held> {
    tokio::time::timeout(PATIENCE.min(Duration::from_secs(3)), network.when(moment)).await.ok()
}
