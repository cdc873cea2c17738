//! Cues: what people say when one piece of work ends and the next begins.

use crate::{
    verbs,
    words::{bare, normalise},
};

/// Said of a whole recording before its first piece of work.
const INTRODUCES: &[&str] = &[
    "today",
    "my name is",
    "in this video",
    "in this recording",
    "in this session",
    "going to show you",
    "gonna show you",
    "want to show you",
    "i'll show you",
    "i'll be showing",
    "in the next few minutes",
];

/// Said in front of nearly anything.
const OPENERS: &[&str] =
    &["so", "and", "then", "ok", "okay", "all", "right", "alright", "cool", "great", "good", "well"];

/// Moves on to another piece of work.
const MOVE: &[&str] = &[
    "next",
    "moving on",
    "move on",
    "lets move",
    "lets go back",
    "now that",
    "now for",
    "thats done",
    "thats that",
    "thats it",
    "thats all",
    "thats us",
    "finally",
    "lastly",
    "firstly",
    "secondly",
    "first of all",
    "first job",
    "to start",
    "to begin",
    "lets start",
    "lets begin",
    "lets get started",
    "step one",
    "step two",
    "step three",
    "step four",
    "step five",
    "step 1",
    "step 2",
    "step 3",
    "step 4",
    "step 5",
    "the next",
    "the other",
    "the second",
    "the third",
    "the last",
    "the final",
    "another",
    "second job",
    "third job",
    "last job",
    "with that done",
    "once thats done",
    "now lets",
    "now next",
    "lets do the",
    "the first thing",
    "first thing",
];

/// Announces what comes, large or small.
const ANNOUNCE: &[&str] = &[
    "lets",
    "let me",
    "let us",
    "now i",
    "now im",
    "now we",
    "now were",
    "now to",
    "now the",
    "im going to",
    "were going to",
    "im gonna",
    "were gonna",
    "i will",
    "ill",
    "well now",
    "we need to",
    "i want to",
    "i need to",
    "first im",
    "first we",
    "first i",
];

/// May open anything.
const OPEN: &[&str] =
    &["ok", "okay", "all right", "alright", "right", "so", "now", "cool", "great", "awesome", "first"];

/// Rounds off a whole recording.
const CLOSE: &[&str] = &[
    "thats it",
    "thats all",
    "thats how",
    "thats what",
    "that is",
    "that was",
    "thats the",
    "there you have",
    "there you go",
    "in conclusion",
    "in summary",
    "to wrap",
    "to sum",
    "wrap",
    "wrapping",
    "hopefully",
    "i hope",
    "hope",
    "thank",
    "thanks",
    "signing off",
    "see you",
    "bye",
    "have a",
    "job done",
];

/// Rounds off the piece before.
const ENDED: &[&str] = &[
    "awesome",
    "great",
    "thanks",
    "thank you",
    "cool",
    "perfect",
    "sounds good",
    "there you go",
    "there you have it",
    "thats it",
    "thats done",
    "thats all",
    "thats great",
    "thats good",
    "thats cool",
    "that should be it",
    "that should be good",
    "done",
    "all done",
    "thats that",
    "good as new",
    "job done",
    "sorted",
    "finished",
];

/// Goes on with what was said before.
const GO_ON: &[&str] =
    &["and", "but", "because", "which", "or", "that", "of", "to", "in", "with", "for", "it", "its", "is"];

/// What the words around a possible boundary say for it; each 0 or 1.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Cues {
    /// The utterance moves on.
    pub moves_on: f64,
    /// The utterance announces something.
    pub announces: f64,
    /// The utterance opens.
    pub opens: f64,
    /// The utterance closes the recording; counts only near its end.
    pub closes: f64,
    /// The utterance before rounded something off.
    pub ended: f64,
    /// The utterance goes on with the sentence or the thought before.
    pub goes_on: f64,
    /// The utterance starts in the middle of a sentence.
    pub mid_sentence: f64,
}

/// Puts a piece of work in its place among others.
const STEP: &[&str] = &[
    "next",
    "first",
    "firstly",
    "secondly",
    "thirdly",
    "finally",
    "lastly",
    "after that",
    "moving on to",
    "lets move on to",
    "on to",
    "next up is",
    "with that done",
    "once thats done",
    "now thats done",
];

/// What follows "the next", "the first".
const JOB: &[&str] = &["job", "step", "task", "thing", "part", "piece", "stage"];

/// Steps are seldom counted further.
const NUMBERS: &[&str] = &["one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten"];

/// May stand between the place and the work.
const SUBJECT: &[&str] = &[
    "i", "we", "you", "ill", "well", "im", "were", "going", "gonna", "to", "will", "lets", "let", "me", "us", "need",
    "want", "have", "is", "its", "it", "can", "a", "the",
];

/// Whether a text says what a whole recording will show.
pub(crate) fn introduces(text: &str) -> bool {
    let text = normalise(text).to_lowercase();
    INTRODUCES.iter().any(|phrase| text.contains(phrase))
}

/// Whether `text` announces a piece of work in its place among others, in full: "Next, I remove the casing", "The next
/// job is to clean the trap", "Finally, we close up". People who speak so say plainly where the pieces begin.
pub fn announces_step(text: &str) -> bool {
    let said = plain(text);
    let openers = said.iter().take(4).take_while(|w| OPENERS.contains(&w.as_str()) || *w == "now").count();
    (0..=openers).any(|from| {
        let said = &said[from..];
        let placed = STEP.iter().find(|p| starts(said, p)).map(|p| p.split(' ').count());
        let counted = || {
            let ordinal =
                matches!(said.get(1)?.as_str(), "next" | "first" | "second" | "third" | "fourth" | "last" | "final");
            (said[0] == "the" && ordinal && JOB.contains(&said.get(2)?.as_str())).then_some(3)
        };
        if said.len() > 2 && said[0] == "step" && (NUMBERS.contains(&said[1].as_str()) || said[1].parse::<u8>().is_ok())
        {
            return true;
        }
        let Some(place) = placed.or_else(counted) else { return false };
        let work = said[place..].iter().take(8).find(|w| !SUBJECT.contains(&w.as_str()));
        work.and_then(|w| verbs::verb(w)).is_some_and(|verb| {
            verb.level > verbs::Level::Weak && matches!(verb.form, verbs::Form::Base | verbs::Form::Gerund)
        })
    })
}

/// The cues at the start of `text`, said after `before`; either may be empty where the words are not known.
pub fn cues(before: &str, text: &str) -> Cues {
    let (previous, said) = (plain(before), plain(text));
    let openers = said.iter().take(4).take_while(|w| OPENERS.contains(&w.as_str())).count();
    let any = |phrases: &[&str]| flag((0..=openers).any(|from| phrases.iter().any(|p| starts(&said[from..], p))));
    let moves_on = any(MOVE);
    Cues {
        moves_on,
        announces: any(ANNOUNCE),
        opens: flag(OPEN.iter().any(|p| starts(&said, p))),
        closes: any(CLOSE),
        ended: flag(ENDED.iter().any(|p| starts(&previous, p) || ends(&previous, p))),
        goes_on: flag(GO_ON.iter().any(|p| starts(&said, p))),
        mid_sentence: flag(text.trim().chars().next().is_some_and(char::is_lowercase)),
    }
}

/// How plainly an utterance begins another piece of work, 0 to 1.
pub fn begins_work(text: &str) -> f64 {
    let cues = cues("", text);
    cues.moves_on.max(0.6 * cues.announces)
}

/// Whether an utterance rounds something off.
pub fn rounds_off(text: &str) -> bool {
    let said = plain(text);
    ENDED.iter().chain(CLOSE).any(|p| starts(&said, p) || ends(&said, p))
}

/// Lower-case words without apostrophes and punctuation; long texts by their two ends.
fn plain(text: &str) -> Vec<String> {
    let text = normalise(text);
    text.split_whitespace().map(|w| bare(w).replace('\'', "")).filter(|w| !w.is_empty()).collect()
}

fn starts(words: &[String], phrase: &str) -> bool {
    let mut words = words.iter();
    phrase.split(' ').all(|p| words.next().is_some_and(|w| w == p))
}

fn ends(words: &[String], phrase: &str) -> bool {
    let length = phrase.split(' ').count();
    words.len() >= length && starts(&words[words.len() - length..], phrase)
}

fn flag(is: bool) -> f64 {
    f64::from(u8::from(is))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn phrases_count_behind_openers_and_as_whole_words_only() {
        let at = |text| cues("", text);
        assert_eq!(at("Okay, so next we drain it.").moves_on, 1.0);
        assert_eq!(at("Right, that's done.").moves_on, 1.0);
        assert_eq!(at("Nextcloud is a program.").moves_on, 0.0);
        assert_eq!(at("let\u{2019}s open it").announces, 1.0);
        assert_eq!(at("and the nut").goes_on, 1.0);
        assert_eq!(cues("And that's done.", "The pump").ended, 1.0);
        assert_eq!(cues("", ""), Cues::default());
    }

    #[test]
    fn a_step_is_announced_with_its_place_and_its_work() {
        for said in [
            "Next, I remove the boiler casing.",
            "The next job is to clean the condensate trap.",
            "okay so first we're going to drain the system",
            "Finally, let's close up the boiler.",
            "Right, step two, tighten the flange bolts.",
            "Step five: dead tests.",
            "Now that's done, we can fit the new gasket.",
        ] {
            assert!(announces_step(said), "{said}");
        }
        for said in [
            "Next week it will be colder.",
            "Step back and look at it.",
            "The next screw is rusty.",
            "First of all, hello.",
            "The last part was easy.",
            "I remove the casing.",
            "Now I test the terminals.",
            "",
        ] {
            assert!(!announces_step(said), "{said}");
        }
    }
}
