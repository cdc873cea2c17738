//! `trainar tenant minutes …`: the ledger of a tenant's minutes.

use super::create::find_tenant;
use crate::{assemble, settings::Settings};
use anyhow::{Result, bail};
use clap::{Args, Subcommand};
use domain::{Clock, SystemClock, audit::Actor, minutes::whole_minutes, tenant::Tenant};
use serde_json::json;
use std::{process::ExitCode, str::FromStr};
use storage::{
    Db,
    db::minutes::{By, NewPack},
};

/// More are a slip of the finger.
const MOST: i64 = 10_000_000;

#[derive(Debug, Subcommand)]
pub enum Minutes {
    /// What is left
    Show(Which),
    /// Add a pack: minutes that do not expire
    Add(Change),
    /// Give minutes, or take some away (`--minutes=-30`), with a reason
    Adjust(Change),
}

#[derive(Debug, Args)]
pub struct Which {
    /// Name or id of the tenant
    #[arg(long)]
    tenant: String,
    /// Print JSON
    #[arg(long)]
    json: bool,
}

#[derive(Debug, Args)]
pub struct Change {
    /// Whole minutes
    #[arg(long, allow_negative_numbers = true)]
    minutes: i64,
    /// Why, such as the number of an invoice; it stands in the ledger
    #[arg(long)]
    reason: String,
    #[command(flatten)]
    which: Which,
}

/// How many minutes each month brings.
#[derive(Clone, Copy, Debug)]
pub struct Included(Option<u32>);

impl FromStr for Included {
    type Err = String;
    fn from_str(text: &str) -> Result<Self, String> {
        if text == "unlimited" {
            return Ok(Self(None));
        }
        match text.parse() {
            Ok(minutes) if i64::from(minutes) <= MOST => Ok(Self(Some(minutes))),
            _ => Err(format!("give whole minutes, at most {MOST}, or `unlimited`")),
        }
    }
}

impl Included {
    pub async fn set(self, db: &Db, tenant: &Tenant) -> Result<()> {
        db.set_included_minutes(tenant.id, self.0, operator(), SystemClock.now()).await?;
        match self.0 {
            Some(minutes) => println!("each month brings {} {minutes} minutes", tenant.name),
            None => println!("the minutes of {} are not counted", tenant.name),
        }
        Ok(())
    }
}

impl Minutes {
    pub async fn run(self, settings: &Settings) -> Result<ExitCode> {
        let (Self::Show(which) | Self::Add(Change { which, .. }) | Self::Adjust(Change { which, .. })) = &self;
        let db = assemble::db(settings).await?;
        let tenant = find_tenant(&db, &which.tenant).await?;
        let now = SystemClock.now();
        match &self {
            Self::Show(_) => {}
            Self::Add(change) => {
                let reason = Some(change.reason()?);
                if change.minutes < 1 {
                    bail!("--minutes takes 1 or more; `trainar tenant minutes adjust` takes minutes away");
                }
                let pack = NewPack { seconds: change.seconds()?, reason, idempotency_key: None };
                db.add_minutes(tenant.id, pack, operator(), now).await?;
            }
            Self::Adjust(change) => {
                let seconds = change.seconds()?;
                db.adjust_minutes(tenant.id, seconds, &change.reason()?, operator(), now).await?;
            }
        }
        show(&db, &tenant, which.json).await?;
        Ok(ExitCode::SUCCESS)
    }
}

impl Change {
    fn reason(&self) -> Result<String> {
        let reason = self.reason.trim();
        if reason.is_empty() || reason.chars().count() > 500 {
            bail!("--reason must have 1 to 500 characters");
        }
        Ok(reason.to_owned())
    }

    fn seconds(&self) -> Result<i64> {
        if self.minutes == 0 || self.minutes.abs() > MOST {
            bail!("--minutes takes whole minutes, at most {MOST}, and not 0");
        }
        Ok(self.minutes * 60)
    }
}

fn operator() -> By {
    By { actor: Actor::operator(), address: None }
}

async fn show(db: &Db, tenant: &Tenant, as_json: bool) -> Result<()> {
    let balance = db.minute_balance(tenant.id, SystemClock.now()).await?;
    let minutes = balance.map(|b| [b.available(), b.pool.included, b.pool.purchased, b.reserved].map(whole_minutes));
    let name = &tenant.name;
    match (as_json, minutes) {
        (true, minutes) => {
            let [left, included, purchased, reserved] = minutes.map_or([None; 4], |all| all.map(Some));
            println!(
                "{}",
                json!({ "tenant": name, "included_minutes": tenant.included_minutes, "left": left, "included_left": included,
                    "purchased_left": purchased, "reserved": reserved })
            );
        }
        (false, Some([left, included, purchased, reserved])) => println!(
            "{name} has {left} minutes left: {included} included, {purchased} purchased, {reserved} kept for running sessions"
        ),
        (false, None) => println!("the minutes of {name} are not counted"),
    }
    Ok(())
}
