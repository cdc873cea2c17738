//! A network that fails on command: a TCP proxy that cuts, refuses and resumes.

use std::{
    net::SocketAddr,
    sync::{Arc, Mutex},
};
use tokio::{
    io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt},
    net::{TcpListener, TcpStream},
    sync::watch,
    task::JoinHandle,
};

/// Forwards connections to a target until told otherwise. It ends with this value.
pub struct Proxy {
    address: SocketAddr,
    faults: Arc<Faults>,
    accept: JoinHandle<()>,
}

#[derive(Default)]
struct State {
    /// Bytes, of both directions and all connections together, that may still pass before everything is cut.
    allowance: Option<u64>,
    refusing: bool,
    passed: u64,
    cuts: u64,
}

struct Faults {
    state: Mutex<State>,
    /// Counts up at every cut; each connection ends when it changes.
    generation: watch::Sender<u64>,
}

impl Proxy {
    /// Listens on a free port of this machine and forwards to `target`, in the runtime of the caller.
    pub async fn start(target: SocketAddr) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let faults = Arc::new(Faults { state: Mutex::default(), generation: watch::Sender::new(0) });
        let accept = tokio::spawn(accept(listener, target, faults.clone()));
        Self { address, faults, accept }
    }

    /// Where to connect instead of to the target.
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// Cuts every connection at once. New ones pass.
    pub fn cut(&self) {
        self.faults.cut();
    }

    /// Lets `bytes` more pass, counted over both directions and all connections, then cuts every connection, once.
    /// Connections made after the cut pass.
    pub fn cut_after(&self, bytes: u64) {
        self.faults.state.lock().unwrap().allowance = Some(bytes);
    }

    /// Cuts every connection and resets new ones as soon as they are made, until [`Proxy::resume`].
    pub fn refuse(&self) {
        self.faults.state.lock().unwrap().refusing = true;
        self.faults.cut();
    }

    /// No more faults: forgets [`Proxy::refuse`] and [`Proxy::cut_after`].
    pub fn resume(&self) {
        let mut state = self.faults.state.lock().unwrap();
        state.refusing = false;
        state.allowance = None;
    }

    /// How many bytes have passed so far, both directions together.
    pub fn passed(&self) -> u64 {
        self.faults.state.lock().unwrap().passed
    }

    /// How often connections have been cut so far.
    pub fn cuts(&self) -> u64 {
        self.faults.state.lock().unwrap().cuts
    }
}

impl Drop for Proxy {
    fn drop(&mut self) {
        self.accept.abort();
        self.faults.cut();
    }
}

impl Faults {
    fn cut(&self) {
        let mut state = self.state.lock().unwrap();
        state.cuts += 1;
        state.allowance = None;
        self.generation.send_modify(|generation| *generation += 1);
    }

    /// How many of `bytes` may pass, and whether that is the end.
    fn take(&self, bytes: usize) -> (usize, bool) {
        let mut state = self.state.lock().unwrap();
        let pass = state.allowance.map_or(bytes, |left| bytes.min(usize::try_from(left).unwrap_or(bytes)));
        state.passed += pass as u64;
        if let Some(left) = &mut state.allowance {
            *left -= pass as u64;
        }
        (pass, state.allowance == Some(0))
    }
}

async fn accept(listener: TcpListener, target: SocketAddr, faults: Arc<Faults>) {
    while let Ok((client, _)) = listener.accept().await {
        // Without lingering, closing resets the connection: what is still on its way is lost, as when a mast goes.
        client.set_zero_linger().unwrap();
        if faults.state.lock().unwrap().refusing {
            continue;
        }
        let mut generation = faults.generation.subscribe();
        generation.mark_unchanged();
        let faults = faults.clone();
        tokio::spawn(async move {
            tokio::select! {
                _ = generation.changed() => {}
                _ = forward(client, target, &faults) => {}
            }
        });
    }
}

async fn forward(mut client: TcpStream, target: SocketAddr, faults: &Faults) -> std::io::Result<()> {
    let mut server = TcpStream::connect(target).await?;
    // Borrowed halves: owned ones would say a polite goodbye when they are dropped.
    let (mut from_client, mut to_client) = client.split();
    let (mut from_server, mut to_server) = server.split();
    tokio::try_join!(pump(&mut from_client, &mut to_server, faults), pump(&mut from_server, &mut to_client, faults))?;
    Ok(())
}

async fn pump(
    from: &mut (impl AsyncRead + Unpin),
    to: &mut (impl AsyncWrite + Unpin),
    faults: &Faults,
) -> std::io::Result<()> {
    let mut buffer = vec![0; 16 * 1024];
    loop {
        let count = from.read(&mut buffer).await?;
        if count == 0 {
            return to.shutdown().await;
        }
        let (pass, end) = faults.take(count);
        to.write_all(&buffer[..pass]).await?;
        if end {
            faults.cut();
            return Err(std::io::ErrorKind::ConnectionAborted.into());
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A server that sends back what it gets.
    async fn echo() -> SocketAddr {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        tokio::spawn(async move {
            while let Ok((mut socket, _)) = listener.accept().await {
                tokio::spawn(async move {
                    let (mut read, mut write) = socket.split();
                    let _ = tokio::io::copy(&mut read, &mut write).await;
                });
            }
        });
        address
    }

    async fn call(proxy: &Proxy, bytes: usize) -> std::io::Result<usize> {
        let mut socket = TcpStream::connect(proxy.address()).await?;
        let (mut read, mut write) = socket.split();
        let mut answer = Vec::new();
        let send = async {
            write.write_all(&vec![7; bytes]).await?;
            write.shutdown().await
        };
        tokio::try_join!(send, read.read_to_end(&mut answer))?;
        Ok(answer.len())
    }

    #[tokio::test]
    async fn passes_cuts_refuses_and_resumes() {
        let proxy = Proxy::start(echo().await).await;
        assert_eq!(call(&proxy, 100_000).await.unwrap(), 100_000);
        assert_eq!(proxy.passed(), 200_000);

        proxy.cut_after(50_000);
        assert!(call(&proxy, 100_000).await.is_err());
        assert_eq!((proxy.passed(), proxy.cuts()), (250_000, 1));
        assert_eq!(call(&proxy, 1_000).await.unwrap(), 1_000, "a cut happens once");

        proxy.refuse();
        assert!(call(&proxy, 1).await.is_err());
        proxy.resume();
        assert_eq!(call(&proxy, 1).await.unwrap(), 1);
    }

    #[tokio::test]
    async fn cuts_what_is_open() {
        let proxy = Proxy::start(echo().await).await;
        let mut socket = TcpStream::connect(proxy.address()).await.unwrap();
        socket.write_all(b"x").await.unwrap();
        assert_eq!(socket.read_u8().await.unwrap(), b'x');
        proxy.cut();
        assert!(socket.read_u8().await.is_err());
    }
}
