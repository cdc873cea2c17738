//! Nothing: why a recording that is not rejected shows no piece of work all the same, each with its seconds.

use super::{
    findings,
    stretches::{said, union},
};
use crate::{activity, talk, title, words};
use domain::{Span, procedure::ProcedureDraft, session::FailureReason, signals::Signals, utterance::Transcript};

/// A sentence for a recording that passed [`super::check`] and in which no piece of work was found.
pub fn why_nothing(transcript: &Transcript, signals: &Signals) -> String {
    let duration = activity::duration(transcript, signals);
    let whole = said(&[Span::new(0.0, duration)], duration);
    let heard = spoken(transcript, duration).map_or(whole.clone(), |span| said(&[span], duration));
    let mut why = Vec::new();
    if !activity::speaks(transcript, signals) {
        why.push(format!("Nobody speaks {whole}."));
    } else if words::known_and_spoken_seconds(transcript).0 == 0.0 {
        why.push(format!("A voice is heard {heard}, but no word of it could be understood."));
    }
    let all = title::passages(transcript, &Span::new(0.0, f64::INFINITY));
    if talk::is_small(&all) || !talk::stretches(transcript).is_empty() {
        why.push(format!("{} It is heard {heard}.", talk::SMALL));
    }
    why.extend(findings(transcript, signals).into_iter().map(|f| f.sentence));
    if why.is_empty() {
        why.push(format!("That is so {whole}."));
    }
    format!("{} {}", FailureReason::NoProcedures.sentence(), why.join(" "))
}

/// The same where there is a transcript alone: `drafts` are the pieces that were too weak.
pub fn why_nothing_said(drafts: &[ProcedureDraft], transcript: &Transcript) -> String {
    let end = transcript.utterances.iter().map(|u| u.end).fold(0.0, f64::max);
    let Some(span) = spoken(transcript, end) else {
        return "The captions hold no words, so no piece of work can be found in them. Give those of a recording in \
                which somebody speaks, or the recording itself to `trainar process`."
            .into();
    };
    let (from, to) = (title::clock(span.start), title::clock(span.end));
    let sentence = format!("No piece of work could be recognised in what is said from {from} to {to}.");
    why_excluded(drafts).map_or(sentence.clone(), |why| format!("{sentence} {why}"))
}

/// Why the first of the pieces that were too weak was so, and where it lies.
pub fn why_excluded(drafts: &[ProcedureDraft]) -> Option<String> {
    let (draft, reason) = drafts.iter().find_map(|d| Some((d, d.excluded_reason.as_deref()?)))?;
    let mut letters = reason.chars();
    let reason: String = letters.next().into_iter().flat_map(char::to_lowercase).chain(letters).collect();
    Some(format!("From {} to {}: {reason}", title::clock(draft.start_seconds), title::clock(draft.end_seconds)))
}

/// From the first to the last that is heard.
fn spoken(transcript: &Transcript, duration: f64) -> Option<Span> {
    let said = transcript.utterances.iter().map(|u| Span::new(u.start, u.end.max(u.start).min(duration)));
    let heard = union(said.chain(transcript.voiced.iter().copied()).collect());
    let last = heard.iter().map(|s| s.end).fold(0.0, f64::max);
    heard.first().map(|first| Span::new(first.start, last))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::samples;

    #[test]
    fn every_reason_has_its_seconds() {
        let signals = samples::signals(22.0);
        let silent = why_nothing(&Transcript::silent(), &signals);
        assert!(silent.contains("0:00 to 0:22 (the whole recording)"), "{silent}");
        let said = samples::transcript(&[(2.0, "hm well"), (10.0, "that is that")]);
        let mut doubtful = said.clone();
        doubtful.utterances.iter_mut().for_each(|u| u.confidence = 0.1);
        let unclear = why_nothing(&doubtful, &signals);
        assert!(unclear.contains("A voice is heard from 0:02 to 0:11 ("), "{unclear}");
        let known = why_nothing(&said, &signals);
        assert!(known.contains("from 0:00 to 0:22"), "{known}");
        let alone = why_nothing_said(&[], &said);
        assert!(alone.ends_with("in what is said from 0:02 to 0:11."), "{alone}");
        assert!(why_nothing_said(&[], &Transcript::silent()).starts_with("The captions hold no words"));
    }
}
