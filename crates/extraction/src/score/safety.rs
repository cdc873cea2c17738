//! Safety: whether precautions are spoken of. What is not said is not held against anybody: a precaution that was taken
//! in silence, or whose words were lost, cannot be told from one that was not taken.

use super::{known, unknown};
use crate::{title, words};
use domain::{
    Span,
    score::{Criterion, CriterionName},
    utterance::Transcript,
};
use std::collections::BTreeMap;

/// Stems of words for what can hurt.
const DANGERS: &str = "gas electric voltage volt mains live pressur boiler blade saw grinder drill weld ladder roof chemic acid \
    hot burn steam flame fume asbesto fuse spur spring refriger scaffold jack";
/// Stems of words for what keeps safe.
const PRECAUTIONS: &str = "isol glove goggl glass helmet mask ventil care danger safe safeti protect lock lockout warn dead tester \
    ppe discharg depressuris extinguish caution hazard respir har harness";
/// What turns a precaution into its opposite,
const DENIALS: &str = "never no not without dont doesnt didnt wont cant isnt wasnt arent nobody neither nor forgot";
/// within so many words before it, in the same clause.
const DENIED_WORDS: usize = 5;
/// Precautions of different kinds at which two thirds of the score are reached.
const SOME_KINDS: f64 = 1.6;

/// `others`: the mean of the other criteria. Safety counts where it raises that and never lowers it, so that a recording
/// in which the words of safety are lost is not scored higher for it.
pub fn judge(transcript: &Transcript, others: f32) -> Criterion {
    let name = CriterionName::Safety;
    let (mut dangers, mut precautions) = (BTreeMap::new(), BTreeMap::new());
    let (mut dangerous, mut careful) = (Vec::new(), Vec::new());
    for passage in title::passages(transcript, &Span::new(0.0, f64::INFINITY)) {
        let span = Span::new(passage.start, passage.start + 5.0);
        for (stem, denied) in terms(&passage.text) {
            let (list, evidence) = match () {
                _ if is_of(PRECAUTIONS, &stem) && denied => continue,
                _ if is_of(PRECAUTIONS, &stem) => (&mut precautions, &mut careful),
                _ if is_of(DANGERS, &stem) => (&mut dangers, &mut dangerous),
                _ => continue,
            };
            *list.entry(stem).or_insert(0) += 1;
            if evidence.last() != Some(&span) {
                evidence.push(span);
            }
        }
    }
    // Every kind by itself: said once it counts half, said often it counts one.
    let kinds: f64 = precautions.values().map(|n| 1.0 - 0.5f64.powi(*n)).sum();
    match (kinds > 0.0, dangers.len()) {
        (true, _) => {
            let score = 100.0 * (1.0 - (-kinds / SOME_KINDS).exp());
            let sentence = match precautions.values().sum::<i32>() {
                1 => "One precaution is spoken of.",
                _ => "Precautions are spoken of along with the work.",
            };
            let mut criterion = known(name, score, sentence.into(), careful);
            // At the mean of the others it changes nothing, so this is no step.
            if criterion.score.is_some_and(|score| score <= others) {
                criterion.weight = 0.0;
            }
            criterion
        }
        (false, 0) => unknown(name, "Nothing dangerous is spoken of, so safety is not judged.", Vec::new()),
        (false, _) => unknown(
            name,
            "Dangerous things are spoken of and no precaution; whether one was taken cannot be told from the words.",
            dangerous,
        ),
    }
}

/// The terms of a text, each with whether it is denied: "never wear gloves", but not "never without gloves".
fn terms(text: &str) -> Vec<(String, bool)> {
    let mut found = Vec::new();
    let mut before: Vec<bool> = Vec::new();
    for word in text.split_whitespace() {
        let near = before.iter().rev().take(DENIED_WORDS).filter(|denies| **denies).count();
        found.extend(words::terms(word).into_iter().map(|stem| (stem, near % 2 == 1)));
        let bare = words::bare(&words::normalise(word));
        before.push(DENIALS.split(' ').any(|denial| denial == bare) || bare.ends_with("n't"));
        if word.ends_with([',', '.', ';', ':', '!', '?']) {
            before.clear();
        }
    }
    found
}

fn is_of(list: &str, stem: &str) -> bool {
    list.split(' ').any(|s| s == stem)
}
