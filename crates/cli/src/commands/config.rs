//! `trainar config`: the commented template.

use crate::settings::TEMPLATE;
use anyhow::Result;
use clap::Args;
use std::process::ExitCode;

/// Print the settings as a commented template
#[derive(Debug, Args)]
pub struct Config {}

impl Config {
    pub fn run(self) -> Result<ExitCode> {
        print!("{TEMPLATE}");
        Ok(ExitCode::SUCCESS)
    }
}
