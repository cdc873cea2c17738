//! Idle talk: somebody tries the glasses on, chats, and stops.

use super::Rejection;
use crate::{activity, talk, title, words};
use domain::{Span, session::FailureReason, signals::Signals, utterance::Transcript};

/// Recordings longer than this, in seconds, are taken for work even where no sentence says so plainly.
const SHORT: f64 = 90.0;
/// Terms that must be known before talk is called idle.
const SAID: usize = 8;
/// Share of the spoken seconds of which the words must be known.
const KNOWN: f64 = 0.5;

/// Rejects a short recording in which enough is understood, and nothing of it says what work is done.
pub(super) fn check(transcript: &Transcript, signals: &Signals) -> Result<(), Rejection> {
    let duration = activity::duration(transcript, signals);
    let (known, spoken) = words::known_and_spoken_seconds(transcript);
    if duration > SHORT || known < KNOWN * spoken || title::names_work(transcript) {
        return Ok(());
    }
    let said = title::passages(transcript, &Span::new(0.0, f64::INFINITY));
    if talk::is_work(&said) {
        return Ok(());
    }
    let terms: usize = said.iter().map(|p| words::terms(&p.text).len()).sum();
    if terms < SAID || !talk::in_english(&said) || said.iter().any(|p| title::announces(&p.text)) {
        return Ok(());
    }
    let end = transcript.utterances.iter().map(|u| u.end).fold(0.0, f64::max).min(duration);
    let heard = Span::new(said.first().map_or(0.0, |p| p.start), end);
    let sentence = format!(
        "No piece of work could be recognised in the recording: what is said from {} to {} names none.",
        title::clock(heard.start),
        title::clock(heard.end)
    );
    Err(Rejection { reason: FailureReason::NoProcedures, sentence, evidence: vec![heard] })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::samples;

    #[test]
    fn a_minute_of_chat_is_no_work_and_work_and_other_languages_are() {
        let check =
            |said: &[(f64, &str)], seconds| super::check(&samples::transcript(said), &samples::signals(seconds));
        let chat = [
            (1.0, "Testing, testing, is this thing on?"),
            (6.0, "Yeah, it was a nice weekend, the weather was lovely."),
            (12.0, "We went down to the beach with the kids, and the dog got wet."),
            (40.0, "No idea when they will call back, okay, bye."),
        ];
        let rejection = check(&chat, 50.0).unwrap_err();
        assert_eq!(rejection.reason, FailureReason::NoProcedures);
        assert!(rejection.sentence.ends_with("what is said from 0:01 to 0:44 names none."), "{}", rejection.sentence);
        assert_eq!(check(&chat, 150.0), Ok(()), "long enough for work that nobody names");
        assert_eq!(check(&chat[..1], 50.0), Ok(()), "too little to go by");
        let worked = [chat[0], chat[1], chat[2], (30.0, "Now I'm going to replace the inlet filter.")];
        assert_eq!(check(&worked, 50.0), Ok(()));
        let german = [
            (1.0, "Zuerst schalte ich den Strom am Sicherungskasten ab."),
            (8.0, "Dann schraube ich die Abdeckung vom Brenner herunter."),
            (15.0, "Jetzt reinige ich den Siphon mit klarem Wasser."),
        ];
        assert_eq!(check(&german, 50.0), Ok(()));
    }
}
