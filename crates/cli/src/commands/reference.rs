//! `trainar reference DIR`: writes what docs/reference holds, so that it can't differ from the program.

use super::Cli;
use crate::settings::TEMPLATE;
use anyhow::{Context, Result};
use clap::Args;
use std::{fs, path::PathBuf, process::ExitCode};

/// Write docs/reference
#[derive(Debug, Args)]
pub struct Reference {
    /// Folder to write to
    dir: PathBuf,
}

impl Reference {
    pub fn run(self) -> Result<ExitCode> {
        fs::create_dir_all(&self.dir)?;
        let files = [
            ("config.toml", TEMPLATE.to_owned()),
            ("command-line.md", clap_markdown::help_markdown::<Cli>()),
            ("openapi.json", web::openapi()),
        ];
        for (name, text) in files {
            let path = self.dir.join(name);
            fs::write(&path, format!("{}\n", text.trim_end()))
                .with_context(|| format!("cannot write {}", path.display()))?;
        }
        Ok(ExitCode::SUCCESS)
    }
}
