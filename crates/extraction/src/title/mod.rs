//! Title: what a piece of work is called. Verb first where somebody said what is done ("Replace the inlet filter"),
//! else what is spoken of most ("Explain the condensate trap"), else the task or the time. Made of confident words only.

mod frames;
mod labels;
mod manner;
mod phrase;
mod rank;
mod said;
mod subject;
pub(crate) mod tagging;
mod thing;
mod unlike;
mod vocabulary;

use crate::{
    Options, Segment, boundaries, language,
    verbs::{self, Form, Level},
    words,
};
use domain::{
    Span,
    utterance::{Transcript, Utterance},
};
use rank::{Candidate, Casing};
use subject::Subject;
use tagging::Token;
use thing::Thing;

/// A verb phrase below this score says too little to stand for the whole piece of work.
const GOOD_ENOUGH: f64 = 3.2;
/// A verb phrase below this score is no title even where nothing better was said.
const LEAST: f64 = 1.5;

/// A title for every segment, in their order; no two are alike.
pub fn titles(segments: &[Segment], transcript: &Transcript, options: &Options) -> Vec<String> {
    let said: Vec<Vec<Said>> = segments.iter().map(|s| said(transcript, &s.span)).collect();
    let subject = Subject::of(&said);
    let casing = Casing::of(said.iter().flatten());
    let labelled = boundaries::is_labelled(transcript) && language::spoken(transcript).is_english();
    let wishes: Vec<Vec<Candidate>> = said
        .iter()
        .enumerate()
        .map(|(i, said)| {
            let verbs = rank::candidates(said, &segments[i].span, &subject, i, segments.len() > 1);
            let mentions: Vec<&Thing> = said.iter().flat_map(|s| &s.mentions).flatten().collect();
            let manner = manner::manner(said);
            let nouns = subject.keywords(&mentions, i).into_iter();
            let nouns = nouns.map(|(score, text)| Candidate { text: manner.title(&text), score });
            let mut wishes: Vec<Candidate> =
                verbs.into_iter().filter(|c| c.score >= LEAST).chain(nouns.take(4)).collect();
            if labelled {
                wishes.extend(labels::candidates(transcript, &segments[i].span));
            }
            wishes.sort_by(|a, b| b.score.total_cmp(&a.score));
            wishes.iter_mut().for_each(|c| c.text = casing.sentence(&c.text));
            wishes
        })
        .collect();
    let given = unlike::give(&wishes);
    let mut fallback = Fallback { segments, transcript, options, met: false, parted: false };
    given.into_iter().enumerate().map(|(i, title)| title.unwrap_or_else(|| fallback.title(i))).collect()
}

/// A title for one segment by itself.
pub fn title(segment: &Segment, transcript: &Transcript, options: &Options) -> String {
    titles(std::slice::from_ref(segment), transcript, options).remove(0)
}

/// Whether anybody says, in confident words, which work is being done.
pub(crate) fn names_work(transcript: &Transcript) -> bool {
    let all = Span::new(0.0, f64::INFINITY);
    passages(transcript, &all)
        .iter()
        .flat_map(|p| phrase::phrases(&p.text))
        .any(|p| p.level > Level::Weak && p.said_as >= 2.0)
}

/// Whether a text says plainly what will be, or is being, done.
pub(crate) fn announces(text: &str) -> bool {
    phrase::phrases(text).iter().any(|p| p.said_as >= 2.5)
}

/// Whether a sentence is about another time, or about what somebody thinks of: "that was yesterday", "I'm thinking of".
pub(crate) fn is_elsewhere(sentence: &str) -> bool {
    let sentence = sentence.to_lowercase();
    let words: Vec<&str> =
        sentence.split(|c: char| !c.is_alphanumeric() && c != '\'').filter(|w| !w.is_empty()).collect();
    said::is_another_time(&words) || words.iter().any(|w| matches!(*w, "thinking" | "guess" | "suppose"))
}

/// Whether a text greets.
pub(crate) fn greets(text: &str) -> bool {
    let first = text.split_whitespace().next().map(words::bare).unwrap_or_default();
    matches!(first.as_str(), "hello" | "hi" | "hey" | "welcome" | "morning")
}

/// A run of confident speech.
pub(crate) struct Passage {
    /// Seconds from the start of the recording.
    pub start: f64,
    /// What was said.
    pub text: String,
    /// How plainly it begins another piece of work, 0 to 1.
    pub begins_work: f64,
}

/// What was said with confidence within a span; sentences that run over several utterances are joined.
pub(crate) fn passages(transcript: &Transcript, span: &Span) -> Vec<Passage> {
    let middle = |u: &Utterance| (u.start + u.end) / 2.0;
    let mut passages: Vec<Passage> = Vec::new();
    let mut open_until: Option<f64> = None;
    for utterance in transcript.utterances.iter().filter(|u| middle(u) >= span.start && middle(u) < span.end) {
        let whole = words::confident_text(utterance).is_some();
        for run in words::confident_runs(utterance).iter().map(|run| imperative(run)) {
            let goes_on = whole
                && open_until.is_some_and(|end| utterance.start - end < 1.0)
                && !passages.last().is_some_and(|last| begins_anew(&last.text, &run));
            match passages.last_mut().filter(|p| goes_on && p.text.len() < 400) {
                Some(last) => {
                    last.text.push(' ');
                    last.text.push_str(run.trim());
                }
                None => {
                    let begins_work = boundaries::begins_work(&run);
                    passages.push(Passage { start: utterance.start, text: run.trim().to_owned(), begins_work });
                }
            }
        }
        let unfinished = whole && !utterance.text.trim_end().ends_with(['.', '?', '!', '\u{2026}']);
        open_until = unfinished.then_some(utterance.end);
    }
    passages
}

/// Whether, in speech without punctuation, an utterance gives another order: "wash the cup | pour the milk".
fn begins_anew(before: &str, run: &str) -> bool {
    let orders = |text: &str| {
        let mut words = text.split_whitespace().map(words::bare);
        let first = words.next().and_then(|first| verbs::verb(&first));
        first.is_some_and(|v| v.form == Form::Base && v.level > Level::Weak)
            && words
                .next()
                .is_some_and(|second| !matches!(second.as_str(), "is" | "are" | "was" | "of" | "has" | "and"))
    };
    let last = before.split_whitespace().next_back().map(words::bare).unwrap_or_default();
    orders(before) && orders(run) && !words::is_stop(&last)
}

/// "peels onions", as a label says it: without a subject it is the work.
fn imperative(run: &str) -> String {
    let (first, rest) = run.trim().split_once(' ').unwrap_or((run, ""));
    let told = verbs::verb(&first.to_lowercase())
        .filter(|verb| verb.form == Form::Third && verb.level > Level::Weak && !rest.is_empty());
    told.map_or_else(|| run.to_owned(), |verb| format!("{} {rest}", verb.base))
}

/// A passage with its words and the things it names.
struct Said {
    passage: Passage,
    tokens: Vec<Token>,
    /// Of each clause.
    mentions: Vec<Vec<Thing>>,
}

impl Said {
    fn clauses(&self) -> impl Iterator<Item = (&[Token], &Vec<Thing>)> {
        self.tokens.split_inclusive(|t| t.ends).zip(&self.mentions)
    }
}

/// What was said within a span, where it is English; nothing otherwise, as all rules here are those of English.
fn said(transcript: &Transcript, span: &Span) -> Vec<Said> {
    let said: Vec<Said> = passages(transcript, span)
        .into_iter()
        .map(|passage| {
            let tokens = tagging::tokens(&passage.text);
            let mentions = tokens.split_inclusive(|t| t.ends).map(thing::mentions).collect();
            Said { passage, tokens, mentions }
        })
        .collect();
    if tagging::is_english(said.iter().flat_map(|s| &s.tokens)) { said } else { Vec::new() }
}

/// What a segment is called where nothing that was said will do.
struct Fallback<'a> {
    segments: &'a [Segment],
    transcript: &'a Transcript,
    options: &'a Options,
    met: bool,
    parted: bool,
}

impl Fallback<'_> {
    /// The task and the part's number, else a greeting or a farewell by its purpose, else the time.
    fn title(&mut self, i: usize) -> String {
        let span = &self.segments[i].span;
        let said = passages(self.transcript, span);
        let (first, last) = (i == 0, i + 1 == self.segments.len());
        match self.options.task() {
            Some(task) if self.segments.len() == 1 => task.to_owned(),
            Some(task) => format!("{task}, part {}", i + 1),
            None if first && !self.met && said.iter().any(|p| greets(&p.text)) => {
                self.met = true;
                "Introduce the session".to_owned()
            }
            None if last && !self.parted && said.iter().any(|p| takes_leave(&p.text)) => {
                self.parted = true;
                "Wrap up the session".to_owned()
            }
            None => format!("Work from {} to {}", clock(span.start), clock(span.end)),
        }
    }
}

/// Whether a text takes leave.
fn takes_leave(text: &str) -> bool {
    let text = text.to_lowercase();
    [
        "thanks for watching",
        "thank you for watching",
        "see you",
        "bye",
        "have a good",
        "that's it for",
        "that's all for",
        "hope you found",
        "hope this was",
        "hope that was",
        "hope that helps",
        "hope this helps",
        "until next time",
        "catch you",
        "wrap it up",
        "wraps it up",
        "wraps up",
    ]
    .iter()
    .any(|phrase| text.contains(phrase))
}

/// `3:20`, `1:02:03`.
pub(crate) fn clock(seconds: f64) -> String {
    let s = seconds.max(0.0).round() as u64;
    match s / 3600 {
        0 => format!("{}:{:02}", s / 60, s % 60),
        h => format!("{h}:{:02}:{:02}", s / 60 % 60, s % 60),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::samples;

    fn segments(of: &[(f64, f64)]) -> Vec<Segment> {
        of.iter().map(|(a, b)| Segment { span: Span::new(*a, *b), confidence: 0.8 }).collect()
    }

    #[test]
    fn titles_say_the_work_verb_first() {
        let parts = segments(&[(0.0, 55.0), (55.0, 118.0), (118.0, 180.0)]);
        assert_eq!(
            titles(&parts, &samples::boiler(), &Options::default()),
            ["Isolate the boiler", "Clean the condensate trap", "Replace the inlet filter"]
        );
    }

    #[test]
    fn plain_speech_gives_plain_titles() {
        let parts =
            segments(&[(0.0, 37.9), (37.9, 67.0), (67.0, 101.1), (101.1, 131.0), (131.0, 162.7), (162.7, 190.0)]);
        assert_eq!(
            titles(&parts, &samples::boiler_service(), &Options::default()),
            [
                "Isolate the boiler from the power supply",
                "Remove the boiler casing",
                "Clean the condensate trap",
                "Check the ignition electrodes",
                "Test the gas pressure",
                "Close up the boiler"
            ]
        );
    }

    #[test]
    fn unconfident_words_never_become_a_title() {
        let mut transcript = samples::boiler();
        transcript.utterances.iter_mut().for_each(|u| u.confidence = 0.4);
        let parts = segments(&[(0.0, 55.0), (200.0, 465.0)]);
        assert_eq!(
            titles(&parts, &transcript, &Options::default()),
            ["Work from 0:00 to 0:55", "Work from 3:20 to 7:45"]
        );
        let task = Options { task_title: Some(" Boiler service ".into()), ..Default::default() };
        assert_eq!(titles(&parts, &transcript, &task), ["Boiler service, part 1", "Boiler service, part 2"]);
    }

    #[test]
    fn a_pronoun_stands_for_what_the_talk_is_about() {
        let transcript = samples::transcript(&[
            (1.0, "So the EV charger's on the wall and all the cable's in. Let's commission it."),
            (10.0, "Connect the charger to the network."),
            (20.0, "So the charger is commissioned."),
        ]);
        let found = title(&segments(&[(0.0, 60.0)])[0], &transcript, &Options::default());
        assert_eq!(found, "Commission the EV charger");
    }

    #[test]
    fn other_languages_fall_back() {
        let transcript = samples::transcript(&[
            (1.0, "Jetzt tauschen wir den Filter und ziehen danach die Schrauben fest."),
            (10.0, "Den alten Filter drehen wir mit dem Schlüssel heraus."),
        ]);
        assert_eq!(title(&segments(&[(0.0, 60.0)])[0], &transcript, &Options::default()), "Work from 0:00 to 1:00");
    }

    #[test]
    fn no_two_titles_are_alike() {
        let transcript = samples::transcript(&[
            (1.0, "Let's replace the filter."),
            (60.0, "Let's replace the filters."),
            (120.0, "Let's replace this filter."),
        ]);
        let mut found =
            titles(&segments(&[(0.0, 60.0), (60.0, 120.0), (120.0, 180.0)]), &transcript, &Options::default());
        assert_eq!(found[0], "Replace the filter");
        found.sort();
        found.dedup();
        assert_eq!(found.len(), 3);
    }

    #[test]
    fn without_a_verb_the_subject_is_the_title() {
        let transcript = samples::transcript(&[
            (1.0, "This condensate trap is full of sludge."),
            (10.0, "A condensate trap like that is bad."),
            (20.0, "The condensate trap was never serviced."),
        ]);
        assert_eq!(
            title(&segments(&[(0.0, 60.0)])[0], &transcript, &Options::default()),
            "Explain the condensate trap"
        );
    }
}
