use super::*;
use crate::{Options, boundaries::segment, name, samples};
use domain::utterance::{TranscriptSource, Utterance};

fn step(procedure_name: &str, said: &str, start: f64) -> Step {
    Step {
        procedure_name: procedure_name.into(),
        description: String::new(),
        said: said.into(),
        span: Span::new(start, start + 60.0),
    }
}

fn service() -> Vec<Step> {
    vec![
        step("Isolate the boiler", "Switch off the electrical supply at the spur and close the gas cock.", 0.0),
        step("Clean the condensate trap", "Put a bucket under the trap, rinse the sludge out of it.", 60.0),
        step("Replace the inlet filter", "Loosen the union nut of the housing and fit a new filter.", 120.0),
        step("Test the gas pressure", "Connect the manometer at the test point and read the millibar.", 180.0),
    ]
}

/// A session in which these steps are done one after the other, a minute each.
fn session(steps: &[Step]) -> (Vec<ProcedureDraft>, Transcript) {
    let at = |i: usize| 60.0 * i as f64;
    let drafts = steps.iter().enumerate().map(|(i, step)| ProcedureDraft {
        procedure_name: step.procedure_name.clone(),
        description: String::new(),
        start_seconds: at(i),
        end_seconds: at(i + 1),
        status: ProcedureStatus::Approved,
        excluded_reason: None,
    });
    let said = steps.iter().enumerate().flat_map(|(i, step)| {
        let parts = [step.procedure_name.as_str()].into_iter().chain(step.said.split(", ")).enumerate();
        parts.map(move |(k, text)| Utterance {
            speaker: Default::default(),
            start: at(i) + 15.0 * k as f64,
            end: at(i) + 15.0 * k as f64 + 10.0,
            text: text.to_owned(),
            confidence: 1.0,
            words: Vec::new(),
        })
    });
    let utterances = said.collect();
    (drafts.collect(), Transcript { source: TranscriptSource::Captions, utterances, voiced: Vec::new() })
}

fn beside(trainer: &[Step], trainee: &[Step]) -> Alignment {
    let (drafts, transcript) = session(trainee);
    align(trainer, &drafts, &transcript)
}

fn fates(alignment: &Alignment) -> Vec<(Fate, &str)> {
    alignment.steps.iter().map(|s| (s.fate, s.procedure_name.as_str())).collect()
}

#[test]
fn the_same_job_is_done_in_order() {
    let alignment = beside(&service(), &service());
    assert!(alignment.steps.iter().all(|s| s.fate == Fate::Done && s.done == 1.0), "{alignment:#?}");
    let third = alignment.steps[2].trainee.unwrap();
    assert!(third.overlap(&Span::new(120.0, 180.0)) > 0.9 * third.duration(), "{third:?}");
}

#[test]
fn missing_moved_and_extra_steps_are_told_apart() {
    let mut trainee = service();
    trainee.remove(1);
    trainee.swap(1, 2);
    trainee.insert(1, step("Sweep the kitchen floor", "I use a broom and a dust pan here.", 300.0));
    let alignment = beside(&service(), &trainee);
    let found = fates(&alignment);
    assert_eq!(found[0], (Fate::Done, "Isolate the boiler"));
    assert_eq!(found[1], (Fate::Missing, "Clean the condensate trap"));
    assert_eq!(found[4], (Fate::Extra, "Sweep the kitchen floor"));
    let moved: Vec<_> = alignment.of(Fate::OutOfOrder).collect();
    assert_eq!(moved.len(), 1, "of two that changed places one is out of order: {alignment:#?}");
    let names = ["Replace the inlet filter", "Test the gas pressure"];
    assert!(names.contains(&moved[0].procedure_name.as_str()));
    let Some(Came::Before(other) | Came::After(other)) = &moved[0].came else { panic!("{moved:?}") };
    assert!(names.contains(&other.as_str()) && *other != moved[0].procedure_name, "{moved:?}");
}

#[test]
fn however_the_trainee_was_cut_the_steps_are_found() {
    let (drafts, transcript) = session(&service());
    let whole = ProcedureDraft { end_seconds: 240.0, ..drafts[0].clone() };
    let halves = drafts.iter().flat_map(|d| {
        let middle = (d.start_seconds + d.end_seconds) / 2.0;
        [ProcedureDraft { end_seconds: middle, ..d.clone() }, ProcedureDraft { start_seconds: middle, ..d.clone() }]
    });
    for cut in [vec![whole], halves.collect(), drafts.clone()] {
        let alignment = align(&service(), &cut, &transcript);
        assert_eq!(alignment.of(Fate::Done).count(), 4, "{alignment:#?}");
    }
}

#[test]
fn names_alone_are_enough() {
    let bare =
        |steps: Vec<Step>| -> Vec<Step> { steps.into_iter().map(|s| Step { said: String::new(), ..s }).collect() };
    let mut trainee = service();
    trainee.remove(0);
    let alignment = beside(&bare(service()), &trainee);
    assert_eq!(
        alignment.of(Fate::Missing).map(|s| s.procedure_name.as_str()).collect::<Vec<_>>(),
        ["Isolate the boiler"]
    );
    assert_eq!(alignment.of(Fate::Done).count(), 3, "{alignment:#?}");
}

#[test]
fn nothing_beside_nothing_is_nothing() {
    assert_eq!(beside(&[], &[]), Alignment::default());
    assert_eq!(beside(&service(), &[]).of(Fate::Missing).count(), 4);
    assert_eq!(beside(&[], &service()).of(Fate::Extra).count(), 4);
}

#[test]
fn steps_are_the_shown_procedures_with_their_words() {
    let (transcript, signals, options) = (samples::boiler(), samples::signals(180.0), Options::default());
    let drafts = name(&segment(&transcript, &signals, &options, &[]), &transcript, &signals, &options);
    let steps = steps(&drafts, &transcript);
    assert_eq!(steps.len(), drafts.iter().filter(|d| d.status == ProcedureStatus::Approved).count());
    assert!(steps[1].said.contains("bucket"), "{steps:#?}");
}
