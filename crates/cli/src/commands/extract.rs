//! `trainar extract --captions FILE`: the procedures in a transcript alone, without picture or sound.

use super::{
    process::read_captions,
    report::{Report, ReportedProcedure},
    trainer,
};
use anyhow::{Context, Result};
use clap::Args;
use domain::{
    procedure::{ProcedureDraft, ProcedureStatus},
    score::{Criterion, CriterionName, ScoreCard},
    session::{FailureReason, SessionStatus},
    signals::Signals,
    utterance::{Transcript, TranscriptSource, Utterance},
};
use extraction::{Granularity, Options, align, boundaries, captions, score, summary};
use serde::Deserialize;
use std::{
    collections::BTreeMap,
    fs,
    path::{Path, PathBuf},
    process::ExitCode,
    time::Instant,
};

/// Exit code for a transcript in which no procedure was found, as for a rejected recording.
const REJECTED: u8 = 2;

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
    /// Print one JSON object on the standard output and nothing else there
    #[arg(long)]
    json: bool,
}

#[derive(Deserialize)]
struct Spoken {
    duration_seconds: Option<f64>,
    utterances: Vec<Utterance>,
}

impl Extract {
    pub fn run(self) -> Result<ExitCode> {
        let reference = self.reference.as_deref().map(trainer::read_steps).transpose()?;
        let (utterances, duration) = read(&self.captions)?;
        let begun = Instant::now();
        let end = utterances.iter().map(|u| u.end).fold(0.0, f64::max);
        let transcript = Transcript { source: TranscriptSource::Captions, utterances, voiced: Vec::new() };
        // Nobody looked and nobody listened: only the words count.
        let signals = Signals { duration_seconds: duration.unwrap_or(end).max(end), sound: None, picture: None };
        let options =
            Options { granularity: self.granularity, task_title: self.task.clone(), session_name: String::new() };
        let segments = boundaries::segment(&transcript, &signals, &options);
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
            recording: None,
            poster: None,
            warnings: Vec::new(),
            findings: Vec::new(),
            timings: BTreeMap::from([("extract".into(), begun.elapsed().as_secs_f64())]),
            cpu_seconds: BTreeMap::new(),
            alignment: alignment.map(|a| a.steps),
        };
        report.print(self.json)?;
        Ok(if found { ExitCode::SUCCESS } else { ExitCode::from(REJECTED) })
    }
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

fn read(path: &Path) -> Result<(Vec<Utterance>, Option<f64>)> {
    if path.extension().is_none_or(|e| !e.eq_ignore_ascii_case("json")) {
        return Ok((captions::parse(&read_captions(path)?)?, None));
    }
    let bytes = fs::read(path).with_context(|| format!("cannot read {}", path.display()))?;
    let spoken: Spoken = serde_json::from_slice(&bytes)
        .with_context(|| format!("{} is no JSON with utterances (start, end, text)", path.display()))?;
    Ok((spoken.utterances, spoken.duration_seconds))
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
