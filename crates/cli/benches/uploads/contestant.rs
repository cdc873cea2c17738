//! The servers, each a process of its own with a folder of its own.

use crate::{PROGRAM, plain, setting};
use anyhow::{Context, Result, bail, ensure};
use serde_json::Value;
use std::{
    fs::{self, File},
    net::{SocketAddr, TcpListener},
    path::{Path, PathBuf},
    process::{Child, Command, Stdio},
    time::Duration,
};

/// A server that takes part.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Contestant {
    Trainar,
    Plain,
    Rustus(PathBuf),
    /// With the folder of its script.
    Node(PathBuf),
}

impl Contestant {
    /// Those that are there; says what the others need.
    pub fn found() -> Vec<Self> {
        let mut found = vec![Self::Trainar, Self::Plain];
        match setting("BENCH_RUSTUS").map(PathBuf::from) {
            Some(program) => found.push(Self::Rustus(program)),
            None => eprintln!("without rustus: `cargo install rustus --locked` and set BENCH_RUSTUS to the program"),
        }
        let node = Path::new(env!("CARGO_MANIFEST_DIR")).join("benches/uploads/node");
        match node.join("node_modules").exists() {
            true => found.push(Self::Node(node)),
            false => eprintln!("without @tus/server: run `npm ci` in {}", node.display()),
        }
        found
    }

    pub fn key(&self) -> &'static str {
        match self {
            Self::Trainar => "trainar",
            Self::Plain => "plain",
            Self::Rustus(_) => "rustus",
            Self::Node(_) => "node",
        }
    }

    pub fn name(&self) -> &'static str {
        match self {
            Self::Trainar => "trainar serve",
            Self::Plain => "plain PUT",
            Self::Rustus(_) => "rustus 0.5",
            Self::Node(_) => "@tus/server 2.4",
        }
    }

    /// What it has made durable before it answers.
    pub fn durability(&self) -> &'static str {
        match self {
            Self::Trainar => "fsync of bytes, folders and the row",
            Self::Plain => "fsync of bytes and folder",
            Self::Rustus(_) => "fsync of bytes (--force-fsync)",
            Self::Node(_) => "nothing",
        }
    }
}

/// A server that runs; killed when it goes out of scope.
pub struct Running {
    pub contestant: Contestant,
    child: Child,
    port: u16,
    /// Of our own server.
    pub token: Option<String>,
}

impl Running {
    /// Starts it over an empty folder and waits until it takes connections.
    pub async fn start(contestant: &Contestant, folder: &Path) -> Result<Self> {
        let port = TcpListener::bind("127.0.0.1:0")?.local_addr()?.port();
        let data = folder.join("data");
        fs::create_dir_all(&data)?;
        let (at, place) = (port.to_string(), data.display().to_string());
        let token = if *contestant == Contestant::Trainar { Some(pair(&data)?) } else { None };
        let mut command = match contestant {
            Contestant::Trainar => {
                let mut command = Command::new(PROGRAM);
                command.args(["serve", "--listen", &format!("127.0.0.1:{port}")]).env("TRAINAR_DATA_DIR", &data);
                // Only what happens until the bytes are kept.
                command.env("TRAINAR_SERVER__WORK", "false");
                command
            }
            Contestant::Plain => {
                let mut command = Command::new(std::env::current_exe()?);
                command.args([plain::ROLE, &at, &place]);
                command
            }
            Contestant::Rustus(program) => {
                let mut command = Command::new(program);
                command.args(["--host", "127.0.0.1", "--port", &at, "--data-dir", &place, "--info-dir", &place]);
                command.args(["--max-body-size", "67108864", "--force-fsync", "true", "--log-level", "ERROR"]);
                command
            }
            Contestant::Node(script) => {
                let mut command = Command::new("node");
                command.arg(script.join("server.mjs")).args([&at, &place]).env("NODE_ENV", "production");
                command
            }
        };
        let log = File::create(folder.join("log"))?;
        let child = command.stdout(Stdio::null()).stderr(log).current_dir(folder).spawn();
        let child = child.with_context(|| format!("{command:?} does not start"))?;
        let running = Self { contestant: contestant.clone(), child, port, token };
        for _ in 0..400 {
            if tokio::net::TcpStream::connect(running.address()).await.is_ok() {
                return Ok(running);
            }
            tokio::time::sleep(Duration::from_millis(25)).await;
        }
        bail!("{} does not listen: {}", contestant.name(), fs::read_to_string(folder.join("log"))?)
    }

    pub fn address(&self) -> SocketAddr {
        ([127, 0, 0, 1], self.port).into()
    }

    pub fn pid(&self) -> u32 {
        self.child.id()
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// An organisation with a device; its token.
fn pair(data: &Path) -> Result<String> {
    let trainar = |arguments: &[&str]| -> Result<Value> {
        let output = Command::new(PROGRAM).args(arguments).arg("--json").env("TRAINAR_DATA_DIR", data).output()?;
        ensure!(output.status.success(), "trainar {arguments:?}: {}", String::from_utf8_lossy(&output.stderr));
        Ok(serde_json::from_slice(&output.stdout)?)
    };
    trainar(&["tenant", "create", "--name", "bench"])?;
    trainar(&["user", "create", "--tenant", "bench", "--email", "bench@example.com", "--name", "Bench"])?;
    let seat = trainar(&["seat", "create", "--tenant", "bench", "--user", "bench@example.com"])?;
    Ok(seat["device_token"].as_str().context("no device token")?.to_owned())
}
