//! `trainar work`: a worker of its own.

use super::serve::{start_worker, stop_on_signal};
use crate::{assemble, in_use, settings::Settings};
use anyhow::Result;
use clap::Args;
use std::process::ExitCode;

/// Run a worker
#[derive(Debug, Args)]
pub struct Work {}

impl Work {
    pub async fn run(self, settings: Settings) -> Result<ExitCode> {
        let stop = stop_on_signal()?;
        let _in_use = in_use::share(&settings.data_dir)?;
        let objects = assemble::objects(&settings).await?;
        let db = assemble::db(&settings).await?;
        start_worker(&settings, db, objects, &stop)?.await??;
        Ok(ExitCode::SUCCESS)
    }
}
