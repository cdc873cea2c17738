//! `trainar recognise`: the child in which whisper.cpp runs, because a broken model file aborts its process.

use anyhow::Result;
use clap::Args;
use std::{ffi::OsString, process::ExitCode};

/// The child in which whisper.cpp runs
#[derive(Debug, Args)]
#[command(disable_help_flag = true)]
pub struct Recognise {
    #[arg(trailing_var_arg = true, allow_hyphen_values = true)]
    arguments: Vec<OsString>,
}

impl Recognise {
    pub fn run(self) -> Result<ExitCode> {
        Ok(inference::speech::whisper::child_main(self.arguments))
    }
}
