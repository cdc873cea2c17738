//! A few of each; `cargo bench -p cli --bench never_lost` plays hundreds.

use super::{kills::Victim, play, schedule::Schedule, source};
use crate::support::{Pairing, Place};
use rand::{SeedableRng, rngs::StdRng};
use std::{path::Path, time::Duration};

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn a_device_that_is_killed_delivers_every_part_that_was_on_its_disk() {
    let place = Place::new().set("SERVER__WORK", "false");
    let pairings = ["North", "South"].map(|name| place.pair(name));
    let server = place.serve().await;
    let source = source::recording();
    let deaths = pairings.into_iter().enumerate().map(async |(number, pairing)| {
        let mut dice = StdRng::seed_from_u64(number as u64);
        let mut victim = Victim::new(&place, &format!("spool-{number}"), pairing, &server.base());
        let mut recorded = 0;
        for _ in 0..5 {
            let killed = victim.die(&source, 10.0, Duration::from_millis(2300), &mut dice).await;
            assert!(killed.wrong.is_empty(), "killed after {:.2} s: {:#?}", killed.after, killed.wrong);
            recorded += killed.compared.recorded;
        }
        recorded
    });
    let recorded: usize = futures::future::join_all(deaths).await.into_iter().sum();
    assert!(recorded > 10, "only {recorded} parts were recorded");
    server.stop();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn whatever_goes_wrong_on_the_way_the_server_holds_what_the_device_recorded() {
    let template = play::template();
    let source = source::recording();
    for seeds in [[0, 1, 2], [3, 4, 5]] {
        let played = seeds.map(|seed| play_one(&template, &source, seed));
        futures::future::join_all(played).await;
    }
}

async fn play_one(template: &(Place, Pairing), source: &Path, seed: u64) {
    let schedule = Schedule::draw(seed, 0.5);
    let played = play::play(template, &schedule, source, 10.0).await;
    assert!(played.wrong.is_empty(), "{schedule:?}: {:#?}", played.wrong);
}
