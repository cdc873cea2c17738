//! `trainar serve`: a device uploads the recording and stops; how long until its session is completed.

use crate::{
    Cost, PROGRAM, Subject,
    process_tree::{Peak, Watch, cpu_seconds},
};
use anyhow::{Context, Result, bail, ensure};
use glasses::{Client, StartSession};
use serde_json::{Value, json};
use std::{
    fs::File,
    net::TcpListener,
    path::Path,
    process::{Child, Command, Stdio},
    time::{Duration, Instant},
};

/// What the server path cost.
pub struct Outcome {
    pub upload: Cost,
    pub upload_peak: Peak,
    /// From the word stop to completed.
    pub processing: Cost,
    pub processing_peak: Peak,
}

pub async fn run(subject: &Subject) -> Result<Outcome> {
    let data = subject.work.path().join("data");
    trainar(&data, &["tenant", "create", "--name", "bench"])?;
    let user = ["user", "create", "--tenant", "bench", "--email", "bench@example.com", "--name", "Bench"];
    trainar(&data, &user)?;
    let seat = trainar(&data, &["seat", "create", "--tenant", "bench", "--user", "bench@example.com"])?;
    let token = seat["device_token"].as_str().context("no device token")?;
    let port = TcpListener::bind("127.0.0.1:0")?.local_addr()?.port();
    let base = format!("http://127.0.0.1:{port}");
    let server = Server::start(&data, port)?;
    server.ready(&base).await?;

    let client = Client::new(&base, token)?;
    let session = client.start_session(&StartSession::default()).await?;
    let (lap, watch) = (Lap::start(&server), Watch::start(server.0.id()));
    let about = [("filename", "recording.mp4"), ("filetype", "video/mp4")];
    client.uploader().upload(&session.upload_url, &subject.video, &about, None, |_| {}).await?;
    client.captions(session.id, std::fs::read_to_string(&subject.captions)?).await?;
    let (upload, upload_peak) = (lap.end(&server), watch.stop());

    let (lap, watch) = (Lap::start(&server), Watch::start(server.0.id()));
    client.stop(session.id, Some(&json!({ "parts": 1 }))).await?;
    let status = ended(&format!("{base}/api/v1/sessions/{}", session.id), token).await?;
    let (processing, processing_peak) = (lap.end(&server), watch.stop());
    ensure!(status == "completed", "the session ended as {status}");
    Ok(Outcome { upload, upload_peak, processing, processing_peak })
}

/// Waits until the session is done and returns its status.
async fn ended(url: &str, token: &str) -> Result<String> {
    let http = reqwest::Client::new();
    loop {
        let session = http.get(url).bearer_auth(token).send().await?.error_for_status()?.bytes().await?;
        let session: Value = serde_json::from_slice(&session)?;
        if session["phase"] == "done" {
            return Ok(session["status"].as_str().unwrap_or_default().to_owned());
        }
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
}

fn trainar(data: &Path, args: &[&str]) -> Result<Value> {
    let output = Command::new(PROGRAM).args(args).arg("--json").env("TRAINAR_DATA_DIR", data).output()?;
    ensure!(output.status.success(), "trainar {args:?}: {}", String::from_utf8_lossy(&output.stderr));
    Ok(serde_json::from_slice(&output.stdout)?)
}

/// Killed when it goes out of scope.
struct Server(Child);

impl Server {
    fn start(data: &Path, port: u16) -> Result<Self> {
        let log = File::create(data.with_extension("log"))?;
        let mut command = Command::new(PROGRAM);
        command.args(["serve", "--listen", &format!("127.0.0.1:{port}")]).env("TRAINAR_DATA_DIR", data);
        Ok(Self(command.stdout(Stdio::null()).stderr(log).spawn()?))
    }

    async fn ready(&self, base: &str) -> Result<()> {
        for _ in 0..200 {
            if reqwest::get(format!("{base}/readyz")).await.is_ok_and(|answer| answer.status().is_success()) {
                return Ok(());
            }
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
        bail!("the server at {base} does not become ready")
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

/// From here until its end.
struct Lap {
    begun: Instant,
    cpu: f64,
}

impl Lap {
    fn start(server: &Server) -> Self {
        Self { begun: Instant::now(), cpu: cpu_seconds(server.0.id()) }
    }

    fn end(self, server: &Server) -> Cost {
        Cost { wall: self.begun.elapsed().as_secs_f64(), cpu: cpu_seconds(server.0.id()) - self.cpu }
    }
}
