//! `trainar glasses …`: this machine as a pair of glasses.

mod output;
mod run;

use crate::settings::Settings;
use anyhow::{Context, Result, bail};
use clap::{Args, Subcommand};
use glasses::{
    Client, Credentials,
    delivery::{Delivery, Shared, Until, held},
    notices,
    protocol::Pairing,
    spool::Spool,
};
use output::Output;
use std::{
    io::{self, IsTerminal, Write},
    path::PathBuf,
    process::ExitCode,
    sync::Arc,
    time::Duration,
};
use tokio::sync::watch;

/// Something is left on the device.
const LEFT: u8 = 2;

#[derive(Debug, Subcommand)]
pub enum Glasses {
    /// Connect this device with a seat: by the code of Settings, Seats, Pair, or by a token of `trainar seat create`
    Pair(Pair),
    /// Record sessions and deliver them
    ///
    /// Commands come by voice or as lines on the standard input: start, stop, pause, resume, delete (the last minute),
    /// status, quit. Exit code 0; 1: an error; 2: with --simulate, something is left on the
    /// device after waiting for delivery.
    Run(run::Run),
    /// Look at everything that a session needs: battery, disk, network, microphone, lens, clock, minutes
    ///
    /// Exit code 0; 1: nothing can be recorded.
    Check(run::Run),
    /// Read what your organisation asks before you record, and agree
    ///
    /// Exit code 0: accepted, or nothing is asked; 1: not accepted, or the server could not be told.
    Consent(Consent),
    /// Send what is held, then exit
    ///
    /// Exit code 0: everything is delivered; 2: something is left; 1: an error.
    Deliver(Deliver),
    /// Say what is held
    Status(Status),
    /// List the tasks that a session can be started against: `trainar glasses run --task ID`
    Tasks(Tasks),
}

#[derive(Debug, Args)]
pub struct Place {
    /// Folder in which recordings wait; $XDG_STATE_HOME/trainar/glasses when left out
    #[arg(long, value_name = "DIR", env = "TRAINAR_SPOOL")]
    spool: Option<PathBuf>,
    /// Print every event as a line of JSON
    #[arg(long)]
    json: bool,
}

#[derive(Debug, Args)]
pub struct Pair {
    /// Address of the server, such as https://trainar.example.org
    #[arg(long, value_name = "URL")]
    server: String,
    /// Code that the Dashboard shows
    #[arg(long, required_unless_present = "token", conflicts_with = "token")]
    code: Option<String>,
    /// Token that `trainar seat create` printed
    #[arg(long)]
    token: Option<String>,
    /// What kind of device this is
    #[arg(long, default_value = "trainar glasses")]
    model: String,
    /// Serial number; the machine's id when left out
    #[arg(long)]
    serial: Option<String>,
    #[command(flatten)]
    place: Place,
}

#[derive(Debug, Args)]
pub struct Consent {
    /// Agree without being asked: the wearer has read the text
    #[arg(long)]
    yes: bool,
    #[command(flatten)]
    place: Place,
}

#[derive(Debug, Args)]
pub struct Deliver {
    /// Give up after so many seconds; what is not delivered stays
    #[arg(long, value_name = "SECONDS")]
    wait_seconds: Option<f64>,
    #[command(flatten)]
    place: Place,
}

#[derive(Debug, Args)]
pub struct Status {
    #[command(flatten)]
    place: Place,
}

#[derive(Debug, Args)]
pub struct Tasks {
    #[command(flatten)]
    place: Place,
}

impl Glasses {
    pub async fn run(self, settings: &Settings) -> Result<ExitCode> {
        match self {
            Self::Pair(c) => c.run().await,
            Self::Run(c) => c.run(settings).await,
            Self::Check(c) => c.check(settings).await,
            Self::Consent(c) => c.run().await,
            Self::Deliver(c) => c.run().await,
            Self::Status(c) => c.run(),
            Self::Tasks(c) => c.run().await,
        }
    }
}

impl Place {
    fn folder(&self) -> Result<PathBuf> {
        if let Some(folder) = &self.spool {
            return Ok(folder.clone());
        }
        let absolute = |name| std::env::var_os(name).map(PathBuf::from).filter(|path| path.is_absolute());
        let state = absolute("XDG_STATE_HOME").or_else(|| Some(absolute("HOME")?.join(".local/state")));
        Ok(state
            .context("there is no home folder; say with --spool where recordings may wait")?
            .join("trainar/glasses"))
    }
}

impl Pair {
    async fn run(self) -> Result<ExitCode> {
        let folder = self.place.folder()?;
        let (token, seat) = match (self.token, self.code) {
            (Some(token), _) => {
                // Without it nobody knew later whose recordings these are.
                let facts = Client::new(&self.server, token.as_str())?.preflight().await;
                let facts = facts.context("the server must say whose seat this is; pair when it can be reached")?;
                if let Some(seat) = &facts.seat {
                    println!("Paired with {seat}.");
                }
                (token, facts.seat)
            }
            (None, Some(code)) => {
                let serial = self.serial.or_else(machine_id).unwrap_or_else(|| "unknown".to_owned());
                let software_version = env!("CARGO_PKG_VERSION").to_owned();
                let pairing = Pairing { code, model: self.model, serial, software_version };
                let paired = Client::new(&self.server, "")?.pair(&pairing).await?;
                println!("Paired with {}.", paired.seat);
                (paired.token, Some(paired.seat))
            }
            (None, None) => bail!("give --code or --token"),
        };
        Client::new(&self.server, token.as_str())?;
        Spool::pair(&folder, &Credentials { server: self.server, token, seat })?;
        notices::forget(&folder);
        println!("Kept in {}.", folder.display());
        Ok(ExitCode::SUCCESS)
    }
}

impl Consent {
    async fn run(self) -> Result<ExitCode> {
        // Not held: the device may be running.
        let spool = Spool::look(&self.place.folder()?);
        let notices = notices::ask(&spool).await.context("the server must be reached to note a consent")?;
        let Some(consent) = notices.asked() else {
            println!("Nothing is asked of you.");
            return Ok(ExitCode::SUCCESS);
        };
        println!("{}\n", consent.text);
        if !self.yes {
            if !io::stdin().is_terminal() {
                bail!("nobody answers; say with --yes that the wearer agrees");
            }
            print!("Do you agree? Type yes: ");
            io::stdout().flush()?;
            let mut answer = String::new();
            io::stdin().read_line(&mut answer)?;
            if answer.trim() != "yes" {
                bail!("not accepted; nothing is recorded before");
            }
        }
        notices::accept(&spool, consent).await?;
        println!("Your consent is noted.");
        Ok(ExitCode::SUCCESS)
    }
}

impl Deliver {
    async fn run(self) -> Result<ExitCode> {
        let output = Output::start(self.place.json, true);
        let shared = Shared::new(output.sender());
        let spool = open(&self.place, &shared)?;
        let left = deliver(spool, shared, self.wait_seconds).await;
        output.finish().await;
        Ok(exit_code(left?))
    }
}

impl Status {
    fn run(self) -> Result<ExitCode> {
        let spool = Spool::look(&self.place.folder()?);
        let held = spool.sessions()?.iter().map(held).collect::<Result<Vec<_>, _>>()?;
        let server = spool.credentials().ok().map(|credentials| credentials.server);
        if self.place.json {
            println!("{}", serde_json::json!({ "server": server, "sessions": held, "set_aside": spool.set_aside() }));
            return Ok(ExitCode::SUCCESS);
        }
        println!("server  {}", server.as_deref().unwrap_or("none; pair this device first"));
        for session in &held {
            let id = session.session_id.map_or_else(|| "not yet known to the server".to_owned(), |id| id.to_string());
            let (parts, megabytes) = (session.parts, session.bytes as f64 / 1e6);
            println!("held    {id}: {parts} parts, {megabytes:.1} MB, begun {:.0} s ago", session.started_seconds_ago);
        }
        for path in spool.set_aside() {
            println!("damaged {}", path.display());
        }
        if held.is_empty() {
            println!("Everything is delivered.");
        }
        Ok(ExitCode::SUCCESS)
    }
}

impl Tasks {
    async fn run(self) -> Result<ExitCode> {
        let Credentials { server, token, .. } = Spool::look(&self.place.folder()?).credentials()?;
        let tasks = Client::new(&server, token)?.tasks().await?;
        if self.place.json {
            println!("{}", serde_json::json!({ "tasks": tasks }));
            return Ok(ExitCode::SUCCESS);
        }
        for task in &tasks {
            let due = task.due_date.map(|at| format!(", due {}", at.date("UTC")));
            let reference = task.external_id.as_ref().map(|id| format!(" ({id})"));
            println!("{}  {}{}{}", task.id, task.title, reference.unwrap_or_default(), due.unwrap_or_default());
        }
        if tasks.is_empty() {
            println!("There is no task to do.");
        }
        Ok(ExitCode::SUCCESS)
    }
}

/// Opens the spool and says what was put right.
fn open(place: &Place, shared: &Shared) -> Result<Arc<Spool>> {
    let (spool, recovered) = Spool::open(&place.folder()?)?;
    for session in recovered.ended {
        shared.tell(glasses::news::News::Recovered { session });
    }
    for file in recovered.unfinished {
        shared.tell(glasses::news::News::SetApart { file });
    }
    Ok(Arc::new(spool))
}

/// Delivers until nothing is left, a signal comes, or the time is over. Returns how many sessions are left.
async fn deliver(spool: Arc<Spool>, shared: Shared, seconds: Option<f64>) -> Result<usize> {
    let stop = super::serve::stop_on_signal()?;
    let delivery = Delivery::new(spool.clone(), shared);
    let until = watch::Sender::new(Until::Delivered);
    tokio::select! {
        left = tokio::time::timeout(limit(seconds), delivery.run(until.subscribe())) => match left {
            Ok(left) => Ok(left?),
            Err(_) => Ok(spool.sessions()?.len()),
        },
        () = stop.cancelled() => Ok(spool.sessions()?.len()),
    }
}

/// Seconds that somebody wants to wait; for ever where that is no number of seconds.
fn limit(seconds: Option<f64>) -> Duration {
    const FOR_EVER: Duration = Duration::from_secs(u32::MAX as u64);
    seconds.and_then(|seconds| Duration::try_from_secs_f64(seconds).ok()).unwrap_or(FOR_EVER).min(FOR_EVER)
}

fn exit_code(left: usize) -> ExitCode {
    if left == 0 { ExitCode::SUCCESS } else { ExitCode::from(LEFT) }
}

fn machine_id() -> Option<String> {
    let id = std::fs::read_to_string("/etc/machine-id").ok()?;
    Some(id.trim().chars().take(12).collect()).filter(|id: &String| !id.is_empty())
}
