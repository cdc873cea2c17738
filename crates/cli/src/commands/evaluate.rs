//! `trainar evaluate DIR`: how near the built-in extraction comes to segments that people marked.

use anyhow::{Context, Result, bail};
use clap::Args;
use comfy_table::{Table, presets::UTF8_FULL_CONDENSED};
use domain::{
    Span,
    signals::Signals,
    utterance::{Transcript, TranscriptSource, Utterance},
};
use extraction::{
    Granularity, Options, boundaries,
    evaluate::{Measures, average, measure},
};
use serde::Deserialize;
use std::{
    fs,
    path::{Path, PathBuf},
    process::ExitCode,
};

/// Measure the built-in extraction on a data set
#[derive(Debug, Args)]
pub struct Evaluate {
    /// Folder of recordings, a JSON file each: duration_seconds, utterances, and segments marked as `coarse` and `fine`
    dir: PathBuf,
    /// Which of the marked segments to compare with
    #[arg(long, default_value = "coarse", value_parser = super::granularity)]
    granularity: Granularity,
}

/// A recording with what people marked in it.
#[derive(Deserialize)]
struct Marked {
    duration_seconds: f64,
    utterances: Vec<Utterance>,
    #[serde(default)]
    coarse: Vec<Segment>,
    #[serde(default)]
    fine: Vec<Segment>,
}

#[derive(Deserialize)]
struct Segment {
    start: f64,
    end: f64,
}

impl Evaluate {
    pub fn run(self) -> Result<ExitCode> {
        let folder = fs::read_dir(&self.dir).with_context(|| format!("cannot read {}", self.dir.display()))?;
        let mut files: Vec<_> = folder.flatten().map(|f| f.path()).collect();
        files.retain(|f| f.extension().is_some_and(|e| e == "json"));
        files.sort();
        if files.is_empty() {
            bail!("{} holds no .json file of a recording", self.dir.display());
        }
        let mut table = Table::new();
        table.load_preset(UTF8_FULL_CONDENSED);
        table.set_header(["recording", "marked", "found", "tIoU", "F1@tIoU", "F1@10s", "F1@30s", "Pk", "count error"]);
        let mut all = Vec::new();
        for file in &files {
            let (marked, found, measures) = one(file, self.granularity)?;
            let name = file.file_stem().unwrap_or_default().to_string_lossy().into_owned();
            table.add_row(row(name, marked.to_string(), found.to_string(), &measures));
            all.push(measures);
        }
        table.add_row(row(format!("mean of {}", all.len()), String::new(), String::new(), &average(&all)));
        println!("{table}");
        Ok(ExitCode::SUCCESS)
    }
}

fn one(file: &Path, granularity: Granularity) -> Result<(usize, usize, Measures)> {
    let bytes = fs::read(file).with_context(|| format!("cannot read {}", file.display()))?;
    let recording: Marked =
        serde_json::from_slice(&bytes).with_context(|| format!("{} is no recording with marks", file.display()))?;
    let marked = if granularity == Granularity::Fine { recording.fine } else { recording.coarse };
    let reference: Vec<Span> = marked.iter().map(|m| Span::new(m.start, m.end)).collect();
    if reference.is_empty() {
        bail!("{} has no marked segments of this granularity", file.display());
    }
    let transcript =
        Transcript { source: TranscriptSource::Captions, utterances: recording.utterances, voiced: Vec::new() };
    let signals = Signals { duration_seconds: recording.duration_seconds, sound: None, picture: None };
    let options = Options { granularity, ..Options::default() };
    let found: Vec<Span> = boundaries::segment(&transcript, &signals, &options).iter().map(|s| s.span).collect();
    let measures = measure(&reference, &found, recording.duration_seconds);
    Ok((reference.len(), found.len(), measures))
}

fn row(name: String, marked: String, found: String, m: &Measures) -> [String; 9] {
    let three = |x: f64| format!("{x:.3}");
    let counts = format!("{:.1}", m.count);
    [
        name,
        marked,
        found,
        three(m.tiou),
        three(m.f1_at_tiou),
        three(m.f1_at_10s),
        three(m.f1_at_30s),
        three(m.pk),
        counts,
    ]
}
