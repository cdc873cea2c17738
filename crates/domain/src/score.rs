//! Score: 0 to 100, the weighted mean of named criteria, each with its reason and its evidence.

use crate::Span;
use serde::{Deserialize, Serialize};
use strum::{Display, EnumString, IntoStaticStr, VariantArray};

/// What is judged.
#[derive(
    Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize, Display, EnumString, IntoStaticStr, VariantArray,
)]
#[serde(rename_all = "snake_case")]
#[strum(serialize_all = "snake_case")]
pub enum CriterionName {
    /// The work is explained in words.
    Narration,
    /// The work can be seen.
    Visibility,
    /// The job is shown from beginning to end.
    Completeness,
    /// The steps come in a sensible (or the trainer's) order.
    Order,
    /// Safety is spoken of and shown.
    Safety,
}

/// One criterion of a score.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Criterion {
    /// What is judged.
    pub name: CriterionName,
    /// 0 to 100; `None` where there is not enough evidence, and then it is left out of the mean.
    pub score: Option<f32>,
    /// Its weight in the mean.
    pub weight: f32,
    /// One sentence that says why.
    pub sentence: String,
    /// The seconds of the recording that show it.
    pub evidence: Vec<Span>,
}

/// A score with its reasons.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct ScoreCard {
    /// 0 to 100; `None` where no criterion had enough evidence.
    pub score: Option<u8>,
    /// The criteria, in the order of [`CriterionName`].
    pub criteria: Vec<Criterion>,
    /// Who scored: `built-in` or the model's name.
    pub scorer: String,
    /// Version of the rubric.
    pub rubric_version: String,
}

impl ScoreCard {
    /// The weighted mean of the criteria that have a score.
    pub fn from_criteria(criteria: Vec<Criterion>, scorer: &str, rubric_version: &str) -> Self {
        let (sum, weight) = criteria
            .iter()
            .filter_map(|c| Some((c.score?.clamp(0.0, 100.0) * c.weight, c.weight)))
            .fold((0.0, 0.0), |(s, w), (cs, cw)| (s + cs, w + cw));
        let score = (weight > 0.0).then(|| (sum / weight).round() as u8);
        Self { score, criteria, scorer: scorer.into(), rubric_version: rubric_version.into() }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_criterion_without_evidence_does_not_count() {
        let criterion =
            |name, score, weight| Criterion { name, score, weight, sentence: String::new(), evidence: vec![] };
        let card = ScoreCard::from_criteria(
            vec![
                criterion(CriterionName::Narration, Some(80.0), 3.0),
                criterion(CriterionName::Visibility, Some(40.0), 1.0),
                criterion(CriterionName::Order, None, 5.0),
            ],
            "built-in",
            "1",
        );
        assert_eq!(card.score, Some(70));
        assert_eq!(ScoreCard::from_criteria(vec![criterion(CriterionName::Order, None, 5.0)], "x", "1").score, None);
    }
}
