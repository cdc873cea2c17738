//! `trainar export` and `trainar import`: a tenant leaves an installation, or comes into one.

use super::create::{find_tenant, report};
use crate::{assemble, settings::Settings};
use anyhow::{Context, Result, bail};
use clap::{Args, Subcommand};
use domain::{
    Clock, SystemClock, Timestamp,
    audit::{Action, Actor, Entry},
    user::normalise_email,
};
use indicatif::HumanBytes;
use pipeline::engine::Workspace;
use serde_json::json;
use std::{
    fs::{self, File},
    path::{Path, PathBuf},
    process::ExitCode,
};
use storage::export::{self, Package};

#[derive(Debug, Subcommand)]
pub enum Export {
    /// Export everything of a tenant
    ///
    /// Exit code 0: exported; 2: exported, but the installation has lost objects that the tenant's rows speak of; 1: an error.
    Tenant(ExportTenant),
    /// Export all data of a person, to be read in a browser
    Person(ExportPerson),
}

#[derive(Debug, Args)]
pub struct ExportPerson {
    /// Name or id of the tenant
    #[arg(long)]
    tenant: String,
    /// E-mail address of the person
    email: String,
    /// The ZIP to write, which must not exist yet; or a folder to write it into
    #[arg(long, value_name = "FILE.zip|FOLDER")]
    to: PathBuf,
    /// Print JSON
    #[arg(long)]
    json: bool,
}

#[derive(Debug, Args)]
pub struct ExportTenant {
    /// Name or id of the tenant
    #[arg(long)]
    tenant: String,
    /// The ZIP to write, which must not exist yet; or a folder to write it into
    #[arg(long, value_name = "FILE.zip|FOLDER")]
    to: PathBuf,
    /// Print JSON
    #[arg(long)]
    json: bool,
}

/// Import a tenant
#[derive(Debug, Args)]
pub struct Import {
    /// A ZIP that `trainar export tenant` wrote
    file: PathBuf,
    /// Only read it and compare every hash
    #[arg(long)]
    check: bool,
    /// Print JSON
    #[arg(long)]
    json: bool,
}

impl Export {
    pub async fn run(self, settings: Settings) -> Result<ExitCode> {
        match self {
            Self::Tenant(args) => args.run(&settings).await,
            Self::Person(args) => args.run(&settings).await,
        }
    }
}

impl ExportTenant {
    async fn run(self, settings: &Settings) -> Result<ExitCode> {
        let db = assemble::db(settings).await?;
        let objects = assemble::objects(settings).await?;
        let tenant = find_tenant(&db, &self.tenant).await?;
        let now = SystemClock.now();
        let place = place(&self.to, &tenant.name, now);
        let work = workspace(settings)?;
        let program = env!("CARGO_PKG_VERSION");
        let done = export::export_tenant(&db, &objects, &tenant, &place, work.path(), program, now).await?;
        let entry = Entry::new(Actor::operator(), Action::TenantExported).on("tenant", tenant.id, &tenant.name);
        db.audit(tenant.id, &entry, SystemClock.now()).await?;
        if self.json {
            let mut value = json!(done);
            value["file"] = place.display().to_string().into();
            println!("{value}");
        } else {
            println!("{}: {} rows, {} objects of {}", place.display(), done.rows, done.objects, HumanBytes(done.bytes));
        }
        Ok(lost(&done.missing))
    }
}

/// Says which objects the installation has lost.
fn lost(missing: &[String]) -> ExitCode {
    for key in missing {
        eprintln!("lost in this installation: {key}");
    }
    if missing.is_empty() { ExitCode::SUCCESS } else { ExitCode::from(2) }
}

impl ExportPerson {
    async fn run(self, settings: &Settings) -> Result<ExitCode> {
        let db = assemble::db(settings).await?;
        let objects = assemble::objects(settings).await?;
        let tenant = find_tenant(&db, &self.tenant).await?;
        let email = normalise_email(&self.email);
        let user = db.users(tenant.id).await?.into_iter().find(|user| user.email == email);
        let user = user.with_context(|| format!("tenant {} has no user {email}", tenant.name))?;
        let now = SystemClock.now();
        let place = place(&self.to, &user.full_name, now);
        let work = workspace(settings)?;
        let entry = Entry::new(Actor::operator(), Action::PersonExported).on_user(&user);
        let done = export::export_person(&db, &objects, &tenant, &user, &place, work.path(), now).await?;
        db.audit(tenant.id, &entry, SystemClock.now()).await?;
        let mut value = json!(done);
        value["file"] = place.display().to_string().into();
        report(
            self.json,
            value,
            &format!(
                "{}: {} rows, {} sessions, {} files; {}",
                place.display(),
                done.rows,
                done.sessions,
                done.files,
                HumanBytes(done.file_bytes)
            ),
        );
        Ok(lost(&done.missing))
    }
}

impl Import {
    pub async fn run(self, settings: Settings) -> Result<ExitCode> {
        let file = self.file.clone();
        let package = tokio::task::spawn_blocking(move || Package::open(&file)).await??;
        if self.check {
            let (id, name) = package.tenant();
            let (rows, objects, bytes) = package.counts();
            let told =
                json!({ "tenant_id": id, "tenant_name": name, "rows": rows, "objects": objects, "bytes": bytes });
            tokio::task::spawn_blocking(move || package.check()).await??;
            self.tell("every byte is as it was written", &told);
            return Ok(ExitCode::SUCCESS);
        }
        let db = assemble::db(&settings).await?;
        let objects = assemble::objects(&settings).await?;
        let _turn = turn(&settings)?;
        let work = workspace(&settings)?;
        let imported = export::import(package, &db, &objects, work.path(), SystemClock.now()).await?;
        self.tell("imported", &json!(imported));
        if !self.json {
            println!(
                "Nobody has a password here yet: `trainar user link --tenant {:?} EMAIL` makes a link for an administrator, who \
                 makes the others'. Webhooks wait for a new secret.",
                imported.tenant_name
            );
        }
        Ok(ExitCode::SUCCESS)
    }

    fn tell(&self, what: &str, found: &serde_json::Value) {
        if self.json {
            return println!("{found}");
        }
        println!(
            "{}: {what}: {} rows, {} objects of {}",
            found["tenant_name"].as_str().unwrap_or_default(),
            found["rows"],
            found["objects"],
            HumanBytes(found["bytes"].as_u64().unwrap_or_default())
        );
    }
}

/// In a folder the ZIP is named by whose it is and when it was written.
fn place(to: &Path, name: &str, now: Timestamp) -> PathBuf {
    if !to.is_dir() {
        return to.to_owned();
    }
    let plain: String =
        name.chars().map(|c| if c.is_ascii_alphanumeric() { c.to_ascii_lowercase() } else { '-' }).collect();
    to.join(format!("{}-{}.zip", plain.trim_matches('-'), now.compact()))
}

fn workspace(settings: &Settings) -> Result<Workspace> {
    let root = settings.data_dir.join("work");
    Workspace::create(&root).with_context(|| format!("cannot use the working folder {}", root.display()))
}

/// One import at a time, as long as the file is open.
fn turn(settings: &Settings) -> Result<File> {
    let folder = &settings.data_dir;
    fs::create_dir_all(folder).with_context(|| format!("cannot create the data folder {}", folder.display()))?;
    let path = folder.join("importing.lock");
    let file = File::create(&path).with_context(|| format!("cannot write {}", path.display()))?;
    if file.try_lock().is_err() {
        bail!("another import is running here; wait until it has ended");
    }
    Ok(file)
}
