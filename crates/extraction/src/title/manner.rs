//! Manner: whether a segment is work, an explanation, or a discussion; by that its topic is called.

use super::{
    Said, phrase,
    tagging::{Tag, Token},
    vocabulary::*,
};
use crate::verbs::{self, Form, Level};

/// Opinions per word from which on people discuss, and from which on they do nothing else.
const DISCUSSED: (f64, f64) = (0.025, 0.06);
/// Words for one plain statement of work, at most, where work is done.
const WORDS_PER_WORK: f64 = 25.0;

/// What is done in a segment, as far as the words tell.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Manner {
    /// Orders and statements of work, close together.
    Work,
    /// Statements.
    Explanation,
    /// Opinions and wishes.
    Discussion,
}

impl Manner {
    /// The title of a segment that is about `topic`, which is a name with or without an article.
    pub fn title(self, topic: &str) -> String {
        let first = topic.split(' ').next().and_then(|word| verbs::verb(&word.to_lowercase()));
        match self {
            // "Slice potato", as a label says it.
            Self::Work if first.is_some_and(|v| v.form == Form::Base) => topic.to_owned(),
            Self::Work => format!("work on {topic}"),
            Self::Explanation => format!("explain {topic}"),
            Self::Discussion => format!("discuss {topic}"),
        }
    }
}

/// What is done in a segment.
pub fn manner(said: &[Said]) -> Manner {
    let words: usize = said.iter().map(|s| s.tokens.len()).sum();
    let plain = |s: &Said| {
        s.clauses()
            .flat_map(|(clause, mentions)| phrase::Reader::default().clause(clause, mentions))
            .filter(|p| p.level > Level::Weak && p.said_as >= 1.8)
            .count()
    };
    let work: usize = said.iter().map(plain).sum();
    // Labels of what is done have no subject and no finite verb.
    let spoken = said.iter().flat_map(|s| &s.tokens).filter(|t| speaks(t)).count();
    match () {
        () if work as f64 * WORDS_PER_WORK >= words as f64 && work > 0 || spoken == 0 => Manner::Work,
        () if discussed(said) > 0.0 => Manner::Discussion,
        () => Manner::Explanation,
    }
}

/// Whether a word is of a sentence, and not of a label.
fn speaks(token: &Token) -> bool {
    token.tag == Tag::Auxiliary
        || token.clitic
        || token.lower.contains('\'')
        || matches!(
            token.lower.as_str(),
            "i" | "we" | "you" | "it" | "he" | "she" | "they" | "this" | "that" | "these" | "is" | "are"
        )
}

/// How much a segment is a discussion, 0 to 1: by the opinions among its words.
pub fn discussed(said: &[Said]) -> f64 {
    let words: usize = said.iter().map(|s| s.tokens.len()).sum();
    let opinions = said.iter().flat_map(|s| &s.tokens).filter(|t| has(&OPINION, &t.lower)).count();
    let rate = opinions as f64 / words.max(1) as f64;
    if opinions < 3 {
        return 0.0;
    }
    ((rate - DISCUSSED.0) / (DISCUSSED.1 - DISCUSSED.0)).clamp(0.0, 1.0)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::samples;
    use domain::Span;

    fn of(lines: &[&str]) -> Manner {
        let lines: Vec<(f64, &str)> =
            lines.iter().enumerate().map(|(i, line)| (10.0 * i as f64 + 1.0, *line)).collect();
        manner(&super::super::said(&samples::transcript(&lines), &Span::new(0.0, 600.0)))
    }

    #[test]
    fn work_explanation_and_discussion_are_told_apart() {
        assert_eq!(of(&["Now I'm going to clean the trap.", "Take the cover off.", "Rinse the trap."]), Manner::Work);
        assert_eq!(of(&["Coated bread on the table"]), Manner::Work);
        assert_eq!(
            of(&["The condensate trap is full of sludge.", "The trap was never serviced."]),
            Manner::Explanation
        );
        let opinions = ["I think the button could be yellow.", "Yeah, maybe, but would people agree?"];
        assert_eq!(of(&opinions), Manner::Discussion);
        assert_eq!(Manner::Discussion.title("the button"), "discuss the button");
    }
}
