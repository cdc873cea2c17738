use super::*;
use crate::{
    align::{align, steps},
    boundaries::segment,
    name, samples,
    score::{score, score_against},
};
use domain::signals::Picture;

fn options() -> Options {
    Options { task_title: Some("Boiler service".into()), ..Default::default() }
}

fn cover(picture: &mut Picture, frames: std::ops::Range<usize>) {
    for f in &mut picture.frames[frames] {
        (f.luma, f.contrast, f.sharpness) = (5.0, 1.0, 0.2);
    }
}

fn draft(name: &str, start: f64, end: f64) -> ProcedureDraft {
    ProcedureDraft {
        procedure_name: name.into(),
        description: String::new(),
        start_seconds: start,
        end_seconds: end,
        status: ProcedureStatus::Approved,
        excluded_reason: None,
    }
}

fn told(drafts: &[ProcedureDraft], transcript: &Transcript, signals: &Signals) -> String {
    let card = score(drafts, transcript, signals, &options());
    summarise(drafts, transcript, &card, signals, &options()).unwrap()
}

#[test]
fn it_says_what_was_done_in_what_order_how_long_and_what_was_unclear() {
    let (transcript, mut signals) = (samples::boiler(), samples::signals(180.0));
    cover(signals.picture.as_mut().unwrap(), 10..15);
    let drafts = vec![
        draft("Isolate the boiler", 0.0, 55.0),
        draft("Clean the condensate trap", 55.0, 118.0),
        draft("Replace the inlet filter", 118.0, 168.0),
        ProcedureDraft { status: ProcedureStatus::Excluded, ..draft("Farewell", 168.0, 180.0) },
    ];
    assert_eq!(
        told(&drafts, &transcript, &signals),
        "“Boiler service” shows three procedures in 2m 48s. It begins with “Isolate the boiler” (55s), goes on with “Clean \
         the condensate trap” (1m 03s) and ends with “Replace the inlet filter” (50s). The camera sees nothing from 0:40 \
         to 1:00. What lies between 2:48 and 3:00 was too weak for a procedure and is left out. Precautions are spoken of \
         along with the work."
    );
    assert!(
        told(&drafts[..1], &transcript, &signals)
            .starts_with("“Boiler service” shows one procedure, “Isolate the boiler”, in 55s. The camera")
    );
}

#[test]
fn forty_procedures_do_not_become_forty_clauses() {
    let drafts: Vec<_> =
        (0..40).map(|i| draft(&format!("Job {i}"), 60.0 * f64::from(i), 60.0 * f64::from(i) + 50.0)).collect();
    let mut signals = samples::signals(2400.0);
    for at in [10, 100, 200, 300, 400] {
        cover(signals.picture.as_mut().unwrap(), at..at + 5);
    }
    let transcript = samples::transcript(&[(1.0, "Let's go on and do all of this work today.")]);
    let told = told(&drafts, &transcript, &signals);
    assert!(
        told.starts_with("“Boiler service” shows 40 procedures in 33m 20s. It begins with “Job 0” (50s), goes on with")
    );
    assert!(told.contains("“Job 3” (50s) and 35 more and ends with “Job 39” (50s)."), "{told}");
    assert!(told.contains("The camera sees nothing in five places, 1m 40s in all, the longest from"), "{told}");
    assert!(told.split_whitespace().count() < 110, "{told}");
}

#[test]
fn beside_the_trainer_it_says_what_is_missing_out_of_order_and_extra() {
    let (transcript, signals) = (samples::boiler_service(), samples::signals(190.0));
    let drafts = name(&segment(&transcript, &signals, &options(), &[]), &transcript, &signals, &options());
    let trainer = steps(&drafts, &transcript);
    assert!(trainer.len() >= 4, "{trainer:#?}");
    let part = |i: usize, at: f64, to: &mut Transcript| {
        let span = trainer[i].span;
        let said = transcript.utterances.iter().filter(|u| u.start >= span.start && u.start < span.end);
        to.utterances.extend(said.cloned().map(|mut u| {
            (u.start, u.end) = (u.start - span.start + at, u.end - span.start + at);
            u
        }));
        at + span.duration()
    };
    let beside = |way: &[usize], foreign: &str| {
        let mut other = Transcript { utterances: Vec::new(), ..transcript.clone() };
        let end = way.iter().fold(0.0, |at, i| part(*i, at, &mut other));
        let mut drafts: Vec<_> = way
            .iter()
            .scan(0.0, |at, i| {
                let start = *at;
                *at += trainer[*i].span.duration();
                Some(draft(&trainer[*i].procedure_name, start, *at))
            })
            .collect();
        if !foreign.is_empty() {
            other.utterances.extend(samples::transcript(&[(end, foreign), (end + 8.0, foreign)]).utterances);
            drafts.push(draft("Sweep the floor", end, end + 30.0));
        }
        let alignment = align(&trainer, &drafts, &other);
        let card = score_against(&drafts, &other, &signals, &options(), Some(&alignment));
        summarise_against(&drafts, &other, &card, &signals, &options(), Some(&alignment)).unwrap()
    };
    let all: Vec<usize> = (0..trainer.len()).collect();
    let told = beside(&all, "");
    assert!(
        told.contains(&format!("All of the trainer's {} steps were done, in the trainer's order.", all.len())),
        "{told}"
    );

    let mut way = all[1..].to_vec();
    way.swap(0, 1);
    let told = beside(&way, "I sweep the whole kitchen floor with a broom and a dust pan.");
    let missing = &trainer[0].procedure_name;
    assert!(told.contains(&format!("Missing against the trainer's way: “{missing}”.")), "{told}");
    let (a, b) = (&trainer[1].procedure_name, &trainer[2].procedure_name);
    let swapped = [format!("“{b}” came before “{a}”."), format!("“{a}” came only after “{b}”.")];
    assert!(swapped.iter().any(|s| told.contains(s)), "{told}");
    assert!(told.contains("Done besides, and not shown by the trainer: “Sweep the floor”."), "{told}");
    let none = beside(&[], "I sweep the whole kitchen floor with a broom and a dust pan.");
    assert!(none.contains("None of what the trainer showed was found."), "{none}");
}

#[test]
fn what_nobody_understands_is_said_with_its_times() {
    let (mut transcript, mut signals) = (samples::boiler(), samples::signals(180.0));
    for u in transcript.utterances.iter_mut().filter(|u| (55.0..90.0).contains(&u.start)) {
        u.confidence = 0.2;
    }
    let voiced = &mut signals.sound.as_mut().unwrap().voiced;
    voiced.fill(0.2);
    voiced[55..90].fill(0.9);
    let told = told(&[draft("Isolate the boiler", 0.0, 55.0)], &transcript, &signals);
    assert!(told.contains("What is said could not be understood from 0:5"), "{told}");
}

#[test]
fn nothing_extracted_is_not_summarised() {
    let (transcript, signals) = (Transcript::silent(), samples::signals(20.0));
    let card = score(&[], &transcript, &signals, &Options::default());
    assert_eq!(summarise(&[], &transcript, &card, &signals, &Options::default()), None);
}
