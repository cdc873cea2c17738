//! `--reference FILE`: the trainer's session that a trainee's is compared with.

use super::process::read_captions;
use anyhow::{Context, Result, bail};
use domain::{
    Span,
    signals::Signals,
    utterance::{Transcript, TranscriptSource, Utterance},
};
use extraction::{
    Options,
    align::{self, Step},
    boundaries, captions,
};
use serde::Deserialize;
use std::{fs, path::Path};

/// What the file may hold: the report of a command, or what was said.
#[derive(Deserialize)]
struct Given {
    procedures: Option<Vec<GivenProcedure>>,
    #[serde(default)]
    utterances: Vec<Utterance>,
    duration_seconds: Option<f64>,
}

#[derive(Deserialize)]
struct GivenProcedure {
    procedure_name: String,
    #[serde(default)]
    description: String,
    start_seconds: f64,
    end_seconds: f64,
}

/// The trainer's steps from the JSON that `--json` prints, or from a transcript (WebVTT, SRT, or JSON with utterances).
pub fn read_steps(path: &Path) -> Result<Vec<Step>> {
    let shown = path.display();
    let steps = if path.extension().is_some_and(|e| e.eq_ignore_ascii_case("json")) {
        let bytes = fs::read(path).with_context(|| format!("cannot read the reference {shown}"))?;
        let given: Given = serde_json::from_slice(&bytes).with_context(|| {
            format!("the reference {shown} is not the JSON that `trainar process --json` prints, nor a transcript")
        })?;
        match given.procedures {
            Some(procedures) => procedures.into_iter().map(step).collect::<Result<_>>()?,
            None => found(given.utterances, given.duration_seconds),
        }
    } else {
        found(captions::parse(&read_captions(path)?)?, None)
    };
    if steps.is_empty() {
        bail!(
            "the reference {shown} holds no procedure: process the trainer's recording with --json and give what it prints"
        );
    }
    Ok(steps)
}

fn step(given: GivenProcedure) -> Result<Step> {
    let GivenProcedure { procedure_name, description, start_seconds, end_seconds } = given;
    if !(0.0 <= start_seconds && start_seconds <= end_seconds && end_seconds.is_finite()) {
        bail!("the reference's procedure “{procedure_name}” ends before it starts");
    }
    Ok(Step { procedure_name, description, said: String::new(), span: Span::new(start_seconds, end_seconds) })
}

/// The procedures in a transcript alone.
fn found(utterances: Vec<Utterance>, duration: Option<f64>) -> Vec<Step> {
    let end = utterances.iter().map(|u| u.end).fold(0.0, f64::max);
    let transcript = Transcript { source: TranscriptSource::Captions, utterances, voiced: Vec::new() };
    let signals = Signals { duration_seconds: duration.unwrap_or(end).max(end), sound: None, picture: None };
    let options = Options::default();
    let segments = boundaries::segment(&transcript, &signals, &options, &[]);
    align::steps(&extraction::name(&segments, &transcript, &signals, &options), &transcript)
}
