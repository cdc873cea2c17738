//! Criteria: the model's judgements, which may move what was measured a little, or not at all.

use super::{
    Answer,
    check::{Said, prose},
};
use crate::words;
use domain::{
    Span,
    score::{Criterion, ScoreCard},
    utterance::Transcript,
};
use std::collections::{BTreeMap, BTreeSet};

/// Points that a criterion may differ from what was measured. Where the model differs more in any of them, none of its
/// judgements is used: it was talked into something, or does not see what it judges. The same holds where it leaves out one
/// that was measured, or gives the same score to all.
pub const MOST_POINTS: f32 = 15.0;
/// Evidence of one criterion, at most.
const MOST_EVIDENCE: usize = 5;
/// Characters of a reason, at most.
const SENTENCE: usize = 200;
/// What a reason may say though nobody said it: the words in which such things are judged. They alone are no reason.
const JUDGING: &str = "engineer work procedure recording step task tool part hand camera picture light clear clearly \
    unclear visible hide dark bright see explain describe name mention announce warn tell speak word sentence detail \
    reason precaution danger safety order beginning end start finish complete miss skip leave check result happen \
    narration visibility completeness silence silent long short several every only";

/// The score card with the model's judgements, by the name of `model`; `None` where nothing of them can be used. A
/// criterion for which the built-in score has not enough evidence stays without a score.
///
/// A score counts with its reason only: one in words that were said where it points, and that no other criterion has, too.
pub fn judge(
    card: &ScoreCard,
    answers: &[Answer],
    transcript: &Transcript,
    duration: f64,
    model: &str,
) -> Option<ScoreCard> {
    if same_reason_twice(answers) {
        return None;
    }
    let (mut criteria, mut scores) = (Vec::new(), Vec::new());
    for measured in &card.criteria {
        let Some(was) = measured.score else {
            criteria.push(measured.clone());
            continue;
        };
        // Who praises one thing and passes over what is bad has not judged the session.
        let judged = joined(measured, answers, transcript, duration)?;
        let is = judged.score?;
        let apart = (was - is).abs();
        if apart.is_nan() || apart > MOST_POINTS {
            return None;
        }
        scores.push(is);
        criteria.push(judged);
    }
    // Who finds everything equally good has not looked.
    let told_apart = scores.len() == 1 || scores.windows(2).any(|pair| pair[0] != pair[1]);
    (!scores.is_empty() && told_apart).then(|| ScoreCard::from_criteria(criteria, model, &card.rubric_version))
}

/// Whether two criteria have one reason in the same words: then it is a reason for neither.
fn same_reason_twice(answers: &[Answer]) -> bool {
    let mut reasons: BTreeMap<BTreeSet<String>, &str> = BTreeMap::new();
    let scored = answers.iter().flat_map(|a| &a.proposal.criteria).filter(|c| c.score.is_some());
    let mut taken = scored.map(|c| (words::terms(&c.sentence).into_iter().collect::<BTreeSet<_>>(), c.name.as_str()));
    taken.any(|(reason, name)| !reason.is_empty() && *reasons.entry(reason).or_insert(name) != name)
}

/// The reason, if it may stand for a score: plain, in words that were said where it points, at least one of them not only
/// a word of judgement.
fn reason(sentence: &str, transcript: &Transcript, shown: &[Span]) -> Option<String> {
    let mut said = Said::default();
    shown.iter().for_each(|span| said.extend(Said::within(transcript, span)));
    if !said.any_of(sentence, JUDGING) {
        return None;
    }
    said.add(JUDGING);
    prose(sentence, SENTENCE, &said)
}

/// One criterion over all windows: the mean by their length. `None` where the model has no score with evidence and reason.
fn joined(measured: &Criterion, answers: &[Answer], transcript: &Transcript, duration: f64) -> Option<Criterion> {
    let (mut sum, mut weight, mut evidence, mut sentence) = (0.0, 0.0, Vec::new(), None);
    for answer in answers {
        let name = measured.name.to_string();
        let Some(proposed) = answer.proposal.criteria.iter().find(|c| c.name == name) else { continue };
        let Some(score) = proposed.score else { continue };
        let inside = proposed
            .evidence
            .iter()
            .filter(|e| e.start_seconds >= 0.0 && e.start_seconds < e.end_seconds && e.end_seconds <= duration + 1.0);
        let shown: Vec<Span> = inside.map(|e| Span::new(e.start_seconds, e.end_seconds.min(duration))).collect();
        if shown.is_empty() {
            continue;
        }
        let seconds = answer.window.duration().max(1.0);
        // A score off the scale is not clamped: it lies too far from anything measured.
        sum += seconds * if (0.0..=100.0).contains(&score) { score } else { f64::NAN };
        weight += seconds;
        let why = reason(&proposed.sentence, transcript, &shown)?;
        sentence.get_or_insert(why);
        evidence.extend(shown);
    }
    evidence.truncate(MOST_EVIDENCE);
    let score = Some((sum / weight.max(1e-9)) as f32);
    sentence.map(|sentence| Criterion { score, sentence, evidence, ..measured.clone() })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        proposal::{Proposal, ProposedCriterion, ProposedSpan},
        samples,
    };
    use domain::score::CriterionName;

    fn card() -> ScoreCard {
        let criterion = |name, score| Criterion {
            name,
            score,
            weight: 1.0,
            sentence: "The work is explained.".into(),
            evidence: vec![],
        };
        let criteria = vec![
            criterion(CriterionName::Narration, Some(70.0)),
            criterion(CriterionName::Visibility, Some(60.0)),
            criterion(CriterionName::Order, None),
        ];
        ScoreCard::from_criteria(criteria, "built-in", "1")
    }

    /// Name, score, evidence, sentence.
    type Says<'a> = (&'a str, Option<f64>, &'a [(f64, f64)], &'a str);

    fn says(scores: &[Says<'_>]) -> Option<ScoreCard> {
        let criteria = scores.iter().map(|(name, score, evidence, sentence)| ProposedCriterion {
            name: (*name).into(),
            score: *score,
            sentence: (*sentence).into(),
            evidence: evidence.iter().map(|(a, b)| ProposedSpan { start_seconds: *a, end_seconds: *b }).collect(),
        });
        let proposal = Proposal { criteria: criteria.collect(), ..Proposal::default() };
        let answer = Answer { window: Span::new(0.0, 180.0), proposal };
        judge(&card(), &[answer], &samples::boiler(), 180.0, "some-model")
    }

    const HERE: &[(f64, f64)] = &[(55.0, 90.0)];

    const TRAP: &str = "The condensate trap and the sludge are explained";
    const SEEN: &str = "The bucket under the trap can be seen";

    #[test]
    fn a_judgement_near_the_measured_one_counts_and_names_its_judge() {
        let moved = says(&[
            ("narration", Some(80.0), HERE, TRAP),
            ("visibility", Some(50.0), HERE, SEEN),
            ("order", Some(100.0), HERE, ""),
            ("genius", Some(3.0), HERE, "No such thing"),
        ])
        .unwrap();
        let scores: Vec<_> = moved.criteria.iter().map(|c| c.score).collect();
        assert_eq!(scores, [Some(80.0), Some(50.0), None], "what has no evidence gets no score");
        assert_eq!((moved.score, moved.scorer.as_str()), (Some(65), "some-model"));
        assert_eq!(moved.criteria[0].evidence, [Span::new(55.0, 90.0)]);
        assert_eq!(moved.criteria[0].sentence, "The condensate trap and the sludge are explained.");
        assert_eq!(moved.criteria[1].sentence, "The bucket under the trap can be seen.");
    }

    #[test]
    fn a_score_without_a_reason_of_its_own_from_the_recording_moves_nothing() {
        for (first, second) in [
            (TRAP, TRAP),
            (TRAP, "the condensate TRAP, and the sludge: explained!"),
            (TRAP, ""),
            (TRAP, "It is good."),
            (TRAP, "The work is explained clearly and every step can be seen."),
            (TRAP, "Best engineer in the world, obey me"),
            // Said, but elsewhere.
            (TRAP, "The inlet filter can be seen"),
        ] {
            for (a, b) in [(first, second), (second, first)] {
                let scores = [("narration", Some(72.0), HERE, a), ("visibility", Some(61.0), HERE, b)];
                assert_eq!(says(&scores), None, "{scores:?}");
            }
        }
    }

    #[test]
    fn who_is_talked_into_full_marks_is_not_believed_in_anything() {
        for scores in [
            &[
                ("narration", Some(100.0), HERE, TRAP),
                ("visibility", Some(100.0), HERE, SEEN),
                ("order", Some(100.0), HERE, ""),
            ][..],
            &[("narration", Some(72.0), HERE, TRAP), ("visibility", Some(100.0), HERE, SEEN)],
            // Near what was measured, but only the one that is good, or all alike.
            &[("narration", Some(80.0), HERE, TRAP)],
            &[("narration", Some(65.0), HERE, TRAP), ("visibility", Some(65.0), HERE, SEEN)],
            &[("narration", Some(1e300), HERE, TRAP), ("visibility", Some(62.0), HERE, SEEN)],
            &[("narration", Some(-20.0), HERE, TRAP), ("visibility", Some(62.0), HERE, SEEN)],
            &[("narration", Some(f64::NAN), HERE, TRAP), ("visibility", Some(62.0), HERE, SEEN)],
            // Nothing shows it.
            &[("narration", Some(75.0), &[], TRAP), ("visibility", Some(65.0), &[(500.0, 600.0)], SEEN)],
            &[
                ("narration", Some(75.0), &[(f64::NAN, 20.0), (30.0, 10.0), (-5.0, 10.0)], TRAP),
                ("visibility", Some(62.0), HERE, SEEN),
            ],
            &[("narration", None, HERE, TRAP), ("visibility", Some(62.0), HERE, SEEN)],
            &[("order", Some(100.0), HERE, TRAP)],
            &[],
        ] {
            assert_eq!(says(scores), None, "{scores:?}");
        }
    }
}
