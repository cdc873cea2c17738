//! `--reference FILE`: the trainer's session that a trainee's is compared with.

use super::spoken::{self, Text};
use anyhow::{Context, Result, bail};
use domain::{Span, utterance::Utterance};
use extraction::{
    Options,
    align::{self, Step},
    boundaries,
    captions::Spoken,
};
use serde::Deserialize;
use std::path::Path;

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
    let steps = match spoken::text(path).context("the reference")? {
        Text::Json(text) => {
            let given: Given = serde_json::from_str(&text).with_context(|| {
                format!("the reference {shown} is not the JSON that `trainar process --json` prints, nor a transcript")
            })?;
            let Given { procedures, utterances, duration_seconds } = given;
            match procedures {
                Some(procedures) => procedures.into_iter().map(step).collect::<Result<_>>()?,
                None => {
                    let spoken = Spoken { duration_seconds, utterances };
                    found(spoken::checked(spoken, path).context("the reference")?)
                }
            }
        }
        Text::Captions(text) => found(spoken::from_captions(&text, path).context("the reference")?),
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
fn found(spoken: Spoken) -> Vec<Step> {
    let (transcript, signals) = spoken.into_inputs();
    let options = Options::default();
    let segments = boundaries::segment(&transcript, &signals, &options, &[]);
    align::steps(&extraction::name(&segments, &transcript, &signals, &options), &transcript)
}
