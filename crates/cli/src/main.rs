//! The program: reads the command line and the settings, joins the parts, runs one command.

mod assemble;
mod commands;
mod deliver;
mod in_use;
mod keys;
mod settings;

use anyhow::Result;
use clap::Parser;
use std::{
    io::{self, IsTerminal},
    process::ExitCode,
};
use tracing_subscriber::{EnvFilter, fmt};

fn main() -> ExitCode {
    // The program's own words: 0 completed, 1 an error, 2 a recording that was rejected. Usage errors are errors.
    let cli = match commands::Cli::try_parse() {
        Ok(cli) => cli,
        Err(e) => {
            let _ = e.print();
            return if e.use_stderr() { ExitCode::from(1) } else { ExitCode::SUCCESS };
        }
    };
    log_to_stderr(cli.quiet_by_default());
    match run(cli) {
        Ok(code) => code,
        // Whoever read the output has seen enough.
        Err(e) if e.downcast_ref::<io::Error>().is_some_and(|e| e.kind() == io::ErrorKind::BrokenPipe) => {
            ExitCode::SUCCESS
        }
        Err(e) => {
            // An error that only passes another on says the same.
            let mut said: Vec<_> = e.chain().map(ToString::to_string).collect();
            said.dedup();
            eprintln!("error: {}", said.join(": "));
            ExitCode::from(1)
        }
    }
}

fn run(cli: commands::Cli) -> Result<ExitCode> {
    // One TLS provider for every client.
    let _ = rustls::crypto::aws_lc_rs::default_provider().install_default();
    tokio::runtime::Builder::new_multi_thread().enable_all().build()?.block_on(cli.run())
}

fn log_to_stderr(quiet: bool) {
    let filter = EnvFilter::try_from_env("TRAINAR_LOG")
        .unwrap_or_else(|_| EnvFilter::new(if quiet { "error" } else { "info,sqlx=warn,sea_orm_migration=warn" }));
    let log = fmt().with_env_filter(filter).with_writer(std::io::stderr);
    if std::io::stderr().is_terminal() { log.init() } else { log.json().init() }
}
