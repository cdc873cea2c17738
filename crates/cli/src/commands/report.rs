//! What a command says of one recording: a table for people, one JSON object for programs.

use anyhow::Result;
use comfy_table::{ContentArrangement, Table, presets::UTF8_FULL_CONDENSED};
use domain::{
    language::LanguageUse,
    score::Criterion,
    session::{FailureReason, SessionStatus},
    time::show_duration,
};
use extraction::align::AlignedStep;
use extraction::quality::Finding;
use serde::Serialize;
use std::{
    collections::BTreeMap,
    io::Write,
    path::{Path, PathBuf},
};

/// Width of a table in characters where there is no terminal to ask, or none that could hold it.
const PLAIN_WIDTH: u16 = 110;
/// Below this a table is not readable.
const NARROW_WIDTH: u16 = 60;

/// What `--json` prints.
#[derive(Debug, Serialize)]
pub struct Report {
    pub status: SessionStatus,
    pub failure_reason: Option<FailureReason>,
    pub failure_detail: Option<String>,
    pub duration_seconds: Option<f64>,
    pub score: Option<u8>,
    pub criteria: Vec<Criterion>,
    pub summary: Option<String>,
    pub procedures: Vec<ReportedProcedure>,
    /// Left out where no language model was asked.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub language: Option<LanguageUse>,
    pub recording: Option<PathBuf>,
    pub poster: Option<PathBuf>,
    pub warnings: Vec<String>,
    /// What is wrong with sound and picture, and when.
    pub findings: Vec<Finding>,
    pub timings: BTreeMap<String, f64>,
    pub cpu_seconds: BTreeMap<String, f64>,
    /// Beside the trainer's steps; only where a reference was given.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub alignment: Option<Vec<AlignedStep>>,
}

#[derive(Debug, Serialize)]
pub struct ReportedProcedure {
    pub procedure_name: String,
    pub description: String,
    pub start_seconds: f64,
    pub end_seconds: f64,
    pub video: Option<PathBuf>,
    pub thumbnail: Option<PathBuf>,
}

impl Report {
    /// Prints one JSON object and nothing else, or what a person reads.
    pub fn print(&self, json: bool) -> Result<()> {
        let mut out = std::io::stdout().lock();
        if json {
            writeln!(out, "{}", serde_json::to_string_pretty(self)?)?;
            return Ok(());
        }
        writeln!(out, "{} ({})", self.status.label(), show_duration(self.duration_seconds))?;
        if let Some(reason) = self.failure_reason {
            writeln!(out, "{}", self.failure_detail.as_deref().unwrap_or(reason.sentence()))?;
        }
        // A failed session has said its findings.
        let findings = self.findings.iter().filter(|_| self.failure_reason.is_none()).map(|f| &f.sentence);
        for warning in self.warnings.iter().chain(findings) {
            writeln!(out, "note: {warning}")?;
        }
        if !self.procedures.is_empty() {
            writeln!(out, "{}", table(&self.procedures))?;
        }
        if let Some(score) = self.score {
            writeln!(out, "Score {score}")?;
        }
        for criterion in &self.criteria {
            let score = criterion.score.map_or("—".into(), |s| format!("{s:.0}"));
            writeln!(out, "  {:<13} {score:>3}  {}", criterion.name.to_string(), criterion.sentence)?;
        }
        if let Some(summary) = &self.summary {
            writeln!(out, "\n{summary}")?;
        }
        Ok(())
    }
}

fn table(procedures: &[ReportedProcedure]) -> Table {
    let mut table = Table::new();
    table.load_preset(UTF8_FULL_CONDENSED).set_content_arrangement(ContentArrangement::Dynamic);
    if table.width().is_none_or(|width| width < NARROW_WIDTH) {
        table.set_width(PLAIN_WIDTH);
    }
    table.set_header(["#", "From", "To", "Procedure", "Clip"]);
    let clock = |s: f64| format!("{}:{:02}", s as u64 / 60, s as u64 % 60);
    for (i, p) in procedures.iter().enumerate() {
        let clip =
            p.video.as_deref().and_then(Path::file_name).map_or("—".into(), |n| n.to_string_lossy().into_owned());
        let text = if p.description.is_empty() {
            p.procedure_name.clone()
        } else {
            format!("{}\n{}", p.procedure_name, p.description)
        };
        table.add_row([(i + 1).to_string(), clock(p.start_seconds), clock(p.end_seconds), text, clip]);
    }
    table
}
