//! `trainar backup` and `trainar restore`: a whole installation, taken while it runs.

use crate::{assemble, keys, settings::Settings};
use anyhow::{Context, Result, bail};
use clap::Args;
use domain::{Clock, SystemClock};
use indicatif::HumanBytes;
use serde_json::json;
use std::{
    fs,
    io::Write,
    os::unix::fs::OpenOptionsExt,
    path::{Path, PathBuf},
    process::ExitCode,
};
use storage::backup::{Folder, Generation, Restored, Taking};

/// Take a backup while the server runs
#[derive(Debug, Args)]
pub struct Backup {
    /// Folder for backups, on another disk; made where it is missing. What is in it already is not copied again
    #[arg(long, value_name = "FOLDER")]
    to: PathBuf,
    /// How many backups are kept in it, this one included
    #[arg(long, default_value_t = 7, value_parser = clap::value_parser!(u16).range(1..))]
    keep: u16,
    /// Print JSON
    #[arg(long)]
    json: bool,
}

/// Restore a backup into an empty installation
#[derive(Debug, Args)]
pub struct Restore {
    /// Folder of backups
    #[arg(long, value_name = "FOLDER")]
    from: PathBuf,
    /// Name of the backup; the newest when left out
    #[arg(long, value_name = "NAME")]
    backup: Option<String>,
    /// Only read the backup and compare every hash
    #[arg(long)]
    check: bool,
    /// Print JSON
    #[arg(long)]
    json: bool,
}

impl Backup {
    pub async fn run(self, settings: Settings) -> Result<ExitCode> {
        let db = assemble::db(&settings).await?;
        let objects = assemble::objects(&settings).await?;
        let how = Taking {
            program: env!("CARGO_PKG_VERSION").into(),
            key: keys::installation_as_kept(&settings)?,
            keep: self.keep.into(),
        };
        if within(&self.to, &settings.data_dir) {
            bail!(
                "--to lies within the data folder {}: what destroys the one destroys the other",
                settings.data_dir.display()
            );
        }
        let taken = Folder::at(&self.to).take(&db, &objects, &how, SystemClock.now()).await?;
        if self.json {
            println!("{}", json!(taken));
        } else {
            println!(
                "backup {}: {} rows, {} objects of {}, {} of it new",
                taken.name,
                taken.rows,
                taken.objects,
                HumanBytes(taken.bytes),
                HumanBytes(taken.copied)
            );
        }
        for key in &taken.missing {
            eprintln!("lost in this installation: {key}");
        }
        Ok(if taken.missing.is_empty() { ExitCode::SUCCESS } else { ExitCode::from(2) })
    }
}

impl Restore {
    pub async fn run(self, settings: Settings) -> Result<ExitCode> {
        let backup = Folder::at(&self.from).open(self.backup.as_deref())?;
        if self.check {
            let found = tokio::task::spawn_blocking(move || backup.check()).await??;
            self.tell("every byte is as it was written", &found);
            return Ok(ExitCode::SUCCESS);
        }
        let key_file = settings.data_dir.join(keys::SECRET);
        let key = backup.key()?;
        let operators = keys::operators(&settings)?;
        backup.opens_by(operators.as_ref())?;
        keys::open(&key, operators.as_ref()).context("the key of the installation in the backup")?;
        fs::create_dir_all(&settings.data_dir)
            .with_context(|| format!("cannot create the data folder {}", settings.data_dir.display()))?;
        if fs::read(&key_file).is_ok_and(|there| there != key) {
            bail!(
                "{} is the key of another installation; move it away, or give an empty folder as data_dir",
                key_file.display()
            );
        }
        // Before the rows: what is sealed in them is worth nothing without it.
        if !key_file.exists() {
            write_key(&key_file, &key).with_context(|| format!("cannot write {}", key_file.display()))?;
        }
        let restored = restore(&settings, &backup).await?;
        self.tell("restored", &restored);
        Ok(ExitCode::SUCCESS)
    }

    fn tell(&self, what: &str, found: &Restored) {
        if self.json {
            return println!("{}", json!(found));
        }
        println!(
            "backup {}: {what}: {} rows, {} objects of {}",
            found.name,
            found.rows,
            found.objects,
            HumanBytes(found.bytes)
        );
    }
}

async fn restore(settings: &Settings, backup: &Generation) -> Result<Restored> {
    let db = assemble::db_as_of(settings, backup.schema()).await?;
    let objects = assemble::objects_as_stored(settings)?;
    let work = tempfile::Builder::new().prefix("restoring-").tempdir_in(&settings.data_dir)?;
    Ok(backup.restore(&db, &objects, work.path()).await?)
}

fn write_key(path: &Path, key: &[u8]) -> std::io::Result<()> {
    let mut file = fs::OpenOptions::new().write(true).create_new(true).mode(0o600).open(path)?;
    file.write_all(key)?;
    file.sync_all()
}

/// Whether a folder, which may not exist yet, lies in another.
fn within(folder: &Path, of: &Path) -> bool {
    let Ok(of) = of.canonicalize() else { return false };
    let known = std::path::absolute(folder).unwrap_or_else(|_| folder.to_owned());
    known.ancestors().find_map(|part| part.canonicalize().ok()).is_some_and(|part| part.starts_with(&of))
}
