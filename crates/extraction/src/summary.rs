//! Summary: what was done, in what order, how long it took, and what was unclear, in a few plain sentences.

use crate::{Options, quality, title, words};
use domain::{
    Span,
    procedure::{ProcedureDraft, ProcedureStatus},
    score::{CriterionName, ScoreCard},
    signals::Signals,
    time::show_duration,
    utterance::Transcript,
};

/// Procedures that are named one by one, at most.
const NAMED: usize = 6;
/// Seconds of a dark picture or missing sound worth a sentence.
const WORTH_A_SENTENCE: f64 = 5.0;

/// A summary of a few sentences; `None` where nothing was extracted.
pub fn summarise(
    procedures: &[ProcedureDraft],
    transcript: &Transcript,
    card: &ScoreCard,
    signals: &Signals,
    options: &Options,
) -> Option<String> {
    let shown: Vec<&ProcedureDraft> = procedures.iter().filter(|p| p.status == ProcedureStatus::Approved).collect();
    let (first, last) = (shown.first()?, shown.last()?);
    let seconds = |p: &ProcedureDraft| p.end_seconds - p.start_seconds;
    let total: f64 = shown.iter().map(|p| seconds(p)).sum();
    let subject = options.task().map_or("The session".to_owned(), |task| format!("“{task}”"));
    let mut sentences = Vec::new();
    match shown.len() {
        1 => sentences.push(format!(
            "{subject} shows one procedure, {}, in {}.",
            quoted(first),
            show_duration(Some(total))
        )),
        n => {
            sentences.push(format!("{subject} shows {} procedures in {}.", number(n), show_duration(Some(total))));
            sentences.push(order(&shown, first, last));
            if let Some(longest) =
                shown.iter().max_by(|a, b| seconds(a).total_cmp(&seconds(b))).filter(|p| seconds(p) > 0.4 * total)
            {
                sentences.push(format!(
                    "Most of the time, {}, went into {}.",
                    show_duration(Some(seconds(longest))),
                    quoted(longest)
                ));
            }
        }
    }
    sentences.extend(unclear(transcript, signals));
    let safety = card.criteria.iter().find(|c| c.name == CriterionName::Safety && c.score.is_some());
    sentences.extend(safety.map(|c| c.sentence.clone()));
    Some(sentences.join(" "))
}

/// "It begins with …, goes on with … and ends with …."
fn order(shown: &[&ProcedureDraft], first: &ProcedureDraft, last: &ProcedureDraft) -> String {
    let between = &shown[1..shown.len() - 1];
    let mut named: Vec<String> = between.iter().take(NAMED - 2).map(|p| quoted(p)).collect();
    let more = between.len() - named.len();
    if more > 0 {
        named.push(format!("{} more", number(more)));
    }
    let goes_on = match named.split_last() {
        None => String::new(),
        Some((only, [])) => format!(", goes on with {only}"),
        Some((last, others)) => format!(", goes on with {} and {last}", others.join(", ")),
    };
    format!("It begins with {}{goes_on} and ends with {}.", quoted(first), quoted(last))
}

/// What a viewer will miss, each in a sentence.
fn unclear(transcript: &Transcript, signals: &Signals) -> Vec<String> {
    let mut found = Vec::new();
    let (known, spoken) = words::known_and_spoken_seconds(transcript);
    if known == 0.0 && spoken == 0.0 {
        found.push("Nothing is said that would explain the work.".to_owned());
    } else if known < 0.5 * spoken {
        found.push("Much of what is said could not be understood, so names and descriptions are sparse.".to_owned());
    }
    let stretches = |what: &str, spans: Vec<Span>| {
        let longest = spans.into_iter().max_by(|a, b| a.duration().total_cmp(&b.duration()))?;
        (longest.duration() >= WORTH_A_SENTENCE)
            .then(|| format!("{what} from {} to {}.", title::clock(longest.start), title::clock(longest.end)))
    };
    found.extend(stretches("The camera sees nothing", quality::occluded(signals)));
    found.extend(stretches("The sound is missing", quality::dropouts(signals)));
    found
}

fn quoted(procedure: &ProcedureDraft) -> String {
    format!("“{}”", procedure.procedure_name)
}

fn number(n: usize) -> String {
    const WORDS: [&str; 10] = ["no", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine"];
    WORDS.get(n).map_or(n.to_string(), |word| (*word).to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{boundaries::segment, name, samples, score::score};

    #[test]
    fn it_says_what_was_done_in_what_order_and_what_was_unclear() {
        let (transcript, mut signals) = (samples::boiler(), samples::signals(180.0));
        for f in signals.picture.as_mut().unwrap().frames.iter_mut().skip(10).take(5) {
            (f.luma, f.contrast, f.sharpness) = (5.0, 1.0, 0.2);
        }
        let options = Options { task_title: Some("Boiler service".into()), ..Default::default() };
        let drafts = name(&segment(&transcript, &signals, &options), &transcript, &signals, &options);
        let card = score(&drafts, &transcript, &signals, &options);
        assert_eq!(
            summarise(&drafts, &transcript, &card, &signals, &options).unwrap(),
            "“Boiler service” shows three procedures in 2m 48s. It begins with “Isolate the boiler”, goes on with “Clean \
             the condensate trap” and ends with “Replace the inlet filter”. The camera sees nothing from 0:40 to 1:00. \
             Precautions are spoken of along with the work."
        );
    }

    #[test]
    fn nothing_extracted_is_not_summarised() {
        let (transcript, signals) = (Transcript::silent(), samples::signals(20.0));
        let card = score(&[], &transcript, &signals, &Options::default());
        assert_eq!(summarise(&[], &transcript, &card, &signals, &Options::default()), None);
    }
}
