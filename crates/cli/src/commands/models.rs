//! `trainar models`: the model files that recognisers and embeddings work with.

use crate::settings::Settings;
use anyhow::{Context, Result};
use clap::{Args, Subcommand};
use comfy_table::{Table, presets::NOTHING};
use indicatif::{ProgressBar, ProgressStyle};
use inference::models::{self, Address, Fetch, Model, ModelError, Progress, State};
use std::{io::IsTerminal, path::Path, process::ExitCode};

/// Models: files that speech recognition and sentence embedding work with
#[derive(Debug, Subcommand)]
pub enum Models {
    /// Show the known models: size, licence, whether they are here (`verify` compares their checksums)
    List(List),
    /// Fetch models, or go on where a fetch broke off
    Fetch(FetchModels),
    /// Read models through and compare their checksums
    Verify(Verify),
}

/// Show the known models
#[derive(Debug, Args)]
pub struct List {}

/// Fetch models, or go on where a fetch broke off
#[derive(Debug, Args)]
pub struct FetchModels {
    /// Names, as `trainar models list` shows them
    #[arg(required = true)]
    names: Vec<String>,
    /// Where from, instead of `[models] address`: a web address, file:///… or a folder
    #[arg(long, value_name = "ADDRESS")]
    from: Option<String>,
    /// The SHA-256 that the file must have, instead of the one that this program knows
    #[arg(long, value_name = "HEX")]
    sha256: Option<String>,
}

/// Read models through and compare their checksums
#[derive(Debug, Args)]
pub struct Verify {
    /// Names; without one, every model that is here
    names: Vec<String>,
}

impl Models {
    pub async fn run(self, settings: Settings) -> Result<ExitCode> {
        let folder = settings.models.folder.as_path();
        match self {
            Self::List(_) => list(folder),
            Self::Fetch(c) => c.run(&settings, folder).await,
            Self::Verify(c) => c.run(folder),
        }
    }
}

fn list(folder: &Path) -> Result<ExitCode> {
    let mut table = Table::new();
    table.load_preset(NOTHING).set_header(["NAME", "SIZE", "LICENCE", "HERE", "WHAT FOR"]);
    for model in models::known() {
        let state = models::state(&model, folder);
        let here = match state {
            State::Absent => "no".to_owned(),
            State::Partial(bytes) => format!("{} of it", megabytes(bytes)),
            State::Unverified(_) => "yes, not verified".into(),
            State::Changed(_) => "changed, verify it".into(),
            State::Noted(_) => "fetched".into(),
        };
        // What is here may be another file than the known one, fetched by a checksum of one's own.
        let size = megabytes(state.bytes().unwrap_or(model.bytes()));
        table.add_row([model.name.clone(), size, model.licence, here, model.about]);
    }
    println!("{table}\n\nin {}; `trainar models verify` compares the checksums", folder.display());
    Ok(ExitCode::SUCCESS)
}

impl FetchModels {
    async fn run(self, settings: &Settings, folder: &Path) -> Result<ExitCode> {
        let address = Address::parse(self.from.as_deref().unwrap_or(&settings.models.address))?;
        let models = self.names.iter().map(|name| find(name)).collect::<Result<Vec<_>, _>>()?;
        let fetch = Fetch::new(folder, address);
        for model in &models {
            let mut display = Display::new();
            let fetched = fetch.run(model, self.sha256.as_deref(), &mut |progress| display.show(progress)).await;
            display.end();
            fetched.with_context(|| format!("fetching {}", model.name))?;
            println!("{} is in {}, its checksum is right", model.name, model.path(folder).display());
        }
        Ok(ExitCode::SUCCESS)
    }
}

impl Verify {
    fn run(self, folder: &Path) -> Result<ExitCode> {
        let is_here = |model: &Model| models::state(model, folder).bytes().is_some();
        let models = match &self.names[..] {
            [] => models::known().into_iter().filter(is_here).collect(),
            names => names.iter().map(|name| find(name)).collect::<Result<Vec<_>, _>>()?,
        };
        if models.is_empty() {
            println!("no model is in {}", folder.display());
        }
        let mut wrong = false;
        for model in models {
            match models::verify(&model, folder) {
                Ok(bytes) => println!("ok    {} ({})", model.name, megabytes(bytes)),
                Err(e) => {
                    wrong = true;
                    println!("FAIL  {}: {e}", model.name);
                }
            }
        }
        Ok(ExitCode::from(u8::from(wrong)))
    }
}

fn find(name: &str) -> Result<Model, ModelError> {
    models::named(name).ok_or_else(|| ModelError::Unknown { name: name.into() })
}

fn megabytes(bytes: u64) -> String {
    format!("{:.1} MB", bytes as f64 / 1e6)
}

/// A bar at a terminal; elsewhere a line for every tenth.
struct Display {
    bar: Option<ProgressBar>,
    file: String,
    tenths: u64,
}

impl Display {
    fn new() -> Self {
        let style = "{prefix} {bar:30} {bytes} of {total_bytes} {bytes_per_sec} {eta}";
        let bar = std::io::stderr().is_terminal().then(|| {
            let style = ProgressStyle::with_template(style).unwrap_or_else(|_| ProgressStyle::default_bar());
            ProgressBar::new(0).with_style(style)
        });
        Self { bar, file: String::new(), tenths: 0 }
    }

    fn show(&mut self, progress: &Progress) {
        let total = progress.total.unwrap_or(progress.done);
        let is_new = self.file != progress.file;
        self.file.clone_from(&progress.file);
        if let Some(bar) = &self.bar {
            if is_new {
                bar.set_prefix(self.file.clone());
                bar.reset();
                // What an earlier attempt brought is not this one's speed.
                bar.set_position(progress.done);
                bar.reset_elapsed();
            }
            bar.set_length(total);
            bar.set_position(progress.done);
            return;
        }
        let tenths = progress.done * 10 / total.max(1);
        if is_new || tenths != self.tenths {
            eprintln!("{} {} of {}", self.file, megabytes(progress.done), megabytes(total));
        }
        self.tenths = tenths;
    }

    fn end(self) {
        if let Some(bar) = self.bar {
            bar.finish_and_clear();
        }
    }
}
