//! Learns what each signal weighs from recordings in which people marked the pieces of work.
//!
//! `cargo run -p cli --example learn -- DATA [EMBEDDING-MODEL]` prints how well the method does on recordings left out
//! of learning (each fold, and without each group of signals), then writes crates/extraction/src/boundaries/learned.rs.
//! DATA holds the folders `tinyrec` and `goalstep`. Without a model the columns that need one stay as they are.

#![allow(clippy::unwrap_used)]

use anyhow::{Context, Result};
use argmin::{
    core::{CostFunction, Error, Executor, Gradient, State},
    solver::{linesearch::MoreThuenteLineSearch, quasinewton::LBFGS},
};
use domain::{
    Span,
    utterance::{Transcript, TranscriptSource},
};
use extraction::{
    Granularity,
    boundaries::learn::{COLUMNS, COUNT, Column, Example, Kind, Signal, Values, VariantArray, learned},
    evaluate::{Marked, Measures, Recording, average, measure},
};
use inference::embedding::Embedder;
use std::{
    cell::RefCell,
    fmt::Write,
    fs,
    path::{Path, PathBuf},
};

/// Width of the prior over each weight: a weight this far from its prior mean costs what one unlikely boundary does.
const RIDGE: f64 = 0.5;
/// What is drawn while decoding differs by seed; the mean over several says more than one draw.
const SEEDS: u64 = 8;

const CUES: &[Signal] = &[
    Signal::MovesOn,
    Signal::Announces,
    Signal::Opens,
    Signal::Ended,
    Signal::GoesOn,
    Signal::MidSentence,
    Signal::Closes,
];
const PAUSES: &[Signal] = &[Signal::PauseRank, Signal::Pause];
const RATE: &[Signal] = &[Signal::Rate];
const WORDS: &[Signal] = &[Signal::Dip, Signal::WideDip];
const MEANING: &[Signal] = &[Signal::MeaningDip, Signal::WideMeaningDip];
const SAME_MEANING: &[Signal] = &[Signal::SameMeaning];
const COHESION: &[Signal] = &[Signal::Scatter];
const BOUNDARY: &[Signal] = &[Signal::Boundary];
const LENGTH: &[Signal] = &[
    Signal::Length,
    Signal::LengthSquared,
    Signal::FirstLength,
    Signal::FirstLengthSquared,
    Signal::LastLength,
    Signal::LastLengthSquared,
];
const NAMES: &[Signal] = &[Signal::NewTerms];
const REPEATS: &[Signal] = &[Signal::Repeats];
const NUMBER: &[Signal] = &[Signal::Utterances, Signal::OneUtterance];

type Group = (&'static str, &'static [Signal]);

/// The groups of signals that a column learns.
fn groups(column: Column) -> Vec<Group> {
    let mut groups: Vec<Group> = match column.kind {
        Kind::Speech => vec![("cues", CUES), ("speaking rate", RATE)],
        Kind::Labels => vec![("terms repeated", REPEATS), ("terms named", NAMES), ("number of labels", NUMBER)],
    };
    groups.extend([("pauses", PAUSES), ("lexical dip", WORDS), ("scatter", COHESION), ("length", LENGTH)]);
    match (column.meanings, column.kind) {
        (true, Kind::Speech) => groups.push(("meaning dip", MEANING)),
        (true, Kind::Labels) => groups.extend([("meaning dip", MEANING), ("same meaning", SAME_MEANING)]),
        (false, _) => {}
    }
    groups.push(("", BOUNDARY));
    groups
}

struct Case {
    name: String,
    example: Example,
    marked: Vec<Span>,
    duration: f64,
}

fn main() -> Result<()> {
    let mut arguments = std::env::args().skip(1).map(PathBuf::from);
    let data = arguments.next().context("say where the data is")?;
    let model = arguments.next().map(|folder| Embedder::load(&folder)).transpose()?;
    let mut columns: Vec<Values> = COLUMNS.iter().map(|column| learned(*column)).collect();
    for (i, column) in COLUMNS.iter().enumerate().filter(|(_, c)| !c.meanings || model.is_some()) {
        let model = model.as_ref().filter(|_| column.meanings);
        let cases = load(&data, *column, model)?;
        // What people say when they move on is the same at both levels; there are more marks of the fine level.
        let fine = Column { granularity: Granularity::Fine, ..*column };
        let finer = (column.kind == Kind::Speech && column.granularity == Granularity::Coarse)
            .then(|| load(&data, fine, model))
            .transpose()?;
        println!("\n## {} ({} recordings)", column.name, cases.len());
        let fit = |left_out: Option<usize>, folds: usize, without: &[Signal]| {
            let rest = |cases: &[Case]| -> Vec<usize> {
                (0..cases.len()).filter(|i| left_out.is_none_or(|fold| i % folds != fold)).collect()
            };
            let active: Vec<Signal> =
                groups(*column).iter().flat_map(|(_, of)| *of).copied().filter(|s| !without.contains(s)).collect();
            let mut prior = prior(column.kind);
            without.iter().for_each(|s| prior[*s as usize] = 0.0);
            if let Some(finer) = &finer {
                let first = solve(finer, &rest(finer), &active, prior);
                let shared = [CUES, PAUSES, RATE, WORDS, MEANING].concat();
                shared.iter().for_each(|s| prior[*s as usize] = first[*s as usize]);
            }
            solve(&cases, &rest(&cases), &active, prior)
        };
        let folds = if cases.len() > 20 { 5 } else { cases.len() };
        cross_validate("all signals", &cases, folds, true, |fold| fit(Some(fold), folds, &[]));
        for (name, of) in groups(*column).iter().filter(|(name, _)| !name.is_empty()) {
            cross_validate(&format!("without {name}"), &cases, folds, false, |fold| fit(Some(fold), folds, of));
        }
        columns[i] = fit(None, 1, &[]);
        let in_sample: Vec<Measures> = cases.iter().map(|case| judge(case, &columns[i])).collect();
        print_row("in-sample, all signals", &average(&in_sample));
    }
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../extraction/src/boundaries/learned.rs");
    fs::write(&path, table(&columns)).with_context(|| format!("cannot write {}", path.display()))
}

fn load(data: &Path, column: Column, model: Option<&Embedder>) -> Result<Vec<Case>> {
    let folder = data.join(if column.kind == Kind::Speech { "tinyrec" } else { "goalstep" });
    let mut files: Vec<PathBuf> = fs::read_dir(&folder)
        .with_context(|| format!("cannot read {}", folder.display()))?
        .flatten()
        .map(|f| f.path())
        .filter(|f| f.extension().is_some_and(|e| e == "json"))
        .collect();
    files.sort();
    let mut cases = Vec::new();
    for file in files {
        let mut recording: Recording = serde_json::from_slice(&fs::read(&file)?)?;
        recording.utterances.sort_by(|a, b| a.start.total_cmp(&b.start));
        let texts: Vec<&str> = recording.utterances.iter().map(|u| u.text.as_str()).collect();
        let meanings = model.map(|m| m.embed(&texts)).unwrap_or_default();
        let marked: Vec<Span> = recording.marked(column.granularity).iter().map(Marked::span).collect();
        let duration = recording.duration_seconds;
        let transcript =
            Transcript { source: TranscriptSource::Captions, utterances: recording.utterances, voiced: vec![] };
        let name = file.file_stem().unwrap_or_default().to_string_lossy().into_owned();
        let example = Example::new(&transcript, &meanings, duration, &marked, column.granularity);
        cases.extend(example.map(|example| Case { name, example, marked, duration }));
    }
    Ok(cases)
}

/// What each weight is taken for before anything is learned.
fn prior(kind: Kind) -> Values {
    let of: &[(Signal, f64)] = match kind {
        Kind::Speech => &[
            (Signal::Boundary, -3.0),
            (Signal::LengthSquared, -0.8),
            (Signal::FirstLengthSquared, -0.4),
            (Signal::LastLengthSquared, -0.4),
            (Signal::Scatter, -1.0),
        ],
        Kind::Labels => {
            &[(Signal::LengthSquared, -0.2), (Signal::FirstLengthSquared, -0.2), (Signal::LastLengthSquared, -0.2)]
        }
    };
    let mut prior = [0.0; COUNT];
    of.iter().for_each(|(signal, weight)| prior[*signal as usize] = *weight);
    prior
}

/// The most probable weights, given the marks of some cases and the prior.
#[derive(Clone)]
struct Posterior<'a> {
    examples: Vec<&'a Example>,
    active: &'a [Signal],
    prior: Values,
    /// The last weights with their cost and gradient, which are asked for one after the other.
    last: RefCell<(Vec<f64>, f64, Vec<f64>)>,
}

fn solve(cases: &[Case], which: &[usize], active: &[Signal], prior: Values) -> Values {
    let examples = which.iter().map(|i| &cases[*i].example).collect();
    let posterior = Posterior { examples, active, prior, last: RefCell::default() };
    let start: Vec<f64> = active.iter().map(|s| prior[*s as usize]).collect();
    let solver = LBFGS::new(MoreThuenteLineSearch::new(), 8).with_tolerance_cost(1e-4).unwrap();
    let run = Executor::new(posterior.clone(), solver).configure(|state| state.param(start).max_iters(40)).run();
    posterior.full(run.unwrap().state.get_best_param().unwrap())
}

impl Posterior<'_> {
    fn full(&self, weights: &[f64]) -> Values {
        let mut full = self.prior;
        self.active.iter().zip(weights).for_each(|(signal, weight)| full[*signal as usize] = *weight);
        full
    }

    fn at(&self, weights: &[f64]) -> (f64, Vec<f64>) {
        if self.last.borrow().0 == weights {
            let last = self.last.borrow();
            return (last.1, last.2.clone());
        }
        let full = self.full(weights);
        let (mut cost, mut gradient) = (0.0, vec![0.0; weights.len()]);
        for (likelihood, slope) in self.examples.iter().filter_map(|e| e.likelihood(&full)) {
            cost -= likelihood;
            gradient.iter_mut().zip(self.active).for_each(|(sum, s)| *sum -= slope[*s as usize]);
        }
        for ((slope, signal), weight) in gradient.iter_mut().zip(self.active).zip(weights) {
            let apart = weight - self.prior[*signal as usize];
            cost += RIDGE * apart * apart / 2.0;
            *slope += RIDGE * apart;
        }
        *self.last.borrow_mut() = (weights.to_vec(), cost, gradient.clone());
        (cost, gradient)
    }
}

impl CostFunction for Posterior<'_> {
    type Param = Vec<f64>;
    type Output = f64;
    fn cost(&self, weights: &Vec<f64>) -> Result<f64, Error> {
        Ok(self.at(weights).0)
    }
}

impl Gradient for Posterior<'_> {
    type Param = Vec<f64>;
    type Gradient = Vec<f64>;
    fn gradient(&self, weights: &Vec<f64>) -> Result<Vec<f64>, Error> {
        Ok(self.at(weights).1)
    }
}

fn judge(case: &Case, weights: &Values) -> Measures {
    let of = |seed| {
        let found: Vec<Span> = case.example.segments(weights, seed).iter().map(|s| s.span).collect();
        measure(&case.marked, &found, case.duration)
    };
    average(&(0..SEEDS).map(of).collect::<Vec<_>>())
}

fn cross_validate(title: &str, cases: &[Case], folds: usize, each: bool, fit: impl Fn(usize) -> Values) {
    let mut all = Vec::new();
    for fold in 0..folds {
        let weights = fit(fold);
        for case in cases.iter().skip(fold).step_by(folds) {
            let measures = judge(case, &weights);
            if each {
                print_row(&format!("  {} (fold {})", case.name, fold + 1), &measures);
            }
            all.push(measures);
        }
    }
    print_row(&format!("left out, {title}"), &average(&all));
}

fn print_row(title: &str, m: &Measures) {
    println!(
        "{title:36} tIoU {:.3}  F1@tIoU {:.3}  F1@10s {:.3}  F1@30s {:.3}  Pk {:.3}  count {:.2}",
        m.tiou, m.f1_at_tiou, m.f1_at_10s, m.f1_at_30s, m.pk, m.count
    );
}

fn table(learned: &[Values]) -> String {
    let mut text = String::from(
        "//! Learned weights: log odds of each signal, a column for each kind of captions, level and, where sentence\n\
         //! embeddings are known, with them. Written by `cargo run -p cli --example learn`; see docs/design/extraction.md.\n\n\
         use super::signals::Signal;\n\n\
         /// In the order of [`super::weights::COLUMNS`].\n\
         #[rustfmt::skip]\n\
         #[allow(clippy::approx_constant, reason = \"learned, not meant\")]\n\
         pub const LEARNED: &[(Signal, [f64; 6])] = &[\n",
    );
    let names = COLUMNS.map(|column| column.name);
    writeln!(text, "    // {}", names.join(" | ")).unwrap();
    for signal in Signal::VARIANTS {
        let row: Vec<String> = learned.iter().map(|weights| format!("{:>7.3}", weights[*signal as usize])).collect();
        writeln!(text, "    {:<32}[{}]),", format!("(Signal::{signal:?},"), row.join(", ")).unwrap();
    }
    text.push_str("];\n");
    text
}
