//! The command line, a file per command.

mod backup;
mod config;
mod create;
mod demo;
mod doctor;
mod encryption;
mod erase;
mod evaluate;
mod export;
mod extract;
mod glasses;
mod hold;
mod key;
mod meanings;
mod minutes;
mod models;
mod operator;
mod process;
mod recognise;
mod reference;
mod report;
mod serve;
mod session;
mod spoken;
mod trainer;
mod work;

use crate::settings::Settings;
use anyhow::Result;
use clap::{Parser, Subcommand};
use std::{path::PathBuf, process::ExitCode};

/// TrainAR: recordings from smart glasses become named, clipped, scored procedures.
#[derive(Debug, Parser)]
#[command(name = "trainar", version, max_term_width = 100)]
pub struct Cli {
    /// Settings file; without it `trainar.toml` in the current folder, if there is one
    #[arg(long, global = true, value_name = "FILE", env = "TRAINAR_CONFIG")]
    config: Option<PathBuf>,
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Run the server: Dashboard, API, uploads, and a worker
    Serve(serve::Serve),
    /// Run a worker of its own, beside other workers and servers on the same database and objects
    Work(work::Work),
    /// Turn one recording into procedures, without a server
    ///
    /// Exit code 0: completed; 2: the recording was rejected, with the reason; 1: an error. Where the settings name a
    /// language model, it is asked.
    Process(process::Process),
    /// Find the procedures in a transcript alone
    ///
    /// Exit code 0: procedures were found; 2: there are none, or the captions hold no words; 1: an error, such as a file
    /// that cannot be used. A language model is asked with --language-model only.
    Extract(extract::Extract),
    /// Measure the built-in extraction on recordings with marked segments
    Evaluate(evaluate::Evaluate),
    /// Tenants: organisations
    #[command(subcommand)]
    Tenant(create::Tenant),
    /// Users: Dashboard logins
    #[command(subcommand)]
    User(create::User),
    /// Seats: licences of engineers, with their device
    #[command(subcommand)]
    Seat(create::Seat),
    /// API keys: access of programs
    #[command(subcommand)]
    Key(key::Key),
    /// Operator access: look at the data of a tenant, for a reason that it reads
    #[command(subcommand)]
    Operator(operator::Operator),
    /// Sessions: what the Dashboard does not do
    #[command(subcommand)]
    Session(session::Session),
    /// Models: files that speech recognition and sentence embedding work with
    #[command(subcommand)]
    Models(models::Models),
    /// This machine as a pair of glasses: records, keeps, delivers
    #[command(subcommand)]
    Glasses(glasses::Glasses),
    /// Erase a session, a user or a tenant for good
    #[command(subcommand)]
    Erase(erase::Erase),
    /// Legal holds: what must not go by age or be erased
    #[command(subcommand)]
    Hold(hold::Hold),
    /// Take a backup of everything while the server runs
    ///
    /// Exit code 0: taken; 2: taken, but the installation has lost objects that its rows speak of; 1: an error.
    Backup(backup::Backup),
    /// Restore a backup into an empty installation: any database, any object store
    Restore(backup::Restore),
    /// Encryption at rest: keys, and what they have encrypted
    #[command(subcommand)]
    Encryption(encryption::Encryption),
    /// Export a tenant, or all data of a person, into a ZIP while the server runs
    #[command(subcommand)]
    Export(export::Export),
    /// Import a tenant that was exported: all of it, or nothing
    Import(export::Import),
    /// Start a server with sample data in a folder of its own
    Demo(demo::Demo),
    /// Print the settings as a commented template
    Config(config::Config),
    /// Try every door: database, objects, ffmpeg, speech, language model, port
    Doctor(doctor::Doctor),
    /// Write docs/reference
    #[command(hide = true)]
    Reference(reference::Reference),
    /// The child in which whisper.cpp runs
    #[command(hide = true)]
    Recognise(recognise::Recognise),
}

impl Cli {
    /// Commands for a person at a terminal log errors only; servers tell what they do.
    pub fn quiet_by_default(&self) -> bool {
        !matches!(self.command, Command::Serve(_) | Command::Work(_))
    }

    /// Runs the command.
    pub async fn run(self) -> Result<ExitCode> {
        if let Command::Recognise(child) = self.command {
            return child.run();
        }
        let settings = Settings::load(self.config.as_deref())?;
        if !matches!(self.command, Command::Process(_) | Command::Reference(_)) {
            // Recordings, transcripts and password hashes are nobody else's on this machine.
            rustix::process::umask(rustix::fs::Mode::RWXG | rustix::fs::Mode::RWXO);
        }
        match self.command {
            Command::Serve(c) => c.run(settings).await,
            Command::Work(c) => c.run(settings).await,
            Command::Process(c) => c.run(settings).await,
            Command::Extract(c) => c.run(&settings).await,
            Command::Evaluate(c) => c.run(&settings),
            Command::Tenant(c) => c.run(settings).await,
            Command::User(c) => c.run(settings).await,
            Command::Seat(c) => c.run(settings).await,
            Command::Key(c) => c.run(settings).await,
            Command::Operator(c) => c.run(settings).await,
            Command::Session(c) => c.run(settings).await,
            Command::Models(c) => c.run(settings).await,
            Command::Glasses(c) => c.run(&settings).await,
            Command::Erase(c) => c.run(settings).await,
            Command::Hold(c) => c.run(settings).await,
            Command::Backup(c) => c.run(settings).await,
            Command::Restore(c) => c.run(settings).await,
            Command::Encryption(c) => c.run(settings).await,
            Command::Export(c) => c.run(settings).await,
            Command::Import(c) => c.run(settings).await,
            Command::Demo(c) => c.run(settings).await,
            Command::Config(c) => c.run(),
            Command::Doctor(c) => c.run(settings).await,
            Command::Reference(c) => c.run(),
            Command::Recognise(_) => unreachable!("ran above"),
        }
    }
}

/// Reads `coarse` or `fine`.
fn granularity(text: &str) -> Result<extraction::Granularity, String> {
    match text {
        "coarse" => Ok(extraction::Granularity::Coarse),
        "fine" => Ok(extraction::Granularity::Fine),
        other => Err(format!("{other:?} is neither coarse nor fine")),
    }
}
