//! `trainar operator …`: whoever runs the installation looks at the data of a tenant, for a reason and for a time.

use super::create::{find_tenant, report};
use crate::{assemble, settings::Settings};
use anyhow::{Result, bail};
use clap::{Args, Subcommand};
use domain::{
    Clock, SystemClock,
    audit::{Action, Actor, Entry},
    operator::{LONGEST_REASON, OperatorAccess},
};
use serde_json::{Value, json};
use std::process::ExitCode;
use storage::{Db, db::operator::NewAccess};
use uuid::Uuid;

#[derive(Debug, Subcommand)]
pub enum Operator {
    /// Look at the data of a tenant in the Dashboard: prints a link that is good once
    ///
    /// Looking only. The reason, every page and video that is opened, begin and end stand in the tenant's audit log; its
    /// administrators see a banner, and can end it.
    Access(Access),
    /// List accesses, the newest first
    List(List),
    /// End an access at once
    End(End),
}

#[derive(Debug, Args)]
pub struct Access {
    /// Name or id of the tenant
    #[arg(long)]
    tenant: String,
    /// Why, such as the number of a case; the tenant reads it
    #[arg(long)]
    reason: String,
    /// Minutes from now after which it is over
    #[arg(long, default_value_t = 60, value_parser = clap::value_parser!(u32).range(1..=1440))]
    minutes: u32,
    /// Print JSON
    #[arg(long)]
    json: bool,
}

#[derive(Debug, Args)]
pub struct List {
    /// Name or id of the tenant; all when left out
    #[arg(long)]
    tenant: Option<String>,
    /// Print JSON
    #[arg(long)]
    json: bool,
}

#[derive(Debug, Args)]
pub struct End {
    /// Id of the access, as `trainar operator list` shows it
    id: Uuid,
}

impl Operator {
    pub async fn run(self, settings: Settings) -> Result<ExitCode> {
        let db = assemble::db(&settings).await?;
        match self {
            Self::Access(args) => args.run(&db, &settings).await,
            Self::List(args) => args.run(&db).await,
            Self::End(args) => args.run(&db).await,
        }?;
        Ok(ExitCode::SUCCESS)
    }
}

impl Access {
    async fn run(self, db: &Db, settings: &Settings) -> Result<()> {
        let reason = self.reason.trim().to_owned();
        if reason.is_empty() || reason.chars().count() > LONGEST_REASON {
            bail!("--reason must have 1 to {LONGEST_REASON} characters: the tenant reads it");
        }
        let tenant = find_tenant(db, &self.tenant).await?;
        let now = SystemClock.now();
        let (token, token_hash) = web::new_operator_token();
        let until = now.plus_seconds(f64::from(self.minutes) * 60.0);
        let access = db.grant_operator_access(tenant.id, NewAccess { reason, token_hash, until }, now).await?;
        let link = format!("{}/operator?token={token}", settings.server.origin());
        let value = json!({ "access_id": access.id, "link": link, "until": access.until });
        let text = format!(
            "access {} to {}, until {}\n{link}\nIt is good once. What you open stands in the audit log of {}.",
            access.id, tenant.name, access.until, tenant.name
        );
        report(self.json, value, &text);
        Ok(())
    }
}

impl List {
    async fn run(self, db: &Db) -> Result<()> {
        let only = match &self.tenant {
            Some(wanted) => Some(find_tenant(db, wanted).await?.id),
            None => None,
        };
        let now = SystemClock.now();
        let all =
            db.operator_accesses().await?.into_iter().filter(|access| only.is_none_or(|id| id == access.tenant_id));
        let mut shown = Vec::new();
        for access in all {
            let tenant = db.tenant(access.tenant_id).await?.map(|tenant| tenant.name).unwrap_or_default();
            let state = state(&access, now);
            if !self.json {
                println!("{} {state:<11} until {}  {tenant}: {}", access.id, access.until, access.reason);
            }
            shown.push(json!({ "access_id": access.id, "tenant": tenant, "reason": access.reason, "state": state,
                "created_at": access.created_at, "begun_at": access.begun_at, "until": access.until, "ended_at": access.ended_at }));
        }
        if self.json {
            println!("{}", Value::from(shown));
        } else if shown.is_empty() {
            println!("there is no access");
        }
        Ok(())
    }
}

impl End {
    async fn run(self, db: &Db) -> Result<()> {
        let Some(access) = db.operator_accesses().await?.into_iter().find(|access| access.id == self.id) else {
            bail!("there is no access {}; `trainar operator list` shows all", self.id);
        };
        let by = Entry::new(Actor::operator(), Action::OperatorAccessEnded);
        if !db.end_operator_access(access.tenant_id, access.id, by, SystemClock.now()).await? {
            bail!("access {} is over already", self.id);
        }
        println!("access {} is ended", self.id);
        Ok(())
    }
}

fn state(access: &OperatorAccess, now: domain::Timestamp) -> &'static str {
    match (access.is_open(now), access.begun_at) {
        (true, Some(_)) => "in use",
        (true, None) => "not begun",
        (false, Some(_)) => "over",
        (false, None) => "never used",
    }
}
