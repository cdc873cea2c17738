//! `trainar work`: a worker of its own.

use super::serve::{start_worker, stop_on_signal};
use crate::{assemble, settings::Settings};
use anyhow::Result;
use clap::Args;
use std::process::ExitCode;

/// Run a worker
#[derive(Debug, Args)]
pub struct Work {}

impl Work {
    pub async fn run(self, settings: Settings) -> Result<ExitCode> {
        let stop = stop_on_signal()?;
        let db = assemble::db(&settings).await?;
        let objects = assemble::objects(&settings)?;
        start_worker(&settings, db, objects, &stop)?.await??;
        Ok(ExitCode::SUCCESS)
    }
}
