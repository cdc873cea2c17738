//! What a network can be like.

use super::{Shared, Way, forward};
use std::{io, sync::Arc, time::Duration};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpStream,
};

/// How long a captive portal or a failing gateway reads on after its answer.
const LINGER: Duration = Duration::from_secs(2);
/// One in so many losses ends the connection.
const LOSSES_PER_RESET: f64 = 10.0;

/// What a network can be like.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Weather {
    /// Everything passes.
    Fair,
    /// A share of all chunks is lost: it comes 0.2 to 1 s later, and all after it; one in ten of these resets the connection.
    Lossy(f64),
    /// Everything takes so long, in each direction.
    Slow(Duration),
    /// Somebody else answers whatever is asked: 200, with a page to sign in.
    Portal,
    /// A gateway answers 503 to whatever is asked.
    Unavailable,
    /// What is sent arrives, and the answer to it is lost with the connection.
    Swallowing,
    /// Nobody can be reached.
    Down,
}

impl Weather {
    /// As [`super::Network::felt`] names it.
    pub fn name(self) -> &'static str {
        match self {
            Weather::Fair => "fair",
            Weather::Lossy(_) => "lossy",
            Weather::Slow(_) => "slow",
            Weather::Portal => "portal",
            Weather::Unavailable => "unavailable",
            Weather::Swallowing => "swallowing",
            Weather::Down => "down",
        }
    }

    /// Connections that are open end when it begins.
    pub(super) fn is_another_way(self) -> bool {
        matches!(self, Weather::Portal | Weather::Unavailable | Weather::Down)
    }
}

/// A new connection in this weather.
pub(super) async fn meet(weather: Weather, client: TcpStream, shared: &Arc<Shared>) -> io::Result<()> {
    let page = "<!doctype html><title>Guest Wi-Fi</title><h1>Welcome</h1><p>Please accept our terms.</p>";
    match weather {
        Weather::Down => {
            shared.feel(weather.name());
            Ok(())
        }
        Weather::Portal => answer(client, weather, shared, "200 OK", "text/html; charset=utf-8", page).await,
        Weather::Unavailable => {
            let status = "503 Service Unavailable";
            answer(client, weather, shared, status, "text/plain", "upstream is not available").await
        }
        Weather::Fair | Weather::Lossy(_) | Weather::Slow(_) | Weather::Swallowing => forward(client, shared).await,
    }
}

/// Reads the head of a request, answers it, and reads on a little so that the answer is not lost.
async fn answer(
    mut client: TcpStream,
    weather: Weather,
    shared: &Shared,
    status: &str,
    kind: &str,
    body: &str,
) -> io::Result<()> {
    let mut head = Vec::new();
    while !head.windows(4).any(|end| end == b"\r\n\r\n") {
        if client.read_buf(&mut head).await? == 0 {
            return Ok(());
        }
    }
    shared.feel(weather.name());
    let length = body.len();
    let text =
        format!("HTTP/1.1 {status}\r\nContent-Type: {kind}\r\nContent-Length: {length}\r\nConnection: close\r\n\r\n");
    client.write_all(text.as_bytes()).await?;
    // To HEAD there is no body, and who asked so takes one for rubbish.
    if !head.starts_with(b"HEAD ") {
        client.write_all(body.as_bytes()).await?;
    }
    let drain = async {
        let mut rest = vec![0; 64 * 1024];
        while client.read(&mut rest).await.is_ok_and(|count| count > 0) {}
    };
    let _ = tokio::time::timeout(LINGER, drain).await;
    Ok(())
}

/// What happens to the next chunk: how much later it comes, or an error when the connection ends.
pub(super) async fn of_chunk(way: Way, shared: &Shared) -> io::Result<Duration> {
    let weather = *shared.weather.borrow();
    match weather {
        Weather::Slow(wait) => {
            shared.feel(weather.name());
            Ok(wait)
        }
        Weather::Lossy(share) if shared.chance() < share => {
            shared.feel(weather.name());
            if shared.chance() < 1.0 / LOSSES_PER_RESET {
                return Err(io::ErrorKind::ConnectionReset.into());
            }
            tokio::time::sleep(Duration::from_millis(200 + (800.0 * shared.chance()) as u64)).await;
            Ok(Duration::ZERO)
        }
        Weather::Swallowing if way == Way::Down => {
            shared.feel(weather.name());
            Err(io::ErrorKind::ConnectionReset.into())
        }
        _ => Ok(Duration::ZERO),
    }
}
