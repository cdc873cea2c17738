//! Waiting that ends early when the network comes back.

use std::time::Duration;
use tokio::{
    net::TcpStream,
    time::{Instant, sleep, timeout},
};

const LOOK_EVERY: Duration = Duration::from_millis(500);
const CONNECT_WITHIN: Duration = Duration::from_secs(2);

/// Waits for `wait`, or until the routes of the machine change, or until `server` (`host:port`) accepts connections that
/// it did not accept at first.
pub(crate) async fn wait(wait: Duration, server: &str) {
    let end = Instant::now() + wait;
    let routes = routes();
    let was_reachable = wait < LOOK_EVERY || reachable(server).await;
    while Instant::now() < end {
        sleep(LOOK_EVERY.min(end - Instant::now())).await;
        if self::routes() != routes || (!was_reachable && reachable(server).await) {
            return;
        }
    }
}

fn routes() -> [Option<Vec<u8>>; 2] {
    ["/proc/net/route", "/proc/net/ipv6_route"].map(|path| {
        let text = std::fs::read_to_string(path).ok()?;
        // Without the counters, which change all the time.
        let columns =
            text.lines().flat_map(|line| line.split_whitespace().take(5).chain(line.split_whitespace().last()));
        Some(columns.collect::<Vec<_>>().join(" ").into_bytes())
    })
}

async fn reachable(server: &str) -> bool {
    matches!(timeout(CONNECT_WITHIN, TcpStream::connect(server)).await, Ok(Ok(_)))
}
