//! `trainar session …`: what the read-only Dashboard does not do.

use super::create::{find_tenant, note};
use crate::{assemble, settings::Settings};
use anyhow::{Result, bail};
use clap::{Args, Subcommand};
use domain::{
    Clock, SessionId, SystemClock,
    audit::{Action, Actor, Entry},
};
use std::process::ExitCode;

#[derive(Debug, Subcommand)]
pub enum Session {
    /// Process a session again from the recording that is kept
    ProcessAgain(Which),
    /// Call off the processing of a session
    Cancel(Which),
}

#[derive(Debug, Args)]
pub struct Which {
    /// Name or id of the tenant
    #[arg(long)]
    tenant: String,
    /// Id of the session, as in its page's address
    session: SessionId,
}

impl Session {
    pub async fn run(self, settings: Settings) -> Result<ExitCode> {
        let db = assemble::db(&settings).await?;
        let (Self::ProcessAgain(which) | Self::Cancel(which)) = &self;
        let tenant = find_tenant(&db, &which.tenant).await?;
        let Some(session) = db.session(tenant.id, which.session).await? else {
            bail!("tenant {} has no session {}", tenant.name, which.session);
        };
        let did = |action| Entry::new(Actor::operator(), action).on("session", session.id, session.name.clone());
        match self {
            Self::ProcessAgain(which) => {
                if !db.process_again(tenant.id, which.session, SystemClock.now()).await? {
                    bail!("session {} is still in progress, or no byte of its recording arrived", which.session);
                }
                note(&db, tenant.id, did(Action::SessionProcessedAgain)).await?;
                println!("session {} waits for a worker", which.session);
            }
            Self::Cancel(which) => {
                db.cancel_processing(tenant.id, which.session, SystemClock.now()).await?;
                note(&db, tenant.id, did(Action::SessionCancelled)).await?;
            }
        }
        Ok(ExitCode::SUCCESS)
    }
}
