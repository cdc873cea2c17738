//! A bad network: a proxy between a device and its server whose weather changes on command, connection by connection and
//! chunk by chunk. It sits above TCP: what a lost packet does there (a wait, at times a reset) is what is simulated.

mod requests;
mod weather;

pub use requests::Moment;
pub use weather::Weather;

use requests::{Follower, Watcher};
use std::{
    collections::BTreeMap,
    net::SocketAddr,
    sync::{Arc, Mutex},
    time::Duration,
};
use tokio::{
    io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt},
    net::{TcpListener, TcpStream},
    sync::{mpsc, watch},
    task::JoinHandle,
    time::Instant,
};

/// Bytes that pass at once. A request of a part is many of them.
const CHUNK: usize = 16 * 1024;
/// Chunks that a slow network holds at once in one direction.
const IN_FLIGHT: usize = 64;

/// Which way bytes go.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Way {
    /// From the device to the server.
    Up,
    /// From the server to the device.
    Down,
}

/// Forwards connections to a target as well as its weather lets it. It ends with this value.
pub struct Network {
    address: SocketAddr,
    shared: Arc<Shared>,
    accept: JoinHandle<()>,
}

pub(crate) struct Shared {
    target: SocketAddr,
    weather: watch::Sender<Weather>,
    /// Counts up at every cut; each connection ends when it changes.
    generation: watch::Sender<u64>,
    state: Mutex<State>,
}

#[derive(Default)]
struct State {
    /// Direction, and bytes that may still pass in it before everything is cut, once.
    allowance: Option<(Way, u64)>,
    watcher: Option<Watcher>,
    felt: BTreeMap<&'static str, u64>,
    /// For chance: xorshift, from a seed.
    dice: u64,
}

impl Network {
    /// Listens on a free port of this machine and forwards to `target`, in the runtime of the caller. What chance does
    /// follows from `seed` and the order of the chunks.
    pub async fn start(target: SocketAddr, seed: u64) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let shared = Arc::new(Shared {
            target,
            weather: watch::Sender::new(Weather::Fair),
            generation: watch::Sender::new(0),
            state: Mutex::new(State { dice: seed | 1, ..State::default() }),
        });
        let accept = tokio::spawn(accept(listener, shared.clone()));
        Self { address, shared, accept }
    }

    /// Where to connect instead of to the target.
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// From now on. What is not just loss or delay ends the connections that are open: the way is another one.
    pub fn set(&self, weather: Weather) {
        self.shared.weather.send_replace(weather);
        if weather.is_another_way() {
            self.shared.cut("");
        }
    }

    /// Cuts every connection, once, after `bytes` more in one direction. Connections made after it pass.
    pub fn cut_after(&self, way: Way, bytes: u64) {
        self.shared.state.lock().unwrap().allowance = Some((way, bytes));
    }

    /// Waits until the next upload of bytes has come to `moment`. Until the answer is dropped, no more passes to the
    /// server on that connection.
    pub async fn when(&self, moment: Moment) -> Held {
        let (watcher, reached) = requests::watcher(moment);
        self.shared.state.lock().unwrap().watcher = Some(watcher);
        Held { _go_on: reached.await.ok() }
    }

    /// How often what has been felt by a connection: the name of a weather, or `cut`.
    pub fn felt(&self) -> BTreeMap<&'static str, u64> {
        self.shared.state.lock().unwrap().felt.clone()
    }
}

impl Drop for Network {
    fn drop(&mut self) {
        self.accept.abort();
        self.shared.cut("");
    }
}

/// A connection that waits in the middle of a request.
pub struct Held {
    _go_on: Option<tokio::sync::oneshot::Sender<()>>,
}

impl Shared {
    fn cut(&self, felt: &'static str) {
        self.state.lock().unwrap().allowance = None;
        self.feel(felt);
        self.generation.send_modify(|generation| *generation += 1);
    }

    fn feel(&self, what: &'static str) {
        if !what.is_empty() {
            *self.state.lock().unwrap().felt.entry(what).or_default() += 1;
        }
    }

    /// How many of `bytes` may pass, and whether that is the end.
    fn take(&self, way: Way, bytes: usize) -> (usize, bool) {
        let mut state = self.state.lock().unwrap();
        let Some((limited, left)) = &mut state.allowance else { return (bytes, false) };
        if *limited != way {
            return (bytes, false);
        }
        let pass = bytes.min(usize::try_from(*left).unwrap_or(bytes));
        *left -= pass as u64;
        (pass, *left == 0)
    }

    /// 0 to 1.
    fn chance(&self) -> f64 {
        let mut state = self.state.lock().unwrap();
        state.dice ^= state.dice << 13;
        state.dice ^= state.dice >> 7;
        state.dice ^= state.dice << 17;
        (state.dice >> 11) as f64 / (1_u64 << 53) as f64
    }
}

async fn accept(listener: TcpListener, shared: Arc<Shared>) {
    while let Ok((client, _)) = listener.accept().await {
        // Without lingering, closing resets the connection: what is still on its way is lost, as when a mast goes.
        client.set_zero_linger().unwrap();
        client.set_nodelay(true).unwrap();
        let shared = shared.clone();
        let mut generation = shared.generation.subscribe();
        tokio::spawn(async move {
            let weather = *shared.weather.borrow();
            tokio::select! {
                _ = generation.changed() => {}
                _ = weather::meet(weather, client, &shared) => {}
            }
        });
    }
}

/// Both directions until one ends or breaks.
async fn forward(mut client: TcpStream, shared: &Arc<Shared>) -> std::io::Result<()> {
    let mut server = TcpStream::connect(shared.target).await?;
    server.set_nodelay(true)?;
    // Borrowed halves: owned ones would say a polite goodbye when they are dropped.
    let (mut from_client, mut to_client) = client.split();
    let (mut from_server, mut to_server) = server.split();
    let follower = Some(Follower::default());
    tokio::try_join!(
        pump(Way::Up, &mut from_client, &mut to_server, shared, follower),
        pump(Way::Down, &mut from_server, &mut to_client, shared, None)
    )?;
    Ok(())
}

/// One direction: reads chunks, and writes them when their time has come.
async fn pump(
    way: Way,
    from: &mut (impl AsyncRead + Unpin),
    to: &mut (impl AsyncWrite + Unpin),
    shared: &Arc<Shared>,
    mut follower: Option<Follower>,
) -> std::io::Result<()> {
    let (send, mut due) = mpsc::channel::<(Instant, Vec<u8>, bool)>(IN_FLIGHT);
    let read = async move {
        let mut buffer = vec![0; CHUNK];
        loop {
            let count = from.read(&mut buffer).await?;
            let wait = if count == 0 { Duration::ZERO } else { weather::of_chunk(way, shared).await? };
            let (pass, end) = shared.take(way, count);
            let chunk = (Instant::now() + wait, buffer[..pass].to_vec(), end);
            if send.send(chunk).await.is_err() || count == 0 || end {
                return std::io::Result::Ok(());
            }
        }
    };
    let write = async {
        while let Some((at, chunk, end)) = due.recv().await {
            tokio::time::sleep_until(at).await;
            if chunk.is_empty() && !end {
                return to.shutdown().await;
            }
            match &mut follower {
                Some(follower) => follower.pass(&chunk, to, &shared.state_watcher()).await?,
                None => to.write_all(&chunk).await?,
            }
            if end {
                shared.cut("cut");
                return Err(std::io::ErrorKind::ConnectionAborted.into());
            }
        }
        Ok(())
    };
    tokio::try_join!(read, write)?;
    Ok(())
}

impl Shared {
    fn state_watcher(&self) -> impl Fn(Moment) -> Option<Watcher> + '_ {
        |moment| {
            let mut state = self.state.lock().unwrap();
            state.watcher.take_if(|watcher| watcher.moment == moment)
        }
    }
}

#[cfg(test)]
mod tests;
