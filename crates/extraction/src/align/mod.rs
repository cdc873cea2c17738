//! Align: a trainee's session beside the trainer's of the same task. Which steps were done, which are missing, which came
//! out of order, and what was done besides.
//!
//! A global sequence alignment in the manner of Needleman and Wunsch (1970) of the trainer's steps with the trainee's
//! session, which is taken in short even slices: a step may stand beside up to 64 of them, or beside none. What
//! is left on both sides afterwards and is plainly the same was done at another time.

mod likeness;
mod optimum;
mod slices;

use crate::{ramp::ramp, title};
use domain::{
    Span,
    procedure::{ProcedureDraft, ProcedureStatus},
    utterance::Transcript,
};
use likeness::Likeness;
use optimum::Pair;
use serde::{Deserialize, Serialize};
use slices::{Slice, slices};

/// How many slices of the trainee may together be one step of the trainer.
const WIDTHS: [usize; 12] = [1, 2, 3, 4, 6, 8, 11, 16, 23, 32, 45, 64];
/// The trainer's steps that are compared, at most; later ones are left out.
pub const MOST_STEPS: usize = 200;
/// Likeness at which a step begins to count as done, and at which it counts fully.
const ALIKE: std::ops::Range<f64> = 0.12..0.36;
/// How sure it must be that a step was done for it to be told.
const TOLD: f64 = 0.5;
/// Share of a trainee's procedure that must lie beside steps of the trainer, else it is extra.
const BESIDE: f64 = 0.3;

/// One step of a job as somebody recorded it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Step {
    /// What it is called.
    pub procedure_name: String,
    /// One or two sentences; may be empty.
    #[serde(default)]
    pub description: String,
    /// Everything said with confidence meanwhile; empty where it is not known.
    #[serde(default)]
    pub said: String,
    /// Where it lies in its own recording.
    pub span: Span,
}

/// What became of a step.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Fate {
    /// The trainer's step was done, in its place.
    Done,
    /// The trainer's step was not found.
    Missing,
    /// The trainer's step was done before or after its place.
    OutOfOrder,
    /// The trainee's procedure has none beside it.
    Extra,
}

/// A step with its place in both recordings.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct AlignedStep {
    /// What became of it.
    pub fate: Fate,
    /// The trainer's name of it; the trainee's for an extra one.
    pub procedure_name: String,
    /// Where the trainer did it; `None` for an extra one.
    pub trainer: Option<Span>,
    /// Where the trainee did it; `None` for a missing one.
    pub trainee: Option<Span>,
    /// How sure it is that both did the same, 0 to 1.
    pub done: f64,
    /// For a step out of order: the nearest step that it stands on the wrong side of.
    pub came: Option<Came>,
}

/// On which side of another step, by the trainer's name of it, a step came where it should not.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[allow(missing_docs)]
pub enum Came {
    Before(String),
    After(String),
}

/// A trainee's session beside the trainer's.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Alignment {
    /// The trainer's steps in the trainer's order, then the extra ones in the trainee's.
    pub steps: Vec<AlignedStep>,
}

impl Alignment {
    /// The steps of one fate.
    pub fn of(&self, fate: Fate) -> impl Iterator<Item = &AlignedStep> {
        self.steps.iter().filter(move |s| s.fate == fate)
    }

    /// The trainer's steps.
    pub fn trainers(&self) -> impl Iterator<Item = &AlignedStep> {
        self.steps.iter().filter(|s| s.fate != Fate::Extra)
    }
}

/// The shown procedures of a session as steps, with what was said during each.
pub fn steps(procedures: &[ProcedureDraft], transcript: &Transcript) -> Vec<Step> {
    let shown = procedures.iter().filter(|p| p.status == ProcedureStatus::Approved);
    shown
        .map(|p| {
            let span = Span::new(p.start_seconds, p.end_seconds);
            let said: Vec<String> = title::passages(transcript, &span).into_iter().map(|p| p.text).collect();
            let (procedure_name, description) = (p.procedure_name.clone(), p.description.clone());
            Step { procedure_name, description, said: said.join(" "), span }
        })
        .collect()
}

/// Puts a trainee's session beside the trainer's steps. Judged by words alone: what is done without any is missing.
pub fn align(trainer: &[Step], procedures: &[ProcedureDraft], transcript: &Transcript) -> Alignment {
    let trainer = &trainer[..trainer.len().min(MOST_STEPS)];
    let slices = slices(transcript, trainer.len());
    let likeness = Likeness::between(trainer, &slices);
    let in_order = optimum::in_order(trainer.len(), slices.len(), |pair| likeness.of(pair) - ALIKE.start);
    let sure = |pair: &Pair| ramp(likeness.of(pair), ALIKE);
    // What is but a little alike in its place may be plainly the same elsewhere.
    let firm: Vec<Pair> = in_order.iter().filter(|p| sure(p) >= TOLD).cloned().collect();
    let moved = moved(trainer.len(), slices.len(), &firm, &likeness);
    let mut steps: Vec<AlignedStep> = trainer.iter().map(missing).collect();
    for (pair, fate) in in_order.iter().map(|p| (p, Fate::Done)).chain(moved.iter().map(|p| (p, Fate::OutOfOrder))) {
        let step = &mut steps[pair.step];
        if sure(pair) <= step.done {
            continue;
        }
        step.done = sure(pair);
        if step.done >= TOLD {
            step.fate = fate;
            step.trainee = Some(over(&slices[pair.trainee.clone()]));
            step.came = (fate == Fate::OutOfOrder).then(|| came(trainer, pair, &firm)).flatten();
        }
    }
    let extra: Vec<AlignedStep> = extra(procedures, &steps).collect();
    steps.extend(extra);
    Alignment { steps }
}

fn missing(step: &Step) -> AlignedStep {
    AlignedStep {
        fate: Fate::Missing,
        procedure_name: step.procedure_name.clone(),
        trainer: Some(step.span),
        trainee: None,
        done: 0.0,
        came: None,
    }
}

/// Pairs of what the alignment left over on both sides, the likest first.
fn moved(steps: usize, slices: usize, in_order: &[Pair], likeness: &Likeness) -> Vec<Pair> {
    let mut free = vec![true; slices];
    in_order.iter().for_each(|p| free[p.trainee.clone()].fill(false));
    let free = free.as_slice();
    let left = (0..steps).filter(|i| !in_order.iter().any(|p| p.step == *i));
    let mut candidates: Vec<(f64, Pair)> = left
        .flat_map(|step| {
            let starts = (0..slices).filter(|j| free[*j]);
            starts.flat_map(move |j| {
                let ends = WIDTHS
                    .iter()
                    .map(move |n| j + n)
                    .take_while(move |end| *end <= slices && free[j..*end].iter().all(|f| *f));
                ends.map(move |end| Pair { step, trainee: j..end })
            })
        })
        .map(|pair| (likeness.of(&pair), pair))
        .filter(|(alike, _)| *alike > ALIKE.start)
        .collect();
    candidates.sort_by(|a, b| b.0.total_cmp(&a.0).then(a.1.step.cmp(&b.1.step)));
    let mut chosen: Vec<Pair> = Vec::new();
    let apart = |a: &Pair, b: &Pair| a.trainee.end <= b.trainee.start || b.trainee.end <= a.trainee.start;
    for (_, pair) in candidates {
        if chosen.iter().all(|c| c.step != pair.step && apart(c, &pair)) {
            chosen.push(pair);
        }
    }
    chosen
}

/// Beside which step in order, the nearest by the trainer, a moved one stands on the wrong side.
fn came(trainer: &[Step], moved: &Pair, in_order: &[Pair]) -> Option<Came> {
    let wrong = |p: &&Pair| (p.step < moved.step) != (p.trainee.start < moved.trainee.start);
    let other = in_order.iter().filter(wrong).min_by_key(|p| p.step.abs_diff(moved.step))?;
    let name = trainer[other.step].procedure_name.clone();
    Some(if other.trainee.start < moved.trainee.start { Came::After(name) } else { Came::Before(name) })
}

/// The trainee's procedures that lie beside no step of the trainer.
fn extra<'a>(procedures: &'a [ProcedureDraft], steps: &'a [AlignedStep]) -> impl Iterator<Item = AlignedStep> + 'a {
    let shown = procedures.iter().filter(|p| p.status == ProcedureStatus::Approved);
    let spans = shown.map(|p| (p, Span::new(p.start_seconds, p.end_seconds)));
    let found = |span: &Span| {
        let within = steps.iter().filter_map(|s| s.trainee).map(|t| (t.overlap(span), t.duration()));
        let (beside, mainly) = within
            .fold((0.0, false), |(sum, mainly), (shared, length)| (sum + shared, mainly || shared > 0.5 * length));
        mainly || beside >= BESIDE * span.duration()
    };
    spans.filter(move |(_, span)| !found(span)).map(|(procedure, span)| AlignedStep {
        fate: Fate::Extra,
        procedure_name: procedure.procedure_name.clone(),
        trainer: None,
        trainee: Some(span),
        done: 0.0,
        came: None,
    })
}

fn over(slices: &[Slice]) -> Span {
    let start = slices.iter().map(|s| s.span.start).fold(f64::INFINITY, f64::min);
    Span::new(start, slices.iter().map(|s| s.span.end).fold(start, f64::max))
}

#[cfg(test)]
mod tests;
