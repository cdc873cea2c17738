//! `trainar session …`: what the read-only Dashboard does not do.

use super::create::find_tenant;
use crate::{assemble, settings::Settings};
use anyhow::{Result, bail};
use clap::{Args, Subcommand};
use domain::{Clock, SessionId, SystemClock};
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
        if db.session(tenant.id, which.session).await?.is_none() {
            bail!("tenant {} has no session {}", tenant.name, which.session);
        }
        match self {
            Self::ProcessAgain(which) => {
                if !db.process_again(tenant.id, which.session, SystemClock.now()).await? {
                    bail!("session {} is still in progress, or no byte of its recording arrived", which.session);
                }
                println!("session {} waits for a worker", which.session);
            }
            Self::Cancel(which) => db.cancel_processing(tenant.id, which.session, SystemClock.now()).await?,
        }
        Ok(ExitCode::SUCCESS)
    }
}
