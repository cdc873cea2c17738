//! Boundaries: where one piece of work ends and the next begins.
//!
//! A probability over all ways to cut each active stretch ([`lattice`], a semi-Markov model): cues, pauses, changed words
//! and changed pictures speak for a boundary, and a segment should be about as long as pieces of work are and cohere.
//! What each signal weighs is learned ([`learn`], [`weights`]). The cut that agrees best with all others by their
//! probability is chosen ([`decode`]); the number of segments is found, not given.

mod cohesion;
mod cues;
mod decode;
mod elsewhere;
mod evidence;
mod heard;
mod labels;
mod lattice;
pub mod learn;
mod learned;
mod picture;
mod signals;
mod unheard;
mod units;
mod weights;

pub(crate) use cues::{begins_work, introduces, rounds_off};

use crate::{Options, Segment, activity, language, talk, title, words};
use domain::{
    Span,
    signals::Signals,
    utterance::{Transcript, Utterance},
};

/// What the committed weights were learned from, as a sentence: figures on the same recordings are no proof.
pub const LEARNED_FROM: &str = "the weights were learned from the TinyRec and Ego4D Goal-Step recordings of docs/design/extraction.md: \
    figures on those are in-sample";
/// No segment is shorter, in seconds.
pub const MIN_SECONDS: f64 = 5.0;
/// A recording shorter than this, in seconds, holds a procedure only if somebody says, in English, what work is done.
const SHORT_SECONDS: f64 = 45.0;
/// What small talk leaves of a stretch is work only if it is more about work than not, and as long as this, in seconds, or
/// work is announced in it.
const LEFTOVER_SECONDS: f64 = 20.0;
/// An opening shorter than this, in seconds, is hardly a piece of work by itself.
pub(crate) const OPENING_SECONDS: f64 = 15.0;
/// Without words that can be read a recording must be at least this long, in seconds, for anything to be told apart.
const UNHEARD_SECONDS: f64 = 30.0;

/// The pieces of work in a recording: in order, inside it, without overlap, each at least [`MIN_SECONDS`] long.
/// Idle stretches belong to none. Empty where nothing is demonstrated. `meanings` are sentence embeddings, one for each
/// utterance of the transcript, or empty.
pub fn segment(transcript: &Transcript, signals: &Signals, options: &Options, meanings: &[Vec<f32>]) -> Vec<Segment> {
    let (transcript, meanings) = &in_order(transcript, meanings);
    let stretches = working_stretches(transcript, signals, options);
    let active: f64 = stretches.iter().map(Span::duration).sum();
    let heard = has_words(transcript);
    let enough = match heard {
        // What is said of work is told in English only.
        true if !language::spoken(transcript).is_english() => active >= UNHEARD_SECONDS,
        true => active >= SHORT_SECONDS || title::names_work(transcript) || talk::is_work(&said(transcript)),
        // Movement alone may be anything: somebody has to speak, or to have said before what the work is.
        false => {
            active >= UNHEARD_SECONDS
                && (activity::speaks(transcript, signals) || (options.task().is_some() && shows(signals)))
        }
    };
    if active < MIN_SECONDS || !enough {
        return Vec::new();
    }
    let found = match heard {
        true => heard::segments(transcript, signals, meanings, &stretches, options.granularity),
        false => unheard::segments(transcript, signals, &stretches, options.granularity),
    };
    let outside = found.into_iter().map(|s| Segment { span: out_of_gaps(s.span, &signals.gaps), ..s });
    outside.filter(|s| s.span.duration() >= MIN_SECONDS).collect()
}

/// A piece of work begins and ends where something was recorded; it may go on across a short pause.
fn out_of_gaps(span: Span, gaps: &[Span]) -> Span {
    let start =
        gaps.iter().find(|gap| gap.start <= span.start && span.start < gap.end).map_or(span.start, |gap| gap.end);
    let end = gaps.iter().find(|gap| gap.start < span.end && span.end <= gap.end).map_or(span.end, |gap| gap.start);
    Span { start, end: end.max(start) }
}

/// Whether the captions are labels of steps that somebody wrote, not speech.
pub(crate) fn is_labelled(transcript: &Transcript) -> bool {
    let said: Vec<units::Said> = transcript.utterances.chunks(1).map(units::Said::of).collect();
    labels::are_labels(&said)
}

/// The stretches of small talk that belong to no procedure. None where there is a task: who has one may work while talking
/// of something else.
pub(crate) fn small_talk(transcript: &Transcript, signals: &Signals, options: &Options) -> Vec<Span> {
    match options.task() {
        Some(_) if signals.picture.is_none() || shows(signals) => Vec::new(),
        _ => talk::stretches(transcript),
    }
}

/// The stretches in which something happens, without those of small talk.
fn working_stretches(transcript: &Transcript, signals: &Signals, options: &Options) -> Vec<Span> {
    let active = activity::active_stretches(transcript, signals);
    let talk = small_talk(transcript, signals, options);
    let mut left = Vec::new();
    for stretch in active {
        let mut from = stretch.start;
        for chat in talk.iter().filter(|chat| chat.overlap(&stretch) > 0.0) {
            left.push(Span::new(from, chat.start.max(from)));
            from = chat.end.clamp(from, stretch.end);
        }
        left.push(Span::new(from, stretch.end));
    }
    // What is left between two chats or at an edge is part of them, unless it is work.
    let whole = |span: &Span| {
        let said = title::passages(transcript, span);
        let about_work = said.is_empty() || talk::leans_to_work(&said);
        about_work && (span.duration() >= LEFTOVER_SECONDS || said.iter().any(|p| title::announces(&p.text)))
    };
    left.retain(|span| talk.is_empty() || whole(span));
    left
}

/// The transcript as the rest may rely on it: finite times, ordered by start; and the embeddings that go with it.
fn in_order(transcript: &Transcript, meanings: &[Vec<f32>]) -> (Transcript, Vec<Vec<f32>>) {
    let meanings = if meanings.len() == transcript.utterances.len() { meanings } else { &[] };
    let finite = |u: &Utterance| u.start.is_finite() && u.end.is_finite();
    let mut order: Vec<usize> =
        (0..transcript.utterances.len()).filter(|i| finite(&transcript.utterances[*i])).collect();
    order.sort_by(|a, b| transcript.utterances[*a].start.total_cmp(&transcript.utterances[*b].start));
    let mut ordered = Transcript { utterances: Vec::new(), ..transcript.clone() };
    ordered.utterances = order.iter().map(|i| transcript.utterances[*i].clone()).collect();
    ordered.voiced.retain(|v| v.start.is_finite() && v.end.is_finite());
    (ordered, order.iter().filter_map(|i| meanings.get(*i).cloned()).collect())
}

/// Whether enough of what was said is known to go by.
fn has_words(transcript: &Transcript) -> bool {
    let (known, spoken) = words::known_and_spoken_seconds(transcript);
    let terms: usize = transcript
        .utterances
        .iter()
        .flat_map(words::confident_runs)
        .take(200)
        .map(|run| words::terms(&run).len())
        .sum();
    terms >= 6 && known >= 0.25 * spoken
}

/// Everything that was said with confidence.
fn said(transcript: &Transcript) -> Vec<title::Passage> {
    title::passages(transcript, &Span::new(0.0, f64::INFINITY))
}

/// Whether movement shows that somebody does something.
fn shows(signals: &Signals) -> bool {
    activity::something_moves(signals, &Span::new(0.0, signals.duration_seconds))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Granularity, samples};
    use proptest::prelude::*;

    fn starts(transcript: &Transcript, signals: &Signals) -> Vec<f64> {
        segment(transcript, signals, &Options::default(), &[]).iter().map(|s| s.span.start).collect()
    }

    #[test]
    fn a_boiler_service_is_cut_where_the_engineer_moves_on() {
        let found = starts(&samples::boiler(), &samples::signals(180.0));
        assert_eq!(found, [0.0, 55.0, 118.0], "three pieces of work");
    }

    #[test]
    fn short_pieces_that_are_announced_plainly_are_told_apart() {
        let transcript = samples::boiler_service();
        let mut signals = samples::signals(190.0);
        assert_eq!(starts(&transcript, &signals), [0.0, 37.9, 67.0, 131.0, 162.7]);
        let pieces = [0.0, 37.9, 67.0, 101.1, 131.0, 162.7];
        for frame in &mut signals.picture.as_mut().unwrap().frames {
            let scene = pieces.iter().filter(|start| **start <= frame.at).count();
            frame
                .grid
                .iter_mut()
                .enumerate()
                .for_each(|(i, cell)| *cell = [40, 160, 90][(i / 8 + scene) % 3] + *cell / 8);
        }
        assert_eq!(starts(&transcript, &signals), pieces, "the picture shows what the words leave open");
    }

    #[test]
    fn no_piece_of_work_begins_or_ends_in_a_pause() {
        for at in [30.0, 52.0, 54.0, 56.0, 100.0, 117.0] {
            for length in [12.0, 600.0] {
                let (mut transcript, mut signals) = (samples::boiler(), samples::signals(180.0));
                samples::pause(&mut transcript, &mut signals, at, length);
                let found = segment(&transcript, &signals, &Options::default(), &[]);
                assert!(found.len() >= 3, "{at} {length} {found:?}");
                let within = |t: f64| t > at + 0.01 && t < at + length - 0.01;
                assert!(found.iter().all(|s| !within(s.span.start) && !within(s.span.end)), "{at} {length} {found:?}");
            }
        }
    }

    #[test]
    fn one_head_movement_is_no_boundary() {
        let mut signals = samples::signals(180.0);
        let frame = &mut signals.picture.as_mut().unwrap().frames[20];
        frame.change = 120.0;
        frame.grid = vec![255; 40];
        assert_eq!(starts(&samples::boiler(), &signals), starts(&samples::boiler(), &samples::signals(180.0)));
        assert_eq!(starts(&Transcript::silent(), &signals).len(), 1);
    }

    #[test]
    fn without_words_a_changed_scene_is_a_boundary() {
        let mut signals = samples::signals(600.0);
        for frame in &mut signals.picture.as_mut().unwrap().frames {
            let scene = (frame.at / 200.0) as usize;
            frame
                .grid
                .iter_mut()
                .enumerate()
                .for_each(|(i, cell)| *cell = [40, 200, 90][(i / 8 + scene) % 3] + *cell / 10);
        }
        let found = starts(&Transcript::silent(), &signals);
        assert_eq!(found.len(), 3, "{found:?}");
        assert!((found[1] - 200.0).abs() <= 10.0 && (found[2] - 400.0).abs() <= 10.0, "{found:?}");
    }

    #[test]
    fn nothing_demonstrated_is_no_procedure() {
        let chatter = samples::transcript(&[
            (1.0, "Hello, is this thing on?"),
            (5.0, "Yeah it was a nice weekend, the weather was lovely."),
            (11.0, "We went down to the beach with the kids, and the dog got wet."),
            (19.0, "Okay, bye."),
        ]);
        for (transcript, signals) in [
            (chatter, samples::signals(22.0)),
            (Transcript::silent(), samples::signals(22.0)),
            (Transcript::silent(), Signals::default()),
        ] {
            assert_eq!(segment(&transcript, &signals, &Options::default(), &[]), []);
        }
        let mut dead = samples::signals(600.0);
        samples::fall_silent(&mut dead, 0.0, 600.0);
        assert_eq!(segment(&Transcript::silent(), &dead, &Options::default(), &[]), []);
    }

    #[test]
    fn forty_seconds_of_work_in_another_language_are_a_procedure() {
        let german = [
            (1.0, "Zuerst schalte ich den Strom am Sicherungskasten ab, damit hier nichts passieren kann."),
            (10.0, "Dann schraube ich die Abdeckung vom Brenner herunter und lege sie auf den Boden."),
            (22.0, "Jetzt reinige ich den Siphon mit klarem Wasser, bis er wieder ganz sauber ist."),
        ];
        let transcript = samples::transcript(&german);
        assert_eq!(starts(&transcript, &samples::signals(40.0)), [0.0]);
        assert_eq!(starts(&transcript, &samples::signals(29.0)), [0.0; 0]);
    }

    #[test]
    fn labels_with_a_stretch_that_none_describes_are_cut_all_the_same() {
        let steps: Vec<(f64, String)> =
            (0..9).map(|i| (6.0 * f64::from(i), format!("Peel onion {i} quickly"))).collect();
        let steps: Vec<(f64, &str)> = steps.iter().map(|(at, text)| (*at, text.as_str())).collect();
        let mut transcript = samples::transcript(&steps);
        transcript.utterances.iter_mut().for_each(|u| u.end = u.start + 6.0);
        let mut signals = samples::signals(400.0);
        samples::fall_silent(&mut signals, 60.0, 300.0);
        let found = starts(&transcript, &signals);
        assert!(found.iter().any(|at| *at >= 299.0), "{found:?}");
    }

    #[test]
    fn an_idle_stretch_belongs_to_no_procedure() {
        let mut signals = samples::signals(280.0);
        samples::fall_silent(&mut signals, 112.0, 212.0);
        let mut transcript = samples::boiler();
        for u in transcript.utterances.iter_mut().filter(|u| u.start > 110.0) {
            (u.start, u.end) = (u.start + 95.0, u.end + 95.0);
        }
        let idle = Span::new(116.0, 210.0);
        let found = segment(&transcript, &signals, &Options::default(), &[]);
        assert!(found.len() >= 2 && found.iter().all(|s| s.span.overlap(&idle) == 0.0), "{found:?}");
    }

    fn any_transcript() -> impl Strategy<Value = Transcript> {
        let texts = prop::sample::select(vec![
            "Next, let's clean the trap.",
            "um",
            "",
            "That's done.",
            "replace the pump filter and check the seal",
            "Okay so",
        ]);
        let utterance =
            (-5.0..700.0f64, 0.0..40.0f64, texts, 0.0..1.0f32).prop_map(|(start, length, text, confidence)| {
                Utterance {
                    speaker: Default::default(),
                    start,
                    end: start + length,
                    text: text.into(),
                    confidence,
                    words: vec![],
                }
            });
        prop::collection::vec(utterance, 0..80)
            .prop_map(|utterances| Transcript { utterances, ..samples::transcript(&[]) })
    }

    proptest! {
        #[test]
        fn segments_are_ordered_inside_apart_and_long_enough(
            transcript in any_transcript(), duration in 0.0..900.0f64, quiet in (0.0..900.0f64, 0.0..900.0f64), seen in any::<bool>(), fine in any::<bool>()
        ) {
            let mut signals = samples::signals(duration);
            let quiet = Span::new(quiet.0.min(duration.floor()), quiet.1.min(duration.floor()));
            samples::fall_silent(&mut signals, quiet.start, quiet.end);
            if !seen { (signals.sound, signals.picture) = (None, None); }
            let granularity = if fine { Granularity::Fine } else { Granularity::Coarse };
            let options = Options { granularity, ..Default::default() };
            let found = segment(&transcript, &signals, &options, &[]);
            prop_assert_eq!(&found, &segment(&transcript, &signals, &options, &[]));
            for s in &found {
                prop_assert!(s.span.start >= 0.0 && s.span.end <= duration + 1e-9, "{:?}", s);
                prop_assert!(s.span.duration() >= MIN_SECONDS && (0.0..=1.0).contains(&s.confidence), "{:?}", s);
            }
            prop_assert!(found.windows(2).all(|w| w[0].span.end <= w[1].span.start + 1e-9));
        }
    }
}
