//! Beside: what the trainee's way has that the trainer's has not, and the other way round.

use super::few;
use crate::{
    align::{AlignedStep, Alignment, Came, Fate},
    prose::counted,
};

/// Steps out of order that are told one by one, at most.
const TOLD: usize = 2;

/// What is missing, what came at another time, and what was done besides.
pub fn sentences(alignment: &Alignment) -> Vec<String> {
    let all = alignment.trainers().count();
    let of = |fate| alignment.of(fate).collect::<Vec<_>>();
    let (missing, moved, extra) = (of(Fate::Missing), of(Fate::OutOfOrder), of(Fate::Extra));
    let names = |steps: &[&AlignedStep]| few(steps.iter().map(|s| s.procedure_name.as_str()));
    let mut told = Vec::new();
    match (all, missing.len()) {
        (0, _) => return told,
        (1, 0) => told.push("The trainer's one step was done.".to_owned()),
        (_, 0) if moved.is_empty() => {
            told.push(format!("All of the trainer's {all} steps were done, in the trainer's order."))
        }
        (_, 0) => told.push(format!("All of the trainer's {all} steps were done, but not in the trainer's order.")),
        (n, m) if n == m => told.push("None of what the trainer showed was found.".to_owned()),
        _ => told.push(format!("Missing against the trainer's way: {}.", names(&missing))),
    }
    told.extend(moved.iter().take(TOLD).map(|step| out_of_order(step)));
    if moved.len() > TOLD {
        let more = counted(moved.len() - TOLD, "more step");
        told.push(format!("{} came out of order.", crate::words::capitalise(&more)));
    }
    if !extra.is_empty() {
        told.push(format!("Done besides, and not shown by the trainer: {}.", names(&extra)));
    }
    told
}

fn out_of_order(step: &AlignedStep) -> String {
    let name = &step.procedure_name;
    match &step.came {
        Some(Came::Before(other)) => format!("“{name}” came before “{other}”."),
        Some(Came::After(other)) => format!("“{name}” came only after “{other}”."),
        None => format!("“{name}” came out of order."),
    }
}
