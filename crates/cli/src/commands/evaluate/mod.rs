//! `trainar evaluate DIR`: how near the built-in extraction, or a baseline, comes to segments that people marked.

mod data_set;
mod table;

use super::meanings::{SentenceModelArgs, cosine, meanings};
use crate::settings::Settings;
use anyhow::{Result, bail};
use clap::Args;
use data_set::{Entry, Layout};
use extraction::{
    Granularity,
    baselines::Baseline,
    boundaries,
    evaluate::{Evaluation, Measures, Method, Similarity, TitleMeasures, WORDS_PER_SECOND, evaluate},
};
use inference::embedding::Embedder;
use serde::Serialize;
use std::{io::Write, path::PathBuf, process::ExitCode};

/// Measure the built-in extraction on a data set
#[derive(Debug, Args)]
pub struct Evaluate {
    /// Folder of recordings, a JSON file each (`duration_seconds`, `utterances`, and segments marked as `coarse` and
    /// `fine`), or of QMSum's meetings in one file; `.json` or `.json.gz`
    dir: PathBuf,
    /// Which of the marked segments to compare with
    #[arg(long, default_value = "coarse", value_parser = super::granularity)]
    granularity: Granularity,
    /// Let a method of the literature find the segments: equal (parts of 150 s), texttiling, c99, tfidf
    #[arg(long, value_name = "METHOD", value_parser = baseline, conflicts_with = "given_segments")]
    baseline: Option<Baseline>,
    /// Make titles for the marked segments, so that the titles alone are measured
    #[arg(long)]
    given_segments: bool,
    /// Take the first recordings only
    #[arg(long, value_name = "N")]
    limit: Option<usize>,
    #[command(flatten)]
    sentence_model: SentenceModelArgs,
    /// Print one JSON object on the standard output and nothing else there
    #[arg(long)]
    json: bool,
}

/// What `--json` prints.
#[derive(Debug, Serialize)]
struct Report {
    data_set: PathBuf,
    granularity: Granularity,
    method: String,
    /// What the figures stand on.
    notes: Vec<String>,
    recordings: Vec<Measured>,
    mean: Mean,
    failed: Vec<Failed>,
}

#[derive(Debug, Serialize)]
struct Measured {
    name: String,
    #[serde(flatten)]
    evaluation: Evaluation,
}

#[derive(Debug, Serialize)]
struct Mean {
    segments: Measures,
    titles: TitleMeasures,
}

/// A recording on which nothing could be measured.
#[derive(Debug, Serialize)]
struct Failed {
    source: String,
    error: String,
}

impl Evaluate {
    pub fn run(self, settings: &Settings) -> Result<ExitCode> {
        let model = self.sentence_model.load(settings)?;
        let entries = data_set::read(&self.dir, self.limit.unwrap_or(usize::MAX))?;
        let report = self.measure(entries, model.as_ref());
        if self.json {
            writeln!(std::io::stdout().lock(), "{}", serde_json::to_string_pretty(&report)?)?;
        } else if !report.recordings.is_empty() {
            writeln!(std::io::stdout().lock(), "{}", table::table(&report))?;
        }
        for failed in &report.failed {
            eprintln!("{}: {}", failed.source, failed.error);
        }
        if report.recordings.is_empty() {
            bail!("nothing in {} could be measured", self.dir.display());
        }
        Ok(if report.failed.is_empty() { ExitCode::SUCCESS } else { ExitCode::FAILURE })
    }

    fn measure(&self, entries: Vec<Entry>, model: Option<&Embedder>) -> Report {
        let alike = model.map(|model| move |a: &str, b: &str| cosine(model, a, b));
        let similarity = alike.as_ref().map(|alike| alike as Similarity);
        let method = match self.baseline {
            Some(baseline) => Method::Baseline(baseline),
            None if self.given_segments => Method::Given,
            None => Method::BuiltIn,
        };
        let (mut recordings, mut failed, mut untimed) = (Vec::new(), Vec::new(), false);
        for Entry { name, source, recording } in entries {
            let measured = recording.and_then(|(recording, layout)| {
                untimed |= layout == Layout::ByWords;
                let meanings = meanings(model, &recording.utterances);
                Ok(evaluate(&recording, self.granularity, method, &meanings, similarity)?)
            });
            match measured {
                Ok(evaluation) => recordings.push(Measured { name, evaluation }),
                Err(error) => failed.push(Failed { source, error: format!("{error:#}") }),
            }
        }
        let mean = Evaluation::mean(&recordings.iter().map(|r| r.evaluation.clone()).collect::<Vec<_>>());
        let guessed =
            format!("the transcripts have no times: each utterance takes its words at {WORDS_PER_SECOND} a second");
        let notes = [(untimed, guessed.as_str()), (method == Method::BuiltIn, boundaries::LEARNED_FROM)];
        let notes: Vec<&str> = notes.into_iter().filter(|(holds, _)| *holds).map(|(_, note)| note).collect();
        Report {
            data_set: self.dir.clone(),
            granularity: self.granularity,
            method: self.method(),
            notes: notes.iter().map(|note| (*note).to_owned()).collect(),
            recordings,
            mean: Mean { segments: mean.segments, titles: mean.titles },
            failed,
        }
    }

    fn method(&self) -> String {
        match self.baseline {
            Some(Baseline::Equal(_)) => "equal".into(),
            Some(Baseline::TextTiling(_)) => "texttiling".into(),
            Some(Baseline::C99(_)) => "c99".into(),
            Some(Baseline::TfIdf(_)) => "tfidf".into(),
            None if self.given_segments => "marked segments given".into(),
            None => "built-in".into(),
        }
    }
}

fn baseline(name: &str) -> Result<Baseline, String> {
    Baseline::named(name).ok_or_else(|| format!("{name:?} is none of {}", Baseline::NAMES.join(", ")))
}
