//! Order: whether the trainer's steps were done in the trainer's order.

use super::{known, unknown};
use crate::align::{Alignment, Fate};
use domain::score::{Criterion, CriterionName};

/// Twice what stands in order over what was done and what there was to do (a Dice coefficient): a step that is left out
/// cannot improve it, and one that is missing costs less here than one in the wrong place.
pub fn judge(alignment: Option<&Alignment>) -> Criterion {
    let name = CriterionName::Order;
    let Some(alignment) = alignment else {
        return unknown(name, "There is no known procedure to compare the order of the steps with.", Vec::new());
    };
    let all = alignment.trainers().count();
    if all < 2 {
        return unknown(name, "The trainer showed a single step, so there is no order to compare.", Vec::new());
    }
    let done: f64 = alignment.trainers().map(|s| s.done).sum();
    let moved: f64 = alignment.of(Fate::OutOfOrder).map(|s| s.done).sum();
    let score = 100.0 * 2.0 * (done - moved) / (done + all as f64);
    let out: Vec<_> = alignment.of(Fate::OutOfOrder).collect();
    let found = alignment.trainers().filter(|s| s.trainee.is_some()).count();
    let sentence = match (out.as_slice(), found) {
        (_, 0) => "None of the trainer's steps was found, so none is in its place.".to_owned(),
        ([], 1) => "Only one of the trainer's steps was found, so little can be said of their order.".to_owned(),
        ([], _) => "The steps that were found came in the trainer's order.".to_owned(),
        ([one], _) => format!("“{}” came out of the trainer's order.", one.procedure_name),
        (many, n) => format!("{} of the {n} steps that were found came out of the trainer's order.", many.len()),
    };
    let evidence = match out.is_empty() {
        true => alignment.of(Fate::Done).filter_map(|s| s.trainee).collect(),
        false => out.iter().filter_map(|s| s.trainee).collect(),
    };
    known(name, score, sentence, evidence)
}
