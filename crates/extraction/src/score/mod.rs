//! Score: how good a training recording is, by named criteria that each say why and where. `docs/design/score.md` is
//! the rubric in words.
//!
//! Every criterion is a sum over the seconds or the words of the whole recording, behind ramps instead of thresholds:
//! a small change moves it a little wherever a boundary between procedures falls, and what is lost only takes away.

mod completeness;
mod narration;
mod order;
mod safety;
pub(crate) mod seconds;
mod visibility;

use self::seconds::Seconds;
use crate::{Options, align::Alignment, language};
use domain::{
    Span,
    procedure::{ProcedureDraft, ProcedureStatus},
    score::{Criterion, CriterionName, ScoreCard},
    signals::Signals,
    utterance::Transcript,
};

/// Version of the rubric: changes with every rule or number in this folder.
pub const RUBRIC_VERSION: &str = "3";
/// Who scores.
const SCORER: &str = "built-in";
/// Evidence per criterion, at most.
const MOST_EVIDENCE: usize = 5;

/// Scores a session by itself. Without an approved procedure there is no score.
pub fn score(
    procedures: &[ProcedureDraft],
    transcript: &Transcript,
    signals: &Signals,
    options: &Options,
) -> ScoreCard {
    score_against(procedures, transcript, signals, options, None)
}

/// Scores a session beside the trainer's, where there is one: then completeness and order compare the steps.
pub fn score_against(
    procedures: &[ProcedureDraft],
    transcript: &Transcript,
    signals: &Signals,
    _options: &Options,
    alignment: Option<&Alignment>,
) -> ScoreCard {
    if !procedures.iter().any(|p| p.status == ProcedureStatus::Approved) {
        let nothing = |name| unknown(name, "No procedure was found, so there is nothing to judge.", Vec::new());
        return ScoreCard::from_criteria(NAMES.map(nothing).to_vec(), SCORER, RUBRIC_VERSION);
    }
    let seconds = Seconds::of(transcript, signals);
    let foreign = !language::spoken(transcript).is_english();
    let mut criteria = vec![
        narration::judge(&seconds, signals),
        visibility::judge(&seconds, signals),
        match alignment {
            Some(alignment) => completeness::against(alignment),
            None if foreign => not_read(CriterionName::Completeness),
            None => completeness::judge(&seconds, transcript),
        },
        order::judge(alignment),
    ];
    let others = mean(&criteria);
    criteria.push(match foreign {
        true => not_read(CriterionName::Safety),
        false => safety::judge(transcript, others),
    });
    ScoreCard::from_criteria(criteria, SCORER, RUBRIC_VERSION)
}

const NAMES: [CriterionName; 5] = [
    CriterionName::Narration,
    CriterionName::Visibility,
    CriterionName::Completeness,
    CriterionName::Order,
    CriterionName::Safety,
];

/// The weighted mean of what has a score, 0 to 100.
fn mean(criteria: &[Criterion]) -> f32 {
    let known = criteria.iter().filter_map(|c| Some((c.score?, c.weight)));
    let (sum, weight) = known.fold((0.0, 0.0), |(s, w), (score, weight)| (s + score * weight, w + weight));
    if weight > 0.0 { sum / weight } else { 0.0 }
}

fn known(name: CriterionName, score: f64, sentence: String, evidence: Vec<Span>) -> Criterion {
    // An empty sum is -0.
    let score = score.clamp(0.0, 100.0).max(0.0);
    Criterion { name, score: Some(score as f32), weight: weight(name), sentence, evidence: fewest(evidence) }
}

fn unknown(name: CriterionName, sentence: &str, evidence: Vec<Span>) -> Criterion {
    Criterion { name, score: None, weight: weight(name), sentence: sentence.into(), evidence: fewest(evidence) }
}

/// Who reads remarks by English words has read none of another language.
fn not_read(name: CriterionName) -> Criterion {
    unknown(name, &format!("The speech is not English, so {name} is not judged."), Vec::new())
}

fn weight(name: CriterionName) -> f32 {
    match name {
        CriterionName::Narration | CriterionName::Visibility => 3.0,
        CriterionName::Completeness | CriterionName::Order => 2.0,
        CriterionName::Safety => 1.0,
    }
}

/// The longest few, in the order of the recording.
fn fewest(mut evidence: Vec<Span>) -> Vec<Span> {
    evidence.sort_by(|a, b| b.duration().total_cmp(&a.duration()));
    evidence.truncate(MOST_EVIDENCE);
    evidence.sort_by(|a, b| a.start.total_cmp(&b.start));
    evidence
}

#[cfg(test)]
mod tests;
