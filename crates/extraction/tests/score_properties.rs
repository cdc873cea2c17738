//! The score is stable (re-encoded, louder, a hundredth of the words changed: at most 3 points) and monotone (a
//! recording made worse never scores higher), over generated sessions and over the recorded ones of the shared data
//! with made-up pictures. `--no-capture` prints how far the recorded ones move.

#![allow(clippy::unwrap_used)]

mod sessions;

use domain::{
    Span,
    utterance::{Transcript, TranscriptSource, Utterance},
};
use proptest::prelude::*;
use serde::Deserialize;
use sessions::{Chance, Recipe, Session, made_up, signals};

/// Points that a harmless change may move the score by.
const STABLE: i32 = 3;

fn recipes() -> impl Strategy<Value = Recipe> {
    (any::<u64>(), 120.0..1500.0f64, 0.1..0.9f64, 0.3..1.0f64, 12.0..150.0f64, 0.5..12.0f64, 1..8usize).prop_map(
        |(seed, seconds, talk, confidence, light, sharpness, jobs)| Recipe {
            seed,
            seconds,
            talk,
            confidence,
            light,
            sharpness,
            jobs,
        },
    )
}

fn halves(session: &Session) -> [Span; 2] {
    let end = session.signals.duration_seconds;
    [Span::new(0.0, end / 2.0), Span::new(end / 2.0, end)]
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 32, ..ProptestConfig::default() })]

    #[test]
    fn a_harmless_change_moves_the_score_by_three_points_at_most(recipe in recipes(), louder in 6.0..12.0f32) {
        let (session, mut chance) = (made_up(&recipe), Chance(recipe.seed ^ 1));
        let before = session.total(None);
        prop_assume!(before >= 0);
        for (what, changed) in [
            ("re-encoded", session.re_encoded(&mut chance)),
            ("louder", session.louder(louder)),
            ("misheard", session.misheard(0.01, &mut chance)),
        ] {
            let after = changed.total(None);
            prop_assert!((after - before).abs() <= STABLE, "{what}: {before} to {after}\n{:#?}", changed.card(None));
        }
    }

    #[test]
    fn a_recording_made_worse_never_scores_higher(recipe in recipes(), by in 0.05..1.0f64, from in 0.0..0.9f64) {
        let (session, mut chance) = (made_up(&recipe), Chance(recipe.seed ^ 2));
        let (before, length) = (session.total(None), session.signals.duration_seconds);
        prop_assume!(before >= 0);
        let [first, second] = halves(&session);
        for (what, worse) in [
            ("muffled", session.muffled(by, &mut chance)),
            ("blurred", session.blurred(by as f32)),
            ("covered", session.covered(Span::new(from * length, (from + by) * length))),
            ("second half cut off", session.cut(first)),
            ("first half cut off", session.cut(second)),
        ] {
            let after = worse.total(None);
            prop_assert!(after <= before, "{what}: {before} to {after}\n{:#?}\n{:#?}", session.card(None), worse.card(None));
        }
    }

    #[test]
    fn beside_a_trainer_both_hold(recipe in recipes(), by in 0.05..1.0f64, from in 0.0..0.9f64, order in any::<u64>()) {
        let recipe = Recipe { jobs: recipe.jobs.max(3), confidence: recipe.confidence.max(0.65), ..recipe };
        let (session, mut chance) = (made_up(&recipe), Chance(recipe.seed ^ 3));
        let trainer = made_up(&Recipe { seed: recipe.seed ^ 7, talk: 0.6, confidence: 0.95, ..recipe.clone() }).steps();
        let (before, length) = (session.total(Some(&trainer)), session.signals.duration_seconds);
        prop_assume!(before >= 0);
        for changed in [session.re_encoded(&mut chance), session.misheard(0.01, &mut chance)] {
            let after = changed.total(Some(&trainer));
            prop_assert!((after - before).abs() <= STABLE, "{before} to {after}\n{:#?}", changed.card(Some(&trainer)));
        }
        let [first, second] = halves(&session);
        let part = length / recipe.jobs as f64;
        let parts: Vec<Span> = (0..recipe.jobs).map(|i| Span::new(part * i as f64, part * (i + 1) as f64)).collect();
        let mut places: Vec<usize> = (0..recipe.jobs).collect();
        let mut dice = Chance(order);
        (1..places.len()).rev().for_each(|i| places.swap(i, dice.below(i + 1)));
        for (what, worse) in [
            ("muffled", session.muffled(by, &mut chance)),
            ("covered", session.covered(Span::new(from * length, (from + by) * length))),
            ("second half cut off", session.cut(first)),
            ("first half cut off", session.cut(second)),
            ("shuffled", session.shuffled(&parts, &places)),
        ] {
            let after = worse.total(Some(&trainer));
            prop_assert!(
                after <= before,
                "{what}: {before} to {after}\n{:#?}\n{:#?}",
                session.card(Some(&trainer)),
                worse.card(Some(&trainer))
            );
        }
    }
}

#[derive(Deserialize)]
struct Recording {
    duration_seconds: f64,
    utterances: Vec<Utterance>,
    coarse: Vec<Marked>,
}

#[derive(Deserialize)]
struct Marked {
    start: f64,
    end: f64,
}

/// The recorded sessions, each with a picture of its own light, and the spans that people marked in it.
fn recorded() -> Option<Vec<(String, Session, Vec<Span>)>> {
    let folder = testkit::data()?.join("tinyrec");
    let mut files: Vec<_> = std::fs::read_dir(folder).unwrap().map(|f| f.unwrap().path()).collect();
    files.sort();
    let one = |(i, file): (usize, &std::path::PathBuf)| {
        let r: Recording = serde_json::from_slice(&std::fs::read(file).unwrap()).unwrap();
        let mut chance = Chance(i as u64);
        let (light, sharpness) = (chance.between(20.0, 140.0), chance.between(1.0, 10.0));
        let signals = signals(r.duration_seconds, light, sharpness, &r.utterances, &mut chance);
        let transcript =
            Transcript { source: TranscriptSource::Captions, utterances: r.utterances, voiced: Vec::new() };
        let marked = r.coarse.iter().map(|m| Span::new(m.start, m.end)).collect();
        (file.file_stem().unwrap().to_string_lossy().into_owned(), Session { transcript, signals }, marked)
    };
    Some(files.iter().enumerate().map(one).collect())
}

#[test]
fn recorded_sessions_are_scored_alike_after_a_harmless_change() {
    let Some(recorded) = recorded() else { return };
    for (name, session, _) in recorded {
        let (before, mut chance) = (session.total(None), Chance(11));
        let trainer = session.steps();
        let beside = session.total(Some(&trainer));
        let mut moved = (0, 0);
        for _ in 0..2 {
            let misheard = session.misheard(0.01, &mut chance);
            for changed in [session.re_encoded(&mut chance), session.louder(9.0), misheard] {
                let after = (changed.total(None) - before, changed.total(Some(&trainer)) - beside);
                moved = (moved.0.max(after.0.abs()), moved.1.max(after.1.abs()));
            }
        }
        println!("{name}: {before} moves by {}; beside its trainer {beside} moves by {}", moved.0, moved.1);
        assert!(moved.0 <= STABLE && moved.1 <= STABLE, "{name}: {moved:?}");
    }
}

#[test]
fn recorded_sessions_made_worse_never_score_higher() {
    let Some(recorded) = recorded() else { return };
    for (name, session, marked) in recorded {
        let (mut chance, length) = (Chance(12), session.signals.duration_seconds);
        let trainer = session.steps();
        let total = |s: &Session| (s.total(None), s.total(Some(&trainer)));
        let before = total(&session);
        let mut line = format!("{name}: {before:?}");
        let [first, second] = halves(&session);
        let reversed: Vec<usize> = (0..marked.len()).rev().collect();
        let worse = [
            ("muffled a little", session.muffled(0.3, &mut chance)),
            ("muffled", session.muffled(0.6, &mut chance)),
            ("blurred", session.blurred(0.7)),
            ("covered", session.covered(Span::new(0.3 * length, 0.5 * length))),
            ("half covered", session.covered(second)),
            ("second half cut off", session.cut(first)),
            ("first half cut off", session.cut(second)),
        ];
        for (what, worse) in &worse {
            let after = total(worse);
            line += &format!(", {what} {after:?}");
            assert!(
                after.0 <= before.0 && after.1 <= before.1,
                "{line}\n{:#?}\n{:#?}",
                session.card(None),
                worse.card(None)
            );
        }
        let after = session.shuffled(&marked, &reversed).total(Some(&trainer));
        println!("{line}, reversed {after}");
        assert!(after <= before.1, "{name}: reversed {after}");
    }
}
