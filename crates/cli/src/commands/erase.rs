//! `trainar erase …`: rows, recordings, clips and words of a session, a user or a tenant go for good, and a signed record stays.

use super::create::find_tenant;
use crate::{assemble, in_use, settings::Settings};
use anyhow::{Context, Result, bail};
use clap::{Args, Subcommand};
use comfy_table::{Table, presets::UTF8_FULL_CONDENSED};
use domain::{
    Clock, SessionId, SystemClock,
    audit::{Action, Actor, Entry},
    user::normalise_email,
};
use serde_json::json;
use std::{
    io::{self, IsTerminal, Write},
    path::PathBuf,
    process::ExitCode,
};
use storage::{Db, db::erasures::Erasure, erasure::erase_due};
use uuid::Uuid;

#[derive(Debug, Subcommand)]
pub enum Erase {
    /// Erase a session: its recording and all that was made of it
    Session {
        #[command(flatten)]
        how: How,
        /// Id of the session, as in its page's address
        session: SessionId,
    },
    /// Erase a user with seats, devices and sessions
    User {
        #[command(flatten)]
        how: How,
        /// E-mail address of the user
        email: String,
    },
    /// Erase a tenant with everything
    Tenant {
        #[command(flatten)]
        how: How,
    },
    /// List the erasures of a tenant, or print a signed record
    Records {
        /// Name or id of the tenant; the id when the tenant itself was erased
        #[arg(long)]
        tenant: String,
        /// Id of the erasure whose record is printed
        #[arg(long, value_name = "ID")]
        print: Option<Uuid>,
    },
    /// Verify a record that `trainar erase records --print` gave
    Verify {
        /// The record
        file: PathBuf,
    },
}

#[derive(Debug, Args)]
pub struct How {
    /// Name or id of the tenant
    #[arg(long)]
    tenant: String,
    /// Do not ask
    #[arg(long)]
    yes: bool,
    /// Print JSON
    #[arg(long)]
    json: bool,
}

impl Erase {
    pub async fn run(self, settings: Settings) -> Result<ExitCode> {
        let _in_use = in_use::share(&settings.data_dir)?;
        let db = assemble::db(&settings).await?;
        let now = SystemClock.now();
        let entry = Entry::new(Actor::operator(), Action::Erased);
        let (how, erased) = match &self {
            Self::Session { how, session } => {
                let tenant = find_tenant(&db, &how.tenant).await?;
                let found = db.session(tenant.id, *session).await?;
                let found = found.with_context(|| format!("tenant {} has no session {session}", tenant.name))?;
                how.sure(&format!("the session {:?}", found.name))?;
                (how, db.erase_session(tenant.id, found.id, entry, now).await?)
            }
            Self::User { how, email } => {
                let tenant = find_tenant(&db, &how.tenant).await?;
                let email = normalise_email(email);
                let found = db.users(tenant.id).await?.into_iter().find(|user| user.email == email);
                let found = found.with_context(|| format!("tenant {} has no user {email}", tenant.name))?;
                how.sure(&format!("{} with seats, devices and sessions", found.full_name))?;
                (how, db.erase_user(tenant.id, found.id, entry, now).await?)
            }
            Self::Tenant { how } => {
                let tenant = find_tenant(&db, &how.tenant).await?;
                how.sure(&format!("the tenant {} with everything that it has", tenant.name))?;
                (how, db.erase_tenant(tenant.id, now).await?)
            }
            Self::Records { tenant, print } => return records(&db, tenant, *print).await,
            Self::Verify { file } => return verify(&settings, file),
        };
        let erased = erased.context("it was erased a moment ago")?;
        erase_due(&db, &assemble::objects(&settings).await?, &assemble::signer(&settings)?, &SystemClock).await?;
        let state = db.erasure(erased.tenant_id, erased.id).await?.unwrap_or(erased);
        how.tell(&state);
        Ok(ExitCode::SUCCESS)
    }
}

impl How {
    fn sure(&self, what: &str) -> Result<()> {
        if self.yes {
            return Ok(());
        }
        if !io::stdin().is_terminal() {
            bail!("{what} would be erased for good; say so with --yes");
        }
        print!("Erase {what} for good? Type yes: ");
        io::stdout().flush()?;
        let mut answer = String::new();
        io::stdin().read_line(&mut answer)?;
        if answer.trim() != "yes" {
            bail!("nothing was erased");
        }
        Ok(())
    }

    fn tell(&self, erasure: &Erasure) {
        let rows: u64 = erasure.rows.values().sum();
        if self.json {
            return println!(
                "{}",
                json!({ "erasure_id": erasure.id, "rows": rows, "objects": erasure.objects, "bytes": erasure.bytes })
            );
        }
        println!("erased: {rows} rows, {} objects; erasure {}", erasure.objects, erasure.id);
        println!(
            "The server looks once more after 15 minutes, for bytes that were on their way, and then signs the record."
        );
    }
}

async fn records(db: &Db, tenant: &str, print: Option<Uuid>) -> Result<ExitCode> {
    let tenant = match tenant.parse() {
        Ok(id) => id,
        Err(_) => find_tenant(db, tenant).await?.id,
    };
    if let Some(id) = print {
        let erasure = db.erasure(tenant, id).await?.with_context(|| format!("there is no erasure {id}"))?;
        let (record, signature) = erasure
            .record
            .context("this erasure is not finished; the server signs it about 15 minutes after it began")?;
        println!("{}", json!({ "record": record, "signature": signature }));
        return Ok(ExitCode::SUCCESS);
    }
    let mut table = Table::new();
    table.load_preset(UTF8_FULL_CONDENSED).set_header([
        "erasure",
        "what",
        "id",
        "asked for",
        "done",
        "rows",
        "objects",
    ]);
    for erasure in db.erasures(tenant).await? {
        table.add_row([
            erasure.id.to_string(),
            erasure.scope.to_string(),
            erasure.subject_id.to_string(),
            erasure.requested_at.show_exact("UTC"),
            erasure.completed_at.map_or("not yet".into(), |at| at.show_exact("UTC")),
            erasure.rows.values().sum::<u64>().to_string(),
            erasure.objects.to_string(),
        ]);
    }
    println!("{table}");
    Ok(ExitCode::SUCCESS)
}

fn verify(settings: &Settings, file: &PathBuf) -> Result<ExitCode> {
    let text = std::fs::read_to_string(file).with_context(|| format!("cannot read {}", file.display()))?;
    let signed: serde_json::Value =
        serde_json::from_str(&text).with_context(|| format!("{} is no record", file.display()))?;
    let (Some(record), Some(signature)) = (signed["record"].as_str(), signed["signature"].as_str()) else {
        bail!("{} is no record: it has no `record` and `signature`", file.display());
    };
    let signer = assemble::signer(settings)?;
    if !signer.verify(record, signature) {
        println!("NOT signed by this installation, or changed since (public key {})", signer.public_key());
        return Ok(ExitCode::from(2));
    }
    println!("signed by this installation (Ed25519, public key {}):\n{record}", signer.public_key());
    Ok(ExitCode::SUCCESS)
}
