//! A trainee's session beside the trainer's, measured: marked segments of recorded sessions are the trainer's steps;
//! the same with words lost and replaced, steps left out, moved, cut in two and foreign ones put in are the trainee's.
//! Stands on `tinyrec` of the shared data. `--no-capture` prints the table.

#![allow(clippy::unwrap_used)]

use domain::{
    Span,
    procedure::{ProcedureDraft, ProcedureStatus},
    utterance::{Transcript, TranscriptSource, Utterance},
};
use extraction::align::{Alignment, Fate, Step, align};
use serde::Deserialize;
use std::collections::HashSet;

#[derive(Deserialize)]
struct Recording {
    utterances: Vec<Utterance>,
    coarse: Vec<Marked>,
    #[serde(default)]
    fine: Vec<Marked>,
}

#[derive(Deserialize)]
struct Marked {
    start: f64,
    end: f64,
    title: String,
}

/// A small generator of numbers, the same on every machine.
struct Chance(u64);

impl Chance {
    fn below(&mut self, n: usize) -> usize {
        self.0 = self.0.wrapping_mul(6364136223846793005).wrapping_add(1442695040888963407);
        ((self.0 >> 33) as usize) % n.max(1)
    }

    fn happens(&mut self, percent: usize) -> bool {
        self.below(100) < percent
    }
}

/// How the trainee's words differ.
#[derive(Clone, Copy)]
struct Wording {
    lost: usize,
    replaced: usize,
    /// Whether the trainer's side has its names only.
    names_only: bool,
    /// Whether the trainee says the trainer's names, as people do who announce what they do.
    named: bool,
}

#[derive(Default)]
struct Counts {
    right: f64,
    said: f64,
    true_: f64,
}

impl Counts {
    fn show(&self) -> String {
        format!("{:.2} {:.2}", self.right / self.said.max(1.0), self.right / self.true_.max(1.0))
    }

    fn f1(&self) -> f64 {
        2.0 * self.right / (self.said + self.true_).max(1.0)
    }
}

#[test]
fn fates_are_found_whatever_the_wording() {
    let Some(data) = testkit::data() else { return };
    let same = Wording { lost: 0, replaced: 0, names_only: false, named: false };
    let wordings = [
        ("same words", same, 0.9),
        ("30 % of words changed", Wording { lost: 15, replaced: 15, ..same }, 0.85),
        ("60 % of words changed", Wording { lost: 30, replaced: 30, ..same }, 0.75),
        ("30 % changed, names said", Wording { lost: 15, replaced: 15, named: true, ..same }, 0.85),
        (
            "30 % changed, names said and known only",
            Wording { lost: 15, replaced: 15, names_only: true, named: true },
            0.7,
        ),
    ];
    println!("precision recall of:                                    done       missing    moved      extra");
    for (set, fine) in [("tinyrec", false), ("tinyrec", true)] {
        let recordings = read(&data.join(set), fine);
        for (name, wording, least) in wordings {
            let counts = measure(&recordings, wording);
            let shown: Vec<String> = counts.iter().map(Counts::show).collect();
            println!("{set:9}{:7}{name:36}  {}", if fine { "fine" } else { "coarse" }, shown.join("  "));
            assert!(counts[0].f1() >= least, "{set} {name}: done {:.2}", counts[0].f1());
        }
    }
}

/// The steps of every recording; one whose title came before is left out, since nothing tells the two apart.
fn read(folder: &std::path::Path, fine: bool) -> Vec<Vec<Step>> {
    let mut files: Vec<_> = std::fs::read_dir(folder).unwrap().map(|f| f.unwrap().path()).collect();
    files.retain(|f| f.extension().is_some_and(|e| e == "json"));
    files.sort();
    let recordings = files.iter().map(|f| serde_json::from_slice::<Recording>(&std::fs::read(f).unwrap()).unwrap());
    recordings.map(|r| steps(&r, fine)).filter(|steps| steps.len() >= 3).collect()
}

fn steps(recording: &Recording, fine: bool) -> Vec<Step> {
    let mut known = HashSet::new();
    let marked = if fine { &recording.fine } else { &recording.coarse };
    let fresh = marked.iter().filter(|m| known.insert(m.title.to_lowercase()));
    fresh
        .map(|m| {
            let middle = |u: &Utterance| (u.start + u.end) / 2.0;
            let within = recording.utterances.iter().filter(|u| middle(u) >= m.start && middle(u) < m.end);
            let said: Vec<&str> = within.map(|u| u.text.as_str()).collect();
            Step {
                procedure_name: m.title.clone(),
                description: String::new(),
                said: said.join(" "),
                span: Span::new(m.start, m.end),
            }
        })
        .collect()
}

/// Counts of done, missing, moved and extra over five trainees of every recording.
fn measure(recordings: &[Vec<Step>], wording: Wording) -> [Counts; 4] {
    let mut counts: [Counts; 4] = Default::default();
    for (r, trainer) in recordings.iter().enumerate() {
        let foreign = &recordings[(r + 1) % recordings.len()];
        for seed in 0..5u64 {
            one(trainer, foreign, wording, Chance(1 + seed + 1000 * r as u64), &mut counts);
        }
    }
    counts
}

fn one(trainer: &[Step], foreign: &[Step], wording: Wording, mut chance: Chance, counts: &mut [Counts; 4]) {
    let n = trainer.len();
    // The trainee's way, as indices of the trainer's steps; foreign steps from `n` on.
    let mut way: Vec<usize> = (0..n).filter(|_| !chance.happens(15)).collect();
    let mut moved = None;
    if way.len() >= 4 {
        let from = chance.below(way.len());
        let to = (from + 2 + chance.below(way.len() - 3)) % way.len();
        let step = way.remove(from);
        way.insert(to.min(way.len()), step);
        moved = Some(step);
    }
    for k in 0..n.div_ceil(8).min(foreign.len()) {
        way.insert(chance.below(way.len() + 1), n + k);
    }
    let mut trainee: Vec<(usize, Step)> = Vec::new();
    for &i in &way {
        let step = if i < n { &trainer[i] } else { &foreign[i - n] };
        let said = if wording.named { format!("{}. {}", step.procedure_name, step.said) } else { step.said.clone() };
        let said = reworded(&said, foreign, wording, &mut chance);
        let words: Vec<&str> = said.split_whitespace().collect();
        let one = |said: String| Step { said, ..step.clone() };
        // A long one is sometimes cut in two.
        if i < n && words.len() >= 40 && chance.happens(15) {
            let (a, b) = words.split_at(words.len() / 2);
            trainee.extend([(i, one(a.join(" "))), (i, one(b.join(" ")))]);
        } else {
            trainee.push((i, one(said)));
        }
    }
    let known: Vec<Step> = trainer
        .iter()
        .map(|s| Step { said: if wording.names_only { String::new() } else { s.said.clone() }, ..s.clone() })
        .collect();
    let (drafts, transcript) = session(&trainee);
    let alignment = align(&known, &drafts, &transcript);
    let way: Vec<(usize, Span)> =
        trainee.iter().zip(&drafts).map(|((i, _), d)| (*i, Span::new(d.start_seconds, d.end_seconds))).collect();
    judge(&alignment, n, &way, moved, counts);
}

/// A session in which the steps are done one after the other, told in utterances of ten words at two words a second.
fn session(steps: &[(usize, Step)]) -> (Vec<ProcedureDraft>, Transcript) {
    let (mut at, mut drafts, mut utterances) = (0.0, Vec::new(), Vec::new());
    for (_, step) in steps {
        let start = at;
        let words: Vec<&str> = step.said.split_whitespace().collect();
        for part in words.chunks(10) {
            let end = at + 0.5 * part.len() as f64;
            let (text, confidence) = (part.join(" "), 1.0);
            utterances.push(Utterance {
                speaker: Default::default(),
                start: at,
                end,
                text,
                confidence,
                words: Vec::new(),
            });
            at = end;
        }
        at += 1.0;
        drafts.push(ProcedureDraft {
            procedure_name: step.procedure_name.clone(),
            description: String::new(),
            start_seconds: start,
            end_seconds: at,
            status: ProcedureStatus::Approved,
            excluded_reason: None,
        });
    }
    (drafts, Transcript { source: TranscriptSource::Captions, utterances, voiced: Vec::new() })
}

/// A step is found when it is found where it is; an extra one when the procedure is.
fn judge(alignment: &Alignment, n: usize, way: &[(usize, Span)], moved: Option<usize>, counts: &mut [Counts; 4]) {
    let steps: Vec<_> = alignment.trainers().collect();
    let right_place = |i: usize| {
        let found = steps[i].trainee.unwrap();
        let within = way.iter().filter(|(j, _)| *j == i).map(|(_, span)| span.overlap(&found)).sum::<f64>();
        within >= 0.5 * found.duration()
    };
    for (i, step) in steps.iter().enumerate().take(n) {
        let missing = !way.iter().any(|(j, _)| *j == i);
        let done = !missing && moved != Some(i);
        let fate = step.fate;
        let mut count = |which: usize, said: bool, is: bool, right: bool| {
            counts[which].said += f64::from(u8::from(said));
            counts[which].true_ += f64::from(u8::from(is));
            counts[which].right += f64::from(u8::from(said && is && right));
        };
        count(0, fate == Fate::Done, done, fate == Fate::Done && right_place(i));
        count(1, fate == Fate::Missing, missing, true);
        count(2, fate == Fate::OutOfOrder, moved == Some(i), fate == Fate::OutOfOrder && right_place(i));
    }
    let extra: Vec<Span> = alignment.of(Fate::Extra).map(|s| s.trainee.unwrap()).collect();
    for (i, span) in way {
        let said = extra.contains(span);
        counts[3].said += f64::from(u8::from(said));
        counts[3].true_ += f64::from(u8::from(*i >= n));
        counts[3].right += f64::from(u8::from(said && *i >= n));
    }
}

/// The words of a step with some lost and some replaced by words of another recording.
fn reworded(said: &str, foreign: &[Step], wording: Wording, chance: &mut Chance) -> String {
    let others: Vec<&str> = foreign.iter().flat_map(|s| s.said.split_whitespace()).collect();
    let word = |word: &str, chance: &mut Chance| match chance.below(100) {
        dice if dice < wording.lost => None,
        dice if dice < wording.lost + wording.replaced && !others.is_empty() => {
            Some(others[chance.below(others.len())].to_owned())
        }
        _ => Some(word.to_owned()),
    };
    said.split_whitespace().filter_map(|w| word(w, chance)).collect::<Vec<_>>().join(" ")
}
