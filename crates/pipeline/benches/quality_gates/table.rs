//! The tables.

use crate::{
    Half,
    judge::{Group, Judged},
};
use domain::{Span, session::FailureReason};

/// Prints misses and false alarms of the findings and of the gate, for each half.
pub fn print(judged: &[Judged], show: bool) {
    for half in Half::BOTH {
        let of: Vec<&Judged> = judged.iter().filter(|j| j.recording.half == half).collect();
        println!("\n{}: {} recordings\n", half.name(), of.len());
        println!("{:<26}{:>12}{:>14}{:>20}", "finding", "missed", "false alarm", "start, end off by s");
        for group in Group::ALL {
            findings(group, &of);
        }
        println!("\n{:<26}{:>12}{:>14}", "session ends", "missed", "false alarm");
        for reason in [FailureReason::AudioDropout, FailureReason::CameraOccluded, FailureReason::NoProcedures] {
            let due = |j: &&Judged| j.recording.ends.contains(&reason);
            let (with, without): (Vec<&Judged>, Vec<&Judged>) = of.iter().copied().partition(due);
            let missed = with.iter().filter(|j| !j.ends_right()).count();
            let alarms = without.iter().filter(|j| j.ended == Some(reason)).count();
            println!(
                "{:<26}{:>12}{:>14}",
                reason.to_string(),
                of_all(missed, with.len()),
                of_all(alarms, without.len())
            );
        }
    }
    if show {
        judged.iter().for_each(mistakes);
    }
}

fn findings(group: Group, of: &[&Judged]) {
    let (with, without): (Vec<&Judged>, Vec<&Judged>) = of.iter().copied().partition(|j| group.is_in(j.recording));
    let missed = with.iter().filter(|j| !is_found(group, j)).count();
    let alarms = without.iter().filter(|j| !j.found(group).is_empty()).count();
    let mut off: Vec<f64> = with.iter().filter(|j| is_found(group, j)).flat_map(|j| ends_off(group, j)).collect();
    off.sort_by(f64::total_cmp);
    let off = off.get(off.len() / 2).map_or("—".into(), |m| format!("median {m:.1}"));
    println!("{:<26}{:>12}{:>14}{off:>20}", group.name(), of_all(missed, with.len()), of_all(alarms, without.len()));
}

fn truth(j: &Judged) -> Option<Span> {
    j.recording.fault.map(|(_, from, to)| Span::new(from, to))
}

/// A fault is found when more than half of its seconds are.
fn is_found(group: Group, j: &Judged) -> bool {
    truth(j).is_some_and(|t| j.found(group).iter().map(|s| s.overlap(&t)).sum::<f64>() > 0.5 * t.duration())
}

fn ends_off(group: Group, j: &Judged) -> Vec<f64> {
    let found = j.found(group);
    match (truth(j), found.first(), found.last()) {
        (Some(t), Some(first), Some(last)) => vec![(first.start - t.start).abs(), (last.end - t.end).abs()],
        _ => Vec::new(),
    }
}

fn mistakes(j: &Judged) {
    let at_fault = |g: &Group| match (g.is_in(j.recording), *g == Group::Pocket) {
        (true, _) => !is_found(*g, j),
        (false, _) => !j.found(*g).is_empty(),
    };
    let wrong: Vec<&str> = Group::ALL.iter().filter(|g| at_fault(g)).map(|g| g.name()).collect();
    if wrong.is_empty() && j.ends_right() {
        return;
    }
    let r = j.recording;
    println!("{} {} ({}), {:.0} s, fault {:?}", r.half.name(), r.kind, r.recipe.clip, r.recipe.seconds, r.fault);
    println!("    wrong: {wrong:?}; ended {:?} instead of {:?}: {}", j.ended, r.ends, j.sentence);
    j.findings.iter().for_each(|f| println!("    {:?}: {}", f.fault, f.sentence));
}

fn of_all(count: usize, all: usize) -> String {
    format!("{count} of {all}")
}
