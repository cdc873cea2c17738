//! `trainar encryption`: the operator's keys, and what is encrypted by them.

use crate::{assemble, in_use, keys, settings::Settings};
use anyhow::{Context, Result, bail};
use clap::{Args, Subcommand};
use indicatif::{HumanBytes, ProgressBar};
use secrecy::ExposeSecret;
use serde_json::json;
use std::{
    fs,
    io::Write,
    os::unix::fs::OpenOptionsExt,
    path::{Path, PathBuf},
    process::ExitCode,
};
use storage::encryption::Keys;

#[derive(Debug, Subcommand)]
pub enum Encryption {
    /// Make a key: print it, or write it to a file that does not exist yet
    NewKey(NewKey),
    /// Say which keys are set and how many objects each has encrypted
    Status(Status),
    /// Encrypt every object by the first key; all servers and workers must be stopped
    ///
    /// What broke off goes on where it was. Exit code 0: everything is encrypted by the first key; 2: some objects could not
    /// be, and are named; 1: an error.
    Rewrite(Rewrite),
}

#[derive(Debug, Args)]
pub struct NewKey {
    /// File for the key, outside of the data folder
    file: Option<PathBuf>,
    /// Put the new key before those that the file holds: it encrypts from the next start on, and they still decrypt
    #[arg(long, requires = "file")]
    rotate: bool,
}

#[derive(Debug, Args)]
pub struct Status {
    /// Print JSON
    #[arg(long)]
    json: bool,
}

#[derive(Debug, Args)]
pub struct Rewrite {
    /// Also encrypt objects that are not encrypted although everything was: only when you know who put them there
    #[arg(long)]
    take_plain: bool,
    /// Print JSON
    #[arg(long)]
    json: bool,
}

impl Encryption {
    pub async fn run(self, settings: Settings) -> Result<ExitCode> {
        match self {
            Self::NewKey(args) => args.run(),
            Self::Status(args) => args.run(settings).await,
            Self::Rewrite(args) => args.run(settings).await,
        }
    }
}

impl NewKey {
    fn run(self) -> Result<ExitCode> {
        let key = Keys::generate();
        let Some(file) = &self.file else {
            println!("{}", key.expose_secret());
            return Ok(ExitCode::SUCCESS);
        };
        if self.rotate {
            let there = fs::read_to_string(file).with_context(|| format!("cannot read {}", file.display()))?;
            Keys::parse(&there).with_context(|| file.display().to_string())?;
            keys::replace(file, format!("{}\n{there}", key.expose_secret()).as_bytes())
                .with_context(|| format!("cannot write {}", file.display()))?;
        } else {
            create(file, key.expose_secret())?;
        }
        let id = Keys::parse(key.expose_secret())?.ids()[0];
        println!(
            "key {id} is in {}. Keep a copy apart from your backups: without it nothing is read again.",
            file.display()
        );
        Ok(ExitCode::SUCCESS)
    }
}

fn create(file: &Path, key: &str) -> Result<()> {
    let mut created =
        fs::OpenOptions::new().write(true).create_new(true).mode(0o600).open(file).with_context(|| {
            format!("cannot make {}; --rotate puts a new key into a file that is there", file.display())
        })?;
    writeln!(created, "{key}")?;
    created.sync_all()?;
    Ok(())
}

impl Status {
    async fn run(self, settings: Settings) -> Result<ExitCode> {
        let Some(keys) = keys::operators(&settings)? else {
            assemble::objects(&settings).await?;
            if self.json {
                println!("{}", json!({ "keys": [], "objects": null }));
            } else {
                println!("No key is set: objects, and the key that seals secrets, lie in clear.");
            }
            return Ok(ExitCode::SUCCESS);
        };
        let counts = assemble::objects(&settings).await?.encrypted_by().await?;
        let plain = counts.get(&None).copied().unwrap_or(0);
        let count = |id: &str| counts.get(&Some(id.to_owned())).copied().unwrap_or(0);
        let ids: Vec<_> = keys.ids().iter().map(ToString::to_string).collect();
        if self.json {
            let listed: Vec<_> = ids.iter().map(|id| json!({ "id": id, "objects": count(id) })).collect();
            println!("{}", json!({ "keys": listed, "not_encrypted": plain }));
            return Ok(ExitCode::SUCCESS);
        }
        for (number, id) in ids.iter().enumerate() {
            let role = if number == 0 { "encrypts and decrypts" } else { "decrypts" };
            println!("key {id} {role}: {} objects", count(id));
        }
        println!("not encrypted: {plain} objects");
        Ok(ExitCode::SUCCESS)
    }
}

impl Rewrite {
    async fn run(self, settings: Settings) -> Result<ExitCode> {
        let Some(operators) = keys::operators(&settings)? else {
            bail!("no key is set; make one by `trainar encryption new-key` and set [encryption] key_file");
        };
        let _alone = in_use::alone(&settings.data_dir)?;
        let objects = assemble::objects(&settings).await?;
        keys::installation(&settings)?;
        let bar = ProgressBar::new_spinner();
        let done = objects
            .rewrite(self.take_plain, |key, meta| {
                bar.set_message(format!("{key} ({})", HumanBytes(meta.bytes)));
                bar.tick();
            })
            .await?;
        bar.finish_and_clear();
        if self.json {
            println!("{}", json!(done));
        } else {
            let id = operators.ids()[0];
            println!("encrypted {} objects of {}; {} were", done.objects, HumanBytes(done.bytes), done.already);
            if done.left.is_empty() {
                println!("every object is encrypted by key {id}; other keys can be taken away");
            }
        }
        for why in &done.left {
            eprintln!("left as it is: {why}");
        }
        Ok(if done.left.is_empty() { ExitCode::SUCCESS } else { ExitCode::from(2) })
    }
}
