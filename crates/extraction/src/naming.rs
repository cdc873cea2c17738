//! Naming: segments become procedures, each with a name and a description, or excluded with the reason.

use crate::{Options, Segment, activity, boundaries, describe, talk, title, words};
use domain::{
    procedure::{ProcedureDraft, ProcedureStatus},
    signals::Signals,
    utterance::Transcript,
};

/// Content words below which nothing worth keeping was said.
const SAID: usize = 3;
/// Seconds from either end of the recording within which a greeting or a farewell lies.
const EDGE: f64 = 3.0;

/// Names and describes every segment, in their order. A segment that is too short, or in which nothing is shown or
/// said, is excluded and says why.
pub fn name(
    segments: &[Segment],
    transcript: &Transcript,
    signals: &Signals,
    options: &Options,
) -> Vec<ProcedureDraft> {
    let titles = title::titles(segments, transcript, options);
    let named = segments.iter().zip(titles).map(|(segment, procedure_name)| {
        let excluded_reason = weakness(segment, transcript, signals, options);
        let status = if excluded_reason.is_some() { ProcedureStatus::Excluded } else { ProcedureStatus::Approved };
        ProcedureDraft {
            description: describe::describe_beside(&procedure_name, segment, transcript),
            procedure_name,
            start_seconds: segment.span.start,
            end_seconds: segment.span.end,
            status,
            excluded_reason,
        }
    });
    named.collect()
}

/// Why a segment is too weak to be shown.
fn weakness(segment: &Segment, transcript: &Transcript, signals: &Signals, options: &Options) -> Option<String> {
    let seconds = segment.span.duration();
    if seconds < boundaries::MIN_SECONDS {
        return Some(format!("It lasts only {seconds:.0} seconds, too short to show a piece of work."));
    }
    let passages = title::passages(transcript, &segment.span);
    let at_edge = segment.span.start < EDGE || segment.span.end > activity::duration(transcript, signals) - EDGE;
    let greets = passages.iter().any(|p| boundaries::rounds_off(&p.text) || title::greets(&p.text));
    if at_edge && seconds < boundaries::OPENING_SECONDS && greets && !passages.iter().any(|p| title::announces(&p.text))
    {
        return Some("Nothing but a greeting or a farewell is said.".into());
    }
    let opens = segment.span.start < EDGE && segment.span.end < activity::duration(transcript, signals) - EDGE;
    if opens
        && seconds < boundaries::OPENING_SECONDS
        && !passages.is_empty()
        && passages.iter().all(|p| boundaries::introduces(&p.text) || title::greets(&p.text))
    {
        return Some("It only says what the recording will show.".into());
    }
    // Who has a task may well do it while talking of something else.
    let seen_idle = signals.picture.is_some() && !activity::something_moves(signals, &segment.span);
    let at_it = options.task().is_some() && !seen_idle;
    if !at_it && talk::is_small(&passages) {
        return Some(talk::SMALL.into());
    }
    let said: usize = passages.iter().map(|p| words::terms(&p.text).len()).sum();
    // Where nobody looked, little said is no sign that little was done.
    let enough = if signals.picture.is_some() { SAID } else { 1 };
    (said < enough && !activity::something_moves(signals, &segment.span))
        .then(|| "Nothing that could be understood is said, and nothing moves in the picture.".into())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::samples;
    use domain::Span;

    #[test]
    fn weak_segments_are_excluded_with_their_reason() {
        let mut signals = samples::signals(200.0);
        samples::fall_silent(&mut signals, 100.0, 200.0);
        let parts = [(0.0, 55.0), (55.0, 59.0), (110.0, 190.0)]
            .map(|(a, b)| Segment { span: Span::new(a, b), confidence: 0.5 });
        let mut transcript = samples::boiler();
        transcript.utterances.retain(|u| u.start < 100.0);
        let drafts = name(&parts, &transcript, &signals, &Options::default());
        let statuses: Vec<_> = drafts.iter().map(|d| (d.status, d.excluded_reason.is_some())).collect();
        let excluded = (ProcedureStatus::Excluded, true);
        assert_eq!(statuses, [(ProcedureStatus::Approved, false), excluded, excluded]);
        assert_eq!(drafts[0].procedure_name, "Isolate the boiler");
    }

    #[test]
    fn the_same_recording_is_named_alike_every_time() {
        let parts = [(0.0, 55.0), (55.0, 118.0), (118.0, 168.0)]
            .map(|(a, b)| Segment { span: Span::new(a, b), confidence: 0.5 });
        let named = || name(&parts, &samples::boiler(), &samples::signals(180.0), &Options::default());
        let first = named();
        (0..50).for_each(|_| assert_eq!(named(), first));
    }

    #[test]
    fn what_only_introduces_the_recording_is_no_procedure() {
        let mut transcript = samples::boiler();
        transcript.utterances.iter_mut().for_each(|u| (u.start, u.end) = (u.start + 10.0, u.end + 10.0));
        let spoken = samples::transcript(&[(1.0, "Today I am going to show you how to service a boiler.")]);
        transcript.utterances.splice(0..0, spoken.utterances);
        let parts = [(0.0, 10.0), (10.0, 178.0)].map(|(a, b)| Segment { span: Span::new(a, b), confidence: 0.5 });
        let drafts = name(&parts, &transcript, &samples::signals(190.0), &Options::default());
        assert_eq!(drafts[0].excluded_reason.as_deref(), Some("It only says what the recording will show."));
        assert_eq!(drafts[1].status, ProcedureStatus::Approved);
        transcript.utterances[0].text = "I isolate the boiler at the switch.".into();
        let drafts = name(&parts, &transcript, &samples::signals(190.0), &Options::default());
        assert_eq!(drafts[0].status, ProcedureStatus::Approved);
    }

    #[test]
    fn a_farewell_is_no_procedure() {
        let parts = [(0.0, 168.0), (168.0, 180.0)].map(|(a, b)| Segment { span: Span::new(a, b), confidence: 0.5 });
        let drafts = name(&parts, &samples::boiler(), &samples::signals(180.0), &Options::default());
        let statuses: Vec<_> = drafts.iter().map(|d| d.status).collect();
        assert_eq!(statuses, [ProcedureStatus::Approved, ProcedureStatus::Excluded]);
    }
}
