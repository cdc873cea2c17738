//! Score: how good a training recording is, by named criteria that each say why and where.
//! Ramps instead of thresholds, so that a small change moves a score a little; every ramp only falls as a recording
//! gets worse.

use crate::{Options, activity, boundaries, quality, title, words};
use domain::{
    Span,
    procedure::{ProcedureDraft, ProcedureStatus},
    score::{Criterion, CriterionName, ScoreCard},
    signals::{Signals, Sound},
    utterance::Transcript,
};

/// Version of the rubric: changes with every rule or number below.
pub const RUBRIC_VERSION: &str = "1";
/// Who scores.
const SCORER: &str = "built-in";
/// Share of the work that a well-narrated recording speaks over.
const WELL_NARRATED: f64 = 0.45;
/// Evidence per criterion, at most.
const MOST_EVIDENCE: usize = 5;

/// Stems of words for what can hurt.
const DANGERS: &str = "gas electric voltage volt mains live pressur boiler blade saw grinder drill weld ladder roof chemic acid \
    hot burn steam flame fume asbesto fuse spur spring refriger scaffold jack";
/// Stems of words for what keeps safe.
const PRECAUTIONS: &str = "isol glove goggl glass helmet mask ventil care danger safe safeti protect lock lockout warn dead tester \
    ppe discharg depressuris extinguish caution hazard respir har harness cool";

/// Scores a session. Only approved procedures count; without any there is no score.
pub fn score(
    procedures: &[ProcedureDraft],
    transcript: &Transcript,
    signals: &Signals,
    _options: &Options,
) -> ScoreCard {
    let work: Vec<Span> = procedures
        .iter()
        .filter(|p| p.status == ProcedureStatus::Approved)
        .map(|p| Span::new(p.start_seconds, p.end_seconds))
        .collect();
    let criteria = match work.is_empty() {
        true => [
            CriterionName::Narration,
            CriterionName::Visibility,
            CriterionName::Completeness,
            CriterionName::Order,
            CriterionName::Safety,
        ]
        .map(|name| unknown(name, "No procedure was found, so there is nothing to judge."))
        .to_vec(),
        false => vec![
            narration(&work, transcript, signals),
            visibility(&work, signals),
            completeness(&work, transcript, signals),
            unknown(CriterionName::Order, "There is no known procedure to compare the order of the steps with."),
            safety(&work, transcript),
        ],
    };
    ScoreCard::from_criteria(criteria, SCORER, RUBRIC_VERSION)
}

/// How much of the work is spoken over, and how much of that is understood.
fn narration(work: &[Span], transcript: &Transcript, signals: &Signals) -> Criterion {
    let total: f64 = work.iter().map(Span::duration).sum();
    let known: f64 = words_seconds(work, transcript);
    let heard = voiced_seconds(work, transcript, signals).max(known).min(total);
    let spoken = (heard / total / WELL_NARRATED).min(1.0);
    // Speech whose words are lost counts for a little more than half.
    let clear = if heard > 0.0 { (known / heard).min(1.0) } else { 0.0 };
    // An empty sum is -0.
    let score = (100.0 * spoken * (0.55 + 0.45 * clear)).max(0.0);
    let percent = (100.0 * heard / total).round();
    let sentence = match () {
        _ if heard == 0.0 && signals.sound.is_none() => {
            "The recording has no sound, so the work is not explained.".to_owned()
        }
        _ if heard < 1.0 => "Nothing is said while the work is done.".to_owned(),
        _ if clear < 0.5 => {
            format!("Somebody speaks during {percent:.0} % of the work, but few of the words could be understood.")
        }
        _ => format!("The work is explained during {percent:.0} % of its time."),
    };
    let quiet = work.iter().filter(|s| words_seconds(&[**s], transcript) < 0.1 * s.duration());
    criterion(CriterionName::Narration, Some(score), sentence, quiet.copied().collect())
}

/// How well the frames show something.
fn visibility(work: &[Span], signals: &Signals) -> Criterion {
    let name = CriterionName::Visibility;
    if signals.picture.is_none() {
        return criterion(
            name,
            Some(0.0),
            "The recording has no picture, so the work cannot be seen.".into(),
            Vec::new(),
        );
    }
    let (sum, n) = work
        .iter()
        .flat_map(|span| activity::frames(signals, span))
        .fold((0.0, 0usize), |(sum, n), frame| (sum + quality::visibility(frame), n + 1));
    if n == 0 {
        return unknown(name, "Too few frames of the picture were looked at.");
    }
    let share = f64::from(sum) / n as f64;
    let dark: Vec<Span> =
        quality::occluded(signals).into_iter().filter(|d| work.iter().any(|w| w.overlap(d) > 0.0)).collect();
    let sentence = match dark.iter().map(Span::duration).sum::<f64>() {
        lost if lost >= 1.0 => format!("The camera is covered or in the dark for {lost:.0} seconds."),
        _ if share > 0.75 => "The picture is bright and detailed throughout.".to_owned(),
        _ => "Parts of the picture are dark, blurred or without detail.".to_owned(),
    };
    criterion(name, Some(100.0 * share), sentence, dark)
}

/// Whether the job is introduced, carried through and rounded off.
fn completeness(work: &[Span], transcript: &Transcript, signals: &Signals) -> Criterion {
    let duration = activity::duration(transcript, signals).max(1.0);
    let covered = (work.iter().map(Span::duration).sum::<f64>() / duration).min(1.0);
    let whole = Span::new(0.0, duration);
    let said = title::passages(transcript, &whole);
    let near = |p: &title::Passage, from: f64, to: f64| p.start >= from && p.start <= to;
    let margin = (0.15 * duration).max(30.0);
    let announces = said.iter().filter(|p| near(p, 0.0, margin) && title::announces(&p.text)).count();
    let rounds_off =
        said.iter().filter(|p| near(p, duration - margin, duration) && boundaries::rounds_off(&p.text)).count();
    let two = |n: usize| [0.0, 0.7, 1.0][n.min(2)];
    let score = 40.0 * covered + 30.0 * two(announces) + 30.0 * two(rounds_off);
    let sentence = match (announces > 0, rounds_off > 0) {
        (true, true) => "The job is announced at the beginning and rounded off at the end.",
        (true, false) => "The job is announced at the beginning, but nobody says that it is finished.",
        (false, true) => "The job is rounded off at the end, but nobody says at the beginning what will be done.",
        (false, false) => "Nobody says at the beginning what will be done, nor at the end that it is finished.",
    };
    let mut missing = Vec::new();
    if announces == 0 {
        missing.push(Span::new(0.0, margin.min(duration)));
    }
    if rounds_off == 0 {
        missing.push(Span::new((duration - margin).max(0.0), duration));
    }
    criterion(CriterionName::Completeness, Some(score), sentence.into(), missing)
}

/// Whether precautions are spoken of where the work is dangerous.
fn safety(work: &[Span], transcript: &Transcript) -> Criterion {
    let name = CriterionName::Safety;
    let (mut dangers, mut precautions, mut evidence) = (0usize, 0usize, Vec::new());
    for passage in work.iter().flat_map(|span| title::passages(transcript, span)) {
        let terms = words::terms(&passage.text);
        let count = |list: &str| terms.iter().filter(|t| list.split(' ').any(|stem| stem == t.as_str())).count();
        dangers += count(DANGERS);
        let here = count(PRECAUTIONS);
        precautions += here;
        if here > 0 {
            evidence.push(Span::new(passage.start, passage.start + 5.0));
        }
    }
    if dangers + precautions < 2 {
        return unknown(name, "Nothing dangerous is spoken of, so safety is not judged.");
    }
    let enough = 1.0 + (dangers as f64).sqrt();
    let score = 30.0 + 70.0 * (precautions as f64 / enough).min(1.0);
    let sentence = match precautions {
        0 => "Dangerous things are spoken of, but no precaution.",
        1 => "One precaution is spoken of.",
        _ => "Precautions are spoken of along with the work.",
    };
    criterion(name, Some(score), sentence.into(), evidence)
}

/// Seconds of the work over which confident words are spoken.
fn words_seconds(work: &[Span], transcript: &Transcript) -> f64 {
    let confident = transcript.utterances.iter().filter(|u| !words::confident_runs(u).is_empty());
    confident
        .map(|u| {
            let said = Span::new(u.start, u.end);
            work.iter().map(|w| w.overlap(&said)).sum::<f64>()
        })
        .sum()
}

/// Seconds of the work in which a voice is heard.
fn voiced_seconds(work: &[Span], transcript: &Transcript, signals: &Signals) -> f64 {
    match &signals.sound {
        Some(sound) => (0..sound.voiced.len())
            .map(|i| {
                let window = Span::new(i as f64 * Sound::WINDOW_SECONDS, (i + 1) as f64 * Sound::WINDOW_SECONDS);
                f64::from(sound.voiced[i].clamp(0.0, 1.0)) * work.iter().map(|w| w.overlap(&window)).sum::<f64>()
            })
            .sum(),
        None => transcript.voiced.iter().map(|v| work.iter().map(|w| w.overlap(v)).sum::<f64>()).sum(),
    }
}

fn criterion(name: CriterionName, score: Option<f64>, sentence: String, mut evidence: Vec<Span>) -> Criterion {
    let weight = match name {
        CriterionName::Narration | CriterionName::Visibility => 3.0,
        CriterionName::Completeness | CriterionName::Order => 2.0,
        CriterionName::Safety => 1.0,
    };
    evidence.truncate(MOST_EVIDENCE);
    Criterion { name, score: score.map(|s| s.clamp(0.0, 100.0) as f32), weight, sentence, evidence }
}

fn unknown(name: CriterionName, sentence: &str) -> Criterion {
    criterion(name, None, sentence.into(), Vec::new())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{boundaries::segment, name, samples};

    fn card(transcript: &Transcript, signals: &Signals) -> ScoreCard {
        let drafts = fixed(transcript, signals);
        score(&drafts, transcript, signals, &Options::default())
    }

    fn fixed(transcript: &Transcript, signals: &Signals) -> Vec<ProcedureDraft> {
        let parts = segment(&samples::boiler(), &samples::signals(180.0), &Options::default());
        name(&parts, transcript, signals, &Options::default())
    }

    fn of(card: &ScoreCard, name: CriterionName) -> Option<f32> {
        card.criteria.iter().find(|c| c.name == name).unwrap().score
    }

    #[test]
    fn a_good_recording_scores_well_and_order_needs_a_reference() {
        let card = card(&samples::boiler(), &samples::signals(180.0));
        assert!(card.score.unwrap() >= 80, "{card:#?}");
        assert_eq!(of(&card, CriterionName::Order), None);
        assert_eq!(card.criteria.len(), 5);
        assert!(card.criteria.iter().all(|c| c.sentence.ends_with('.')));
    }

    #[test]
    fn the_worse_the_recording_the_lower_the_score() {
        let (good, boiler) = (samples::signals(180.0), samples::boiler());
        let mut last = 101;
        for step in 0..=10 {
            let mut signals = good.clone();
            for f in &mut signals.picture.as_mut().unwrap().frames {
                let light = 1.0 - 0.09 * step as f32;
                (f.luma, f.contrast, f.sharpness) = (f.luma * light, f.contrast * light, f.sharpness * light);
            }
            let mut transcript = boiler.clone();
            transcript.utterances.truncate(boiler.utterances.len() - step);
            signals.sound.as_mut().unwrap().voiced.fill(0.6 - 0.05 * step as f32);
            let now = card(&transcript, &signals).score.unwrap();
            assert!(now <= last, "step {step}: {now} after {last}");
            last = now;
        }
        assert!(last < 50, "{last}");
    }

    #[test]
    fn one_word_more_or_less_moves_it_little() {
        let (signals, boiler) = (samples::signals(180.0), samples::boiler());
        let before = f64::from(card(&boiler, &signals).score.unwrap());
        for i in 0..boiler.utterances.len() {
            let mut changed = boiler.clone();
            changed.utterances[i].text = changed.utterances[i].text.rsplit_once(' ').unwrap().0.to_owned();
            let after = f64::from(card(&changed, &signals).score.unwrap());
            assert!((after - before).abs() <= 5.0, "utterance {i}: {before} to {after}");
        }
    }

    #[test]
    fn nothing_found_is_not_scored() {
        assert_eq!(score(&[], &samples::boiler(), &samples::signals(180.0), &Options::default()).score, None);
    }
}
