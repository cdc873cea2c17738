//! Summary: what was done, in what order, how long it took, how it stands beside the trainer's way, and what was
//! unclear, in a few plain sentences. Nothing in it is invented: names, times and counts only.

mod beside;
mod unclear;

use crate::{
    Options,
    align::Alignment,
    boundaries,
    prose::{counted, listed, number},
};
use domain::{
    procedure::{ProcedureDraft, ProcedureStatus},
    score::{CriterionName, ScoreCard},
    signals::Signals,
    time::show_duration,
    utterance::Transcript,
};

/// Procedures that are named one by one, at most.
const NAMED: usize = 6;

/// A summary of a few sentences; `None` where nothing was extracted.
pub fn summarise(
    procedures: &[ProcedureDraft],
    transcript: &Transcript,
    card: &ScoreCard,
    signals: &Signals,
    options: &Options,
) -> Option<String> {
    summarise_against(procedures, transcript, card, signals, options, None)
}

/// The same for a trainee's session beside the trainer's, where there is one.
pub fn summarise_against(
    procedures: &[ProcedureDraft],
    transcript: &Transcript,
    card: &ScoreCard,
    signals: &Signals,
    options: &Options,
    alignment: Option<&Alignment>,
) -> Option<String> {
    let shown: Vec<&ProcedureDraft> = procedures.iter().filter(|p| p.status == ProcedureStatus::Approved).collect();
    let mut sentences = done(&shown, options)?;
    if let Some(alignment) = alignment {
        sentences.extend(beside::sentences(alignment));
    }
    sentences.extend(unclear::sentences(transcript, signals));
    sentences.extend(left_out(procedures));
    let talk = boundaries::small_talk(transcript, signals, options);
    sentences.extend(unclear::told("Left out as small talk is what is said", talk));
    let safety = card.criteria.iter().find(|c| c.name == CriterionName::Safety && c.score.is_some());
    sentences.extend(safety.map(|c| c.sentence.clone()));
    Some(sentences.join(" "))
}

/// What was done, in what order, and how long it took.
fn done(shown: &[&ProcedureDraft], options: &Options) -> Option<Vec<String>> {
    let (first, last) = (shown.first()?, shown.last()?);
    let took = |seconds: f64| show_duration(Some(seconds));
    let total = took(shown.iter().map(|p| seconds(p)).sum());
    let subject = options.task().map_or("The session".to_owned(), |task| format!("“{task}”"));
    let timed = |p: &ProcedureDraft| format!("“{}” ({})", p.procedure_name, took(seconds(p)));
    let mut sentences = match shown.len() {
        1 => return Some(vec![format!("{subject} shows one procedure, “{}”, in {total}.", first.procedure_name)]),
        n => vec![format!("{subject} shows {} in {total}.", counted(n, "procedure"))],
    };
    let between = &shown[1..shown.len() - 1];
    let mut parts: Vec<String> = between.iter().take(NAMED - 2).map(|p| timed(p)).collect();
    if between.len() > parts.len() {
        // Two take the room of one name and a number.
        parts.truncate(NAMED - 3);
        parts.push(format!("{} more", number(between.len() - parts.len())));
    }
    let goes_on = match parts.split_last() {
        None => String::new(),
        Some((only, [])) => format!(", goes on with {only}"),
        Some((last, others)) => format!(", goes on with {} and {last}", others.join(", ")),
    };
    sentences.push(format!("It begins with {}{goes_on} and ends with {}.", timed(first), timed(last)));
    if shown.len() > NAMED {
        let by_length = |a: &&&ProcedureDraft, b: &&&ProcedureDraft| seconds(a).total_cmp(&seconds(b));
        let (shortest, longest) = (shown.iter().min_by(by_length)?, shown.iter().max_by(by_length)?);
        sentences.push(format!("The shortest takes {} and the longest {}.", took(seconds(shortest)), timed(longest)));
    }
    Some(sentences)
}

/// What was found and is not shown.
fn left_out(procedures: &[ProcedureDraft]) -> Option<String> {
    let excluded: Vec<_> = procedures.iter().filter(|p| p.status == ProcedureStatus::Excluded).collect();
    match excluded.as_slice() {
        [] => None,
        [one] => {
            let (from, to) = (crate::title::clock(one.start_seconds), crate::title::clock(one.end_seconds));
            Some(format!("What lies between {from} and {to} was too weak for a procedure and is left out."))
        }
        many => {
            let total = many.iter().map(|p| seconds(p)).sum();
            let count = crate::words::capitalise(&counted(many.len(), "piece"));
            Some(format!(
                "{count}, {} in all, were too weak for a procedure and are left out.",
                show_duration(Some(total))
            ))
        }
    }
}

fn seconds(procedure: &ProcedureDraft) -> f64 {
    procedure.end_seconds - procedure.start_seconds
}

/// Names of steps, the first few.
fn few<'a>(names: impl Iterator<Item = &'a str>) -> String {
    let names: Vec<&str> = names.collect();
    listed(names.into_iter(), 4)
}

#[cfg(test)]
mod tests;
