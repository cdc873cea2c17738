//! `trainar extract --captions FILE`: the procedures in a transcript alone, without picture or sound.

use super::{
    meanings::{SentenceModelArgs, meanings},
    report::{Report, ReportedProcedure},
    trainer,
};
use crate::settings::Settings;
use anyhow::{Context, Result, bail};
use clap::Args;
use domain::{
    procedure::{ProcedureDraft, ProcedureStatus},
    score::{Criterion, CriterionName, ScoreCard},
    session::{FailureReason, SessionStatus},
};
use extraction::{
    Granularity, Options, align, boundaries,
    captions::{self, Spoken},
    score, summary,
};
use std::{
    collections::BTreeMap,
    fs,
    io::Read,
    path::{Path, PathBuf},
    process::ExitCode,
    time::Instant,
};

/// Exit code for a transcript in which no procedure was found, as for a rejected recording.
const REJECTED: u8 = 2;

/// The largest transcript that is taken, in bytes.
const MAX_BYTES: u64 = 64 << 20;

/// Find the procedures in a transcript alone
#[derive(Debug, Args)]
pub struct Extract {
    /// WebVTT, SRT, or JSON with `utterances` (start, end, text) and, if known, `duration_seconds`
    #[arg(long, value_name = "FILE")]
    captions: PathBuf,
    /// coarse: whole pieces of work; fine: the steps within them
    #[arg(long, default_value = "coarse", value_parser = super::granularity)]
    granularity: Granularity,
    /// Title of the task that was worked on
    #[arg(long, value_name = "TITLE")]
    task: Option<String>,
    /// The trainer's session of the same job, to compare with: the JSON that --json prints for it, or its transcript
    #[arg(long, value_name = "FILE")]
    reference: Option<PathBuf>,
    #[command(flatten)]
    sentence_model: SentenceModelArgs,
    /// Print one JSON object on the standard output and nothing else there
    #[arg(long)]
    json: bool,
}

impl Extract {
    pub fn run(self, settings: &Settings) -> Result<ExitCode> {
        let model = self.sentence_model.load(settings)?;
        let reference = self.reference.as_deref().map(trainer::read_steps).transpose()?;
        let begun = Instant::now();
        let (transcript, signals) = read(&self.captions)?.into_inputs();
        let options =
            Options { granularity: self.granularity, task_title: self.task.clone(), session_name: String::new() };
        let meanings = meanings(model.as_ref(), &transcript.utterances);
        let embedded = begun.elapsed().as_secs_f64();
        let segments = boundaries::segment(&transcript, &signals, &options, &meanings);
        let drafts = extraction::name(&segments, &transcript, &signals, &options);
        let found = drafts.iter().any(|d| d.status == ProcedureStatus::Approved);
        let alignment = reference.map(|steps| align::align(&steps, &drafts, &transcript));
        let card = found.then(|| {
            without_picture(score::score_against(&drafts, &transcript, &signals, &options, alignment.as_ref()))
        });
        let summary = card
            .as_ref()
            .and_then(|c| summary::summarise_against(&drafts, &transcript, c, &signals, &options, alignment.as_ref()));
        let report = Report {
            status: if found { SessionStatus::Completed } else { SessionStatus::Failed },
            failure_reason: (!found).then_some(FailureReason::NoProcedures),
            failure_detail: None,
            duration_seconds: Some(signals.duration_seconds),
            score: card.as_ref().and_then(|c| c.score),
            criteria: card.map(|c| c.criteria).unwrap_or_default(),
            summary,
            procedures: drafts.into_iter().filter(|d| d.status == ProcedureStatus::Approved).map(reported).collect(),
            language: None,
            recording: None,
            poster: None,
            warnings: Vec::new(),
            findings: Vec::new(),
            timings: timings(model.is_some().then_some(embedded), begun.elapsed().as_secs_f64()),
            cpu_seconds: BTreeMap::new(),
            alignment: alignment.map(|a| a.steps),
        };
        report.print(self.json)?;
        Ok(if found { ExitCode::SUCCESS } else { ExitCode::from(REJECTED) })
    }
}

/// Seconds; the sentence embeddings apart from all that follows.
fn timings(embedded: Option<f64>, all: f64) -> BTreeMap<String, f64> {
    let embed = embedded.map(|seconds| ("embed".into(), seconds));
    embed.into_iter().chain([("extract".into(), all - embedded.unwrap_or(0.0))]).collect()
}

/// Nobody looked, which says nothing about what could be seen.
fn without_picture(card: ScoreCard) -> ScoreCard {
    let unseen = |mut criterion: Criterion| {
        if criterion.name == CriterionName::Visibility {
            criterion.score = None;
            criterion.sentence = "There is only a transcript, so visibility is not judged.".into();
        }
        criterion
    };
    let criteria = card.criteria.into_iter().map(unseen).collect();
    ScoreCard::from_criteria(criteria, &card.scorer, &card.rubric_version)
}

/// Reads WebVTT, SRT or JSON, told apart by what the file holds.
fn read(path: &Path) -> Result<Spoken> {
    let shown = path.display();
    let opened = fs::File::open(path).with_context(|| format!("cannot read {shown}"))?;
    let mut bytes = Vec::new();
    opened.take(MAX_BYTES + 1).read_to_end(&mut bytes).with_context(|| format!("cannot read {shown}"))?;
    if bytes.len() as u64 > MAX_BYTES {
        bail!("{shown} holds more than {} MiB: that is no transcript", MAX_BYTES >> 20);
    }
    let text = captions::decode(&bytes).with_context(|| format!("cannot read {shown}"))?;
    if text.trim().is_empty() {
        bail!("{shown} is empty: give WebVTT, SRT, or JSON with `utterances`");
    }
    let is_json =
        path.extension().is_some_and(|e| e.eq_ignore_ascii_case("json")) || text.trim_start().starts_with('{');
    let spoken = match is_json {
        true => serde_json::from_str(&text)
            .with_context(|| format!("{shown} is no JSON with `utterances` (start and end in seconds, text)"))?,
        false => Spoken {
            duration_seconds: None,
            utterances: captions::parse(&text).with_context(|| format!("cannot use {shown}"))?,
        },
    };
    spoken.checked().with_context(|| format!("cannot use {shown}"))
}

fn reported(draft: ProcedureDraft) -> ReportedProcedure {
    ReportedProcedure {
        procedure_name: draft.procedure_name,
        description: draft.description,
        start_seconds: draft.start_seconds,
        end_seconds: draft.end_seconds,
        video: None,
        thumbnail: None,
    }
}
