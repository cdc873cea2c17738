//! A recogniser that says what it was told: for tests and for the demo.

use super::Progress;
use domain::{
    Span,
    utterance::{TranscriptSource, Utterance},
};

/// Gives its utterances wherever somebody speaks.
#[derive(Clone, Debug)]
pub struct Scripted {
    /// What its transcripts are marked with.
    pub source: TranscriptSource,
    /// What is said in the recording, ordered by start.
    pub utterances: Vec<Utterance>,
}

impl Scripted {
    /// A script whose transcripts are marked as sent by the device.
    pub fn new(utterances: Vec<Utterance>) -> Self {
        Self { source: TranscriptSource::Device, utterances }
    }

    /// The utterances that a voiced span touches: like a real recogniser it says nothing in silence.
    pub(super) fn utterances_in(&self, voiced: &[Span], progress: Progress<'_>) -> Vec<Utterance> {
        progress(1.0);
        let is_voiced =
            |said: &&Utterance| voiced.iter().any(|span| span.overlap(&Span::new(said.start, said.end)) > 0.0);
        self.utterances.iter().filter(is_voiced).cloned().collect()
    }
}

#[cfg(test)]
mod tests {
    use crate::speech::{Recogniser, Scripted};
    use domain::{
        Span,
        utterance::{Speaker, Utterance},
    };
    use std::path::Path;

    #[tokio::test]
    async fn a_script_is_heard_only_where_somebody_speaks() {
        let say = |text: &str, start: f64| Utterance {
            speaker: Speaker::Engineer,
            start,
            end: start + 2.0,
            text: text.into(),
            confidence: 1.0,
            words: Vec::new(),
        };
        let recogniser = Recogniser::Scripted(Scripted::new(vec![say("open the panel", 1.0), say("close it", 9.0)]));
        let heard = recogniser.recognise(Path::new("unused"), &[Span::new(0.0, 4.0)], &|_| ()).await.unwrap();
        assert_eq!(heard.len(), 1);
        assert_eq!(heard[0].text, "open the panel");
    }
}
