use super::*;
use crate::{
    align::{align, steps},
    boundaries::segment,
    name, samples,
};
use domain::signals::FrameSample;

fn drafts() -> Vec<ProcedureDraft> {
    let (transcript, signals, options) = (samples::boiler(), samples::signals(180.0), Options::default());
    name(&segment(&transcript, &signals, &options, &[]), &transcript, &signals, &options)
}

fn card(transcript: &Transcript, signals: &Signals) -> ScoreCard {
    score(&drafts(), transcript, signals, &Options::default())
}

fn of(card: &ScoreCard, name: CriterionName) -> &Criterion {
    card.criteria.iter().find(|c| c.name == name).unwrap()
}

fn darken(frame: &mut FrameSample) {
    (frame.luma, frame.contrast, frame.sharpness) = (5.0, 1.0, 0.2);
}

#[test]
fn a_good_recording_scores_well_and_order_needs_a_reference() {
    let card = card(&samples::boiler(), &samples::signals(180.0));
    assert!(card.score.unwrap() >= 75, "{card:#?}");
    assert_eq!(of(&card, CriterionName::Order).score, None);
    assert_eq!(card.criteria.len(), 5);
    assert!(card.criteria.iter().all(|c| c.sentence.ends_with('.')));
    let shown = card.criteria.iter().filter(|c| c.score.is_some());
    assert!(shown.clone().count() >= 4 && shown.into_iter().all(|c| !c.evidence.is_empty()), "{card:#?}");
}

#[test]
fn every_criterion_shows_its_seconds() {
    let mut signals = samples::signals(180.0);
    signals.picture.as_mut().unwrap().frames.iter_mut().skip(10).take(5).for_each(darken);
    signals.sound.as_mut().unwrap().voiced[60..120].fill(0.0);
    let mut transcript = samples::boiler();
    transcript.utterances.retain(|u| u.start < 60.0 || u.start > 120.0);
    let card = card(&transcript, &signals);
    let visibility = of(&card, CriterionName::Visibility);
    assert_eq!(visibility.evidence, [Span::new(40.0, 60.0)]);
    assert_eq!(visibility.sentence, "Nothing can be seen for 20s.");
    let silent = &of(&card, CriterionName::Narration).evidence;
    assert!(silent.iter().any(|s| s.overlap(&Span::new(60.0, 120.0)) > 50.0), "{silent:?}");
}

#[test]
fn beside_a_trainer_completeness_and_order_are_about_the_steps() {
    let (transcript, signals, options) = (samples::boiler(), samples::signals(180.0), Options::default());
    let trainer = steps(&drafts(), &transcript);
    let beside = |transcript: &Transcript| {
        let drafts = name(&segment(transcript, &signals, &options, &[]), transcript, &signals, &options);
        let alignment = align(&trainer, &drafts, transcript);
        score_against(&drafts, transcript, &signals, &options, Some(&alignment))
    };
    let same = beside(&transcript);
    assert_eq!(of(&same, CriterionName::Completeness).score, Some(100.0), "{same:#?}");
    assert_eq!(of(&same, CriterionName::Completeness).sentence, "All 3 steps the trainer showed were done.");
    assert_eq!(of(&same, CriterionName::Order).score, Some(100.0));

    let mut shorter = transcript.clone();
    shorter.utterances.retain(|u| u.start < 55.0 || u.start > 110.0);
    let shorter = beside(&shorter);
    assert_eq!(of(&shorter, CriterionName::Completeness).sentence, "One of the trainer's 3 steps was not found.");
    let mut reversed = transcript.clone();
    reversed.utterances.iter_mut().for_each(|u| {
        let by = [118.0, 0.0, -118.0][usize::from(u.start >= 55.0) + usize::from(u.start >= 118.0)];
        (u.start, u.end) = (u.start + by, u.end + by);
    });
    reversed.utterances.sort_by(|a, b| a.start.total_cmp(&b.start));
    let reversed = beside(&reversed);
    assert!(of(&reversed, CriterionName::Order).score.unwrap() < 40.0, "{reversed:#?}");
    assert!(reversed.score < same.score && shorter.score < same.score);
    let mut other = transcript.clone();
    other.utterances.iter_mut().for_each(|u| u.text = "Next, we plant some roses in the garden.".into());
    assert_eq!(of(&beside(&other), CriterionName::Order).score, Some(0.0), "it does not vanish");
}

#[test]
fn safety_only_ever_helps() {
    let signals = samples::signals(180.0);
    let mut transcript = samples::boiler();
    let with = card(&transcript, &signals);
    transcript.utterances.iter_mut().for_each(|u| u.text = u.text.replace("lock", "leave").replace("safe", "good"));
    let less = card(&transcript, &signals);
    transcript.utterances.iter_mut().for_each(|u| u.text = u.text.replace("isolate", "open").replace("tester", "eye"));
    transcript.utterances.iter_mut().for_each(|u| u.text = u.text.replace("dead", "off"));
    let without = card(&transcript, &signals);
    assert!(with.score >= less.score && less.score >= without.score);
    let safety = of(&without, CriterionName::Safety);
    assert_eq!(safety.score, None, "{safety:?}");
    assert!(!safety.evidence.is_empty(), "a foreman can look where it was dangerous: {safety:?}");
}

#[test]
fn nothing_found_is_not_scored() {
    assert_eq!(score(&[], &samples::boiler(), &samples::signals(180.0), &Options::default()).score, None);
}

#[test]
fn a_precaution_that_is_denied_is_none() {
    let kinds = |said: &str| super::safety::judge(&samples::transcript(&[(0.0, said)]), 0.0).score;
    assert_eq!(kinds("I never wear gloves or goggles here."), None);
    assert_eq!(kinds("I don't isolate it, there's no danger."), None);
    assert!(kinds("I never work without gloves.").is_some());
    assert!(kinds("Don't touch it, isolate it and prove it dead.").is_some());
}

#[test]
fn strange_numbers_are_scored_without_harm() {
    let mut signals = samples::signals(180.0);
    signals.picture.as_mut().unwrap().frames[3].sharpness = f32::NAN;
    signals.sound.as_mut().unwrap().voiced[5] = f32::NAN;
    let mut transcript = samples::boiler();
    transcript.utterances[2].end = f64::INFINITY;
    transcript.utterances[3].confidence = f32::NAN;
    let card = card(&transcript, &signals);
    assert!(card.criteria.iter().filter_map(|c| c.score).all(|s| (0.0..=100.0).contains(&s)), "{card:#?}");
}
