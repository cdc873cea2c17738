//! Completeness: with a trainer's session to compare with, how many of its steps were done; without, how much work can
//! be followed, and whether its pieces are announced and rounded off.

use super::{
    known,
    seconds::{Seconds, certainty},
};
use crate::{
    align::{Alignment, Fate},
    boundaries,
    prose::number,
    words::capitalise,
};
use domain::{
    Span,
    score::{Criterion, CriterionName},
    time::show_duration,
    utterance::{Speaker, Transcript},
};

/// Seconds that can be followed from which on an hour is judged by its logarithm.
const LITTLE: f64 = 30.0;
/// Seconds that can be followed that are as much as can be asked.
const MUCH: f64 = 3600.0;
/// Remarks at which half of what remarks can give is reached.
const SOME_REMARKS: f64 = 3.0;

/// Steps of the trainer that were done, by how sure that is.
pub fn against(alignment: &Alignment) -> Criterion {
    let steps: Vec<_> = alignment.trainers().collect();
    let done = steps.iter().map(|s| s.done).sum::<f64>() / steps.len().max(1) as f64;
    let missing = alignment.of(Fate::Missing).count();
    let sentence = match (steps.len(), missing) {
        (n, 0) => format!("{} the trainer showed {} done.", all(n), if n == 1 { "was" } else { "were" }),
        (n, m) if n == m => "None of what the trainer showed was found.".to_owned(),
        (n, m) => {
            format!("{} of the trainer's {n} steps {} not found.", number(m), if m == 1 { "was" } else { "were" })
        }
    };
    let evidence = steps.iter().filter_map(|s| s.trainee).collect();
    known(CriterionName::Completeness, 100.0 * done, capitalise(&sentence), evidence)
}

fn all(n: usize) -> String {
    match n {
        1 => "the one step".into(),
        2 => "both steps".into(),
        n => format!("all {n} steps"),
    }
}

/// How much work can be followed, and whether its pieces are announced and rounded off.
pub fn judge(seconds: &Seconds, transcript: &Transcript) -> Criterion {
    let followed = followed(seconds);
    let enough = (1.0 + followed / LITTLE).ln() / (1.0 + MUCH / LITTLE).ln();
    let mut remarks = Vec::new();
    let mut count = |is: fn(&str) -> f64| -> f64 {
        let said = transcript.utterances.iter().filter(|u| u.speaker == Speaker::Engineer);
        said.map(|u| {
            let strength = is(&u.text) * certainty(u);
            if strength >= 0.5 {
                remarks.push(Span::new(u.start, u.end.max(u.start)));
            }
            strength
        })
        .sum()
    };
    let announced = count(boundaries::begins_work);
    let ended = count(|text| f64::from(u8::from(boundaries::rounds_off(text))));
    let some = |n: f64| n / (n + SOME_REMARKS);
    let score = 100.0 * (0.5 * enough.min(1.0) + 0.25 * some(announced) + 0.25 * some(ended));
    let sentence = match (announced >= 0.5, ended >= 0.5) {
        (true, true) => "Pieces of work are announced and rounded off",
        (true, false) => "Pieces of work are announced, but nobody says that they are finished",
        (false, true) => "Pieces of work are rounded off, but nobody says what will be done",
        (false, false) => "Nobody says what will be done, nor that it is finished",
    };
    let length = show_duration(Some(followed));
    let evidence = if remarks.is_empty() { vec![Span::new(0.0, seconds.duration)] } else { remarks };
    known(CriterionName::Completeness, score, format!("{sentence}; {length} of work can be followed."), evidence)
}

/// Seconds that can be followed: half by ear, half by eye; by ear alone where nobody looked.
fn followed(seconds: &Seconds) -> f64 {
    match &seconds.seen {
        None => seconds.spoken().sum(),
        Some(seen) => seconds.spoken().zip(seen).map(|(spoken, seen)| 0.5 * spoken + 0.5 * seen).sum(),
    }
}
