//! `trainar extract --captions FILE`: the procedures in a transcript alone, without picture or sound.

use super::{
    meanings::{SentenceModelArgs, meanings},
    report::{Report, ReportedProcedure},
    spoken, trainer,
};
use crate::{assemble, settings::Settings};
use anyhow::{Context, Result};
use clap::Args;
use domain::{
    language::LanguageUse,
    procedure::{ProcedureDraft, ProcedureStatus},
    score::{Criterion, CriterionName, ScoreCard},
    session::{FailureReason, SessionStatus},
};
use extraction::{Granularity, Options, align, boundaries, quality, score, summary};
use inference::language::{Language, Usage};
use pipeline::steps::{
    language::{Pictures, refine},
    name::Named,
};
use std::{collections::BTreeMap, path::PathBuf, process::ExitCode, time::Instant};

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
    #[command(flatten)]
    sentence_model: SentenceModelArgs,
    /// Ask the language model of the settings, too: what is said goes to its endpoint. Without this nothing leaves the
    /// machine
    #[arg(long)]
    language_model: bool,
    /// Print one JSON object on the standard output and nothing else there
    #[arg(long)]
    json: bool,
}

impl Extract {
    pub async fn run(self, settings: &Settings) -> Result<ExitCode> {
        let model = self.sentence_model.load(settings)?;
        let language = self.language_model.then(|| wanted(settings)).transpose()?;
        let reference = self.reference.as_deref().map(trainer::read_steps).transpose()?;
        let begun = Instant::now();
        let spoken = spoken::read(&self.captions)?;
        let mut warnings: Vec<String> = spoken.outlasted().into_iter().collect();
        let (transcript, signals) = spoken.into_inputs();
        let options =
            Options { granularity: self.granularity, task_title: self.task.clone(), session_name: String::new() };
        let meanings = meanings(model.as_ref(), &transcript.utterances);
        let mut timings = Timings::default();
        if model.is_some() {
            timings.add("embed", begun);
        }
        let segments = boundaries::segment(&transcript, &signals, &options, &meanings);
        let drafts = extraction::name(&segments, &transcript, &signals, &options);
        let found = is_found(&drafts);
        let mut named = Named { drafts, language: None };
        let mut usage = Usage::default();
        if let Some(language) = language.as_ref().filter(|_| found) {
            let asked = Instant::now();
            let known = (&transcript, &signals, &options);
            named = refine(language, Pictures::new(), (&segments, named.drafts), known, &mut usage).await;
            timings.add("ask", asked);
        }
        let Named { drafts, language: consulted } = named;
        let alignment = reference.map(|steps| align::align(&steps, &drafts, &transcript));
        let card = found.then(|| {
            let card = score::score_against(&drafts, &transcript, &signals, &options, alignment.as_ref());
            let card = without_picture(card);
            consulted.iter().fold(card, |card, language| language.judge(card, &transcript, &signals))
        });
        let built_in = card
            .as_ref()
            .and_then(|c| summary::summarise_against(&drafts, &transcript, c, &signals, &options, alignment.as_ref()));
        let told = consulted.as_ref().and_then(|language| language.summary.clone());
        let summary: Vec<String> = told.into_iter().chain(built_in).collect();
        let note = card.as_ref().zip(consulted.as_ref()).and_then(|(card, language)| language.note(card));
        warnings.extend(note.clone());
        timings.rest("extract", begun);
        let report = Report {
            status: if found { SessionStatus::Completed } else { SessionStatus::Failed },
            failure_reason: (!found).then_some(FailureReason::NoProcedures),
            failure_detail: (!found).then(|| quality::why_nothing_said(&drafts, &transcript)),
            duration_seconds: Some(signals.duration_seconds),
            score: card.as_ref().and_then(|c| c.score),
            criteria: card.map(|c| c.criteria).unwrap_or_default(),
            summary: (!summary.is_empty()).then(|| summary.join(" ")),
            procedures: drafts.into_iter().filter(|d| d.status == ProcedureStatus::Approved).map(reported).collect(),
            language: language.filter(|_| usage.requests > 0).map(|language| used(&language, &usage, note)),
            recording: None,
            poster: None,
            warnings,
            findings: Vec::new(),
            timings: timings.0,
            cpu_seconds: BTreeMap::new(),
            alignment: alignment.map(|a| a.steps),
        };
        report.print(self.json)?;
        Ok(if found { ExitCode::SUCCESS } else { ExitCode::from(REJECTED) })
    }
}

/// The language model of the settings, for who asks for it by name.
fn wanted(settings: &Settings) -> Result<Language> {
    assemble::language(settings)?.context(
        "--language-model asks the language model of the settings, and there is none: set language.endpoint and \
         language.model",
    )
}

fn used(language: &Language, usage: &Usage, note: Option<String>) -> LanguageUse {
    LanguageUse {
        model: language.settings().model.clone(),
        requests: usage.requests,
        input_tokens: usage.input_tokens,
        output_tokens: usage.output_tokens,
        cost: language.cost(usage),
        note,
    }
}

fn is_found(drafts: &[ProcedureDraft]) -> bool {
    drafts.iter().any(|d| d.status == ProcedureStatus::Approved)
}

/// Seconds by what was done in them.
#[derive(Default)]
struct Timings(BTreeMap<String, f64>);

impl Timings {
    fn add(&mut self, what: &str, since: Instant) {
        self.0.insert(what.into(), since.elapsed().as_secs_f64());
    }

    /// All since then that was not something else.
    fn rest(&mut self, what: &str, since: Instant) {
        let others: f64 = self.0.values().sum();
        self.0.insert(what.into(), (since.elapsed().as_secs_f64() - others).max(0.0));
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
